"""The checks of a plan before anything is sent: what the destination lacks, and what a person has to be asked."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from include.activation.destination import Destination
from include.activation.members import LEVEL_OF_REPORT, LISTS
from include.activation.plan import Difference
from include.activation.syncs import Declared
from include.contracts.errors import ConfigurationError
from include.contracts.reports import REPORTS
from include.contracts.runs import fingerprint
from include.segments.listing import find_segment
from include.segments.states import require_exportable
from include.storage.control.activation import last_target
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project


def require_fit(destination: Destination) -> None:
    """Raise ConfigurationError naming all that the destination lacks, with file and line."""
    if faults := [f"{_place(destination.declared, name)}: {sentence}" for name, sentence in destination.missing()]:
        raise ConfigurationError("; ".join(faults) + ". Nothing was sent.")


def _place(declared: Declared, setting: str) -> str:
    of, _, rest = setting.partition(".")
    return (
        declared.place_of_destination(*rest.split(".")) if of == "destination" else declared.place(*setting.split("."))
    )


def read_segment(connection: sa.Connection, project: Project, declared: Declared) -> str:
    """Return the version of the list's definition; raises ConfigurationError for one that cannot be sent."""
    if declared.sync.level == LEVEL_OF_REPORT:
        part = LISTS[declared.sync.segment]
        if connection.execute(sa.text(f"SELECT to_regclass('{READERS}.{part.name}')")).scalar() is None:
            raise ConfigurationError(f"{declared.place('segment')}: the report is not published yet; run the pipeline.")
        return fingerprint(next(report.definition for report in REPORTS if part in report.parts))
    try:
        segment = find_segment(connection, declared.sync.segment, project.settings.config)
        require_exportable(connection, segment)
    except ConfigurationError as error:
        raise ConfigurationError(f"{declared.place('segment')}: {error}") from None
    if segment["level"] != declared.sync.level:
        place, level = declared.place("level"), segment["level"]
        raise ConfigurationError(f"{place}: {declared.sync.segment} is a segment of the level {level}; write so.")
    return str(segment["definition_version"])


def require_same_target(connection: sa.Connection, found: Difference, declared: Declared) -> None:
    """Raise ConfigurationError where a sync was led to another place while its rows stand in the former one."""
    last = last_target(connection, declared.name)
    if found.standing and last is not None and last != declared.target:
        raise ConfigurationError(
            f"{declared.place()}: {declared.name} leads to another place than before, where {found.standing:,} of its "
            "rows stand; give the new one a name of its own, and let the former one run once with an empty segment."
        )


def require_consent(found: Difference, declared: Declared) -> None:
    """Raise ConfigurationError where nobody of the segment may be contacted for the sync's purpose."""
    if found.is_refused_by_all:
        raise ConfigurationError(
            f"{declared.place('purpose')}: nobody of {declared.sync.segment} may be contacted for "
            f"{declared.sync.purpose}; nothing was sent."
        )


def evidence(found: Difference, declared: Declared) -> str | None:
    """Return why a person has to be asked before the plan is carried out, in Markdown; None where nobody has."""
    reasons = [*_excesses(found, declared)]
    if not reasons:
        return None
    rows = {**found.actions, **{f"withheld: {reason}": number for reason, number in found.withheld.items()}}
    table = "\n".join(f"| {name} | {number:,} |" for name, number in rows.items())
    return f"{declared.name} needs a person's approval: {' '.join(reasons)}\n\n| what | rows |\n|---|---|\n{table}"


def _excesses(found: Difference, declared: Declared) -> Iterator[str]:
    limits = declared.sync.limits
    if found.removes > limits.floor and found.removes > limits.removed * found.standing:
        yield (
            f"it would remove {found.removes:,} of {found.standing:,} rows from {declared.destination} "
            f"(limits.removed: {limits.removed:.0%})."
        )
    if found.wanted > limits.size:
        yield f"it would keep {found.wanted:,} rows in {declared.destination} (limits.size: {limits.size:,})."
