"""What ``quality.yaml`` says, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from include.contracts.configuration import Section, read_configuration
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.published import PUBLISHED

Level = Literal["row", "table", "warn"]
FILE = "quality.yaml"


class NullRule(Section):
    """The largest share of rows that may have no value in a column."""

    column: str
    most: float = Field(ge=0, le=1)
    level: Literal["table", "warn"] = "table"


class RowRule(Section):
    """A SQL condition that a faulty row of the table fulfils."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    column: str
    faulty: str
    level: Level = "row"
    reason: str


class QueryRule(Section):
    """A query that returns the faults; ``{name}`` in it stands for a published table of the same version."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    faulty: str
    level: Literal["table", "warn"] = "table"
    reason: str


class TableRules(Section):
    """What is expected of one table."""

    least_share_of_published: float | None = Field(default=None, ge=0, le=1)
    nulls: tuple[NullRule, ...] = ()
    rows: tuple[RowRule, ...] = ()
    queries: tuple[QueryRule, ...] = ()


class Rules(Section):
    """All of the file."""

    row_limit: float = Field(default=0.01, ge=0, le=1)
    tables: Mapping[str, TableRules] = Field(default_factory=dict)


def read_settings(folder: Path) -> Rules:
    """Read ``quality.yaml`` in the folder; raises ConfigurationError naming what is wrong in it."""
    place = folder / FILE
    rules = read_configuration(place, Rules)
    _check_names(place, rules)
    return rules


def _check_names(place: Path, rules: Rules) -> None:
    known = {item.name: item.table.names for item in PUBLISHED}
    for name, table in rules.tables.items():
        if name not in known:
            raise ConfigurationError(f"{place.name}: tables.{name} is not published{nearest(name, known)}.")
        for column in (*(rule.column for rule in table.nulls), *(rule.column for rule in table.rows)):
            if column not in known[name]:
                raise ConfigurationError(
                    f"{place.name}: tables.{name} has no column {column!r}{nearest(column, known[name])}."
                )
