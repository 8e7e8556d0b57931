"""What a folder of exports holds, as it is shown: what was recognised, what was not, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from include.contracts.events.declaration import PRODUCT
from include.contracts.events.kinds import KINDS
from include.contracts.measures import ACCOUNT_MEASURES, PERSON_MEASURES, SOURCES
from include.contracts.settings import Settings
from include.segments import tree
from include.segments.catalog import Segment, load
from include.segments.lacking import lacks
from include.sources.recognition.declaring import Found, needs_recognition, recognise
from include.sources.recognition.looking import Sight
from include.storage.home import open_home

SHOWN = 20  # tables that are nothing known


def recognised(settings: Settings) -> RenderableType | None:
    """Recognise what the folder of exports holds, where nobody has declared it; returns what to show of it."""
    if not needs_recognition(settings):
        return None
    open_home(settings.home)
    return render(recognise(settings), settings)


def render(found: Found, settings: Settings) -> RenderableType:
    """Return what was recognised, what was not, and what is lacking, as it is shown."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for heading in ("Recognised", "of", "rows", "written as", "in"):
        table.add_column(heading, justify="right" if heading == "rows" else "left")
    for source, objects in found.tables.items():
        for name, sights in objects.items():
            table.add_row(name, f"{source} ({found.kinds[source]})", _rows(sights), _written(sights), _where(sights))
    return Group(table, *_unknown(found), *_lacking(found, settings))


def _rows(sights: Sequence[Sight]) -> str:
    total = sum(sight.rows for sight in sights)
    return f"{total:,}" if all(sight.is_exact for sight in sights) else f"about {round(total, -3):,}"


def _written(sights: Sequence[Sight]) -> str:
    return "; ".join(dict.fromkeys(sight.written for sight in sights))


def _where(sights: Sequence[Sight]) -> str:
    return escape(sights[0].name) + (f" and {len(sights) - 1} more" if len(sights) > 1 else "")


def _unknown(found: Found) -> Iterator[Text]:
    for one in found.unknown[:SHOWN]:
        yield Text(f"Not recognised: {one.sight.name}. {one.why}", style="yellow")
    if len(found.unknown) > SHOWN:
        yield Text(f"Nor are {len(found.unknown) - SHOWN} more.", style="yellow")


def _lacking(found: Found, settings: Settings) -> Iterator[Text]:
    """What each missing kind of data costs."""
    fed = [table for table in SOURCES if table not in found.lacking]
    unjudged = _unjudged(load(settings.config).segments, fed)
    measures = {measure.name: measure for measure in (*PERSON_MEASURES, *ACCOUNT_MEASURES)}.values()
    for table in found.lacking:
        unknown = sum(table in m.needs and not m.is_known(fed) for m in measures)
        keys = [key for key, tables in unjudged.items() if table in tables]
        told = [f"{_many(unknown, 'measure')} {'stays' if unknown == 1 else 'stay'} unknown"] if unknown else []
        told += [f"{_many(len(keys), 'segment')} cannot be judged: {', '.join(keys)}"] if keys else []
        if told:
            yield Text(f"No {SOURCES[table]}: {' and '.join(told)}.", style="dim")


def _unjudged(segments: Sequence[Segment], fed: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """What each segment lacks, by its measures, the events that it asks about, and the segments that it refers to."""
    tables = {kind.name: kind.table for kind in KINDS}
    found: dict[str, tuple[str, ...]] = {}
    for segment in segments:
        events = {happened.event for happened in tree.counted(segment.condition)}
        found[segment.key] = lacks(segment, fed, found, {event: tables.get(event, PRODUCT) for event in events})
    return found


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
