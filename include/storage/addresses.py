"""Addresses as they stand in fields and within texts, for Python and for the query engine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.quoting import literal

_PART = r"[^\s;,<>()\[\]{}\"':|]"
# Of o'brien@x.example the apostrophe, which stands behind a letter, is a part, of 'ann@x.example' it is not; a dot at
# the end is the sentence's. Within a text, such as an URL, what belongs to an address is told more closely.
_ADDRESS = rf"(?:{_PART}*LETTER')*{_PART}+@{_PART}*[^\s;,<>()\[\]{{}}\"':|.]"
_SIGN = r"(?:@|%(?:25)*40|\\+u0040)"  # as it is, and as URLs and JSON escape it
_WITHIN = rf"LETTER(?:LETTER|[._%+'-])*{_SIGN}LETTER(?:LETTER|-)*(?:\.(?:LETTER|-)*LETTER)+"
_BYTES = r"^b'"  # what Python writes before bytes is no part either
_LETTER, _LETTER_OF_RE2 = r"[^\W_]", r"[\pL\pM\pN]"


def plain_address(address: str) -> str:
    """Return an address as it is compared: in small letters and composed."""
    return unicodedata.normalize("NFC", address.strip().lower())


def addresses(text: str, *, is_text: bool = False) -> list[str]:
    """Return the addresses in a field, or within a text, as they are compared."""
    pattern = (_WITHIN if is_text else _ADDRESS).replace("LETTER", _LETTER)
    return [_bare(found) for found in re.findall(pattern, plain_address(text))]


def without(text: str, named: Collection[str]) -> str:
    """Return a text in which `erased` stands where one of these addresses stood."""
    pattern = _WITHIN.replace("LETTER", _LETTER)
    return re.sub(
        pattern,
        lambda found: "erased" if _bare(plain_address(found[0])) in named else found[0],
        unicodedata.normalize("NFC", text),
        flags=re.IGNORECASE,
    )


def spellings_of(address: str) -> tuple[str, ...]:
    """Return an address as it is compared, and with its domain as the name system, or as people, write it."""
    local, at, domain = plain_address(address).rpartition("@")
    there, back = (_in_unicode, _in_ascii) if domain.isascii() else (_in_ascii, _in_unicode)
    with suppress(UnicodeError):
        told = there(domain)
        if back(told) == domain:  # of straße.example the older rules make strasse.example, which is another one
            return tuple(dict.fromkeys((local + at + domain, local + at + told)))
    return (local + at + domain,)


def addresses_of(column: str) -> str:
    """SQL of the addresses in a field, as they are compared."""
    return _extracted(_ADDRESS, column)


def addresses_within(column: str) -> str:
    """SQL of the addresses within a text, likewise."""
    return _extracted(_WITHIN, column)


def has_sign(texts: pa.ChunkedArray) -> bool:
    """Whether an address may stand in some text."""
    return bool(pc.any(pc.match_substring_regex(texts, _SIGN)).as_py())


def _bare(found: str) -> str:
    return re.sub(_BYTES, "", re.sub(_SIGN, "@", found))


def _extracted(pattern: str, column: str) -> str:
    pattern = literal(pattern.replace("LETTER", _LETTER_OF_RE2))
    bare = f"regexp_replace(regexp_replace(a, {literal(_SIGN)}, '@'), {literal(_BYTES)}, '')"
    found = f"regexp_extract_all(nfc_normalize(lower({column})), {pattern})"
    return f"list_transform(coalesce({found}, []), lambda a: {bare})"


def _in_ascii(domain: str) -> str:
    return domain.encode("idna").decode()


def _in_unicode(domain: str) -> str:
    return domain.encode().decode("idna")
