"""Reports as readers have them: a part's rows, as published or as they were on an earlier logical date."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.nearest import nearest
from include.contracts.reports import ALL, REPORT, REPORT_COVERAGE, REPORT_HISTORY, Part, Report, reports_by_key
from include.contracts.reports.sales_alerts import ALERTS_PART
from include.contracts.tables import Type
from include.storage.postgres.ddl import TYPES
from include.storage.postgres.warehouse import READERS

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
NOTHING = "No reports are published yet; run `python -m include run` first."


@dataclass(frozen=True)
class Reading:
    """One part of a report on a day: its rows, how the report came out, and what it could judge."""

    report: Report
    part: Part
    as_of: date
    rows: pa.Table
    outcome: dict[str, Any]
    coverage: list[dict[str, Any]]


def find_report(key: str) -> Report:
    """Return the report of a key; raises UnknownError naming the nearest."""
    known = reports_by_key()
    if key not in known:
        raise UnknownError(f"There is no report {key!r}{nearest(key, known)}.")
    return known[key]


def find_part(report: Report, name: str | None) -> Part:
    """Return a part of a report by its name, else the main one; raises UnknownError naming the nearest."""
    if name is None:
        return report.parts[0]
    try:
        return report.part(name)
    except KeyError:
        known = short_names(report)
        raise UnknownError(f"The report {report.key} has no part {name!r}{nearest(name, known)}.") from None


def short_names(report: Report) -> list[str]:
    """Return what commands and addresses call the parts that are not the main one."""
    return [part.name.removeprefix(f"report_{report.key}_") for part in report.parts[1:]]


def outcomes(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the published reports in their order, and how each came out; raises ConfigurationError."""
    if connection.exec_driver_sql(f"SELECT to_regclass('{READERS}.{REPORT.name}')").scalar() is None:
        raise ConfigurationError(NOTHING)
    found = {row["report_key"]: row for row in _rows(connection, f"SELECT * FROM {READERS}.{REPORT.name}")}
    return [found[key] for key in reports_by_key() if key in found]


def read(
    connection: sa.Connection, report: Report, part: Part, *, as_of: date | None = None, by: str | None = None
) -> Reading:
    """Return a part's rows, in its order, of the dimension ``by`` (default: everything together).

    ``as_of`` is an earlier logical date. Raises ConfigurationError for a dimension that the part does not have, and
    for a day of which nothing is kept.
    """
    told = {row["report_key"]: row for row in outcomes(connection)}
    if report.key not in told:
        raise ConfigurationError(f"The report {report.key} is not published yet; run `python -m include run` first.")
    outcome = told[report.key]
    earlier = as_of is not None and as_of != outcome["as_of"]
    if earlier:
        _require_kept(connection, as_of, outcome["as_of"])
    source = _past(part) if earlier else f'SELECT * FROM {READERS}."{part.name}"'
    chosen = _dimension(connection, source, part, by, as_of)
    order = ", ".join(f'"{name.removeprefix("-")}"{" DESC" * name.startswith("-")}' for name in part.order or part.key)
    where = "WHERE dimension = :by" if chosen else ""
    rows = _rows(connection, f"SELECT * FROM ({source}) told {where} ORDER BY {order}", by=chosen, day=as_of)
    coverage = f"SELECT * FROM {READERS}.{REPORT_COVERAGE.name} WHERE report_key = :key"
    known = {row["subject"]: row for row in _rows(connection, coverage, key=report.key)}
    return Reading(
        report, part, as_of or outcome["as_of"], _table(part, rows), outcome,
        [] if earlier else [known[cover.subject] for cover in report.covers if cover.subject in known],
    )  # fmt: skip


def read_picture(connection: sa.Connection, report: Report, as_of: date | None = None) -> Reading:
    """Return the rows that a report's picture is drawn from."""
    part = report.part(report.chart.part)
    return read(connection, report, part, as_of=as_of, by=report.chart.where.get("dimension"))


def dimensions(connection: sa.Connection, part: Part) -> list[str]:
    """Return the dimensions that a part's published rows are broken down by, everything together first."""
    if not part.has_dimensions:
        return []
    found = connection.exec_driver_sql(f'SELECT DISTINCT dimension FROM {READERS}."{part.name}"').scalars()
    return sorted(found, key=lambda name: (name != ALL, name))


def require_alert(connection: sa.Connection, alert_id: str) -> None:
    """Raise UnknownError unless a sales alert of this id is published."""
    outcomes(connection)
    query = f"SELECT alert_id FROM {READERS}.{ALERTS_PART.name} WHERE alert_id = :alert"
    if not _rows(connection, query, alert=alert_id):
        raise UnknownError(f"There is no alert {alert_id!r}; `python -m include report sales_alerts` lists them.")


def _dimension(connection: sa.Connection, source: str, part: Part, by: str | None, day: date | None) -> str | None:
    if not part.has_dimensions:
        if by is not None:
            raise ConfigurationError(f"{part.name} is not broken down by anything; leave --by out.")
        return None
    if by is None or by == ALL:
        return ALL
    query = f"SELECT DISTINCT dimension FROM ({source}) told"
    known = sorted(row["dimension"] for row in _rows(connection, query, day=day))
    if known and by not in known:
        raise ConfigurationError(f"{part.name} is not broken down by {by!r}; it is by {', '.join(known)}.")
    return by


def _past(part: Part) -> str:
    """The rows of a part as they were on ``:day``: of each row the latest state up to it."""
    columns = ", ".join(f'"{c.name}" {TYPES[c.type].compile(DIALECT)}' for c in part.table.columns)
    return f"""
        SELECT told.* FROM (
            SELECT DISTINCT ON (row_id) figures, is_present FROM {READERS}.{REPORT_HISTORY.name}
            WHERE part = '{part.name}' AND since <= :day ORDER BY row_id, since DESC
        ) kept CROSS JOIN LATERAL jsonb_to_record(kept.figures) AS told({columns}) WHERE kept.is_present
    """


def _require_kept(connection: sa.Connection, day: date | None, latest: date) -> None:
    first = connection.exec_driver_sql(f"SELECT min(since) FROM {READERS}.{REPORT_HISTORY.name}").scalar()
    if first is None or day is None or not first <= day <= latest:
        raise ConfigurationError(f"Reports are kept from {first or latest} to {latest}; {day} is none of these days.")


def _rows(connection: sa.Connection, query: str, **given: Any) -> list[dict[str, Any]]:
    used = {name: value for name, value in given.items() if f":{name}" in query}
    return [dict(row) for row in connection.execute(sa.text(query), used).mappings()]


def _table(part: Part, rows: list[dict[str, Any]]) -> pa.Table:
    """The rows in the part's types; JSON, which the warehouse gives as what it says, is text again."""
    texts = [c.name for c in part.table.columns if c.type is Type.JSON]
    told = [
        {**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in texts if not isinstance(row[name], str)}}
        for row in rows
    ]
    return pa.Table.from_pylist(told, schema=_schema(part))


def _schema(part: Part) -> pa.Schema:
    """The part's schema, without constraints: a reader takes what is there."""
    return pa.schema(field.with_nullable(True) for field in part.table.schema)
