"""Where one field of a mapped source comes from: a column or a constant, and how its values are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from include.contracts.configuration import Section


class FieldMapping(Section):
    """Where a field's values come from; a name alone is a column, a list of names the first that says something."""

    column: tuple[str, ...] = Field(default=(), description="Column; of several the first that says something")
    constant: str | None = Field(default=None, description="A value that every row has")
    values: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="What the source's words mean: meaning, and the words for it"
    )
    times: float = Field(default=1, description="What a number is multiplied by, such as 0.01 for cents")
    unit: Literal["", "seconds", "milliseconds"] = Field(
        default="", description="Of a time that is a number: since 1970, UTC"
    )
    currency: str = Field(default="", description="Of an amount: the column of its currency, as an ISO code")
    path: str = Field(default="", description="Of a column that holds JSON: the path of the value in it")
    split: str = Field(
        default="", description="Of a column that holds several values: what parts them; the first is taken"
    )
    lower: bool = Field(default=False, description="Whether capitals do not count, as in mail addresses")
    of: str = Field(default="", description="Of a person or account of another object: the object")

    @model_validator(mode="before")
    @classmethod
    def _brief(cls, given: Any) -> Any:
        if isinstance(given, str | list):
            return {"column": given if isinstance(given, list) else [given]}
        if isinstance(given, dict) and isinstance(given.get("column"), str):
            return {**given, "column": [given["column"]]}
        return given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.column) == (self.constant is not None):
            raise ValueError("give a column or a constant")
        return self


Fields = Mapping[str, FieldMapping]
