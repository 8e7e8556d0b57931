"""The reports on the sample company against the figures that its generator knows from what happened.

Records are united as they are in truth, so that only the reports are on trial. What flaws hide (deleted and
invalid rows) makes the small differences that are allowed. At the end figures are computed apart, from the exports.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pytest

from include.contracts import identity, profiles
from include.contracts.reports import REPORTS
from include.contracts.reports.account_stages import ACCOUNTS as STAGES_OF_ACCOUNTS
from include.contracts.reports.campaign_influence import CAMPAIGNS
from include.contracts.reports.churn import MONTHS, RENEWALS
from include.contracts.reports.duplicates import FIGURES_PART
from include.contracts.reports.engagement import EVIDENCE
from include.contracts.reports.engagement import MONTHS as MONTHS_OF_MAIL
from include.contracts.reports.funnel import COHORTS, DEALS, REASONS, STAGES_PART
from include.contracts.reports.lifetime_value import ACCOUNTS as WORTH
from include.contracts.reports.lifetime_value import BACK_TEST
from include.contracts.reports.nps import ASKED, FOLLOW_UP, GROUPS
from include.contracts.reports.nps import MONTHS as MONTHS_OF_NPS
from include.contracts.reports.prospect_outcome import GRADES_PART
from include.contracts.reports.sales_alerts import ALERTS_PART
from include.contracts.runs import DatasetRef, Run
from include.contracts.tables import Table
from include.measures.step import measure
from include.reports import (
    account_stages,
    campaign_influence,
    churn,
    contracts,
    duplicates,
    engagement,
    funnel,
    lifetime_value,
    nps,
    prospect_outcome,
    sales_alerts,
    signs,
    warnings,
)
from include.reports.data import Data
from include.reports.step import DIGITS, compute, open_data
from include.samples import generate
from include.storage.project import Project
from tests.export_files import Company
from tests.report_data import listed
from tests.reports_apart import Apart
from tests.small_company import publish, rows_of, save

AS_OF, PEOPLE = date(2026, 10, 31), 1500


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, people=PEOPLE)
    return folder


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sample / "truth" / "figures.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def united(sample: Path) -> tuple[Project, dict[str, DatasetRef]]:
    """The sample staged and measured, its records united as they are in truth."""
    company = Company(sample)
    refs: dict[str, DatasetRef] = {ref.dataset: ref for ref in company.stage().writes}
    with (sample / "truth" / "records.csv").open(encoding="utf-8", newline="") as file:
        people = {row["record_id"]: row["person_id"] for row in csv.DictReader(file)}
    staged = [row for row in company.staged("person_record") if not row["is_deleted"]]
    records, works_at = [row["record_id"] for row in staged], employers(staged, people)
    accounts = [row for row in company.staged("account") if not row["is_deleted"]]
    seen: dict[str, Any] = {}
    for row in (row for row in staged if row["created_at"]):
        seen[people[row["record_id"]]] = min(row["created_at"], seen.get(people[row["record_id"]], row["created_at"]))
    rows_by_table = {
        profiles.PROFILE: [
            {"profile_id": p, "confidence": 1.0, "account_id": works_at.get(p), "first_seen_at": seen.get(p)}
            for p in sorted({people[r] for r in records})
        ],
        profiles.PROFILE_IDENTIFIER: addresses(staged, people),
        identity.CROSSWALK: [
            {"profile_id": people[r], "record_id": r, "confidence": 1.0, "home_id": people[r]} for r in records
        ],
        profiles.ACCOUNT: [
            {name: row[name] for name in ("account_id", "employees", "industry", "owner_id")} for row in accounts
        ],
        profiles.ACCOUNT_LINK: [
            {"source_account_id": a, "account_id": b, "reason": "itself"} for a, b in living(accounts).items()
        ],
    }
    with company.project.engine() as engine:
        refs |= {table.name: save(engine, table, rows_of(table, rows)) for table, rows in rows_by_table.items()}
    refs |= publish(company.project, measure(company.project, Run("sample", AS_OF), refs))
    return company.project, refs


@pytest.fixture(scope="module")
def data(united: tuple[Project, dict[str, DatasetRef]]) -> Iterator[Data]:
    """What reports compute from."""
    project, refs = united
    with project.engine() as engine:
        yield open_data(project, engine, Run("sample", AS_OF), refs)


def test_reports_say_the_same_whatever_the_order_of_the_rows(
    united: tuple[Project, dict[str, DatasetRef]], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, refs = united
    forth, back = (_parts(project, refs, order, monkeypatch) for order in (ibis.asc, ibis.desc))
    assert all(forth[declared.parts[0].name] for declared in REPORTS)
    assert (_only(forth, back), _only(back, forth)) == ({}, {})


def _parts(
    project: Project, refs: dict[str, DatasetRef], order: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[str]]:
    """The rows of all reports, sorted, from tables that lie in an order of their keys."""
    with project.engine() as engine:
        read = engine.read

        def in_order(table: Table, at: Any) -> ir.Table:
            return engine.hold(read(table, at).order_by([order(name) for name in table.key]))

        monkeypatch.setattr(engine, "read", in_order)
        data = open_data(project, engine, Run("sample", AS_OF), refs)
        found = {name: rows for declared in REPORTS for name, rows in compute(data, declared).parts.items()}
        return {name: sorted(map(_rounded, listed(rows))) for name, rows in found.items()}


def _rounded(row: dict[str, Any]) -> str:
    """A row as text; numbers as reports write them."""
    return str([round(value, DIGITS) if isinstance(value, float) else value for value in row.values()])


def _only(these: dict[str, list[str]], those: dict[str, list[str]]) -> dict[str, list[str]]:
    """The rows of these that those lack."""
    return {name: lacking for name, rows in these.items() if (lacking := sorted(set(rows) - set(those[name])))}


def employers(staged: list[dict[str, Any]], people: dict[str, str]) -> dict[str, str]:
    """The account of each person's latest contact."""
    found: dict[str, tuple[Any, str]] = {}
    for row in staged:
        if row["account_id"] and row["object"] == "contact":
            at = (row["updated_at"], row["account_id"])
            found[people[row["record_id"]]] = max(at, found.get(people[row["record_id"]], at))
    return {person: account for person, (_, account) in found.items()}


