"""The step `resolve`: staged person records in, crosswalk, judged pairs, events and review queue out.

All datasets of one run carry the crosswalk's version, so the memory that belongs to a crosswalk is found
by its version alone, and a run that is killed between two pointers leaves nothing half remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from include.contracts.errors import HeldError
from include.contracts.identity import CROSSWALK
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.staged import PERSON_RECORD
from include.identity.build import DATASETS, Plan, build
from include.identity.crosswalk.gate import approved, read_labels
from include.identity.decisions.book import DecisionBook
from include.identity.decisions.decision import read_decisions
from include.identity.decisions.standing import Records, Stand, stand
from include.identity.report import DATASET as REPORT
from include.identity.report import load_report
from include.identity.settings import Stewardship, load_stewardship
from include.identity.store import DATASET as MODEL
from include.identity.store import load_model
from include.matching.levels import COMPARISONS
from include.matching.relations import RELATIONS
from include.matching.spec import MatchingSpec, load_spec
from include.matching.weights.model import FORMAT
from include.storage import days
from include.storage.lake import Lake, Manifest
from include.storage.project import Project

CODE = 4


def resolve(project: Project, run: Run, refs: Mapping[str, DatasetRef], *, reestimate: bool = False) -> StageReport:
    """Group the person records into profiles and say what changed.

    The model is estimated on the first run, when the matching spec changes or when ``reestimate`` asks for it,
    and reused otherwise. Unchanged input returns the version that exists, whatever the date. Raises HeldError
    when the run moves more than stewardship.yaml allows and nobody has approved it.
    """
    records = refs[PERSON_RECORD.name]
    plan = plan_run(project, run, records, reestimate=reestimate)
    unchanged = plan.previous is not None and dict(plan.previous.inputs) == dict(plan.inputs)
    version = plan.previous.version if plan.previous and unchanged else plan.version
    if not unchanged:
        if project.lake.manifest(CROSSWALK.name, version) is None:
            build(project, plan)
        _pass_gate(project, plan, version)
    return _hand_on(project, plan, version)


def plan_run(
    project: Project, run: Run, records: DatasetRef, *, reestimate: bool = False, decisions: Stand | None = None
) -> Plan:
    """Say what a run on these records is determined by; ``decisions`` instead of the book's are a mere try."""
    lake, config = project.lake, project.settings.config
    spec, stewardship = load_spec(config / "matching.yaml"), load_stewardship(config)
    previous, on_date = _before(lake, run)
    in_force = decisions or current_decisions(project, spec, stewardship, records, previous)
    labels = read_labels(config / stewardship.labels.file)
    vocabulary = {role: sorted(declared.words.items()) for role, declared in COMPARISONS.items()}
    matching = fingerprint(spec.model_dump(mode="json"), FORMAT, RELATIONS, vocabulary)
    inputs = {
        PERSON_RECORD.name: records.version,
        "matching": matching,
        "model": _model_version(lake, records, matching, reestimate=reestimate),
        "decisions": in_force.digest,
        "stewardship": fingerprint(stewardship.model_dump(mode="json"), labels.to_pylist() if labels else None),
        "code": str(CODE),
    }
    version = fingerprint(inputs, previous.version if previous else None, on_date)
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
    project: Project, spec: MatchingSpec, stewardship: Stewardship, records: DatasetRef, previous: Manifest | None
) -> Stand:
    """Bring the book up to date with the decisions file, and return the decisions with their states."""
    path = project.settings.config / stewardship.decisions
    with project.engine() as engine:
        known = Records(engine, records, previous.ref if previous else None, tuple(spec.columns))
        book = DecisionBook(project.warehouse(), known.look)
        book.follow_file(read_decisions(path) if path.exists() else [])
        return stand(book.in_force(), known)


def _model_version(lake: Lake, records: DatasetRef, matching: str, *, reestimate: bool) -> str:
    """Return the version of the saved model while it fits the spec, else of the one that this run will estimate."""
    saved = lake.current(MODEL)
    if saved and saved.inputs["matching"] == matching and not reestimate:
        return saved.version
    return fingerprint(MODEL, records.version, matching)


def _pass_gate(project: Project, plan: Plan, version: str) -> None:
    """Raise HeldError for a run that moves too much, until a person has approved it."""
    held = load_report(project.lake, version)["held"]
    if held and not any(_is_same(project.lake, plan, other) for other in approved(project.warehouse(), CROSSWALK.name)):
        raise HeldError(f"{CROSSWALK.name}@{version}", str(held))


def _is_same(lake: Lake, plan: Plan, version: str) -> bool:
    """Tell whether a version is the very change that the plan is, on whatever day it was proposed."""
    manifest = lake.manifest(REPORT, version)
    if manifest is None or dict(manifest.inputs) != dict(plan.inputs):
        return False
    return load_report(lake, version).get("follows") == (plan.previous.version if plan.previous else None)


def _hand_on(project: Project, plan: Plan, version: str) -> StageReport:
    """Point readers at the version, the crosswalk last, and report it."""
    lake = project.lake
    lake.point(DatasetRef(MODEL, plan.inputs["model"], 1))
    written = [lake.open(DatasetRef(table.name, version, 0)).ref for table in DATASETS]
    for ref in written:
        lake.point(ref)
    model = load_model(lake, plan.inputs["model"])
    before = {CROSSWALK.name: plan.previous.version} if plan.previous else {}
    return StageReport(
        stage="resolve",
        reads={PERSON_RECORD.name: plan.records.version, **before},
        writes=tuple(written),
        counts=load_report(lake, version)["counts"],
        model_version=model.version if model else None,
    )
