"""The commands `explain`, `what-if`, `decide`, `review` and `approve`: why, what would change, and who decides."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from include.activation.touched import with_lists
from include.answers import waiting
from include.answers.chart import write_svg
from include.answers.decisions import open_book
from include.answers.lookup import Lookup
from include.answers.profile import PairExplained, ProfileExplained, explain_profile, explain_records
from include.answers.review_queue import review_queue, said_by
from include.answers.what_if import what_if as try_decision
from include.cli.console import emit, err, out, show
from include.cli.explanation import pair_text, profile_text
from include.cli.questions import print_questions
from include.contracts.configuration import effective
from include.contracts.decisions import DECISION_KINDS
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.settings import Settings
from include.identity.decisions.decision import StewardDecision
from include.matching.spec import load_spec
from include.pipeline import new_run
from include.storage.project import Project

Json = Annotated[bool, typer.Option("--json", help="Print for machines.")]
Author = Annotated[str, typer.Option(envvar="USER", help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why.")]


def explain(
    profile_id: Annotated[str | None, typer.Argument(help="A profile id, living or retired.")] = None,
    records: Annotated[
        tuple[str, str] | None, typer.Option(help="Two records instead, as <source>.<object>:<key>.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Draw the waterfall of match weights into this file.")] = None,
    *,
    values: Annotated[bool, typer.Option("--values", help="Show what its records said before.")] = False,
    as_json: Json = False,
) -> None:
    """Say why records are one person, why not, and how the profile came to be."""
    if (profile_id is None) == (records is None):
        raise ConfigurationError("Give a profile id, or two records with --records A B.")
    project = Project(Settings.from_environment())
    with project.engine() as engine:
        found: ProfileExplained | PairExplained
        if records is not None:
            found = explain_records(
                Lookup(engine, project.suppressed()),
                *records,
                load_spec(effective(project.settings.config / "matching.yaml")),
            )
        else:
            found = explain_profile(Lookup(engine, project.suppressed()), str(profile_id), values=values)
    if svg is not None:
        _draw(svg, found)
    if as_json:
        emit(asdict(found))
    else:
        out.print(profile_text(found) if isinstance(found, ProfileExplained) else pair_text(found))


def _draw(svg: Path, found: ProfileExplained | PairExplained) -> None:
    if not found.steps:
        raise ConfigurationError("There is no judged pair to draw: a single record, or two that were never compared.")
    link = found.weakest if isinstance(found, ProfileExplained) else found.link
    write_svg(svg, found.steps, f"{link.record_a} – {link.record_b}" if link else "")


def what_if(
    always: Annotated[tuple[str, str] | None, typer.Option(help="Two records that would be one person.")] = None,
    never: Annotated[tuple[str, str] | None, typer.Option(help="Two records that would be two people.")] = None,
    bypass: Annotated[tuple[str, str] | None, typer.Option(help="A column, and a value that is no evidence.")] = None,
    alias: Annotated[tuple[str, str] | None, typer.Option(help="A profile id, and the one to go on as.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a decision would change, without taking it."""
    given = {"always": always, "never": never, "bypass": bypass, "alias": alias}
    chosen = [(kind, pair) for kind, pair in given.items() if pair is not None]
    if len(chosen) != 1:
        raise ConfigurationError("Give one decision, for example: what-if --never RECORD RECORD.")
    (kind, (first, second)), project = chosen[0], Project(Settings.from_environment())
    with project.serving():
        run = new_run(project, datetime.now(UTC))
        change = try_decision(project, run, _decision(kind, first, second, author="what-if", reason="what-if"))
    if as_json:
        emit(asdict(change))
        return
    show(change.events, title="What would happen", empty="It would change nothing.", as_json=False)
    show(change.moved, title="Records that would move", empty="No record would move.", as_json=False)
    show(change.segments, title="Segments of the profiles it touches", empty="No segment is touched.", as_json=False)


