"""A source's name in sources.yaml is free: whatever it is called, the same comes out; only ids begin with it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from include import pipeline
from include.contracts.identity import CROSSWALK
from include.contracts.measures import CUSTOMER_360
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT
from include.contracts.settings import Settings
from include.samples import generate
from include.storage.project import Project

SAY_NAMES = {"profile_id", "source_names"}
OTHERS = {"crm": "salesforce", "email": "pardot", "usage": "app", "nps": "asked"}


def published(folder: Path, exports: Path, names: dict[str, str], url: str) -> dict[str, Any]:
    """The segments' states and sizes, and each person's measures by the person's records, under these names."""
    config = folder / "config"
    shutil.copytree(Settings().config, config, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    declared = yaml.safe_load((config / "sources.yaml").read_text("utf-8"))
    declared["sources"] = {names.get(name, name): entry for name, entry in declared["sources"].items()}
    (config / "sources.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    project = Project(Settings(home=folder / "home", data=exports, config=config, warehouse_url=url))
    run, refs = Run("test", pipeline.taken_on(exports)), {}  # type: ignore[arg-type, var-annotated]
    for source in pipeline.sources(project.settings):
        pipeline.extract(project, run, source, pipeline.everything_until(run), final=False)
    for stage in ("stage", "resolve", "unify", "measure", "segment"):
        refs = pipeline.perform(project, run, stage, refs)["refs"]

    def rows(table: Any) -> list[dict[str, Any]]:
        with project.engine() as engine:
            return engine.read(table, DatasetRef(**refs[table.name])).to_pyarrow().to_pylist()

    back = {new: old for old, new in names.items()}
    usual = {row["record_id"]: _usual(row["record_id"], back) for row in rows(CROSSWALK)}
    people: dict[str, set[str]] = {}
    for row in rows(CROSSWALK):
        people.setdefault(row["profile_id"], set()).add(usual[row["record_id"]])
    measured = {
        frozenset(people[row["profile_id"]]): {name: _usual(row[name], back) for name in row.keys() - SAY_NAMES}
        for row in rows(CUSTOMER_360)
    }
    segments = {row["segment_key"]: (row["state"], row["size"]) for row in rows(SEGMENT)}
    project.close()
    return {"segments": segments, "people": measured}


def _usual(value: Any, back: dict[str, str]) -> Any:
    """An id as it is where sources have their usual names; anything else as it is."""
    source, point, rest = str(value).partition(".")
    return f"{back[source]}.{rest}" if point and ":" in rest and source in back else value


@pytest.mark.slow
def test_sources_by_other_names_give_the_same_people_measures_and_segments(tmp_path: Path, new_database: Any) -> None:
    generate(tmp_path / "sample", people=1000)
    exports = tmp_path / "sample" / "exports"
    with new_database() as one, new_database() as other:
        usual = published(tmp_path / "usual", exports, {}, one)
        renamed = published(tmp_path / "renamed", exports, OTHERS, other)
    assert renamed["people"].keys() == usual["people"].keys()
    differing = {
        name
        for who, measures in usual["people"].items()
        for name in measures
        if measures[name] != renamed["people"][who][name]
    }
    assert differing == set()
    assert renamed["segments"] == usual["segments"]
    assert sum(size or 0 for _, size in usual["segments"].values()) > 0
