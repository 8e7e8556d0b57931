"""What happened to a person, from tables of several stages in one statement."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from include.answers.profile import ProfileExplained
from include.answers.timeline import Happening, timeline
from include.contracts.segments import SEGMENT_EVENT
from include.storage.readers import lake_reader
from tests.small_company import AS_OF, SmallCompany

EVENT = {"event_id": "e", "on_date": AS_OF - timedelta(days=9), "kind": "merged", "other_profile_id": "p9"}


def found(profile: str, *records: str) -> ProfileExplained:
    """A profile as it is explained, of these records."""
    rows = [{"record_id": record} for record in records]
    return ProfileExplained(profile, profile, 0.9, rows, (), (), None, (), [EVENT], (), (), ())


def happened(company: SmallCompany, profile: str, *records: str, limit: int = 60, zone: str = "UTC") -> list[Happening]:
    for ref in company.save().values():
        company.project.lake.point(ref)
    with lake_reader(company.project) as reader:
        return timeline(reader, found(profile, *records), limit, zone)


def day(ago: int) -> date:
    return AS_OF - timedelta(days=ago)


def test_what_a_person_did_and_what_reached_them_is_told_by_day_the_newest_first(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path)
    company.answer("n1", 3, day(4), "nps.response:1")
    company.use("u1", day(2), times=3, feature="boards")
    company.use("u1", day(2), is_core=False, feature="settings")
    company.mail("m1", "open", day(1), mailing="news", is_machine=True)
    company.mail("m1", "sent", day(3), mailing="news")
    company.answer("stranger", 9, day(1))
    company.add(SEGMENT_EVENT, segment_key="lapsed", member_id="p1", on_date=AS_OF, kind="entry", cause="person")
    told = happened(company, "p1", "n1", "u1", "m1")
    assert [(one.on, one.kind, one.about, one.times) for one in told] == [
        (AS_OF, "segment entry", "lapsed", 1),
        (day(1), "open machine", "news", 1),
        (day(2), "used", "boards", 3),
        (day(3), "sent", "news", 1),
        (day(4), "answered", "3", 1),
        (day(9), "merged", "p9", 1),
    ]
    assert told[-2].record == "nps.response:1"


def test_days_are_those_of_the_deployments_zone(tmp_path: Path) -> None:
    """As everywhere: an answer of the evening in London is of the next day in Tokyo."""
    company = SmallCompany(tmp_path)
    company.answer("n1", 3, day(4))
    company.answer("n1", 4, day(2), hour=23)
    told = happened(company, "p1", "n1", zone="Asia/Tokyo")
    assert [one.on for one in told] == [day(1), day(4), day(9)]


def test_a_company_without_such_tables_has_what_the_profile_itself_tells(tmp_path: Path) -> None:
    told = happened(SmallCompany(tmp_path), "p1", "n1")
    assert [one.kind for one in told] == ["merged"]


def test_no_more_is_told_than_was_asked_for(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path)
    company.use("u1", *(day(n) for n in range(8)), feature="boards")
    assert [one.on for one in happened(company, "p1", "u1", limit=3)] == [day(0), day(1), day(2)]
