"""What reports compute from: the tables of one run, its logical date, the settings, and SQL over named relations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from uuid import uuid4

import ibis.expr.operations as ops
import ibis.expr.types as ir

from include.contracts.errors import ContractError
from include.contracts.events import Vocabulary
from include.contracts.quoting import literal
from include.measures import renewal
from include.measures.inputs import Inputs
from include.reports.settings import ReportSettings
from include.storage.engine import Engine

# Wilson's interval of a share (JASA 22, 1927) at 95 %.
MACROS = (
    """CREATE OR REPLACE TEMP MACRO wilson_half(k, n) AS
        1.96 * sqrt(k / n * (1 - k / n) / n + 0.9604 / (n * n))""",
    """CREATE OR REPLACE TEMP MACRO wilson_low(k, n) AS
        CASE WHEN n > 0 THEN greatest((k / n + 1.9208 / n - wilson_half(k, n)) / (1 + 3.8416 / n), 0) END""",
    """CREATE OR REPLACE TEMP MACRO wilson_high(k, n) AS
        CASE WHEN n > 0 THEN least((k / n + 1.9208 / n + wilson_half(k, n)) / (1 + 3.8416 / n), 1) END""",
)


@dataclass(frozen=True)
class Data:
    """The tables of a run by name, as Ibis expressions, and the engine that they lie in."""

    engine: Engine
    inputs: Inputs
    settings: ReportSettings
    tables: Mapping[str, ir.Table]
    past: ir.Table  # report_history as it was before the run's day
    past_version: str
    answers: ir.Table  # to alerts: alert_id, answer, answered_by
    vocabulary: Vocabulary  # what criteria may name
    _made: dict[Callable[[Data], ir.Table], ir.Table] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for macro in MACROS:
            self.engine.connection.execute(macro).fetchall()

    @property
    def as_of(self) -> date:
        """The run's logical date."""
        return self.inputs.as_of

    def sql(self, query: str, **given: object) -> ir.Table:
        """Compute a query of DuckDB once; ``{name}`` in it stands for a relation or a value that is given.

        ``{as_of}`` is the logical date. Relations are named, values are written as SQL literals (a tuple with commas
        between). Raises ContractError for a value of another kind.
        """
        names = {name: self._written(value) for name, value in given.items()}
        name = f"report_{uuid4().hex}"
        text = query.format(as_of=_literal(self.as_of), **names)
        self.engine.connection.execute(f"CREATE TEMP TABLE {name} AS {text}").fetchall()
        return self.engine.ibis.table(name, database=("temp", "main"))

    def once(self, make: Callable[[Data], ir.Table]) -> ir.Table:
        """Return what ``make`` computes from this data, computed by whichever report asks first."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def count(self, rows: ir.Table) -> int:
        """Return the number of rows."""
        found: int = self.engine.ibis.to_pyarrow(rows.count()).as_py()
        return found

    def _written(self, value: object) -> str:
        return self._named(value) if isinstance(value, ir.Table) else _literal(value)

    def _named(self, rows: ir.Table) -> str:
        """Return the name by which SQL reads a relation; what has none gets one."""
        node = rows.op()
        if isinstance(node, ops.DatabaseTable):
            place = [part for part in (node.namespace.catalog, node.namespace.database, node.name) if part]
            return ".".join(f'"{part}"' for part in place)
        return f'"{self.engine.view(rows).get_name()}"'

    @cached_property
    def customers(self) -> ir.Table:
        """customer_360 of this run."""
        return self.tables["customer_360"]

    @cached_property
    def accounts(self) -> ir.Table:
        """account_360 of this run."""
        return self.tables["account_360"]

    @cached_property
    def contracts(self) -> ir.Table:
        """Contracts that are no drafts, of living accounts, with how they stand (see measures.renewal)."""
        query = "SELECT * REPLACE (CAST(last_day AS DATE) AS last_day, CAST(term_end AS DATE) AS term_end) FROM {rows}"
        return self.sql(query, rows=renewal.contracts(self.inputs))


def _literal(value: object) -> str:
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, tuple):
        return ", ".join(map(_literal, value))
    raise ContractError(f"a value of type {type(value).__name__} cannot be written into a query.")


@dataclass(frozen=True)
class Computed:
    """What a report comes to: rows of its parts by name, of its coverage by subject, or why it is refused."""

    parts: Mapping[str, ir.Table]
    coverage: ir.Table | None = None  # subject, judged, total
    refused: str = ""


def covered(data: Data, *lines: ir.Table) -> ir.Table:
    """Return the lines of a coverage, each one row of subject, judged, total, as one table."""
    union = " UNION ALL ".join(f"SELECT subject, judged, total FROM {{line_{n}}}" for n in range(len(lines)))
    return data.sql(union, **{f"line_{n}": line for n, line in enumerate(lines)})
