"""Cleaning of values that are not names or addresses: organizations, codes, phones, dates, text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import PhoneMetadata, country_code_for_region, parse, region_code_for_number
from phonenumbers.phonenumberutil import NumberParseException

from include.matching.levels import Kind
from include.matching.records.columns import hashed
from include.matching.records.name_parts import fold
from include.matching.records.placeholders import WORDS, is_placeholder

Said = tuple[int, int]
Clean = Callable[..., pa.Array]  # of distinct values, and of what a table's say together
LEGAL_FORMS = frozenset(
    "inc incorporated llc llp ltd limited plc corp corporation co company gmbh ag kg ohg se sa sas sarl srl spa bv nv"
    " oy"
    " ab as aps pty pte lp kk holding holdings group".split()
)
ONE_DIGIT = "^(" + "|".join(f"{d}{d}+" for d in range(10)) + ")$"
_WORD = re.compile(r"[^\w]+")
_DIGITS = re.compile(r"\d+")
_MONTHS = {m: i + 1 for i, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}


def clean_organization(text: str) -> str:
    """An organization's name without punctuation, articles and legal form."""
    if is_placeholder(text):
        return ""
    words = _WORD.sub(" ", fold(text.replace("&", " and ")).replace("'", "").replace(".", "")).split()
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def clean_codes(values: pa.Array) -> pa.Array:
    """Codes' letters and digits, upper-cased; one digit repeated is a placeholder."""
    plain = pc.replace_substring_regex(pc.utf8_upper(values), r"[^\p{L}\p{N}]+", "")
    return _without(plain, pc.or_(_is_word(values), pc.match_substring_regex(plain, ONE_DIGIT)))


def clean_identifiers(values: pa.Array) -> pa.Array:
    """Identifiers, trimmed and lower-cased; one digit repeated is a placeholder."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    return _without(plain, pc.or_(_is_word(values), pc.match_substring_regex(plain, ONE_DIGIT)))


def _is_word(values: pa.Array) -> pa.Array:
    return pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(values)), value_set=pa.array(sorted(WORDS)))


def _without(values: pa.Array, placeholder: pa.Array) -> pa.Array:
    return pc.if_else(pc.or_(placeholder, pc.equal(values, "")), None, values)


def clean_text(text: str) -> str:
    """Words, folded, single-spaced."""
    return "" if is_placeholder(text) else " ".join(_WORD.sub(" ", fold(text)).split())


ASKED = 1000  # numbers that tell the region
_EXTENSION = r"(?i)\s*[;,]?\s*(?:x|ext\.?|extension|durchwahl|poste|#)\s*[.:=]?\s*(?P<extension>\d*)\s*$"


def extensions(values: pa.Array) -> pa.Array:
    """The extension behind each phone number, null where there is none: 136 for ``x136`` and for ``;ext=136``."""
    found = pc.struct_field(pc.extract_regex(values, _EXTENSION), "extension")
    return pc.if_else(pc.equal(found, ""), None, found)


def clean_phones(values: pa.Array, region: str | None) -> pa.Array:
    """Phone numbers as digits with country code; numbers written without one are read as ``region``'s."""
    text = pc.replace_substring_regex(values, _EXTENSION, "")
    plus = pc.starts_with(pc.utf8_ltrim_whitespace(text), "+")
    digits = pc.replace_substring_regex(pc.replace_substring(text, "(0)", ""), r"\D+", "")
    digits = pc.if_else(plus, digits, _with_country(digits, region))
    short = pc.less(pc.utf8_length(digits), 6)
    filler = pc.match_substring_regex(digits, r"0000000$|1111111$|9999999$|^0+$|1234567(89?0?)?$|5555555$")
    return pc.if_else(pc.or_(short, filler), None, digits)


def telling_region(values: pa.Array) -> pa.Array:
    """Up to a thousand numbers with a country code, drawn by a hash of how they are written: they tell the region."""
    text = pc.replace_substring_regex(values, _EXTENSION, "")
    return drawn(text.filter(pc.starts_with(pc.utf8_ltrim_whitespace(text), "+")), ASKED)


