"""Telephone numbers: each distinct one is parsed once, by the rules of its country."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import ibis
import ibis.expr.types as ir
import phonenumbers
import pyarrow as pa
from babel import Locale

from include.contracts.staged import PERSON_RECORD
from include.storage.engine import Engine

_LANGUAGES = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "sv",
    "da",
    "nb",
    "fi",
    "cs",
    "tr",
    "ru",
    "ja",
    "zh",
    "ko",
)
_USUAL = {"usa": "US", "u.s.": "US", "u.s.a.": "US", "united states of america": "US", "uk": "GB", "u.k.": "GB",
          "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB"}  # fmt: skip


def with_phones(engine: Engine, people: ir.Table, regions: dict[str, str], placeholders: Iterable[str]) -> ir.Table:
    """Fill ``phone`` from ``phone_received``: E.164, or null for what cannot be a number.

    A number without a country code is read by the rules of the record's own country, if that is known, else of its
    source's region (``regions``, by source).
    """
    spoken = people.filter(people.phone_received.notnull()).select("phone_received", "country", "source").distinct()
    found = engine.ibis.to_pyarrow(spoken)
    blanks = frozenset(placeholders)
    parsed = [
        e164(number, region_of(country) or regions[source], blanks)
        for number, country, source in zip(*(found[name].to_pylist() for name in found.column_names), strict=True)
    ]
    numbers = ibis.memtable(
        pa.table(
            {
                "_number": found["phone_received"],
                "_country": found["country"].fill_null(""),
                "_source": found["source"],
                "_phone": pa.array(parsed, pa.string()),
            }
        )
    )
    joined = people.left_join(
        numbers,
        [
            people.phone_received == numbers._number,
            people.country.fill_null("") == numbers._country,
            people.source == numbers._source,
        ],
    )
    return joined.mutate(phone=joined._phone).select(*PERSON_RECORD.names)


def e164(number: str, region: str, placeholders: frozenset[str]) -> str | None:
    """The number in E.164 without its extension; None when it is a placeholder or no possible number."""
    digits = re.sub(r"\D", "", number)
    if len(set(digits)) < 2 or digits in placeholders:
        return None
    international = re.sub(r"^\s*00(?=[1-9])", "+", number)
    try:
        parsed = phonenumbers.parse(international, region)
    except phonenumbers.NumberParseException:
        return None
    if len(set(str(parsed.national_number))) < 2 or not phonenumbers.is_possible_number(parsed):
        return None
    parsed.extension = None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


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
