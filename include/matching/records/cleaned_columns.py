"""A table's columns as they are to be read: mended, those of addresses and of numbers as one, cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from include.matching.levels import Kind
from include.matching.records import cleaning, emails
from include.matching.records.columns import Dictionary, remapped
from include.matching.records.damage import mended
from include.matching.records.several import settled
from include.matching.spec import MatchingSpec


@dataclass(frozen=True)
class Hints:
    """What a table's values say together of how each of them is to be read."""

    region: str | None = None
    said: Mapping[str, cleaning.Said] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Mapping[str, Dictionary], spec: MatchingSpec) -> Hints:
        """What is learned of columns whose distinct values are all at hand."""
        phones = [columns[name].values.cast(pa.string()) for name in spec.of_kind(Kind.PHONE)]
        region = spec.region
        if region is None and phones:
            region = cleaning.learned_region(cleaning.telling_region(pa.concat_arrays(phones)))
        kinds = spec.columns.items()
        said = {name: cleaning.SAID[kind](columns[name].values) for name, kind in kinds if kind in cleaning.SAID}
        return cls(region, said)


def mended_columns(
    raw: Mapping[str, Dictionary], spec: MatchingSpec
) -> tuple[dict[str, Dictionary], list[dict[str, object]]]:
    """The columns without what a spreadsheet did to them, and in how many records it did."""
    found, told = {}, []
    for name, kind in spec.columns.items():
        found[name], damage = mended(raw[name], kind)
        if damage.records:
            told.append({"column": name, "records": damage.records, "mended": damage.mended})
    return found, told


def one_of_several(columns: Mapping[str, Dictionary], spec: MatchingSpec, hints: Hints) -> dict[str, Dictionary]:
    """The columns, those of addresses as one, under the name of the first, and so those of numbers."""
    found = dict(columns)
    several = {Kind.EMAIL: emails.as_mailboxes, Kind.PHONE: lambda v: cleaning.clean_phones(v, hints.region)}
    for kind, clean in several.items():
        if names := spec.of_kind(kind):
            found[names[0]] = settled([found.pop(name) for name in names], kind, clean)
    return found


def clean_columns(
    raw: Mapping[str, Dictionary], spec: MatchingSpec, hints: Hints
) -> list[tuple[str, Kind, Dictionary]]:
    """The columns that are neither names nor addresses, cleaned."""
    found = []
    for name, kind in spec.columns.items():
        if kind in cleaning.CLEAN:
            column = remapped(raw[name], cleaning.CLEAN[kind](raw[name].values, hints.said.get(name)))
        elif kind is Kind.PHONE and name in raw:
            column = remapped(raw[name], cleaning.clean_phones(raw[name].values, hints.region))
        else:
            continue
        found.append((name, kind, column))
    return found


def clean_value(kind: Kind, text: str, spec: MatchingSpec) -> str | None:
    """One value as a column of that kind holds it, None where it is a placeholder."""
    alone = pa.array([text])
    cleaned = cleaning.clean_phones(alone, spec.region) if kind is Kind.PHONE else cleaning.CLEAN[kind](alone)
    return cleaned[0].as_py()  # type: ignore[no-any-return]
