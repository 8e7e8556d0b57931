"""docs/metrics.md and docs/grafana-dashboard.json, from the declarations: `python -m include.reference` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from include.contracts.settings import ROOT
from include.operations.figures import METRICS, Metric
from include.operations.telemetry import prometheus_name

PLACE = ROOT / "docs" / "metrics.md"
DASHBOARD = ROOT / "docs" / "grafana-dashboard.json"
INTRODUCTION = """# Metrics

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

All are gauges, sent by OpenTelemetry as `kindred.…`, and named as in the second column where Prometheus has them. None
holds anything of a person. [operations.md](operations.md) says how they are sent; `grafana-dashboard.json` beside this
page shows them.

| metric | in Prometheus | unit | told apart by | what it is |
|---|---|---|---|---|
"""
_UNITS: Mapping[str, str] = MappingProxyType({"s": "s", "By": "bytes", "d": "d"})  # Grafana's names of units
WIDTH, HEIGHT, COLUMNS = 12, 8, 2


def render() -> str:
    """Return the page."""
    rows = (
        f"| `{metric.name}` | `{_name(metric)}` | {metric.unit.strip('{}')} | {', '.join(metric.labels) or '–'} "
        f"| {metric.description} |\n"
        for metric in METRICS
    )
    return INTRODUCTION + "".join(rows)


def dashboard() -> str:
    """Return the dashboard: a panel a metric, over whatever Prometheus whoever imports it names."""
    source = {"type": "prometheus", "uid": "${source}"}
    content = {
        "title": "Kindred",
        "uid": "kindred",
        "tags": ["kindred"],
        "schemaVersion": 39,
        "refresh": "5m",
        "time": {"from": "now-7d", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_panel(number, metric, source) for number, metric in enumerate(METRICS)],
    }
    return json.dumps(content, indent=1) + "\n"


def write() -> None:
    """Write both."""
    PLACE.write_text(render(), encoding="utf-8")
    DASHBOARD.write_text(dashboard(), encoding="utf-8")


def _panel(number: int, metric: Metric, source: Mapping[str, str]) -> dict[str, Any]:
    legend = " ".join("{{" + label + "}}" for label in metric.labels)
    return {
        "id": number + 1,
        "type": "timeseries" if metric.labels else "stat",
        "title": metric.description,
        "datasource": source,
        "gridPos": {"x": number % COLUMNS * WIDTH, "y": number // COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": _UNITS.get(metric.unit, "short")}, "overrides": []},
        "targets": [{"refId": "A", "expr": _name(metric), "legendFormat": legend or metric.name, "datasource": source}],
    }


def _name(metric: Metric) -> str:
    return prometheus_name(metric.name, metric.unit)
