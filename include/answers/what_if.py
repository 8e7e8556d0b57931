"""What a decision would change, before it is taken: a whole resolve on the records of the last one, not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis

from include.answers.lookup import Row, rows_of
from include.contracts.configuration import effective
from include.contracts.errors import ConfigurationError
from include.contracts.identity import CROSSWALK
from include.contracts.runs import Run
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import PERSON_RECORD
from include.identity.build import prepare
from include.identity.crosswalk.relations import Result
from include.identity.decisions.decision import StewardDecision, faults, refuse
from include.identity.decisions.standing import Records, stand
from include.identity.plan import current_decisions, plan_run
from include.identity.settings import read_settings
from include.matching.spec import load_spec
from include.storage.engine import Engine
from include.storage.project import Project

_EVENTS = """
SELECT kind, profile_id, other_profile_id, records FROM {logged.events}
WHERE kind <> 'steward' ORDER BY kind, profile_id
"""
_MOVED = """
SELECT b.record_id, b.profile_id AS "from", n.profile_id AS "to"
FROM {before.crosswalk} b JOIN {assigned.crosswalk} n USING (record_id)
WHERE b.profile_id <> n.profile_id ORDER BY b.record_id
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen: events, the records that move, and the segments that the touched profiles are in now."""

    events: Sequence[Row]
    moved: Sequence[Row]
    segments: Sequence[Row]


def what_if(project: Project, run: Run, decision: StewardDecision) -> Change:
    """Return what taking the decision would change; raises ConfigurationError for one that could not be taken."""
    current = project.lake.current(CROSSWALK.name)
    if current is None:
        raise ConfigurationError("Nothing was resolved yet; run `python -m include run` first.")
    records = project.lake.input(current, PERSON_RECORD.name).ref
    config = project.settings.config
    spec, stewardship = load_spec(effective(config / "matching.yaml")), read_settings(config)
    standing = current_decisions(project, spec, stewardship, records, current)
    with project.engine() as engine:
        known = Records(engine, records, current.ref, tuple(spec.columns))
        wanted = [*standing.decisions, decision]
        refuse("The decision", faults([decision], standing.decisions, known.look(wanted)[0]))
        tried = stand(wanted, known)
    plan = plan_run(project, run, records, decisions=tried)
    with project.engine() as engine:
        _, result = prepare(project, engine, plan)
        return _change(engine, result)


def _change(engine: Engine, result: Result) -> Change:
    events = rows_of(engine, _EVENTS.format(logged=result.logged))
    moved = rows_of(engine, _MOVED.format(before=result.before, assigned=result.assigned))
    touched = {str(row[name]) for row in moved for name in ("from", "to")}
    return Change(events, moved, _segments(engine, touched))


def _segments(engine: Engine, profiles: set[str]) -> list[Row]:
    """The published segments of the profiles, with how many of them each holds."""
    membership, segment = (engine.lake.current(table.name) for table in (SEGMENT_MEMBERSHIP, SEGMENT))
    if membership is None or segment is None or not profiles:
        return []
    members = engine.read(SEGMENT_MEMBERSHIP, membership.ref)
    held = members.filter(members.member_id.isin(sorted(profiles)))
    counted = held.group_by("segment_key").aggregate(profiles=held.member_id.nunique())
    named = counted.inner_join(engine.read(SEGMENT, segment.ref).select("segment_key", "name"), "segment_key")
    rows: list[Row] = named.order_by(ibis.desc("profiles"), "segment_key").to_pyarrow().to_pylist()
    return rows
