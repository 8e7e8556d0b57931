"""Each report is declared once and computed once; tables, picture, settings and page follow from the declarations."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from include.contracts.errors import UnknownError
from include.contracts.reports import PARTS, REPORTS, Report
from include.contracts.staged import STAGED
from include.contracts.tables import Type
from include.reference import reports as reference
from include.reports.drawing import svg
from include.reports.reading import find_part, find_report
from include.reports.step import MODULES


def test_what_is_declared_is_computed_under_the_same_key():
    assert [report.key for report in REPORTS] == list(MODULES)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.key)
def test_a_report_says_what_it_is(report: Report):
    assert report.question.endswith("?") and report.definition.endswith(".") and report.window.endswith(".")
    assert all(part.name.startswith(f"report_{report.key}") for part in report.parts)
    sentences = [need.says for need in report.needs] + [c.says for c in report.covers] + list(report.cannot_say)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert {need.table for need in report.needs} <= {table.name for table in STAGED}


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.key)
def test_its_picture_can_be_drawn_without_rows_and_names_columns_of_its_part(report: Report):
    part = report.part(report.chart.part)
    used = {report.chart.x, report.chart.y, *report.chart.where, *(report.chart.band or ())} | (
        {report.chart.colour} - {""}
    )
    assert used <= set(part.table.names)
    assert "There is nothing to show as of 2026-10-31." in svg(
        report, part.table.schema.empty_table(), date(2026, 10, 31)
    )


def test_bars_of_nothing_are_not_drawn_and_a_unit_is_not_said_twice():
    report = find_report("account_stages")
    table = report.parts[0].table
    rows = [{name: 0 for name in table.names} | {"stage": stage} for stage in ("target", "customer")]
    assert "There is nothing to show" in svg(
        report, pa.Table.from_pylist(rows, schema=table.schema), date(2026, 10, 31)
    )
    rows[0]["accounts"] = 3
    drawn = svg(report, pa.Table.from_pylist(rows, schema=table.schema), date(2026, 10, 31))
    assert ">accounts<" in drawn and "accounts (accounts)" not in drawn


def test_every_number_has_a_unit():
    bare = [
        f"{part.name}.{figure.column.name}"
        for part in PARTS
        for figure in part.figures
        if figure.column.type in (Type.INTEGER, Type.NUMBER) and not figure.unit
    ]
    assert bare == []


def test_a_slip_in_a_key_or_a_part_is_told_with_the_nearest():
    with pytest.raises(UnknownError, match="did you mean 'churn'"):
        find_report("chrun")
    with pytest.raises(UnknownError, match="did you mean 'ledger'"):
        find_part(find_report("churn"), "leger")


def test_the_page_is_written_from_the_declarations():
    assert reference.PLACE.read_text(encoding="utf-8") == reference.render(), "run python -m include.reference"
    assert reference.COLUMNS.read_text(encoding="utf-8") == reference.render_columns()
    assert {picture.stem for picture in reference.PICTURES.glob("*.svg")} == {report.key for report in REPORTS}
