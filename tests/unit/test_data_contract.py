"""The data contract says of every published table what its declaration says, by the standard's own schema."""

from __future__ import annotations

import importlib.resources
import json

import jsonschema
import pytest
import yaml

from include.contracts.errors import ConfigurationError
from include.contracts.published import PUBLISHED
from include.reference.contract import contract, render


def test_it_keeps_to_the_standards_schema() -> None:
    schema = json.loads(importlib.resources.files("open_data_contract_standard").joinpath("schema.json").read_text())
    jsonschema.Draft201909Validator(schema).validate(yaml.safe_load(render()))


def test_every_published_table_is_in_it_with_its_key_and_what_is_personal() -> None:
    tables = {table["name"]: table for table in contract()["schema"]}
    assert list(tables) == [published.name for published in PUBLISHED]
    columns = {column["name"]: column for column in tables["profile"]["properties"]}
    assert columns["profile_id"]["primaryKey"]
    assert columns["email"]["classification"] == "personal"
    assert columns["account_id"]["relationships"] == [{"type": "foreignKey", "to": "account.account_id"}]


def test_its_version_follows_from_what_it_says() -> None:
    assert contract(["coverage"])["version"] == contract(["coverage"])["version"] != contract()["version"]


def test_a_table_that_is_not_published_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"no published table 'profil' \(did you mean 'profile'\?\)"):
        contract(["profil"])
