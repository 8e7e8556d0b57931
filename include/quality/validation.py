"""Runs expectations with Great Expectations, on a build in the warehouse.

Great Expectations is imported only here, inside the function: it costs four seconds and 230 MB.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import Any

from sqlalchemy.engine import make_url

from include.contracts.absent import absent
from include.contracts.errors import ConfigurationError
from include.contracts.loading import load
from include.quality.expectations import Expectation
from include.storage.postgres.build import Build

QUERY = "unexpected_rows_query"
COUNTS_ONLY: Mapping[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one expectation: whether it held, and numbers; never a value."""

    expectation: Expectation
    success: bool
    unexpected: int
    observed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validation:
    """The outcomes of one build, and Great Expectations' own result of each table, for its pages."""

    outcomes: tuple[Outcome, ...]
    results: Mapping[str, Any]


def validate(url: str, build: Build, expectations: Sequence[Expectation]) -> Validation:
    """Check the expectations, a suite a table; raises ConfigurationError for one that cannot be evaluated."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    place = make_url(url).update_query_pairs([("options", f"-csearch_path={build.schema}")])
    with redirect_stdout(io.StringIO()):  # it prints progress and advice
        with absent("pyspark"):  # it takes along its Connect part, which ends a forked process, such as Airflow's tasks
            gx = load("great_expectations")

        _silence()
        context: Any = gx.get_context(mode="ephemeral")
        context.variables.save = _nowhere
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        source = context.data_sources.add_postgres(
            "warehouse", connection_string=place.render_as_string(hide_password=False)
        )
        outcomes: list[Outcome] = []
        results: dict[str, Any] = {}
        for table, group in groupby(expectations, key=lambda expectation: expectation.table):
            mine = list(group)
            asset = source.add_table_asset(table, table_name=table)
            suite = gx.ExpectationSuite(
                name=table, expectations=[_native(gx, number, e) for number, e in enumerate(mine)]
            )
            batch = asset.add_batch_definition_whole_table("all rows").get_batch()
            results[table] = batch.validate(suite, result_format=dict(COUNTS_ONLY))
            outcomes += _outcomes(mine, results[table].results)
        source.get_engine().dispose()
    return Validation(tuple(outcomes), results)


def _nowhere() -> None:
    """What is kept of a context that ends with the audit: it would write itself out as YAML at every table."""


def _silence() -> None:
    """Keep out of every log what it informs of, and tracebacks of what its caller hears.

    Some of its loggers set a level of their own.
    """
    for name in ("great_expectations", *logging.root.manager.loggerDict):
        if name.startswith("great_expectations"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _native(gx: Any, number: int, expectation: Expectation) -> Any:
    kind = _rows_expected() if QUERY in expectation.arguments else getattr(gx.expectations, expectation.kind)
    meta = {"number": number, "level": expectation.level, "name": expectation.name}
    arguments = dict(expectation.arguments)
    if QUERY in arguments:  # a comment is the only prose that its pages show with a query
        arguments[QUERY] = f"/* {expectation.reason} */ {arguments[QUERY]}"
    return kind(**arguments, meta=meta)


@cache
def _rows_expected() -> Any:
    """Return UnexpectedRowsExpectation made to count the rows only: the original runs the query twice to fetch some."""
    core: Any = import_module("great_expectations.expectations.core")

    class ExpectNoRows(core.UnexpectedRowsExpectation):  # type: ignore[misc]
        metric_dependencies = ("unexpected_rows_query.row_count",)

        def _validate(self, metrics: Any, **_: Any) -> Any:
            count = metrics["unexpected_rows_query.row_count"]
            return {"success": count == 0, "result": {"observed_value": count}}

    return ExpectNoRows


def _outcomes(expectations: Sequence[Expectation], results: Iterable[Any]) -> list[Outcome]:
    found = {result.expectation_config.meta["number"]: result for result in results}
    return [_outcome(expectation, found[number]) for number, expectation in enumerate(expectations)]


def _outcome(expectation: Expectation, result: Any) -> Outcome:
    if _raised(result.exception_info):
        raise ConfigurationError(
            f"The expectation {expectation.name} of {expectation.table} cannot be evaluated; "
            "correct its SQL in quality.yaml. Nothing was published."
        )
    numbers = {
        name: value
        for name, value in result.result.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    if "unexpected_count" in numbers:
        unexpected = int(numbers["unexpected_count"])
    elif expectation.kind == "UnexpectedRowsExpectation":
        unexpected = int(numbers["observed_value"])
    else:
        unexpected = 0 if result.success else 1
    return Outcome(expectation, bool(result.success), unexpected, numbers)


def _raised(info: Any) -> bool:
    """Tell whether the evaluation itself failed; the information is flat, or one entry a metric."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return any(entry.get("raised_exception") for entry in entries)
