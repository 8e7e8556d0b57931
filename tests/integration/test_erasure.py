"""Erasing on a real lake and a real PostgreSQL: what goes and what stays, who is told, killed anywhere, and access."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from psycopg import sql

from include.answers.lookup import Lookup
from include.answers.profile import explain_profile
from include.cli.erasure import _agreed
from include.contracts import identity, profiles, segments
from include.contracts.errors import ConfigurationError, FatalError, RetryableError, UnknownError
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import Settings
from include.contracts.staged import NPS_RESPONSE, PERSON_RECORD, QUARANTINE
from include.erasure import lake, postgres, step
from include.erasure.access import person_file
from include.erasure.held import Held, columns_of, held, named, server
from include.erasure.ledger import Erasure, ErasureLedger
from include.erasure.planning import plan
from include.erasure.search import Search
from include.storage.control.tables import ACTIVATION_CHANGE, ACTIVATION_ROW, ACTIVATION_WITHHELD, DECISION
from include.storage.project import Project
from tests.releases import ask, release

Put = Callable[..., DatasetRef]
NOW = datetime(2026, 6, 30, tzinfo=UTC)
DAY = NOW.date()
ANNA, BO = "anna@acme.example", "bo@acme.example"


def fill(project: Project, put: Put, run: Run) -> None:
    """Anna has two records and an answer, Bo one; once Bo's was taken for Anna's. Both share the switchboard."""
    old, new = "v1", "v2"
    people = [
        {"record_id": "crm.contact:1a", "source_key": "1a", "email": ANNA, "phone": "+4930111222333"},
        {"record_id": "nps.respondent:r7", "source_key": "r7", "email": ANNA, "email_received": "Anna@Acme.example"},
        {"record_id": "crm.contact:2b", "source_key": "2b", "email": BO, "phone": "+4930111222333"},
    ]
    for version, of_bo in ((old, "anna"), (new, "bo")):
        crosswalk = [{"record_id": row["record_id"], "profile_id": of_bo if "2b" in row["record_id"] else "anna",
                      "home_id": of_bo if "2b" in row["record_id"] else "anna"} for row in people]  # fmt: skip
        golden = [{"profile_id": "anna", "full_name": "Anna Quill", "email": ANNA, "records": 2, "sources": 2},
                  {"profile_id": "bo", "full_name": "Bo", "email": BO, "records": 1, "sources": 1}]  # fmt: skip
        content = {
            PERSON_RECORD: people,
            NPS_RESPONSE: [{"response_id": "nps.response:9", "record_id": "nps.respondent:r7", "comment": ANNA}],
            identity.CROSSWALK: crosswalk,
            identity.MEMBER: crosswalk,
            identity.ALIAS: [{"alias_id": "anni", "profile_id": "anna"}],
            identity.HISTORY: [],
            identity.REGISTER: [{"profile_id": "anna", "record_id": "crm.contact:1a"}],
            identity.IDENTITY_EVENT: [{"event_id": "e", "profile_id": "bo", "other_profile_id": "anna", "records": 1}],
            profiles.PROFILE: golden if version == new else golden[:1],
            profiles.PROFILE_IDENTIFIER: [
                {"profile_id": "anna", "type": "email", "value": ANNA, "records": 1},
                {"profile_id": "bo", "type": "email", "value": BO, "records": 1},
            ],
            segments.SEGMENT: [{"segment_key": "all", "level": "person", "size": 2}],
            segments.SEGMENT_MEMBERSHIP: [{"segment_key": "all", "member_id": person} for person in ("anna", "bo")],
            QUARANTINE: [{"quarantine_id": "q", "source": "nps", "object": "response", "file": "f", "line": 2,
                          "row_received": f"9,,{ANNA}"}],
        }  # fmt: skip
        refs = {table.name: put(project, table, rows, version=version) for table, rows in content.items()}
        for table in content:
            for row in (refs[table.name],):
                inputs = {} if table is PERSON_RECORD else {identity.CROSSWALK.name: version}
                project.lake.commit(table.name, version, [f"{version}.parquet"], row.rows, inputs)
    release(project, run, {name: ref for name, ref in refs.items() if name != PERSON_RECORD.name})


@pytest.fixture
def town(warehouse_project: Project, put: Put, run: Run) -> Iterator[Project]:
    fill(warehouse_project, put, run)
    with warehouse_project.warehouse().begin() as connection:
        facts = {"kind": "never", "author": "Nina", "reason": "asked them", "decided_at": NOW, "origin": "person"}
        connection.execute(sa.insert(DECISION).values(decision_id="d", a="crm.contact:1a", b="crm.contact:2b", **facts))
        withheld = {"sync": "mail", "member_id": "anna", "reason": "no consent", "withheld_at": NOW, "was_there": False}
        connection.execute(sa.insert(ACTIVATION_WITHHELD).values(**withheld))
    place = warehouse_project.settings.home / "logs" / "task.log"
    place.parent.mkdir()
    place.write_text(f"looked at {ANNA} and jo-{ANNA}\n")
    yield warehouse_project


def erased(project: Project, *subjects: str) -> list[Erasure]:
    planned = plan(project, NOW, subjects)
    return step.carry_out(project, step.request(project, NOW, planned, reason="asked", author="Nina"), NOW)


def everything(project: Project) -> str:
    """All that the lake and the warehouse say."""
    told = []
    with project.engine() as engine:
        for file in project.lake.stored():
            if file.name.endswith(".parquet"):
                query = "SELECT * FROM read_parquet(?)"
                told += engine.connection.execute(query, [project.lake.url(file.dataset, file.name)]).fetchall()
    with project.warehouse().begin() as connection:
        for column in (column for columns in columns_of(connection, None) for column in columns):
            query = sql.SQL("SELECT {} FROM {}").format(column.text, column.place)
            told += [row[0] for row in server(connection).execute(query).fetchall()]
    return repr(told)


def test_a_person_is_erased_everywhere_and_others_stay(town: Project) -> None:
    planned = plan(town, NOW, ["anni"])
    assert (planned.subjects, planned.records, planned.shared) == (["anna"], 2, 1)
    assert ANNA in everything(town), "a plan erases nothing"
    (done,) = erased(town, "Anna@acme.example ".strip())
    assert (done.state, done.subject) == ("verified", None)
    told = everything(town)
    for trace in (ANNA, "Anna@Acme", "crm.contact:1a", "nps.respondent:r7", "Anna Quill", "'anna'", "anni"):
        assert trace not in told, trace
    assert ask(town, "SELECT profile_id, email FROM kindred.profile") == [("bo", BO)]
    assert "+4930111222333" in told, "the switchboard is Bo's, too"
    assert (town.settings.home / "logs" / "task.log").read_text().endswith(f" and jo-{ANNA}\n")
    manifest = town.lake.current(profiles.PROFILE.name)
    assert manifest.rows == 1
    assert town.lake.manifest(profiles.PROFILE.name, "v1").rows == 0, "Anna's records made it, whoever it was of"
    assert not [file for file in town.lake.stored("erasure") if file.name.endswith(".traces")]


def test_tables_columns_and_types_of_any_kind_are_blanked_and_looked_through(town: Project) -> None:
    table = 'Notes "2": 100%'
    place = sql.Identifier("control", table)
    names = [sql.Identifier(name) for name in ('To "whom": %s', "Raw", "LIST", "told", "kept")]
    types = [sql.SQL(kind) for kind in ("varchar(80)", "bytea", "text[]", "jsonb", "uuid")]
    declared = sql.SQL(", ").join(sql.SQL("{} {}").format(*both) for both in zip(names, types, strict=True))
    search = Search([ANNA, "j\u00f6rg@acme.example", "4930111222333"])
    row = [f"jo\u0308rg@acme.example, rj\u00f6rg@acme.example, {ANNA}x", b"\xff " + ANNA.encode(),
           ["J\u00d6RG@acme.example", BO], '{"tel": 4930111222333}', None]  # fmt: skip
    with town.warehouse().begin() as connection:
        execute = server(connection).execute
        execute(sql.SQL("CREATE TABLE {} ({})").format(place, declared))
        execute(sql.SQL("INSERT INTO {} VALUES (%s, %s, %s, %s, %s)").format(named("control", table)), row)
        (found,) = [one for one in held(connection, search, ["control"]) if table in one.name]
        assert [column.name for column in found.columns] == ['To "whom": %s', "Raw", "LIST", "told"]
        postgres.blank(connection, search, ["control"])
        told = execute(sql.SQL("SELECT * FROM {}").format(place)).fetchall()
        assert list(held(connection, search, ["control"])) == []
        execute(sql.SQL("DROP TABLE {}").format(place))
    text, raw = f"erased, rj\u00f6rg@acme.example, {ANNA}x", b"\xff " + b"x" * len(ANNA)
    assert told == [(text, raw, ["erased", BO], {"tel": "erased"}, None)]


def test_rows_that_only_their_values_told_apart_stay_apart(town: Project) -> None:
    with town.warehouse().begin() as connection:
        connection.exec_driver_sql("CREATE TABLE control.account (mail text UNIQUE, name text)")
        connection.exec_driver_sql("INSERT INTO control.account VALUES (%s, 'A'), (%s, 'B')", (ANNA, ANNA.upper()))
        postgres.blank(connection, Search([ANNA]), ["control"])
        told = connection.exec_driver_sql("SELECT mail, name FROM control.account ORDER BY name").fetchall()
        connection.exec_driver_sql("DROP TABLE control.account")
    assert [(mail[:7], name) for mail, name in told] == [("erased-", "A"), ("erased-", "B")]


def test_a_row_that_came_to_stand_at_the_place_of_another_is_left_alone(town: Project) -> None:
    with town.warehouse().begin() as connection:
        connection.exec_driver_sql("CREATE TABLE control.account (mail text)")
        connection.exec_driver_sql("INSERT INTO control.account VALUES (%s)", (ANNA,))
        (found,) = held(connection, Search([ANNA]), ["control"])
        (place,) = found.rows
        postgres._blank(connection, Held(found.columns, {place: ["what stood there before"]}), Search([ANNA]))
        told = connection.exec_driver_sql("SELECT mail FROM control.account").scalar()
        connection.exec_driver_sql("DROP TABLE control.account")
    assert told == ANNA


def test_several_are_erased_in_one_go_and_what_only_they_share_goes_with_them(town: Project) -> None:
    planned = plan(town, NOW, ["anni", BO, ANNA, "nobody@x.example", "zoe"])
    assert (planned.subjects, planned.records, planned.shared) == (["anna", "bo"], 3, 0)
    assert list(planned.left_out) == ["zoe", "nobody@x.example"]
    done = step.carry_out(town, step.request(town, NOW, planned, reason="asked", author="Nina"), NOW)
    assert [(one.state, one.subject, one.counts["people"]) for one in done] == [("verified", None, 2)] * 2
    told = everything(town)
    for trace in (ANNA, BO, "crm.contact:2b", "'bo'", "+4930111222333"):
        assert trace not in told, trace
    days = [town.suppressed().erased_on(*known) for known in (("email", ANNA), ("email", BO), ("profile", "anni"))]
    assert days == [DAY] * 3
    with pytest.raises(UnknownError, match=r"anna was erased on 2026-06-30\. Whoever had that address was erased"):
        plan(town, NOW, ["anna", BO])


def test_who_is_erased_or_unknown_is_said_in_a_sentence(town: Project) -> None:
    erased(town, "anna")
    town.settings.home.joinpath("logs", "old.log").write_text("sent to gone@acme.example\n")
    (only,) = plan(town, NOW, ["gone@acme.example"]).found
    assert (only.place, only.cells) == ("files of the home", 1), "of whom only a log knows"
    for subject, sentence in (
        ("anni", "The profile anni was erased on 2026-06-30."),
        (ANNA, "Whoever had that address was erased on 2026-06-30."),
        ("nobody", "There is no profile 'nobody'"),
        ("nobody@x.example", "Nobody with the address nobody@x.example is known"),
    ):
        with pytest.raises(UnknownError, match=sentence):
            plan(town, NOW, [subject])
    with town.engine() as engine, pytest.raises(UnknownError, match="was erased on 2026-06-30"):
        explain_profile(Lookup(engine, town.suppressed()), "anna")


def test_two_requests_for_who_turned_out_to_be_one_person_both_end_and_hold_nobody_up(town: Project) -> None:
    ledger = ErasureLedger(town.warehouse())
    first, second, other = (
        ledger.receive(subject, reason="asked", author="Nina", due_on=DAY) for subject in ("anna", "anni", "bo")
    )
    step.carry_out(town, [first], NOW)
    assert {one.erasure_id: one.state for one in step.finish(town, NOW)} == {
        second.erasure_id: "verified", other.erasure_id: "verified",
    }  # fmt: skip
    assert step.unfinished(town) == []


def test_whose_profile_ended_with_its_last_record_is_found_by_the_retired_id(town: Project, put: Put) -> None:
    stay = {"record_id": "crm.contact:3c", "profile_id": "cy", "home_id": "cy", "until": DAY}
    cy = {"record_id": "crm.contact:3c", "source_key": "3c", "email": "cy@acme.example", "is_deleted": True}
    for table, row in ((identity.HISTORY, stay), (PERSON_RECORD, cy)):
        town.lake.point(put(town, table, [row], version="v3"))
    planned = plan(town, NOW, ["cy"])
    assert (planned.subjects, planned.records) == (["cy"], 1)


def test_killed_anywhere_and_run_again_it_ends_the_same(town: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (step, "suppress"), (lake, "_rewrite"), (lake, "_recount"), (postgres, "erase"), (postgres, "compact"),
        (step, "_verified"),
    ):  # fmt: skip
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(module, name, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
            erased(town, "anna") if not step.unfinished(town) else resume(town)
    (done,) = resume(town)
    assert done.state == "verified"
    assert ANNA not in everything(town)
    assert step.unfinished(town) == []


def resume(project: Project) -> list[Erasure]:
    return step.carry_out(project, step.unfinished(project), NOW)


def test_what_is_left_is_told_by_its_place(town: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "erase", lambda *_: [])
    with pytest.raises(FatalError, match=r"something is left in .*control\.decision\.a") as told:
        erased(town, "anna")
    assert ANNA not in str(told.value)


def test_destinations_are_told_before_it_is_verified(town: Project) -> None:
    row = {"sync": "mail", "key": ANNA, "member_id": "anna", "digest": "d", "definition_version": "1", "added_at": NOW,
           "sent_at": NOW, "plan_id": "p"}  # fmt: skip
    with town.warehouse().begin() as connection:
        connection.execute(sa.insert(ACTIVATION_ROW).values(**row))
    planned = {"plan_id": "p", "member_id": "anna", "key": ANNA, "state": "pending", "attempts": 0}
    with town.warehouse().begin() as connection:
        for position, action in enumerate(("remove", "add"), 1):
            facts = {"position": position, "action": action}
            connection.execute(sa.insert(ACTIVATION_CHANGE).values(**planned, **facts))
    (done,) = erased(town, "anna")
    assert (done.state, step.waits_for(town, done)) == ("done", ["mail"])
    assert ask(town, "SELECT member_id, key FROM control.activation_row") == [("erased", ANNA)]
    told = ask(town, "SELECT action, state, member_id, key FROM control.activation_change ORDER BY position")
    assert told == [("remove", "pending", "erased", ANNA), ("add", "suppressed", "erased", None)]
    with town.warehouse().begin() as connection:
        connection.execute(sa.delete(ACTIVATION_ROW))
        connection.execute(sa.update(ACTIVATION_CHANGE).values(state="sent", key=None))
    assert [one.state for one in resume(town)] == ["verified"]


def test_no_run_is_at_work_meanwhile_and_a_second_person_agrees(town: Project, run: Run, tmp_path: Path) -> None:
    with town.ledger().working(run), pytest.raises(RetryableError, match="is at work"):
        erased(town, "anna")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "erasure.yaml").write_text("second_person: true")
    careful = Project(town.settings.model_copy(update={"config": tmp_path / "config"}))
    (asked,) = step.unfinished(careful)
    with pytest.raises(ConfigurationError, match="waits for somebody else than Nina"):
        step.carry_out(careful, [asked], NOW)
    ledger = ErasureLedger(careful.warehouse())
    with pytest.raises(ConfigurationError, match="somebody else has to agree"):
        ledger.agree(asked.erasure_id, "Nina")
    (agreed,) = step.carry_out(careful, [ledger.agree(asked.erasure_id, "Omar")], NOW)
    assert agreed.second == "Omar"
    careful.close()


def test_one_answer_agrees_to_all_that_others_asked(town: Project) -> None:
    ledger = ErasureLedger(town.warehouse())
    for subject, author in (("anna", "Nina"), ("bo", "Nina"), ("cy", "Omar")):
        ledger.receive(subject, reason="asked", author=author, due_on=DAY)
    with pytest.raises(ConfigurationError, match="say --yes"):
        _agreed(ledger, ["all"], "Omar", yes=False)
    assert [one.second for one in _agreed(ledger, ["all"], "Omar", yes=True)] == ["Omar"] * 2
    with pytest.raises(ConfigurationError, match=r"No request waits for Omar to agree; 1 are your own"):
        _agreed(ledger, ["all"], "Omar", yes=True)


def test_the_whole_file_of_a_person(town: Project) -> None:
    found = person_file(town, NOW, "anni")
    told = json.loads(found.to_json())
    assert told["tables"]["profile"][0]["full_name"] == "Anna Quill"
    assert {"staged/person_record", "staged/nps_response", "identity/crosswalk", "decisions"} <= told["tables"].keys()
    assert BO not in found.to_json()
    assert told["mentioned"] == {"identity/event": 1}
    page = found.to_html()
    assert next(iter(told["tables"])) == "profile"
    assert "A row is one person." in page
    assert ANNA in page


def test_in_an_object_store_it_is_the_same(bucket: str, warehouse_project: Project, put: Put, run: Run) -> None:
    settings = warehouse_project.settings.model_copy(update={"lake_url": f"{bucket}/lake"})
    with closing(Project(settings)) as project:
        fill(project, put, run)
        model = project.lake.url("identity/model", "m.model.json")
        project.lake.fs.pipe_file(model, json.dumps({"example": ANNA}).encode())
        (done,) = erased(project, "anni")
        assert (done.state, done.counts["identity/crosswalk"]) == ("verified", {"rows": 5, "cells": 0})
        assert project.lake.fs.cat_file(model) == b'{"example": "erased"}'
        told = everything(project)
        for trace in (ANNA, "Anna@Acme", "crm.contact:1a", "nps.respondent:r7", "'anna'"):
            assert trace not in told, trace
        manifest = project.lake.current(profiles.PROFILE.name)
        assert manifest is not None and manifest.rows == 1
        kept = [file.name for file in project.lake.stored() if file.name.endswith((".draft", ".traces"))]
        assert kept == []


def test_what_is_left_in_an_object_store_is_told(
    bucket: str, warehouse_project: Project, put: Put, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = warehouse_project.settings.model_copy(update={"lake_url": f"{bucket}/lake"})
    with closing(Project(settings)) as project:
        fill(project, put, run)
        project.lake.fs.pipe_file(project.lake.url("identity/model", "m.model.json"), ANNA.encode())
        monkeypatch.setattr(lake, "_rewrite", lambda *_: None)
        monkeypatch.setattr(lake, "blank_texts", lambda *_: 0)
        with pytest.raises(
            FatalError, match=r"left in identity/alias/v1\.parquet, .*identity/model/m\.model\.json"
        ) as told:
            erased(project, "anna")
        assert ANNA not in str(told.value)


def test_the_embedded_server_keeps_no_byte(put: Put, run: Run) -> None:
    with tempfile.TemporaryDirectory(prefix="kindred-test-") as folder:  # pytest's own are closed to the server's user
        project = Project(Settings(home=Path(folder) / "home"))
        with project.serving():
            _byte_by_byte(project, put, run)


def _byte_by_byte(project: Project, put: Put, run: Run) -> None:
    fill(project, put, run)
    assert [one.state for one in erased(project, "anna")] == ["verified"]
    marks = (b"anna@acme", b"Anna Quill", b"crm.contact:1a")
    files = [place for place in project.settings.home.rglob("*") if place.is_file()]
    assert [str(place) for place in files if any(mark in place.read_bytes() for mark in marks)] == []
