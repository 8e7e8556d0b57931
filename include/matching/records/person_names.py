"""Who each record names: first and last name from whichever columns hold them, over one vocabulary of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.kernels.addresses import local_holds_name, local_spells_name
from include.matching.kernels.skeletons import skeletons
from include.matching.levels import Kind
from include.matching.records.columns import Codes, Dictionary, Texts, apply, canonical, distinct, hashed, lay_out
from include.matching.records.emails import Mailboxes, locals_of
from include.matching.records.handles import as_names, handles_among, name_handles, owned, owners, said_alone, spell_out
from include.matching.records.languages import affinities
from include.matching.records.name_parts import (
    PARTICLES,
    is_initial,
    is_latin,
    known_first_names,
    romanized,
    roots,
    spoken,
)
from include.matching.records.names_from_addresses import known_names, mine_names
from include.matching.records.spelling import spelt_as_in_addresses, usual_spelling
from include.matching.records.written_names import Vocabulary, Written, write_names
from include.matching.spec import MatchingSpec

TOKENS = 4


@dataclass(frozen=True)
class Names:
    """First and last name of each record, as codes into one vocabulary, and what is known of each name in it."""

    first: Codes
    last: Codes
    mined: npt.NDArray[np.bool_]  # the name was read out of the email's local part
    loose: npt.NDArray[np.uint8]  # a full name of one word: which name it is, or whether a handle, is unknown
    generation: npt.NDArray[np.uint8]  # which bearer of the name (Sr., Jr., III), 0 where none is said
    vocabulary: list[str]
    texts: Texts  # without spaces
    latin: Texts  # the same in Latin letters, for meeting what addresses make of them
    roots: npt.NDArray[np.int32]
    tokens: npt.NDArray[np.int32]
    is_initial: npt.NDArray[np.uint8]
    is_latin: npt.NDArray[np.uint8]
    own: Codes  # first names known to be names of their own, by their sound; -1 for others
    skeleton: Codes  # of each name: what it shares with its transliterations
    first_count: npt.NDArray[np.int64]
    last_count: npt.NDArray[np.int64]
    affinity: npt.NDArray[np.float32]  # of a record's first and last name, in bits

    @property
    def given(self) -> Codes:
        """First names, or last names where there is no first."""
        return np.where(self.first >= 0, self.first, self.last)

    @property
    def initials(self) -> Codes:
        """The first letter of each record's first name (or last name where there is no first), -1 without a name."""
        starts = self.texts.offsets[:-1]
        letter = np.append(self.texts.points, 0)[starts].astype(np.int32)
        return apply(letter, self.given)

    def spelt_in(
        self, local: Codes, locals_: Texts, first: Codes, last: Codes, read: Texts | None = None
    ) -> npt.NDArray[np.uint8]:
        """1 for each local part that is made of a name of its record, 2 where the record has none that could tell.

        ``read``: what else each name is in addresses (see ``readings``).
        """
        held = np.full(len(local), 2, np.uint8)
        ways = [(local_holds_name, self.texts), (local_spells_name, self.latin), (local_spells_name, read)]
        for kernel, texts in ways:
            if texts is not None:
                kernel(local, first, last, locals_.points, locals_.offsets, texts.offsets, texts.points, held)
        return held


def name_records(raw: Mapping[str, Dictionary], spec: MatchingSpec, boxes: Mailboxes | None) -> Names | None:
    """Names from first and last name columns, else full names, else local parts; None without name columns."""
    columns = {kind: spec.of_kind(kind)[:1] for kind in (Kind.FIRST_NAME, Kind.LAST_NAME, Kind.FULL_NAME)}
    if not any(columns.values()):
        return None
    written = write_names(raw, spec)
    first, last, loose, words = written.first, written.last, written.loose, written.words
    size = len(first)
    mined = np.zeros(size, bool)
    if boxes is not None:
        given, family = known_names(first, list(words)), known_names(last, list(words))
        alone = known_names(last[said_alone(written)], list(words))
        if handles := handles_among(alone, given, family):
            name_handles(written, owners(owned(written, boxes, handles)))
        spell_out(written, boxes, *as_names(alone, given, family))
        mined = mine_from(written, boxes, given, family)
    first, last, vocabulary = _in_order(first, last, list(words))
    if boxes is not None:
        local, _ = locals_of(boxes)
        texts, locals_ = laid_out(vocabulary), lay_out(boxes.local.values)
        for column, own in ((first, own_names(vocabulary)), (last, np.full(len(vocabulary), -1, np.int32))):
            usual = usual_spelling(texts, np.bincount(column[column >= 0], minlength=len(vocabulary)), 1)
            column[:] = spelt_as_in_addresses(column, texts, own, local, locals_, usual)
        first, last, vocabulary = _in_order(first, last, vocabulary)
    names = _describe(first, last, mined, loose, vocabulary)
    return replace(names, generation=written.generation)