def living(accounts: list[dict[str, Any]]) -> dict[str, str]:
    """The account of the CRM that each one stands for, by its domain."""
    known = {row["domain"]: row["account_id"] for row in accounts if row["part"] == "crm" and row["domain"]}
    return {
        row["account_id"]: row["account_id"] if row["part"] == "crm" else known.get(row["domain"], row["account_id"])
        for row in accounts
    }


def addresses(staged: list[dict[str, Any]], people: dict[str, str]) -> list[dict[str, Any]]:
    pairs = sorted({(people[row["record_id"]], row["email"]) for row in staged if row["email"]})
    return [{"profile_id": person, "type": "email", "value": email, "source": "crm"} for person, email in pairs]


def of_all(found: Any, part: Any) -> list[dict[str, Any]]:
    return [row for row in listed(found.parts[part.name]) if row.get("dimension", "all") == "all"]


def test_nps_is_that_of_the_people(data: Any, truth: dict[str, Any]) -> None:
    (row,) = of_all(nps.compute(data), GROUPS)
    for name, true in truth["nps"].items():
        assert row[name] == pytest.approx(true, rel=0.03, abs=3), name


def test_a_person_is_one_mql_and_the_crm_has_more(data: Any, truth: dict[str, Any]) -> None:
    rows = {row["stage"]: row for row in of_all(funnel.compute(data), STAGES_PART)}
    for stage in ("mql", "sal", "sql"):
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


def test_leads_and_opportunities_were_turned_away_for_the_reasons_that_they_were(
    data: Any, truth: dict[str, Any]
) -> None:
    rows = {(row["outcome"], row["reason"]): row["records"] for row in listed(funnel.compute(data).parts[REASONS.name])}
    for outcome, reasons in truth["reasons"].items():
        for reason, records in reasons.items():
            assert rows.get((outcome, reason), 0) == pytest.approx(records, rel=0.1, abs=2), (outcome, reason)


