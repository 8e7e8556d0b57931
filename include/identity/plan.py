"""What a run is determined by, and so what it will be called; a real one and one that is only tried plan alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from include.contracts.configuration import effective
from include.contracts.identity import CROSSWALK
from include.contracts.runs import DatasetRef, Run, fingerprint
from include.contracts.staged import PERSON_RECORD
from include.identity.crosswalk.gate import read_labels
from include.identity.decisions.book import DecisionBook
from include.identity.decisions.decision import StewardDecision, read_decisions
from include.identity.decisions.standing import Records, Stand, stand
from include.identity.settings import Stewardship, read_settings
from include.identity.store import MODEL, load_report
from include.matching.spec import MatchingSpec, load_spec
from include.storage import days
from include.storage.code import code_of
from include.storage.lake import Lake, Manifest
from include.storage.project import Project
from include.storage.versions import following

STEP = "include.identity.step"
ESTIMATE = "include.matching.weights.estimation"  # edited, it makes the saved model one of another kind


@dataclass(frozen=True)
class Plan:
    """What a run is determined by, and its version: that of the run before where nothing has changed."""

    records: DatasetRef
    spec: MatchingSpec
    stewardship: Stewardship
    decisions: Stand
    labels: pa.Table | None
    previous: Manifest | None
    inputs: Mapping[str, str]
    on_date: date
    version: str

    @property
    def is_unchanged(self) -> bool:
        """The run before was on the very same."""
        return self.previous is not None and self.previous.version == self.version


def plan_run(
    project: Project,
    run: Run,
    records: DatasetRef,
    *,
    reestimate: bool = False,
    decisions: Stand | None = None,
    only_look: bool = False,
) -> Plan:
    """Say what a run on these records is determined by; ``decisions`` instead of the book's are a mere try.

    With ``only_look`` the book of decisions is not brought up to date with their file.
    """
    lake, config = project.lake, project.settings.config
    spec, stewardship = load_spec(effective(config / "matching.yaml")), read_settings(config)
    previous, on_date = _before(lake, run)
    in_force = decisions or current_decisions(project, spec, stewardship, records, previous, only_look=only_look)
    labels = read_labels(config / stewardship.labels.file)
    matching = fingerprint(spec.model_dump(mode="json"), code_of(ESTIMATE))
    inputs = {
        PERSON_RECORD.name: records.version,
        "matching": matching,
        "model": _model_version(lake, records, matching, reestimate=reestimate),
        "decisions": in_force.digest,
        "stewardship": fingerprint(stewardship.model_dump(mode="json"), labels.to_pylist() if labels else None),
        "code": code_of(STEP),
    }
    version = following(previous, inputs, on_date)
    return Plan(records, spec, stewardship, in_force, labels, previous, inputs, on_date, version)


def _before(lake: Lake, run: Run) -> tuple[Manifest | None, date]:
    """Return the crosswalk that the run follows on, and the day from which on what it finds holds.

    That is the run's day, but never one before the last change; a run that rewinds follows on the crosswalk that stood
    before its day.
    """
    found = lake.current(CROSSWALK.name)
    while found is not None:
        report = load_report(lake, found.version)
        last = date.fromisoformat(report.get("on_date") or date.min.isoformat())  # reports had no date at first
        if not run.rewinds or last < run.as_of:
            return found, max(last, run.as_of)
        found = days.before(lake, found, report["follows"], run)
    return None, run.as_of


def current_decisions(
    project: Project,
    spec: MatchingSpec,
    stewardship: Stewardship,
    records: DatasetRef,
    previous: Manifest | None,
    *,
    only_look: bool = False,
) -> Stand:
    """Bring the book up to date with the decisions file, and return the decisions with their states.

    With ``only_look`` the book stays as it is, and what the file would make of it is returned.
    """
    path = project.settings.config / stewardship.decisions
    with project.engine() as engine:
        known = Records(engine, records, previous.ref if previous else None, tuple(spec.columns))
        book = DecisionBook(project.warehouse(), known.look)
        said = _of_nobody_erased(project, read_decisions(path) if path.exists() else [])
        if only_look:
            return stand(book.as_file_says(said), known)
        book.follow_file(said)
        return stand(book.in_force(), known)


def _of_nobody_erased(project: Project, decisions: Sequence[StewardDecision]) -> list[StewardDecision]:
    """Pass over lines of the file that name somebody who was erased: there is nothing to decide about them."""
    gone = project.suppressed()

    def names_erased(decision: StewardDecision) -> bool:
        kind = "profile" if decision.kind == "alias" else "record"
        return any(gone.erased_on(kind, name) for name in (decision.a, decision.b) if name)

    return [decision for decision in decisions if not names_erased(decision)]


def _model_version(lake: Lake, records: DatasetRef, matching: str, *, reestimate: bool) -> str:
    """Return the version of the saved model while it fits the spec, else of the one that this run will estimate."""
    saved = lake.current(MODEL)
    if saved and saved.inputs["matching"] == matching and not reestimate:
        return saved.version
    return fingerprint(MODEL, records.version, matching)
