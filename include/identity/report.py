"""What one resolve found out about itself: counts, the model's drift, and why it is held; counts and ids only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from include.contracts.runs import DatasetRef
from include.storage.lake import Lake

DATASET = "identity/report"


def save_report(lake: Lake, version: str, report: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
    """Keep the report of a version."""
    file = f"{version}.report.json"
    lake.fs.pipe_file(lake.url(DATASET, file), json.dumps(report, sort_keys=True, indent=1).encode())
    lake.commit(DATASET, version, [file], 1, inputs, point=False)


def load_report(lake: Lake, version: str) -> dict[str, Any]:
    """Return the report of a version that exists; raises FatalError."""
    manifest = lake.open(DatasetRef(DATASET, version, 1))
    report: dict[str, Any] = json.loads(lake.fs.cat_file(lake.url(DATASET, manifest.files[0])))
    return report
