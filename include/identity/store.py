"""Where the fitted model is kept: one small JSON a version in the lake's dataset `identity/model`."""

from __future__ import annotations

from collections.abc import Mapping

from include.contracts.runs import DatasetRef
from include.matching.weights.model import Model
from include.storage.lake import Lake

DATASET = "identity/model"


def load_model(lake: Lake, version: str) -> Model | None:
    """Return the saved model of that version, or None while there is none."""
    manifest = lake.manifest(DATASET, version)
    if manifest is None:
        return None
    return Model.from_json(lake.fs.cat_file(lake.url(DATASET, manifest.files[0])).decode())


def save_model(lake: Lake, model: Model, version: str, inputs: Mapping[str, str]) -> DatasetRef:
    """Save the model as a version that readers are not yet pointed to."""
    file = f"{version}.model.json"
    lake.fs.pipe_file(lake.url(DATASET, file), model.to_json().encode())
    return lake.commit(DATASET, version, [file], 1, inputs, point=False)