def learned_region(international: pa.Array) -> str | None:
    """The region that most numbers with a country code belong to, None where there are none."""
    seen: dict[str, int] = {}
    for number in international.to_pylist():
        try:
            region = region_code_for_number(parse(number))
        except NumberParseException:
            continue
        if region:
            seen[region] = seen.get(region, 0) + 1
    return min(seen, key=lambda r: (-seen[r], r)) if seen else None


def drawn(values: pa.Array, most: int) -> pa.Array:
    """Up to so many of the distinct values, those of the smallest hashes."""
    values = pc.unique(values).cast(pa.large_string())
    if len(values) <= most:
        return values
    hashes = hashed(values)
    return values.take(pa.array(np.argpartition(hashes, most)[:most]))


def _with_country(digits: pa.Array, region: str | None) -> pa.Array:
    if region is None:
        return pc.utf8_ltrim(digits, "0")
    known: Any = PhoneMetadata.metadata_for_region(region, None)
    country = str(country_code_for_region(region))
    abroad = known.international_prefix if (known.international_prefix or "").isdigit() else "00"
    trunk = known.national_prefix or "0"
    longest = max(known.general_desc.possible_length)
    has_abroad = pc.starts_with(digits, abroad)
    length = pc.utf8_length(digits)
    whole = pc.and_(pc.starts_with(digits, country), pc.greater(length, longest))
    national = pc.if_else(pc.starts_with(digits, trunk), pc.utf8_slice_codeunits(digits, len(trunk)), digits)
    stripped = pc.if_else(pc.and_(pc.equal(trunk, country), pc.less_equal(length, longest)), digits, national)
    out = pc.if_else(whole, digits, pc.binary_join_element_wise(country, stripped, ""))
    return pc.if_else(has_abroad, pc.utf8_slice_codeunits(digits, len(abroad)), out)


_COUNTRY = r"^[A-Z]{1,3}[- ]([0-9]{4,6})$"  # D-10115
_PLUS_FOUR = r"^([0-9]{5})-[0-9]{4}$"
_AREAS = (  # the area is the first group
    re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)(?:[0-9][A-Z]{2})?"), re.compile(r"([A-Z][0-9][A-Z])[0-9][A-Z][0-9]"),
    re.compile(r"([0-9]{4})[A-Z]{2}"), re.compile(r"([0-9]{3})[0-9]{2,}"), re.compile(r"([0-9]{2})[0-9]{2}"),
)  # fmt: skip
FEW = 0.1  # of a table's numeric postcodes, those of four digits where the others' leading zero is lost


def clean_postcodes(values: pa.Array, said: Said | None = None) -> pa.Array:
    """Postcodes' letters and digits, without a country or a delivery point; a leading zero that was lost is back.

    ``said``: how many of the table's are of four and of five digits.
    """
    plain = _postcodes(values)
    four, five = said or count_postcodes(values)
    if 0 < four < FEW * five:
        plain = pc.if_else(_digits(plain, 4), pc.binary_join_element_wise("0", plain, ""), plain)
    return plain


def count_postcodes(values: pa.Array) -> Said:
    """How many postcodes are of four digits, and how many of five."""
    plain = _postcodes(values)
    four, five = (int(pc.sum(_digits(plain, n)).as_py() or 0) for n in (4, 5))
    return four, five


def _digits(plain: pa.Array, number: int) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(plain, f"^[0-9]{{{number}}}$"), False)


def _postcodes(values: pa.Array) -> pa.Array:
    text = pc.utf8_trim_whitespace(pc.utf8_upper(values))
    return clean_codes(pc.replace_substring_regex(pc.replace_substring_regex(text, _COUNTRY, r"\1"), _PLUS_FOUR, r"\1"))


def postcode_areas(values: list[str]) -> npt.NDArray[np.int32]:
    """A code of each cleaned postcode's area, one column: SW1A of SW1A1AA, 1012 of 1012AB, 941 of 94110."""
    areas = [next((found[1] for pattern in _AREAS if (found := pattern.fullmatch(v))), v) for v in values]
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(area, len(seen)) for area in areas], np.int32).reshape(-1, 1)


