"""Names read out of email local parts, with the data's own first and last names as the dictionary."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.records.columns import Codes
from include.matching.records.placeholders import ROLES

_SEPARATOR = re.compile(r"[._\-]+")
_TAIL = re.compile(r"\d+$")


def mine_names(
    first: Codes,
    last: Codes,
    local: Codes,
    locals_: pa.Array,
    *,
    nameless: npt.NDArray[np.int64],
    words: list[str],
    code: Callable[[str], int],
) -> npt.NDArray[np.bool_]:
    """Fill the names of ``nameless`` records in place; returns which records got one."""
    needed = np.unique(local[nameless])
    given = _known(first, words)
    family = _known(last, words)
    found = {
        int(k): read_name(text, given, family)
        for k, text in zip(needed, locals_.take(pa.array(needed)).to_pylist(), strict=True)
    }
    coded = np.full((len(locals_) + 1, 2), -1, np.int32)
    for k, (one, two) in found.items():
        coded[k] = code(one), code(two)
    first[nameless], last[nameless] = coded[local[nameless], 0], coded[local[nameless], 1]
    mined = np.zeros(len(first), bool)
    mined[nameless] = (first[nameless] >= 0) | (last[nameless] >= 0)
    return mined


def _known(codes: Codes, words: list[str]) -> dict[str, int]:
    counts = np.bincount(codes[codes >= 0], minlength=len(words))
    return {words[k].replace(" ", ""): int(counts[k]) for k in np.flatnonzero(counts)}


def read_name(local: str, given: dict[str, int], family: dict[str, int]) -> tuple[str, str]:
    """First and last name that a local part spells (first+last, initial+last, last+initial), else empty."""
    parts = [p for p in _SEPARATOR.split(_TAIL.sub("", local)) if p.isalpha()]
    if len(parts) == 1:
        return _unseparated(parts[0], given, family)
    if len(parts) != 2 or set(parts) & ROLES:
        return "", ""
    one, two = parts
    straight = given.get(one, 0) * 10 + family.get(two, 0) * 10 + (len(one) == 1)
    turned = given.get(two, 0) * 10 + family.get(one, 0) * 10 + (len(two) == 1)
    if straight == turned == 0:
        return "", ""
    return (one, two) if straight >= turned else (two, one)


def _unseparated(text: str, given: dict[str, int], family: dict[str, int]) -> tuple[str, str]:
    best, found = 0, ("", "")
    for cut in range(1, len(text)):
        one, two = text[:cut], text[cut:]
        for name, surname in ((one, two), (two, one)):
            if len(surname) < 3:
                continue
            known = family.get(surname, 0) * (1 if len(name) == 1 else 26 * given.get(name, 0))
            if known > best:
                best, found = known, (name, surname)
    return found
