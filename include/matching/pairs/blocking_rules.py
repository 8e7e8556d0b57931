"""The default blocking rules, derived from the kinds that are present; most telling first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.errors import ConfigurationError
from include.matching.declaration import WIDE, Blocks, When
from include.matching.levels import COMPARISONS, ORGANIZATION, Kind
from include.matching.pairs.blocking import Rule, mix
from include.matching.records.columns import Codes, apply, marks
from include.matching.records.emails import NO_EVIDENCE
from include.matching.records.features import Features, Field
from include.matching.records.name_parts import roots, sound
from include.matching.records.person_names import Names
from include.matching.records.spelling import usual_spelling
from include.matching.spec import MatchingSpec

NUMBER = r"^[+\d][\d .-]{6,}$"  # of seven digits and more
LAST = 4  # digits
Spell = Callable[[int], str]
Marks = npt.NDArray[np.int64]
_Context = tuple[str, Marks, Spell, Blocks]


@dataclass(frozen=True)
class NameKeys:
    """What each name of the vocabulary is blocked by: the names that stand for it, its sound, its spelling."""

    root: Codes
    usual: Codes
    heard: Codes
    begin: Codes
    finish: Codes
    together: Codes

    @classmethod
    def of(cls, names: Names) -> NameKeys:
        """Read them out of the vocabulary."""
        usual = usual_spelling(names.texts, names.first_count + names.last_count)
        begin = np.ascontiguousarray(names.tokens[:, 0])
        return cls(usual_root(names), usual, _coded_sounds(names), begin, _last_token(names), _together(names))


def derive_rules(features: Features, spec: MatchingSpec, keys: NameKeys | None = None) -> list[Rule]:
    """The spec's own rules, and those that follow from its kinds unless it says that its own are the only ones.

    ``keys`` are those of the features' vocabulary, where they are known already.
    """
    own = [_own_rule(features, spec, rule) for rule in spec.blocking.rules]
    if spec.blocking.only:
        return own
    return own + _derived(features, keys)


def _derived(features: Features, keys: NameKeys | None) -> list[Rule]:
    contexts = _contexts(features)
    rules = list(_contact_rules(features))
    if features.names is not None:
        rules += _name_rules(features.names, keys or NameKeys.of(features.names), contexts)
    else:
        rules += [Rule(name, mix(codes), spell) for name, codes, spell, _ in contexts]
    pairing = (When.ALWAYS,) if features.names is not None else (When.ALWAYS, When.WITHOUT_NAMES)
    strong = [context for context in contexts if context[3].with_another in pairing]
    rules += [_of_two(one, two) for one, two in combinations(strong, 2)]
    if features.names is not None:
        others = [context for context in contexts if context[3].with_another is When.WITHOUT_NAMES]
        rules += [_of_two(one, two, share=WIDE) for one, two in product(strong, others)]
    return [*rules, *_numbers_with_a_slip(features)]


def _of_two(one: _Context, two: _Context, share: float = 1.0) -> Rule:
    return Rule(f"{one[0]} + {two[0]}", mix(one[1], two[1]), _both(one[2], two[2]), share=share)


def _numbers_with_a_slip(features: Features) -> Iterator[Rule]:
    """Numbers that agree in all but their last digits, or in those: a slip leaves one of the two as it is.

    Handles of letters are alike for other reasons than slips.
    """
    for f in features.fields:
        if COMPARISONS[f.kind.value].blocks.alone:
            values = f.column.values.cast(pa.string())
            number = pc.fill_null(pc.match_substring_regex(values, NUMBER), False).to_numpy(zero_copy_only=False)
            for part, start, stop in (("first", 0, -LAST), ("last", -LAST, None)):
                digits = pc.fill_null(pc.utf8_slice_codeunits(values, start, stop), "")
                said = [np.where(np.append(number, False)[codes], marks(codes, digits), -1) for codes in f.places]
                key = _personal(np.stack(said), f.places, f.bins)
                yield Rule(f"{f.name}, {part} digits", key, _spelled(f), share=WIDE)


def _contexts(features: Features) -> list[_Context]:
    """The columns that narrow a name down."""
    found: list[_Context] = [
        (f.name, f.marks[0], _spelled(f), declared.blocks)
        for declared in COMPARISONS.values()
        for f in features.fields
        if f.kind == declared.role and declared.blocks.with_name
    ]
    if features.emails is not None and not any(f.kind is Kind.ORGANIZATION for f in features.fields):
        mail = features.emails
        domain = mail.domain[0]
        found.append(
            ("email domain", mail.employers[0], lambda i: str(mail.domains[int(domain[i])]), ORGANIZATION.blocks)
        )
    return found


def _spelled(f: Field) -> Spell:
    return lambda i: str(f.column.values[int(f.places.reshape(-1)[i])])


def _both(one: Spell, two: Spell) -> Spell:
    return lambda i: f"{one(i)} + {two(i)}"


def _contact_rules(features: Features) -> Iterator[Rule]:
    for f in features.fields:
        if COMPARISONS[f.kind.value].blocks.alone:
            yield Rule(f.name, _personal(f.marks, f.places, f.bins), _spelled(f))
    mail = features.emails
    if mail is not None:
        spell = _mailbox_speller(features)
        yield Rule("mailbox", _personal(mail.marks, mail.places, mail.shared), spell)
        long = np.diff(mail.texts.offsets) >= 5
        own = (mail.local >= 0) & np.append(long, False)[mail.local] & (mail.name_made == 0)
        own &= np.append(mail.shared, NO_EVIDENCE)[mail.places] != NO_EVIDENCE
        yield from _near_mailboxes(features)
        local = mail.local.reshape(-1)
        yield Rule("local part", mix(np.where(own, mail.local_marks, -1)), lambda i: str(mail.locals[int(local[i])]))


def _near_mailboxes(features: Features) -> Iterator[Rule]:
    """Misspelt addresses: the same domain and the first or last four letters, between named and nameless records."""
    mail, names = features.emails, features.names
    if mail is None or names is None:
        return
    named = ((names.first >= 0) | (names.last >= 0)) & ~names.mined
    start, end = mail.texts.offsets[:-1], mail.texts.offsets[1:]
    points = np.append(mail.texts.points, np.zeros(4, np.uint32)).astype(np.int64)
    spell = _mailbox_speller(features)
    for name, begin in (("mailbox, first letters", start), ("mailbox, last letters", end - 4)):
        four = [apply(np.where(end - start >= 6, points[begin + k], -1).astype(np.int32), mail.local) for k in range(4)]
        yield Rule(name, mix(mail.domain_marks, *four), spell, named.astype(np.int32))


def _mailbox_speller(features: Features) -> Spell:
    mail = features.emails
    assert mail is not None
    return lambda i: str(mail.mailbox.values[int(mail.places.reshape(-1)[i])])


def _personal(said: Marks, codes: Codes, shared: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    key = mix(said)
    key[np.append(shared, NO_EVIDENCE)[codes] == NO_EVIDENCE] = 0
    return key


def _name_rules(names: Names, keys: NameKeys, contexts: list[_Context]) -> list[Rule]:
    root, usual, heard, begin, finish = keys.root, keys.usual, keys.heard, keys.begin, keys.finish
    first, last = names.first, names.last

    def pair(table: Codes, of_last: Codes | None = None) -> tuple[Codes, Codes]:
        return apply(table, first), apply(table if of_last is None else table[of_last], last)

    def spell(i: int) -> str:
        return " ".join(names.vocabulary[c] for c in (first[i], last[i]) if c >= 0)

    fixed = root[usual]
    rules = [
        Rule("name", _unordered(*pair(root, begin)), spell),
        Rule("name, last part", _unordered(*pair(root, finish)), spell),
        Rule("name, usual spelling", _unordered(*pair(fixed, begin)), spell),
        Rule("name, by sound", _unordered(*pair(heard[root])), spell, share=0.15),
        Rule("name, written together", _unordered(*pair(keys.together)), spell),
    ]
    first_root, last_fixed = apply(fixed, first), apply(usual[begin], last)
    initial = apply(np.append(names.texts.points, 0)[names.texts.offsets[:-1]].astype(np.int32), first)
    narrow, wide = [], []
    for name, codes, its, blocks in contexts:
        narrow.append(Rule(f"initial, last name, {name}", mix(initial, last_fixed, codes), _both(spell, its)))
        if blocks.with_half:
            of_first, of_last = blocks.with_half
            wide.append(Rule(f"first name, {name}", mix(first_root, codes), _both(spell, its), share=of_first))
            wide.append(Rule(f"last name, {name}", mix(last_fixed, codes), _both(spell, its), share=of_last))
    single = np.where((first < 0) & (last >= 0), last, np.where((last < 0) & (first >= 0), first, -1))
    rules += [*narrow, *wide, Rule("single name", mix(apply(root, single.astype(np.int32))), spell, share=0.05)]
    latin = apply(names.is_latin.astype(np.int32), names.given)
    rules.append(Rule("name, across scripts", _unordered(*pair(names.skeleton)), spell, latin))
    lone = apply(names.is_initial.astype(np.int32), first)
    rules.append(Rule("initial, last name", mix(initial, apply(begin, last)), spell, lone))
    sounds = mix(initial, apply(heard, last))
    starts, ends = (
        mix(*_three_letters(names, first, end=end), *_three_letters(names, last, end=end)) for end in (False, True)
    )
    return [
        *rules,
        Rule("initial, last name by sound", sounds, spell, share=WIDE),
        Rule("names, first letters", starts, spell, share=WIDE),
        Rule("names, last letters", ends, spell, share=WIDE),
        Rule("last name", mix(last_fixed), spell, share=WIDE),
    ]


def _three_letters(names: Names, of: Codes, *, end: bool) -> list[Codes]:
    """The first three letters of names, or the last."""
    texts, points = names.texts, np.append(names.texts.points, np.zeros(3, np.uint32)).astype(np.int32)
    begin, long = texts.offsets[:-1], np.diff(texts.offsets) >= 3
    at = texts.offsets[1:] - 3 if end else begin
    return [apply(np.where(long, points[at + k], -1).astype(np.int32), of) for k in range(3)]


def _unordered(one: Codes, two: Codes) -> npt.NDArray[np.uint32]:
    return mix(np.minimum(one, two), np.maximum(one, two))


def _last_token(names: Names) -> Codes:
    """The last word of each name's Latin form or script."""
    parts = (names.tokens >= 0).sum(axis=1)
    words = np.array([len(name.split()) for name in names.vocabulary], np.int64)
    at = np.minimum(parts, np.maximum(words, 1)) - 1
    return names.tokens[np.arange(len(names.vocabulary)), at].astype(np.int32) if len(parts) else names.tokens[:, 0]


