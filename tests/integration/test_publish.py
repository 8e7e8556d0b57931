"""Load, audit, publish on a real PostgreSQL: what readers see, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date

import psycopg
import pytest
import sqlalchemy as sa

from include.contracts.errors import EarlierDayError, FatalError
from include.contracts.profiles import PROFILE
from include.contracts.runs import DatasetRef, Run, StageReport
from include.pipeline import perform
from include.quality.step import audit, load, publish
from include.storage.project import Project
from tests.releases import ask, release

Company = Callable[..., dict[str, DatasetRef]]
Step = Callable[[Project, Run, dict[str, DatasetRef]], StageReport]


def builds(project: Project) -> set[str]:
    return {name for (name,) in ask(project, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'build%%'")}


def test_readers_get_the_rows_with_declared_types_and_descriptions(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    release(warehouse_project, run, company(warehouse_project))
    assert ask(warehouse_project, "SELECT profile_id, email, records FROM kindred.profile ORDER BY 1") == [
        ("anna", "anna@acme.example", 2),
        ("bo", None, 1),
    ]
    assert ask(warehouse_project, "SELECT evidence -> 'nps_class' FROM kindred.segment_membership") == [(None,)]
    described = "SELECT obj_description('kindred.profile'::regclass), col_description('kindred.profile'::regclass, 1)"
    assert ask(warehouse_project, described) == [("one person", PROFILE.column("profile_id").description)]


def test_the_published_tables_enforce_their_declarations(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    release(warehouse_project, run, company(warehouse_project))
    for change, fault in {
        "confidence = 7": psycopg.errors.CheckViolation,
        "email_consent = 'maybe'": psycopg.errors.CheckViolation,
        "records = NULL": psycopg.errors.NotNullViolation,
        "profile_id = 'anna'": psycopg.errors.UniqueViolation,
    }.items():
        with pytest.raises(sa.exc.IntegrityError) as error:
            ask(warehouse_project, f"UPDATE kindred.profile SET {change}")
        assert isinstance(error.value.orig, fault)


def test_quarantined_rows_are_listed_without_what_was_in_them(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    release(warehouse_project, run, company(warehouse_project))
    rows = warehouse_project.ledger().quarantine()
    assert [(row["source"], row["rule"]) for row in rows] == [("nps", "score_range")]
    assert "secret@acme.example" not in str(rows)


def test_a_row_that_is_no_longer_quarantined_leaves_the_list(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    load(warehouse_project, run, company(warehouse_project))
    load(warehouse_project, run, company(warehouse_project, "v2", {"staged/quarantine": []}))
    assert warehouse_project.ledger().quarantine() == []


def test_publishing_again_changes_nothing(warehouse_project: Project, company: Company, run: Run) -> None:
    refs = company(warehouse_project)
    release(warehouse_project, run, refs)
    everything = "SELECT * FROM control.publication"
    views = "SELECT oid, relfilenode, xmin::text FROM pg_class WHERE relnamespace = 'kindred'::regnamespace ORDER BY 1"
    before = ask(warehouse_project, everything), ask(warehouse_project, views), builds(warehouse_project)
    release(warehouse_project, Run("another", date(2026, 7, 1)), refs)
    assert (ask(warehouse_project, everything), ask(warehouse_project, views), builds(warehouse_project)) == before


def test_an_earlier_day_is_published_only_by_a_run_that_rewinds(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    release(warehouse_project, run, company(warehouse_project))
    earlier, refs = date(2026, 6, 1), company(warehouse_project, "v2")
    with pytest.raises(EarlierDayError):
        release(warehouse_project, Run("earlier", earlier), refs)
    assert ask(warehouse_project, "SELECT as_of FROM control.publication WHERE is_current") == [(run.as_of,)]
    publish(warehouse_project, Run("rewinding", earlier, rewinds=True), refs)
    assert ask(warehouse_project, "SELECT as_of FROM control.publication WHERE is_current") == [(earlier,)]


def test_a_stage_of_an_earlier_day_is_refused_before_it_does_anything(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    release(warehouse_project, run, company(warehouse_project))
    earlier = Run("earlier", date(2026, 6, 1))
    with pytest.raises(EarlierDayError):
        perform(warehouse_project, earlier, "stage", {})
    (row,) = warehouse_project.ledger().runs()
    assert (row["run_id"], row["state"]) == ("earlier", "failed")
    assert "would take them back" in row["message"]


def test_the_lakes_readers_follow_the_warehouses(warehouse_project: Project, company: Company, run: Run) -> None:
    refs = company(warehouse_project)
    load(warehouse_project, run, refs)
    audit(warehouse_project, run, refs)
    assert warehouse_project.lake.current("profile") is None
    publish(warehouse_project, run, refs)
    current = warehouse_project.lake.current("profile")
    assert current is not None and current.ref == refs["profile"]


def test_a_build_that_no_audit_has_passed_is_not_published(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    refs = company(warehouse_project)
    load(warehouse_project, run, refs)
    with pytest.raises(FatalError, match="passed no audit"):
        publish(warehouse_project, run, refs)


def test_a_half_build_of_another_hand_is_dropped_and_loaded_anew(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    refs = company(warehouse_project)
    version = load(warehouse_project, run, refs).writes[0].version
    ask_nothing = f"DROP TABLE build_{version}.profile; COMMENT ON SCHEMA build_{version} IS NULL"
    with warehouse_project.warehouse().begin() as connection:
        connection.exec_driver_sql(ask_nothing)
    release(warehouse_project, run, refs)
    assert ask(warehouse_project, "SELECT count(*) FROM kindred.profile") == [(2,)]


def test_a_reader_finishes_on_what_it_began_with_and_the_next_gets_all_of_the_new(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project = warehouse_project
    release(project, run, company(project))
    refs = company(project, "v2")
    load(project, run, refs)
    audit(project, run, refs)
    publishing = threading.Thread(target=publish, args=(project, run, refs))
    with project.warehouse().engine.connect() as reader, reader.begin():
        seen = [reader.exec_driver_sql("SELECT min(full_name) FROM kindred.profile").scalar()]
        publishing.start()
        publishing.join(1.2)  # long enough for the publish to have tried and waited
        assert publishing.is_alive()
        seen.append(reader.exec_driver_sql("SELECT min(title) FROM kindred.customer_360").scalar())
    publishing.join()
    assert seen == ["v1", "v1"]
    assert ask(project, "SELECT min(full_name) FROM kindred.profile") == [("v2",)]
    assert ask(project, "SELECT min(title) FROM kindred.customer_360") == [("v2",)]


def test_readers_at_work_while_versions_follow_each_other_never_see_two_at_once(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project = warehouse_project
    releases = [company(project, version) for version in ("v1", "v2", "v1", "v2", "v1")]
    for refs in releases[:2]:
        load(project, run, refs)
        audit(project, run, refs)
    publish(project, run, releases[0])
    done, pairs = threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            with project.warehouse().engine.connect() as reader, reader.begin():
                first = reader.exec_driver_sql("SELECT min(full_name) FROM kindred.profile").scalar()
                pairs.add((first, reader.exec_driver_sql("SELECT min(title) FROM kindred.customer_360").scalar()))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for refs in releases[1:]:
        publish(project, run, refs)
    done.set()
    for reader in readers:
        reader.join()
    assert pairs == {("v1", "v1"), ("v2", "v2")}


def test_a_reader_whose_snapshot_is_older_than_the_build_sees_all_of_it(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project = warehouse_project
    release(project, run, company(project))
    engine = project.warehouse().engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as reader, reader.begin():
        reader.exec_driver_sql("SELECT count(*) FROM pg_class").scalar()
        release(project, run, company(project, "v2"))
        assert reader.exec_driver_sql("SELECT count(*), min(full_name) FROM kindred.profile").one() == (2, "v2")


def test_a_server_whose_clock_is_set_back_takes_no_new_build_for_an_older_one(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project, ledger = warehouse_project, warehouse_project.ledger()
    for name, version in (("while it was ahead", "v1"), ("once it was right", "v2")):
        this = Run(name, run.as_of)
        ledger.record_stage(this, StageReport("unify"), seconds=1.0)
        release(project, this, company(project, version))
        with project.warehouse().begin() as connection:
            connection.exec_driver_sql("UPDATE control.stage_run SET ended_at = now() + interval '1 year'")
            connection.exec_driver_sql("UPDATE control.publication SET published_at = now() + interval '1 year'")
    assert ask(project, "SELECT DISTINCT full_name FROM kindred.profile") == [("v2",)]
    assert [row["run_id"] for row in ledger.publications()] == ["once it was right", "while it was ahead"]


@pytest.mark.parametrize("steps", [(publish,), (load, audit, publish)], ids=["publish", "load"])
def test_what_is_tried_again_late_does_not_put_an_older_build_back(
    warehouse_project: Project, company: Company, run: Run, steps: tuple[Step, ...]
) -> None:
    project, ledger = warehouse_project, warehouse_project.ledger()
    evening, night = Run("evening", run.as_of), Run("night", run.as_of)
    older, newer = company(project), company(project, "v2")
    for this, refs in ((evening, older), (night, newer)):
        ledger.record_stage(this, StageReport("unify"), seconds=1.0)
        release(project, this, refs)
    with pytest.raises(FatalError, match=r"was begun before build .* readers see now"):
        for step in steps:
            step(project, evening, older)
    assert ask(project, "SELECT DISTINCT full_name FROM kindred.profile") == [("v2",)]
    current = project.lake.current("profile")
    assert current is not None and current.ref == newer["profile"]


def test_a_late_run_may_confirm_what_is_published_and_begun_anew_it_is_the_newer_one(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project, ledger = warehouse_project, warehouse_project.ledger()
    evening, night = Run("evening", run.as_of), Run("night", run.as_of)
    older, newer = company(project), company(project, "v2")
    for this in (evening, night):
        ledger.record_stage(this, StageReport("unify"), seconds=1.0)
    release(project, night, newer)
    assert release(project, evening, newer).counts["published"] == 0
    ledger.record_stage(evening, StageReport("unify"), seconds=1.0)
    assert release(project, evening, older).counts["published"] == 1


def test_old_builds_go_and_the_current_one_never_does(warehouse_project: Project, company: Company, run: Run) -> None:
    project = Project(warehouse_project.settings.model_copy(update={"keep_builds": 2}))
    releases = [company(project, version) for version in ("v1", "v2", "v3")]
    for refs in releases:
        release(project, run, refs)
    assert len(builds(project)) == 2
    release(project, run, releases[0])
    assert ask(project, "SELECT min(full_name) FROM kindred.profile") == [("v1",)]
    assert len(builds(project)) == 2
    project.close()


def test_an_old_build_that_a_reader_still_holds_stays_until_the_next_time(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project = Project(warehouse_project.settings.model_copy(update={"keep_builds": 2}))
    release(project, run, company(project))
    (old,) = builds(project)
    release(project, run, company(project, "v2"))
    with project.warehouse().engine.connect() as reader, reader.begin():
        reader.exec_driver_sql(f"SELECT count(*) FROM {old}.profile").scalar()
        assert release(project, run, company(project, "v3")).counts["dropped"] == 0
    assert release(project, run, company(project, "v4")).counts["dropped"] == 2
    project.close()


def test_the_readers_role_reads_what_is_published_and_nothing_else(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    refs = company(warehouse_project)
    release(warehouse_project, run, refs)
    with warehouse_project.warehouse().begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE kindred_reader")
        assert connection.exec_driver_sql("SELECT count(*) FROM kindred.profile").scalar() == 2
    (build,) = builds(warehouse_project)
    for secret in ("SELECT * FROM control.quarantine", f"SELECT * FROM {build}.profile", "DELETE FROM kindred.profile"):
        with pytest.raises(sa.exc.ProgrammingError) as error, warehouse_project.warehouse().begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE kindred_reader")
            connection.exec_driver_sql(secret)
        assert isinstance(error.value.orig, psycopg.errors.InsufficientPrivilege)


def test_a_view_of_somebody_else_in_the_readers_schema_stays(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project = warehouse_project
    release(project, run, company(project))
    with project.warehouse().begin() as connection:
        connection.exec_driver_sql("CREATE VIEW kindred.mine AS SELECT full_name FROM kindred.profile")
    release(project, run, company(project, "v2"))
    assert ask(project, "SELECT min(full_name) FROM kindred.mine") == [("v2",)]


def test_a_table_that_is_missing_from_a_release_is_not_served_from_an_older_one(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    project = warehouse_project
    release(project, run, company(project))
    refs = company(project, "v2")
    del refs["grid"]
    release(project, run, refs)
    assert ask(project, "SELECT to_regclass('kindred.grid')") == [(None,)]
