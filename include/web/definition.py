"""A definition as the file to review, and its faults told at the line of the condition that they are in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

WHERE = "where"
_FAULT = re.compile(r"^.*?:(?P<line>\d+):(?P<column>\d+): (?P<said>.*)$")
_INDENT = 2
_SHOWN = 24  # characters of the condition that a fault is told at


class _Block(str):
    """Text that stands in the file as it is, line by line."""

    __slots__ = ()


class _Writer(yaml.SafeDumper):
    """Writes a condition as a block: so each of its lines is one of the file, as whoever reads a fault expects."""


_Writer.add_representer(_Block, lambda writer, text: writer.represent_scalar("tag:yaml.org,2002:str", text, "|"))


def as_file(told: Mapping[str, Any]) -> str:
    """Return a definition as YAML, its condition last and line by line."""
    facts = {name: value for name, value in told.items() if name != WHERE}
    lines = (line.rstrip().replace("\t", " ") for line in told[WHERE].strip().splitlines())
    block = {WHERE: _Block("\n".join(lines))}
    head = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=100)
    return head + yaml.dump(block, Dumper=_Writer, allow_unicode=True, width=10_000)


def faults(said: str, file: str) -> Sequence[str]:
    """Return what was said of a file of ``as_file``, each fault at the words of the condition that it is about."""
    written = file.splitlines()
    begin = next(number for number, line in enumerate(written) if line.startswith(f"{WHERE}:")) + 1
    return [_told(line, written, begin) for line in said.splitlines() if line.strip()]


def _told(line: str, written: Sequence[str], begin: int) -> str:
    found = _FAULT.match(line)
    if found is None:
        return line
    said, place = found["said"], int(found["line"]) - 1
    said = said if "_" in said.split(maxsplit=1)[0] else said[:1].upper() + said[1:]  # a measure is spelt as it is
    if not begin <= place < len(written):
        return said
    rest = written[place][int(found["column"]) - 1 :].strip()
    at = f", at “{rest[:_SHOWN]}{'…' if len(rest) > _SHOWN else ''}”" if rest else ", at its end"
    where = f"Line {place - begin + 1}" if len(written) > begin + 1 else "In the condition"
    return f"{where}{at}: {said}"
