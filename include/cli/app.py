"""`python -m include COMMAND`: one visible dict of commands, each imported only when it is called."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import typer

from include.cli.console import guarded
from include.contracts.loading import load
from include.launch.ending import listen

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "include.cli.run:run",
        "map": "include.cli.mapping:map_table",
        "extract": "include.cli.extract:extract",
        "resolve": "include.cli.matching:resolve_command",
        "evaluate": "include.cli.matching:evaluate_command",
        "explain": "include.cli.stewardship:explain",
        "what-if": "include.cli.stewardship:what_if",
        "diff": "include.cli.diff:diff",
        "replay": "include.cli.replay:replay",
        "decide": "include.cli.stewardship:decide",
        "review": "include.cli.stewardship:review",
        "approve": "include.cli.stewardship:approve",
        "segments": "include.cli.segments:segments",
        "segment": "include.cli.segments:segment",
        "why": "include.cli.segments:why",
        "why-not": "include.cli.segments:why_not",
        "preview": "include.cli.segments:preview",
        "check": "include.cli.conditions:check",
        "values": "include.cli.conditions:values",
        "lists": "include.cli.conditions:lists",
        "traits": "include.cli.traits:traits",
        "events": "include.cli.events:events",
        "report": "include.cli.report:report",
        "alert": "include.cli.report:alert",
        "quarantine": "include.cli.ledger:quarantine",
        "runs": "include.cli.ledger:runs",
        "retain": "include.cli.retain:retain",
        "erase": "include.cli.erasure:erase",
        "erasures": "include.cli.erasure:erasures",
        "access": "include.cli.erasure:access",
        "doctor": "include.cli.health:doctor",
        "health": "include.cli.operations:health",
        "metrics": "include.cli.operations:metrics",
        "drift": "include.cli.drift:drift",
        "alerts": "include.cli.operations:alerts",
        "contract": "include.cli.operations:contract",
        "keys": "include.cli.web:keys",
        "web": "include.cli.web:web",
        "activate": "include.cli.activation:activate",
        "deliveries": "include.cli.activation:deliveries",
    }
)


def main() -> int:
    """Run the command line; returns the exit code.

    What it writes is for its user's eyes alone, and whoever asks it to end lets it stop first what it started.
    """
    os.umask(0o077)
    listen((signal.SIGTERM, signal.SIGHUP), lambda number: SystemExit(128 + number))
    named = [argument for argument in sys.argv[1:2] if argument in COMMANDS]
    return guarded(lambda: _application(named or list(COMMANDS))(standalone_mode=True))


def _application(names: list[str]) -> typer.Typer:
    app = typer.Typer(
        help="Kindred: one profile a person, and segments on those profiles.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)
    for name in names:
        app.command(name)(_load(COMMANDS[name]))
    return app


def _load(place: str) -> Callable[..., Any]:
    module, function = place.split(":")
    command: Callable[..., Any] = getattr(load(module), function)
    return command
