"""What reports compute from, made of a small company's rows; for tests of several kinds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from include.contracts.settings import ROOT
from include.measures.settings import read_settings as read_thresholds
from include.measures.step import inputs_of
from include.reports.data import Data
from include.reports.settings import read_settings
from include.reports.step import MEASURED, staged
from tests.small_company import AS_OF, SmallCompany

CONFIG = ROOT / "include" / "config"


@contextmanager
def report_data(company: SmallCompany, as_of: date = AS_OF) -> Iterator[Data]:
    """The company's rows on a day; nothing is measured yet."""
    refs = company.save()
    with company.project.engine() as engine:
        inputs = inputs_of(company.project, engine, company.run(as_of), refs, read_thresholds(CONFIG))
        measured = {table.name: engine.read(table, refs.get(table.name)) for table in MEASURED}
        yield Data(engine, inputs, read_settings(CONFIG), {**measured, **staged(engine, refs)})


def listed(rows: ir.Table, *order: str) -> list[dict[str, Any]]:
    """The rows as dictionaries, in order."""
    found = rows.order_by(list(order)) if order else rows
    return found.to_pyarrow().to_pylist()


def small(home: Path) -> SmallCompany:
    return SmallCompany(home)
