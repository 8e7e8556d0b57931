"""The files of `segment --for`: a segment as a tool takes it."""

from __future__ import annotations

import sys
from pathlib import Path

from include.activation.templates import write_for
from include.cli.console import err
from include.storage.project import Project
from include.storage.whole import whole_file


def write_as_tool(project: Project, key: str, tool: str, out_file: Path | None, *, format: str, holdout: bool) -> None:
    """Write a segment as a tool takes it, to a file or standard output; say who was withheld and why."""
    with project.serving():
        if out_file is None:
            written = write_for(project, key, tool, sys.stdout.buffer, format=format, holdout=holdout)
        else:
            with whole_file(out_file) as sink:
                written = write_for(project, key, tool, sink, format=format, holdout=holdout)
    for reason, number in written.withheld.items():
        err.print(f"{number:,} withheld: {reason}.", highlight=False)
    where = f" in {out_file}" if out_file else ""
    err.print(f"{written.count:,} rows of {key} for {tool}{where}.", highlight=False)
