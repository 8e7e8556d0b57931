"""What a person wants to read when a run has ended, from the ledger and the published tables."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from include.contracts.departures import departures
from include.contracts.errors import HeldError
from include.contracts.remarks import remarks, set_aside
from include.launch.layout import PORT
from include.segments.lacking import lacked, wanting
from include.segments.states import is_unknown
from include.storage.control.requests import ASKED
from include.storage.project import Project

SEGMENTS = sa.text(
    "SELECT segment_key, name, level, state, reason, size, entered, exited, approval FROM kindred.segment ORDER BY 1"
)
TOTALS = ("raw", "staged", "superseded", "quarantined")
CHANGES = ("created", "merged", "split", "restored", "retired")


@dataclass(frozen=True, slots=True)
class Summary:
    """A run's outcome: rows a source, identities, segments, and seconds a stage.

    ``is_new`` tells whether readers see something that they did not see before the run.
    """

    as_of: date
    is_new: bool
    sources: Mapping[str, Mapping[str, int]]
    identity: Mapping[str, int]
    segments: Sequence[Mapping[str, Any]]
    seconds: Mapping[str, float]
    remarks: Sequence[str] = ()


def read_summary(project: Project, runs: Sequence[str]) -> Summary:
    """Read the outcome of the ledger's runs of these names."""
    ledger = project.ledger()
    stages = sorted((row for run in runs for row in ledger.stages(run)), key=lambda row: row["place"])
    (published,) = ledger.publications(1)
    with project.warehouse().begin() as connection:
        segments = [dict(row) for row in connection.execute(SEGMENTS).mappings()]
    return summarise(published["as_of"], stages, segments, is_new=published["run_id"] in runs)


def summarise(
    as_of: date, stages: Sequence[Mapping[str, Any]], segments: Sequence[Mapping[str, Any]], *, is_new: bool
) -> Summary:
    """Return the outcome that the ledger's rows of a run's stages and the published segments tell."""
    counts = {row["stage"]: row["counts"] for row in stages}
    sources: dict[str, Counter[str]] = {}
    for name, count in counts.get("stage", {}).items():
        source, _, rest = name.partition(".")
        total = rest.rpartition(".")[2]
        if total in TOTALS:
            sources.setdefault(source, Counter())[total] += count
    return Summary(
        as_of=as_of,
        is_new=is_new,
        sources=dict(sorted(sources.items())),
        identity=counts.get("resolve", {}),
        segments=segments,
        seconds={row["stage"]: float(row["seconds"]) for row in stages if not row["stage"].startswith(ASKED)},
        remarks=(*set_aside(counts.get("stage", {})), *remarks(counts.get("measure", {}), wanting(segments))),
    )


def render(summary: Summary, *, took: float, home: Path | None, lists: Sequence[str] = ()) -> RenderableType:
    """Return the outcome as it is shown; ``home`` is named where the command line would not look by itself.

    ``lists`` says what became of each list that was sent.
    """
    news = "Published" if summary.is_new else "Nothing has changed: readers see what was published"
    return Group(
        Text(f"\n{news} as of {summary.as_of}. Took {took:.0f} s.", style="bold"),
        Text(),
        _sources(summary),
        _identity(summary),
        *(map(Text, departures(summary.identity)) if summary.is_new else ()),
        Text(),
        _segments(summary),
        *_states(summary),
        *_unjudged(summary),
        *(Text(f"\n{remark}", style="yellow") for remark in summary.remarks),
        *([Text("\nLists that were sent", style="bold"), *map(Text, lists)] if lists else []),
        Text("\nSeconds a stage", style="bold"),
        _stages(summary),
        *([_lines("To look at it", _where(home))] if home else []),
        Text(),
        _next(summary),
    )


def render_held(held: HeldError, *, home: Path | None, data: Path | None) -> RenderableType:
    """Return why a run is held and how to answer, as it is shown."""
    given = f" DATA={shlex.quote(str(data))}" if data else ""
    commands = {
        **_where(home),
        f"python -m include approve {held.subject} --reason …": "with --reject: reject it",
        f"make run{given}": "afterwards: hands on what was approved",
        f"make up{given}": "or answer in Airflow, under Required Actions; the rest goes by itself",
    }
    return Group(Text(), Markdown(held.evidence), _lines("To answer", commands), Text())


