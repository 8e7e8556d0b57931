"""Syncs as they are declared: what is wrong with one is named with its file and line, all of it at once."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from include.activation.destination import Destination
from include.activation.registry import KINDS, check_declared
from include.activation.syncs import find_sync, read_syncs
from include.contracts.errors import ConfigurationError
from include.contracts.settings import ROOT

SOUND = """\
kind: files
settings: {url: file:///tmp/out}
syncs:
  renewing_people:
    segment: renewing
    owner: marketing
    purpose: email_marketing
    key: {Email: email}
    fields:
      First Name: first_name
      Renewal: renewal_date
"""


def write(folder: Path, text: str, name: str = "tool.yaml") -> Path:
    (folder / "destinations").mkdir(exist_ok=True)
    (folder / "destinations" / name).write_text(text)
    return folder


def test_a_file_is_a_destination_with_its_syncs(tmp_path: Path) -> None:
    declared = read_syncs(write(tmp_path, SOUND))["renewing_people"]
    assert (declared.destination, declared.kind, declared.sync.mode) == ("tool", "files", "mirror")
    assert declared.sync.mapping == {"Email": "email", "First Name": "first_name", "Renewal": "renewal_date"}
    assert declared.place("fields", "Renewal") == "destinations/tool.yaml, line 11"


def test_no_folder_is_no_sync(tmp_path: Path) -> None:
    assert read_syncs(tmp_path) == {}


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        ("owner:", "onwer:", r"tool.yaml, line 6: 'onwer' is no setting here \(did you mean 'owner'\?\)"),
        ("email_marketing", "email_markting", "line 7: .*email_marketing"),
        ("key: {Email: email}", "key: {Email: country}", "line 8: 'country' does not say which person it is"),
        ("key: {Email: email}", "key: {Site: domain}", "which person it is; of accounts it does, with level: account"),
        ("purpose: email_marketing", "purpose: none", "line 8: email is a contact point; name the purpose"),
        (
            "    owner: marketing",
            "    level: account\n    owner: x",
            "line 8: of the level account nobody gives consent; write none",
        ),
        ("First Name", "Email", "line 10: 'Email' is the key already"),
        ("kind: files", "kind: [files", "tool.yaml, line 2: this is no YAML"),
        ("renewing_people", "Renewing", "line 4: a sync's name has lower-case letters"),
        ("    owner: marketing", "    owner: m\n    schedule: daily", "line 7: .*neither 'on publication' nor a cron"),
        ("    owner: marketing", "    owner: m\n    limits: {remvoed: 1}", "'remvoed' is no setting .*'removed'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, now: str, then: str, said: str) -> None:
    assert SOUND.count(now) >= 1
    with pytest.raises(ConfigurationError, match=said):
        read_syncs(write(tmp_path, SOUND.replace(now, then)))


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("First Name", "Email").replace("{Email: email}", "{Email: country}")
    with pytest.raises(ConfigurationError, match=r"line 8: .*; destinations/tool.yaml, line 10: "):
        read_syncs(write(tmp_path, text))


def test_a_name_is_given_once(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    with pytest.raises(ConfigurationError, match=r"tool.yaml, line 4: .* at destinations/other.yaml, line 4 already"):
        read_syncs(write(tmp_path, SOUND, "other.yaml"))


def test_a_sync_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no sync 'renewing_poeple' \(did you mean 'renewing_people'\?\)"):
        find_sync(write(tmp_path, SOUND), "renewing_poeple")


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        ("first_name", "frist_name", r"line 10: there is no column 'frist_name' \(did you mean 'first_name'\?\)"),
        ("kind: files", "kind: flies", r"line 1: there is no kind of destination 'flies' \(did you mean 'files'\?\)"),
        ("url: file", "ulr: file", "line 2: 'ulr' is no setting here"),
        ("file:///tmp/out", "ftp://tmp", "line 2: 'url': it begins with one of file://, s3://"),
        ("    owner: marketing", "    owner: m\n    settings: {list: 7}", "line 7: 'list' is no setting here"),
        ("    owner: marketing", "    owner: m\n    mode: append", "line 7: files takes no events"),
    ],
)
def test_what_does_not_fit_the_kind_is_named_too(tmp_path: Path, now: str, then: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_declared(find_sync(write(tmp_path, SOUND.replace(now, then)), "renewing_people"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_destination_can_be_used_and_is_described(kind: str) -> None:
    module, name = KINDS[kind].split(":")
    destination = getattr(import_module(module), name)
    assert issubclass(destination, Destination)
    assert destination.removes or destination.appends
    assert f"| `{kind}` |" in (ROOT / "docs" / "activation.md").read_text("utf-8")
    for settings in (destination.Settings, destination.ListSettings):
        assert all(field.description for field in settings.model_fields.values())
