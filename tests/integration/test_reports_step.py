"""The step `report` and what reads it: missing sources, repeated runs, earlier days, commands and the API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from include.contracts import staged
from include.contracts.access import Scope
from include.contracts.errors import ConfigurationError
from include.contracts.reports import PARTS, REPORT, REPORT_COVERAGE, REPORT_HISTORY, REPORTS
from include.contracts.reports.nps import GROUPS
from include.contracts.runs import DatasetRef, StageReport
from include.measures.step import measure
from include.reports.reading import find_report, read, read_picture
from include.reports.step import report
from include.segments.step import segment
from include.web import keys
from include.web.serve import standalone
from tests.small_company import AS_OF, SmallCompany, publish, rows_at
from tests.web_company import people_of, published


def reported(company: SmallCompany, as_of: date = AS_OF) -> StageReport:
    refs: dict[str, DatasetRef] = company.save()
    for step in (measure, segment):
        refs |= publish(company.project, step(company.project, company.run(as_of), refs))
    return report(company.project, company.run(as_of), refs)


def rows(company: SmallCompany, table: Any, report: StageReport) -> list[dict[str, Any]]:
    (ref,) = [ref for ref in report.writes if ref.dataset == table.name]
    return rows_at(company.project, table, ref)


def of_all(company: SmallCompany, report: StageReport) -> list[dict[str, Any]]:
    return [row for row in rows(company, GROUPS.table, report) if row["dimension"] == "all"]


def states(company: SmallCompany, report: StageReport) -> dict[str, str]:
    return {row["report_key"]: row["state"] for row in rows(company, REPORT, report)}


def test_reports_whose_sources_are_missing_are_empty_and_say_which_and_the_others_are_whole(tmp_path: Path) -> None:
    company = people_of(tmp_path, "")
    whole = of_all(company, reported(company))
    del company.rows[staged.CONTRACT]
    told = reported(company)
    assert (states(company, told)["churn"], states(company, told)["nps"]) == ("missing", "published")
    assert of_all(company, told) == whole != []
    (churn,) = [row for row in rows(company, REPORT, told) if row["report_key"] == "churn"]
    assert churn["reason"] == "No contracts are exported; retention cannot be told without them."


def test_of_a_company_without_anything_every_table_is_there_and_empty(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path)
    company.person("p1")
    told = reported(company)
    assert set(states(company, told)) == {declared.key for declared in REPORTS}
    assert {ref.dataset for ref in told.writes} >= {part.name for part in PARTS}


def test_every_report_tells_of_all_that_it_declares_how_much_it_judged(tmp_path: Path) -> None:
    company = people_of(tmp_path, "")
    told = reported(company)
    published = {key for key, state in states(company, told).items() if state != "missing"}
    subjects = {(row["report_key"], row["subject"]) for row in rows(company, REPORT_COVERAGE, told)}
    assert subjects == {(d.key, cover.subject) for d in REPORTS if d.key in published for cover in d.covers}


def test_a_second_run_writes_nothing_anew_and_a_later_day_only_what_changed(tmp_path: Path) -> None:
    company = people_of(tmp_path, "")
    first = reported(company)
    assert reported(company).writes == first.writes
    publish(company.project, first)
    known = rows(company, REPORT_HISTORY, first)
    company.answer("p4", 10, AS_OF + timedelta(days=1))
    after = reported(company, AS_OF + timedelta(days=1))
    added = [row for row in rows(company, REPORT_HISTORY, after) if row not in known]
    assert {row["since"] for row in added} == {AS_OF + timedelta(days=1)}
    assert 0 < len(added) < len(known)


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[SmallCompany]:
    """A company that was published on two days; on the second, p4 is no detractor any more."""
    with new_database() as url:
        company = people_of(tmp_path_factory.mktemp("reports"), url)
        published(company)
        company.answer("p4", 10, AS_OF + timedelta(days=1))
        published(company, AS_OF + timedelta(days=1))
        yield company
        company.project.close()


def detractors(company: SmallCompany, as_of: date | None = None) -> int:
    with company.project.warehouse().begin() as connection:
        found = read(connection, find_report("nps"), GROUPS, as_of=as_of)
    (count,) = found.rows["detractors"].to_pylist()
    return int(count)


def test_what_a_report_said_on_an_earlier_day_can_be_had_again(company: SmallCompany) -> None:
    assert (detractors(company), detractors(company, AS_OF)) == (27, 28)
    with pytest.raises(ConfigurationError, match="kept from 2026-11-20 to 2026-11-21"):
        detractors(company, AS_OF - timedelta(days=1))


def test_the_command_shows_writes_and_draws(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from include.cli.app import COMMANDS, _application  # noqa: PLC0415

    for name in ("home", "config", "warehouse_url"):
        monkeypatch.setenv(f"KINDRED_{name.upper()}", str(getattr(company.project.settings, name)))
    app, runner = _application(list(COMMANDS)), CliRunner()
    assert "churn" in runner.invoke(app, ["report"]).stdout
    shown = runner.invoke(app, ["report", "nps"])
    assert "Detractors" in shown.stdout or "detractors" in shown.stdout
    assert "exports answers alone" in shown.stderr and "Judged" in shown.stderr
    written = runner.invoke(app, ["report", "nps", "--by", "plan", "--format", "csv"])
    assert {row["dimension"] for row in csv.DictReader(io.StringIO(written.stdout))} == {"plan"}
    drawn = runner.invoke(app, ["report", "nps", "--format", "svg", "--out", str(tmp_path / "nps.svg")])
    assert drawn.exit_code == 0 and "NPS by month" in (tmp_path / "nps.svg").read_text("utf-8")
    drawn = runner.invoke(app, ["report", "lifetime_value", "--format", "svg"])
    assert drawn.exit_code == 0
    for wrong in (
        ["report", "nps", "--format", "svg", "--by", "plan"],
        ["report", "nps", "--by", "moon"],
        ["report", "churn", "--part", "ledger", "--by", "plan"],
    ):
        assert isinstance(runner.invoke(app, wrong).exception, ConfigurationError)


def test_tools_get_rows_with_the_meaning_of_their_columns_or_files(company: SmallCompany) -> None:
    client = TestClient(standalone(company.project))
    key = keys.create(company.project.warehouse(), "tool", (Scope.SEGMENTS_READ,), days=1, author="me")
    client.headers["Authorization"] = f"Bearer {key}"
    assert [row["report_key"] for row in client.get("/api/v1/reports").json()["reports"]] == [r.key for r in REPORTS]
    told = client.get("/api/v1/reports/nps", params={"part": "month"}).json()
    assert {row["dimension"] for row in told["rows"]} == {"all"}
    assert [c["unit"] for c in told["columns"] if c["name"] == "nps"] == ["points"]
    assert told["coverage"] and told["cannot_say"]
    earlier = client.get("/api/v1/reports/nps", params={"as_of": AS_OF.isoformat()}).json()
    assert [row["detractors"] for row in earlier["rows"]] == [28]
    assert client.get("/api/v1/reports/nps?format=svg").text.startswith("<svg")
    assert client.get("/api/v1/reports/nps?format=ndjson").text.count("\n") == 1
    refused = client.get("/api/v1/reports/npss")
    assert (refused.status_code, "nps" in json.loads(refused.text)["detail"]) == (404, True)


def test_a_picture_is_drawn_from_the_dimension_that_it_is_of(company: SmallCompany) -> None:
    with company.project.warehouse().begin() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        for declared in REPORTS:
            found = read_picture(connection, declared)
            wanted = declared.chart.where.get("dimension", "all")
            assert {row.get("dimension", "all") for row in found.rows.to_pylist()} <= {wanted}
