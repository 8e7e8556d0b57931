"""Names: whole, the right way round, and spelled as most of the person's records and other people's names have it.

Every name is read as a first and a last name, also where a source has one field for both. Then two things are told of
each record's name: whether it stands the wrong way round, which is put right, and how many faults it shows beside the
other names of its profile (``name_faults``). What the table tells is counted in people, the one in question left out.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

Hold = Callable[[ir.Table], ir.Table]

PARTS = ("first_name", "last_name")
NAME = (*PARTS, "full_name")
PARTICLES = "van|von|de|der|den|del|della|di|da|dos|du|la|le|bin|ibn|al|el|ter|ten|af|av|zu"
TITLE = r"(?i)^(?:(?:mr|mrs|ms|miss|dr|prof|sir|rev|herr|frau)\.?\s+)+"
SUFFIX = r"(?i)[\s,]+(?:jr|sr|ii|iii|iv|phd|md|esq|mba|cpa|dds)\.?$"
PLACEHOLDER = r"(?i)^(?:n/?a|none|null|nil|unknown|test|tbd|x+|\P{L}+)$"
TURNED = r"^([^,]+),\s*([^,]+)$"
WHOLE = rf"(?i)^(\S.*?)\s+((?:(?:{PARTICLES})\s+)*\S+)$"
LETTER = r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}]"  # in other scripts one character may be a whole name
INITIALS = rf"^{LETTER}\.?(?:[\s.-]+{LETTER}\.?)*$"
CLEAR = 5.0  # bits that the table must tell before a name is turned round that no other record contradicts
LONG = 8  # letters from which on two slips still make one name of another
MISSPELLED, ILL_CASED = 2, 1


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def strip_accents(value: str) -> str:  # type: ignore[empty-body]
    """The value without marks on its letters."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def damerau_levenshtein(one: str, other: str) -> int:  # type: ignore[empty-body]
    """Letters to add, drop, change or transpose to make one value of the other."""


def is_initial(value: ir.StringValue) -> ir.BooleanValue:
    """Whether a value is nothing but initials."""
    return value.re_search(INITIALS)


def with_names(members: ir.Table, hold: Hold) -> ir.Table:
    """Return the members that speak, their names read and put in order, with the number ``name_faults``.

    ``hold`` computes once what is read more than once.
    """
    speaking = members.filter(members.speaks)
    read = hold(_read(speaking.select("profile_id", "record_id", *NAME)))
    names = hold(_in_order(read, hold))
    worse = hold(_misspelled(names))
    for part in PARTS:
        found = worse.filter(worse.part == part).select("profile_id", spelling="spelling", is_worse=True)
        rows = names.mutate(spelling=names[part].lower()).left_join(found, ["profile_id", "spelling"])
        names = rows.select(*names.columns, **{f"{part}_faults": _faults(rows, part)})
    faults = names.first_name_faults + names.last_name_faults
    return speaking.drop(*NAME).inner_join(names.select("record_id", *NAME, name_faults=faults), "record_id")


def _faults(rows: ir.Table, part: str) -> ir.IntegerValue:
    value = rows[part]
    of_one_case = (value.length() > 2) & ((value == value.upper()) != (value == value.lower()))
    spelling = (rows.is_worse.fill_null(False) | value.re_search(r"\d").fill_null(False)).ifelse(MISSPELLED, 0)
    return spelling + of_one_case.fill_null(False).ifelse(ILL_CASED, 0)


def _read(rows: ir.Table) -> ir.Table:
    """Fill first and last name from a full name of several words, and the full name from its parts."""
    plain = rows.full_name.re_replace(TITLE, "").re_replace(SUFFIX, "").re_replace(TURNED, r"\2 \1")
    apart = (rows.first_name.isnull() & rows.last_name.isnull() & plain.re_search(WHOLE)).fill_null(False)
    first, last = (apart.ifelse(plain.re_extract(WHOLE, i), rows[name]) for i, name in enumerate(PARTS, 1))
    read = rows.mutate(first_name=_unless_placeholder(first), last_name=_unless_placeholder(last), is_apart=apart)
    whole = ibis.coalesce(read.first_name + " " + read.last_name, read.is_apart.ifelse(read.last_name, None))
    return read.mutate(full_name=ibis.coalesce(whole, read.full_name)).drop("is_apart")


def _unless_placeholder(value: ir.StringValue) -> ir.StringValue:
    return value.re_search(PLACEHOLDER).ifelse(None, value)


