"""The last three stages: load what is to be published, audit it, publish it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from include.contracts.errors import AuditError, FatalError
from include.contracts.runs import DatasetRef, Run, StageReport
from include.contracts.staged import QUARANTINE
from include.quality.docs import write_docs
from include.quality.drift import gate
from include.quality.expectations import Expectation, expectations
from include.quality.rows import set_aside
from include.quality.settings import Rules, read_settings
from include.quality.validation import Outcome, Validation, validate
from include.storage.code import code_of
from include.storage.control.tables import AUDIT_RESULT
from include.storage.postgres import build as builds
from include.storage.postgres import publication
from include.storage.postgres.build import AUDITED, Build
from include.storage.project import Project

ENGINE = "postgresql"
SELF_POINTED = ("raw/", "staged/", "identity/")  # their own stages let readers of the lake see them

Refs = Mapping[str, DatasetRef]


def load(project: Project, run: Run, refs: Refs) -> StageReport:  # noqa: ARG001 - every step is called alike
    """Load the tables to publish into a schema of their version, beside what readers see."""
    build = _build(project, refs)
    warehouse = project.warehouse()
    if QUARANTINE.name in refs:
        with warehouse.begin() as connection:
            builds.sync_quarantine(connection, project.lake, refs[QUARANTINE.name])
    with warehouse.begin() as connection:
        builds.lock(connection, build)
        if builds.state(connection, build) is None:
            builds.load(connection, project.lake, build)
        rows = builds.counts(connection, build)
    return _report("load", build, rows)


def audit(project: Project, run: Run, refs: Refs) -> StageReport:
    """Check the loaded build; faulty rows are set aside, a broken table stops here.

    Raises AuditError naming each failed expectation, HeldError where figures are out of the range of the weeks before;
    readers keep what they have.
    """
    build = _build(project, refs)
    warehouse = project.warehouse()
    with warehouse.begin() as connection:
        published = _published_rows(connection)
    with warehouse.begin() as guard:  # one audit of a build at a time
        builds.lock(guard, build)
        state = builds.state(guard, build)
        if state is None:
            raise FatalError(f"Build {build.version} is not loaded; run load again, then audit.")
        if state != AUDITED:
            rules = read_settings(project.settings.config)
            _examine(project, build, rules, expectations(build, rules, published), gate.examine(project, run, refs))
    with warehouse.begin() as connection:
        return _report("audit", build, {**builds.counts(connection, build), **_audited(connection, build)})


def publish(project: Project, run: Run, refs: Refs) -> StageReport:
    """Let readers see the audited build, all tables at once; then let the lake's readers, and drop old builds."""
    build = _build(project, refs)
    warehouse = project.warehouse()
    is_new = publication.publish(warehouse, build, run)
    for ref in refs.values():
        if not ref.dataset.startswith(SELF_POINTED) and project.lake.manifest(ref.dataset, ref.version):
            project.lake.point(ref)
    dropped = publication.drop_old(warehouse, build, project.settings.keep_builds)
    with warehouse.begin() as connection:
        rows = builds.counts(connection, build)
    return _report("publish", build, {**rows, "published": int(is_new), "dropped": len(dropped)})


def _build(project: Project, refs: Refs) -> Build:
    return Build.of(refs, code_of(__name__), read_settings(project.settings.config).model_dump(mode="json"))


def _report(stage: str, build: Build, counts: Mapping[str, int]) -> StageReport:
    reads = {name: ref.version for name, ref in build.refs.items()}
    written = (DatasetRef("warehouse", build.version, sum(counts.get(item.name, 0) for item in build.tables)),)
    return StageReport(stage, reads, written, counts, ENGINE)


def _examine(
    project: Project, build: Build, rules: Rules, expected: Sequence[Expectation], figures: Sequence[Outcome]
) -> None:
    """Validate, set faulty rows aside and validate again without them, keep the results, and seal or stop."""
    warehouse = project.warehouse()
    url = warehouse.engine.url.render_as_string(hide_password=False)
    validation = validate(url, build, expected)
    broken = [o for o in validation.outcomes if o.expectation.level == "row" and not o.success]
    with warehouse.begin() as connection:
        too_many = _beyond_limit(builds.counts(connection, build), broken, rules.row_limit)
        _keep(connection, build, [o for o in validation.outcomes if o.expectation.level == "row"], first_wins=True)
        removed = {} if too_many else set_aside(connection, build, [o.expectation for o in broken])
    if removed:
        validation = validate(url, build, expected)
    with warehouse.begin() as connection:
        found = [o for o in validation.outcomes if o.expectation.level != "row"]
        _keep(connection, build, [*found, *figures], first_wins=False)
        validation = replace(validation, outcomes=_as_first_found(connection, build, validation.outcomes))
    _write_results(project, build, validation)
    write_docs(project.settings.home / "docs" / "data_docs", build, validation)
    failures = [*too_many, *map(_sentence, validation.outcomes)]
    if any(failures):
        raise AuditError(f"{' '.join(filter(None, failures))} Nothing was published; readers keep what they have.")
    gate.require_steady(project, build.version, figures)
    with warehouse.begin() as connection:
        builds.seal(connection, build)