def parse_dates(values: list[str], said: Said | None = None) -> list[str]:
    """Dates in any usual notation as ``YYYY-MM-DD``; whether 3/4 is March or April is learned from the others.

    ``said``: how many of the table's say that the day comes first, and how many the month.
    """
    day, month = said or count_dates(values)
    return [_as_date(parts, day >= month) if (parts := _date_parts(v)) else "" for v in values]


def count_dates(values: list[str]) -> Said:
    """How many dates say that the day comes first, and how many the month."""
    loose = [parts for v in values if (parts := _date_parts(v)) and parts[3]]
    return sum(p[0] > 12 for p in loose), sum(p[1] > 12 for p in loose)


def _date_parts(text: str) -> tuple[int, int, int, bool] | None:  # noqa: PLR0911  one return a notation
    """(first, second, year, loose) for day/month or month/day in front; strict ones come back as (day, month, year)."""
    if is_placeholder(text):
        return None
    found = [int(d) for d in _DIGITS.findall(text.partition("T")[0].partition(" 00:")[0])[:3]]
    word = re.search(r"[A-Za-z]{3,}", text)
    if word and word.group()[:3].lower() in _MONTHS and len(found) >= 2:
        day, year = (found[0], found[1]) if found[0] <= 31 else (found[1], found[0])
        return day, _MONTHS[word.group()[:3].lower()], year, False
    if len(found) == 1 and len(str(found[0])) == 8:
        whole = str(found[0])
        return int(whole[6:]), int(whole[4:6]), int(whole[:4]), False
    if len(found) == 1 and 1000 <= found[0] <= 2999:
        return 0, 0, found[0], False
    if len(found) < 3:
        return None
    if found[0] > 31:
        return found[2], found[1], found[0], False
    return found[0], found[1], found[2], True


def _as_date(parts: tuple[int, int, int, bool], day_first: bool) -> str:
    first, second, year, loose = parts
    day, month = (first, second) if not loose or day_first else (second, first)
    if month > 12 >= day:
        day, month = month, day
    if year < 100:
        year += 1900 if year > 30 else 2000
    if not (month <= 12 and day <= 31 and 1000 <= year <= 2999):
        return ""
    return f"{year:04d}-{month:02d}-{day:02d}"


def date_parts(values: list[str]) -> npt.NDArray[np.int32]:
    """Year, month and day of each cleaned date."""
    return np.array([[int(part) for part in value.split("-")] for value in values], np.int32).reshape(-1, 3)


def _each(clean: Callable[[str], str]) -> Clean:
    return _alone(lambda distinct: pa.array([clean(v) or None for v in distinct.to_pylist()], pa.string()))


def _alone(clean: Callable[[pa.Array], pa.Array]) -> Clean:
    """Of values that are read the same whatever the others of their table say."""
    return lambda distinct, _=None: clean(distinct)


# how a kind's distinct values are cleaned, and into which numbers they are taken apart for comparison
CLEAN: Mapping[Kind, Clean] = {
    Kind.ORGANIZATION: _each(clean_organization),
    Kind.CODE: _alone(clean_codes),
    Kind.POSTCODE: clean_postcodes,
    Kind.IDENTIFIER: _alone(clean_identifiers),
    Kind.TEXT: _each(clean_text),
    Kind.DATE: lambda distinct, said=None: pa.array(
        [d or None for d in parse_dates(distinct.to_pylist(), said)], pa.string()
    ),
}
# what a table's distinct values say together of how each is to be read; counts of some of them can be added up
SAID: Mapping[Kind, Callable[[pa.Array], Said]] = {
    Kind.POSTCODE: count_postcodes,
    Kind.DATE: lambda distinct: count_dates(distinct.to_pylist()),
}
PARTS: Mapping[Kind, Callable[[list[str]], npt.NDArray[np.int32]]] = {
    Kind.DATE: date_parts,
    Kind.POSTCODE: postcode_areas,
}
