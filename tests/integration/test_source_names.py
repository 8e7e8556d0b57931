"""A source's name in sources.yaml is free: whatever it is called, the same comes out, but for the ids' prefix."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from include import pipeline
from include.contracts.identity import CROSSWALK
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360, PERSON_MEASURES
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT
from include.contracts.settings import Settings
from include.samples import generate
from include.storage.project import Project

OTHERS = {"crm": "salesforce", "email": "pardot", "usage": "app", "nps": "asked"}
IDS = ("_id", "approval")


def published(folder: Path, exports: Path, names: dict[str, str], url: str) -> dict[str, Any]:
    """What a company's exports become under these names of their sources, without ids."""
    config = folder / "config"
    shutil.copytree(Settings().config, config, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    declared = yaml.safe_load((config / "sources.yaml").read_text("utf-8"))
    declared["sources"] = {names.get(name, name): entry for name, entry in declared["sources"].items()}
    (config / "sources.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    project = Project(Settings(home=folder / "home", data=exports, config=config, warehouse_url=url))
    run, refs = Run("test", pipeline.taken_on(exports)), {}  # type: ignore[arg-type, var-annotated]
    for source in pipeline.sources(config):
        pipeline.extract(project, run, source, pipeline.everything_until(run), final=False)
    for stage in ("stage", "resolve", "unify", "measure", "segment"):
        refs = pipeline.perform(project, run, stage, refs)["refs"]

    def rows(table: Any) -> list[dict[str, Any]]:
        with project.engine() as engine:
            return engine.read(table, DatasetRef(**refs[table.name])).to_pyarrow().to_pylist()

    segments = {row["segment_key"]: (row["state"], row["size"]) for row in rows(SEGMENT)}
    measures = [m.name for m in PERSON_MEASURES if not m.name.endswith(IDS)]
    people = Counter(tuple(str(row[name]) for name in measures) for row in rows(CUSTOMER_360))
    accounts = Counter((row["name"], row["usage_tier"], row["nps"], row["people"]) for row in rows(ACCOUNT_360))
    profiles = Counter(Counter(row["profile_id"] for row in rows(CROSSWALK)).values())
    project.close()
    return {"segments": segments, "people": people, "accounts": accounts, "profiles": profiles}


@pytest.mark.slow
def test_sources_by_other_names_give_the_same_profiles_measures_and_segments(tmp_path: Path, new_database: Any) -> None:
    generate(tmp_path / "sample", people=1000)
    exports = tmp_path / "sample" / "exports"
    with new_database() as one, new_database() as other:
        usual = published(tmp_path / "usual", exports, {}, one)
        renamed = published(tmp_path / "renamed", exports, OTHERS, other)
    assert sum(size or 0 for _, size in usual["segments"].values()) > 0
    for what, found in usual.items():
        assert renamed[what] == found, what
