"""Segment definitions: one YAML file each, read with the place of every fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from include.contracts.errors import DefinitionError
from include.contracts.events import Vocabulary
from include.contracts.nearest import nearest
from include.contracts.yaml_files import Document, YamlError
from include.contracts.yaml_files import parse as parse_yaml
from include.segments.language import parse
from include.segments.tree import Node

KEY = r"^[a-z][a-z0-9_]{0,62}$"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Expected(_Section):
    """The sizes that are plausible; outside of them the segment is held back."""

    min: int = Field(default=0, ge=0, description="Fewest members")
    max: int | None = Field(default=None, ge=0, description="Most members; none: no bound")

    @model_validator(mode="after")
    def _ordered(self) -> Expected:
        if self.max is not None and self.max < self.min:
            raise ValueError("max is below min")
        return self


class Movement(_Section):
    """How much of a segment may enter or leave in one run before it is held back."""

    limit: float = Field(default=0.5, ge=0, le=100, description="Entries and exits, as a share of the members before")
    floor: int = Field(default=50, ge=0, description="So few entries and exits are never too many")


class Exclusive(_Section):
    """A group of segments of which a member is in one only: the one of highest priority."""

    group: str = Field(pattern=KEY, description="Name of the group")
    priority: int = Field(ge=0, le=1_000_000, description="Rank in the group; the highest wins")


class Definition(_Section):
    """What a segment is, as its file says."""

    key: str = Field(pattern=KEY, description="Durable key: lower-case letters, digits and underscores")
    name: str = Field(min_length=1, max_length=120, description="Name to show")
    owner: str = Field(min_length=1, description="Who answers for it")
    purpose: str = Field(min_length=1, description="What it is for")
    level: Literal["person", "account"] = Field("person", description="What its members are")
    where: str = Field(min_length=1, description="The condition, in the segment language")
    tags: list[str] = Field(default_factory=list, description="Tags")
    exclusive: Exclusive | None = Field(None, description="Exclusive group and rank in it")
    holdout: float = Field(
        0.0, ge=0, le=0.5, description="Share of members kept out of activation, always the same ones"
    )
    inherit_holdouts: bool = Field(
        True, description="Whoever is held out of a segment that it includes is held out of it too"
    )
    expected: Expected = Field(Expected(), description="Plausible sizes")
    movement: Movement = Field(Movement(), description="Plausible movement")


SECTIONS: Mapping[str, type[_Section]] = {"expected": Expected, "movement": Movement, "exclusive": Exclusive}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a definition, and where."""

    file: str
    line: int
    column: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.problem}."


@dataclass(frozen=True)
class Draft:
    """One file as read: a definition and its condition where it has no faults of its own.

    ``text`` is the condition at the very place it has in the file, so that offsets in it are the file's.
    """

    file: str
    key: str = ""
    definition: Definition | None = None
    tree: Node | None = None
    text: str = ""
    marks: Mapping[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, problem: str, *path: str) -> None:
        """Add a fault at the setting that ``path`` leads to."""
        line, column = self.marks.get(path) or self.marks.get(path[:1]) or (1, 1)
        self.faults.append(Fault(self.file, line, column, problem))

    def fault_at(self, problem: str, word: str) -> None:
        """Add a fault where ``word`` stands in the condition."""
        before = self.text[: max(self.text.find(word), 0)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        self.faults.append(Fault(self.file, line, column, problem))


def read(file: str, content: bytes, vocabulary: Vocabulary = Vocabulary()) -> Draft:  # noqa: B008 - it is frozen
    """Read one file as far as it goes by itself; whatever is wrong is in the draft's faults."""
    try:
        given = parse_yaml(content)
    except YamlError as fault:
        return Draft(file, faults=[Fault(file, fault.line, fault.column, fault.problem)])
    if not isinstance(given.values, dict):
        return Draft(file, faults=[Fault(file, 1, 1, "a definition is a list of settings such as 'key: ...'")])
    key = given.values.get("key")
    draft = Draft(file, key if isinstance(key, str) else "", marks=given.marks)
    for keys in given.repeated:
        draft.fault(f"{'.'.join(keys)!r} is set twice", *keys)
    return _validated(draft, given, vocabulary)


def _validated(draft: Draft, given: Document, vocabulary: Vocabulary) -> Draft:
    try:
        definition = Definition.model_validate(given.values)
    except ValidationError as error:
        for entry in error.errors():
            draft.fault(_problem(entry), *map(str, entry["loc"]))
        return draft
    try:
        condition = _in_place(given, definition.where)
        tree = parse(condition, definition.level, vocabulary)
    except DefinitionError as error:
        for each in (error, *error.others):
            draft.faults.append(Fault(draft.file, each.line, each.column, each.problem))
        return draft
    return replace(draft, definition=definition, tree=tree, text=condition)


def _problem(entry: Mapping[str, Any]) -> str:
    """One of pydantic's errors, in our words."""
    *path, name = (str(part) for part in entry["loc"])
    if entry["type"] == "extra_forbidden":
        section = SECTIONS.get("".join(path), Definition)
        return f"{name!r} is no setting of a segment{nearest(name, section.model_fields)}"
    if entry["type"] == "missing":
        return f"{name!r} is missing"
    if entry["type"] == "string_pattern_mismatch":
        return f"{name!r} takes lower-case letters, digits and underscores, a letter first"
    return f"{name!r}: {entry['msg'][:1].lower()}{entry['msg'][1:]}"


def _in_place(given: Document, where: str) -> str:
    """The condition as it stands in its file, led by as many blank lines and columns."""
    node: Any = given.node
    value = next(value for name, value in node.value if name.value == "where")
    start, end = value.start_mark, value.end_mark
    line, column = int(start.line), int(start.column)
    raw = given.text[start.index : end.index]
    if value.style in ("|", ">"):
        return "\n" * (line + 1) + raw.partition("\n")[2]
    if value.style in ("'", '"'):
        return "\n" * line + " " * (column + 1) + where
    return "\n" * line + " " * column + raw
