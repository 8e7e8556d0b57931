"""Comparison levels: how alike two records are, column by column. Level 0 is null on either side: no evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.chunked import CHUNK, in_chunks
from include.matching.declaration import Comparison
from include.matching.kernels import addresses
from include.matching.kernels import comparison as kernels
from include.matching.levels import (
    COMPARISONS,
    DATE,
    EMAIL,
    EQUAL,
    FIRST,
    NAMES,
    BothNames,
    Email,
    FirstName,
    LastName,
    Source,
)
from include.matching.records.columns import Codes
from include.matching.records.features import BINS, Emails, Features, Field, frequency_bins
from include.matching.records.person_names import Names

Levels = npt.NDArray[np.uint8]  # group by pair
AFFINITIES = 12  # levels of how much more often two names go together than by chance, an octave each
LEAST_AFFINITY = -3
WIDTH = EQUAL + BINS

_AGREES = np.isin(np.arange(WIDTH), [*FIRST.agrees, *range(EQUAL, WIDTH)]).astype(np.uint8)


@dataclass(frozen=True)
class Group:
    """A column of evidence: its name, its role (which priors it has), and how its equal values are spread over bins.

    ``keep``: the share of records by bin, ``chance``: of pairs that agree by chance; ``agree``: the probability that
    two random records with a value agree exactly.
    """

    name: str
    role: str
    keep: npt.NDArray[np.float64]
    chance: npt.NDArray[np.float64]
    agree: float

    @property
    def comparison(self) -> Comparison:
        """The declaration of the role."""
        return COMPARISONS[self.role]

    def agrees(self, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Whether stored levels speak for one person: those of equal values, and those that are declared to."""
        return np.asarray((levels >= EQUAL) | np.isin(levels, self.comparison.agrees))


def base_levels(declared: Comparison) -> npt.NDArray[np.int64]:
    """The level that each stored level counts as in estimation: equal levels collapse, sharing classes do not."""
    base = np.arange(WIDTH)
    base[EQUAL:] = declared.equal
    if declared is NAMES:
        base[EQUAL + AFFINITIES :] = BothNames.ALIKE
    for k, level in enumerate(declared.classes):
        base[EQUAL + k] = level
    return base


def groups(features: Features, fewest: int) -> list[Group]:
    """The groups of evidence that the features give; tables of under ``fewest`` records are read as part of as many."""
    found = []
    if features.names is not None:
        names = features.names
        found.append(_group("first_name", "first", names.first_count, frequency_bins(names.first_count), fewest))
        found.append(_group("last_name", "last", names.last_count, frequency_bins(names.last_count), fewest))
        found.append(Group("names", "names", np.zeros(BINS), np.zeros(BINS), 0.0))
    if features.emails is not None:
        counts = features.emails.mailbox.counts()
        found.append(_group("email", "email", counts, features.emails.shared, fewest))
    found += [_group(f.name, f.kind.value, f.column.counts(), f.bins, fewest) for f in features.fields]
    return found + (said_by_source() if features.is_sourced else [])


def said_by_source() -> list[Group]:
    """The group of evidence that the sources of records are, whose values are never equal."""
    return [Group("source", "source", np.zeros(BINS), np.zeros(BINS), 0.0)]


def _group(name: str, role: str, counts: npt.NDArray[np.int64], bins: npt.NDArray[np.uint8], fewest: int) -> Group:
    """Shares by bin, counted only over values that two records carry."""
    use = (counts > 1) & (bins < BINS)
    n = counts[use].astype(np.float64)
    keep = np.bincount(bins[use], n, BINS).astype(np.float64)
    pairs = np.bincount(bins[use], n * (n - 1), BINS).astype(np.float64)
    return group_of(name, role, keep, pairs, records=float(counts.sum()), fewest=fewest)


def group_of(
    name: str, role: str, keep: npt.NDArray[np.float64], pairs: npt.NDArray[np.float64], *, records: float, fewest: int
) -> Group:
    """A group by how many records and pairs its values of each bin have that two records carry."""
    whole = float(max(records, fewest, 2))
    kept = max(keep.sum() + max(0.0, fewest - records), 1.0)
    return Group(name, role, keep / kept, pairs / max(pairs.sum(), 1.0), float(pairs.sum()) / (whole * (whole - 1)))


