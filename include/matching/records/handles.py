"""Full names of one word: whose handle it is, or which name it is beside the one that its address spells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.records.columns import Codes, distinct, numbers
from include.matching.records.emails import Mailboxes, locals_of
from include.matching.records.name_parts import known_first_names
from include.matching.records.names_from_addresses import read_name
from include.matching.records.written_names import Written

Counted = Mapping[str, int]  # names, and how many records say each
OWNED = pa.schema([("handle", pa.string()), ("first", pa.string()), ("last", pa.string())])


def said_alone(written: Written) -> npt.NDArray[np.int64]:
    """The records whose full name is one word."""
    return np.flatnonzero((written.loose == 1) & (written.first < 0) & (written.last >= 0))


def handles_among(alone: Counted, given: Counted, family: Counted) -> set[str]:
    """Of words that stand ``alone``, those that are no name otherwise: neither the table's nor a known first name.

    ``given`` and ``family`` are the table's first and last names, those that stand alone among the last.
    """
    known = known_first_names()
    return {word for word, count in alone.items() if family[word] == count and word not in given and word not in known}


def as_names(alone: Counted, given: Counted, family: Counted) -> tuple[Counted, Counted]:
    """First and last names, where a word that stands alone is a first name if it is known as one, and else neither."""
    first = {word: count + given.get(word, 0) for word, count in alone.items() if word in known_first_names()}
    return {**given, **first}, {word: count - alone.get(word, 0) for word, count in family.items()}


def owned(written: Written, boxes: Mailboxes, handles: set[str]) -> pa.Table:
    """The handles that are somebody's address, or his two names written together, with those names, each once
    (``OWNED``)."""
    asked, of = pa.array(sorted(handles), pa.string()), pa.array(list(written.words), pa.string())
    local, _ = locals_of(boxes)
    whole = (written.first >= 0) & (written.last >= 0)
    names = written.first.astype(np.int64) << 32 | written.last
    addressed = _place_in(asked, boxes.local.values)[local]
    at = np.flatnonzero(whole & (addressed >= 0))
    every = distinct(names[whole])
    bare = pc.replace_substring(of, " ", "")
    halves = (bare.take(pa.array(half)) for half in (every >> 32, every & 0xFFFFFFFF))
    joined = _place_in(asked, pc.binary_join_element_wise(*halves, ""))[:-1]
    both = np.append(names[at], every[joined >= 0])
    handle = asked.take(pa.array(np.append(addressed[at], joined[joined >= 0])))
    found = pa.table([handle, *(of.take(pa.array(half)) for half in (both >> 32, both & 0xFFFFFFFF))], schema=OWNED)
    return found.group_by(OWNED.names).aggregate([]).cast(OWNED)


def owners(found: pa.Table) -> dict[str, tuple[str, str]]:
    """First and last name of each handle's owner, where all are called the same; ``found`` as ``owned`` does."""
    every = found.group_by(OWNED.names).aggregate([]).group_by("handle")
    told = every.aggregate([([], "count_all"), ("first", "min"), ("last", "min")])
    told = told.filter(pc.equal(told["count_all"], 1))
    columns = (told[name].to_pylist() for name in ("handle", "first_min", "last_min"))
    return {handle: (first, last) for handle, first, last in zip(*columns, strict=True)}


def _place_in(asked: pa.Array, texts: pa.Array) -> Codes:
    """Which of those asked for each text is, -1 where it is none of them; and -1 for no text, at the end."""
    return np.append(numbers(pc.index_in(texts.cast(asked.type), value_set=asked)), np.int32(-1))


def name_handles(written: Written, whose: Mapping[str, tuple[str, str]]) -> None:
    """Give records that say a handle alone the names of its owner, in place."""
    words, alone = written.words, said_alone(written)
    named = {words[handle]: words.codes(*names) for handle, names in whose.items() if handle in words}
    table = np.full((len(words), 2), -1, np.int32)
    for word, names in named.items():
        table[word] = names
    _fill(written, alone, table[written.last[alone]])


def spell_out(written: Written, boxes: Mailboxes, given: Counted, family: Counted) -> None:
    """Give records that say one name alone the other one that their address spells beside it, in place."""
    local, _ = locals_of(boxes)
    rows = said_alone(written)
    rows = rows[local[rows] >= 0]
    texts, words = boxes.local.values.to_pylist(), list(written.words)
    pairs, inverse = np.unique(local[rows].astype(np.int64) << 32 | written.last[rows], return_inverse=True)
    read = [_spelt_beside(words[p & 0xFFFFFFFF], texts[p >> 32], given, family) for p in pairs.tolist()]
    _fill(written, rows, np.array([written.words.codes(*names) for names in read], np.int32).reshape(-1, 2)[inverse])


def _spelt_beside(word: str, local: str, given: Counted, family: Counted) -> tuple[str, str]:
    """First and last name that a local part spells, where one of them is the word that its record says alone, or its
    initial; else empty."""
    one, two = read_name(local, given, family)
    initial = len(one) == 1 and word in given and word.startswith(one)
    if len(two) < 3 or not (initial or (one and word in {one, two})):
        return "", ""
    return (word if initial else one), two


def _fill(written: Written, rows: npt.NDArray[np.int64], names: Codes) -> None:
    """Give rows first and last names, those that there are."""
    at, names = rows[names[:, 0] >= 0], names[names[:, 0] >= 0]
    written.first[at], written.last[at], written.loose[at] = names[:, 0], names[:, 1], 0
