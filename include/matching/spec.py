"""The matching spec: which columns of a table say who a person is, and what kind of value each holds.

A spec names kinds, never weights or thresholds: those are estimated from the table itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.matching.levels import Kind


class Blocking(BaseModel):
    """Rules of one's own, each a list of columns that must all agree: beside the derived ones, or instead of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    add: Sequence[Sequence[str]] = Field((), description="Rules beside those that are derived from the kinds.")
    only: Sequence[Sequence[str]] = Field((), description="Rules instead of those; none is derived.")

    @property
    def rules(self) -> list[Sequence[str]]:
        """All of them."""
        return [*self.add, *self.only]


class MatchingSpec(BaseModel):
    """What to match by. Frozen; unknown keys and kinds are errors that name the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="The key column; its values are distinct and never null.")
    order: str | None = Field(
        None,
        description="The column whose values put the records in order instead of the ids, where those hold names that "
        "may change; equal ones are told apart by the id.",
    )
    source: str | None = Field(None, description="The column that says which system a record came from.")
    columns: Mapping[str, Kind] = Field(description="Column to kind; at least one.", min_length=1)
    blocking: Blocking = Field(
        Blocking(add=(), only=()),
        description="Rules that `add` to those derived from the kinds present, or the `only` ones.",
    )
    link_only: bool = Field(False, description="Link only records of different sources.")
    region: str | None = Field(
        None,
        description="Two-letter region of phone numbers written without a country code; "
        "where absent it is learned from the numbers that have one.",
    )
    pairs_per_record: float = Field(
        7.0,
        gt=0,
        le=1000,
        description="The budget of pairs of two people that are compared, as a multiple of the records.",
    )
    largest_cluster: int = Field(200, ge=2, le=10_000, description="No cluster grows beyond this many records.")

    @model_validator(mode="before")
    @classmethod
    def _name_the_nearest(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise ConfigurationError("The matching spec must be a mapping with at least 'id' and 'columns'.")
        for key in given:
            if key not in cls.model_fields:
                raise ConfigurationError(
                    f"The matching spec has an unknown key {key!r}{nearest(str(key), cls.model_fields)}."
                )
        if isinstance(given.get("blocking"), list):
            raise ConfigurationError(
                "The matching spec's 'blocking' is a list; put 'add:' before its rules to use them beside the derived "
                "ones, 'only:' to use them instead."
            )
        columns = given.get("columns")
        for column, kind in (columns if isinstance(columns, Mapping) else {}).items():
            if kind not in list(Kind):
                raise ConfigurationError(
                    f"Column {column!r} has an unknown kind {kind!r}{nearest(str(kind), [k.value for k in Kind])}."
                )
        return given

    @model_validator(mode="after")
    def _agree_with_itself(self) -> Self:
        if self.blocking.add and self.blocking.only:
            raise ConfigurationError("'blocking' has both 'add' and 'only'; one of them says which rules are used.")
        for rule in self.blocking.rules:
            for column in rule:
                if column not in self.columns:
                    raise ConfigurationError(f"A blocking rule names {column!r}{nearest(column, self.columns)}.")
        if self.link_only and self.source is None:
            raise ConfigurationError("link_only needs 'source', the column that says where a record came from.")
        if self.region is not None and self.region not in SUPPORTED_REGIONS:
            raise ConfigurationError(f"Unknown region {self.region!r}; use a two-letter code such as 'GB' or 'US'.")
        return self

    @property
    def compares_sources(self) -> bool:
        """Whether it is evidence of two records which sources they are of."""
        return self.source is not None and not self.link_only

    def of_kind(self, kind: Kind) -> list[str]:
        """The columns of one kind, in the spec's order."""
        return [column for column, its in self.columns.items() if its is kind]


def parse_spec(given: Any) -> MatchingSpec:
    """Validate a spec given as a mapping; raises ConfigurationError with one sentence a problem."""
    try:
        return MatchingSpec.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise ConfigurationError(f"The matching spec is not valid: {problems}.") from None


def load_spec(path: str | Path) -> MatchingSpec:
    """Read a spec from a YAML file; raises ConfigurationError where the file or its content is wrong."""
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"Cannot read the matching spec {Path(path).name}: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise ConfigurationError(f"The matching spec {Path(path).name} is not valid YAML{where}.") from None
    return parse_spec(given)
