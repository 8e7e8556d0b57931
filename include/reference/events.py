"""docs/events.md, from the declarations: `python -m include.reference` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from include.contracts.events import EVENT, EVENT_KIND, EventKind, read_events
from include.contracts.settings import ROOT

PLACE = ROOT / "docs" / "events.md"
INTRODUCTION = """# Events

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

What people did, and what happened to them or their company, as conditions of [segments](segments.md) ask about it:

```
did('Report Published', at_least 3, within_last 14 days, where surface = 'web')
and did_not('Email Clicked', within_last 10 days)
```

Events of mail, survey and CRM are declared already, those of your product in `include/config/events.yaml`: by the name
that the export has, with what they are and the properties that conditions may ask about. `python -m include events`
lists them with counts, first and last day, and what the exports hold beside them; `--declare` writes that as entries
of the file. Only declared properties are kept, and a value that is not of its type is unknown.

An event is the person's by any of the records that make up the profile, as they are united now, and also when the
person was not known yet. Its day is that in the deployment's time zone; spans of days end on the last day that its
source covers whole. A machine's opens and clicks are no events; where nobody can tell whose they are, what depends on
them is unknown. An account did what its people did, and what happened to the company itself.

A sequence, `did('Signed In') then within 7 days did('Report Published') without did('Comment Added') between`, goes on
from step to step in the order of time; of two events at the same instant none is after the other. `preview` shows how
many reached each step.

Events of `keep_days` days are kept, which bounds what a condition reads: a longer span is refused.

Amounts of different currencies do not add up, so `sum_did('Opportunity Won', amount, …)` needs a `where` that says
which. A company that has one only declares it, as `currency: EUR` in `events.yaml`: a condition that speaks of none
then means that one, and is shown so; amounts in another are left out, and told.
"""


def render() -> str:
    """Return the page, in Markdown."""
    known = read_events(ROOT / "include" / "config").kinds.values()
    return "\n".join([INTRODUCTION, *_kinds(known), *_tables()]).rstrip() + "\n"


def _kinds(kinds: Iterable[EventKind]) -> Iterator[str]:
    yield "## Kinds\n\n| event | what it is | properties |\n|---|---|---|"
    for kind in kinds:
        yield _row(kind)
    yield ""


def _row(kind: EventKind) -> str:
    properties = "; ".join(f"`{c.name}` ({c.type.value}): {c.description}" for c in kind.properties)
    return f"| {kind.name} | {kind.description} | {properties} |"


def _tables() -> Iterator[str]:
    yield "## Tables\n"
    for table in (EVENT, EVENT_KIND):
        yield f"`{table.name}`: {table.grain}.\n\n| column | type | what it is |\n|---|---|---|"
        yield "\n".join(f"| `{c.name}` | {c.type.value} | {c.description} |" for c in table.columns) + "\n"


def write(place: Path = PLACE) -> None:
    """Write the page."""
    place.write_text(render(), encoding="utf-8")
