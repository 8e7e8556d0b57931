"""The steps `resolve` and `unify` on a real lake, the real engine and a real PostgreSQL."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from include.answers.lookup import Lookup
from include.answers.profile import explain_profile, explain_records
from include.answers.what_if import what_if
from include.contracts.departures import departures
from include.contracts.errors import ConfigurationError, HeldError, RetryableError
from include.contracts.identity import APPLIED, CROSSWALK, IDENTITY_EVENT, REVIEW
from include.contracts.profiles import PROFILE, PROFILE_HISTORY, PROFILE_IDENTIFIER, PROFILES
from include.contracts.runs import Run
from include.contracts.settings import ROOT
from include.contracts.staged import PERSON_RECORD
from include.identity import step
from include.identity.build import prepare
from include.identity.decisions.decision import StewardDecision
from include.identity.plan import plan_run
from include.matching.spec import load_spec
from include.storage.control.approvals import answer
from include.storage.lake import POINTER, Lake
from tests.company import ANN, CLEO, FIRST_WEEK, MONDAY, Company
from tests.people import on, person, said

pytestmark = pytest.mark.slow
NewDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="module")
def first_week(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Path:
    """A home whose lake has the versions of the first week, and points to none of them."""
    home = tmp_path_factory.mktemp("first") / "home"
    with new_database() as url:
        company = Company(home, ROOT / "include" / "config", url)
        company.week(*FIRST_WEEK)
        company.project.close()
    for pointer in home.rglob(f"{POINTER}.json"):
        pointer.unlink()
    return home


@pytest.fixture
def company(tmp_path: Path, warehouse_url: str, first_week: Path) -> Iterator[Company]:
    """A company of whom nothing is known yet, but whose usual first week has been worked out."""
    shutil.copytree(ROOT / "include" / "config", tmp_path / "config")
    shutil.copytree(first_week, tmp_path / "home")
    company = Company(tmp_path / "home", tmp_path / "config", warehouse_url)
    yield company
    company.project.close()


def test_people_get_ids_that_last(company):
    first = company.week(*FIRST_WEEK)
    assert first["crm.contact:1"] == first["usage.user:1"]
    assert len(set(first.values())) == 3
    written = dict(company.refs)
    assert company.week(*FIRST_WEEK) == first
    assert company.refs == written, "unchanged records give the version that is there"
    later = company.week(*FIRST_WEEK, person("nps.respondent:9", email=ANN["email"], full_name="Annabel Quillfeather"))
    assert later.items() > first.items()
    assert later["nps.respondent:9"] == first["crm.contact:1"]


def test_a_slow_run_does_not_take_back_what_another_has_handed_on(company, monkeypatch):
    company.week(*FIRST_WEEK[:2])
    company.stage(*FIRST_WEEK)
    monkeypatch.setattr(step, "_pass_gate", lambda project, _: project.lake.commit(CROSSWALK.name, "theirs", [], 0))
    with pytest.raises(RetryableError, match="Another run has handed on identities meanwhile"):
        company.resolve(Run("slow", company.day))
    assert company.project.lake.current(CROSSWALK.name).version == "theirs"


def test_what_the_source_merged_is_one_person_until_a_steward_says_it_never_is(company):
    zoltan = {"first_name": "Zoltan", "last_name": "Xu", "email": "zoltan@xu.example"}
    loser, user = person("crm.contact:8", **zoltan), person("usage.user:8", **zoltan)
    before = company.week(*FIRST_WEEK, loser)
    assert before["crm.contact:8"] != before["crm.contact:1"]
    merged = {**loser, "merged_into": "crm.contact:1", "is_deleted": True}
    after = company.week(*FIRST_WEEK, merged)
    assert after["crm.contact:8"] == after["crm.contact:1"]
    told = [row for row in company.rows(IDENTITY_EVENT) if row["on_date"] == MONDAY + timedelta(days=7)]
    assert [(row["kind"], row["evidence"]) for row in told] == [
        ("merged", "crm.contact:8|crm.contact:1|merged into another at the source")
    ]
    company.decide("never", "crm.contact:8", "crm.contact:1")
    apart = company.week(*FIRST_WEEK, merged, user)
    assert apart["crm.contact:8"] == apart["usage.user:8"] != apart["crm.contact:1"]


def test_what_the_source_deletes_ends_a_profile_with_its_last_record_and_it_is_told(company):
    first = company.week(*FIRST_WEEK)
    gone = [{**r, "is_deleted": r["record_id"] in ("crm.contact:1", "crm.contact:3")} for r in FIRST_WEEK]
    company.stage(*gone)
    counts = company.resolve(Run("deleted", company.day)).counts
    assert departures(counts) == ("2 records deleted at crm: 1 profile lost a record, 1 ended.",)
    with company.project.engine() as engine:
        found = {name: explain_profile(Lookup(engine), first[name]) for name in ("crm.contact:1", "crm.contact:3")}
    told = {name: (one.events[-1]["kind"], one.events[-1]["evidence"]) for name, one in found.items()}
    assert told == {
        "crm.contact:1": ("lost", "crm.contact:1|deleted at the source"),
        "crm.contact:3": ("retired", "crm.contact:3|deleted at the source"),
    }
    assert len(found["crm.contact:1"].records) == 2, "it stays the person's, as history"
    company.unify()
    assert first["crm.contact:3"] not in {row["profile_id"] for row in company.rows(PROFILE)}
    company.day += timedelta(days=7)
    assert company.week(*FIRST_WEEK) == first, "what is taken out of the recycle bin is whom it was"


@pytest.mark.parametrize(("other", "said"), [("34", "phone=other_extension"), ("12", "phone=equal")])
def test_two_extensions_of_one_number_tell_two_people_apart(company, other, said):
    evans = {"last_name": "Evans", "company": "Initech", "phone": "+14155550200"}
    jon, joan = (
        person("crm.contact:4", first_name="Jon", phone_extension="12", **evans),
        person("crm.contact:5", first_name="Joan", phone_extension=other, **evans),
    )
    company.stage(*FIRST_WEEK, jon, joan)
    plan = plan_run(company.project, Run("run", MONDAY), company.refs[PERSON_RECORD.name])
    with company.project.engine() as engine:
        found, _ = prepare(company.project, engine, plan)
        pair = found.judge.judge(pa.array([jon["record_id"]]), pa.array([joan["record_id"]]))
    assert said in pair["evidence"][0].as_py()


def test_stewards_bind_and_unbind_and_the_log_tells(company):
    first = company.week(*FIRST_WEEK)
    decision = company.decide("always", "usage.user:1", "crm.contact:3")
    joined = company.week(*FIRST_WEEK)
    assert joined["crm.contact:1"] == joined["crm.contact:3"]
    assert {"merged", "steward"} <= {row["kind"] for row in company.rows(IDENTITY_EVENT)}
    company.take_back(decision)
    assert company.week(*FIRST_WEEK) == first
    causes = {row["evidence"] for row in company.rows(IDENTITY_EVENT) if row["kind"] == "steward"}
    assert causes == {f"decision|{decision}|taken", f"decision|{decision}|taken back"}


def test_never_keeps_apart_what_the_evidence_joins(company):
    company.week(*FIRST_WEEK)
    company.decide("never", "crm.contact:1", "usage.user:1")
    apart = company.week(*FIRST_WEEK)
    assert apart["crm.contact:1"] != apart["usage.user:1"]


def test_a_profile_that_would_fall_apart_stays_one_and_a_person_is_asked(company):
    """With a limit of 0 every link is enough, so that the outcome does not hang on the model of so few records."""
    (company.project.settings.config / "stewardship.yaml").write_text("split_confidence: 0\n")
    first = company.week(*FIRST_WEEK)
    stranger = person("usage.user:1", first_name="Tancredi", last_name="Obermayr", email="t@obermayr.example")
    later = [stranger if record["record_id"] == "usage.user:1" else record for record in FIRST_WEEK]
    assert company.week(*later) == first
    assert [(row["record_a"], row["record_b"]) for row in company.rows(REVIEW)] == [("crm.contact:1", "usage.user:1")]
    (company.project.settings.config / "stewardship.yaml").write_text("split_confidence: 1\n")
    assert company.week(*later)["usage.user:1"] != first["usage.user:1"]


def test_what_is_found_is_never_dated_before_what_was_found_earlier(company):
    company.week(*FIRST_WEEK)
    company.day -= timedelta(days=21)
    company.week(*FIRST_WEEK[1:])
    assert {row["on_date"] for row in company.rows(IDENTITY_EVENT)} == {MONDAY}


def test_a_run_that_rewinds_follows_on_what_stood_before_its_day(company):
    first = company.week(*FIRST_WEEK)
    company.stage(*FIRST_WEEK[1:])
    far = company.resolve(Run("of the wrong year", date(2027, 1, 5)))
    company.stage(*FIRST_WEEK)
    again = company.resolve(Run("rewound", company.day, rewinds=True))
    assert again.writes != far.writes
    assert {row["record_id"]: row["profile_id"] for row in company.rows(CROSSWALK)} == first
    assert max(row["on_date"] for row in company.rows(IDENTITY_EVENT)) < date(2027, 1, 1)
    assert company.resolve(Run("rewound", company.day, rewinds=True)).writes == again.writes


def test_an_alias_lets_the_other_id_survive(company):
    first = company.week(*FIRST_WEEK)
    company.decide("alias", first["crm.contact:3"], first["crm.contact:1"])
    joined = company.week(*FIRST_WEEK)
    assert joined["crm.contact:3"] == first["crm.contact:1"], "though the record of the other is older"
    with company.project.engine() as engine:
        assert Lookup(engine).living_id(first["crm.contact:3"]) == first["crm.contact:1"]


def test_a_decision_goes_stale_with_its_record_and_is_noticed_when_a_record_changed(company):
    company.week(*FIRST_WEEK)
    company.decide("never", "crm.contact:1", "crm.contact:2")
    changed = [
        {**record, "city": "Leeds"} if record["record_id"] == "crm.contact:1" else record for record in FIRST_WEEK
    ]
    company.week(*changed)
    assert [row["state"] for row in company.rows(APPLIED)] == ["changed"]
    company.week(*FIRST_WEEK[1:])
    assert [row["state"] for row in company.rows(APPLIED)] == ["stale"]


def test_a_decisions_file_is_followed_line_by_line(company):
    first = company.week(*FIRST_WEEK)
    company.decisions_file("always,usage.user:1,crm.contact:3,,,Nina,married,2026-01-01")
    assert (
        company.week(*FIRST_WEEK)["crm.contact:3"]
        == first["crm.contact:3"]
        == company.week(*FIRST_WEEK)["usage.user:1"]
    )
    company.decisions_file()
    assert company.week(*FIRST_WEEK) == first


def test_a_faulty_decisions_file_is_refused_as_a_whole(company):
    company.week(*FIRST_WEEK)
    company.decisions_file(
        "always,crm.contact:1,crm.contact:2,,,Nina,x,2026-01-01",
        "always,crm.contact:2,crm.contact:3,,,Nina,x,2026-01-01",
        "never,crm.contact:1,crm.contact:3,,,Nina,x,2026-01-01",
        "never,crm.contact:1,crm.contact:99,,,Nina,x,2026-01-01",
    )
    with pytest.raises(ConfigurationError) as error:
        company.week(*FIRST_WEEK)
    message = str(error.value)
    assert "line 4: never crm.contact:1 – crm.contact:3 contradicts" in message
    assert "line 5: there is no record 'crm.contact:99'" in message
    with company.project.engine() as engine:
        assert company.book(engine).rows() == []


def test_a_decision_that_contradicts_one_in_force_is_refused(company):
    company.week(*FIRST_WEEK)
    company.decide("always", "crm.contact:1", "crm.contact:2")
    company.decide("always", "crm.contact:2", "crm.contact:3")
    with pytest.raises(ConfigurationError, match="contradicts always"):
        company.decide("never", "crm.contact:1", "crm.contact:3")


def test_what_if_shows_the_change_and_makes_none(company):
    first = company.week(*FIRST_WEEK)
    change = what_if(
        company.project,
        Run("try", MONDAY),
        StewardDecision("never", "Nina", "try", a="crm.contact:1", b="usage.user:1"),
    )
    assert [(row["kind"], row["other_profile_id"]) for row in change.events] == [("split", first["crm.contact:1"])]
    assert [row["record_id"] for row in change.moved] == ["usage.user:1"]
    assert company.week(*FIRST_WEEK) == first


def test_a_run_that_moves_too_much_waits_for_a_person(company):
    (company.project.settings.config / "stewardship.yaml").write_text("limits: {split_profiles: 0.1, at_least: 0}\n")
    first = company.week(*FIRST_WEEK)
    company.decide("never", "crm.contact:1", "usage.user:1")
    with pytest.raises(HeldError) as held:
        company.week(*FIRST_WEEK)
    assert "1 profiles would split off another" in held.value.evidence
    current = company.project.lake.current(CROSSWALK.name)
    assert current is not None
    assert held.value.subject != f"{CROSSWALK.name}@{current.version}", "readers keep the crosswalk from before"
    answer(company.project, held.value.subject, approved=True, author="Nina", reason="looked at it")
    company.day += timedelta(days=1)
    later = company.week(*FIRST_WEEK)
    assert later["usage.user:1"] != first["usage.user:1"], "the approval holds on the next day too"


def test_an_approval_is_for_one_change_only(company):
    (company.project.settings.config / "stewardship.yaml").write_text("limits: {split_profiles: 0.1, at_least: 0}\n")
    company.week(*FIRST_WEEK)
    company.decide("never", "crm.contact:1", "usage.user:1")
    with pytest.raises(HeldError) as held:
        company.week(*FIRST_WEEK)
    answer(company.project, held.value.subject, approved=True, author="Nina", reason="looked at it")
    with pytest.raises(HeldError):
        company.week(*FIRST_WEEK, person("crm.contact:9", **CLEO))


def test_a_run_that_disagrees_with_the_labelled_sample_waits_for_a_person(company):
    labels = company.project.settings.config / "labels.csv"
    labels.write_text("record_id,person_id\ncrm.contact:1,ann\nusage.user:1,ann's twin\ncrm.contact:2,ben\n")
    with pytest.raises(HeldError, match="approve or reject") as held:
        company.week(*FIRST_WEEK)
    assert "the precision on the labelled sample is 0.000; at least 0.980 is required" in held.value.evidence
    labels.write_text("record_id,person_id\ncrm.contact:1,ann\nusage.user:1,ann\ncrm.contact:2,ben\n")
    assert len(set(company.week(*FIRST_WEEK).values())) == 3


def test_a_group_above_the_limit_is_held_back_alone(company):
    (company.project.settings.config / "stewardship.yaml").write_text("largest_profile: 2\n")
    first = company.week(*FIRST_WEEK)
    third = person("email.prospect:1", **ANN)
    later = company.week(*FIRST_WEEK, third, person("email.prospect:3", **CLEO))
    assert later.items() > first.items()
    assert later["email.prospect:1"] not in first.values(), "the third record of Annabel waits by itself"
    assert later["email.prospect:3"] == first["crm.contact:3"], "the rest goes on"


def test_explaining_names_the_links_and_the_events(company):
    ids = company.week(*FIRST_WEEK)
    with company.project.engine() as engine:
        profile = explain_profile(Lookup(engine), ids["usage.user:1"])
        pair = explain_records(
            Lookup(engine),
            "crm.contact:1",
            "crm.contact:2",
            load_spec(company.project.settings.config / "matching.yaml"),
        )
    assert [row["record_id"] for row in profile.records] == ["crm.contact:1", "usage.user:1"]
    assert profile.weakest is not None
    assert profile.steps[-1].after == pytest.approx(profile.weakest.match_weight)
    assert [row["kind"] for row in profile.events] == ["created"]
    assert not pair.together


def test_as_of_look_ups_tell_where_a_record_was(company):
    first = company.week(*FIRST_WEEK)
    decision = company.decide("always", "crm.contact:1", "crm.contact:3")
    joined = company.week(*FIRST_WEEK)
    company.take_back(decision)
    company.week(*FIRST_WEEK)
    with company.project.engine() as engine:
        where = [Lookup(engine).profile_on("crm.contact:1", MONDAY + timedelta(days=day)) for day in (-1, 0, 7, 14)]
    assert where == [None, first["crm.contact:1"], joined["crm.contact:1"], first["crm.contact:1"]]


@pytest.mark.parametrize("call", [2, 7, 14, 21])
def test_killed_anywhere_and_repeated_it_writes_the_same_bytes(company, tmp_path, monkeypatch, call):
    company.week(*FIRST_WEEK)
    company.decide("always", "crm.contact:1", "crm.contact:3")
    before = tmp_path / "before"
    shutil.copytree(company.project.settings.home, before)
    company.day = MONDAY + timedelta(days=7)
    company.week(*FIRST_WEEK)
    company.unify()
    whole = contents(company)
    shutil.rmtree(company.project.settings.home)
    shutil.copytree(before, company.project.settings.home)
    company.day = MONDAY + timedelta(days=7)
    calls = iter(range(1, 1000))
    write = Lake._write

    def killed(lake, place, content):
        if next(calls) == call:
            raise KeyboardInterrupt
        write(lake, place, content)

    monkeypatch.setattr(Lake, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        company.week(*FIRST_WEEK)
        company.unify()
    monkeypatch.setattr(Lake, "_write", write)
    company.day = MONDAY + timedelta(days=7)
    company.week(*FIRST_WEEK)
    company.unify()
    assert contents(company) == whole


def contents(company: Company):
    """The files of every dataset that the steps wrote, by digest of their bytes."""
    lake = company.project.lake
    return {
        dataset: [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in lake.urls(lake.open(ref))]
        for dataset, ref in company.refs.items()
    }


def test_a_profile_shows_its_best_values_and_an_opt_out_survives_everything(company):
    out = said("crm.contact:1", "opted_out", on(2024), point=ANN["email"])
    company.week(*FIRST_WEEK, said=[out])
    company.unify()
    ids = {row["record_id"]: row["profile_id"] for row in company.rows(CROSSWALK)}
    profile = {row["profile_id"]: row for row in company.rows(PROFILE)}[ids["crm.contact:1"]]
    assert (profile["full_name"], profile["email_consent"], profile["records"], profile["sources"]) == (
        "Annabel Quillfeather", "opted_out", 2, 2,
    )  # fmt: skip
    again = said("crm.contact:77", "opted_in", on(2026), point=ANN["email"])
    recreated = person("crm.contact:77", **ANN)
    company.week(*FIRST_WEEK[1:], recreated, said=[again])
    company.unify()
    points = {row["value"]: row["consent"] for row in company.rows(PROFILE_IDENTIFIER) if row["type"] == "email"}
    assert points[ANN["email"]] == "opted_out"


def test_a_job_change_shows_the_new_employer_and_keeps_the_old(company):
    company.week(*FIRST_WEEK)
    company.unify()
    employed = {**FIRST_WEEK[0], "company": "Old Ltd", "title": "CTO", "updated_at": on(2025)}
    company.week(employed, *FIRST_WEEK[1:])
    company.unify()
    moved = {**employed, "company": "New Ltd", "title": None, "updated_at": on(2026)}
    company.week(moved, *FIRST_WEEK[1:])
    company.unify()
    assert {row["company"] for row in company.rows(PROFILE)} == {"New Ltd", None}
    former = [
        (row["attribute"], row["value"], row["held_from"], row["held_until"]) for row in company.rows(PROFILE_HISTORY)
    ]
    assert former == [
        ("company", "Old Ltd", on(2025), on(2026)),
        ("title", "CTO", on(2025), on(2026)),
    ]


def test_unifying_twice_gives_the_same_version(company):
    company.week(*FIRST_WEEK)
    first = company.unify()
    assert company.unify().writes == first.writes
    assert {ref.dataset for ref in first.writes} == {table.name for table in PROFILES}


def test_a_held_value_is_in_no_report(company):
    company.week(*FIRST_WEEK)
    report = company.unify()
    assert not any(value in str(report) for value in ANN.values())


def test_the_review_queue_holds_only_undecided_pairs(company):
    company.week(*FIRST_WEEK, person("nps.respondent:4", full_name="Annabel Quillfeather"))
    queue = company.rows(REVIEW)
    for row in queue:
        company.decide("never", row["record_a"], row["record_b"])
    company.week(*FIRST_WEEK, person("nps.respondent:4", full_name="Annabel Quillfeather"))
    assert company.rows(REVIEW) == []
