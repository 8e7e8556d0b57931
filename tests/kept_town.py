"""A town of forty people and its exports, a day at a time: what homes are made from that outlive a version."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.export_files import Company, call

FIRST_DAY = date(2026, 10, 29)
GIVEN = ("Annabel", "Benedict", "Cleopatra", "Dietrich", "Eleonore", "Fridolin", "Gwendolyn", "Humphrey")
FAMILY = ("Quillfeather", "Ostrander", "Zwingli", "Montefiore", "Abernathy")
FIRMS = ("Norvik", "Evergreen", "Tessera", "Halcyon", "Lumen")
SEGMENTS = {"unhappy": "nps_class = 'detractor' and has_email", "users": "usage_tier != 'none'"}
SYNC = {
    "segment": "unhappy", "owner": "customer-success", "purpose": "email_marketing",
    "key": {"email": "email"}, "fields": {"first_name": "first_name"}, "settings": {"table": "audience"},
}  # fmt: skip
AUDIENCE = "CREATE TABLE audience (email text PRIMARY KEY, first_name text)"  # where the list is kept
PEOPLE, CONTENTED, TITLED, ERASED = 40, 4, 7, 10
STRANGERS = ("crm.contact:00305", "crm.contact:00313")


def day(number: int) -> date:
    """The day of a number, from 1."""
    return FIRST_DAY + timedelta(days=number - 1)


def configuration(place: Path) -> None:
    """Write what the town has of its own: two segments, and one of them kept as a list in a table of its warehouse."""
    for folder in ("destinations", "segments"):
        (place / folder).mkdir(parents=True)
    for key, where in SEGMENTS.items():
        segment = {"key": key, "name": key, "owner": "Nina", "purpose": "To be kept.", "where": where}
        (place / "segments" / f"{key}.yaml").write_text(yaml.safe_dump(segment), "utf-8")
    declared = {"kind": "postgres", "connection": "tool", "syncs": {SYNC["segment"]: SYNC}}
    (place / "destinations" / "tool.yaml").write_text(yaml.safe_dump(declared), "utf-8")


def exports(place: Path, number: int) -> None:
    """Write the exports as they are on a day; those of the day before go.

    Each day somebody arrives and one person's title changes; on the second one detractor is content.
    """
    company = Company(place.parent)
    shutil.rmtree(place, ignore_errors=True)
    people = range(1, PEOPLE + number)
    company.write("account", *map(_account, range(len(FIRMS))))
    company.write("contract", *map(_contract, range(len(FIRMS))))
    company.write("contact", *(_contact(n, number) for n in people))
    company.write("prospect", *(_prospect(n) for n in people if n % 2 == 0))
    company.write("person", *({"Person ID": f"{n}", "Email": email(n), "Name": name(n)} for n in people if n % 2 == 0))
    company.write("response", *(_answer(n, number) for n in people if n % 2 == 0))
    for ago in range(20, -number, -1):
        on = FIRST_DAY - timedelta(days=ago)
        company.write_day(on.isoformat(), *_calls(on, people))
    company.fill()
    for folder, _, files in os.walk(place):
        for file in files:  # as old as the day is, so that the same day is the same bytes of an archive
            os.utime(Path(folder, file), (stamp := _noon(day(number)), stamp))


def name(n: int) -> str:
    """The person's full name."""
    return f"{GIVEN[n % len(GIVEN)]} {FAMILY[n % len(FAMILY)]}"


def email(n: int) -> str:
    """The person's address."""
    return f"{name(n).replace(' ', '.').lower()}.{n}@{FIRMS[_firm(n)].lower()}.example"


def _firm(n: int) -> int:
    return n // 3 % len(FIRMS)


def _noon(on: date) -> float:
    return (on - date(1970, 1, 1)).total_seconds() + 43_200


def _account(n: int) -> Mapping[str, str]:
    return {"Id": f"001{n}", "Name": f"{FIRMS[n]} Ltd", "Website": f"{FIRMS[n].lower()}.example"}


def _contract(n: int) -> Mapping[str, str]:
    return {"Id": f"800{n}", "AccountId": f"001{n}", "EndDate": f"2026-1{1 + n % 2}-2{n}"}


def _contact(n: int, number: int) -> Mapping[str, str]:
    first, last = name(n).split()
    title = "Director" if n == TITLED + number else "Analyst"
    return {
        "Id": f"003{n:02}", "AccountId": f"001{_firm(n)}", "FirstName": first, "LastName": last,
        "Email": email(n), "Phone": f"+1415{5550000 + 137 * n}", "Title": title, "SystemModstamp": _moment(day(number)),
    }  # fmt: skip


def _prospect(n: int) -> Mapping[str, str]:
    first, last = name(n).split()
    return {"Prospect Id": f"{500 + n}", "Email": email(n), "First Name": first, "Last Name": last}


def _answer(n: int, number: int) -> Mapping[str, str]:
    score = 9 if n == CONTENTED and number > 1 else n * 3 % 11
    person = {"Person ID": f"{n}", "Email": email(n), "Name": name(n)}
    return {**person, "Response ID": f"{n}", "Score": f"{score}", "Created At": "2026-09-01 08:00:00 UTC"}


def _calls(on: date, people: range) -> Iterator[Mapping[str, Any]]:
    at = f"{on}T10:00:00.000Z"
    for n in people[::3]:
        first, last = name(n).split()
        known = {"userId": f"u{n}", "timestamp": at}
        yield call("identify", 0, **known, traits={"email": email(n), "firstName": first, "lastName": last}) | {
            "messageId": f"i{on}-{n}"
        }
        yield call("track", 0, **known, event="Report Published") | {"messageId": f"t{on}-{n}"}


def _moment(on: date) -> str:
    return f"{on}T01:00:00.000Z"
