"""What reports compute from, made of a small company's rows; for tests of several kinds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import ibis.expr.types as ir

from include.reports.data import Data
from include.reports.step import open_data
from tests.small_company import AS_OF, SmallCompany


@contextmanager
def report_data(company: SmallCompany, as_of: date = AS_OF) -> Iterator[Data]:
    """The company's rows on a day; nothing is measured yet."""
    refs = company.save()
    with company.project.engine() as engine:
        yield open_data(company.project, engine, company.run(as_of), refs)


def listed(rows: ir.Table, *order: str) -> list[dict[str, Any]]:
    """The rows as dictionaries, in order."""
    found = rows.order_by(list(order)) if order else rows
    return found.to_pyarrow().to_pylist()
