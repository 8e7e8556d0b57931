"""Cleaning of single values, as expressions. Cleaning a cleaned value changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

MOMENT = "timestamp('UTC', 6)"
_SPACE = r"[\s\p{Z}\p{Cc}]+"
_INVISIBLE = "[\u200b\ufeff\u00ad]"  # zero width space, byte order mark, soft hyphen
# what the costly cleaning would change: most values have none of it, and are spared
_UNTIDY = "^ | $|  |[\\x00-\\x1f\\x7f-\u00a0\u00ad\u1680\u2000-\u200b\u2028-\u202f\u205f\u3000\ufeff]"
_EDGES = r"^[ \t\n\r\v\f]|[ \t\n\r\v\f]$"  # what the engine trims, slowly
_MARKUP = "[<>&]"
_TAG = r"</?[A-Za-z][^<>]*>|[<>]"
_ENTITIES = (
    (r"&(?:amp;)+", "&"), (r"(?i)&lt;", "<"), (r"(?i)&gt;", ">"), (r"(?i)&quot;|&#34;", '"'),
    (r"(?i)&apos;|&#39;", "'"), (r"(?i)&nbsp;", " "),
)  # fmt: skip
_EMAIL = r"^[^\s\p{Z}\p{C}@\"<>(),:;\\]+@(?:[^\s\p{Z}\p{C}@.,;:/\\<>()_]+\.)+[^\s\p{Z}\p{C}@.,;:/\\<>()_\d]{2,}$"
_SEVERAL = r"^([^\s;,|/<>@]+@[^\s;,|/<>@]+)\s*[;,|/ ]\s*[^\s;,|/<>@]+@"
_SEVERAL_ADDRESSES = r"(?s)@.*[\s;,|/].*@"
SEVERAL = "; "  # between the addresses, or numbers, of one record
_ZONE = r"(Z|UTC|GMT|[+-]\d\d:?\d\d)$"
_OFFSET = r"\s*([+-]\d\d):?(\d\d)$"  # that DuckDB reads without a space before it, and with a colon
# with a clock, since a date ends in -dd as well; what has neither an offset nor white space around it is spared
_ODD_TIME = r"(?s)[+-]\d\d:\d\d$|\d:\d\d.*(?:[+-]\d{4}|[\s\v])$|^[\s\v].*\d:\d\d"
_PLAUSIBLE = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
# a macro, since as an expression of every id it costs the engine more to plan than all else
_LONG_ID = """
CREATE OR REPLACE TEMP MACRO salesforce_id(id) AS CASE WHEN regexp_matches(id, '^[0-9A-Za-z]{15}$') THEN id ||
    list_aggregate(list_transform([0, 5, 10], lambda start: substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + list_sum(
        list_transform([0, 1, 2, 3, 4], lambda place:
            CASE WHEN ascii(substr(id, start + place + 1, 1)) BETWEEN 65 AND 90 THEN 1 << place ELSE 0 END)
    )::BIGINT, 1)), 'string_agg', '') ELSE id END
"""
_TRUE = ("true", "1", "yes", "y", "t", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "verdadero")
_FALSE = ("false", "0", "no", "n", "f", "nein", "falsch", "non", "faux", "falso")


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def nfc_normalize(text: str) -> str:  # type: ignore[empty-body]
    """Compose characters, so that é is one character however it was typed."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp(6)"), MOMENT))
def _in_zone(zone, moment):  # type: ignore[no-untyped-def]
    """Read a time without a zone as one of the zone."""


def among(value: ir.StringValue, words: Iterable[str]) -> ir.BooleanValue:
    """Whether the value is one of the words; null for null.

    What ``isin`` says. But that the engine makes a join of when the words are many, below which it computes every
    column of the rows that anybody could ask for; an expression it spares where nobody asks.
    """
    known = [re.escape(word) for word in words]
    return value.re_search(f"^(?:{'|'.join(known)})$") if known else ibis.literal(False)


def trimmed(value: ir.StringValue) -> ir.StringValue:
    """The value without white space around it."""
    return ibis.ifelse(value.re_search(_EDGES), value.strip(), value)


