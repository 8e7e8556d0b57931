"""The files of `segment --for`: a segment as a tool takes it."""

from __future__ import annotations

import sys
from pathlib import Path

from include.activation.templates import Written, write_for
from include.cli.console import err
from include.contracts.errors import ConfigurationError
from include.storage.project import Project


def write_as_tool(project: Project, key: str, tool: str, out_file: Path | None, *, format: str, holdout: bool) -> None:
    """Write a segment as a tool takes it, to a file or standard output; say who was withheld and why."""
    with project.serving():
        if out_file is None:
            written = write_for(project, key, tool, sys.stdout.buffer, format=format, holdout=holdout)
        else:
            written = _into_file(project, key, tool, out_file, format=format, holdout=holdout)
    for reason, number in written.withheld.items():
        err.print(f"{number:,} withheld: {reason}.", highlight=False)
    where = f" in {out_file}" if out_file else ""
    err.print(f"{written.count:,} rows of {key} for {tool}{where}.", highlight=False)


def _into_file(project: Project, key: str, tool: str, out: Path, *, format: str, holdout: bool) -> Written:
    """Write into a file that appears only once it is whole."""
    draft = out.with_name(out.name + ".draft")
    try:
        with draft.open("wb") as sink:
            written = write_for(project, key, tool, sink, format=format, holdout=holdout)
        draft.replace(out)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return written
