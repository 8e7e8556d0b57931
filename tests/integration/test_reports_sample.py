"""The reports on the sample company against the figures that its generator knows from what happened.

Records are united as they are in truth, so that only the reports are on trial. What flaws hide (deleted and
invalid rows) makes the small differences that are allowed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from include.contracts import identity, profiles
from include.contracts.reports.campaign_influence import CAMPAIGNS
from include.contracts.reports.churn import MONTHS
from include.contracts.reports.funnel import STAGES_PART
from include.contracts.reports.nps import GROUPS
from include.contracts.runs import DatasetRef, Run
from include.reports import campaign_influence, churn, funnel, nps
from include.reports.step import open_data
from include.samples import generate
from tests.export_files import Company
from tests.report_data import listed
from tests.small_company import rows_of, save

AS_OF = date(2026, 10, 31)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, people=1500)
    return folder


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sample / "truth" / "figures.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def data(sample: Path) -> Iterator[Any]:
    """What reports compute from: the sample staged, and its records united as they are in truth."""
    company = Company(sample)
    refs: dict[str, DatasetRef] = {ref.dataset: ref for ref in company.stage().writes}
    with (sample / "truth" / "records.csv").open(encoding="utf-8", newline="") as file:
        people = {row["record_id"]: row["person_id"] for row in csv.DictReader(file)}
    records = [row["record_id"] for row in company.staged("person_record") if not row["is_deleted"]]
    accounts = [row["account_id"] for row in company.staged("account") if not row["is_deleted"]]
    united = {
        profiles.PROFILE: [{"profile_id": p, "confidence": 1.0} for p in sorted({people[r] for r in records})],
        identity.CROSSWALK: [
            {"profile_id": people[r], "record_id": r, "confidence": 1.0, "home_id": people[r]} for r in records
        ],
        profiles.ACCOUNT: [{"account_id": account} for account in accounts],
        profiles.ACCOUNT_LINK: [{"source_account_id": a, "account_id": a, "reason": "itself"} for a in accounts],
    }
    with company.project.engine() as engine:
        refs |= {table.name: save(engine, table, rows_of(table, rows)) for table, rows in united.items()}
        yield open_data(company.project, engine, Run("sample", AS_OF), refs)


def of_all(found: Any, part: Any) -> list[dict[str, Any]]:
    return [row for row in listed(found.parts[part.name]) if row.get("dimension", "all") == "all"]


def test_nps_is_that_of_the_people(data: Any, truth: dict[str, Any]) -> None:
    (row,) = of_all(nps.compute(data), GROUPS)
    for name, true in truth["nps"].items():
        assert row[name] == pytest.approx(true, rel=0.03, abs=3), name


def test_a_person_is_one_mql_and_the_crm_has_more(data: Any, truth: dict[str, Any]) -> None:
    rows = {row["stage"]: row for row in of_all(funnel.compute(data), STAGES_PART)}
    for stage in ("mql", "sql"):
        assert rows[stage]["people"] == pytest.approx(truth[stage]["people"], rel=0.03), stage
        assert rows[stage]["crm_count"] == pytest.approx(truth[stage]["leads"], rel=0.04), stage
        assert rows[stage]["people"] < rows[stage]["crm_count"]


def test_as_many_opportunities_are_touched_as_people_with_roles_had_responded(data: Any, truth: dict[str, Any]) -> None:
    found = campaign_influence.compute(data)
    coverage = {row["subject"]: row for row in listed(found.coverage)}
    won = coverage["won opportunities with amount and close date"]
    assert won["total"] == pytest.approx(truth["influence"]["won"], rel=0.05)
    touched = coverage["won opportunities with a touch"]["judged"]
    assert touched == pytest.approx(truth["influence"]["touched"], rel=0.15, abs=3)
    sums = {model: 0.0 for model in ("even", "first_touch", "u_shaped")}
    for row in of_all(found, CAMPAIGNS):
        if row["model"] in sums:
            sums[row["model"]] += row["amount"]
    amounts = data.inputs.opportunity.to_pyarrow().to_pylist()
    revenue = sum(row["amount"] for row in amounts if row["is_won"] and row["amount"] and row["close_date"] <= AS_OF)
    assert all(total == pytest.approx(revenue) for total in sums.values())


def test_retention_is_that_of_the_companies(data: Any, truth: dict[str, Any]) -> None:
    last = max(of_all(churn.compute(data), MONTHS), key=lambda row: row["month"])
    true = truth["contracts"]
    assert last["month"] == date(2026, 10, 1)
    assert last["end_accounts"] == pytest.approx(true["accounts"], rel=0.05)
    assert last["end_value"] == pytest.approx(true["value"], rel=0.05)
    assert last["base_accounts"] == pytest.approx(true["accounts_before"], rel=0.06)
    assert last["logo_retention"] == pytest.approx(true["accounts_kept"] / true["accounts_before"], abs=0.04)
    assert last["grr"] == pytest.approx(true["value_kept"] / true["value_before"], abs=0.04)