def compare(features: Features, left: Codes, right: Codes) -> Levels:
    """The levels of every group for every pair, on two threads; the order is that of ``groups``."""
    steps = _steps(features)
    out = np.zeros((sum(width for width, _ in steps), len(left)), np.uint8)

    def chunk(start: int) -> None:
        stop = min(start + CHUNK, len(left))
        at = 0
        for width, step in steps:
            rows = [np.zeros(stop - start, np.uint8) for _ in range(width)]
            step(left[start:stop], right[start:stop], rows)
            for row in rows:
                out[at, start:stop] = row
                at += 1
        _forget_mined(features, left[start:stop], right[start:stop], out[:, start:stop])
        _tell_by_names(features, left[start:stop], right[start:stop], out[:, start:stop])

    in_chunks(len(left), chunk)
    return out


def fingerprints(levels: Levels) -> npt.NDArray[np.uint64]:
    """A number for each pair, the same for pairs of the same levels."""
    state = np.zeros(levels.shape[1], np.uint64)
    for row in levels:
        state = (state + row + np.uint64(1)) * np.uint64(0xFF51AFD7ED558CCD)
        state ^= state >> np.uint64(31)
    return state


_Step = Callable[[Codes, Codes, Sequence[npt.NDArray[np.uint8]]], None]


def _steps(features: Features) -> list[tuple[int, _Step]]:
    found: list[tuple[int, _Step]] = []
    if features.names is not None:
        found.append((3, _names_step(features.names)))
    if features.emails is not None:
        mail = features.emails
        found.append((1, _any_place(_email_step(mail), mail.places, EMAIL)))
    found += [(1, _any_place(_field_step(f), f.places, COMPARISONS[f.kind.value])) for f in features.fields]
    return found + ([(1, _source_step(features.source))] if features.is_sourced else [])


def _names_step(names: Names) -> _Step:
    first_bin, last_bin = frequency_bins(names.first_count), frequency_bins(names.last_count)
    no_own = np.full(len(names.own), -1, np.int32)  # of last names none is known

    def step(left: Codes, right: Codes, out: Sequence[npt.NDArray[np.uint8]]) -> None:
        kernels.compare_names(
            left, right, names.first, names.last, names.texts.points, names.texts.offsets, names.roots, names.tokens,
            names.own, no_own, names.is_initial, names.loose, names.is_latin, names.skeleton, first_bin, last_bin,
            out[0], out[1],
        )  # fmt: skip

        affinity = (names.affinity[left] + names.affinity[right]) / 2
        octave = np.clip(np.rint(affinity) - LEAST_AFFINITY, 0, AFFINITIES - 1).astype(np.uint8)
        equal = (out[0] >= EQUAL) & (out[1] >= EQUAL)
        alike = (_AGREES[out[0]] & (_AGREES[out[1]] | (out[0] == FirstName.SWAPPED))) > 0
        out[2][:] = np.where(equal, EQUAL + octave, np.where(alike, EQUAL + AFFINITIES + octave, 0))
        one, two = names.generation[left], names.generation[right]
        out[2][(one != two) & (one > 0) & (two > 0)] = BothNames.OTHER_GENERATION

    return step


def _any_place(step: _Step, places: Codes, declared: Comparison) -> _Step:
    """The step, given the places of values instead of records, on any two values of two records: the best level counts.

    It counts once. Where no further value speaks for one person, the first ones say what there is to say. A second row
    to write to is told which values counted: the place of the left one times as many as there are, and the right one's.
    """
    size, has, better = places.shape[1], places >= 0, _ranks(declared)

    def best(left: Codes, right: Codes, out: Sequence[npt.NDArray[np.uint8]]) -> None:
        step(left, right, out[:1])
        for one, other in list(np.ndindex(len(places), len(places)))[1:]:
            at = np.flatnonzero(has[one][left] & has[other][right])
            found = np.zeros(len(at), np.uint8)
            step(left[at] + np.int32(one * size), right[at] + np.int32(other * size), [found])
            gains = better[found] > better[out[0][at]]
            out[0][at[gains]] = found[gains]
            for told in out[1:]:
                told[at[gains]] = one * len(places) + other

    return best if len(places) > 1 else step


