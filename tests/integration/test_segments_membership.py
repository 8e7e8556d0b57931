"""Memberships from day to day: entries, exits, merges, splits, guards, and what a refused definition does."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from include.cli.app import _application
from include.contracts.errors import ConfigurationError, EarlierDayError
from include.contracts.identity import ALIAS, IDENTITY_EVENT
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360, SOURCES
from include.contracts.remarks import remarks
from include.contracts.runs import DatasetRef, StageReport
from include.contracts.segments import SEGMENT, SEGMENT_EVENT, SEGMENT_HISTORY, SEGMENT_MEMBERSHIP
from include.contracts.staged import SOURCE_STATE
from include.contracts.tables import Table
from include.segments.lacking import wanting
from include.segments.states import published_rows, unsound
from include.segments.step import segment, segment_with
from include.storage.project import Project
from tests.small_company import AS_OF, SmallCompany, feeding, publish, read, rows_of, save

TOMORROW = AS_OF + timedelta(days=1)
Rows = list[dict[str, Any]]


@dataclass
class Company:
    """Measures set by hand, definitions in files, and one run after the other."""

    base: SmallCompany
    config: Path
    day: date = AS_OF
    approvals: Sequence[str] = ()
    events: Rows = field(default_factory=list)
    aliases: Rows = field(default_factory=list)
    fed: Collection[str] = tuple(SOURCES)  # the staged tables that some source feeds

    def define(self, key: str, where: str = "", **more: Any) -> None:
        content = {"key": key, "name": key, "owner": "x", "purpose": "x", "where": where, **more}
        (self.config / "segments" / f"{key}.yaml").write_text(json.dumps(content), encoding="utf-8")

    def refs(
        self, people: Mapping[str, Mapping[str, Any]], accounts: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, DatasetRef]:
        def measured(key: str, values: Mapping[str, Mapping[str, Any]]) -> Rows:
            return [{key: id, "as_of": self.day, **row} for id, row in values.items()]

        content: dict[Table, Rows] = {
            CUSTOMER_360: [{"identity_confidence": 0.9, **row} for row in measured("profile_id", people)],
            ACCOUNT_360: measured("account_id", accounts),
            ALIAS: self.aliases,
            IDENTITY_EVENT: self.events,
            SOURCE_STATE: [feeding(self.fed)],
        }
        with self.base.project.engine() as engine:
            return {table.name: save(engine, table, rows_of(table, rows)) for table, rows in content.items()}

    def run(
        self, people: Mapping[str, Mapping[str, Any]], accounts: Mapping[str, Mapping[str, Any]] | None = None,
        *, is_published: bool = True,
    ) -> StageReport:  # fmt: skip
        report = segment_with(
            self.base.project, self.base.run(self.day), self.refs(people, accounts or {}), self.approvals
        )
        if is_published:
            publish(self.base.project, report)
        return report

    def read(self, table: Table, report: StageReport) -> Rows:
        return read(self.base.project, table, report)

    def members(self, report: StageReport) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self.read(SEGMENT_MEMBERSHIP, report):
            found.setdefault(row["segment_key"], []).append(row["member_id"])
        return found

    def log(self, report: StageReport) -> list[tuple[Any, ...]]:
        """This day's events as (segment, kind, member, other, cause)."""
        rows = [row for row in self.read(SEGMENT_EVENT, report) if row["on_date"] == self.day]
        return [tuple(row[n] for n in ("segment_key", "kind", "member_id", "other_member_id", "cause")) for row in rows]

    def row(self, report: StageReport, key: str) -> dict[str, Any]:
        return next(row for row in self.read(SEGMENT, report) if row["segment_key"] == key)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    config = tmp_path / "config"
    (config / "segments").mkdir(parents=True)
    return Company(SmallCompany(tmp_path / "home", config), config)


def scores(**values: int | None) -> dict[str, dict[str, Any]]:
    return {id: {"nps_score": score} for id, score in values.items()}


def test_a_personal_value_lets_somebody_in_and_stays_out_of_the_evidence(company: Company) -> None:
    company.define("named", "first_name is known and nps_score > 3")
    done = company.run({"p1": {"first_name": "Nina", "nps_score": 9}, "p2": {"nps_score": 9}})
    (row,) = company.read(SEGMENT_MEMBERSHIP, done)
    assert (row["member_id"], json.loads(row["evidence"])) == ("p1", {"first_name": "***", "nps_score": 9})


