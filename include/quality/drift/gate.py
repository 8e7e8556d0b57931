"""The gate of the audit: figures out of range are recorded, and hold the run where drift.yaml says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from include.contracts.control import DRIFTED
from include.contracts.errors import HeldError
from include.contracts.runs import DatasetRef, Run
from include.quality.drift.figure import Figure
from include.quality.drift.figures import Looking
from include.quality.drift.judging import Past, judge
from include.quality.drift.memory import PREFIX, Kept, Key, history, kept_of
from include.quality.drift.settings import Drift, read_settings
from include.quality.drift.vanished import vanished
from include.quality.drift.wording import observed, sentence
from include.quality.expectations import Expectation
from include.quality.settings import Level
from include.quality.validation import Outcome
from include.storage.control.approvals import approved
from include.storage.project import Project


def examine(project: Project, run: Run, refs: Mapping[str, DatasetRef]) -> list[Outcome]:
    """Return the figures of a run as outcomes of an audit: each in the range of its like days or not."""
    settings = read_settings(project.settings.config)
    with project.warehouse().begin() as connection:
        known = history(connection, run.as_of)
    with project.engine() as engine:
        figures = list(Looking(engine, refs, run.as_of).figures())
    return list(_judged(figures, run, known, settings))


def _judged(
    figures: Sequence[Figure], run: Run, known: Mapping[Key, Sequence[Past]], settings: Drift
) -> Iterator[Outcome]:
    judged = [
        (figure, judge(figure, run.as_of, known.get(figure.key, ()), settings))
        for figure in figures if settings.kinds.rule(figure.kind.name).level != "off"
    ]  # fmt: skip
    for figure, verdict in [*judged, *vanished(figures, run.as_of, known, settings)]:
        kept = observed(figure, run.as_of, verdict)
        says = sentence(figure.kind, figure.name, kept) if verdict.is_judged else figure.kind.says
        level: Level = "table" if settings.kinds.rule(figure.kind.name).level == "hold" else "warn"
        expectation = Expectation(figure.of, f"{PREFIX}{figure.kind.name}", level, "drift", says, figure.column)
        yield Outcome(expectation, not verdict.is_drifted, int(verdict.is_drifted), kept)


def require_steady(project: Project, version: str, outcomes: Sequence[Outcome]) -> None:
    """Raise HeldError where a figure that holds is out of range, until a person has approved the version."""
    if any(not outcome.success and outcome.expectation.level == "table" for outcome in outcomes):
        subject = f"{DRIFTED}@{version}"
        if not approved(project, [subject]):
            raise HeldError(subject, str(evidence(project, version)))


def evidence(project: Project, version: str) -> str | None:
    """Return why a version is held, in Markdown, with counts only; None where it is not."""
    with project.warehouse().begin() as connection:
        drifted = [kept for kept in kept_of(connection, version) if kept.is_drifted]
    holding, warned = (
        [told(kept) for kept in drifted if (kept.level == "table") is is_held] for is_held in (True, False)
    )
    if not holding:
        return None
    return "\n".join(
        [
            "Figures of this run are out of the range of the weeks before, so nothing was published.",
            "",
            *(f"- {line}" for line in holding),
            *(["", "Out of range as well, which holds nothing:", ""] if warned else []),
            *(f"- {line}" for line in warned),
            "",
            "Approve it if this is how things are now: these figures are compared with what comes from this day on.",
        ]
    )


def told(kept: Kept) -> str:
    """Say in one sentence what a figure is and what would be usual."""
    return sentence(kept.kind, kept.name, kept.observed)
