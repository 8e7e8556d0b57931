"""What counts as moved, entered and changed between two versions of the published tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from include.answers.blast_radius import BlastRadius, blast_radius
from include.answers.trial import COMPARED, Tried
from include.contracts.identity import ALIAS, CROSSWALK, IDENTITY_EVENT
from include.contracts.measures import CUSTOMER_360
from include.contracts.profiles import PROFILE
from include.contracts.runs import DatasetRef
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.tables import Table
from include.storage.project import Project

Rows = dict[Table, list[dict[str, Any]]]
Put = Callable[..., DatasetRef]


def told(
    project: Project, put: Put, before: Rows, after: Rows, events: list[dict[str, Any]] | None = None
) -> BlastRadius:
    """What is told of two versions; a table that neither names is the same in both."""
    versions = []
    for name, rows in (("v1", before), ("v2", after)):
        found = {table: name if table in {*before, *after} else "same" for table in COMPARED}
        versions.append({t.name: project.lake.open(put(project, t, rows.get(t, []), at)) for t, at in found.items()})
        aliases = [{"alias_id": "p3", "profile_id": "p1"}] if name == "v2" else []
        put(project, ALIAS, aliases, versions[-1][CROSSWALK.name].version)
        put(project, IDENTITY_EVENT, events or [], versions[-1][CROSSWALK.name].version)
    with project.engine() as engine:
        tried = Tried(None, date(2026, 6, 30), *versions, None, ("resolve",))  # type: ignore[arg-type]
        return blast_radius(engine, tried)


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
