"""What may go from the lake and the home, and what stays however old it is."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pytest

from include.contracts.errors import ConfigurationError
from include.contracts.runs import DatasetRef
from include.contracts.tables import Table, integer, text
from include.retention import home
from include.retention.lake import removable
from include.retention.settings import load_retention
from include.storage.lake import Lake
from include.storage.project import Project

STATE = Table("state", "one person", (text("id", "Id"), integer("day", "Day")), ("id",))
LOG = Table("log", "one event", (text("id", "Id"), integer("day", "Day")), ("id", "day"))
START = datetime(2026, 1, 1, tzinfo=UTC)
KEEP, DEBRIS = timedelta(days=5), timedelta(days=1)


def on(day: int) -> datetime:
    return START + timedelta(days=day)


def date_back(lake: Lake, day: int) -> None:
    """Let all files that were just written be of this day's midnight."""
    for place in Path(str(lake.folder)).rglob("*"):
        if place.is_file() and place.stat().st_mtime % 86_400 != 0:
            os.utime(place, (on(day).timestamp(),) * 2)


def clean(lake: Lake, day: int) -> None:
    for file in removable(lake, on(day), versions=KEEP, debris=DEBRIS):
        lake.remove(file)


def versions(lake: Lake, dataset: str) -> list[str]:
    return sorted(file.version for file in lake.stored() if file.dataset == dataset and file.version)


def commit(lake: Lake, dataset: str, version: str, day: int, *, point: bool = True, **inputs: str) -> DatasetRef:
    Path(lake.url(dataset, f"{version}.parquet")).write_bytes(b"rows")
    ref = lake.commit(dataset, version, [f"{version}.parquet"], 1, inputs, point=point)
    date_back(lake, day)
    return ref


def test_sixty_daily_runs_come_to_a_plateau(project: Project) -> None:
    lake, sizes = project.lake, []
    with project.engine() as engine:
        for day in range(60):
            before = lake.current(LOG.name)
            people = ibis.range(2_000).unnest().name("n").as_table()
            state = people.select(id=people.n.cast("string"), day=people.n * 0 + day)
            ref = engine.write(STATE, state, version=f"v{day}", inputs={"as_of": str(day)})
            event = state.filter(state.id == "7")
            previous = before.version if before else ""
            engine.write(
                LOG, event, version=f"v{day}", inputs={ref.dataset: ref.version, "previous": previous}, extends=before
            )
            date_back(lake, day)
            clean(lake, day)
            sizes.append(sum(file.size for file in lake.stored() if file.dataset == STATE.name))
        history = engine.read(LOG, DatasetRef(LOG.name, "v59", 0)).to_pyarrow()
    assert sizes[59] == pytest.approx(sizes[10], rel=0.01), "one version a day goes for each that comes"
    assert versions(lake, "state") == sorted(f"v{day}" for day in range(55, 60))
    assert sorted(history["day"].to_pylist()) == list(range(60)), "the log has lost nothing"


def test_what_readers_get_stays_with_all_that_it_was_made_from(project: Project) -> None:
    lake = project.lake
    commit(lake, "staged", "s1", 0)
    commit(lake, "profile", "p1", 0, staged="s1")
    commit(lake, "staged", "s2", 1)  # staged again, and nothing was made of it yet
    commit(lake, "staged", "s3", 2)
    clean(lake, 100)
    assert versions(lake, "profile") == ["p1"]
    assert versions(lake, "staged") == ["s1", "s3"]


def test_versions_of_one_name_stay_together_and_the_one_before_goes(project: Project) -> None:
    lake = project.lake
    for day, version in enumerate(("x1", "x2")):
        commit(lake, "identity/report", version, day, point=False)  # nobody points to a report
        commit(lake, "identity/crosswalk", version, day, previous="x1" if day else "")
    clean(lake, 100)
    assert versions(lake, "identity/report") == versions(lake, "identity/crosswalk") == ["x2"]


def test_what_a_killed_writer_has_left_goes_after_a_day_but_not_while_it_may_be_at_work(project: Project) -> None:
    lake = project.lake
    commit(lake, "profile", "p1", 0)
    half = Path(lake.url("profile", "p2.parquet"))
    half.write_bytes(b"half")
    os.utime(half, (on(3).timestamp(),) * 2)
    clean(lake, 3)
    assert half.exists()
    clean(lake, 5)
    assert not half.exists()


def test_killed_anywhere_and_repeated_it_ends_the_same(project: Project) -> None:
    lake = project.lake
    for day in range(4):
        commit(lake, "profile", f"p{day}", day)
    first, *_ = removable(lake, on(50), versions=KEEP, debris=DEBRIS)
    assert first.version, "a version's manifest goes before its files"
    lake.remove(first)
    clean(lake, 50)
    assert {file.name for file in lake.stored()} == {"p3.json", "p3.parquet", "_current.json"}


def test_files_in_the_home_go_by_their_age_with_the_folders_that_they_leave_empty(tmp_path: Path) -> None:
    old, new = tmp_path / "logs" / "dag" / "old.log", tmp_path / "logs" / "new.log"
    for day, place in ((0, old), (9, new)):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("said")
        os.utime(place, (on(day).timestamp(),) * 2)
    home.remove(home.older(tmp_path / "logs", on(10), timedelta(days=5)), tmp_path / "logs")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["logs", "new.log"]
    assert home.older(tmp_path / "nowhere", on(10), timedelta(days=5)) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("versions: 1\n", "a question to a person waits 48 hours"),
        ("version: 9\n", "no key 'version'.*versions"),
        ("logs: 0\n", "logs cannot be used"),
    ],
)
def test_a_time_that_cannot_be_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "retention.yaml").write_text(content)
    with pytest.raises(ConfigurationError, match=said):
        load_retention(tmp_path, answer_hours=48)
