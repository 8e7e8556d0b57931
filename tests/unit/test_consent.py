"""Consent: an opt-out holds until a newer explicit opt-in, whatever becomes of records and profiles."""

from hashlib import sha256

import ibis
import pytest

from include.contracts.profiles import CONSENT
from include.profiles.consent import of_points, of_profiles, read_anew, remember
from include.profiles.history import former_values
from tests.people import consents, crosswalk, found, on, people, person, rows, said

NOTHING = rows(CONSENT, [])


def remembered(*weeks):
    """The memory after each week's statements."""
    memory = NOTHING
    for statements in weeks:
        memory = rows(CONSENT, found(remember(memory, consents(*statements))))
    return memory


def point_status(*weeks):
    return [row["consent"] for row in found(of_points(remembered(*weeks)))]


OUT = said("crm.contact:1", "opted_out", on(2024))


@pytest.mark.parametrize(
    ("later", "status"),
    [
        ([said("crm.contact:1", "opted_in", on(2025))], "opted_out"),
        ([said("usage.user:7", "opted_in", on(2025))], "opted_out"),
        ([], "opted_out"),
        ([said("crm.contact:1", "opted_in", on(2023), explicit=True)], "opted_out"),
        ([said("crm.contact:1", "opted_in", on(2024), explicit=True)], "opted_out"),
        ([said("crm.contact:1", "opted_in", on(2025), explicit=True)], "opted_in"),
        ([said("usage.user:7", "opted_in", on(2025), explicit=True)], "opted_in"),
    ],
    ids=[
        "a field of an import says yes",
        "a re-created record says yes",
        "the record is gone",
        "an explicit yes that is older",
        "an explicit yes of the same moment",
        "an explicit yes that is newer",
        "the same by another record of the address",
    ],
)
def test_only_a_newer_explicit_opt_in_lifts_an_opt_out(later, status):
    assert point_status([OUT], later) == [status]


def test_opting_out_again_after_an_explicit_opt_in_holds():
    back = said("crm.contact:1", "opted_in", on(2025), explicit=True)
    assert point_status([OUT], [back], [said("crm.contact:1", "opted_out", on(2026))]) == ["opted_out"]


def test_without_any_opt_out_an_opt_in_of_an_import_counts():
    assert point_status([said("crm.contact:1", "opted_in", on(2024))]) == ["opted_in"]


def test_remembering_the_same_twice_changes_nothing():
    once = remembered([OUT])
    assert found(remembered([OUT], [OUT])) == found(once)


def test_a_statement_without_a_time_counts_from_when_its_row_was_true():
    (row,) = found(remembered([said("crm.contact:1", "opted_out", None)]))
    assert row["opted_out_at"] == on(2026)


def test_the_memory_holds_no_address():
    (row,) = found(remembered([OUT]))
    assert "a@x.example" not in str(row)


def profile_status(memory, owners, points=()):
    given = [{"profile_id": p, "type": "email", "value": v} for p, v in points] or [
        {"profile_id": "none", "type": "email", "value": "none"}
    ]
    told = of_profiles(memory, ibis.memtable(given), owners.select("record_id", "profile_id"))
    return {row["profile_id"]: row["consent"] for row in found(told)}


def test_a_merged_profile_has_the_strictest_consent_and_a_split_gives_each_its_own():
    memory = remembered([OUT, said("usage.user:2", "opted_in", on(2024), point="b@y.example")])
    assert profile_status(memory, crosswalk(P="crm.contact:1 usage.user:2")) == {"P": "opted_out"}
    apart = profile_status(memory, crosswalk(P="crm.contact:1", Q="usage.user:2"))
    assert apart == {"P": "opted_out", "Q": "opted_in"}


def test_a_new_address_does_not_undo_the_opt_out_of_its_record():
    moved = said("crm.contact:1", "opted_in", on(2025), point="new@z.example")
    assert profile_status(remembered([OUT], [moved]), crosswalk(P="crm.contact:1")) == {"P": "opted_out"}


def test_an_opted_out_address_binds_whoever_carries_it_later():
    assert profile_status(remembered([OUT]), crosswalk(), [("Q", "a@x.example")]) == {"Q": "opted_out"}


def test_an_opt_out_without_an_address_binds_the_profile_of_its_record():
    memory = remembered([said("crm.contact:1", "opted_out", on(2024), point=None)])
    assert profile_status(memory, crosswalk(P="crm.contact:1 usage.user:2")) == {"P": "opted_out"}


def test_a_corrected_region_takes_an_opt_out_from_the_misread_number_to_the_right_one():
    wrong, right = {"phone": "+493055501234"}, {"phone": "+13055501234"}
    words = {"phone_received": "305 550-1234", "email": "a@x.example", "email_received": "a@x.example"}
    refused = {"purpose": "phone_marketing"}
    misread = people(person("crm.contact:1", **words, **wrong), person("crm.lead:2", phone="+1", phone_received="1"))
    corrected = people(person("crm.contact:1", **words, **right), person("crm.lead:2", phone="+2", phone_received="2"))
    memory = rows(CONSENT, found(remember(NOTHING, consents(
        said("crm.contact:1", "opted_out", on(2024), point=wrong["phone"], **refused),
        said("crm.lead:2", "opted_out", on(2024), point="+1", **refused),
    ))))  # fmt: skip
    for before, now, point in ((misread, corrected, right), (corrected, misread, wrong)):
        memory = rows(CONSENT, found(remember(memory, consents(), read_anew(before, now))))
        kept = {row["record_id"]: row["point_digest"] for row in found(memory)}
        assert kept["crm.contact:1"] == sha256(point["phone"].encode()).hexdigest()
        assert kept["crm.lead:2"] == sha256(b"+1").hexdigest()  # it named another number by then: its word stays


def test_words_that_are_read_otherwise_are_no_former_value():
    before = people(person("crm.contact:1", phone="+493055501234", phone_received="305 550-1234", title="CMO"))
    now = people(person("crm.contact:1", phone="+13055501234", phone_received="305 550-1234", title="CEO"))
    assert [(row["attribute"], row["value"]) for row in found(former_values(before, now))] == [("title", "CMO")]
