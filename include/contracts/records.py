"""How records are named, and what is said of pairs of them: each of these texts is spelt and read here alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True)
class RecordId:
    """A row of a source: ``crm.contact:0035g00000XyZ12AAB``. Its key may hold points and colons of its own."""

    source: str
    object: str
    key: str

    def __str__(self) -> str:
        return f"{self.source}.{self.object}:{self.key}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id; raises ValueError."""
        place, colon, key = text.partition(":")
        source, point, name = place.partition(".")
        if not (source and point and name and colon):
            raise ValueError(f"{text!r} is no record id; they are written <source>.<object>:<key>")
        return cls(source, name, key)


def record_ids(source: str, name: str, keys: ir.StringValue) -> ir.StringValue:
    """The ids of rows with these keys; null for a null key."""
    return str(RecordId(source, name, "")) + keys


def source_of(ids: ir.StringValue) -> ir.StringValue:
    """The source of each id."""
    return ids.split(".")[0]


def object_of(ids: ir.StringValue) -> ir.StringValue:
    """The source and object of each id, as ``crm.contact``."""
    return ids.split(":")[0]


def key_of(ids: ir.StringValue) -> ir.StringValue:
    """The key of each id in its source."""
    return ids.substr(ids.find(":") + 1)


def ordering(ids: ir.StringValue) -> tuple[ir.StringValue, ir.StringValue]:
    """What ids are put in order by where they decide a tie: object and key first, so that sources may have any name."""
    return ids.substr(ids.find(".") + 1), ids


@dataclass(frozen=True, slots=True)
class Evidence:
    """How alike two records are, column by column, as the engine spells it: ``first_name=equal;phone=typo``.

    ``email=same_mailbox[2,1]``: it is the second address of the first record that agrees with the first of the second.
    ``places`` has the columns of which it is not the first ones.
    """

    levels: Mapping[str, str]
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __str__(self) -> str:
        places = {column: f"[{one},{other}]" for column, (one, other) in self.places.items()}
        return ";".join(f"{column}={level}{places.get(column, '')}" for column, level in self.levels.items())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read evidence; what is none, such as a steward's word on a pair, has no levels."""
        levels, places = dict[str, str](), dict[str, tuple[int, int]]()
        for part in text.split(";"):
            column, is_said, level = part.partition("=")
            if is_said:
                levels[column], _, place = level.partition("[")
                if place:
                    one, other = place.rstrip("]").split(",")
                    places[column] = int(one), int(other)
        return cls(levels, places)

    def in_words(self, column: str) -> str:
        """How alike the records are in a column, and by which of their values where it is not the first ones."""
        one, other = self.places.get(column, (1, 1))
        which = "" if one == other == 1 else f" (value {one} of the first record, {other} of the second)"
        return self.levels.get(column, "").replace("_", " ") + which


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happened to a profile: evidence of two records, how one departed, or a steward's decision.

    Written by ``identity/crosswalk/events``: ``record|record|evidence``, ``record|how``, or ``decision|id|turn``.
    """

    about: tuple[str, ...]
    told: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cause; an empty text has none."""
        *about, told = text.split("|")
        return cls(tuple(about), told)