def decide(
    what: Annotated[str, typer.Argument(help="always, never, bypass, alias; list; or back, to take one back.")],
    first: Annotated[
        str | None, typer.Argument(help="A record, column or profile id; the decision to take back.")
    ] = None,
    second: Annotated[str | None, typer.Argument(help="The other record, the value, the surviving profile id.")] = None,
    *,
    reason: Reason = "",
    author: Author = "",
    as_json: Json = False,
) -> None:
    """Take, list and take back steward decisions; the next run obeys them."""
    if what not in (*DECISION_KINDS, "list", "back"):
        raise ConfigurationError(f"decide knows no {what!r}{nearest(what, (*DECISION_KINDS, 'list', 'back'))}.")
    project = Project(Settings.from_environment())
    with project.serving(), project.engine() as engine:
        book = open_book(project, engine)
        if what == "list":
            rows = book.rows() if as_json else [_brief(row) for row in book.rows()]
            show(rows, title="Decisions", empty="Nobody has decided anything.", as_json=as_json)
            return
        _need(first, "what to decide on")
        _need(author.strip(), "--author")
        _need(reason.strip(), "--reason")
        if what == "back":
            book.take_back(str(first), author=author, reason=reason)
            if as_json:
                emit([first])
            else:
                err.print("Taken back; the next run goes without it.")
            return
        _need(second, "the second of the two")
        taken = book.take([_decision(what, str(first), str(second), author=author, reason=reason)])
    if as_json:
        emit([decision.decision_id for decision in taken])
    else:
        err.print(f"Decision {taken[0].decision_id} is in force from the next run on.")


def review(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many questions.")] = 20,
    *,
    values: Annotated[
        bool | None, typer.Option("--values/--no-values", help="Show what the records say; default: on a terminal.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the questions that a person should answer, the answer that is worth most first.

    Names, addresses and numbers are shown on a terminal, to whoever may read the lake; a pipe, a log and --json get
    them only by --values.
    """
    project = Project(Settings.from_environment())
    is_shown = values if values is not None else out.is_terminal and not as_json
    with project.engine() as engine:
        questions = review_queue(engine, limit)
        said = said_by(engine, questions) if is_shown else {}
    if as_json:
        emit([{**row, "said": [said.get(row["record_a"]), said.get(row["record_b"])]} for row in questions]
             if is_shown else questions)  # fmt: skip
    elif questions:
        print_questions(out, questions, said)
    else:
        out.print("There is nothing to judge.")


def approve(
    subject: Annotated[
        str, typer.Argument(help="What is held, as the run that was held named it, for example segment/<key>@<digest>.")
    ],
    reason: Reason = "",
    author: Author = "",
    *,
    reject: Annotated[bool, typer.Option("--reject", help="Reject it instead.")] = False,
    as_json: Json = False,
) -> None:
    """Answer for an export, a run or a segment that was held; approved, the next run hands it on."""
    project = Project(Settings.from_environment())
    evidence = with_lists(project, subject, waiting.evidence(project, subject))
    if not as_json:
        err.print(evidence, highlight=False)
    with project.serving():
        waiting.answer(project, subject, approved=not reject, author=author, reason=reason)
    if as_json:
        verdict = "rejected" if reject else "approved"
        emit({"subject": subject, "verdict": verdict, "author": author, "reason": reason, "evidence": evidence})
    else:
        err.print("Rejected." if reject else "Approved; run again to hand it on.")


def _decision(kind: str, first: str, second: str, *, author: str, reason: str) -> StewardDecision:
    if kind == "bypass":
        return StewardDecision(kind, author, reason, column=first, value=second)
    return StewardDecision(kind, author, reason, a=first, b=second)


def _need(given: str | None, what: str) -> None:
    if not given:
        raise ConfigurationError(f"A decision needs {what}.")


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    state = f"taken back by {row['retracted_by']}" if row["retracted_at"] else "in force"
    on = f"{row['a']}\n{row['b']}" if row["a"] else f"{row['column']} (value not shown)"
    names = ("decision_id", "kind", "author", "reason")
    return {
        **{name: row[name] for name in names[:2]},
        "on": on,
        **{name: row[name] for name in names[2:]},
        "state": state,
    }