def said_of_relatives(places: Codes, names: Names) -> npt.NDArray[np.uint8]:
    """1 for each value of a record that one of the same last name, and of another first letter, has too."""
    out = np.zeros(places.shape, np.uint8)
    place, record = np.nonzero((places >= 0) & (names.first >= 0) & (names.last >= 0))
    if not len(record):
        return out
    families, family = np.unique(places[place, record].astype(np.int64) << 32 | names.last[record], return_inverse=True)
    letters = distinct(family << 32 | names.initials[record]) >> 32
    out[place, record] = have_relatives(np.bincount(letters, minlength=len(families)))[family]
    return out


def have_relatives(letters: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether a value beside a last name is one of relatives, by the distinct first letters of those who have both."""
    return letters > 1


def mine_from(
    written: Written, boxes: Mailboxes, given: Mapping[str, int], family: Mapping[str, int]
) -> npt.NDArray[np.bool_]:
    """Read names that are missing out of addresses, in place, by the table's known names; returns whose were read."""
    local, _ = locals_of(boxes)
    nameless = np.flatnonzero((boxes.mailbox.codes >= 0) & (written.first < 0) & (written.last < 0))
    return mine_names(
        written.first, written.last, local, boxes.local.values, nameless=nameless, loose=written.loose,
        words=list(written.words), code=written.words.code, known=(given, family),
    )  # fmt: skip


def _in_order(first: Codes, last: Codes, vocabulary: list[str]) -> tuple[Codes, Codes, list[str]]:
    """Renumber the names in the order of the records, so that no tie goes by the order of rows."""
    (first, last), kept = canonical([first, last], len(vocabulary))
    return first, last, [vocabulary[k] for k in kept]


def laid_out(vocabulary: Sequence[str]) -> Texts:
    """Names without blanks."""
    return lay_out(pa.array([name.replace(" ", "") for name in vocabulary], pa.string()))


def _describe(
    first: Codes, last: Codes, mined: npt.NDArray[np.bool_], loose: npt.NDArray[np.uint8], carried: list[str]
) -> Names:
    counts = [np.bincount(codes[codes >= 0], minlength=len(carried)) for codes in (first, last)]
    of = lexicon(carried, *counts)
    affinity = affinities(first, last, hashed(pa.array(of.vocabulary, pa.large_string())))
    return replace(of, first=first, last=last, mined=mined, loose=loose, affinity=affinity)


def lexicon(carried: list[str], first_count: npt.NDArray[np.int64], last_count: npt.NDArray[np.int64]) -> Names:
    """What is known of the names that records carry, for no record yet.

    Names that stand for them, and parts of them, are in the vocabulary too, after those.
    """
    words = Vocabulary({name: i for i, name in enumerate(carried)})
    root_of = {i: [words.code(r) for r in found] for i, name in enumerate(carried) if len(found := roots(name)) > 1}
    token_of = {
        i: [words.code(t) for t in _parts(name)[:TOKENS]]
        for i, name in enumerate(carried)
        if " " in name or not name.isascii()
    }
    vocabulary = list(words)
    size = len(vocabulary)
    root, token = _table(root_of, size), _table(token_of, size)
    initial = np.fromiter(map(is_initial, vocabulary), np.uint8, size)
    latin = np.fromiter(map(is_latin, vocabulary), np.uint8, size)
    texts, spelt = laid_out(vocabulary), laid_out([romanized(name) for name in vocabulary])
    bones = _skeletons(spelt) if not latin.all() else np.full(size, -1, np.int32)
    counts = [np.append(count, np.zeros(size - len(carried), np.int64)) for count in (first_count, last_count)]
    none = np.zeros(0, np.int32)
    said = none.astype(np.uint8)
    return Names(
        none, none, said.astype(bool), said, said, vocabulary, texts, spelt, root, token, initial, latin,
        own_names(vocabulary), bones, counts[0], counts[1], none.astype(np.float32),
    )  # fmt: skip


def own_names(vocabulary: list[str]) -> Codes:
    """A code of the sound of each name that is known to be a first name of its own, -1 for the others."""
    known, sounds = known_first_names(), Vocabulary()
    own = (spoken(name) if known.issuperset(name.split()) else "" for name in vocabulary)
    return np.array([sounds.code(sound) for sound in own], np.int32)


def _skeletons(latin: Texts) -> Codes:
    """Codes of skeletons; a table in one script needs none."""
    points, offsets = np.empty_like(latin.points), np.zeros_like(latin.offsets)
    skeletons(latin.points, latin.offsets, points, offsets)
    every = points[: offsets[-1]].tobytes()
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(every[4 * s : 4 * e], len(seen)) for s, e in pairwise(offsets.tolist())], np.int32)


def _table(rows: Mapping[int, list[int]], size: int) -> npt.NDArray[np.int32]:
    """One row a name, as wide as the longest: its codes, -1 after the last; a name without a row stands for itself."""
    table = np.full((size, max(map(len, rows.values()), default=1)), -1, np.int32)
    table[:, 0] = np.arange(size)
    for i, codes in rows.items():
        table[i, : len(codes)] = codes
    return table


def _parts(name: str) -> list[str]:
    words = name.split()
    parts = [w for w in words if w not in PARTICLES] or words
    return parts if name.isascii() else [*parts[: TOKENS // 2], *(romanized(w) for w in parts[: TOKENS // 2])]
