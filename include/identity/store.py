"""What the lake keeps beside the tables of one resolve: the fitted model and the report, one small JSON a version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from include.contracts.runs import DatasetRef
from include.matching.weights.model import Model
from include.storage.lake import Lake

MODEL = "identity/model"
REPORT = "identity/report"


def load_model(lake: Lake, version: str) -> Model | None:
    """Return the saved model of that version, or None while there is none."""
    manifest = lake.manifest(MODEL, version)
    if manifest is None:
        return None
    return Model.from_json(lake.content(MODEL, manifest.files[0]).decode())


def save_model(lake: Lake, model: Model, version: str, inputs: Mapping[str, str]) -> DatasetRef:
    """Save the model as a version that readers are not yet pointed to."""
    file = f"{version}.model.json"
    with lake.drafted(MODEL, file) as place:
        lake.fs.pipe_file(place, model.to_json().encode())
    return lake.commit(MODEL, version, [file], 1, inputs, point=False)


def save_report(lake: Lake, version: str, report: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
    """Keep what a version found out about itself: counts, the model's drift, why it is held; counts and ids only."""
    file = f"{version}.report.json"
    with lake.drafted(REPORT, file) as place:
        lake.fs.pipe_file(place, json.dumps(report, sort_keys=True, indent=1).encode())
    lake.commit(REPORT, version, [file], 1, inputs, point=False)


def load_report(lake: Lake, version: str) -> dict[str, Any]:
    """Return the report of a version that exists; raises FatalError."""
    manifest = lake.version(REPORT, version)
    report: dict[str, Any] = json.loads(lake.content(REPORT, manifest.files[0]))
    return report
