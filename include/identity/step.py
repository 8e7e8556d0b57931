"""The step `resolve`: staged person records in, crosswalk, judged pairs, events and review queue out.

All datasets of one run carry the crosswalk's version, so the memory that belongs to a crosswalk is found
by its version alone, and a run that is killed between two pointers leaves nothing half remembered.
"""

from __future__ import annotations

from collections.abc import Mapping

from include.contracts.errors import HeldError, RetryableError
from include.contracts.identity import CROSSWALK
from include.contracts.runs import DatasetRef, Run, StageReport
from include.contracts.staged import PERSON_RECORD
from include.identity.build import DATASETS, build
from include.identity.plan import Plan, plan_run
from include.identity.store import MODEL, REPORT, load_model, load_report
from include.storage.control.approvals import approved_versions
from include.storage.lake import Lake
from include.storage.project import Project


def resolve(project: Project, run: Run, refs: Mapping[str, DatasetRef], *, reestimate: bool = False) -> StageReport:
    """Group the person records into profiles and say what changed.

    The model is estimated on the first run, when the matching spec changes or when ``reestimate`` asks for it,
    and reused otherwise. Unchanged input returns the version that exists, whatever the date. Raises HeldError
    when the run moves more than stewardship.yaml allows and nobody has approved it, RetryableError where another run
    has handed on identities meanwhile: this one would take them back.
    """
    records, stood = refs[PERSON_RECORD.name], _standing(project.lake)
    plan = plan_run(project, run, records, reestimate=reestimate)
    if not plan.is_unchanged:
        if project.lake.manifest(CROSSWALK.name, plan.version) is None:
            build(project, plan)
        _pass_gate(project, plan)
    if _standing(project.lake) not in {stood, plan.version}:
        raise RetryableError("Another run has handed on identities meanwhile; run again, to follow on them.")
    return _hand_on(project, plan)


def try_resolve(
    project: Project, run: Run, refs: Mapping[str, DatasetRef], *, reestimate: bool = False
) -> tuple[StageReport, str | None]:
    """Do the same in a project that is only tried: nothing is held, and the book of decisions stays as it is.

    Returns besides why the run would be held, in Markdown; None where it would not.
    """
    plan = plan_run(project, run, refs[PERSON_RECORD.name], reestimate=reestimate, only_look=True)
    if project.lake.manifest(CROSSWALK.name, plan.version) is None:
        build(project, plan)
    held = None if plan.is_unchanged else load_report(project.lake, plan.version)["held"]
    return _hand_on(project, plan), held


def _standing(lake: Lake) -> str | None:
    """The version of the crosswalk that others get now."""
    current = lake.current(CROSSWALK.name)
    return current.version if current else None


def _pass_gate(project: Project, plan: Plan) -> None:
    """Raise HeldError for a run that moves too much, until a person has approved it."""
    held = load_report(project.lake, plan.version)["held"]
    if not held:
        return
    approved = approved_versions(project, CROSSWALK.name)
    if not any(_is_same(project.lake, plan, other) for other in approved):
        raise HeldError(f"{CROSSWALK.name}@{plan.version}", str(held))


def _is_same(lake: Lake, plan: Plan, version: str) -> bool:
    """Tell whether a version is the very change that the plan is, on whatever day it was proposed."""
    manifest = lake.manifest(REPORT, version)
    if manifest is None or dict(manifest.inputs) != dict(plan.inputs):
        return False
    return load_report(lake, version).get("follows") == (plan.previous.version if plan.previous else None)


def _hand_on(project: Project, plan: Plan) -> StageReport:
    """Point readers at the version, the crosswalk last, and report it."""
    lake = project.lake
    lake.point(lake.version(MODEL, plan.inputs["model"]).ref)
    written = [lake.version(table.name, plan.version).ref for table in DATASETS]
    for ref in written:
        lake.point(ref)
    model = load_model(lake, plan.inputs["model"])
    before = {CROSSWALK.name: plan.previous.version} if plan.previous else {}
    return StageReport(
        stage="resolve",
        reads={PERSON_RECORD.name: plan.records.version, **before},
        writes=tuple(written),
        counts=load_report(lake, plan.version)["counts"],
        model_version=model.version if model else None,
    )
