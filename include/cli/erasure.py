"""The commands `erase`, `erasures` and `access`: what a person may ask for by law."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from include.cli.console import emit, err, out, show
from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from include.erasure import step
from include.erasure.access import person_file
from include.erasure.gather import is_number
from include.erasure.ledger import Erasure, ErasureLedger
from include.erasure.planning import Plan, plan
from include.erasure.settings import read_settings
from include.storage.project import Project
from include.storage.whole import whole_file

Json = Annotated[bool, typer.Option("--json", help="Print for machines.")]
Author = Annotated[str, typer.Option("--by", envvar="USER", help="Who asks, or agrees.")]
Profiles = Annotated[list[str] | None, typer.Argument(help="Profile ids, living or retired.")]


def erase(
    profiles: Profiles = None,
    email: Annotated[list[str] | None, typer.Option(help="An address instead; may be given again.")] = None,
    reason: Annotated[str, typer.Option(help="Why, such as the request's number.")] = "",
    agree: Annotated[
        list[str] | None,
        typer.Option(metavar="ERASURE", help="Agree to what somebody else asked; may be given again, or `all`."),
    ] = None,
    author: Author = "",
    *,
    phone: Annotated[list[str] | None, typer.Option(help="A telephone number instead; may be given again.")] = None,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A file with a profile id, address or number a line.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase people everywhere, keep imports from bringing them back, and look whether anything is left.

    Several are erased in one go, which takes little longer than one.
    """
    named = [*(profiles or []), *_addresses(email or []), *_numbers(phone or [])]
    subjects = [*named, *(_lines(file) if file else [])]
    if bool(subjects) == bool(agree):
        raise ConfigurationError(
            "Give profile ids, addresses with --email, numbers with --phone, or a file of them with --from."
        )
    project, now = Project(Settings.from_environment()), datetime.now(UTC)
    with project.serving():
        if agree:
            asked = _agreed(ErasureLedger(project.warehouse()), agree, author, yes=yes)
        else:
            asked = _asked(project, now, subjects, reason=reason, author=author, dry_run=dry_run, yes=yes,
                           as_json=as_json)  # fmt: skip
        asks = read_settings(project.settings.config).second_person
        done = step.carry_out(project, [one for one in asked if one.second or not asks], now)
        waiting = [one for one in asked if asks and not one.second]
        _tell([(one, step.waits_for(project, one)) for one in [*done, *waiting]], as_json=as_json)
    if waiting:
        which = "all" if len(waiting) > 1 else waiting[0].erasure_id
        err.print(f"Somebody else has to agree: python -m include erase --agree {which}")


def _asked(
    project: Project, now: datetime, subjects: Collection[str], *,
    reason: str, author: str, dry_run: bool, yes: bool, as_json: bool,
) -> list[Erasure]:  # fmt: skip
    """Return the requests for those who are named, open ones among them, once whoever types has seen what goes."""
    known = step.open_requests(project, subjects)
    new = [subject for subject in subjects if dry_run or subject not in known]
    if new and not dry_run:
        step.require_why(reason, author)
    planned = plan(project, now, new) if new else None
    if planned is not None:
        _show(planned, as_json=as_json and dry_run, printed=dry_run or not as_json)
    if dry_run:
        err.print("Nothing was erased.")
        return []
    _confirm(yes=yes)
    return [
        *known.values(),
        *(step.request(project, now, planned, reason=reason, author=author) if planned is not None else []),
    ]


def _agreed(ledger: ErasureLedger, named: Collection[str], author: str, *, yes: bool) -> list[Erasure]:
    """Return the requests that are agreed to; of several a list is shown and one answer holds for all of them."""
    waiting = [one for one in ledger.all() if one.is_open and not one.second]
    every = [one for one in waiting if one.author != author]
    chosen = every if "all" in named else [ledger.one(one) for one in dict.fromkeys(named)]
    if not chosen:
        why = f"; {len(waiting)} are your own, to which somebody else has to agree" if waiting else ""
        raise ConfigurationError(f"No request waits for {author or 'you'} to agree{why}.")
    if len(chosen) > 1:
        rows = [{"erasure": one.erasure_id, "of": one.subject, "by": one.author, "reason": one.reason,
                 "due_on": one.due_on} for one in chosen]  # fmt: skip
        show(rows, title="To be agreed to", empty="", as_json=False)
        _confirm(yes=yes)
    return [ledger.agree(one.erasure_id, author) for one in chosen]


