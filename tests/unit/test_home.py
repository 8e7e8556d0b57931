"""What an installation keeps is its owner's alone, whatever the umask; what was left open is closed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.contracts.settings import Settings
from include.storage.home import open_home, open_places
from include.storage.project import Project
from include.storage.spill import spill_folder


@pytest.fixture(autouse=True)
def _a_generous_umask() -> Iterator[None]:
    before = os.umask(0o002)
    yield
    os.umask(before)


def rights(top: Path) -> set[str]:
    return {oct(stat.S_IMODE(place.stat().st_mode)) for place in (top, *top.rglob("*"))}


def test_all_that_is_written_into_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    project = Project(Settings(home=tmp_path / "home"))
    with project.engine() as engine:
        place = project.lake.url("profile", "v1.parquet")
        engine.connection.execute(f"COPY (SELECT 'anna@acme.example') TO '{place}'").fetchall()
        project.lake.commit("profile", "v1", ["v1.parquet"], 1)
        assert rights(tmp_path / "home") == {"0o700", "0o600"}


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "lake" / "profile").mkdir(parents=True)
    (home / "lake" / "profile" / "v1.parquet").write_text("anna@acme.example")
    (home / "launch.lock").touch(mode=0o600)
    assert [*open_places(home)] == [home, home / "lake"]
    open_home(home)
    assert rights(home) == {"0o700", "0o600"}
    assert [*open_places(home)] == []


def test_what_is_not_ours_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-nina.txt").write_text("Dear Nina")
    tmp_path.chmod(0o755)
    open_home(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert rights(tmp_path / "letters") == {"0o775", "0o664"}
    assert rights(tmp_path / "lake") == {"0o700"}


def test_looking_for_open_places_makes_nothing(tmp_path: Path) -> None:
    assert [*open_places(tmp_path / "home")] == []
    assert not (tmp_path / "home").exists()


def test_what_a_killed_process_has_spilled_goes_with_the_next_one(tmp_path: Path) -> None:
    left = tmp_path / "kindred-spill-left"
    left.mkdir()
    (left / "block.tmp").write_text("rows")
    with spill_folder(tmp_path) as first, spill_folder(tmp_path) as second:
        assert first.is_dir()
        assert second.is_dir()
        assert not left.exists()
    assert [*tmp_path.iterdir()] == []
