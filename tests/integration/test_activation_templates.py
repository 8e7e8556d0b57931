"""Files as tools take them: the documented headers, contactable people only, one row an address."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.activation.templates import Written, read_template, templates, write_for
from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from tests.audience import SEGMENT_KEY, Audience

ANN = {
    "email": "Ann@acme.test", "first_name": "Ann", "last_name": "Lee", "phone": "+4930123456", "company": "Acme",
    "title": "CTO", "city": "Berlin", "region": "BE", "postcode": "01067", "country": "Deutschland",
}  # fmt: skip
DOCUMENTED = {
    "mailchimp": "Email Address,First Name,Last Name,Phone Number,Company",
    "hubspot": "Email,First Name,Last Name,Phone Number,Job Title,Company Name,City,State/Region,Postal Code,"
    "Country/Region",
    "google-ads": "Email,Phone,First Name,Last Name,Country,Zip",
    "linkedin": "email,firstname,lastname,jobtitle,employeecompany,country,googleaid",
    "meta": "email,phone,fn,ln,ct,st,zip,country",
    "pardot": "Email,First Name,Last Name,Company,Job Title,Phone,City,State,Zip,Country",
}


@pytest.fixture(scope="module")
def audience(new_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audience]:
    with new_database() as url:
        audience = Audience(url, tmp_path_factory.mktemp("audience"))
        audience.person("ann", **ANN)
        audience.person("bob", email_consent="opted_out")
        audience.person("info", "info@acme.test")
        audience.person("kept", enters=False)
        audience.enter("kept", is_holdout=True)
        yield audience
        audience.project.close()


def written(audience: Audience, name: str, **given: object) -> tuple[list[dict[str, str]], str, Written]:
    sink = io.BytesIO()
    found = write_for(audience.project, SEGMENT_KEY, name, sink, **given)  # type: ignore[arg-type]
    text = sink.getvalue().decode()
    return list(csv.DictReader(io.StringIO(text))), text.splitlines()[0].replace('"', ""), found


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_headers_are_those_that_the_tool_documents(audience: Audience, name: str) -> None:
    (row,), header, found = written(audience, name)
    assert header == DOCUMENTED[name]
    assert "ann@acme.test" in row.values()
    assert found == Written(1, {"held out": 1, "opted out": 1, "role mailbox": 1})


def test_countries_are_codes_phones_are_e164_and_postcodes_keep_their_zeros(audience: Audience) -> None:
    (row,), _, _ = written(audience, "google-ads")
    assert row == {
        "Email": "ann@acme.test", "Phone": "+4930123456", "First Name": "Ann", "Last Name": "Lee", "Country": "DE",
        "Zip": "01067",
    }  # fmt: skip


def test_whoever_is_held_out_comes_where_asked_for(audience: Audience) -> None:
    rows, _, found = written(audience, "meta", holdout=True)
    assert {row["email"] for row in rows} == {"ann@acme.test", "kept@acme.test"}
    assert "held out" not in found.withheld


def test_a_template_of_ones_own_stands_beside_them(audience: Audience) -> None:
    folder = audience.config / "templates"
    folder.mkdir(exist_ok=True)
    (folder / "callers.yaml").write_text(
        "purpose: phone_marketing\nkey: Number\ncolumns: {Number: phone, Name: full_name}\n"
    )
    rows, header, found = written(audience, "callers")
    assert (header, [row["Number"] for row in rows]) == ("Number,Name", ["+4930123456"])
    assert found.withheld == {"held out": 1, "no contact point": 2}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("purpose: none\nkey: a\ncolumns: {a: profil_id}", r"no column 'profil_id' \(did you mean 'profile_id'\?\)"),
        ("purpose: none\nkey: b\ncolumns: {a: profile_id}", "the key 'b' is none of its headers"),
        ("purpose: none\nkey: a\ncolumns: {a: city}", "'city' does not say which person it is"),
        ("purpose: none\nkeys: a\ncolumns: {a: city}", r"'keys' is no setting here \(did you mean 'key'\?\)"),
        ("purpose: [", "this is no YAML"),
    ],
)
def test_a_faulty_template_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "own.yaml").write_text(content)
    with pytest.raises(ConfigurationError, match=f"templates/own.yaml.*: .*{said}"):
        read_template(tmp_path, "own")


def test_every_template_that_comes_with_kindred_is_sound() -> None:
    config = Settings().config
    assert set(templates(config)) == {*DOCUMENTED, "linkedin-companies"}
    for name in templates(config):
        read_template(config, name)


def test_accounts_need_a_template_of_accounts(audience: Audience) -> None:
    with pytest.raises(ConfigurationError, match=r"takes rows of the level account.*templates: linkedin, linkedin-com"):
        written(audience, "linkedin-companies")
    with pytest.raises(ConfigurationError, match=r"no template 'mailchmip' \(did you mean 'mailchimp'\?\)"):
        written(audience, "mailchmip")


@pytest.mark.parametrize("state", ["held", "refused"])
def test_a_segment_that_is_held_or_refused_is_not_written(audience: Audience, state: str) -> None:
    audience._do("UPDATE kindred.segment SET state = :state, reason = 'too big'", state=state)
    audience._add("segment_history", as_of="2026-11-01", segment_key=SEGMENT_KEY, state="published")
    try:
        with pytest.raises(ConfigurationError, match="too big"):
            written(audience, "meta")
    finally:
        audience._do("UPDATE kindred.segment SET state = 'published'")
        audience._do("TRUNCATE kindred.segment_history")
