"""What waits for a person's answer: held runs and held segments, until somebody has answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from include.activation.touched import with_lists
from include.answers import waiting
from include.contracts.errors import ConfigurationError, HeldError
from include.contracts.identity import CROSSWALK
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.identity.store import save_report
from include.storage.project import Project

RUN = f"{CROSSWALK.name}@new"
QUIET, LOUD = "segment/quiet@1", "segment/loud@2"
EVIDENCE = "This run's profiles need a person's approval.\n\n| merges | 70 |"


@pytest.fixture
def project(warehouse_project: Project, put: Callable[..., DatasetRef]) -> Project:
    """A project whose newest crosswalk is held, and one of whose two implausible segments was approved before."""
    put(warehouse_project, CROSSWALK, [{"record_id": "crm.contact:1", "profile_id": "anna"}], "new")
    save_report(warehouse_project.lake, "new", {"held": EVIDENCE, "counts": {}, "model": {}}, {})
    rows = [
        {"segment_key": "quiet", "state": "held", "reason": "It would have 3 members.", "approval": QUIET},
        {"segment_key": "loud", "state": "published", "reason": "It has 9 members.", "approval": LOUD},
    ]
    warehouse_project.lake.point(put(warehouse_project, SEGMENT, rows))
    return warehouse_project


def test_what_is_held_waits_with_its_evidence_until_somebody_answers(project: Project) -> None:
    assert waiting.held_segments(project) == {QUIET: "It would have 3 members."}
    asked = [QUIET, LOUD, RUN, "segment/gone@3", f"{CROSSWALK.name}@gone"]
    assert waiting.still_held(project, asked) == {RUN: EVIDENCE, QUIET: "It would have 3 members."}
    waiting.answer(project, RUN, approved=True, author="Nina", reason="Two companies were merged")
    waiting.answer(project, QUIET, approved=False, author="Nina", reason="The export is old")
    assert waiting.still_held(project, asked) == {}


def test_the_evidence_of_a_held_run_says_which_segments_and_lists_it_would_touch(
    project: Project, put: Callable[..., DatasetRef], tmp_path: Path
) -> None:
    put(project, CROSSWALK, [{"record_id": "crm.contact:1", "profile_id": "berta"}], "old")
    save_report(project.lake, "new", {"held": EVIDENCE, "counts": {}, "model": {}, "follows": "old"}, {})
    members = [{"segment_key": key, "member_id": member, "evidence": "{}"}
               for key, member in (("quiet", "berta"), ("quiet", "cleo"), ("loud", "cleo"))]  # fmt: skip
    project.lake.point(put(project, SEGMENT_MEMBERSHIP, members))
    evidence = waiting.evidence(project, RUN)
    assert evidence.startswith(EVIDENCE) and "| quiet | 2 | 1 |" in evidence and "loud" not in evidence
    assert "| berta | anna | 1 |" in evidence
    place = tmp_path / "destinations" / "tool.yaml"
    place.parent.mkdir()
    sync = "{segment: SEGMENT, owner: me, purpose: none, key: {Id: profile_id}}"
    syncs = "".join(f"  to_{name}: {sync.replace('SEGMENT', name)}\n" for name in ("quiet", "loud"))
    place.write_text(f"kind: files\nsettings: {{folder: out}}\nsyncs:\n{syncs}")
    configured = Project(project.settings.model_copy(update={"config": tmp_path}))
    for subject in (RUN, QUIET):
        told = with_lists(configured, subject, "Why.")
        assert told == "Why.\n\nLists at destinations that it would touch: to_quiet (tool)."


def test_nothing_waits_where_nothing_was_ever_made(warehouse_project: Project) -> None:
    assert waiting.held_segments(warehouse_project) == {}
    assert waiting.still_held(warehouse_project, [RUN, QUIET]) == {}


def test_a_run_that_is_held_is_asked_about_until_it_is_answered_or_overtaken(project: Project) -> None:
    held, ledger = HeldError(RUN, EVIDENCE), project.ledger()
    for name in ("one", "two"):
        run = Run(name, date(2026, 6, 30))
        with ledger.working(run):
            ledger.end_run(run, "held", str(held))
    assert waiting.held_runs(project) == {RUN: EVIDENCE}
    waiting.answer(project, RUN, approved=False, author="Nina", reason="The export is old")
    assert waiting.held_runs(project) == {}


@pytest.mark.parametrize("subject", [LOUD, "segment/gone@3", f"{CROSSWALK.name}@gone", "anything"])
def test_what_is_not_held_has_no_evidence(project: Project, subject: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Nothing called .* is held"):
        waiting.evidence(project, subject)


@pytest.mark.parametrize(("author", "reason"), [("", "because"), ("Nina", " ")])
def test_an_answer_says_who_and_why(project: Project, author: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match="who gave it and why"):
        waiting.answer(project, RUN, approved=True, author=author, reason=reason)