def _as_first_found(connection: sa.Connection, build: Build, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return the outcomes with those of rows as they were before rows were set aside, perhaps by a killed process."""
    query = sa.select(AUDIT_RESULT).where(AUDIT_RESULT.c.version == build.version, AUDIT_RESULT.c.level == "row")
    first = {(row.table_name, row.expectation, row.column_name): row for row in connection.execute(query)}

    def found(outcome: Outcome) -> Outcome:
        expectation = outcome.expectation
        row = first.get((expectation.table, expectation.name, expectation.column))
        if row is None:
            return outcome
        return Outcome(expectation, row.success, row.unexpected, row.observed)

    return tuple(map(found, outcomes))


def _beyond_limit(rows: Mapping[str, int], broken: Sequence[Outcome], limit: float) -> list[str]:
    """Return a sentence for each table of which too many rows would have to be set aside."""
    faults = {table: 0 for table in rows}
    for outcome in broken:
        faults[outcome.expectation.table] += outcome.unexpected
    return [
        f"{table}: {count} faults in {rows[table]} rows, more than the {limit:.1%} that may be set aside."
        for table, count in faults.items()
        if count > limit * rows[table]
    ]


def _sentence(outcome: Outcome) -> str:
    expectation = outcome.expectation
    if outcome.success or expectation.level != "table":
        return ""
    place = f"{expectation.table}.{expectation.column}" if expectation.column else expectation.table
    return f"{place}, {expectation.name}: {expectation.reason.rstrip('.')} ({outcome.unexpected})."


def _keep(connection: sa.Connection, build: Build, outcomes: Sequence[Outcome], *, first_wins: bool) -> None:
    """Keep the outcomes; those of rows as they were found first, for afterwards the rows are gone."""
    for outcome in outcomes:
        expectation = outcome.expectation
        facts = {
            "level": expectation.level, "success": outcome.success, "unexpected": outcome.unexpected,
            "observed": dict(outcome.observed),
        }  # fmt: skip
        entry = insert(AUDIT_RESULT).values(
            version=build.version, table_name=expectation.table, expectation=expectation.name,
            column_name=expectation.column, **facts,
        )  # fmt: skip
        index = ["version", "table_name", "expectation", "column_name"]
        connection.execute(
            entry.on_conflict_do_nothing()
            if first_wins
            else entry.on_conflict_do_update(index_elements=index, set_=facts)
        )


def _write_results(project: Project, build: Build, validation: Validation) -> None:
    folder = project.settings.home / "docs" / "audits"
    folder.mkdir(parents=True, exist_ok=True)
    content: list[dict[str, Any]] = [
        {**asdict(outcome.expectation), "success": outcome.success, "unexpected": outcome.unexpected,
         "observed": dict(outcome.observed)}
        for outcome in validation.outcomes
    ]  # fmt: skip
    (folder / f"{build.version}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")


def _published_rows(connection: sa.Connection) -> dict[str, int]:
    """Return how many rows readers have of each table now."""
    version = publication.current(connection)
    if version is None:
        return {}
    tables = publication.tables(connection)
    query = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM kindred.\"{name}\"" for name in sorted(tables))
    return {name: rows for name, rows in connection.exec_driver_sql(query)} if query else {}


def _audited(connection: sa.Connection, build: Build) -> dict[str, int]:
    c = AUDIT_RESULT.c
    query = sa.select(
        sa.func.count().label("expectations"),
        sa.func.count().filter(~c.success, c.level == "warn").label("warnings"),
        sa.func.coalesce(sa.func.sum(c.unexpected).filter(c.level == "row"), 0).label("set_aside"),
    ).where(c.version == build.version)
    return {name: int(value) for name, value in connection.execute(query).mappings().one().items()}
