"""Countries of the sample: dialling codes, number ranges, cities; and telephone numbers as people write them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.flaws import Ints, choose, join, numbered, picked


@dataclass(frozen=True, slots=True)
class Country:
    """A country: ``trunk`` is dialled before a national number; ranges are prefixes, ``digits`` follow them."""

    code: str
    name: str
    dial: str
    trunk: str
    tld: str
    legal: tuple[str, ...]
    mobile: tuple[str, ...]
    mobile_digits: int
    office: tuple[str, ...]
    office_digits: int
    cities: tuple[str, ...]


COUNTRIES = (
    Country("US", "United States", "1", "", "com", ("Inc", "LLC", "Corp", ""),
            ("2125", "4157", "3123", "6174", "2066", "5128"), 6, ("2123", "4155", "3127", "6172", "2064", "5122"), 6,
            ("New York", "San Francisco", "Chicago", "Boston", "Seattle", "Austin")),
    Country("GB", "United Kingdom", "44", "0", "co.uk", ("Ltd", "PLC", "Limited", ""),
            ("7400", "7500", "7711", "7812", "7912"), 6, ("2079", "2083", "1614", "1212"), 6,
            ("London", "London", "Manchester", "Birmingham", "Leeds")),
    Country("DE", "Germany", "49", "0", "de", ("GmbH", "AG", "GmbH & Co. KG", "SE"),
            ("151", "160", "170", "176"), 8, ("302", "895", "404", "692"), 7,
            ("Berlin", "München", "Hamburg", "Frankfurt am Main", "Köln")),
    Country("FR", "France", "33", "0", "fr", ("SA", "SARL", "SAS"), ("61", "66", "67", "76"), 7, ("14", "15", "47"), 7,
            ("Paris", "Lyon", "Marseille", "Saint-Étienne", "Orléans")),
    Country("ES", "Spain", "34", "", "es", ("S.L.", "S.A."), ("61", "62", "65", "66"), 7, ("914", "934", "963"), 6,
            ("Madrid", "Barcelona", "Valencia", "Málaga")),
    Country("IT", "Italy", "39", "", "it", ("S.r.l.", "S.p.A."), ("333", "347", "328"), 7, ("024", "066"), 7,
            ("Milano", "Roma", "Torino", "Forlì")),
    Country("NL", "Netherlands", "31", "0", "nl", ("B.V.", "N.V."), ("61", "62", "64", "65"), 7, ("204", "104"), 6,
            ("Amsterdam", "Rotterdam", "Utrecht")),
    Country("SE", "Sweden", "46", "0", "se", ("AB",), ("70", "73", "76"), 7, ("85", "86"), 6,
            ("Stockholm", "Göteborg", "Malmö")),
    Country("PL", "Poland", "48", "", "pl", ("Sp. z o.o.", "S.A."), ("501", "602", "663", "691"), 6, ("224", "124"), 6,
            ("Warszawa", "Kraków", "Łódź", "Wrocław")),
    Country("BR", "Brazil", "55", "", "com.br", ("Ltda", "S.A."), ("1199", "2198"), 7, ("113", "212"), 7,
            ("São Paulo", "Rio de Janeiro", "Brasília")),
    Country("TR", "Türkiye", "90", "0", "com.tr", ("A.Ş.", "Ltd. Şti."), ("532", "535", "542", "505"), 7,
            ("2122", "2163", "3124"), 6, ("İstanbul", "Ankara", "İzmir")),
    Country("IN", "India", "91", "0", "in", ("Pvt Ltd", "Ltd"), ("98", "97", "99"), 8, ("222", "802", "112"), 7,
            ("Mumbai", "Bengaluru", "New Delhi")),
    Country("RU", "Russia", "7", "8", "ru", ("ООО", "АО"), ("916", "925", "903"), 7, ("495", "812"), 7,
            ("Москва", "Санкт-Петербург", "Казань")),
    Country("GR", "Greece", "30", "", "gr", ("AE", "EPE"), ("694", "697"), 7, ("2103", "2310"), 6,
            ("Αθήνα", "Θεσσαλονίκη")),
    Country("CN", "China", "86", "", "cn", ("Co., Ltd",), ("138", "139", "150", "186"), 8, ("106", "216"), 7,
            ("北京", "上海", "深圳")),
    Country("JP", "Japan", "81", "0", "jp", ("K.K.",), ("902", "804"), 7, ("33", "66"), 7, ("東京", "大阪")),
    Country("AE", "United Arab Emirates", "971", "0", "ae", ("LLC", "FZE"), ("50", "55", "56"), 7, ("43", "26"), 6,
            ("Dubai", "Abu Dhabi")),
)  # fmt: skip
COUNTRY_CODES = tuple(country.code for country in COUNTRIES)
CITY_COUNTS = np.array([len(country.cities) for country in COUNTRIES])
_CITIES = [city for country in COUNTRIES for city in country.cities]
_ZONES = {
    "US": "America/New_York", "GB": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris", "ES": "Europe/Madrid",
    "IT": "Europe/Rome", "NL": "Europe/Amsterdam", "SE": "Europe/Stockholm", "PL": "Europe/Warsaw",
    "BR": "America/Sao_Paulo", "TR": "Europe/Istanbul", "IN": "Asia/Kolkata", "RU": "Europe/Moscow",
    "GR": "Europe/Athens", "CN": "Asia/Shanghai", "JP": "Asia/Tokyo", "AE": "Asia/Dubai",
}  # fmt: skip
_OTHER_ZONES = {
    "San Francisco": "America/Los_Angeles", "Seattle": "America/Los_Angeles", "Chicago": "America/Chicago",
    "Austin": "America/Chicago",
}  # fmt: skip
_ZONE_OF_CITY = [_OTHER_ZONES.get(city, _ZONES[country.code]) for country in COUNTRIES for city in country.cities]
_STATES: list[str | None] = ["NY", "CA", "IL", "MA", "WA", "TX", *[None] * (len(_CITIES) - 6)]
_FIRST_CITY = np.cumsum(CITY_COUNTS) - CITY_COUNTS


def place(countries: Ints, cities: Ints) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Names of cities, given by their number in the country, of American states, and of countries."""
    code = _FIRST_CITY[countries] + cities % CITY_COUNTS[countries]
    return picked(_CITIES, code), picked(_STATES, code), picked([country.name for country in COUNTRIES], countries)