def _numbers(given: Collection[str]) -> Collection[str]:
    for number in given:
        if not is_number(number):
            raise ConfigurationError(f"{number!r} is no telephone number.")
    return given


def _addresses(given: Collection[str]) -> Collection[str]:
    for address in given:
        if "@" not in address:
            raise ConfigurationError(f"{address!r} is no address; a profile id is given without --email.")
    return given


def _lines(file: Path) -> list[str]:
    """The profile ids and addresses of a file."""
    try:
        found = [line.strip() for line in file.read_text("utf-8-sig").splitlines()]
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is no text in UTF-8; save it as one.") from None
    return [line for line in found if line]


def erasures(
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Carry out what is left of open ones.")] = False,
    as_json: Json = False,
) -> None:
    """List the requests to be erased: how far each is, and until when it has to be carried out."""
    project, now = Project(Settings.from_environment()), datetime.now(UTC)
    with project.serving():
        if resume:
            step.finish(project, now)
        rows = [_row(one, now) for one in ErasureLedger(project.warehouse()).all()]
    show(rows, title="Erasures", empty="Nobody has asked to be erased.", as_json=as_json)


def access(
    profile: Annotated[str, typer.Argument(help="A profile id, living or retired, an address or a number.")],
    to: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
    *,
    as_json: Json = False,
) -> None:
    """Write all that is kept of a person, as JSON and as a page that they can read."""
    if not as_json:
        _made(to)
    project, now = Project(Settings.from_environment()), datetime.now(UTC)
    with project.serving():
        found = person_file(project, now, profile)
    if as_json:
        sys.stdout.write(found.to_json() + "\n")
        return
    for ending, content in (("json", found.to_json()), ("html", found.to_html())):
        place = to / f"person-{found.profile_id}.{ending}"
        with whole_file(place) as sink:
            sink.write(content.encode())
        out.print(f"{place}", soft_wrap=True, highlight=False)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be made: {error.strerror}.") from None


def _show(planned: Plan, *, as_json: bool, printed: bool) -> None:
    for why in planned.left_out.values():
        err.print(why, highlight=False)
    if as_json:
        emit(asdict(planned))
        return
    rows = [{"place": what.place, "rows": what.rows, "rows of others": what.cells} for what in planned.found]
    if printed:
        of = "the person" if len(planned.subjects) == 1 else f"{len(planned.subjects)} people"
        show(rows, title=f"What is kept of {of}", empty="Nothing.", as_json=False)
    if planned.shared:
        err.print(f"{planned.shared} of their addresses and numbers are somebody else's, too, and stay with them.")


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError("Erasing cannot be undone; say --yes where nobody can be asked.")
    typer.confirm("Erase all of it? It cannot be undone.", abort=True)


def _tell(done: Sequence[tuple[Erasure, list[str]]], *, as_json: bool) -> None:
    if as_json:
        rows = [{**_row(one, datetime.now(UTC)), "waits_for": waiting} for one, waiting in done]
        emit(rows[0] if len(rows) == 1 else rows) if rows else None
        return
    for one, waiting in done:
        out.print(f"Erasure {one.erasure_id}: {one.state}; due on {one.due_on}.", highlight=False)
        if waiting:
            told = "python -m include activate SYNC, then erasures --resume"
            out.print(f"Still to be told: {', '.join(waiting)} ({told}).")


def _row(one: Erasure, now: datetime) -> dict[str, object]:
    late = one.is_open and one.due_on < now.date()
    return {
        "erasure": one.erasure_id, "state": f"{one.state}, overdue" if late else one.state, "due_on": one.due_on,
        "received_at": one.received_at, "verified_at": one.verified_at, "by": one.author, "second": one.second,
        "reason": one.reason,
    }  # fmt: skip
