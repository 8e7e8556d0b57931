"""How commands speak: results to standard output, progress and errors to standard error, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from include.contracts.faults import explained, own_fault
from include.matching.progress import SILENT, Progress

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
    cells = [[_cell(value) for value in row.values()] for row in rows]
    table = _table(rows[0], cells, title)
    if Measurement.get(out, out.options.update(width=sys.maxsize), table).minimum <= out.width:
        out.print(table)
    else:
        _print_one_by_one(rows[0], cells, title)


@contextmanager
def spinner() -> Iterator[Progress]:
    """A progress that shows the running stage on standard error, or nothing where that is no terminal."""
    if not err.is_terminal:
        yield SILENT
        return
    with err.status("starting") as status:

        class Shown:
            """Shows the running stage beside the spinner."""

            def stage(self, name: str) -> None:
                """Show ``name``."""
                status.update(name)

        yield Shown()


def _table(first: Mapping[str, Any], cells: Sequence[Sequence[str]], title: str) -> Table:
    """Return a table that never cuts what is one word, such as an id: somebody may want to copy it."""
    table = Table(title=title, title_justify="left")
    for (name, value), column in zip(first.items(), zip(*cells, strict=True), strict=True):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        is_word = not any(" " in cell for cell in column)
        table.add_column(name.replace("_", " "), justify="right" if is_number else "left", no_wrap=is_word)
    for row in cells:
        table.add_row(*row)
    return table


def _print_one_by_one(names: Iterable[str], cells: Sequence[Sequence[str]], title: str) -> None:
    """Print each row as lines of name and value, for a terminal that the table is too wide for."""
    labels = [name.replace("_", " ") for name in names]
    width = max(map(len, labels))
    out.print(f"[italic]{title}[/]", highlight=False)
    for row in cells:
        for label, cell in zip(labels, row, strict=True):
            out.print(f"[bold]{label:<{width}}[/]  {cell}", soft_wrap=True, highlight=False)
        out.print()


def emit(value: object) -> None:
    """Print one JSON value to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str, indent=2) + "\n")


def guarded(command: Callable[[], None]) -> int:
    """Run a command line; an error that is meant for people is one sentence and its own exit code.

    So is one of the machine or of a library that says what to do; of any other the traceback is kept.
    """
    try:
        command()
    except Exception as error:  # noqa: BLE001 - the last line before the user: nothing may pass as a traceback
        meaning = explained(error) or own_fault(error)
        _say(str(meaning))
        return meaning.exit_code
    return 0


def _say(sentence: str) -> None:
    err.print("[bold red]Error:[/]", escape(sentence), highlight=False, soft_wrap=True)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}" if 0 < abs(value) < 1 else f"{value:,.1f}"
    return escape(str(value))
