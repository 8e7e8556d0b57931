"""Texts and names as SQL quotes them, for statements that cannot be given them as parameters."""

from __future__ import annotations


def literal(text: str) -> str:
    """Return a text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return the name of a column, or of a table."""
    return '"' + name.replace('"', '""') + '"'