def _sources(summary: Summary) -> Table:
    table = _table("Source", "rows in", "cleaned", "superseded", "quarantined")
    for source, totals in summary.sources.items():
        table.add_row(source, *(f"{totals[name]:,}" for name in TOTALS))
    return table


def _identity(summary: Summary) -> Text:
    found = summary.identity
    text = f"\n{found.get('records', 0):,} records are {found.get('profiles', 0):,} people"
    changes = [f"{found[name]:,} {name}" for name in CHANGES if found.get(name)] if summary.is_new else []
    review = [f"{found['review']:,} pairs to review"] if found.get("review") else []
    return Text(text + "".join(f", {words}" for words in [*changes, *review]))


def _segments(summary: Summary) -> Table:
    table = _table("Segment", "size", *(["entered", "left"] if summary.is_new else []))
    columns = ["size", *(["entered", "exited"] if summary.is_new else [])]
    hidden = sum(1 for segment in summary.segments if _is_told_by_source(segment))
    for segment in summary.segments:
        if _is_told_by_source(segment):
            continue
        name = escape(segment["name"]) + (" (accounts)" if segment["level"] == "account" else "")
        state = "" if segment["state"] == "published" else f"  [yellow]{segment['state']}[/]"
        table.add_row(
            name + state, *("unknown" if is_unknown(segment) else f"{segment[column]:,}" for column in columns)
        )
    if hidden:
        table.add_row(f"[dim]and {hidden} of which nothing is known[/]", *("" for _ in columns))
    return table


def _is_told_by_source(segment: Mapping[str, Any]) -> bool:
    """Whether nothing is known of a segment for want of a source: the remarks tell of these, source by source."""
    return is_unknown(segment) and bool(lacked(segment))


def _stages(summary: Summary) -> Columns:
    shown = [Text(f"{stage} {seconds:.1f} s", style="dim") for stage, seconds in summary.seconds.items()]
    return Columns(shown, padding=(0, 3, 0, 0), equal=True)


def _where(home: Path | None) -> dict[str, str]:
    return {f"export KINDRED_HOME={shlex.quote(str(home))}": "where this run's data lies"} if home else {}


def _states(summary: Summary) -> list[Text]:
    """What was refused and held back, and why."""
    refused = {s["segment_key"]: s["reason"] for s in summary.segments if s["state"] == "refused"}
    held = [segment for segment in summary.segments if segment["state"] == "held"]
    commands = {f"python -m include approve {s['approval']} --reason …": f"{s['name']}: {s['reason']}" for s in held}
    return [
        *([_lines("Refused; they keep the members they had until they are corrected", refused)] if refused else []),
        *([_lines("To publish what is held back", commands)] if commands else []),
    ]


def _unjudged(summary: Summary) -> Iterator[Text]:
    """What cannot be judged for another reason than a missing source, by that reason."""
    lacking: dict[str, list[str]] = {}
    for segment in summary.segments:
        if segment["state"] == "unjudged" and not lacked(segment):
            lacking.setdefault(segment["reason"], []).append(segment["name"])
    for reason, names in lacking.items():
        what = "this segment" if len(names) == 1 else f"these {len(names)} segments"
        yield Text(f"\n{reason} So {what} cannot be judged: {', '.join(names)}.", style="yellow")


def _lines(title: str, commands: Mapping[str, str]) -> Text:
    """Return the commands on lines of their own, unbroken, so that they can be copied."""
    text = Text(f"\n{title}", style="bold", no_wrap=True, overflow="ignore")
    for command, what in commands.items():
        text.append(f"\n{command}", style="not bold").append(f"\n    {what}", style="not bold dim")
    return text


def _next(summary: Summary) -> Table:
    largest = max(summary.segments, key=lambda segment: int(segment["size"]), default=None)
    commands = {
        "python -m include segments": "all segments",
        **({f"python -m include segment {largest['segment_key']}": "who is in one"} if largest else {}),
        "python -m include quarantine": "rows set aside, and why",
        "python -m include runs --stages": "what each stage did",
        "make up": f"Airflow, and Kindred's pages in it: http://127.0.0.1:{PORT}/kindred/",
        "make web": "the same pages and the API without Airflow",
    }
    table = _table("Next", "")
    for command, what in commands.items():
        table.add_row(Text(command, overflow="fold"), Text(what, style="dim"))
    table.columns[1].justify = "left"
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold", title="")
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table
