"""The page of metrics and the dashboard follow from the declarations."""

from __future__ import annotations

import json
import re

from include.operations.figures import METRICS
from include.reference import metrics as reference


def test_the_page_and_the_dashboard_are_as_declared() -> None:
    assert reference.PLACE.read_text("utf-8") == reference.render(), "run python -m include.reference"
    assert reference.DASHBOARD.read_text("utf-8") == reference.dashboard(), "run python -m include.reference"


def test_the_dashboard_has_a_panel_for_each_metric() -> None:
    panels = json.loads(reference.dashboard())["panels"]
    assert len(panels) == len(METRICS)
    assert len({panel["targets"][0]["expr"] for panel in panels}) == len(METRICS)
    assert all(re.fullmatch(r"kindred_[a-z_]+", panel["targets"][0]["expr"]) for panel in panels)