def folded(value: ir.StringValue) -> ir.StringValue:
    """Text composed, without control characters, with single spaces, trimmed; nothing becomes null."""
    tidy = value.re_replace(_INVISIBLE, "").re_replace(_SPACE, " ").strip()
    return nfc_normalize(ibis.ifelse(value.re_search(_UNTIDY), tidy, value)).nullif("")


def given(value: ir.StringValue) -> ir.BooleanValue:
    """Whether there is more than white space."""
    return value.re_search(r"\S").fill_null(False)


def received(value: ir.StringValue) -> ir.StringValue:
    """The value as it came; without NUL characters only, which no database takes."""
    return value.replace("\0", "")


def text(value: ir.StringValue, placeholders: Iterable[str]) -> ir.StringValue:
    """Folded text without HTML; placeholders are null."""
    return filled(folded(unmarked(value)), placeholders)


def filled(value: ir.StringValue, placeholders: Iterable[str]) -> ir.StringValue:
    """The text; placeholders are null."""
    return ibis.ifelse(among(value.lower(), placeholders), ibis.null("string"), value)


def unmarked(value: ir.StringValue) -> ir.StringValue:
    """The text without HTML."""
    return ibis.ifelse(value.re_search(_MARKUP), _without_markup(value), value)


def _without_markup(value: ir.StringValue) -> ir.StringValue:
    plain = value.re_replace(_INVISIBLE, "")
    for pattern, replacement in _ENTITIES:
        plain = plain.re_replace(pattern, replacement)
    return plain.re_replace(_TAG, " ")


def email(value: ir.StringValue, placeholders: Iterable[str]) -> ir.StringValue:
    """The address, trimmed and lower-cased, the first where there are several; null for a placeholder or no address."""
    return mailable(address_in(value), placeholders)


def address_in(value: ir.StringValue) -> ir.StringValue:
    """What may be an address, trimmed and lower-cased; the first where there are several."""
    lowered = nfc_normalize(value.lower())
    stripped = folded(value).lower().re_replace(r"^mailto: ?|[.,;]+$", "").re_replace(r'^"([^"@\s]+)"@', r"\1@")
    several = stripped.re_search(_SEVERAL)
    stripped = ibis.ifelse(several, stripped.re_extract(_SEVERAL, 1), stripped)
    return ibis.ifelse(lowered.re_search(_EMAIL), lowered, stripped)


def mailable(address: ir.StringValue, placeholders: Iterable[str]) -> ir.StringValue:
    """The address; null for a placeholder and for what is none."""
    usable = address.re_search(_EMAIL) & ~among(address, placeholders) & (address.length() <= 254)
    return ibis.ifelse(usable, address, ibis.null("string"))


def several_addresses(value: ir.StringValue) -> ir.StringValue:
    """The text, folded and in small letters, where it holds several addresses; else null."""
    return ibis.ifelse(value.re_search(_SEVERAL_ADDRESSES), folded(value).lower(), ibis.null("string"))


def other_emails(several: ir.StringValue, first: ir.StringValue, placeholders: Iterable[str]) -> ir.StringValue:
    """The addresses of ``several_addresses`` but the ``first``, cleaned, each once, sorted, parted by ``SEVERAL``."""
    pieces = several.re_split(r"[\s;,|/<>]+").map(lambda piece: email(piece, placeholders))
    further = pieces.filter(lambda address: (address != first).fill_null(address.notnull())).unique().sort()
    return further.join(SEVERAL).nullif("")


def identifier(value: ir.StringValue, placeholders: Iterable[str]) -> ir.StringValue:
    """An id, trimmed; null when it is a placeholder.

    One expression tells whether there is anything to do, since every query on an object asks for its ids.
    """
    blanks = map(re.escape, placeholders)
    tidy = trimmed(value)
    cleaned = ibis.ifelse(among(tidy.lower(), placeholders), ibis.null("string"), tidy).nullif("")
    odd = rf"(?i)^(?:{'|'.join(('', *blanks))})$|{_EDGES}|[^\x00-\x7f]"
    return ibis.ifelse(value.re_search(odd), cleaned, value)


