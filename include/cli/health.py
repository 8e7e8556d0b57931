"""The command `doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from include.cli.console import emit, out
from include.cli.doctor import examine
from include.cli.finding import Finding
from include.contracts.settings import Settings

MARKS = {"ok": "[green]ok[/]  ", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False) -> None:
    """Check the environment, connections, versions and free disk, and say what to do."""
    findings = examine(Settings.lenient())
    if as_json:
        emit([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(_line(finding), soft_wrap=True, highlight=False)
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)


def _line(finding: Finding) -> str:
    remedy = f"\n        → {finding.remedy}" if finding.remedy else ""
    return f"{MARKS[finding.state]}  {finding.check:<14} {finding.found}{remedy}"