def test_opportunities_stay_in_each_stage_as_long_as_they_did(data: Any, truth: dict[str, Any]) -> None:
    rows = {row["stage"]: row for row in listed(funnel.compute(data).parts[DEALS.name])}
    for stage, true in truth["stages"].items():
        assert rows[stage]["opportunities"] == pytest.approx(true["entered"], rel=0.04), stage
        assert rows[stage]["moved_on"] == pytest.approx(true["left"], rel=0.04), stage
        assert rows[stage]["days_median"] == pytest.approx(true["median_days"], rel=0.05), stage


def test_as_many_people_chatted_were_asked_and_were_spoken_to_as_in_truth(data: Any, truth: dict[str, Any]) -> None:
    chatted = {row["profile_id"] for row in listed(signs.of_people(data)) if row["sign"] == "chat"}
    assert len(chatted) == pytest.approx(truth["chats"]["people"], rel=0.06)
    found = nps.compute(data)
    (asked,) = of_all(found, ASKED)
    share = asked["people"] / PEOPLE  # the report is of people with an account
    assert asked["asked"] == pytest.approx(truth["surveyed"]["asked"] * share, rel=0.15)
    assert asked["response_rate"] == pytest.approx(truth["surveyed"]["answered"] / truth["surveyed"]["asked"], abs=0.08)
    rows = listed(found.parts[FOLLOW_UP.name])
    for name, true in truth["followed_up"].items():
        assert sum(row[name] for row in rows) == pytest.approx(true, rel=0.06), name


def test_renewals_are_worked_on_or_not_as_they_are(data: Any, truth: dict[str, Any]) -> None:
    rows = listed(churn.compute(data).parts[RENEWALS.name])
    for decision, true in truth["renewals"].items():
        found = sum(row["contracts"] for row in rows if row["decision"] == decision)
        assert found == pytest.approx(true, rel=0.15, abs=2), decision


def test_what_went_before_losses_is_counted_as_it_went_before_them(data: Any, truth: dict[str, Any]) -> None:
    counts = {(row["signal"], row["lead_days"]): row for row in warnings.counted(data, data.once(contracts.spans))}
    for signal, lead in (("champion_left", 30), ("nps_negative", 30), ("no_use", 14), ("use_falling", 14)):
        found, true = counts[signal, lead], truth["signals"][signal]
        for name in ("with_signal", "lost_with", "without_signal", "lost_without"):
            assert found[name] == pytest.approx(true[name], rel=0.25, abs=3), (signal, name)


@pytest.fixture(scope="module")
def raw(sample: Path) -> Callable[[str], pd.DataFrame]:
    """A CSV export as it lies there, without deleted rows and those whose times are none; with the true ``person``."""
    truth = pd.read_csv(sample / "truth" / "records.csv", dtype=str).set_index("record_id")["person_id"]

    def _raw(path: str, key: str = "Id", record: str = "crm.contact:") -> pd.DataFrame:
        rows = pd.read_csv(sample / "exports" / path, dtype=str)
        if "IsDeleted" in rows and "CreatedDate" in rows:
            rows = rows[(rows["IsDeleted"] == "false") & pd.to_datetime(rows["CreatedDate"], errors="coerce").notna()]
        return rows.assign(person=(record + rows[key].fillna("")).map(truth))

    return _raw


def days(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column.str[:10], errors="coerce")


def test_cohorts_are_those_that_pandas_counts_in_the_export(data: Any, raw: Callable[..., pd.DataFrame]) -> None:
    leads = raw("crm/Lead.csv", record="crm.lead:")
    leads = leads.assign(mql=days(leads["MQL_Date__c"]), sql=days(leads["SQL_Date__c"]))
    first = leads.groupby("person")["mql"].min().dropna()
    pairs = leads[["person", "sql"]].dropna().merge(first.reset_index(), on="person")
    soon = pairs[(pairs["sql"] >= pairs["mql"]) & (pairs["sql"] <= pairs["mql"] + pd.Timedelta(days=90))]
    month = first.dt.to_period("M")
    expected = pd.DataFrame({
        "mqls": month.value_counts(), "sqls": month[month.index.isin(soon["person"])].value_counts()
    }).fillna(0)  # fmt: skip
    found = {row["month"]: (row["mqls"], row["sqls"]) for row in of_all(funnel.compute(data), COHORTS)}
    assert found == {m.start_time.date(): (row["mqls"], row["sqls"]) for m, row in expected.iterrows()}


