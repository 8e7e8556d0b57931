"""How commands speak: results to standard output, progress and errors to standard error, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from include.contracts.errors import KindredError

out = Console()
err = Console(stderr=True)


def show(rows: Sequence[Mapping[str, Any]], *, title: str, empty: str, as_json: bool) -> None:
    """Print rows as a table, or as a JSON list; ``empty`` is said where there are none."""
    if as_json:
        emit(list(rows))
        return
    if not rows:
        out.print(empty)
        return
    table = Table(title=title, title_justify="left")
    for name, value in rows[0].items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        table.add_column(name.replace("_", " "), justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    out.print(table)


def emit(value: object) -> None:
    """Print one JSON value to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str, indent=2) + "\n")


def guarded(command: Callable[[], None]) -> int:
    """Run a command line; an error that is meant for people is one sentence and its own exit code."""
    try:
        command()
    except KindredError as error:
        err.print(f"[bold red]Error:[/] {error}", highlight=False, soft_wrap=True)
        return error.exit_code
    return 0


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if isinstance(value, float) else str(value)