def time_zones(countries: Ints, cities: Ints) -> pa.Array:
    """Time zones of cities, given by their number in the country."""
    return picked(_ZONE_OF_CITY, _FIRST_CITY[countries] + cities % CITY_COUNTS[countries])


def draw_numbers(countries: Ints, rng: np.random.Generator, *, mobile: bool) -> pa.Array:
    """National numbers, digits only and without trunk prefix, in ranges that each country has assigned."""
    count = len(countries)
    offsets: list[int] = []
    prefixes: list[str] = []
    digits: list[int] = []
    for country in COUNTRIES:
        offsets.append(len(prefixes))
        ranges = country.mobile if mobile else country.office
        prefixes += ranges
        digits += [country.mobile_digits if mobile else country.office_digits] * len(ranges)
    sizes = np.diff([*offsets, len(prefixes)])
    code = np.asarray(offsets)[countries] + (rng.random(count) * sizes[countries]).astype(np.int64)
    width = np.asarray(digits)[code]
    rest = (rng.random(count) * 10.0**width).astype(np.int64)
    padded = numbered(rest, 8)
    tails = {n: pc.utf8_slice_codeunits(padded, 8 - n) for n in sorted(set(digits))}
    tail = padded
    for n, values in tails.items():
        tail = choose(width == n, values, tail)
    return join(picked(prefixes, code), tail)


def written(national: pa.Array, countries: Ints, styles: Ints) -> pa.Array:
    """Telephone numbers as people write them; ``styles`` 0 to 7 choose E.164, spaced, national, dashed and others."""
    dial = picked([country.dial for country in COUNTRIES], countries)
    trunk = picked([country.trunk for country in COUNTRIES], countries)
    area, rest = pc.utf8_slice_codeunits(national, 0, 3), pc.utf8_slice_codeunits(national, 3)
    head, tail = pc.utf8_slice_codeunits(rest, 0, 3), pc.utf8_slice_codeunits(rest, 3)
    us_style = join("(", area, ") ", head, "-", tail)
    forms = (
        join("+", dial, national),
        join("+", dial, " ", area, " ", rest),
        join(trunk, area, " ", head, " ", tail),
        choose(countries == 0, us_style, join("(", trunk, area, ") ", rest)),
        join(trunk, area, "-", head, "-", tail),
        join("00", dial, " ", area, " ", head, tail),
        join(trunk, national),
        join("+", dial, " (", area, ") ", head, " ", tail),
    )
    result = forms[0]
    for style, form in enumerate(forms):
        result = choose(styles == style, form, result)
    return result
