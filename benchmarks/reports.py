"""All reports over a million profiles and ten million activities.

`python -m benchmarks.reports [--people N] [--home FOLDER]` prints one JSON line a report, and one for the whole step
with what it writes. The company is drawn by DuckDB from hashes of row numbers, so it is the same on every machine: ten
activities a profile (six of use, four of mail), a record and a half, and one account to twenty.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from benchmarks.segments import draw, relation
from include.contracts import identity, profiles, staged
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import EMAIL_CURVE
from include.contracts.reports import REPORTS
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.settings import Settings
from include.contracts.tables import Table, Type
from include.reports.step import compute, open_data, report
from include.storage.engine import Engine
from include.storage.project import Project

AS_OF = date(2026, 10, 31)
DAY = "DATE '2026-10-31' - (hash(n, '{}') % {})::INT"


def day(what: str, days: int) -> str:
    return DAY.format(what, days)


def moment(what: str, days: int) -> str:
    return f"(({day(what, days)})::TIMESTAMP + INTERVAL 12 HOUR)::TIMESTAMPTZ"


def whose(count: int, what: str = "record") -> str:
    return f"'r' || (hash(n, '{what}') % {count})"


def tables(people: int) -> dict[Table, tuple[int, Mapping[str, str]]]:
    """Rows and the columns that hang together, of each table that reports read."""
    records, accounts, deals = people * 3 // 2, max(people // 20, 20), max(people // 20, 20)
    account = f"'a' || (hash(n, 'account') % {accounts})"
    deal = f"'o' || (n % {deals})"
    kinds = "['sent', 'sent', 'open', 'click', 'form'][1 + (hash(n, 'kind') % 5)::INT]"
    return {
        profiles.PROFILE: (people, {"profile_id": "'p' || n", "account_id": account,
                                    "first_seen_at": moment("seen", 900)}),
        profiles.ACCOUNT: (accounts, {"account_id": "'a' || n", "created_at": moment("made", 900)}),
        profiles.ACCOUNT_LINK: (accounts, {"source_account_id": "'a' || n", "account_id": "'a' || n"}),
        identity.CROSSWALK: (records, {"record_id": "'r' || n", "profile_id": f"'p' || (n % {people})"}),
        staged.PERSON_RECORD: (records, {"record_id": "'r' || n", "is_deleted": "false", "part": "'crm'",
                                         "object": "'lead'", "created_at": moment("made", 900)}),
        staged.NPS_RESPONSE: (people // 4, {"response_id": "'n' || n", "record_id": whose(records),
                                            "score": "(hash(n, 's') % 11)::INT", "company": "NULL",
                                            "at": moment("at", 540)}),
        staged.USAGE_EVENT: (people * 6, {"event_id": "'u' || n", "record_id": whose(records // 2),
                                          "account_id": account, "at": moment("at", 120)}),
        staged.EMAIL_ACTIVITY: (people * 4, {"activity_id": "'e' || n", "record_id": whose(records), "kind": kinds,
                                             "mailing": "'m' || (n % 24)", "at": moment("at", 120),
                                             "actor": "['human', 'machine'][1 + (hash(n, 'who') % 2)::INT]"}),
        staged.CONTRACT: (accounts * 3 // 2, {"contract_id": "'c' || n", "account_id": f"'a' || (n % {accounts})",
                                              "status": "'active'", "start_date": day("start", 1400),
                                              "end_date": f"{day('start', 1400)} + 364", "auto_renew": "false",
                                              "contract_type": "'term'", "term_months": "12"}),
        staged.OPPORTUNITY: (deals, {"opportunity_id": "'o' || n", "account_id": account, "amount": "n % 50000",
                                     "currency": "NULL", "campaign_id": "'k' || (n % 40)",
                                     "close_date": day("close", 700), "created_at": moment("close", 900)}),
        staged.OPPORTUNITY_CONTACT_ROLE: (deals * 2, {"role_id": "'x' || n", "opportunity_id": deal,
                                                      "record_id": whose(records)}),
        staged.CAMPAIGN: (40, {"campaign_id": "'k' || n"}),
        staged.CAMPAIGN_MEMBER: (people, {"member_id": "'y' || n", "campaign_id": "'k' || (n % 40)",
                                          "record_id": whose(records), "first_responded_on": day("on", 700)}),
        staged.LEAD_STEP: (people // 2, {"step_id": "'s' || n", "record_id": whose(records),
                                         "on_date": day("on", 700)}),
        staged.OPPORTUNITY_STAGE: (deals * 4, {"change_id": "'h' || n", "opportunity_id": deal,
                                               "stage": "'stage ' || (hash(n, 'stage') % 6)",
                                               "at": moment("at", 700)}),
        staged.CONVERSATION: (people // 5, {"conversation_id": "'t' || n", "record_id": whose(records),
                                            "on_date": day("on", 540)}),
        staged.DEPARTURE: (accounts // 5, {"departure_id": "'d' || n", "record_id": whose(records),
                                           "account_id": account, "on_date": day("on", 700)}),
        staged.SURVEY_REQUEST: (people // 2, {"request_id": "'q' || n", "email": "'p' || n",
                                              "asked_on": day("on", 540)}),
        profiles.PROFILE_IDENTIFIER: (people, {"profile_id": "'p' || n", "type": "'email'", "value": "'p' || n"}),
        staged.PROSPECT_SCORE: (people, {"record_id": "'r' || n", "scored_at": moment("scored", 700)}),
        CUSTOMER_360: (people, {"profile_id": "'p' || n", "account_id": account, "as_of": f"DATE '{AS_OF}'"}),
        ACCOUNT_360: (accounts, {"account_id": "'a' || n", "as_of": f"DATE '{AS_OF}'"}),
        SEGMENT: (10, {"segment_key": "'g' || n", "level": "'person'"}),
        SEGMENT_MEMBERSHIP: (people, {"segment_key": "'g' || (n % 10)", "member_id": "'p' || n"}),
        EMAIL_CURVE: (5, {"sent_from": "n * 5 + 1", "sent_to": "n * 5 + 5"}),
    }  # fmt: skip


def populate(engine: Engine, people: int) -> dict[str, DatasetRef]:
    refs = {}
    for table, (rows, fixed) in tables(people).items():
        drawn = relation(engine, "drawn_" + table.name.replace("/", "_"), draw(table, rows, 0, filled(table, fixed)))
        refs[table.name] = engine.write(table, drawn, version=f"drawn{people}", ordered=False)
    return refs


def filled(table: Table, fixed: Mapping[str, str]) -> dict[str, str]:
    """The given columns, and of the others those that `draw` leaves null now and then, or knows no type of."""
    found = {}
    for column in table.columns:
        if column.type is Type.TIMESTAMP:
            found[column.name] = moment(column.name, 700)
        elif table.requires(column) and column.type in (Type.TEXT, Type.JSON, Type.DATE) and not column.allowed:
            found[column.name] = f"DATE '{AS_OF}'" if column.type is Type.DATE else "'[]'"
    return {**found, **fixed}


def now() -> tuple[float, float]:
    """Seconds by the wall and by all processors."""
    return time.perf_counter(), time.process_time()


def told(what: str, began: tuple[float, float], **more: object) -> None:
    took = {name: round(end - start, 2) for name, end, start in zip(("seconds", "cpu"), now(), began, strict=True)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"what": what, **took, "peak_mb": peak, **more}))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--home", type=Path)
    given = arguments.parse_args()
    home = given.home or Path(tempfile.mkdtemp(prefix="kindred-reports-"))
    project, run = Project(Settings(home=home)), Run("benchmark", AS_OF)
    began = now()
    with project.engine() as engine:
        refs = populate(engine, given.people)
    told("drawn", began, people=given.people, activities=given.people * 10)
    with project.engine() as engine:
        data = open_data(project, engine, run, refs)
        for declared in REPORTS:
            began = now()
            found = compute(data, declared)
            told(declared.key, began, rows=sum(data.count(part) for part in found.parts.values()))
    began = now()
    written = report(project, run, refs)
    told("report", began, rows=sum(ref.rows for ref in written.writes))
    if given.home is None:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
