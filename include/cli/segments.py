"""The commands on segments: `segments`, `segment`, `why`, `why-not`, `preview`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from include.answers.segment import Clause, Explanation, explain
from include.cli.console import emit, err, out, show
from include.cli.lists import write_as_tool
from include.contracts.channels import CHANNELS
from include.contracts.errors import ConfigurationError
from include.contracts.remarks import remarks
from include.contracts.settings import Settings
from include.segments import export as exports
from include.segments.catalog import load, load_beside
from include.segments.channels import reachable
from include.segments.lacking import wanting
from include.segments.listing import list_segments
from include.segments.preview import Preview
from include.segments.preview import preview as evaluate
from include.segments.states import is_unknown, unevaluated, unsound
from include.storage.project import Project
from include.storage.readers import lake_reader, warehouse_reader

Json = Annotated[bool, typer.Option("--json", help="Print for machines.")]
Key = Annotated[str, typer.Argument(help="Key of the segment.")]
Member = Annotated[str, typer.Argument(help="Profile or account: its id, an address or domain, or a source's id.")]
LISTED = {
    "segment_key": "segment",
    "size": "size",
    "share": "share",
    **{channel: f"by {channel}" for channel in CHANNELS},
    "unknown": "unknown",
    "entered": "in",
    "exited": "out",
    "state": "state",
}
PLURALS = {"person": "people", "account": "accounts"}
MARKS = {True: "[green]true[/]   ", False: "[red]false[/]  ", None: "[yellow]unknown[/]"}


def segments(as_json: Json = False) -> None:
    """List the segments with their sizes and states, and how many of their people may be contacted by which channel."""
    project = Project(Settings.from_environment())
    with project.serving():
        rows = list_segments(project)
    catalog = load(project.settings.config)
    if as_json:
        emit(rows)
        return
    shown = [
        {
            **row,
            "share": f"{row['share']:.1%} of {PLURALS[row['level']]}",
            **{channel: reachable(states) for channel, states in row["contactable"].items()},
        }
        for row in rows
    ]
    shown = [{**row, "size": "unknown", "share": None} if is_unknown(row) else row for row in shown]
    shown = [{heading: row.get(name) for name, heading in LISTED.items()} for row in shown]
    show(shown, title="Segments", empty="There are no segments; add one to include/config/segments.", as_json=False)
    for row in rows:
        if row.get("set_aside"):  # what was published before an upgrade does not tell
            said = f"{row['set_aside']:,} members of {row['segment_key']} are set aside, as a row of theirs is faulty:"
            out.print(f"[yellow]{said}[/] python -m include quarantine --source warehouse", soft_wrap=True)
    for told in (*unsound(rows), *remarks({}, wanting(rows))):
        out.print(f"[yellow]![/] {escape(told)}", soft_wrap=True, highlight=False)
    if waiting := unevaluated(catalog, rows):
        out.print(f"Saved but not evaluated yet, by the next run: {', '.join(waiting)}.", soft_wrap=True)
    if catalog.passed_over:
        out.print(f"[yellow]![/] No .yaml or .yml, so passed over: {escape(', '.join(catalog.passed_over))}.")


def segment(
    key: Key,
    format: Annotated[
        str | None,
        typer.Option("--format", help="csv, ndjson, parquet, xlsx; default: what --out ends in, or csv."),
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: standard output, where that can take it.")
    ] = None,
    *,
    holdout: Annotated[bool, typer.Option("--holdout", help="With those who are held out of activation.")] = False,
    channel: Annotated[
        str | None, typer.Option("--channel", help="email or phone: only those who may be contacted by it.")
    ] = None,
    tool: Annotated[
        str | None,
        typer.Option("--for", help="As a tool takes it: mailchimp, hubspot, google-ads, linkedin, meta, pardot, own."),
    ] = None,
) -> None:
    """Write the members of one segment, with their measures; say how many may be contacted, and who is left out."""
    format = format or (out_file.suffix.removeprefix(".") if out_file else "") or "csv"
    if out_file is None and format != "csv" and sys.stdout.isatty():
        out_file = Path(f"{key}.{format}")  # a terminal can show text only
    project = Project(Settings.from_environment())
    if tool is not None:
        if channel is not None:
            raise ConfigurationError("--for says itself who may be contacted; leave --channel out.")
        write_as_tool(project, key, tool, out_file, format=format, holdout=holdout)
        return
    with project.serving():
        if out_file is None:
            found = exports.export(project, key, format, sys.stdout.buffer, holdout=holdout, channel=channel)
        else:
            found = exports.export_file(project, key, format, out_file, holdout=holdout, channel=channel)
    for line in _told(found):
        err.print(line, highlight=False, soft_wrap=True, markup=False)
    err.print(f"{found.count:,} members of {key}" + (f" in {out_file}." if out_file else "."), highlight=False)


def _told(found: exports.Exported) -> Iterator[str]:
    """Say what stands beside an export: its state, whom it left out, how many of its people may be contacted."""
    if found.note:
        yield found.note
    if found.held_out:
        yield f"{found.held_out:,} more are held out of activation."
    if found.left_out:
        yield f"{sum(found.left_out.values()):,} more are left out: {_numbers(found.left_out)}."
    yield from _contactable(found.contactable)


def _contactable(channels: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for channel, states in channels.items():
        numbers = f"{reachable(states):,} of {sum(states.values()):,}"
        yield f"By {channel} for marketing {numbers} may be contacted: {_numbers(states)}."


def _numbers(states: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in states.items() if count) or "nobody"


def why(key: Key, member: Member, as_json: Json = False) -> None:
    """Say why somebody is in a segment: each clause, its values, their source, and what would end it."""
    _explain(key, member, as_json=as_json)


def why_not(key: Key, member: Member, as_json: Json = False) -> None:
    """Say why somebody is not in a segment, and what would have to change."""
    _explain(key, member, as_json=as_json)


def preview(
    file: Annotated[Path, typer.Argument(help="A segment definition, YAML, saved nowhere yet.")],
    warehouse: Annotated[bool, typer.Option("--warehouse", help="Ask PostgreSQL instead of the lake.")] = False,
    as_json: Json = False,
) -> None:
    """Evaluate an unsaved definition: size, clauses, overlap, changes against the published one, a sample."""
    project = Project(Settings.from_environment())
    definition, _ = load_beside(file, project.settings.config)
    if warehouse:
        with project.serving(), warehouse_reader(project) as reader:
            found = evaluate(reader, definition)
    else:
        with lake_reader(project) as lake:
            found = evaluate(lake, definition)
    if as_json:
        emit(found.to_dict())
    else:
        _show_preview(found)


def _left_out(found: Preview) -> str:
    """Say who is neither in nor out, and how to take them in."""
    names = [text for text, _ in sorted(found.unknown.items(), key=lambda entry: -entry[1])]
    most = f", mostly for {escape(names[0])}" if names else ""
    return (
        f"{found.undecided:,} are left out, as too little is known of them{most}; add `or … is null` to take them in."
    )


def _explain(key: str, member: str, *, as_json: bool) -> None:
    found = explain(Project(Settings.from_environment()), key, member)
    if as_json:
        emit(found.to_dict())
    else:
        _show_explanation(found)


def _show_explanation(found: Explanation) -> None:
    out.print(
        f"{found.member_id} {'is' if found.is_match else 'is not'} a match for {found.segment}, as of {found.as_of}."
    )
    since = f"a member since {found.published['since']}" if found.published else "not a member"
    state = "" if found.state == "published" else f" (the segment is {found.state or 'not published yet'})"
    out.print(f"Published: {since}{state}.")
    for clause in found.clauses:
        out.print(MARKS[clause.state], escape(clause.text), highlight=False, soft_wrap=True)
        _show_sources(clause)
    _show_ways(found)
    if found.records:
        out.print(f"\nThe profile unites {len(found.records)} records: {', '.join(found.records)}", soft_wrap=True)
    for link in found.links:
        note = " (evidence hangs on it)" if link.is_evidence else ""
        out.print(f"  {link.record_a} ~ {link.record_b}: {link.probability:.4f}, {link.grade}{note}", soft_wrap=True)


def _show_ways(found: Explanation) -> None:
    heading = "To leave it" if found.is_match else "To enter it"
    if not found.ways:
        out.print(f"\n{heading}: by nothing that a company would want or can change.")
        return
    out.print(f"\n{heading}" + (", any one of these:" if len(found.ways) > 1 else ":"))
    for way in found.ways:
        for mark, phrase in zip(("- ", *("  and " for _ in way)), way, strict=False):
            out.print(f"{mark}{escape(phrase)}", highlight=False, soft_wrap=True)


def _show_sources(clause: Clause) -> None:
    for source in clause.sources:
        value = plain(source.value)
        origin = f", from {source.record}" if source.record else ""
        age = f", {source.age_days} days old" if source.age_days is not None else ""
        out.print(f"          {source.measure} = {escape(value)}{origin}{age}", highlight=False, soft_wrap=True)


def plain(value: object) -> str:
    """Return a measure's value as a person reads it."""
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _show_preview(found: Preview) -> None:
    out.print(
        f"{found.size:,} members, {found.share:.2%} of all, as of {found.as_of}: {escape(found.condition)}",
        soft_wrap=True,
    )
    out.print(f"It {found.cost}.")
    out.print(f"Published: {found.size_published:,}; {found.entering:,} would enter, {found.leaving:,} would leave.")
    if found.objection:
        out.print(f"[yellow]It would be held back:[/] {found.objection}", soft_wrap=True)
    for told in found.doubts:
        out.print(f"[yellow]![/] {escape(told)}", highlight=False, soft_wrap=True)
    if found.undecided:
        out.print(_left_out(found), highlight=False, soft_wrap=True)
    for told in _contactable(found.contactable):
        out.print(told, highlight=False, soft_wrap=True)
    clauses = [
        {"clause": text, "members": count, "unknown": found.unknown.get(text, 0)}
        for text, count in found.clauses.items()
    ]
    show(clauses, title="Each clause alone", empty="", as_json=False)
    for sequence in found.funnels.values():
        steps = [{"step": text, "reached by": count} for text, count in sequence]
        show(steps, title="Step by step", empty="", as_json=False)
    overlap = [{"segment": key, "shared": count} for key, count in found.overlap.items()]
    show(overlap, title="Overlap with published segments", empty="No overlap with any segment.", as_json=False)
    show(found.sample, title="A sample", empty="", as_json=False)