def test_every_campaigns_share_is_that_which_pandas_sums_from_the_exports(
    data: Any, raw: Callable[..., pd.DataFrame]
) -> None:
    deals = raw("crm/Opportunity.csv")
    won = deals[(deals["IsWon"] == "true") & deals["Amount"].notna()]
    won = won.assign(close=days(won["CloseDate"]), amount=won["Amount"].astype(float))[["Id", "close", "amount"]]
    people = raw("crm/Contact.csv").set_index("Id")["person"]
    leads = raw("crm/Lead.csv", record="crm.lead:").set_index("Id")["person"]
    roles = raw("crm/OpportunityContactRole.csv")
    roles = roles.assign(person=roles["ContactId"].map(people)).dropna(subset=["person"])
    members = raw("crm/CampaignMember.csv")
    members = members[members["HasResponded"] == "true"].assign(
        person=members["ContactId"].map(people).fillna(members["LeadId"].map(leads)),
        day=days(members["FirstRespondedDate"]),
    )
    joined = won.merge(roles, left_on="Id", right_on="OpportunityId", suffixes=("", "_role"))
    touched = joined.merge(members, on="person", suffixes=("", "_member"))
    touched = touched[touched["day"] <= touched["close"]].groupby(["Id", "CampaignId"])["day"].min().reset_index()
    shared = touched.merge(won, on="Id")
    shared = shared.assign(
        even=shared["amount"] / shared.groupby("Id")["day"].transform("size"),
        is_first=shared["day"] == shared.groupby("Id")["day"].transform("min"),
    )
    firsts = shared[shared["is_first"]]
    firsts = firsts.assign(first_touch=firsts["amount"] / firsts.groupby("Id")["day"].transform("size"))
    rows = of_all(campaign_influence.compute(data), CAMPAIGNS)
    for model, sums in (("even", shared), ("first_touch", firsts)):
        expected = sums.groupby("CampaignId")[model].sum()
        found = {r["campaign_id"].split(":")[1]: r["amount"] for r in rows
                 if r["model"] == model and r["campaign_id"] != "unattributed"}  # fmt: skip
        assert found == pytest.approx(expected.to_dict()), model


def test_nps_of_every_month_is_that_which_pandas_computes_from_the_answers(
    data: Any, raw: Callable[..., pd.DataFrame]
) -> None:
    answers = raw("nps/responses.csv", key="Person ID", record="nps.respondent:")
    answers = answers[answers["Score"].str.fullmatch(r"\d+") & (pd.to_numeric(answers["Score"], "coerce") <= 10)]
    answers = answers.assign(score=answers["Score"].astype(int), month=answers["Created At"].str[:7])
    latest = answers.sort_values(["Created At", "Response ID"]).groupby(["month", "person"])["score"].last()
    worth = (latest >= 9).astype(int) - (latest <= 6).astype(int)
    expected = (100 * worth.groupby("month").mean()).to_dict()
    found = {f"{row['month']:%Y-%m}": row["nps"] for row in of_all(nps.compute(data), MONTHS_OF_NPS)}
    assert found == pytest.approx(expected)


def test_what_became_of_each_grade_is_what_pandas_counts(data: Any, raw: Callable[..., pd.DataFrame]) -> None:
    prospects = raw("email/prospects.csv", key="Prospect Id", record="email.prospect:")
    prospects = prospects[pd.to_datetime(prospects["Created Date"], errors="coerce").notna()]
    prospects = prospects.assign(
        score=prospects["Score"].astype(int), grade=prospects["Grade"].str[:1].fillna("none"),
        scored=days(prospects["Updated Date"]), record="email.prospect:" + prospects["Prospect Id"],
    )  # fmt: skip
    judged = prospects.sort_values(["score", "grade", "record"], ascending=[False, True, True])
    judged = judged.groupby("person").first().reset_index()[["person", "grade", "scored"]]
    leads = raw("crm/Lead.csv", record="crm.lead:")
    steps = leads.assign(sql=days(leads["SQL_Date__c"]))[["person", "sql"]].dropna().merge(judged, on="person")
    before = steps[steps["sql"] <= steps["scored"]]["person"]
    within = pd.Timedelta(days=90)
    after = steps[(steps["sql"] > steps["scored"]) & (steps["sql"] <= steps["scored"] + within)]["person"]
    ripe = judged[~judged["person"].isin(before) & (judged["scored"] + within <= pd.Timestamp(AS_OF))]
    sqls = ripe[ripe["person"].isin(after)]["grade"].value_counts()
    expected = {grade: (count, int(sqls.get(grade, 0))) for grade, count in ripe["grade"].value_counts().items()}
    rows = listed(prospect_outcome.compute(data).parts[GRADES_PART.name])
    assert {row["grade"]: (row["people"], row["sqls"]) for row in rows} == expected


