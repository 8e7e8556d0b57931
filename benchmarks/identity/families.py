"""The families of tables that the engine is measured on: they differ in mechanism, not only in seed.

``HOME`` families are those that the engine was built on. Every other is made here or by others, and what is set while
looking at some of them is reported on the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from benchmarks.identity import committers, made, others
from benchmarks.identity.people import Population
from benchmarks.identity.sheets import Sheet, about, uneven

LOOKING, REPORTING = 1, 2  # seeds
US = Population()
EUROPE = Population(locales={"de_DE": 0.25, "fr_FR": 0.2, "es_ES": 0.2, "it_IT": 0.2, "nl_NL": 0.15}, zipf=0.6)
WORLD = Population(
    locales={"en_US": 0.3, "ru_RU": 0.15, "cs_CZ": 0.15, "tr_TR": 0.1, "zh_CN": 0.1, "sv_SE": 0.1, "pt_BR": 0.1},
    zipf=0.7, rare_surnames=0.1, moves=0.15,
)  # fmt: skip
WHOLE_NAME = {"first_name": "first_name", "last_name": "last_name"}


@dataclass(frozen=True)
class Family:
    """A maker of tables of one mechanism."""

    name: str
    mechanism: str
    columns: Mapping[str, str]
    make: Callable[[int, int], pa.Table]  # of so many people, with a seed
    people: int
    link_only: bool = False


def _of(name: str, mechanism: str, people: int, sheet: Sheet) -> Family:
    return Family(name, mechanism, sheet.columns, sheet.make, people, sheet.once_a_source)


MADE = (
    _of("stable", "four systems, employer and number never change, many records without a name", 6000, Sheet(
        {**WHOLE_NAME, "email": "email", "phone": "phone", "company": "organization", "postcode": "code"},
        Population(rare_surnames=0.5, married=0.0), about(2.9),
        {"crm": {"phone": 0.25, "company": 0.1, "postcode": 0.4},
         "email": {"first_name": 0.25, "last_name": 0.35, "phone": 1.0, "postcode": 0.5, "company": 0.3},
         "usage": {"first_name": 0.3, "last_name": 0.3, "phone": 1.0, "postcode": 1.0, "company": 0.3},
         "nps": {"first_name": 0.5, "last_name": 0.55, "phone": 1.0, "postcode": 1.0, "company": 0.4, "email": 0.08}},
        {"first_name": (("nickname", 0.2), ("typing", 0.03)), "last_name": (("typing", 0.04),),
         "email": (("capitals", 0.15),)}, role_mailboxes=0.01)),
    _of("historical", "ten noisy records a person, years for dates, names by ear", 900, Sheet(
        {**WHOLE_NAME, "birth_date": "date", "birth_place": "text", "postcode": "code", "occupation": "text"},
        Population({"en_GB": 1.0}, zipf=0.9, rare_surnames=0.15, born=(1750, 1920), moves=0.1), uneven(10, 40),
        {"one": {"birth_date": 0.25, "birth_place": 0.3, "postcode": 0.3, "occupation": 0.35, "last_name": 0.05}},
        {"first_name": (("nickname", 0.25), ("typing", 0.12), ("phonetic", 0.08)),
         "last_name": (("typing", 0.12), ("phonetic", 0.08)),
         "birth_date": (("year_only", 0.2), ("digit", 0.15)), "postcode": (("digit", 0.2),)})),
    _of("authors", "commit authors: a full name or handle, and addresses that change with the job", 3000, Sheet(
        {"full_name": "full_name", "email": "email"},
        Population({"en_US": 0.5, "de_DE": 0.2, "fr_FR": 0.15, "sv_SE": 0.15}, zipf=0.5, free_mail=0.6, moves=0.35,
                   together=False, firms=6), uneven(1.5, 9),
        {"one": {}}, {"full_name": (("cut", 0.01), ("unmarked", 0.1), ("typing", 0.01))})),
    _of("voters", "names, street addresses, nothing else; households move as one", 7000, Sheet(
        {**WHOLE_NAME, "street": "text", "postcode": "code"},
        Population(households=0.5, moves=0.12, zipf=0.9), about(1.8),
        {"one": {"postcode": 0.05}},
        {"first_name": (("nickname", 0.05), ("typing", 0.04), ("initial", 0.04)), "last_name": (("typing", 0.04),),
         "street": (("typing", 0.08),)})),
    _of("nameless", "web accounts without any name: address, number, device, postcode", 8000, Sheet(
        {"email": "email", "phone": "phone", "device": "identifier", "postcode": "code"},
        Population(free_mail=0.8, moves=0.1, together=False), about(2.2),
        {"web": {"phone": 0.6, "device": 0.3, "postcode": 0.5}, "shop": {"device": 1.0, "phone": 0.3, "email": 0.2}},
        {"email": (("typing", 0.02),), "phone": (("digit", 0.02),)}, placeholders=0.02)),
    _of("archive", "scanned full names, dates and places", 3500, Sheet(
        {"full_name": "full_name", "birth_date": "date", "birth_place": "text", "number": "identifier"},
        Population({"de_DE": 1.0}, zipf=0.6, born=(1880, 1950)), about(3.0),
        {"one": {"birth_date": 0.1, "birth_place": 0.15, "number": 0.7}},
        {"full_name": (("ocr", 0.35), ("cut", 0.0)), "birth_date": (("digit", 0.1), ("day_and_month", 0.03)),
         "birth_place": (("ocr", 0.2),), "number": (("digit", 0.1),)})),
    _of("calls", "a call centre: names as heard, numbers of households, fields cut off", 4500, Sheet(
        {**WHOLE_NAME, "phone": "phone", "city": "text", "postcode": "code"},
        Population(households=0.3, moves=0.08), about(2.6),
        {"one": {"first_name": 0.1, "phone": 0.15, "city": 0.3, "postcode": 0.4}},
        {"first_name": (("phonetic", 0.2), ("nickname", 0.1)), "last_name": (("phonetic", 0.2), ("cut", 0.05)),
         "phone": (("digit", 0.04),)}, switchboard=0.2)),
    _of("world", "many countries and scripts; one system drops the marks", 5000, Sheet(
        {**WHOLE_NAME, "email": "email", "phone": "phone", "company": "organization", "country_id": "identifier"},
        WORLD, about(2.4),
        {"old": {"country_id": 0.7, "phone": 0.5}, "new": {"country_id": 0.8, "company": 0.3, "email": 0.1}},
        {"first_name": (("unmarked", 0.4), ("typing", 0.02)), "last_name": (("unmarked", 0.4), ("typing", 0.02))},
        swapped=0.05)),
    _of("loyalty", "hardly any duplicates, few very frequent names, mailboxes of families", 15000, Sheet(
        {**WHOLE_NAME, "email": "email", "birth_date": "date", "postcode": "code"},
        Population({"en_GB": 1.0}, zipf=1.0, rare_surnames=0.1, households=0.4, free_mail=1.0, moves=0.05),
        about(1.2), {"one": {"email": 0.2, "birth_date": 0.3, "postcode": 0.1}},
        {"first_name": (("typing", 0.02),), "last_name": (("typing", 0.02),), "birth_date": (("digit", 0.01),)},
        family_mailbox=0.5)),
    _of("tickets", "twelve records a person: support tickets with switchboards and role mailboxes", 900, Sheet(
        {"full_name": "full_name", "email": "email", "phone": "phone", "company": "organization"},
        Population(firms=15, moves=0.1), uneven(12, 60),
        {"mail": {"phone": 0.8, "company": 0.6}, "phone": {"email": 0.6, "company": 0.3, "full_name": 0.1}},
        {"full_name": (("typing", 0.05), ("nickname", 0.0)), "email": (("typing", 0.01),)},
        switchboard=0.5, role_mailboxes=0.06, placeholders=0.02)),
    _of("pupils", "school rolls: swapped names, numbers with slips, siblings at one address", 5000, Sheet(
        {**WHOLE_NAME, "birth_date": "date", "pupil": "identifier", "street": "text", "phone": "phone"},
        Population(locales={"en_US": 0.6, "es_ES": 0.4}, households=0.3, born=(2005, 2016), moves=0.15), about(2.5),
        {"one": {"pupil": 0.4, "phone": 0.5, "birth_date": 0.05}},
        {"first_name": (("nickname", 0.08), ("cut", 0.05)), "last_name": (("typing", 0.03), ("cut", 0.05)),
         "birth_date": (("day_and_month", 0.03), ("digit", 0.02)), "pupil": (("digit", 0.05),),
         "street": (("typing", 0.05),)}, swapped=0.06)),
    _of("two_lists", "two clean lists to be linked, without duplicates in either", 10000, Sheet(
        {**WHOLE_NAME, "birth_date": "date", "postcode": "code", "city": "text"},
        EUROPE, sources={"register": {}, "survey": {"birth_date": 0.2, "postcode": 0.2}},
        errors={"first_name": (("unmarked", 0.1), ("typing", 0.02)), "last_name": (("unmarked", 0.1),)},
        once_a_source=True)),
    _of("movers", "everything but the name changes, each for itself", 5000, Sheet(
        {**WHOLE_NAME, "email": "email", "phone": "phone", "company": "organization", "street": "text"},
        Population(EUROPE.locales, zipf=0.4, moves=0.45, together=False, free_mail=0.4, married=0.1), about(3.0),
        {"one": {"phone": 0.3, "email": 0.2, "company": 0.3, "street": 0.3}},
        {"first_name": (("typing", 0.02), ("initial", 0.05)), "last_name": (("typing", 0.02),)})),
    _of("forum", "user names and addresses, sparse real names", 6000, Sheet(
        {"username": "identifier", "full_name": "full_name", "email": "email", "city": "text"},
        Population(EUROPE.locales | {"en_US": 0.4}, free_mail=0.85, numbered=0.6, moves=0.1), about(2.4),
        {"forum": {"full_name": 0.7, "email": 0.3}, "shop": {"username": 0.8, "full_name": 0.2, "city": 0.3}},
        {"username": (("capitals", 0.1),), "full_name": (("typing", 0.02),)})),
    _of("contacts", "one to three addresses and numbers in a cell, of all that a person ever had", 4000, Sheet(
        {**WHOLE_NAME, "email": "email", "phone": "phone", "company": "organization"},
        Population(free_mail=0.5, moves=0.25, together=False, numbered=0.5), about(2.6),
        {"crm": {"phone": 0.3, "company": 0.1}, "shop": {"first_name": 0.4, "last_name": 0.4, "company": 0.7}},
        {"first_name": (("nickname", 0.1), ("typing", 0.03)), "last_name": (("typing", 0.03),)},
        switchboard=0.1, further=0.4)),
    _of("wage_slips", "national numbers, employers and addresses that change together", 4000, Sheet(
        {**WHOLE_NAME, "ssn": "identifier", "company": "organization", "street": "text", "postcode": "code"},
        Population(households=0.3, moves=0.3), about(2.6),
        {"form": {"street": 0.05}, "survey": {"ssn": 1.0, "company": 0.6}},
        {"first_name": (("nickname", 0.06), ("typing", 0.03)), "last_name": (("typing", 0.03),),
         "ssn": (("digit", 0.04),), "street": (("ocr", 0.06),)})),
)  # fmt: skip
HOME = tuple(
    Family(mix, "made while the engine was built", made.SPECS[mix], lambda n, s, m=mix: made.make(m, n, s), people)
    for mix, people in (("customers", 5000), ("patients", 6000), ("contributors", 4000))
)
COMMITTERS = Family("committers", "commit authors with handles, a code host's addresses and machines'",
                    committers.COLUMNS, committers.make, 3500)  # fmt: skip
FAMILIES = (*MADE, COMMITTERS, *HOME, *(Family(*given) for given in others.FAMILIES))