def test_a_first_run_is_all_entries_and_later_runs_are_changes_only(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    first = company.run(scores(p1=9, p2=9, p3=3))
    assert company.members(first) == {"happy": ["p1", "p2"]}
    assert company.log(first) == [
        ("happy", "entry", "p1", None, "first_run"),
        ("happy", "entry", "p2", None, "first_run"),
    ]
    company.day = TOMORROW
    second = company.run(scores(p1=10, p2=2, p3=9))
    assert company.log(second) == [
        ("happy", "exit", "p2", None, "person"),
        ("happy", "entry", "p3", None, "person"),
    ] or (company.log(second) == [("happy", "entry", "p3", None, "person"), ("happy", "exit", "p2", None, "person")])
    rows = {row["member_id"]: row for row in company.read(SEGMENT_MEMBERSHIP, second)}
    assert rows["p1"]["since"] == AS_OF  # evidence is that of the entry
    assert json.loads(rows["p1"]["evidence"]) == {"nps_score": 9}
    assert rows["p3"]["since"] == TOMORROW
    assert rows["p3"]["confidence"] == 0.9
    exit_of_p2 = next(row for row in company.read(SEGMENT_EVENT, second) if row["kind"] == "exit")
    assert json.loads(exit_of_p2["evidence"]) == {"nps_score": 2}  # why it left


def test_a_second_run_on_unchanged_input_returns_what_is_there(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    first = company.run(scores(p1=9))
    second = company.run(scores(p1=9))
    assert second.writes == first.writes
    assert (first.counts["entered"], second.counts["entered"]) == (1, 0)


def test_a_run_that_died_before_publishing_is_repeated_byte_for_byte(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(p1=9, p2=3))
    company.day = TOMORROW
    first = company.run(scores(p1=3, p2=9), is_published=False)
    place = company.base.project.lake.urls(company.base.project.lake.open(first.writes[1]))[-1]
    content = Path(place).read_bytes()
    for ref in first.writes:  # as if killed before a manifest was written
        (company.base.project.settings.home / "lake" / ref.dataset / f"{ref.version}.json").unlink()
    second = company.run(scores(p1=3, p2=9))
    assert second.writes == first.writes
    assert Path(place).read_bytes() == content


def test_a_new_day_with_the_same_people_has_no_events(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(p1=9))
    company.day = TOMORROW
    second = company.run(scores(p1=9))
    assert company.log(second) == []
    assert [row["as_of"] for row in company.read(SEGMENT_HISTORY, second)] == [AS_OF, TOMORROW]


def test_a_corrected_second_run_on_one_day_replaces_its_history_and_adds_its_events(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(p1=9))
    company.run(scores(p1=3))
    again = company.run(scores(p1=9))
    log = [(row["kind"], row["sequence"]) for row in company.read(SEGMENT_EVENT, again)]
    assert sorted(log, key=lambda entry: entry[1]) == [("entry", 0), ("exit", 1), ("entry", 2)]
    assert [(row["as_of"], row["size"]) for row in company.read(SEGMENT_HISTORY, again)] == [(AS_OF, 1)]


def test_a_day_before_the_one_that_readers_see_is_refused(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.day = TOMORROW
    company.run(scores(p1=9, p2=9))
    company.day = AS_OF
    with pytest.raises(EarlierDayError, match=f"Readers see {TOMORROW} already, and a run of {AS_OF} would take"):
        company.run(scores(p1=3))


def test_a_definitions_change_is_told_from_a_persons(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(was_8=8, is_9=9, falls=9, rises=3))
    company.day = TOMORROW
    company.define("happy", "nps_score >= 8")
    report = company.run(scores(was_8=8, is_9=9, falls=3, rises=9))
    assert sorted(company.log(report)) == [
        ("happy", "entry", "rises", None, "person"),
        ("happy", "entry", "was_8", None, "definition"),
        ("happy", "exit", "falls", None, "person"),
    ]


def test_a_new_segment_and_a_removed_one_are_definition_changes(company: Company) -> None:
    company.define("old", "nps_score >= 9")
    company.run(scores(p1=9))
    company.day = TOMORROW
    (company.config / "segments" / "old.yaml").unlink()
    company.define("new", "nps_score >= 9")
    report = company.run(scores(p1=9))
    assert sorted(company.log(report)) == [
        ("new", "entry", "p1", None, "definition"), ("old", "exit", "p1", None, "definition"),
    ]  # fmt: skip
    assert [row["segment_key"] for row in company.read(SEGMENT, report)] == ["new"]


def test_a_merge_carries_memberships_on_under_the_surviving_id(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(retired=9, survivor=3, both_old=9, both_new=9))
    company.day = TOMORROW
    company.aliases = [
        {"alias_id": "retired", "profile_id": "survivor", "since": TOMORROW},
        {"alias_id": "both_old", "profile_id": "both_new", "since": TOMORROW},
    ]
    report = company.run(scores(survivor=9, both_new=9))
    assert company.members(report) == {"happy": ["both_new", "survivor"]}
    assert sorted(company.log(report)) == [
        ("happy", "merge", "both_old", "both_new", "identity"), ("happy", "merge", "retired", "survivor", "identity"),
    ]  # fmt: skip
    assert {row["since"] for row in company.read(SEGMENT_MEMBERSHIP, report)} == {AS_OF}


def test_a_merged_person_who_no_longer_matches_leaves_under_the_new_id(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(retired=9, survivor=3))
    company.day = TOMORROW
    company.aliases = [{"alias_id": "retired", "profile_id": "survivor", "since": TOMORROW}]
    report = company.run(scores(survivor=3))
    assert company.members(report) == {}
    assert sorted(company.log(report)) == [
        ("happy", "exit", "survivor", None, "person"), ("happy", "merge", "retired", "survivor", "identity"),
    ]  # fmt: skip


def test_a_split_carries_the_membership_on_to_both_parts(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(whole=9))
    company.day = TOMORROW
    company.events = [
        {"event_id": "e", "on_date": TOMORROW, "kind": "split", "profile_id": "part", "other_profile_id": "whole"}
    ]
    report = company.run(scores(whole=9, part=9))
    assert company.log(report) == [("happy", "split", "part", "whole", "identity")]
    assert {row["member_id"]: row["since"] for row in company.read(SEGMENT_MEMBERSHIP, report)} == {
        "whole": AS_OF, "part": AS_OF,
    }  # fmt: skip


def test_somebody_who_exists_no_longer_leaves(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.run(scores(p1=9, erased=9))
    company.day = TOMORROW
    report = company.run(scores(p1=9))
    assert company.log(report) == [("happy", "exit", "erased", None, "gone")]


def test_replaying_the_events_gives_the_membership(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.define("sad", "nps_score <= 6", movement={"limit": 0.1, "floor": 0})
    days = [scores(a=9, b=9, c=2, d=3), scores(a=9, b=2, c=9, d=3), scores(b=9, c=9, d=8), scores(b=9, c=None, d=9)]
    for number, people in enumerate(days):
        company.day = AS_OF + timedelta(days=number)
        if number == 2:
            company.aliases = [{"alias_id": "a", "profile_id": "b", "since": company.day}]
        report = company.run(people)
    order = ("merge", "split", "exit", "entry")
    log = company.read(SEGMENT_EVENT, report)
    log.sort(key=lambda row: (row["on_date"], row["sequence"], order.index(row["kind"])))
    inside: dict[str, set[str]] = {}
    for row in log:
        members = inside.setdefault(row["segment_key"], set())
        (members.discard if row["kind"] in ("exit", "merge") else members.add)(row["member_id"])
        if row["kind"] == "merge":
            members.add(row["other_member_id"])
    assert {key: sorted(ids) for key, ids in inside.items() if ids} == company.members(report)


def test_a_segment_outside_its_expected_range_is_held_and_the_others_go_on(company: Company) -> None:
    company.define("happy", "nps_score >= 9", expected={"max": 2})
    company.define("sad", "nps_score <= 6")
    company.run(scores(a=9, b=9, c=1))
    company.day = TOMORROW
    report = company.run(scores(a=9, b=3, c=9, d=9))
    assert company.members(report) == {"happy": ["a", "b"], "sad": ["b"]}  # happy is as yesterday
    row = company.row(report, "happy")
    assert (row["state"], row["size"], row["candidate_size"], row["implausible_since"]) == ("held", 2, 3, TOMORROW)
    assert row["reason"] == "It would have 3 members, more than the expected 2."
    assert company.row(report, "sad")["state"] == "published"


def test_a_new_definition_that_can_hardly_be_meant_is_held_until_somebody_approves(company: Company) -> None:
    people = {"a": {"nps_score": 9, "country": "Germany"}, "b": {"nps_score": None, "country": "France"}}
    company.define("nobody", "nps_score > 8 and nps_score < 3")
    company.define("typo", "country = 'Germny'")
    company.define("right", "country = 'Germany' and nps_score > 3")
    report = company.run(people)
    assert {key: company.row(report, key)["state"] for key in ("nobody", "typo", "right")} == {
        "nobody": "held", "typo": "held", "right": "published",
    }  # fmt: skip
    assert company.row(report, "nobody")["reason"] == "Nobody can fulfil both nps_score > 8 and nps_score < 3."
    assert company.row(report, "typo")["reason"].startswith("No country is 'Germny'; did you mean 'Germany'?")
    company.approvals = [company.row(report, "typo")["approval"]]
    company.day = TOMORROW
    assert company.row(company.run(people), "typo")["state"] == "published"


def test_a_value_that_occurs_no_more_does_not_hold_a_segment_that_is_published(company: Company) -> None:
    company.define("germans", "country = 'Germany'")
    company.run({"a": {"country": "Germany"}})
    company.day = TOMORROW
    report = company.run({"a": {"country": "France"}})
    assert company.row(report, "germans")["state"] == "published"


def test_it_is_counted_of_whom_too_little_is_known(company: Company) -> None:
    company.define("answered_low", "nps_score < 7")
    company.define("theirs", "any_of_people(in_segment('answered_low'))", level="account")
    report = company.run(scores(a=3, b=None, c=None), {"x": {}})
    assert company.row(report, "answered_low")["unknown"] == 2
    assert company.row(report, "theirs")["unknown"] == 0
    with company.base.project.engine() as engine:
        assert unsound(published_rows(engine)) == ["theirs has no members."]


def test_a_segment_that_moves_too_much_is_held_until_somebody_approves(company: Company) -> None:
    company.define("happy", "nps_score >= 9", movement={"limit": 0.5, "floor": 1})
    company.run(scores(a=9, b=9, c=1, d=1))
    company.day = TOMORROW
    held = company.run(scores(a=1, b=1, c=9, d=9))
    assert company.members(held) == {"happy": ["a", "b"]}
    assert company.row(held, "happy")["reason"].startswith("2 would enter and 2 leave its 2 members")
    subject = company.row(held, "happy")["approval"]
    company.day = TOMORROW + timedelta(days=1)
    still = company.run(scores(a=1, b=1, c=9, d=9))
    assert company.row(still, "happy")["approval"] == subject  # one question, asked once
    assert company.row(still, "happy")["implausible_since"] == TOMORROW
    company.approvals = [subject]
    approved = company.run(scores(a=1, b=1, c=9, d=9))
    assert company.members(approved) == {"happy": ["c", "d"]}
    assert company.row(approved, "happy")["state"] == "published"


def test_a_person_approves_a_held_segment_by_the_command_line(
    company: Company, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.define("happy", "nps_score >= 9", expected={"max": 1})
    subject = company.row(company.run(scores(a=9, b=9)), "happy")["approval"]
    settings = company.base.project.settings.model_copy(update={"warehouse_url": warehouse_url})
    for name in ("home", "config", "warehouse_url"):
        monkeypatch.setenv(f"KINDRED_{name.upper()}", str(getattr(settings, name)))
    approve = ["approve", subject, "--reason", "checked", "--author", "me"]
    told = CliRunner().invoke(_application(["approve"]), approve)
    assert told.exit_code == 0, told.output
    company.base.project = Project(settings)
    report = segment(company.base.project, company.base.run(AS_OF), company.refs(scores(a=9, b=9), {}))
    assert company.members(report) == {"happy": ["a", "b"]}
    company.base.project.close()
    unknown = CliRunner().invoke(_application(["approve"]), ["approve", "segment/happy@0", *approve[2:]])
    assert isinstance(unknown.exception, ConfigurationError)


def test_an_approval_of_one_definition_is_none_of_another(company: Company) -> None:
    company.define("happy", "nps_score >= 9", expected={"max": 1})
    held = company.run(scores(a=9, b=9))
    company.approvals = [company.row(held, "happy")["approval"]]
    company.define("happy", "nps_score >= 8", expected={"max": 1})
    assert company.row(company.run(scores(a=9, b=9)), "happy")["state"] == "held"


def test_somebody_who_is_gone_leaves_even_a_held_segment(company: Company) -> None:
    company.define("happy", "nps_score >= 9", expected={"min": 2})
    company.run(scores(a=9, erased=9))
    company.day = TOMORROW
    report = company.run(scores(a=9))
    assert company.row(report, "happy")["state"] == "held"
    assert company.members(report) == {"happy": ["a"]}


def test_a_refused_definition_keeps_its_members_and_stops_no_other(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    company.define("sad", "nps_score <= 6")
    company.run(scores(a=9, b=1))
    company.day = TOMORROW
    company.define("happy", "nps_scor >= 9")
    report = company.run(scores(a=9, b=9, c=1))
    assert company.members(report) == {"happy": ["a"], "sad": ["c"]}
    row = company.row(report, "happy")
    assert row["state"] == "refused"
    assert row["reason"].startswith("happy.yaml:1:")
    assert "did you mean 'nps_score'?" in row["reason"]
    with company.base.project.engine() as engine:
        (told,) = unsound(published_rows(engine))
    assert told == f"happy is refused, and its members are the 1 that it had: {row['reason']}"
    company.day = TOMORROW + timedelta(days=1)
    company.define("happy", "nps_score >= 9")
    assert sorted(company.log(company.run(scores(a=9, b=9, c=1)))) == [("happy", "entry", "b", None, "person")]


def test_the_highest_priority_of_an_exclusive_group_wins(company: Company) -> None:
    company.define("rescue", "nps_score <= 6", exclusive={"group": "programme", "priority": 2})
    company.define("survey", "nps_score <= 8", exclusive={"group": "programme", "priority": 1})
    assert company.members(company.run(scores(a=3, b=8))) == {"rescue": ["a"], "survey": ["b"]}


def test_an_exclusive_group_stays_exclusive_when_one_of_it_is_held(company: Company) -> None:
    company.define("rescue", "nps_score <= 6", exclusive={"group": "programme", "priority": 2})
    company.define("survey", "nps_score <= 8", exclusive={"group": "programme", "priority": 1}, expected={"min": 1})
    company.run(scores(a=3, b=8))
    company.day = TOMORROW
    report = company.run(scores(a=3, b=4))  # b is no candidate of survey any more, so survey is held
    assert company.row(report, "survey")["state"] == "held"
    assert company.members(report) == {"rescue": ["a", "b"]}


def test_the_members_held_out_are_always_the_same_share(company: Company) -> None:
    people = scores(**{f"p{n}": 9 for n in range(400)})
    company.define("happy", "nps_score >= 9", holdout=0.25)
    first = {r["member_id"] for r in company.read(SEGMENT_MEMBERSHIP, company.run(people)) if r["is_holdout"]}
    assert 70 < len(first) < 130
    company.day = TOMORROW
    second = {r["member_id"] for r in company.read(SEGMENT_MEMBERSHIP, company.run(people)) if r["is_holdout"]}
    assert second == first


def held_out(company: Company, report: StageReport) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in company.read(SEGMENT_MEMBERSHIP, report):
        found.setdefault(row["segment_key"], set()).update({row["member_id"]} if row["is_holdout"] else ())
    return found


def test_who_is_held_out_of_a_segment_is_so_of_those_that_include_it(company: Company) -> None:
    company.define("happy", "nps_score >= 9", holdout=0.25)
    company.define("wider", "nps_score = 8 or in_segment('happy')")
    company.define("widest", "nps_score = 7 or in_segment('wider')", holdout=0.1)
    company.define("others", "not in_segment('happy')")
    company.define("counted", "in_segment('wider')", inherit_holdouts=False)
    people = {f"p{n}": {"nps_score": 7 + n % 3} for n in range(600)}
    found = held_out(company, company.run(people))
    assert 30 < len(found["happy"]) < 70
    assert found["wider"] == found["happy"]
    assert found["widest"] > found["happy"]  # and its own share
    assert found["others"] == found["counted"] == set()


def test_the_people_of_an_account_that_is_held_out_are_held_out_and_not_the_reverse(company: Company) -> None:
    company.define("clients", "nps > 0", level="account", holdout=0.5)
    company.define("their_people", "in_segment('clients')")
    company.define("happy", "nps_score >= 9", holdout=0.5)
    company.define("with_happy_people", "any_of_people(in_segment('happy'))", level="account")
    people = {f"p{n}": {"nps_score": 9, "account_id": f"a{n % 40}"} for n in range(80)}
    found = held_out(company, company.run(people, {f"a{n}": {"nps": 50.0} for n in range(40)}))
    assert 10 < len(found["clients"]) < 30
    assert found["their_people"] == {person for person, row in people.items() if row["account_id"] in found["clients"]}
    assert found["with_happy_people"] == set()


def test_a_refused_definition_goes_on_holding_out_whom_it_held_out(company: Company) -> None:
    people = scores(**{f"p{n}": 9 for n in range(100)})
    company.define("happy", "nps_score >= 9", holdout=0.25)
    company.define("above", "in_segment('happy')")
    before = held_out(company, company.run(people))
    assert before["happy"]
    company.day = TOMORROW
    company.define("happy", "nps_scor >= 9", holdout=0.25)
    assert held_out(company, company.run(people)) == before


def test_segments_of_accounts_and_of_their_people(company: Company) -> None:
    company.define("sliding", "usage_falling_weeks >= 3", level="account")
    company.define("unhappy", "any_of_people(nps_score <= 6) and all_of_people(nps_score is not null)", level="account")
    company.define("contacts", "in_segment('sliding')")
    people = {
        "p1": {"account_id": "a1", "nps_score": 3}, "p2": {"account_id": "a1", "nps_score": 9},
        "p3": {"account_id": "a2", "nps_score": 3}, "p4": {"account_id": "a2"}, "p5": {},
    }  # fmt: skip
    report = company.run(people, {"a1": {"usage_falling_weeks": 3}, "a2": {"usage_falling_weeks": 0}, "a3": {}})
    assert company.members(report) == {"sliding": ["a1"], "unhappy": ["a1"], "contacts": ["p1", "p2"]}
    assert company.row(report, "sliding")["share"] == pytest.approx(1 / 3)


def test_a_segment_of_people_that_becomes_one_of_accounts_starts_anew(company: Company) -> None:
    company.define("sliding", "account_usage_falling_weeks >= 3")
    company.run({"p1": {"account_usage_falling_weeks": 3}}, {"a1": {"usage_falling_weeks": 3}})
    company.day = TOMORROW
    company.define("sliding", "usage_falling_weeks >= 3", level="account")
    report = company.run({"p1": {"account_usage_falling_weeks": 3}}, {"a1": {"usage_falling_weeks": 3}})
    assert company.members(report) == {"sliding": ["a1"]}
    assert company.log(report) == [
        ("sliding", "entry", "a1", None, "definition"), ("sliding", "exit", "p1", None, "gone"),
    ]  # fmt: skip


def test_in_segment_means_the_published_members_of_a_held_one(company: Company) -> None:
    company.define("happy", "nps_score >= 9", expected={"max": 1})
    company.define("also", "in_segment('happy')")
    company.run(scores(a=9, b=3))
    company.day = TOMORROW
    assert company.members(company.run(scores(a=9, b=9))) == {"happy": ["a"], "also": ["a"]}


def test_nobody_at_all_is_no_fault(company: Company) -> None:
    company.define("happy", "nps_score >= 9")
    assert company.members(company.run({})) == {}
    (company.config / "segments" / "happy.yaml").unlink()
    assert company.run({}).counts["segments"] == 0


def test_row_order_changes_no_byte(company: Company, tmp_path: Path) -> None:
    other_config = tmp_path / "other" / "config"
    (other_config / "segments").mkdir(parents=True)
    other = Company(SmallCompany(tmp_path / "other" / "home", other_config), other_config)
    people = scores(**{f"p{n}": n % 11 for n in range(50)})
    contents = []
    for each, rows in ((company, people), (other, dict(reversed(people.items())))):
        each.define("happy", "nps_score >= 9", holdout=0.2)
        report = each.run(rows)
        files = [url for ref in report.writes for url in each.base.project.lake.urls(each.base.project.lake.open(ref))]
        contents.append([pq.read_table(file).to_pylist() for file in files])
    assert contents[0] == contents[1]


def test_of_a_condition_that_begins_with_not_the_unknown_are_counted_too(company: Company) -> None:
    company.define("unhappy", "not nps_score >= 9")
    assert company.row(company.run(scores(p1=9, p2=None)), "unhappy")["unknown"] == 1


WITHOUT_CONTRACTS = tuple(table for table in SOURCES if table != "contract")


def test_a_segment_without_its_source_is_unjudged_and_never_empty(company: Company) -> None:
    company.fed = WITHOUT_CONTRACTS
    company.define("renewing", "nps_score < 7 and within_next(renewal_date, 90 days)")
    company.define("either", "nps_score >= 9 or renewal_days < 0")
    company.define("happy", "nps_score >= 9")
    report = company.run(scores(p1=9, p2=3))
    row = company.row(report, "renewing")
    assert (row["state"], row["size"], row["unknown"]) == ("unjudged", 0, 1)
    assert row["reason"] == "No source gives contracts."
    assert unsound([row]) == []  # one line tells of all that lack a source
    (told,) = remarks({}, wanting([row]))
    assert told.startswith(
        "No source gives contracts: 1 segment cannot be judged (renewing). A spreadsheet of contracts"
    )
    either = company.row(report, "either")  # it finds somebody, and says of how many it cannot tell
    assert (either["state"], either["size"], either["unknown"]) == ("published", 1, 1)
    assert company.row(report, "happy")["state"] == "published"


def test_nobody_false_for_another_reason_is_known_to_be_out(company: Company) -> None:
    company.fed = WITHOUT_CONTRACTS
    company.define("renewing", "nps_score < 7 and within_next(renewal_date, 90 days)")
    row = company.row(company.run(scores(p1=9, p2=8)), "renewing")
    assert (row["state"], row["size"], row["unknown"]) == ("published", 0, 0)


def test_what_refers_to_an_unjudged_segment_is_unjudged_but_who_it_would_win_over_is_not(company: Company) -> None:
    company.fed = WITHOUT_CONTRACTS
    company.define("renewing", "renewal_days < 90", exclusive={"group": "mail", "priority": 2})
    company.define("others", "nps_score >= 0", exclusive={"group": "mail", "priority": 1})
    company.define("calm", "not in_segment('renewing')")
    report = company.run(scores(p1=9))
    assert {key: company.row(report, key)["state"] for key in ("renewing", "others", "calm")} == {
        "renewing": "unjudged", "others": "published", "calm": "unjudged",
    }  # fmt: skip
    assert company.members(report) == {"others": ["p1"]}


def test_what_people_of_an_account_do_is_unknown_without_its_source(company: Company) -> None:
    company.fed = tuple(table for table in SOURCES if table != "nps_response")
    company.define("unhappy", "any_of_people(nps_score < 7)", level="account")
    company.define("calm", "none_of_people(nps_score < 7)", level="account")
    report = company.run({"p1": {"account_id": "a"}}, {"a": {}})
    assert [company.row(report, key)["state"] for key in ("unhappy", "calm")] == ["unjudged", "unjudged"]


def test_a_source_that_goes_leaves_the_members_that_it_gave(company: Company) -> None:
    company.define("renewing", "renewal_days < 90")
    company.run({"p1": {"renewal_days": 3}})
    company.day, company.fed = TOMORROW, WITHOUT_CONTRACTS
    report = company.run({"p1": {}})
    assert company.row(report, "renewing")["state"] == "unjudged"
    assert company.members(report) == {"renewing": ["p1"]}
    assert company.log(report) == []
