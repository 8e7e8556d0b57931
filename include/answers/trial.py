"""A change that is tried before it is used: the stages on what is published, in an overlay that goes afterwards.

Versions are named by what determines them (decision 2), so a stage that the change does not affect is found done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from include.contracts.erasure import SUPPRESSED
from include.contracts.errors import ConfigurationError
from include.contracts.identity import CROSSWALK, IDENTITY
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, CONSENT, PROFILE, PROFILE_HISTORY, PROFILE_IDENTIFIER
from include.contracts.raw import ROOT
from include.contracts.reports import PARTS, REPORT
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import PERSON_RECORD, STAGED
from include.contracts.tables import Table
from include.identity.step import try_resolve
from include.identity.store import MODEL
from include.matching.progress import SILENT, Progress
from include.measures.step import measure
from include.profiles.step import unify
from include.reports.step import report as report_on
from include.segments.held import implausible
from include.segments.step import segment_with
from include.staging.step import stage
from include.storage.control.approvals import approved
from include.storage.lake import Lake, Manifest
from include.storage.overlay import Trial, tried
from include.storage.project import Project
from include.storage.readers import NOTHING

COMPARED = (CROSSWALK, PROFILE, PROFILE_IDENTIFIER, ACCOUNT, CUSTOMER_360, ACCOUNT_360, SEGMENT, SEGMENT_MEMBERSHIP)
RESULTS = (REPORT, *(part.table for part in PARTS))
TOGETHER = (
    (PERSON_RECORD, STAGED),
    (CROSSWALK, IDENTITY),
    (PROFILE, (PROFILE_IDENTIFIER, CONSENT, PROFILE_HISTORY)),
    (SEGMENT_MEMBERSHIP, (SEGMENT,)),
)
LATER = (f"{ROOT}/", "staged/", SUPPRESSED.name)  # what the sources have brought since


@dataclass(frozen=True)
class Tried:
    """What came of a trial, beside what is published; both are opened in ``trial``.

    ``before`` and ``after``: the versions of COMPARED, and of RESULTS where reports were tried. ``held``: why the run
    would be held, in Markdown. ``redone``: the stages that the change affects.
    """

    trial: Trial
    as_of: date
    before: Mapping[str, Manifest]
    after: Mapping[str, Manifest]
    held: str | None
    redone: tuple[str, ...]

    def is_same(self, table: Table) -> bool:
        """Tell whether the change leaves a table as it is, without looking into it."""
        return self.before[table.name].version == self.after[table.name].version


class _AllButHeld(frozenset[str]):
    """The approvals there are; beyond them it lets everything pass that is not held already: one wants to see it."""

    held: Collection[str] = ()

    def __contains__(self, subject: object) -> bool:
        return super().__contains__(subject) or subject not in self.held


@dataclass
class _Stages:
    """The stages of a trial, one after the other, and what they have written so far."""

    trial: Trial
    run: Run
    published: Mapping[str, str]
    refs: dict[str, DatasetRef] = field(default_factory=dict)
    redone: list[str] = field(default_factory=list)
    held: str | None = None

    def go(self, *, reestimate: bool, reports: bool, progress: Progress) -> None:
        """Run them all, ``reports`` among them where they are wanted, telling each stage's name."""
        progress.stage("stage")
        self._take("stage", stage(self.trial, self.run).writes, PERSON_RECORD)
        progress.stage("resolve")
        report, self.held = try_resolve(self.trial, self.run, self.refs, reestimate=reestimate)
        self._take("resolve", report.writes, CROSSWALK)
        progress.stage("unify")
        self._take("unify", unify(self.trial, self.run, self.refs).writes, PROFILE)
        progress.stage("measure")
        self._take("measure", measure(self.trial, self.run, self.refs).writes, CUSTOMER_360)
        progress.stage("segment")
        report = segment_with(self.trial, self.run, self.refs, approvals_of(self.trial))
        self._take("segment", report.writes, SEGMENT_MEMBERSHIP)
        if reports:
            progress.stage("report")
            self._take("report", report_on(self.trial, self.run, self.refs).writes, REPORT)

    def _take(self, name: str, writes: tuple[DatasetRef, ...], of: Table) -> None:
        self.refs |= {ref.dataset: ref for ref in writes}
        if self.refs[of.name].version != self.published.get(of.name):
            self.redone.append(name)


@contextmanager
def try_change(
    project: Project, config: Path, *, reestimate: bool = False, new_data: bool = False, reports: bool = False,
    progress: Progress = SILENT,
) -> Iterator[Tried]:  # fmt: skip
    """Run the stages with another folder of configuration, on what the published tables were made from.

    ``reestimate``: with a model that is learned anew. ``new_data``: on what the sources have brought since as well.
    ``reports``: the reports, too. Nothing is published, and nothing of the lake, the ledger or the book of decisions
    changes. Raises ConfigurationError before the first publication, or where the configuration cannot be used.
    """
    segmented = last_segmented(project.lake)
    results = RESULTS if reports else ()
    told = {table.name: current.version for table in results if (current := project.lake.current(table.name))}
    published = versions_behind(project.lake, segmented) | told
    pinned = {name: version for name, version in published.items() if not (new_data and name.startswith(LATER))}
    day = date.fromisoformat(segmented.inputs["as_of"])
    with tried(project, config, pinned) as trial:
        stages = _Stages(trial, Run("trial", day), published)
        stages.go(reestimate=reestimate, reports=reports, progress=progress)
        yield Tried(
            trial, day,
            {t.name: trial.lake.version(t.name, published[t.name]) for t in COMPARED + results if t.name in published},
            {t.name: trial.lake.open(stages.refs[t.name]) for t in COMPARED + results},
            stages.held, tuple(stages.redone),
        )  # fmt: skip


def last_segmented(lake: Lake) -> Manifest:
    """Return the version of the memberships that readers get; raises ConfigurationError where there is none."""
    last = lake.current(SEGMENT_MEMBERSHIP.name)
    if last is None:
        raise ConfigurationError(NOTHING)
    return last


def versions_behind(lake: Lake, segmented: Manifest) -> dict[str, str]:
    """Return what memberships were made from, and that in its turn, and what was written with it, by dataset."""
    found, waiting = {segmented.dataset: segmented.version}, [segmented]
    while waiting:
        for name, version in waiting.pop().inputs.items():
            manifest = lake.manifest(name, version) if name not in found else None
            if manifest is not None:
                found[name] = version
                waiting.append(manifest)
    for first, tables in TOGETHER:
        found |= {table.name: found[first.name] for table in tables}
    crosswalk = lake.version(CROSSWALK.name, found[CROSSWALK.name])
    return found | {MODEL: crosswalk.inputs["model"]}


def approvals_of(trial: Trial) -> Collection[str]:
    """Return the approvals with which segments are tried: whatever is not held already passes."""
    with trial.engine() as engine:
        rows = implausible(engine)
    found = _AllButHeld(approved(trial, [row["approval"] for row in rows]))
    found.held = frozenset(row["approval"] for row in rows if row["state"] == "held")
    return found
