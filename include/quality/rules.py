"""What ``quality.yaml`` says, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.published import PUBLISHED

Level = Literal["row", "table", "warn"]
FILE = "quality.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NullRule(_Strict):
    """The largest share of rows that may have no value in a column."""

    column: str
    most: float = Field(ge=0, le=1)
    level: Literal["table", "warn"] = "table"


class RowRule(_Strict):
    """A SQL condition that a faulty row of the table fulfils."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    column: str
    faulty: str
    level: Level = "row"
    reason: str


class QueryRule(_Strict):
    """A query that returns the faults; ``{name}`` in it stands for a published table of the same version."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    faulty: str
    level: Literal["table", "warn"] = "table"
    reason: str


class TableRules(_Strict):
    """What is expected of one table."""

    least_share_of_published: float | None = Field(default=None, ge=0, le=1)
    nulls: tuple[NullRule, ...] = ()
    rows: tuple[RowRule, ...] = ()
    queries: tuple[QueryRule, ...] = ()


class Rules(_Strict):
    """All of the file."""

    row_limit: float = Field(default=0.01, ge=0, le=1)
    tables: Mapping[str, TableRules] = Field(default_factory=dict)


def read_rules(folder: Path) -> Rules:
    """Read ``quality.yaml`` in the folder; raises ConfigurationError naming what is wrong in it."""
    place = folder / FILE
    try:
        rules = Rules.model_validate(yaml.safe_load(place.read_text("utf-8")) or {})
    except FileNotFoundError:
        raise ConfigurationError(f"{place} is missing; an audit needs it, even if it is empty.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{place}{line}: this is no YAML. Correct it and run again.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{place}: {where}: {first['msg']}{_hint(first['loc'])}.") from None
    _check_names(place, rules)
    return rules


def _check_names(place: Path, rules: Rules) -> None:
    known = {item.name: item.table.names for item in PUBLISHED}
    for name, table in rules.tables.items():
        if name not in known:
            raise ConfigurationError(f"{place}: tables.{name} is not published{nearest(name, known)}.")
        for column in (*(rule.column for rule in table.nulls), *(rule.column for rule in table.rows)):
            if column not in known[name]:
                raise ConfigurationError(
                    f"{place}: tables.{name} has no column {column!r}{nearest(column, known[name])}."
                )


def _hint(location: tuple[int | str, ...]) -> str:
    """Name the nearest known key, where the fault is an unknown one."""
    fields = {name for model in (Rules, TableRules, NullRule, RowRule, QueryRule) for name in model.model_fields}
    key = str(location[-1])
    return "" if key in fields or isinstance(location[-1], int) else nearest(key, fields)