def is_id(value: ir.StringValue) -> ir.BooleanValue:
    """Whether a text may be an id of Salesforce: letters and digits alone, 18 of them at most.

    Fewer than 15 are keys of one's own in the same files; a name, an address, several ids in one cell, and what a
    spreadsheet made of an id (``5.01E+15``, ``#NAME?``) are none.
    """
    return value.re_search(r"^[0-9A-Za-z]{1,18}$")


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def salesforce_id(text: str) -> str:  # type: ignore[empty-body]
    """An id of Salesforce with its 18 characters, any other text as it is; after ``prepare``.

    One of 15 gets the three that tell which of its letters are capitals, five letters each, the first one the lowest
    bit (https://help.salesforce.com/s/articleView?id=000385585).
    """


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection the functions of this module that the engine does not have."""
    connection.execute(_LONG_ID).fetchall()


def domain(value: ir.StringValue) -> ir.StringValue:
    """The bare host name of a web address, lower-case, without www.; null when it is none."""
    host = folded(value).lower().re_replace(r"^[a-z]+://", "").re_replace(r"[/?#:].*$", "").re_replace(r"^(www\.)+", "")
    return ibis.ifelse(host.re_search(r"^([^\s@.,;<>()]{1,63}\.)+[^\s@.,;<>()\d]{2,63}$"), host, ibis.null("string"))


def moment(value: ir.StringValue, zone: str) -> ir.TimestampValue:
    """An ISO time in UTC, read in ``zone`` where it names none; null when there is no such time."""
    value = ibis.ifelse(value.re_search(_ODD_TIME), value.strip().re_replace(_OFFSET, r"\1:\2"), value)
    aware = value.try_cast(MOMENT)
    if zone != "UTC":
        local = _in_zone(zone, value.try_cast("timestamp(6)"))
        aware = ibis.ifelse(trimmed(value).re_search(_ZONE), aware, local)
    return ibis.ifelse(aware.between(*_PLAUSIBLE), aware, ibis.null(MOMENT))


def day(value: ir.StringValue) -> ir.DateValue:
    """An ISO date, or the date of an ISO time; null when there is no such day."""
    tidy = trimmed(value)
    found = ibis.ifelse(tidy.re_search(r"^\d{4}-\d\d-\d\d($|[T ])"), tidy, ibis.null("string"))
    parsed = found.left(10).try_cast("date")
    return ibis.ifelse(parsed.year().between(1900, 2200), parsed, ibis.null("date"))


def no_later(moment: ir.TimestampValue, known: ir.TimestampValue) -> ir.TimestampValue:
    """A time, at the latest another one; null stays null, which an engine's least would pass over."""
    return ibis.ifelse(moment > known, known, moment)


def number(value: ir.StringValue) -> ir.FloatingValue:
    """A finite decimal number with a point; null when it is none."""
    tidy = trimmed(value)
    return ibis.ifelse(
        tidy.re_search(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"), tidy, ibis.null("string")
    ).try_cast("float64")


def whole(value: ir.StringValue) -> ir.IntegerValue:
    """A whole number, also when written with zeros behind the point; null when it is none."""
    parsed = number(value)
    fits = (parsed % 1 == 0) & (parsed.abs() < 9e15)
    return ibis.ifelse(fits, parsed, ibis.null("float64")).cast("int64")


def flag(value: ir.StringValue) -> ir.BooleanValue:
    """Yes or no, in the words that exports use; null when it is neither."""
    word = trimmed(value).lower()
    return ibis.cases((word.isin(list(_TRUE)), True), (word.isin(list(_FALSE)), False), else_=ibis.null("boolean"))


def word(value: ir.StringValue, meanings: Mapping[Any, Iterable[str]]) -> ir.StringValue:
    """The meaning whose words hold the value, without regard to case; null when none does."""
    said = folded(value).lower()
    known = [(said.isin(list(words)), meaning) for meaning, words in meanings.items() if list(words)]
    return ibis.cases(*known, else_=ibis.null("string"))


def nothing(kind: str = "string") -> ir.Value:
    """A null of a type."""
    return ibis.null(kind)
