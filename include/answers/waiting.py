"""What waits for a person: the evidence to judge it by, and the answer.

Exports that may not be whole, runs that would move too many profiles, runs whose figures are out of range, segments
that moved implausibly and syncs that would change too much of a destination wait alike; the command line and Airflow
both ask through here.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from include.answers.held_move import held_move
from include.contracts.control import DRIFTED
from include.contracts.errors import ConfigurationError
from include.contracts.identity import CROSSWALK
from include.contracts.raw import HELD_EXTRACTION, is_held_extraction
from include.identity.store import load_report
from include.quality.drift import gate
from include.segments.held import implausible
from include.storage.control import approvals
from include.storage.control.activation import SUBJECT, held_plans
from include.storage.project import Project

RUNS = 20  # of the ledger's latest
_SUBJECT = re.compile(
    rf"\b(?:{HELD_EXTRACTION}|{CROSSWALK.name}|{DRIFTED})@\w+"
)  # as the sentence that ends a held run names it


def evidence(project: Project, subject: str) -> str:
    """Return why a run or a segment is held, in Markdown, with counts only.

    ``subject`` is ``raw/<source>/held@<digest>``, ``identity/crosswalk@<version>``, ``audit/drift@<version>``,
    ``segment/<key>@<digest>`` or ``activation/<sync>@<digest>``.
    Raises ConfigurationError when nothing of that name is held.
    """
    found = held_segments(project).get(subject) if subject.startswith("segment/") else _held(project, subject)
    if not found:
        raise ConfigurationError(f"Nothing called {subject!r} is held.")
    return _with_segments(project, subject, found)


def segments_touched(project: Project, subject: str) -> list[str]:
    """Return the keys of the segments that approving a held run, or a held segment, would change."""
    dataset, _, version = subject.partition("@")
    if dataset.startswith("segment/"):
        return [dataset.removeprefix("segment/")]
    return [row["segment"] for row in held_move(project, version).segments] if dataset == CROSSWALK.name else []


def everything_held(project: Project) -> dict[str, str]:
    """Return all that waits for an answer now, by subject, each with why."""
    return {**held_runs(project), **held_segments(project), **held_lists(project)}


def held_segments(project: Project) -> dict[str, str]:
    """Return the segments that are held back now, by subject, each with why."""
    with project.engine() as engine:
        return {row["approval"]: row["reason"] for row in implausible(engine) if row["state"] == "held"}


def held_lists(project: Project) -> dict[str, str]:
    """Return the plans of lists that are held and that nobody has answered for, by subject, each with why."""
    plans = held_plans(project)
    done = approvals.answered(project, plans)
    return {subject: why for subject, why in plans.items() if subject not in done}


def held_runs(project: Project) -> dict[str, str]:
    """Return what runs hold that nobody has answered for and that no publication has overtaken, by subject with why."""
    ledger = project.ledger()
    published = [publication["published_at"] for publication in ledger.publications(1)]
    said = [run["message"] or "" for run in ledger.runs(RUNS)
            if run["state"] == "held" and not any(run["started_at"] < at for at in published)]  # fmt: skip
    subjects = {found[0] for message in said if (found := _SUBJECT.search(message))}
    open_ones = sorted(subjects - approvals.answered(project, subjects))
    return {subject: why for subject in open_ones if (why := _held_run(project, subject))}


def still_held(project: Project, subjects: Collection[str]) -> dict[str, str]:
    """Return those of the subjects that are still held and that nobody has answered for, each with its evidence."""
    done = approvals.answered(project, subjects)
    segments = held_segments(project)
    found = {subject: segments.get(subject) or _held(project, subject) for subject in sorted({*subjects} - done)}
    return {subject: _with_segments(project, subject, why) for subject, why in found.items() if why}


def answer(project: Project, subject: str, *, approved: bool, author: str, reason: str) -> None:
    """Keep a person's answer; a later one replaces it. Raises ConfigurationError without author or reason."""
    approvals.answer(project, subject, approved=approved, author=author, reason=reason)


def _held(project: Project, subject: str) -> str | None:
    return held_plans(project).get(subject) if subject.startswith(SUBJECT) else _held_run(project, subject)


def _held_run(project: Project, subject: str) -> str | None:
    dataset, _, version = subject.partition("@")
    if dataset == DRIFTED:
        return gate.evidence(project, version)
    if is_held_extraction(dataset):
        manifest = project.lake.manifest(dataset, version)
        return manifest.inputs["evidence"] if manifest else None
    if dataset != CROSSWALK.name or project.lake.manifest(dataset, version) is None:
        return None
    held: str | None = load_report(project.lake, version)["held"]
    return held


def _with_segments(project: Project, subject: str, why: str) -> str:
    """Add to the evidence of a held run which segments it would touch, and examples of who would move."""
    dataset, _, version = subject.partition("@")
    move = held_move(project, version).told if dataset == CROSSWALK.name else ""
    return f"{why}\n\n{move}" if move else why
