"""Telephone numbers: each distinct one is parsed once, by the rules of its country."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import ibis
import ibis.expr.types as ir
import phonenumbers
import pyarrow as pa
from babel import Locale

from include.contracts.staged import PERSON_RECORD
from include.staging.values import SEVERAL
from include.storage.engine import Engine

_LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "tr", "ru", "ja", "zh", "ko",
)  # fmt: skip
_USUAL = {"usa": "US", "u.s.": "US", "u.s.a.": "US", "united states of america": "US", "uk": "GB", "u.k.": "GB",
          "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB"}  # fmt: skip

_SEPARATOR = "\x1f"
_DECIMAL = re.compile(r"^(\d{5,})\.0+$")
_SHORTENED = re.compile(r"^\d([.,]\d+)?E\+\d\d$")
# what phonenumbers takes for letters of the number, or for more of its digits
_EXTENSION_WORD = re.compile(r"\s*[,;]?\s*\b(?:durchwahl|dw|poste|interno|int)\b[.:]?\s*(?=\d{1,7}\s*$)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[;|/,&\n]|\b(?:or|and|und|ou|oder)\b)\s*")
_ONE_WITH_CODE = r"^\s*\+[^;|/,&\n]*$"
Dialled = tuple[str | None, str | None]  # a number, and what is dialled after it

WHOLE = 7  # digits of each number of a cell that holds several
# suffixes that stand for no country of the person, and those that are not the country's code
_REGION_OF_SUFFIX = {
    "uk": "GB",
    **dict.fromkeys(("co", "io", "ai", "me", "tv", "cc", "ly", "fm", "to", "gg", "sh"), ""),
}


def with_phones(engine: Engine, people: ir.Table, regions: Mapping[str, str], placeholders: Iterable[str]) -> ir.Table:
    """Fill ``phone`` from ``phone_received``, E.164, or null for what cannot be a number; its extension; other numbers.

    A number without a country code is read by the rules of the record's own country, else of the country of its
    mail domain, else of its source's region (``regions``, by source): the first in which it can be dialled.
    """
    # read twice, cleaned once
    asked = engine.hold(people.mutate(_key=_question(people)))
    found = engine.ibis.to_pyarrow(asked.filter(asked.phone_received.notnull()).select("_key").distinct())
    blanks = frozenset(placeholders)
    parsed = [_answer(key, regions, blanks) for key in found["_key"].to_pylist()]
    firsts = [each[0] if each else (None, None) for each in parsed]
    others = [SEVERAL.join(f"{one} x{more}" if more else str(one) for one, more in each[1:]) or None for each in parsed]
    numbers, extensions = (pa.array([each[place] for each in firsts], pa.string()) for place in (0, 1))
    names = ["_key", "_phone", "_extension", "_others"]
    told = pa.table([found["_key"], numbers, extensions, pa.array(others, pa.string())], names)
    rows = asked.left_join(ibis.memtable(told), "_key")
    rows = rows.mutate(phone=rows._phone, phone_extension=rows._extension, other_phones=rows._others)
    return rows.select(*PERSON_RECORD.names)


def _question(people: ir.Table) -> ir.StringValue:
    """All that the reading of a number depends on, as one text; a number with its country code needs nothing else."""
    number = people.phone_received
    suffix = people.email.re_extract(r"\.([a-z]{2})$", 1).fill_null("")
    where = people.source + _SEPARATOR + people.country.fill_null("") + _SEPARATOR + suffix
    return number + _SEPARATOR + ibis.ifelse(number.re_search(_ONE_WITH_CODE), "", where)


def _answer(question: str, regions: Mapping[str, str], placeholders: frozenset[str]) -> list[Dialled]:
    number, *where = question.split(_SEPARATOR)
    if len(where) == 1:
        return all_dialled(number, ("ZZ",), placeholders)
    source, country, suffix = where[-3:]
    known = dict.fromkeys((region_of(country), _REGION_OF_SUFFIX.get(suffix, suffix.upper()), regions[source]))
    return all_dialled(number, [region for region in known if region in phonenumbers.SUPPORTED_REGIONS], placeholders)


def dialled(cell: str, regions: Sequence[str], placeholders: frozenset[str]) -> Dialled:
    """The first number of a cell that is one, in E.164, and its extension, however written; None for each without."""
    return next(iter(all_dialled(cell, regions, placeholders)), (None, None))


def all_dialled(cell: str, regions: Sequence[str], placeholders: frozenset[str]) -> list[Dialled]:
    """The numbers of a cell, or of a line each, in E.164, each once, and what is dialled after each.

    ``14155550144.0`` is a number that a spreadsheet took for one; of ``1.41556E+10`` the digits are gone.
    """
    lines = [line.strip() for line in cell.strip().splitlines()]
    lines = [line for line in lines if _is_whole(line)] or lines
    parts = [part for line in lines for part in _parts(_DECIMAL.sub(r"\1", line))]
    read = (_read(part, regions, placeholders) for part in parts if not _SHORTENED.match(part))
    found: dict[str | None, Dialled] = {}
    for number in read:
        if number:
            found.setdefault(_written(number), (_written(number), number.extension))
    return list(found.values())


def _parts(line: str) -> list[str]:
    """What may be numbers of a line: the line, where it does not fall into whole ones."""
    parts = _BETWEEN.split(line)
    return parts if all(map(_is_whole, parts)) else [line]


def _is_whole(number: str) -> bool:
    return len(re.sub(r"\D", "", number)) >= WHOLE


def _read(number: str, regions: Sequence[str], placeholders: frozenset[str]) -> phonenumbers.PhoneNumber | None:
    """The number by the first of ``regions`` in which it is valid.

    Where it is valid in none but possible in the first, it is taken as that, if its E.164 form reads back as itself:
    zeros that only lead do not. None when it is a placeholder or no possible number.
    """
    digits = re.sub(r"\D", "", number)
    if len(set(digits)) < 2 or digits in placeholders:
        return None
    international = _EXTENSION_WORD.sub(" ext. ", re.sub(r"^\s*00(?=[1-9])", "+", number))
    found = []
    for region in regions:
        parsed = _parse(international, region)
        if parsed is not None and phonenumbers.is_valid_number(parsed):
            return parsed
        found.append(parsed)
    first = next((parsed for parsed in found if parsed is not None and phonenumbers.is_possible_number(parsed)), None)
    if first is None:
        return None
    possible = _written(first)
    return first if _written(phonenumbers.parse(possible)) == possible else None


def _written(number: phonenumbers.PhoneNumber) -> str:
    """The number in E.164, which has no extensions."""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _parse(number: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return None if len(set(str(parsed.national_number))) < 2 else parsed


@cache
def region_of(country: str | None) -> str | None:
    """The ISO code of a country by its name in one of the usual languages, or by its code; None when unknown."""
    return _countries().get(country.casefold()) if country else None


@cache
def _countries() -> dict[str, str]:
    known: dict[str, str] = dict(_USUAL)
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code in phonenumbers.SUPPORTED_REGIONS:
                known.setdefault(name.casefold(), code)
                known.setdefault(code.casefold(), code)
    return known
