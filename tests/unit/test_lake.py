"""The lake: a version exists when its manifest does, and never changes afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.contracts.errors import ConfigurationError, FatalError, LaterVersionError
from include.contracts.settings import Settings
from include.storage.lake import FORMAT, MARKER, Lake
from include.storage.project import Project


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake((tmp_path / "lake").as_uri())


def test_before_the_first_version_there_is_nothing(lake: Lake) -> None:
    assert lake.current("profile") is None
    assert lake.manifest("profile", "v1") is None


def test_a_committed_version_is_what_readers_get(lake: Lake) -> None:
    ref = lake.commit("profile", "v1", ["a.parquet"], 7, {"staged/person_record": "x"})
    current = lake.current("profile")
    assert current is not None
    assert (current.ref, current.files, current.inputs) == (ref, ("a.parquet",), {"staged/person_record": "x"})


def test_a_version_written_without_pointing_waits_until_it_is_pointed_to(lake: Lake) -> None:
    lake.commit("profile", "v1", [], 0)
    second = lake.commit("profile", "v2", [], 0, point=False)
    assert lake.current("profile") == lake.manifest("profile", "v1")
    lake.point(second)
    lake.point(second)
    assert lake.current("profile") == lake.manifest("profile", "v2")


def test_a_writer_that_was_killed_leaves_nothing_that_is_read(lake: Lake) -> None:
    Path(lake.url("profile", "v1.parquet")).write_bytes(b"half")
    assert lake.manifest("profile", "v1") is None
    assert lake.current("profile") is None


def test_two_writers_of_one_file_never_show_half_of_it(lake: Lake) -> None:
    with lake.drafted("profile", "v1.parquet") as first:
        Path(first).write_bytes(b"whole")
        with lake.drafted("profile", "v1.parquet") as second:
            Path(second).write_bytes(b"whole")
        place = Path(lake.url("profile", "v1.parquet"))
        Path(first).write_bytes(b"who")
        assert place.read_bytes() == b"whole"
        Path(first).write_bytes(b"whole")
    assert place.read_bytes() == b"whole"
    with pytest.raises(OSError, match="full"), lake.drafted("profile", "v2.parquet") as draft:
        Path(draft).write_bytes(b"ha")
        raise OSError("full")
    assert [file.name for file in lake.stored()] == ["v1.parquet"]


def test_a_lake_that_a_later_version_has_written_is_left_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    lake = Project(settings).lake
    lake.require_known_format()
    lake.commit("profile", "v1", [], 0)
    assert json.loads((tmp_path / "lake" / MARKER).read_text()) == {"format": FORMAT}
    (tmp_path / "lake" / MARKER).write_text(json.dumps({"format": FORMAT + 1}))
    told = rf"is {FORMAT + 1}, of a later version of Kindred; this one knows {FORMAT} at most"
    with pytest.raises(LaterVersionError, match=told):
        _ = Project(settings).lake


def test_committing_the_same_again_writes_the_same_bytes(lake: Lake, tmp_path: Path) -> None:
    def content() -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in (tmp_path / "lake" / "profile").iterdir()}

    lake.commit("profile", "v1", ["a.parquet"], 7, {"b": "2", "a": "1"})
    before = content()
    lake.commit("profile", "v1", ["a.parquet"], 7, {"a": "1", "b": "2"})
    assert content() == before


def test_a_version_that_must_be_there_and_is_not_is_named(lake: Lake) -> None:
    with pytest.raises(FatalError, match="no version v9 of profile"):
        lake.version("profile", "v9")


def test_a_root_that_cannot_be_opened_is_a_setting_to_correct() -> None:
    with pytest.raises(ConfigurationError, match="file:// or s3://"):
        Lake("ftpx://somewhere/lake")


def test_a_folder_of_any_name_is_the_lakes_place(tmp_path: Path) -> None:
    folder = tmp_path / "Kündin réd x, 50% :: #1"
    lake = Lake(folder.as_uri())
    lake.commit("profile", "v1", [], 0)
    assert (folder / "profile" / "v1.json").exists()
    assert lake.folder == folder
    assert [*tmp_path.iterdir()] == [folder]


@pytest.mark.parametrize("name", ["all*", "source=crm", "[x]", "who?"])
def test_a_folder_that_the_engine_would_read_as_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="as a pattern"):
        Lake((tmp_path / name).as_uri())


def test_a_lake_that_an_earlier_version_kept_beside_its_place_is_told(tmp_path: Path) -> None:
    root = (tmp_path / "Kündin").as_uri()
    Path(root.removeprefix("file://")).mkdir()
    with pytest.raises(ConfigurationError, match=r"move that folder to .*Kündin"):
        Lake(root)


def test_a_root_that_names_no_folder_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="names no folder"):
        Lake("file://lake")
