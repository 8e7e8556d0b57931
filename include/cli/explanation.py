"""Explanations as text for a terminal, by rich: ids, levels and weights; a former value only where it was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from include.answers.links import Link
from include.answers.lookup import Row
from include.answers.profile import PairExplained, ProfileExplained
from include.contracts.records import Cause, Evidence, RecordId
from include.matching.weights.waterfall import Step

BAR = 30  # characters of the longest bar


def profile_text(found: ProfileExplained) -> Group:
    """Render a profile's explanation."""
    return Group(*_profile_parts(found))


def pair_text(found: PairExplained) -> Group:
    """Render the explanation of two records."""
    return Group(*_pair_parts(found))


def _profile_parts(found: ProfileExplained) -> Iterator[RenderableType]:
    sources = {RecordId.parse(row["record_id"]).source for row in found.records}
    yield Text(f"Profile {found.profile_id}", style="bold")
    if found.asked != found.profile_id:
        yield Text(f"{found.asked} is one of its retired ids.")
    if not found.records:
        yield Text("None of its records is in the sources any more.")
    else:
        yield Text(
            f"{len(found.records)} records of {len(sources)} sources; "
            f"confidence {found.confidence:.3f}, that of the weakest link."
        )
        yield _records(found.records)
    if found.links:
        yield _links("The links that hold it, strongest first", found.links)
    if found.weakest:
        yield _steps(f"Weakest link: {found.weakest.record_a} – {found.weakest.record_b}", found.steps)
    if found.decisions:
        yield _links("What stewards decided on its records", found.decisions)
    yield _events(found.events)
    if found.history:
        yield _history(found.history)
    if found.aliases:
        yield Text(f"Retired ids that lead here: {', '.join(found.aliases)}")


def _pair_parts(found: PairExplained) -> Iterator[RenderableType]:
    verdict = (
        f"One person: both are in profile {found.profile_a}."
        if found.together
        else f"Two people: profiles {found.profile_a} and {found.profile_b}."
    )
    yield Text(verdict, style="bold")
    if found.link:
        note = " (judged now by the saved model: the pair was too unlikely to be kept)" if found.afresh else ""
        yield Text(f"Of themselves: {found.link.grade}, probability {found.link.probability:.4f}{note}.")
        yield _steps(f"{found.record_a} – {found.record_b}", found.steps)
    else:
        yield Text("No blocking rule brings them together: they share no mailbox, number, key or name to compare by.")
    if found.together and len(found.path) > 1:
        yield _links("They are joined through other records", found.path)
    if found.decisions:
        yield _links("What stewards decided", found.decisions)
    if found.events:
        yield _events(found.events)


def _records(rows: Sequence[Row]) -> Table:
    table = Table(title="Records", title_justify="left")
    for name in ("record", "here since", "own profile"):
        table.add_column(name)
    for row in rows:
        own = "" if row["home_id"] == row["profile_id"] else f"was {row['home_id']}"
        table.add_row(row["record_id"], str(row["since"]), own)
    return table


def _links(title: str, links: Sequence[Link]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("records")
    table.add_column("weight", justify="right")
    table.add_column("probability", justify="right")
    table.add_column("evidence")
    for link in links:
        weight = "decided" if link.decision else f"{link.match_weight:+.1f}"
        table.add_row(f"{link.record_a}\n{link.record_b}", weight, f"{link.probability:.4f}", readable(link.evidence))
    return table


def _steps(title: str, steps: Sequence[Step]) -> Table:
    table = Table(
        title=title, title_justify="left", caption="weights in bits: +1 doubles the odds", caption_justify="left"
    )
    table.add_column("what was learned")
    table.add_column("weight", justify="right")
    table.add_column("")
    table.add_column("odds so far", justify="right")
    longest = max((abs(step.weight) for step in steps), default=1.0) or 1.0
    for step in steps:
        bar = "█" * max(1, round(BAR * abs(step.weight) / longest))
        style = "green" if step.weight >= 0 else "red"
        label = f"{spoken(step.label)}: {spoken(step.level)}" if step.level else step.label
        table.add_row(label, f"{step.weight:+.1f}", Text(bar, style=style), f"{step.after:+.1f}")
    return table


def _events(events: Sequence[Row]) -> Table:
    table = Table(title="What happened", title_justify="left")
    for name in ("date", "what", "profile", "other profile", "records", "caused by"):
        table.add_column(name)
    for row in events:
        cause = Cause.parse(row["evidence"] or "")
        told = " – ".join([*cause.about, readable(cause.told)])
        table.add_row(
            str(row["on_date"]),
            row["kind"],
            row["profile_id"],
            row["other_profile_id"] or "",
            str(row["records"]),
            told,
        )
    return table


def _history(rows: Sequence[Row]) -> Table:
    table = Table(title="What its records said before", title_justify="left")
    for name in ("record", "attribute", "value", "from", "until"):
        table.add_column(name)
    for row in rows:
        since, until = (f"{day:%Y-%m-%d}" if day else "" for day in (row["held_from"], row["held_until"]))
        table.add_row(row["record_id"], row["attribute"], row["value"] or "shown with --values", since, until)
    return table


def readable(evidence: str) -> str:
    """Spell evidence out: ``first_name=equal;email=same domain`` as ``first name: equal, email: same domain``."""
    said = Evidence.parse(evidence)
    return ", ".join(f"{spoken(column)}: {said.in_words(column)}" for column in said.levels) or evidence


def spoken(name: str) -> str:
    """A column's or level's name as words."""
    return name.replace("_", " ")