def _in_order(names: ir.Table, hold: Hold) -> ir.Table:
    """Turn names round whose first name the table knows as a last name, and whose last name as a first name."""
    both = names.filter(names.first_name.notnull() & names.last_name.notnull())
    keyed = both.select("record_id", "profile_id", f=_folded(both.first_name), l=_folded(both.last_name))
    orders = hold(keyed.group_by("profile_id", "f", "l").aggregate(records=keyed.count()))
    opposite = orders.select("profile_id", f="l", l="f", opposite="records")
    judged = orders.left_join(opposite, ["profile_id", "f", "l"])
    judged = judged.select(*orders.columns, opposite=judged.opposite.fill_null(0))
    for role in ("f", "l"):
        judged = _known_as(judged, orders, role)
    wrong = judged.filter(_is_turned(judged)).select("profile_id", "f", "l")
    turned = keyed.semi_join(wrong, ["profile_id", "f", "l"]).select("record_id", is_turned=True)
    rows = names.left_join(turned, "record_id")
    first, last = (rows.is_turned.fill_null(False).ifelse(rows[a], rows[b]) for a, b in (PARTS[::-1], PARTS))
    whole = rows.is_turned.fill_null(False).ifelse(first + " " + last, rows.full_name)
    return rows.select("profile_id", "record_id", first_name=first, last_name=last, full_name=whole)


def _known_as(judged: ir.Table, orders: ir.Table, role: str) -> ir.Table:
    """Add how many other people have the ``f`` and the ``l`` of a row in this role."""
    people = orders.select("profile_id", name=role).distinct()
    counted = people.group_by("name").aggregate(people=people.count())
    for name in ("f", "l"):
        own = 1 if name == role else (judged.opposite > 0).ifelse(1, 0)
        rows = judged.left_join(counted.select(**{name: "name"}, people="people"), name)
        others = ibis.greatest(rows.people.fill_null(0) - own, 0)
        judged = rows.select(*judged.columns, **{f"{name}_as_{role}": others})
    return judged


def _is_turned(judged: ir.Table) -> ir.BooleanValue:
    """Where the person's own records contradict each other the stronger side wins; else the table must be clear."""
    first, last = _bits(judged.f_as_l, judged.f_as_f), _bits(judged.l_as_f, judged.l_as_l)
    told = first + last
    contradicted = (judged.opposite > 0) & (told + _bits(judged.opposite, judged.records) > 0)
    return contradicted | ((first > 0) & (last > 0) & (told >= CLEAR))


def _bits(one: ir.IntegerValue, other: ir.IntegerValue) -> ir.FloatingValue:
    return ((one + 0.5) / (other + 0.5)).log2()


def _misspelled(names: ir.Table) -> ir.Table:
    """Return part and spelling, in small letters, of names that another of the same profile is a better spelling of."""
    spoken = [
        names.filter(names[part].notnull()).select("profile_id", part=ibis.literal(part), spelling=names[part].lower())
        for part in PARTS
    ]
    every = ibis.union(*spoken)
    votes = every.filter(~is_initial(every.spelling)).group_by("profile_id", "part", "spelling")
    votes = votes.aggregate(votes=lambda t: t.count())
    people = votes.group_by("part", "spelling").aggregate(people=votes.count())
    known = votes.inner_join(people, ["part", "spelling"])
    plain = strip_accents(known.spelling)
    known = known.mutate(plain=plain, is_known=known.people > 1, has_marks=plain != known.spelling)
    pairs = known.inner_join(known.view(), ["profile_id", "part"], rname="{name}_other")
    slips = (ibis.least(pairs.plain.length(), pairs.plain_other.length()) >= LONG).ifelse(2, 1)
    is_close = damerau_levenshtein(pairs.plain, pairs.plain_other) <= slips
    better = pairs.filter((pairs.spelling != pairs.spelling_other) & is_close & _is_outdone(pairs))
    return better.select("profile_id", "part", "spelling").distinct()


def _is_outdone(pairs: ir.Table, names: tuple[str, ...] = ("votes", "is_known", "has_marks")) -> ir.BooleanValue:
    """Whether the other spelling has more records, else is other people's name too, else kept its marks."""
    mine, theirs = pairs[names[0]].cast("int64"), pairs[f"{names[0]}_other"].cast("int64")
    rest = _is_outdone(pairs, names[1:]) if names[1:] else ibis.literal(False)
    return (theirs > mine) | ((theirs == mine) & rest)


def _folded(value: ir.StringValue) -> ir.StringValue:
    return strip_accents(value.lower())
