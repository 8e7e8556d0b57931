"""Values that a spreadsheet damaged: mended where all of the value is still there, else null.

A spreadsheet shows ``1.41556E+10`` for a telephone number, ``3-Apr`` for the code 3-4, ``#NAME?`` for what begins with
a sign that it takes for a formula, and ``########`` for what does not fit; saved as text, that is what the value is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.levels import Kind
from include.matching.records.columns import Dictionary, remapped

ERROR = r"^#(#{2,}|[A-ZÀ-Ý/0-9]{2,8}[!?]|N/?[AVD])$"  # in the languages that spell their errors with capitals
NUMBER = r"^[0-9]([.,][0-9]+)?E\+[0-9]{2}$"  # as they all write it
DAY = r"(?i)^([0-9]{1,2}[-. ])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez)[a-z]*([-. ][0-9]{1,4})?$"
QUOTED = r'^(=?"|\')|"$'
WHOLE = r"^([0-9]{5,})\.0+$"
NUMBERS = frozenset({Kind.PHONE, Kind.IDENTIFIER, Kind.CODE})  # kinds that a spreadsheet takes for numbers


@dataclass(frozen=True)
class Damage:
    """In how many records of a column values were damaged, and in how many of them they could be mended."""

    records: int = 0
    mended: int = 0


def mended(column: Dictionary, kind: Kind) -> tuple[Dictionary, Damage]:
    """The column with what a spreadsheet did to its values undone, or null where the value is lost."""
    values = column.values
    lost = pc.and_(pc.starts_with(values, "#"), pc.match_substring_regex(values, ERROR))
    repaired = pa.array(np.zeros(len(values), bool))
    if kind in NUMBERS:
        quoted = pc.match_substring_regex(values, QUOTED)
        plain = pc.if_else(quoted, pc.replace_substring_regex(values, QUOTED, ""), values)
        plain = pc.replace_substring_regex(plain, WHOLE, r"\1")
        scientific = pc.match_substring_regex(plain, NUMBER)
        if pc.any(scientific).as_py():
            written = [
                whole_number(v) if bad else v for v, bad in zip(plain.to_pylist(), scientific.to_pylist(), strict=True)
            ]
            plain = pa.array(written, pa.string())
        if kind is not Kind.PHONE:
            lost = pc.or_(lost, pc.match_substring_regex(plain, DAY))
        lost = pc.or_kleene(lost, pc.is_null(plain))
        repaired = pc.and_(pc.not_equal(plain, values), pc.invert(lost))
        values = plain
    if not (pc.any(lost).as_py() or pc.any(repaired).as_py()):
        return column, Damage()
    counts = column.counts()
    gone, whole = (mask.to_numpy(zero_copy_only=False).astype(bool) for mask in (lost, pc.fill_null(repaired, False)))
    damage = Damage(int(counts[gone | whole].sum()), int(counts[whole].sum()))
    return remapped(column, pc.if_else(lost, None, values)), damage


def whole_number(text: str) -> str | None:
    """A number in scientific notation as its digits; None where some of them are gone."""
    mantissa, exponent = text.split("E")
    whole, _, fraction = mantissa.replace(",", ".").partition(".")
    return whole + fraction if len(fraction) == int(exponent) else None
