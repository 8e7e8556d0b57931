"""The sample company's measures against what plain Python makes of its raw exports, each record being a person."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.contracts.measures import CUSTOMER_360
from include.contracts.metrics import CONTRACT_RENEWAL
from include.contracts.settings import ROOT
from tests.sample_reading import usage_calls
from tests.small_company import read

AS_OF = date(2026, 10, 31)
LAST_DAY = date(2026, 10, 30)  # that of the last usage file: windows end on it
STAGING = yaml.safe_load((ROOT / "include" / "config" / "staging.yaml").read_text("utf-8"))


def calls(exports: Path) -> Iterator[dict[str, Any]]:
    """Every call that has what staging asks for, each once."""
    seen = set()
    for file in sorted((exports / "exports" / "usage").iterdir()):
        for call in usage_calls(file):
            try:
                at = datetime.fromisoformat(call["timestamp"])
            except (KeyError, TypeError, ValueError):
                continue
            if call.get("messageId") and call["messageId"] not in seen and at.tzinfo:
                seen.add(call["messageId"])
                yield {**call, "day": at.date()}


def test_core_actions_and_active_days_are_those_of_the_raw_calls(sample_exports: Path, sample_measured: Any) -> None:
    passive = {name.lower() for name in STAGING["product"]["passive"]}
    owners, acts = defaultdict(set), []
    for call in calls(sample_exports):
        if call["type"] in ("identify", "alias") and call.get("userId") and call.get("anonymousId"):
            owners[call["anonymousId"]].add(call["userId"])
        if call["type"] == "track" and call.get("event") and call["event"].lower() not in passive:
            acts.append(call)
    actions, days, stitched = Counter[str](), defaultdict(set), Counter[str]()
    for call in acts:
        known = owners[call.get("anonymousId")]
        user = call.get("userId") or (next(iter(known)) if len(known) == 1 else None)
        if user and LAST_DAY - timedelta(days=28) < call["day"] <= LAST_DAY:
            actions[user] += 1
            days[user].add(call["day"])
            stitched[user] += not call.get("userId")
    found = {
        row["profile_id"].removeprefix("usage.user:"): row
        for row in read(sample_measured[0].project, CUSTOMER_360, sample_measured[1])
        if row["usage_core_actions_28"]
    }
    assert {user: row["usage_core_actions_28"] for user, row in found.items()} == actions
    assert {user: row["usage_active_days_28"] for user, row in found.items()} == {u: len(d) for u, d in days.items()}
    assert {user: row["usage_stitched_28"] for user, row in found.items()} == {u: stitched[u] for u in actions}


def contracts(exports: Path) -> Iterator[dict[str, Any]]:
    """The signed contracts that have what staging asks for: the newest row of each id."""
    newest: dict[str, dict[str, str]] = {}
    with (exports / "exports" / "crm" / "Contract.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["SystemModstamp"] >= newest.get(row["Id"], row)["SystemModstamp"]:
                newest[row["Id"]] = row
    for row in newest.values():
        try:
            start = date.fromisoformat(row["StartDate"])
            end = date.fromisoformat(row["EndDate"]) if row["EndDate"] else None
        except ValueError:
            continue
        if row["IsDeleted"].lower() not in ("true", "1") and row["Status"] == "Activated":
            yield {**row, "start": start, "end": end}


def test_live_contracts_and_their_value_are_those_of_the_raw_rows(sample_exports: Path, sample_measured: Any) -> None:
    company, report = sample_measured
    set_aside = {row["source_key"] for row in company.staged("quarantine") if row["object"] == "contract"}
    by_account = defaultdict(list)
    for contract in contracts(sample_exports):
        if contract["Id"] not in set_aside:
            by_account[contract["AccountId"]].append(contract)
    expected = {c["Id"]: _state(c, others) for others in by_account.values() for c in others}
    rows = {
        row["contract_id"].removeprefix("crm.contract:"): row for row in read(company.project, CONTRACT_RENEWAL, report)
    }
    assert {key: row["state"] for key, row in rows.items() if key in expected} == expected
    live = {key for key, state in expected.items() if state in ("in_force", "overdue")}
    assert {key for key, row in rows.items() if row["is_live"]} == live
    value = sum(float(c["Annual_Value__c"] or 0) for cs in by_account.values() for c in cs if c["Id"] in live)
    assert sum(row["annual_value"] or 0 for row in rows.values() if row["is_live"]) == pytest.approx(value)


def _state(contract: Mapping[str, Any], others: list[dict[str, Any]]) -> str:
    """What the contract is on the logical date, by its own words."""
    if contract["start"] > AS_OF:
        return "not_begun"
    renews = contract["Auto_Renew__c"].lower() in ("true", "1")
    if contract["end"] is None or renews or contract["end"] >= AS_OF:
        return "in_force"
    later = [c for c in others if c is not contract and c["start"] >= contract["start"]]
    runs_on = any(
        c["end"] is None or c["Auto_Renew__c"].lower() in ("true", "1") or c["end"] > contract["end"] for c in later
    )
    return "ended" if runs_on else "overdue"
