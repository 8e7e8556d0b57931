"""Pages of what can be asked beside measures: the events that there are, and the lists that somebody brought."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response

from include.contracts.events import EVENT_KIND
from include.contracts.lists import read_lists
from include.segments.listed import resolve
from include.segments.published import as_of, contacts, population
from include.storage.postgres.warehouse import READERS
from include.storage.readers import warehouse_reader
from include.web import reading
from include.web.callers import READ_BOTH, READ_SEGMENTS, Call
from include.web.render import page

router = APIRouter(include_in_schema=False)

_EVENTS = f"SELECT * FROM {READERS}.{EVENT_KIND.name} ORDER BY people DESC, events DESC, event"


@router.get("/events")
def events(call: Call = READ_SEGMENTS) -> Response:
    """Show the events that conditions may name, and those that the product's export holds and nobody has declared."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        rows = reading.rows_of(connection, _EVENTS)
    declared = [row for row in rows if row["is_declared"]]
    others = [row for row in rows if not row["is_declared"]]
    return page(call, "events.html", version=version, declared=declared, others=others)


@router.get("/lists")
def lists(call: Call = READ_BOTH) -> Response:
    """Show each list: whom it is of, how many of its rows stand for somebody known, and until when it is good."""
    reading.require_published(call.project)
    known = list(read_lists(call.project.settings.config).values())
    with warehouse_reader(call.project) as reader:
        day = as_of(reader)
        people = replace(population(reader), contacts=contacts(reader)) if known else None
        found = [resolve(one, people) for one in known if people and not one.fault]
    return page(call, "lists.html", day=day, lists=found, faulty=[one for one in known if one.fault])
