"""sources.yaml and staging.yaml: what is wrong is named, with the nearest known name."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from include.contracts.sources import read_sources
from include.staging.settings import read_settings

GOOD = {
    "kind": "salesforce_export", "path": "crm", "schedule": "15 1 * * *", "owner": "sales", "region": "US",
    "timezone": "Europe/Berlin", "objects": ["contact"],
}  # fmt: skip


def write(folder: Path, **changes: object) -> Path:
    entry = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": {"crm": entry}}))
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"region": None}, r"crm\.region cannot be used: Field required \(it is: ISO country"),
        ({"timezone": None}, r"crm\.timezone cannot be used: Field required"),
        ({"timezone": "Berlin"}, r"crm\.timezone cannot be used: .*no IANA time zone"),
        ({"region": "Germany"}, r"crm\.region cannot be used"),
        ({"ownr": "me"}, r"crm cannot be used: there is no key 'ownr' \(did you mean 'owner'"),
        ({"path": "/etc"}, r"crm\.path cannot be used: .*inside the folder of exports"),
        ({"path": "../other"}, r"crm\.path cannot be used"),
        ({"objects": []}, r"crm\.objects cannot be used"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_sources(write(tmp_path, **changes))


@pytest.mark.parametrize("content", ["sources: {}", "sources: []", "sources: {", "crm: {}"])
def test_a_file_without_sources_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "sources.yaml").write_text(content)
    with pytest.raises(ConfigurationError, match=r"^sources\.yaml"):
        read_sources(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "salesforce_exports"}, r"line 3: crm\.kind .* is not known \(did you mean 'salesforce_export'"),
        ({"objects": ["contacts"]}, r"line \d: crm\.objects names 'contacts', .*did you mean 'contact'"),
    ],
    ids=str,
)
def test_unknown_kinds_and_objects_name_the_nearest(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^sources\.yaml, {message}"):
        read_sources(write(tmp_path, **changes))


def test_one_source_alone_may_be_the_crm(tmp_path: Path) -> None:
    both = {"sources": {"crm": GOOD, "second": deepcopy(GOOD)}}
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(both, sort_keys=False))
    with pytest.raises(ConfigurationError, match=r"sources\.yaml, line 12: crm and second both play the part 'crm'"):
        read_sources(tmp_path)


def test_the_project_s_own_settings_are_good() -> None:
    folder = Settings().config
    assert set(read_sources(folder)) == {"crm", "email", "usage", "nps"}
    assert read_settings(folder).machines.prefetch.confidence <= 1


def test_a_staging_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    content = yaml.safe_load((Settings().config / "staging.yaml").read_text("utf-8"))
    content["machines"]["scanner"]["agents"] = ["("]
    (tmp_path / "staging.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=r"machines\.scanner\.agents cannot be used: .*no regular expression"):
        read_settings(tmp_path)
