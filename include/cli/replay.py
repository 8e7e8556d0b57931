"""The command `replay`: what was known on a day."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from include.answers.replay import Replayed, replayed
from include.cli.console import emit, err, out, show
from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from include.storage.project import Project


class Identities(StrEnum):
    """By whom the data of a day is grouped."""

    THEN = "then"
    NOW = "now"


def replay(
    profile: Annotated[str | None, typer.Argument(help="A profile id, of that day or of today.")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day that is asked about.")] = None,
    identities: Annotated[
        Identities, typer.Option(help="Who is who as it was known then, or as it is known now.")
    ] = Identities.THEN,
    segment: Annotated[str | None, typer.Option(help="A segment's members instead.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False,
) -> None:
    """Show what readers had on a day: a profile, a segment's members, or all segments; personal values are masked."""
    if as_of is None:
        raise ConfigurationError("Give the day that is asked about, for example --as-of 2026-10-31.")
    if profile and segment:
        raise ConfigurationError("Give a profile or --segment KEY, not both.")
    project = Project(Settings.from_environment())
    with project.serving(), replayed(project, as_of.date(), identities) as then:
        found = _found(then, profile, segment)
    if as_json:
        emit({"as_of": as_of.date(), "day": then.day, "identities": identities, **found})
        return
    told = "as they were known then" if identities is Identities.THEN else "as they are known now"
    out.print(f"The data of {then.day}, identities {told}.", highlight=False)
    _print(found)


def _found(then: Replayed, profile: str | None, segment: str | None) -> dict[str, Any]:
    if profile:
        return {"profiles": then.profiles(profile)}
    return then.segment(segment) if segment else {"segments": then.segments()}


def _print(found: dict[str, Any]) -> None:
    for one in found.get("profiles", ()):
        rows = [{"what": name, "value": value} for name, value in one["measures"].items() if value is not None]
        show(rows, title=f"Profile {one['profile_id']}", empty="Nothing was measured of it.", as_json=False)
        out.print(f"Records: {', '.join(one['records'])}", soft_wrap=True, highlight=False)
        out.print(f"Segments: {', '.join(one['segments']) or 'none'}", soft_wrap=True, highlight=False)
    if "segments" in found:
        show(found["segments"], title="Segments", empty="There was no segment.", as_json=False)
    if "members" in found:
        rows = [{"member_id": member} for member in found["members"]]
        show(rows, title=f"{found['segment']}: {found['size']:,} members", empty="Nobody was in it.", as_json=False)
    if found.get("erased"):
        err.print(f"{found['erased']:,} of them were erased since; nothing is known of them, of no day.")