def usual_root(names: Names) -> Codes:
    """The one name that stands for a name and its nicknames in blocking: of its roots that are no shorter, the one
    that is frequent and shares the longest run of letters with it."""
    known = {name: k for k, name in enumerate(names.vocabulary)}
    out = np.arange(len(known), dtype=np.int32)
    for k in np.flatnonzero((names.roots >= 0).sum(axis=1) > 1):
        name = names.vocabulary[k]
        own = (len(name), int(names.first_count[k]), name)
        others = [(r, known[r], int(names.first_count[known[r]])) for r in roots(name)[1:] if r in known]
        formal = [((count + 0.1) * (1 + _run(name, r)), at) for r, at, count in others if (len(r), count, r) > own]
        if formal:
            out[k] = max(formal)[1]
    return out


def _run(a: str, b: str) -> int:
    """The length of the longest run of letters that two names share."""
    return max((n for n in range(1, len(a) + 1) for i in range(len(a) - n + 1) if a[i : i + n] in b), default=0)


def _together(names: Names) -> Codes:
    """A code of each name without its blanks: Al Farsi and Alfarsi, O Neil and Oneil have one."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(name.replace(" ", ""), len(seen)) for name in names.vocabulary], np.int32)


def _coded_sounds(names: Names) -> Codes:
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(sound(name), len(seen)) for name in names.vocabulary], np.int32)


def _own_rule(features: Features, spec: MatchingSpec, rule: object) -> Rule:
    columns = list(rule)  # type: ignore[call-overload]
    chosen = list(product(*(_said(features, spec, column) for column in columns)))  # a value of each column
    size = features.size
    return Rule(
        " + ".join(columns),
        np.stack([mix(*(said for said, _, _ in one)) for one in chosen]),
        lambda i: " + ".join(str(values[int(codes[i % size])]) for _, codes, values in chosen[i // size]),
    )


def _said(features: Features, spec: MatchingSpec, column: str) -> list[tuple[Marks, Codes, Sequence[object]]]:
    """What a spec's column is blocked by: marks, codes and values, of addresses and numbers one of each place; raises
    ConfigurationError where it has none.
    """
    kind, names = spec.columns[column], features.names
    if names is not None and kind in (Kind.FIRST_NAME, Kind.LAST_NAME):
        codes = names.first if kind is Kind.FIRST_NAME else names.last
        return [(codes.astype(np.int64), codes, names.vocabulary)]
    if features.emails is not None and kind is Kind.EMAIL:
        mail = features.emails
        return [(said, codes, mail.mailbox.values) for said, codes in zip(mail.marks, mail.places, strict=True)]
    for f in features.fields:
        if f.name == column or f.kind is kind is Kind.PHONE:
            return [(said, codes, f.column.values) for said, codes in zip(f.marks, f.places, strict=True)]
    raise ConfigurationError(f"A blocking rule cannot use column {column!r} of kind {kind.value}.")
