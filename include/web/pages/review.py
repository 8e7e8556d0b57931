"""The page of decisions: pairs of records that a person should judge, and what is held until somebody answers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from include.answers import waiting
from include.answers.decisions import open_book
from include.answers.review_queue import SAID, review_queue, said_by
from include.answers.what_if import what_if
from include.contracts.access import Scope
from include.contracts.records import Evidence
from include.identity.decisions.decision import StewardDecision
from include.pipeline import new_run
from include.storage.engine import Engine
from include.storage.project import Project
from include.web import reading
from include.web.callers import Call, needs
from include.web.problems import ProblemError
from include.web.render import page, root_of

router = APIRouter(include_in_schema=False)

QUEUE = 200  # questions looked at; those that are answered already are passed over
REVIEW = Depends(needs(Scope.SEGMENTS_READ, Scope.PROFILES_READ, Scope.PII_READ, Scope.REVIEW_WRITE))
Text = Annotated[str, Form(min_length=1, max_length=500)]


@router.get("/review")
def review(
    skip: Annotated[int, Query(ge=0, le=QUEUE)] = 0,
    done: Annotated[str | None, Query(max_length=100)] = None,
    call: Call = REVIEW,
) -> Response:
    """Show the question that is worth most, but for those skipped, and what is held."""
    reading.require_published(call.project)
    with call.project.engine() as engine:
        questions = _open_questions(call.project, engine)
        asked = questions[skip] if skip < len(questions) else None
        said = said_by(engine, [asked]) if asked else {}
    if asked:
        call.read("page /review", f"records {asked['record_a']} {asked['record_b']}", profiles=2)
    return page(
        call, "review.html", asked=asked, rows=_side_by_side(asked, said) if asked else [], skip=skip,
        left=len(questions), is_cut=len(questions) == QUEUE, done=done, held=waiting.everything_held(call.project),
    )  # fmt: skip


class Judged(BaseModel):
    """What somebody says of two records."""

    model_config = ConfigDict(extra="forbid")

    record_a: str = Field(min_length=1, max_length=300)
    record_b: str = Field(min_length=1, max_length=300)
    verdict: Literal["always", "never"]
    reason: str = Field(default="", max_length=500)
    skip: int = Field(default=0, ge=0, le=QUEUE)
    token: str = Field(max_length=100)

    def decision(self, author: str) -> StewardDecision:
        """Return it as a decision."""
        return StewardDecision(self.verdict, author, self.reason, a=self.record_a, b=self.record_b)


@router.post("/review/decide")
def decide(judged: Annotated[Judged, Form()], call: Call = REVIEW) -> Response:
    """Take a decision; the next run obeys it."""
    if not judged.reason.strip():
        raise ProblemError(422, "A decision needs a reason.")
    with call.project.engine() as engine:
        (taken,) = open_book(call.project, engine).take([judged.decision(call.caller.name)])
    return RedirectResponse(f"{root_of(call.request)}/review?skip={judged.skip}&done={taken.decision_id}", 303)


@router.post("/review/what-if")
def try_out(judged: Annotated[Judged, Form()], call: Call = REVIEW) -> Response:
    """Show what a decision would change, before it is taken."""
    change = what_if(call.project, new_run(call.project, datetime.now(UTC)), judged.decision("what if"))
    return page(call, "what_if.html", judged=judged, **asdict(change))


@router.post("/review/undo")
def undo(decision: Text, call: Call = REVIEW) -> Response:
    """Take a decision back."""
    with call.project.engine() as engine:
        open_book(call.project, engine).take_back(decision, author=call.caller.name, reason="undone on the page")
    return RedirectResponse(f"{root_of(call.request)}/review", 303)


class Answer(BaseModel):
    """An answer to what is held."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=300)
    verdict: Literal["approve", "reject"]
    reason: str = Field(min_length=1, max_length=500)
    token: str = Field(max_length=100)


@router.post("/review/answer")
def answer(given: Annotated[Answer, Form()], call: Call = REVIEW) -> Response:
    """Answer for what is held; approved, the next run hands it on."""
    waiting.evidence(call.project, given.subject)
    is_approved = given.verdict == "approve"
    waiting.answer(call.project, given.subject, approved=is_approved, author=call.caller.name, reason=given.reason)
    return RedirectResponse(f"{root_of(call.request)}/review", 303)


def _open_questions(project: Project, engine: Engine) -> list[dict[str, Any]]:
    """The queue without the pairs that somebody has decided on since the last run."""
    questions = review_queue(engine, QUEUE)
    decided = {frozenset((one.a, one.b)) for one in open_book(project, engine).in_force()} if questions else set()
    return [row for row in questions if frozenset((row["record_a"], row["record_b"])) not in decided]


def _side_by_side(asked: dict[str, Any], said: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What each record says, one row an attribute that either has; ``differs`` where both have it and differ."""
    evidence = Evidence.parse(asked["evidence"])
    first, second = (said.get(asked[side], {}) for side in ("record_a", "record_b"))
    rows = []
    for name in SAID:
        a, b = first.get(name), second.get(name)
        if a is not None or b is not None:
            differs = a is not None and b is not None and a != b
            rows.append({"name": name, "a": a, "b": b, "differs": differs, "level": evidence.in_words(name)})
    return rows
