"""A source's name in sources.yaml is free: whatever it is called, the same comes out.

But for what goes by ids, which begin with the name: ties, and which pairs a model is estimated from.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from include import pipeline
from include.contracts.identity import CROSSWALK
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT
from include.contracts.settings import Settings
from include.samples import generate
from include.storage.project import Project

OTHERS = {"crm": "salesforce", "email": "pardot", "usage": "app", "nps": "asked"}


def published(folder: Path, exports: Path, names: dict[str, str], url: str) -> dict[str, Any]:
    """The segments' states and sizes, and the number of profiles, under these names of the sources."""
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

    segments = {row["segment_key"]: (row["state"], row["size"]) for row in rows(SEGMENT)}
    profiles = {row["profile_id"] for row in rows(CROSSWALK)}
    project.close()
    return {"segments": segments, "profiles": len(profiles)}


@pytest.mark.slow
def test_sources_by_other_names_give_the_same_profiles_measures_and_segments(tmp_path: Path, new_database: Any) -> None:
    generate(tmp_path / "sample", people=1000)
    exports = tmp_path / "sample" / "exports"
    with new_database() as one, new_database() as other:
        usual = published(tmp_path / "usual", exports, {}, one)
        renamed = published(tmp_path / "renamed", exports, OTHERS, other)
    assert renamed["profiles"] == pytest.approx(usual["profiles"], rel=0.01)
    assert renamed["segments"].keys() == usual["segments"].keys()
    for key, (state, size) in usual["segments"].items():
        assert renamed["segments"][key] == (state, pytest.approx(size, rel=0.05, abs=2)), key
    assert sum(size or 0 for _, size in usual["segments"].values()) > 0
