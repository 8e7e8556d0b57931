"""Figures on their way: as OpenTelemetry's metrics, and as text that Prometheus reads."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from include.contracts.errors import ConfigurationError, RetryableError
from include.operations.figures import METRICS, Value

ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SERVICE = "kindred"
SUFFIXES = {"s": "_seconds", "By": "_bytes", "d": "_days", "1": "_ratio"}  # of others Prometheus has none


def has_endpoint(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment says where metrics go, by OpenTelemetry's own variables."""
    return any(environment.get(name) for name in ENDPOINTS)


def send(values: Iterable[Value]) -> int:
    """Send the values by OTLP over HTTP to where the variables OTEL_* say; return how many metrics they were.

    Raises ConfigurationError where they say nothing, RetryableError where nobody takes them.
    """
    if not has_endpoint():
        raise ConfigurationError(
            f"Nothing says where metrics go; set {ENDPOINTS[1]}, for example to http://collector:4318."
        )
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - slow
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415

    reader = InMemoryMetricReader()
    name = os.environ.get("OTEL_SERVICE_NAME") or SERVICE
    provider = MeterProvider([reader], resource=Resource.create({"service.name": name}))
    meter = provider.get_meter(SERVICE)
    gauges = {metric: meter.create_gauge(metric.name, metric.unit, metric.description) for metric in METRICS}
    told = set()
    for value in values:
        gauges[value.metric].set(value.value, dict(value.labels))
        told.add(value.metric)
    data = reader.get_metrics_data()
    exporter = OTLPMetricExporter()
    try:
        if data is not None and exporter.export(data) is not MetricExportResult.SUCCESS:
            raise RetryableError(
                "Whoever takes the metrics does not answer, or refuses them; see OTEL_EXPORTER_OTLP_*."
            )
    finally:
        exporter.shutdown()
        provider.shutdown()
    return len(told)


def exposition(values: Iterable[Value]) -> Iterator[str]:
    """Yield the lines of Prometheus' text format, for its textfile collector."""
    by_metric: dict[str, list[Value]] = defaultdict(list)
    for value in values:
        by_metric[value.metric.name].append(value)
    for metric in METRICS:
        if found := by_metric[metric.name]:
            name = prometheus_name(metric.name, metric.unit)
            yield f"# HELP {name} {metric.description}"
            yield f"# TYPE {name} gauge"
            yield from (f"{name}{_labels(value.labels)} {value.value:.15g}" for value in found)


def prometheus_name(name: str, unit: str) -> str:
    """Return the name that Prometheus gives a metric of OpenTelemetry."""
    return re.sub(r"\W", "_", name) + SUFFIXES.get(unit, "")


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    escaped = ((k, v.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for k, v in labels.items())
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
