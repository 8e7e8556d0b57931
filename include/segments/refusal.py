"""Refusals: what is wrong with a condition, at its place in the text."""

from __future__ import annotations

from collections.abc import Sequence

from include.contracts.errors import DefinitionError


def refusal(problem: str, text: str, offset: int) -> DefinitionError:
    """Return the error for a problem at an offset of the text; 0 stands for its first visible character."""
    if offset == 0:
        offset = len(text) - len(text.lstrip())
    before = text[:offset]
    return DefinitionError(problem, line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)


def collected(faults: Sequence[DefinitionError]) -> DefinitionError:
    """Return the first fault, in the order of the text, with the others beside it."""
    first, *others = sorted(faults, key=lambda fault: (fault.line, fault.column))
    return DefinitionError(first.problem, line=first.line, column=first.column, others=others)
