"""Puts an explanation together: of one profile, or of two records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from include.answers.links import Link, holding_links, shortest_path, weakest
from include.answers.lookup import Lookup, Row
from include.contracts.errors import ConfigurationError
from include.contracts.records import Evidence
from include.contracts.staged import PERSON_RECORD
from include.identity.records import read_records
from include.identity.store import load_model
from include.matching import engine as matching
from include.matching.spec import MatchingSpec
from include.matching.weights.waterfall import Step, waterfall


@dataclass(frozen=True, slots=True)
class ProfileExplained:
    """How a profile came to be and what holds it: links strongest first, each with its waterfall (none of a decision).

    ``steps`` is the waterfall of the weakest one.
    ``history`` is what its records said before (profile_history), the values only where they were asked for.
    """

    asked: str
    profile_id: str
    confidence: float
    records: Sequence[Row]
    links: Sequence[Link]
    waterfalls: Sequence[Sequence[Step]]
    weakest: Link | None
    steps: Sequence[Step]
    events: Sequence[Row]
    aliases: Sequence[str]
    decisions: Sequence[Link]
    history: Sequence[Row]


@dataclass(frozen=True, slots=True)
class PairExplained:
    """Why two records are one person or not: their own weight, or the way round through other records."""

    record_a: str
    record_b: str
    profile_a: str
    profile_b: str
    link: Link | None
    steps: Sequence[Step]
    path: Sequence[Link]
    afresh: bool = False
    decisions: Sequence[Link] = ()
    events: Sequence[Row] = field(default=())

    @property
    def together(self) -> bool:
        """Both are in one profile."""
        return self.profile_a == self.profile_b


def explain_profile(lookup: Lookup, profile_id: str, *, values: bool = False) -> ProfileExplained:
    """Explain a profile by its living or a retired id; raises ConfigurationError for an unknown one.

    ``values`` shows what its records said before, instead of only that they said something else.
    """
    living = lookup.living_id(profile_id)
    rows, events = lookup.records(living), lookup.events(living)
    if not rows and not events:
        lookup.refuse_erased("profile", profile_id)
        raise ConfigurationError(f"There never was a profile {profile_id!r}.")
    records = [row["record_id"] for row in rows]
    links = lookup.links(records) if records else []
    held = holding_links(records, links)
    last = weakest([link for link in held if link.decision is None])
    return ProfileExplained(
        asked=profile_id,
        profile_id=living,
        confidence=min((row["confidence"] for row in rows), default=0.0),
        records=rows,
        links=held,
        waterfalls=[_steps(lookup, link) for link in held],
        weakest=last,
        steps=_steps(lookup, last),
        events=events,
        aliases=lookup.aliases(living),
        decisions=[link for link in links if link.decision],
        history=[row if values else {**row, "value": None} for row in lookup.former_values(records)],
    )


def explain_records(lookup: Lookup, a: str, b: str, spec: MatchingSpec) -> PairExplained:
    """Explain two records; raises ConfigurationError for an unknown one."""
    row_a, row_b = lookup.record(a), lookup.record(b)
    together = row_a["profile_id"] == row_b["profile_id"]
    records = [row["record_id"] for row in lookup.records(row_a["profile_id"], row_b["profile_id"])]
    inside = lookup.links(records)
    between = [link for link in inside if {link.record_a, link.record_b} == {a, b}]
    stored = next((link for link in between if link.decision is None), None)
    direct = stored or judge_afresh(lookup, a, b, spec)
    return PairExplained(
        record_a=a,
        record_b=b,
        profile_a=row_a["profile_id"],
        profile_b=row_b["profile_id"],
        link=direct,
        steps=_steps(lookup, direct),
        path=(shortest_path(a, b, [link for link in inside if link.grade == "match"]) or shortest_path(a, b, inside))
        if together
        else (),
        afresh=direct is not None and stored is None,
        decisions=[link for link in inside if link.decision],
        events=_between(lookup, row_a["profile_id"], row_b["profile_id"]),
    )


def judge_afresh(lookup: Lookup, a: str, b: str, spec: MatchingSpec) -> Link | None:
    """Judge a pair that was not kept, by the saved model; None where no blocking rule would bring them together.

    Two records do not tell how rare their values are, so the weight may differ from one among all records.
    """
    inputs = lookup.crosswalk.inputs
    records = read_records(lookup.engine, lookup.engine.lake.input(lookup.crosswalk, PERSON_RECORD.name))
    columns = dict.fromkeys([spec.id, *([spec.source] if spec.source else []), *spec.columns])
    pair: Any = records.filter(records[spec.id].isin([a, b])).select(*columns).to_pyarrow()
    model = load_model(lookup.engine.lake, inputs["model"])
    judged = matching.resolve(pair, spec, model=model).pairs.to_pylist()
    return Link(**{name: judged[0][name] for name in Link.__slots__ if name in judged[0]}) if judged else None


def _steps(lookup: Lookup, link: Link | None) -> Sequence[Step]:
    if link is None or link.decision is not None:
        return ()
    return waterfall(lookup.model_parameters, Evidence.parse(link.evidence).levels, link.match_weight)


def _between(lookup: Lookup, profile_a: str, profile_b: str) -> list[Row]:
    """The events that both profiles had with each other, or all of the one that they share."""
    events = lookup.events(profile_a)
    if profile_a == profile_b:
        return events
    return [row for row in events if profile_b in (row["profile_id"], row["other_profile_id"])]
