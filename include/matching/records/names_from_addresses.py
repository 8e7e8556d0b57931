"""Names read out of email local parts, with the data's own first and last names as the dictionary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.records.columns import Codes, apply
from include.matching.records.name_parts import is_initial, roots
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
    loose: npt.NDArray[np.uint8],
    words: list[str],
    code: Callable[[str], int],
    known: tuple[Mapping[str, int], Mapping[str, int]],
) -> npt.NDArray[np.bool_]:
    """Fill, in place, the names of ``nameless`` records and the missing half of names; returns who was nameless.

    A record that lacks one half, or says its initial alone, gets it where the local part agrees with the half that it
    has. ``known`` are the table's first and last names, and how many records carry each.
    """
    given, family = known
    texts = locals_.to_pylist()
    coded = np.full((len(texts) + 1, 2), -1, np.int32)
    for k in np.unique(local[nameless]):
        one, two = read_name(texts[k], given, family)
        coded[k] = code(one), code(two)
    halves, initial = [], np.array([ord(word) if is_initial(word) else 0 for word in words], np.int32)
    for column, other, at in ((first, last, 0), (last, first, 1)):
        begin = apply(initial, column)  # -1 of no name, 0 of a whole one
        rows = np.flatnonzero((begin != 0) & (other >= 0) & (local >= 0) & (loose == 0))
        pairs, inverse = np.unique(local[rows].astype(np.int64) << 32 | other[rows], return_inverse=True)
        read = [other_half(texts[p >> 32], words[p & 0xFFFFFFFF], given, family, at) for p in pairs.tolist()]
        codes, letter = (np.array([*map(said, read)], np.int32)[inverse] for said in (code, _letter))
        halves.append((rows, np.where((begin[rows] < 0) | (begin[rows] == letter), codes, column[rows])))
    for column, (rows, codes) in zip((first, last), halves, strict=True):
        column[rows] = codes
    first[nameless], last[nameless] = coded[local[nameless], 0], coded[local[nameless], 1]
    mined = np.zeros(len(first), bool)
    mined[nameless] = (first[nameless] >= 0) | (last[nameless] >= 0)
    return mined


def _letter(name: str) -> int:
    return ord(name[0]) if name else 0


def other_half(local: str, known: str, given: Mapping[str, int], family: Mapping[str, int], at: int) -> str:
    """The first (``at`` 0) or last (1) name that a local part has beside the ``known`` other one, else empty."""
    text = _TAIL.sub("", local)
    bare = known.replace(" ", "")
    for rest in (text.removeprefix(bare), text.removesuffix(bare)):
        name = _SEPARATOR.sub("", rest)
        if rest != text and len(bare) > 2 and name.isalpha() and name not in ROLES and (at == 0 or len(name) > 2):
            return name
    read = read_name(local, given, family)
    beside = read[1 - at]
    same = beside and (beside == bare or (len(beside) == 1 and bare.startswith(beside)) or _one_name(beside, known))
    return read[at] if same and (at == 0 or len(read[at]) > 2) else ""


def _one_name(one: str, other: str) -> bool:
    return not set(roots(one)).isdisjoint(roots(other))


def known_names(codes: Codes, words: list[str]) -> dict[str, int]:
    """The names that records carry, and how many do."""
    counts = np.bincount(codes[codes >= 0], minlength=len(words))
    return written_together((words[k], int(counts[k])) for k in np.flatnonzero(counts))


def written_together(counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Names without blanks, for a name that some write in two words is one name, and how many records carry each."""
    found: dict[str, int] = {}
    for name, count in counted:
        whole = name.replace(" ", "")
        found[whole] = found.get(whole, 0) + count
    return found


def read_name(local: str, given: Mapping[str, int], family: Mapping[str, int]) -> tuple[str, str]:
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


def _unseparated(text: str, given: Mapping[str, int], family: Mapping[str, int]) -> tuple[str, str]:
    best, found = 0, ("", "")
    for cut in range(1, len(text)):
        one, two = text[:cut], text[cut:]
        for name, surname in ((one, two), (two, one)):
            if len(surname) < 3:
                continue
            known = family.get(surname, 0)
            if known and len(name) > 1:
                known *= 26 * given.get(name, 0)
            if known > best:
                best, found = known, (name, surname)
    return found
