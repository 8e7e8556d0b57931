"""The step `measure`: what it writes, what it does not write again, and the history it keeps."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from include.contracts.errors import EarlierDayError
from include.contracts.events import HAPPENED
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360, CUSTOMER_HISTORY
from include.contracts.metrics import GRID_FLOW, MEASURED
from include.contracts.runs import StageReport
from include.measures.step import measure
from tests.small_company import AS_OF, SmallCompany, publish, read

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def measured_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the company that was measured on its day."""
    home = tmp_path_factory.mktemp("company")
    run(made(home), AS_OF)
    return home


@pytest.fixture
def company(measured_before: Path, tmp_path: Path) -> SmallCompany:
    """The company, measured on its day already: a test's own copy."""
    return made(shutil.copytree(measured_before, tmp_path / "home"))


def made(home: Path) -> SmallCompany:
    company = SmallCompany(home)
    company.account("a1")
    company.person("p1", account_id="a1")
    company.person("p2")
    company.answer("p1", 9, AS_OF)
    return company


def run(company: SmallCompany, day: date) -> StageReport:
    report = measure(company.project, company.run(day), company.save())
    publish(company.project, report)
    return report


def history(company: SmallCompany, report: StageReport) -> list[tuple[str, date, bool, str | None]]:
    rows = read(company.project, CUSTOMER_HISTORY, report)
    return [(row["profile_id"], row["since"], row["is_present"], row["nps_class"]) for row in rows]


def test_it_writes_all_its_tables_and_counts_whom_it_measured(company: SmallCompany) -> None:
    report = run(company, AS_OF)
    assert {ref.dataset for ref in report.writes} == {table.name for table in (*MEASURED, *HAPPENED)}
    assert (report.counts["profiles"], report.counts["accounts"]) == (2, 1)


def test_nobody_and_no_activity_is_no_fault(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path)
    report = measure(company.project, company.run(), company.save())
    assert set(report.counts.values()) == {0}
    assert {ref.dataset for ref in report.writes} == {table.name for table in (*MEASURED, *HAPPENED)}


def test_so_many_people_that_their_measures_are_joined_by_themselves_have_the_same(
    company: SmallCompany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = read(company.project, CUSTOMER_360, run(company, AS_OF))
    monkeypatch.setattr("include.measures.step.MANY", 0)
    other = made(tmp_path / "other")
    assert read(other.project, CUSTOMER_360, run(other, AS_OF)) == few


def test_unchanged_input_writes_nothing_new(company: SmallCompany) -> None:
    assert run(company, AS_OF).writes == run(company, AS_OF).writes


def test_another_threshold_is_another_version(company: SmallCompany, tmp_path: Path) -> None:
    first = run(company, AS_OF)
    config = tmp_path / "config"
    config.mkdir()
    shipped = company.project.settings.config / "measures.yaml"
    (config / "measures.yaml").write_text(shipped.read_text().replace("window_days: 365", "window_days: 30"))
    settings = company.project.settings.model_copy(update={"config": config})
    company.project = type(company.project)(settings)
    assert run(company, AS_OF).writes[0] != first.writes[0]


def test_the_history_has_a_row_only_where_the_state_changed(company: SmallCompany) -> None:
    run(company, AS_OF)
    tomorrow, later = AS_OF + timedelta(days=1), AS_OF + timedelta(days=2)
    run(company, tomorrow)
    company.answer("p1", 2, later)
    report = run(company, later)
    assert history(company, report) == [
        ("p1", AS_OF, True, "promoter"),
        ("p1", later, True, "detractor"),
        ("p2", AS_OF, True, "unknown"),
    ]


def test_a_second_run_on_one_day_replaces_that_day_in_the_history(company: SmallCompany) -> None:
    run(company, AS_OF)
    company.answer("p1", 2, AS_OF, hour=13)
    assert history(company, run(company, AS_OF))[0] == ("p1", AS_OF, True, "detractor")
    tomorrow = AS_OF + timedelta(days=1)
    company.answer("p1", 10, tomorrow)
    run(company, tomorrow)
    company.answer("p1", 7, tomorrow, hour=13)
    assert history(company, run(company, tomorrow))[:2] == [
        ("p1", AS_OF, True, "detractor"),
        ("p1", tomorrow, True, "passive"),
    ]


def test_a_profile_that_is_gone_ends_in_the_history_and_may_come_back(company: SmallCompany) -> None:
    run(company, AS_OF)
    gone = {table: rows for table, rows in company.rows.items()}
    company.rows = {t: [r for r in rows if r.get("profile_id") != "p2"] for t, rows in gone.items()}
    tomorrow, later = AS_OF + timedelta(days=1), AS_OF + timedelta(days=2)
    assert ("p2", tomorrow, False, None) in history(company, run(company, tomorrow))
    company.rows = gone
    assert ("p2", later, True, "unknown") in history(company, run(company, later))


def test_an_earlier_day_than_the_one_that_readers_see_is_refused(company: SmallCompany) -> None:
    run(company, AS_OF)
    with pytest.raises(EarlierDayError):
        run(company, AS_OF - timedelta(days=9))


def test_flows_between_cells_are_of_whole_weeks(company: SmallCompany) -> None:
    assert read(company.project, GRID_FLOW, run(company, AS_OF)) == []  # a first run moves nobody
    week = AS_OF + timedelta(days=7)
    company.answer("p1", 2, AS_OF + timedelta(days=3))
    company.person("p3")
    flows = read(company.project, GRID_FLOW, run(company, week))
    moves = {(flow["from_nps_class"], flow["to_nps_class"]): flow["profiles"] for flow in flows}
    assert moves == {("promoter", "detractor"): 1, ("new", "unknown"): 1}
    assert {flow["week_end"] for flow in flows} == {week}


def test_the_measures_are_as_of_the_logical_date_and_not_of_today(tmp_path: Path) -> None:
    company = made(tmp_path)
    company.contract("a1", "term", AS_OF - timedelta(days=300), AS_OF + timedelta(days=10))
    report = run(company, AS_OF - timedelta(days=100))
    assert read(company.project, CUSTOMER_360, report)[0]["nps_class"] == "unknown"  # it answers 100 days later
    assert read(company.project, ACCOUNT_360, report)[0]["renewal_days"] == 110
