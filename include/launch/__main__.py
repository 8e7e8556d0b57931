"""`python -m include.launch run|up|down [FOLDER]`, and `… airflow ARGUMENTS`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from include.contracts.faults import explained, own_fault
from include.launch import commands, ending

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; an error that is meant for people is one sentence and its own exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.launch", description="A real Airflow on this machine.")
    parser.add_argument("command", choices=sorted(commands.COMMANDS))
    parser.add_argument("data", type=Path, nargs="?", help="folder of your own exports; none: the sample company's")
    parser.add_argument(
        "--sources", choices=["simulated"], help="run: ask servers that stand for the sample company's systems"
    )
    given = list(sys.argv[1:] if arguments is None else arguments)
    ending.listen((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), lambda _: KeyboardInterrupt())
    console = Console()
    try:
        if given[:1] == ["airflow"]:
            return commands.airflow(given[1:])
        wanted = parser.parse_args(given)
        if wanted.sources:
            _run_simulated(parser, wanted, console)
        else:
            commands.COMMANDS[wanted.command](wanted.data, console)
    except KeyboardInterrupt:
        console.print("Stopped, with everything that was started.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line before the user: nothing may pass as a traceback
        meaning = explained(error) or own_fault(error)
        console.print("[bold red]Error:[/]", escape(str(meaning)), highlight=False, soft_wrap=True)
        return meaning.exit_code
    return 0


def _run_simulated(parser: argparse.ArgumentParser, wanted: argparse.Namespace, console: Console) -> None:
    if wanted.command != "run" or wanted.data is not None:
        parser.error("SOURCES=simulated goes with `run` alone, and without DATA: it has the sample company's rows.")
    commands.run(None, console, simulated=True)


if __name__ == "__main__":
    sys.exit(main())
