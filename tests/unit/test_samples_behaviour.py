"""The sample's companies and people behave so that the measures have something to measure."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from include.samples import generate
from include.samples.agents import APPLE, GMAIL_PROXY
from include.samples.contracts import TYPES, months_later
from include.samples.crm import IMPOSSIBLE_STAMPS
from include.samples.mailings import BOUNCE, CLICK, FORM, HEADER_UNSUBSCRIBE, OPEN, SENT, UNSUBSCRIBE
from include.samples.usage import CORE_EVENTS
from tests.sample_reading import csv_rows, usage_calls

AS_OF = date(2026, 10, 31)
LEAD_STATUSES = {"Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("behaviour")
    generate(out, people=4_000, as_of=AS_OF)
    return out / "exports"


def rows(exports: Path, path: str) -> list[dict[str, str]]:
    return csv_rows(exports / path)


@pytest.fixture(scope="module")
def contracts(exports: Path) -> list[dict[str, str]]:
    return [row for row in rows(exports, "crm/Contract.csv") if row["Status"] == "Activated"]


@pytest.fixture(scope="module")
def activities(exports: Path) -> list[dict[str, str]]:
    return rows(exports, "email/visitor_activity.csv")


@pytest.fixture(scope="module")
def calls(exports: Path) -> list[dict]:
    return [call for path in sorted((exports / "usage").iterdir()) for call in usage_calls(path)]


def test_contracts_are_of_every_type(contracts: list[dict[str, str]]) -> None:
    assert {row["Contract_Type__c"] for row in contracts} >= set(TYPES)
    assert all(
        not row["EndDate"] and not row["ContractTerm"] for row in contracts if row["Contract_Type__c"] == "Evergreen"
    )
    assert {row["ContractTerm"] for row in contracts if row["Contract_Type__c"] == "Multi-Year"} == {"24", "36", "48"}
    assert {row["Auto_Renew__c"] for row in contracts if row["Contract_Type__c"] == "Auto-Renew"} == {"true"}


def test_renewals_fall_into_every_window(contracts: list[dict[str, str]]) -> None:
    ahead = [(date.fromisoformat(row["EndDate"]) - AS_OF).days for row in contracts if row["EndDate"]]
    windows = Counter("overdue" if d < 0 else "later" if d > 120 else min(d // 30, 3) for d in ahead)
    assert set(windows) == {"overdue", 0, 1, 2, 3, "later"}
    assert min(windows.values()) >= 5


def test_contracts_begin_and_end_on_leap_days(exports: Path) -> None:
    every = rows(exports, "crm/Contract.csv")
    assert any(row["StartDate"] == "2024-02-29" for row in every)
    assert any(row["EndDate"] == "2028-02-29" for row in every)


def test_some_contracts_of_one_account_overlap(exports: Path) -> None:
    spans = defaultdict(list)
    for row in rows(exports, "crm/Contract.csv"):
        if row["EndDate"] and row["Status"] in ("Activated", "Expired"):
            spans[row["AccountId"]].append((row["StartDate"], row["EndDate"]))
    overlapping = [a for a, found in spans.items() if any(x[0] < y[0] <= x[1] for x in found for y in found)]
    assert 0.02 < len(overlapping) / len(spans) < 0.12


def test_a_day_that_its_month_lacks_becomes_the_last() -> None:
    days = np.array(["2024-02-29", "2026-03-31", "2026-01-15"], dtype="datetime64[D]").astype(np.int64)
    later = months_later(days, np.array([12, -1, 1])).astype("datetime64[D]").astype(str)
    assert later.tolist() == ["2025-02-28", "2026-02-28", "2026-02-15"]


def test_a_few_rows_cannot_be_what_they_say(exports: Path) -> None:
    def odd(path: str, column: str, usual: set[str]) -> set[str]:
        return {row[column] for row in rows(exports, path)} - usual

    assert odd("nps/responses.csv", "Score", {str(n) for n in range(11)}) <= {"11", "7.5", "-1", "ten"}
    assert odd("crm/Contract.csv", "Contract_Type__c", set(TYPES))
    assert odd("crm/Lead.csv", "Status", LEAD_STATUSES)
    assert odd("email/visitor_activity.csv", "type", {"1", "4", "6", "11", "12", "13", "35"}) <= {"99", "open", "6.5"}
    assert any(row["CreatedDate"] in IMPOSSIBLE_STAMPS for row in rows(exports, "crm/Contact.csv"))


def test_mail_events_are_of_every_kind(activities: list[dict[str, str]]) -> None:
    kinds = {row["type"] for row in activities}
    assert kinds >= {str(kind) for kind in (CLICK, FORM, SENT, OPEN, UNSUBSCRIBE, BOUNCE, HEADER_UNSUBSCRIBE)}


def _send_times(activities: list[dict[str, str]]) -> dict[tuple[str, str], datetime]:
    found = {}
    for row in activities:
        if row["type"] == str(SENT) and row["created_at"][:1] == "2" and "-31 10:00:00" not in row["created_at"]:
            found[row["prospect_id"], row["list_email_id"]] = datetime.fromisoformat(row["created_at"])
    return found


def test_scanners_follow_all_links_in_seconds_and_unsubscribe_nobody(
    exports: Path, activities: list[dict[str, str]]
) -> None:
    sent, links, visitors, people_left = _send_times(activities), defaultdict(set), set(), set()
    for row in activities:
        at = sent.get((row["prospect_id"], row["list_email_id"]))
        try:
            delay = datetime.fromisoformat(row["created_at"]) - at if at else None
        except ValueError:
            continue
        if delay is None or row["type"] not in (str(CLICK), str(UNSUBSCRIBE), str(HEADER_UNSUBSCRIBE)):
            continue
        if delay <= timedelta(seconds=30):
            links[row["prospect_id"], row["list_email_id"]].add(row["details"])
            visitors |= {row["prospect_id"]} if row["type"] == str(UNSUBSCRIBE) else set()
        elif row["type"] != str(CLICK):
            people_left.add(row["prospect_id"])
    everything = [clicked for clicked in links.values() if len(clicked) >= 4]
    assert len(everything) > 100
    out = {row["Prospect Id"] for row in rows(exports, "email/prospects.csv") if row["Opted Out"] == "Yes"}
    assert people_left
    assert people_left <= out
    assert visitors - people_left - out


def test_apple_fetches_ahead_and_gmail_only_when_asked(exports: Path, activities: list[dict[str, str]]) -> None:
    agents = Counter(row["user_agent"] for row in activities if row["type"] == str(OPEN))
    assert agents[APPLE] > 1000
    assert agents[GMAIL_PROXY] > 20
    gmail = {row["Prospect Id"] for row in rows(exports, "email/prospects.csv") if "@gmail." in row["Email"].lower()}
    assert {row["prospect_id"] for row in activities if row["user_agent"] == GMAIL_PROXY} <= gmail


def test_nobody_is_mailed_after_a_bounce(activities: list[dict[str, str]]) -> None:
    bounced = set()
    for row in activities:
        if row["type"] == str(BOUNCE):
            bounced.add(row["prospect_id"])
        elif row["type"] == str(SENT):
            assert row["prospect_id"] not in bounced
    assert bounced


def test_calls_follow_the_spec(calls: list[dict]) -> None:
    assert {call["type"] for call in calls} == {"identify", "group", "track", "tracks"}
    assert all(call.get("userId") or call.get("anonymousId") for call in calls)
    assert all(
        {"name", "domain", "plan", "seats"} <= call["traits"].keys() for call in calls if call["type"] == "group"
    )
    once = Counter(call["messageId"] for call in calls)
    repeated = sum(1 for count in once.values() if count > 1)
    assert 0.001 < repeated / len(once) < 0.004


def test_some_log_in_and_do_nothing_some_do_much_and_some_have_stopped(calls: list[dict]) -> None:
    core, seen, last = Counter(), set(), {}
    for call in calls:
        if call["type"] == "track" and call.get("userId"):
            seen.add(call["userId"])
            last[call["userId"]] = call["receivedAt"][:10]
            core[call["userId"]] += call["event"] in CORE_EVENTS
    assert sum(1 for user in seen if core[user] == 0) / len(seen) > 0.03
    assert sum(1 for user in seen if core[user] > 150) / len(seen) > 0.02
    assert sum(1 for day in last.values() if day < "2026-10-01") / len(seen) > 0.1


def test_declining_accounts_fall_for_three_weeks(calls: list[dict]) -> None:
    weekly = defaultdict(Counter)
    for call in calls:
        if call["type"] == "track":
            week = (AS_OF - date.fromisoformat(call["receivedAt"][:10]) - timedelta(days=1)).days // 7
            weekly[call["context"]["groupId"]][week] += 1
    busy = [weeks for weeks in weekly.values() if weeks[3] >= 30]
    falling = [w for w in busy if w[3] > w[2] > w[1] > w[0] and w[0] < w[3] / 2]
    assert 0.03 < len(falling) / len(busy) < 0.35


def test_seats_bought_differ_from_seats_used(exports: Path, calls: list[dict]) -> None:
    users, seats = defaultdict(set), {}
    for call in calls:
        if call["type"] == "group":
            seats[call["groupId"]] = call["traits"]["seats"]
            users[call["groupId"]].add(call["userId"])
    full = [len(users[group]) / seats[group] for group in seats]
    assert min(full) < 0.5
    assert max(full) > 1


def test_some_users_were_active_before_their_account_existed(calls: list[dict]) -> None:
    first: dict[str, str] = {}
    created: dict[str, str] = {}
    for call in calls:
        if call["type"] == "track" and call["timestamp"][:1] == "2" and call.get("userId"):
            first.setdefault(call["userId"], call["timestamp"])
        if call["type"] == "identify":
            created[call["userId"]] = call["traits"]["createdAt"]
    early = [user for user, at in first.items() if at[:10] < created[user][:10]]
    assert 0.002 < len(early) / len(first) < 0.05


def test_promoters_passives_and_detractors_answer(exports: Path) -> None:
    scores = [
        int(row["Score"]) for row in rows(exports, "nps/responses.csv") if row["Score"] in {str(n) for n in range(11)}
    ]
    classes = Counter("promoter" if s >= 9 else "passive" if s >= 7 else "detractor" for s in scores)
    assert min(classes.values()) / len(scores) > 0.15
