"""The commands `web` and `keys`: serve the pages and the API, and say who may call."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.console import emit, err, out, show
from include.contracts.access import Scope
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.settings import Settings
from include.storage.project import Project
from include.web import keys as book

ACTIONS = ("create", "list", "rotate", "revoke")
SCOPES = ",".join((Scope.SEGMENTS_READ, Scope.PROFILES_READ))


def web(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on; put TLS before others.")] = "127.0.0.1",
) -> None:
    """Serve the API until you stop it."""
    from include.web.serve import serve  # noqa: PLC0415 - the other commands here need no server

    project = Project(Settings.from_environment())
    with project.serving():
        project.warehouse()
        err.print(f"Kindred serves http://{host}:{port}/api/v1 (stop with Ctrl-C).", highlight=False)
        serve(project, host, port)


def keys(
    what: Annotated[str, typer.Argument(help="create, list, rotate, or revoke.")],
    named: Annotated[str | None, typer.Argument(help="create: what it is for; rotate, revoke: the key's id.")] = None,
    *,
    scopes: Annotated[str, typer.Option(help="What it allows, separated by commas.")] = SCOPES,
    days: Annotated[int, typer.Option(help="How long it lasts.")] = 90,
    author: Annotated[str, typer.Option(envvar="USER", help="Who makes it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False,
) -> None:
    """Make, list, exchange and take back API keys; a new one is shown once."""
    if what not in ACTIONS:
        raise ConfigurationError(f"keys knows no {what!r}{nearest(what, ACTIONS)}.")
    project = Project(Settings.from_environment())
    with project.serving():
        if what == "list":
            rows = book.listed(project.warehouse())
            show(rows, title="API keys", empty="There are no keys.", as_json=as_json)
        elif named is None:
            raise ConfigurationError(f"keys {what} needs {'a name' if what == 'create' else 'the id of a key'}.")
        elif what == "create":
            _show_once(book.create(project.warehouse(), named, scopes.split(","), days=days, author=author), as_json)
        elif what == "rotate":
            _show_once(book.rotate(project.warehouse(), named, days=days, author=author), as_json)
            err.print("The old one ends in a day.", highlight=False)
        else:
            book.revoke(project.warehouse(), named)
            err.print("Taken back; it stops working at once.", highlight=False)


def _show_once(key: str, as_json: bool) -> None:
    err.print("Keep it now; it is shown this once.", highlight=False)
    emit({"key": key}) if as_json else out.print(key, highlight=False, soft_wrap=True)
