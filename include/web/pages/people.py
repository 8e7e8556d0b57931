"""Pages of people: find one, see what is known and where from, and why they are where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Response
from fastapi.responses import RedirectResponse

from include.answers.chart import waterfall_svg
from include.answers.lookup import Lookup
from include.answers.profile import ProfileExplained, explain_profile
from include.answers.segment import explain
from include.answers.timeline import Happening, timeline
from include.contracts.profiles import PROFILE
from include.segments.listing import find_segment, published_segments
from include.storage.control.activation import deliveries_of
from include.storage.project import Project
from include.storage.readers import lake_reader
from include.web import personal, reading
from include.web.callers import READ_PEOPLE, READ_PROFILES, Call
from include.web.charts import svg
from include.web.problems import ProblemError
from include.web.render import page, root_of
from include.web.wording import in_words

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(min_length=1, max_length=200)]
Text = Annotated[str, Form(max_length=400)]
HAPPENINGS = 60
KINDS = {"email": "an address", "phone": "a number, with its country code", "source_id": "a source record"}


@router.get("/people")
def search(call: Call = READ_PROFILES) -> Response:
    """Ask whom to look for."""
    return page(call, "people.html", kinds=KINDS, asked=None, found=())


@router.post("/people")
def find(by: Text, value: Text, call: Call = READ_PROFILES) -> Response:
    """Show who carries an address, a number or a record; straight to the person where it is one."""
    with reading.snapshot(call.project) as connection:
        found = reading.found(connection, by if by in KINDS else "email", value.strip())
    if len(found) == 1:
        return RedirectResponse(f"{root_of(call.request)}/people/{quote(found[0])}", 303)
    return page(call, "people.html", kinds=KINDS, asked=by, found=found)


@router.get("/people/{profile_id}")
def person(profile_id: Id, call: Call = READ_PEOPLE) -> Response:
    """Show a person: the golden record, where each value comes from, contact points, segments, and what unites it."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        row = reading.profile(connection, profile_id, call.project.suppressed)
        names = {row["segment_key"]: row["name"] for row in published_segments(connection)}
        sent = deliveries_of(connection, (row["record"]["profile_id"], *row["aliases"]))
    living = row["record"]["profile_id"]
    behind = _behind(call.project, living)
    call.read("page /people", living)
    shown = personal.shown(row, is_open=True)
    shown["record"] = {name: shown["record"][name] for name in PROFILE.names}
    return page(
        call, "person.html", version=version, profile_id=living, asked=profile_id, names=names, united=behind.united,
        happened=[(one, in_words(one, names)) for one in behind.happened], lineage=behind.lineage,
        measures=row["measures"] or {}, traits=row["traits"], segments=row["segments"], sent=sent,
        reach=row["reach"], **shown,
    )  # fmt: skip


@router.get("/people/{profile_id}/links/{number}.svg")
def link(profile_id: Id, number: Annotated[int, Path(ge=0, le=10_000)], call: Call = READ_PEOPLE) -> Response:
    """Draw the match weights of one of the links that hold a profile, numbered as its page does."""
    with call.project.engine() as engine:
        found = explain_profile(Lookup(engine), profile_id)
    if number >= len(found.links):
        raise ProblemError(404, f"This profile has {len(found.links)} links.")
    return svg(waterfall_svg(found.waterfalls[number], f"Link {number + 1}"))


@router.get("/people/{profile_id}/why/{segment_key}")
def why(profile_id: Id, segment_key: Id, call: Call = READ_PEOPLE) -> Response:
    """Show a segment clause by clause for one person."""
    with reading.snapshot(call.project) as connection:
        record = reading.profile(connection, profile_id, call.project.suppressed)["record"]
        living = record["profile_id"]
        name = find_segment(connection, segment_key, call.project.settings.config)["name"]
        who = record["full_name"] or record["profile_id"]
    found = explain(call.project, segment_key, living)
    call.read("page /people/why", living)
    return page(call, "why.html", found=found, name=name, profile_id=living, who=who)


@router.get("/people/{profile_id}/why-in")
def why_in(profile_id: Id, segment: Annotated[str, Query(max_length=100)], call: Call = READ_PEOPLE) -> Response:
    """Go on to the explanation that a form asked for."""
    return RedirectResponse(f"{root_of(call.request)}/people/{quote(profile_id)}/why/{quote(segment)}", 303)


@dataclass(frozen=True, slots=True)
class Behind:
    """What the lake knows behind a profile; nothing where the lake of this installation does not have it any more.

    ``lineage``: where each value of the golden record comes from, by attribute.
    """

    united: ProfileExplained | None
    happened: Sequence[Happening]
    lineage: Mapping[str, Mapping[str, Any]]


def _behind(project: Project, profile_id: str) -> Behind:
    with lake_reader(project) as reader:
        lookup = Lookup(reader.engine)
        lineage = lookup.lineage(profile_id)
        if not lookup.records(profile_id):
            return Behind(None, (), lineage)
        united = explain_profile(lookup, profile_id, values=True)
        return Behind(united, timeline(reader, united, HAPPENINGS, project.settings.timezone), lineage)
