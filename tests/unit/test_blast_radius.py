"""What counts as moved, entered and changed between two versions of the published tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from include.activation.syncs import Declared, Sync
from include.activation.touched import touched
from include.answers.blast_radius import BlastRadius, blast_radius, open_pairs
from include.answers.trial import COMPARED, Tried
from include.contracts.identity import ALIAS, CROSSWALK, IDENTITY_EVENT
from include.contracts.measures import CUSTOMER_360
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER
from include.contracts.reports.sales_alerts import ALERTS_PART
from include.contracts.runs import DatasetRef
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.tables import Table
from include.storage.engine import Engine
from include.storage.project import Project

Rows = dict[Table, list[dict[str, Any]]]
Put = Callable[..., DatasetRef]


def told(
    project: Project, put: Put, before: Rows, after: Rows, events: list[dict[str, Any]] | None = None
) -> BlastRadius:
    """What is told of two versions; a table that neither names is the same in both."""
    with opened(project, put, before, after, events) as (engine, tried):
        return blast_radius(engine, tried)


@contextmanager
def opened(
    project: Project, put: Put, before: Rows, after: Rows, events: list[dict[str, Any]] | None = None
) -> Iterator[tuple[Engine, Tried]]:
    """Two versions as a trial has them."""
    versions = []
    for name, rows in (("v1", before), ("v2", after)):
        found = {table: name if table in {*before, *after} else "same" for table in (*COMPARED, ALERTS_PART.table)}
        versions.append({t.name: project.lake.open(put(project, t, rows.get(t, []), at)) for t, at in found.items()})
        aliases = [{"alias_id": "p3", "profile_id": "p1"}] if name == "v2" else []
        put(project, ALIAS, aliases, versions[-1][CROSSWALK.name].version)
        put(project, IDENTITY_EVENT, events or [], versions[-1][CROSSWALK.name].version)
    with project.engine() as engine:
        yield engine, Tried(None, date(2026, 6, 30), *versions, None, ("resolve",))  # type: ignore[arg-type]


def crosswalk(**profiles: str) -> list[dict[str, Any]]:
    return [{"record_id": record, "profile_id": name} for name, records in profiles.items() for record in records]


def test_records_that_change_profile_without_a_merge_or_split_are_moved(project: Project, put: Put) -> None:
    merged = {"kind": "merged", "profile_id": "p3", "other_profile_id": "p1", "crosswalk_version": "v2", "records": 3}
    long_ago = merged | {"profile_id": "p9", "crosswalk_version": "v0"}
    split = {"kind": "split", "profile_id": "p4", "other_profile_id": "p2", "crosswalk_version": "v2"}
    was, becomes = crosswalk(p1="ab", p2="cd", p3="e"), crosswalk(p1="abe", p2="c", p4="d")
    found = told(project, put, {CROSSWALK: was}, {CROSSWALK: becomes}, [merged, long_ago, split])
    assert [(row["kind"], row["profile_id"], row["other_profile_id"]) for row in found.moves] == [
        ("merged", "p3", "p1"), ("split", "p4", "p2"),
    ]  # fmt: skip
    assert (found.profiles["before"], found.profiles["after"], found.profiles["moved_records"]) == (3, 3, 2)
    again = told(project, put, {CROSSWALK: crosswalk(p1="ab", p2="cd")}, {CROSSWALK: crosswalk(p1="a", p2="bcd")})
    assert again.moves == [{"kind": "moved", "profile_id": "p1", "other_profile_id": "p2", "records": 1}]


def test_who_goes_on_under_another_id_neither_enters_nor_leaves(project: Project, put: Put) -> None:
    def members(*ids: str) -> Rows:
        rows = [{"segment_key": "quiet", "member_id": one, "evidence": "{}"} for one in ids]
        return {SEGMENT_MEMBERSHIP: rows, SEGMENT: [{"segment_key": "quiet", "level": "person", "size": len(ids)}]}

    found = told(project, put, members("p2", "p3"), members("p1", "p4"))
    assert [(row["segment"], row["entered"], row["exited"]) for row in found.segments] == [("quiet", 1, 1)]
    assert [(one["what"], one["member_id"]) for one in found.examples] == [
        ("enters quiet", "p4"),
        ("leaves quiet", "p2"),
    ]


def test_a_measure_is_changed_where_its_value_is_and_not_by_the_rounding_of_a_sum(project: Project, put: Put) -> None:
    usual = {"nps_class": "unknown", "usage_tier": "none", "renewal_bucket": "none", "contract_type": "term"}
    rows = [{"profile_id": f"p{n}", "contract_value": 0.1 + 0.2, "nps_answers": n, **usual} for n in range(5)]
    assert 0.1 + 0.2 != 0.3
    others = [{**row, "contract_value": 0.3, "nps_answers": n * n, "nps_class": "promoter" if n > 2 else "unknown"}
              for n, row in enumerate(rows)]  # fmt: skip
    found = told(project, put, {CUSTOMER_360: rows}, {CUSTOMER_360: others})
    largest = {row["measure"]: (row["changed"], row["largest"][0]) for row in found.measures}
    assert largest == {
        "nps_answers": (3, {"before": 4, "after": 16, "members": 1, "member_id": "p4"}),
        "nps_class": (2, {"before": "unknown", "after": "promoter", "members": 2, "member_id": "p3"}),
    }


def test_no_personal_value_is_told(project: Project, put: Put) -> None:
    row = {"profile_id": "p1", "records": 1, "sources": 1}
    was = {**row, "full_name": "Ada Quill", "email": "ada@quill.example", "city": "Ulm"}
    found = told(project, put, {PROFILE: [was]}, {PROFILE: [{**was, "email": "a@quill.example", "city": "Bonn"}]})
    assert {row["measure"]: len(row["largest"]) for row in found.attributes} == {"email": 0, "city": 1}
    assert "quill" not in repr(found).lower()


def members(*ids: str) -> Rows:
    """People with an address each, known as the survey knows them, of whom these are quiet; p3 has opted out."""
    people = [{"profile_id": f"p{n}", "email": f"P{n}@x.example", "records": 1, "sources": 1, "confidence": n / 10,
               "email_consent": "opted_out" if n == 3 else None} for n in range(1, 8)]  # fmt: skip
    usual = {"nps_class": "unknown", "usage_tier": "none", "renewal_bucket": "none", "contract_type": "term"}
    return {
        PROFILE: people,
        PROFILE_IDENTIFIER: [{"profile_id": p["profile_id"], "type": "email", "value": p["email"],
                              "is_deliverable": p["profile_id"] != "p4"} for p in people],
        CUSTOMER_360: [{"profile_id": p["profile_id"], **usual} for p in people],
        SEGMENT: [{"segment_key": "quiet", "level": "person", "size": len(ids)}],
        SEGMENT_MEMBERSHIP: [{"segment_key": "quiet", "member_id": one, "evidence": "{}", "is_holdout": one == "p5"}
                             for one in ids],
    }  # fmt: skip


def lists(project: Project, put: Put, before: Rows, after: Rows, **more: Any) -> list[tuple[Any, ...]]:
    given: dict[str, Any] = {"segment": "quiet", "purpose": "email_marketing", "key": {"Email": "email"}}
    given |= {"owner": "cs", **more}
    declared = {"mail": Declared("mail", "tool", "files", None, {}, Sync(**given))}
    with opened(project, put, before, after) as (engine, tried):
        open_pairs(engine, tried)
        found = touched(engine, declared, declared)
    return [(row["added"], row["removed"], row["changed"], row["withheld"]) for row in found]


def test_a_list_is_told_as_its_destination_would_get_it(project: Project, put: Put) -> None:
    assert lists(project, put, members("p2", "p6"), members("p3", "p4", "p5", "p6", "p7")) == [(1, 1, 0, 3)], (
        "of those who enter one has opted out, one is dead, one held out"
    )


def test_a_list_to_which_nobody_new_may_be_sent_is_not_touched(project: Project, put: Put) -> None:
    assert lists(project, put, members("p6"), members("p3", "p4", "p5", "p6")) == []
    assert lists(project, put, members("p6"), members("p2", "p6"), min_confidence=0.5) == []


def test_a_new_address_is_a_change_and_neither_an_entry_nor_an_exit(project: Project, put: Put) -> None:
    after = members("p6", "p7")
    after[PROFILE][5]["email"] = after[PROFILE_IDENTIFIER][5]["value"] = "new@x.example"
    after[PROFILE][6]["first_name"] = "Ada"
    assert lists(project, put, members("p6", "p7"), after, fields={"Name": "first_name"}) == [(0, 0, 2, 0)]
    assert lists(project, put, members("p6", "p7"), members("p7"), mode="upsert") == [], "whoever leaves stays there"


def test_a_reports_list_is_compared_as_others_are_without_the_alerts_that_somebody_has_answered(
    project: Project, put: Put
) -> None:
    def alerts(**people: int) -> Rows:
        usual = {
            "account_id": "a1",
            "alert": "surge",
            "window_on": date(2026, 6, 29),
            "what": "Many came.",
            "who": "[]",
        }
        return {ALERTS_PART.table: [
            {**usual, "alert_id": one, "people": count, "answer": None if count else "acted"}
            for one, count in people.items()
        ]}  # fmt: skip

    sync = {"segment": "sales_alerts", "level": "report", "purpose": "none", "key": {"Id": "alert_id"},
            "fields": {"People": "people", "Account": "account_name"}}  # fmt: skip
    before, after = alerts(old=3, grows=3, answered=3, stays=3), alerts(grows=4, answered=0, stays=3, new=1)
    assert lists(project, put, before, after, **sync) == [(1, 2, 1, 0)]
    assert lists(project, put, before, before, **sync) == []