@pytest.fixture(scope="module")
def apart(data: Any) -> Apart:
    return Apart(data)


def test_opens_clicks_and_signs_are_those_that_pandas_counts(data: Any, apart: Apart) -> None:
    found = engagement.compute(data)
    names = ("sent", "raw", "by_people", "by_machines", "by_nobody_knows", "raw_rate", "true_rate")
    months = {(row["month"], row["kind"]): tuple(row[name] for name in names) for row in of_all(found, MONTHS_OF_MAIL)}
    assert months == {key: pytest.approx(row) for key, row in apart.months_of_mail().items()}
    signs_of = {row["sign"]: (row["events"], row["people"], row["only_sign"])
                for row in listed(found.parts[EVIDENCE.name])}  # fmt: skip
    assert signs_of == apart.evidence()


def test_what_duplicates_did_is_what_pandas_computes(data: Any, apart: Apart) -> None:
    rows = listed(duplicates.compute(data).parts[FIGURES_PART.name])
    found = {row["measured"]: (row["as_counted"], row["on_people"]) for row in rows}
    assert found == {name: pytest.approx(figures) for name, figures in apart.duplicated().items()}


def test_accounts_stand_where_pandas_puts_them(data: Any, apart: Apart) -> None:
    spans = apart.frame(data.once(contracts.spans))
    rows = listed(account_stages.compute(data).parts[STAGES_OF_ACCOUNTS.name])
    found = {row["account_id"]: (row["stage"], row["pillar"]) for row in rows}
    assert found == apart.stages(spans)
    assert {stage for stage, _ in found.values()} >= {"untargeted", "target", "engaged", "opportunity", "customer"}


def test_alerts_are_those_that_pandas_finds(data: Any, apart: Apart) -> None:
    spans = apart.frame(data.once(contracts.spans))
    rows = listed(sales_alerts.compute(data).parts[ALERTS_PART.name])
    found = {(row["account_id"], row["alert"], row["window_on"]): set(json.loads(row["who"])) for row in rows}
    assert found == apart.alerts(spans)
    assert {alert for _, alert, _ in found} >= {"hand_raise", "surge", "new_person", "champion_quiet"}


def test_the_back_test_and_the_worth_of_each_account_are_those_that_pandas_computes(data: Any, apart: Apart) -> None:
    found, last = lifetime_value.compute(data), churn.last_month(data)
    states = apart.frame(churn.movements(data, data.once(contracts.spans))[0])
    before, now = apart.value(states, last.replace(year=last.year - 1), 12), apart.value(states, last, 36)
    live = before[before["is_live"]]
    (test,) = listed(found.parts[BACK_TEST.name])
    came = (now["paid"] - before["paid"].reindex(now.index, fill_value=0)).reindex(live.index)
    assert (test["accounts"], test["predicted"]) == (len(live), pytest.approx(live["expected"].sum()))
    assert test["actual"] == pytest.approx(came.sum())
    assert test["error"] == pytest.approx(((live["expected"] - came) ** 2).mean() ** 0.5)
    margin = data.settings.lifetime_value.gross_margin
    rows = {row["account_id"]: row for row in listed(found.parts[WORTH.name])}
    assert rows.keys() == set(now.index)
    for account, row in rows.items():
        assert row["margin_to_date"] == pytest.approx(now["paid"][account] * margin)
        assert row["expected_margin"] == pytest.approx(now["expected"][account] * margin)