def places_that_count(features: Features, left: Codes, right: Codes) -> list[tuple[Codes, Codes] | None]:
    """Of each group, the places (from 0) of the two values that gave each pair's level; None where all have but one."""
    found: list[tuple[Codes, Codes] | None] = [None] * (3 if features.names is not None else 0)
    columns = [features.emails.places] if features.emails is not None else []
    columns += [f.places for f in features.fields]
    steps = _steps(features)[1 if found else 0 :]  # those of names, the first, are of whole records
    for (_, step), places in zip(steps, columns, strict=False):
        if len(places) == 1:
            found.append(None)
            continue
        level, number = np.zeros((2, len(left)), np.uint8)
        step(left, right, [level, number])
        found.append((number.astype(np.int32) // len(places), number.astype(np.int32) % len(places)))
    return found + ([None] if features.is_sourced else [])


def _ranks(declared: Comparison) -> npt.NDArray[np.float64]:
    """How much each stored level is to be preferred: equal values, what says two people by itself, then by the priors.

    Levels that speak against one person are all alike, and better than none.
    """
    tells = np.zeros(EQUAL)
    for level, share in declared.same.items():
        tells[level] = max(0.0, np.log(share / declared.strangers[level]))
    tells[list(declared.parts)] = 50.0
    ranks = tells[base_levels(declared)]
    ranks[EQUAL:] += 100.0
    ranks[0] = -1.0
    return ranks


def _email_step(mail: Emails) -> _Step:
    boxes, local, domain, name_made = (
        each.reshape(-1) for each in (mail.places, mail.local, mail.domain, mail.name_made)
    )

    def step(left: Codes, right: Codes, out: Sequence[npt.NDArray[np.uint8]]) -> None:
        addresses.compare_emails(
            left, right, boxes, local, domain, mail.shared, mail.is_free, name_made,
            mail.texts.points, mail.texts.offsets, out[0],
        )  # fmt: skip

    return step


def _source_step(source: Codes) -> _Step:
    def step(left: Codes, right: Codes, out: Sequence[npt.NDArray[np.uint8]]) -> None:
        one, two = source[left], source[right]
        found = np.where(one == two, Source.SAME_SOURCE, Source.OTHER_SOURCE)
        out[0][:] = np.where((one < 0) | (two < 0), 0, found)

    return step


def _field_step(f: Field) -> _Step:
    declared, none = COMPARISONS[f.kind.value], np.zeros(0, np.int32)
    area = np.ascontiguousarray(f.parts[:, 0]) if f.parts is not None else none
    extension = none if f.extension is None else f.extension.reshape(-1)
    codes = f.places.reshape(-1)
    of_relative = np.zeros(len(codes), np.uint8) if f.of_relative is None else f.of_relative.reshape(-1)

    def step(left: Codes, right: Codes, out: Sequence[npt.NDArray[np.uint8]]) -> None:
        if f.parts is not None and declared is DATE:
            kernels.compare_dates(left, right, codes, f.parts, f.bins, of_relative, out[0])
        else:
            kernels.compare_texts(
                left, right, codes, f.texts.points, f.texts.offsets, f.bins, area, extension,
                declared.similar, declared.prefix, out[0],
            )  # fmt: skip

    return step


def _forget_mined(features: Features, left: Codes, right: Codes, levels: Levels) -> None:
    """A name read out of a mailbox says nothing more where that very mailbox agrees."""
    if features.names is None or features.emails is None or not features.names.mined.any():
        return
    mined, places = features.names.mined, features.emails.places
    for one, other in ((left, right), (right, left)):
        at = np.flatnonzero(mined[one])
        read_from = places[0][one[at]]
        levels[:3, at[(places[:, other[at]] == read_from).any(axis=0)]] = 0


def _tell_by_names(features: Features, left: Codes, right: Codes, levels: Levels) -> None:
    """Addresses of one domain that spell two last names, each a name of its own, are no slip: the names say it all."""
    if features.names is None or features.emails is None:
        return
    names, mail = features.names, features.emails
    at = np.flatnonzero((levels[3] == Email.TYPO) & (levels[1] == LastName.LOOK_ALIKE))
    sides, domain = (left[at], right[at]), mail.domain[0]
    held, none = np.zeros((2, len(at)), np.uint8), np.full(len(at), -1, np.int32)
    for side, out in zip(sides, held, strict=True):
        addresses.local_holds_name(
            mail.local[0][side], none, names.last[side], mail.texts.points, mail.texts.offsets, names.latin.offsets,
            names.latin.points, out,
        )  # fmt: skip
    spelt = (held == 1).all(axis=0) & (domain[sides[0]] == domain[sides[1]])
    free = mail.is_free[domain[sides[0][spelt]]] == 1
    levels[3, at[spelt]] = np.where(free, Email.BOTH_FREE_MAIL, Email.SAME_COMPANY)
