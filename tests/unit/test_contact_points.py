"""Contact points: which addresses and numbers a profile has, and which come first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from include.contracts import staged
from include.contracts.profiles import CONSENT
from include.identity.records import read_records
from include.profiles.contact import contact_points, deliverability, sightings
from include.profiles.members import member_records
from include.profiles.settings import read_settings
from include.storage.engine import Engine
from tests.people import crosswalk, found, on, people, person, rows

CONFIG = Path("include/config")


def test_what_a_record_has_besides_is_a_contact_point_too_and_comes_after_what_one_has_first() -> None:
    first = person("usage.user:2", email="ann@old.example", updated_at=on(2020))
    further = person(
        "crm.contact:1", email="ann@new.example", other_emails="a.poe@new.example; ann@old.example",
        phone="+493055501", other_phones="+493055502 x12", updated_at=on(2026),
    )  # fmt: skip
    rules = read_settings(CONFIG)
    records = people(first, further)
    seen = sightings(member_records(crosswalk(P="crm.contact:1 usage.user:2"), records, rules.sources))
    nothing = rows(staged.EMAIL_ACTIVITY, [])
    points = contact_points(seen, deliverability(nothing, records), rows(CONSENT, []), rules.contact_points)
    told = {(row["type"], row["value"], row["is_primary"], row["records"]) for row in found(points)}
    assert {point for point in told if point[0] in ("email", "phone")} == {
        ("email", "ann@new.example", True, 1), ("email", "ann@old.example", False, 2),
        ("email", "a.poe@new.example", False, 1), ("phone", "+493055501", True, 1), ("phone", "+493055502", False, 1),
    }  # fmt: skip
    without = people(person("crm.contact:1", other_emails="a.poe@new.example"))
    alone = sightings(member_records(crosswalk(P="crm.contact:1"), without, rules.sources))
    points = contact_points(alone, deliverability(nothing, without), rows(CONSENT, []), rules.contact_points)
    assert [row["is_primary"] for row in found(points) if row["type"] == "email"] == [True]


def test_records_that_were_staged_before_further_values_were_kept_have_none() -> None:
    before = people(person("crm.contact:1", phone="+493055501")).drop("phone_extension", "other_emails", "other_phones")
    engine = SimpleNamespace(read=lambda table, at: before)
    (row,) = found(read_records(cast(Engine, engine), None))
    assert (row["phone"], row["other_emails"], row["other_phones"]) == ("+493055501", None, None)
