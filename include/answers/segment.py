"""Why somebody is in a segment or not: clause by clause, with values, their source rows, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import ibis.expr.types as ir

from include.answers.member import find_member
from include.answers.sources import Source, sources_of
from include.answers.ways import Truth, by_itself, could_become, state_of, through, ways
from include.contracts.errors import ConfigurationError
from include.contracts.identity import CROSSWALK, EDGE
from include.contracts.measures import measures_of
from include.contracts.profiles import PROFILE_LINEAGE
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import NPS_RESPONSE
from include.segments import tree
from include.segments.catalog import Segment, load
from include.segments.expression import expression
from include.segments.population import MEMBER
from include.segments.published import population
from include.storage.project import Project
from include.storage.readers import LakeReader, lake_reader

LINKS = 20


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause, with a ``not`` before it: true, false, or unknown (None), and the values it reads."""

    text: str
    state: bool | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A judged pair of records that holds the profile together; ``is_evidence``: a clause's value hangs on it."""

    record_a: str
    record_b: str
    probability: float
    grade: str
    comparison: str
    is_evidence: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that decides whether the member is in the segment.

    ``ways``: each of the equally short ways out of it, or into it, as what would have to change; none where nothing
    would do that a company could want.
    """

    segment: str
    member_id: str
    level: str
    as_of: date
    condition: str
    is_match: bool
    published: Mapping[str, Any] | None
    state: str | None
    clauses: tuple[Clause, ...]
    ways: tuple[tuple[str, ...], ...]
    records: tuple[str, ...] = ()
    links: tuple[Link, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form (dates as text)."""
        return asdict(self)


def explain(project: Project, key: str, member_id: str) -> Explanation:
    """Explain the published membership of a profile or account, named by its id, an address or a source's id.

    An id that was merged away stands for its successor. Raises ConfigurationError for an unknown segment or member.
    """
    catalog = load(project.settings.config)
    segment = catalog.segment(key)
    others = {other.key: other.condition for other in catalog.segments if other.level == segment.level}
    with lake_reader(project) as reader:
        return _explain(reader, segment, others, find_member(reader, segment.level, member_id))


def _explain(reader: LakeReader, segment: Segment, others: Mapping[str, tree.Node], member_id: str) -> Explanation:
    known = list(dict.fromkeys(_clauses(segment.condition, others)))
    people = population(reader, [(segment.level, clause) for clause in known])
    base = people.of(segment.level)
    states = {f"clause_{n}": expression(clause, segment.level, people) for n, clause in enumerate(known)}
    rows = base.mutate(**states).filter(lambda t: t[MEMBER[segment.level]] == member_id).to_pyarrow().to_pylist()
    if not rows:
        raise ConfigurationError(f"There is no {'profile' if segment.level == 'person' else 'account'} {member_id!r}.")
    row = rows[0]
    truth: Truth = {clause: row[f"clause_{n}"] for n, clause in enumerate(known)}
    lineage = _lineage(reader, segment, member_id)
    clauses = tuple(
        Clause(
            str(part), state_of(part, truth),
            tuple(sources_of(part, segment.level, row, people, lineage)),
        )
        for part in dict.fromkeys(tree.statements(segment.condition))
    )  # fmt: skip
    is_match = state_of(segment.condition, truth) is True
    can = through(others, truth, lambda clause, to: _can(clause, to, row, segment.level))
    found = ways(segment.condition, not is_match, truth, can)
    phrases = tuple(tuple(_phrase(clause, to, row, segment.level) for clause, to in way) for way in found)
    records, links = _identity(reader, segment, member_id, clauses)
    published, state = _published(reader, segment, member_id)
    return Explanation(
        segment.key, member_id, segment.level, people.as_of, str(segment.condition), is_match, published, state,
        clauses, phrases, records, links,
    )  # fmt: skip


def _published(reader: LakeReader, segment: Segment, member_id: str) -> tuple[dict[str, Any] | None, str | None]:
    """The membership's row and the segment's state, as published: a held or changed segment may differ."""
    rows = reader.table(SEGMENT_MEMBERSHIP)
    mine = rows.filter((rows.segment_key == segment.key) & (rows.member_id == member_id)).to_pyarrow().to_pylist()
    listed = reader.table(SEGMENT)
    states = listed.filter(listed.segment_key == segment.key).state.to_pyarrow().to_pylist()
    return (mine[0] if mine else None), (states[0] if states else None)


def _lineage(reader: LakeReader, segment: Segment, member_id: str) -> dict[str, str]:
    if segment.level == "account":
        return {}
    rows = reader.latest(PROFILE_LINEAGE)
    mine = rows.filter(rows.profile_id == member_id).select("attribute", "record_id").to_pyarrow().to_pylist()
    return {row["attribute"]: row["record_id"] for row in mine}


def _clauses(condition: tree.Node, others: Mapping[str, tree.Node]) -> Iterator[tree.Clause]:
    """The clauses of a condition and of those of the segments that it refers to."""
    for clause in tree.clauses(condition):
        yield clause
        if isinstance(clause, tree.InSegment) and clause.key in others:
            yield from _clauses(others[clause.key], others)


def _can(clause: tree.Clause, target: bool, row: Mapping[str, Any], level: str) -> bool:
    return by_itself(clause, target, row) is not None or could_become(clause, target, row, level)


def _phrase(clause: tree.Clause, target: bool, row: Mapping[str, Any], level: str) -> str:
    read = {name: name for name in (*tree.measures(clause), *(trait.name for trait in tree.traits(clause)))}
    read |= {happened.name: str(happened) for happened in tree.happenings(clause)}
    known = measures_of(level)
    values = ", ".join(
        f"{told} is {_shown(known[name].column.told(row[name]) if name in known else row[name])}"
        for name, told in read.items()
    )
    day = by_itself(clause, target, row)
    now = f" (now {values})" if values else ""
    return f"{clause} would have to be {'true' if target else 'false'}{now}" + (f"; it will be on {day}" if day else "")


def _shown(value: Any) -> str:
    return "unknown" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _identity(
    reader: LakeReader, segment: Segment, member_id: str, clauses: tuple[Clause, ...]
) -> tuple[tuple[str, ...], tuple[Link, ...]]:
    """The records united in the profile and the judged pairs among them, those of evidence first."""
    if segment.level == "account":
        return (), ()
    crosswalk = reader.input(CROSSWALK)
    records = sorted(crosswalk.filter(crosswalk.profile_id == member_id).record_id.to_pyarrow().to_pylist())
    edges = reader.latest(EDGE)
    pairs = edges.filter(edges.record_a.isin(records) & edges.record_b.isin(records)).to_pyarrow().to_pylist()
    evidence = _evidence_records(reader, clauses)
    links = [
        Link(
            pair["record_a"], pair["record_b"], pair["probability"], pair["grade"], pair["evidence"],
            bool(evidence & {pair["record_a"], pair["record_b"]}),
        )
        for pair in pairs
    ]  # fmt: skip
    links.sort(key=lambda link: (not link.is_evidence, link.probability, link.record_a, link.record_b))
    return tuple(records), tuple(links[:LINKS])


def _evidence_records(reader: LakeReader, clauses: tuple[Clause, ...]) -> set[str]:
    """The person records that values come from; an answer's is that of its respondent."""
    sources = {source.record for clause in clauses for source in clause.sources if source.record}
    answers: ir.Table = reader.input(NPS_RESPONSE)
    if sources:
        sources.update(answers.filter(answers.response_id.isin(sorted(sources))).record_id.to_pyarrow().to_pylist())
    return sources
