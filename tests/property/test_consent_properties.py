"""The strictest consent under random sequences of imports, explicit events, erasures, merges and splits."""

import ibis
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.profiles import CONSENT
from include.profiles.consent import of_profiles, remember
from tests.people import consents, found, on, rows, said

RECORDS = ("crm.contact:1", "usage.user:2", "email.prospect:3")
POINTS = ("a@x.example", "b@y.example")

statement = st.builds(
    lambda record, status, day, point, explicit: said(record, status, on(2024, 1, day), point=point, explicit=explicit),
    st.sampled_from(RECORDS),
    st.sampled_from(["opted_in", "opted_out"]),
    st.integers(1, 9),
    st.sampled_from(POINTS),
    st.booleans(),
)
# A week's import is all that the sources say then: whoever is missing from it was erased or deleted.
weeks = st.lists(st.lists(statement, max_size=4), min_size=1, max_size=4)
groupings = st.lists(st.integers(0, 1), min_size=len(RECORDS), max_size=len(RECORDS))


def plainly(history, owner):
    """The same rule in plain words: {profile: consent}."""
    told = [one for week in history for one in week]
    status = {}
    for point in POINTS:
        outs = [one["at"] for one in told if one["point"] == point and one["status"] == "opted_out"]
        ins = [
            one["at"] for one in told if one["point"] == point and one["status"] == "opted_in" and one["is_explicit"]
        ]
        if any(one["point"] == point for one in told):
            status[point] = "opted_out" if outs and not (ins and max(ins) > max(outs)) else "opted_in"
    return {
        profile: max(status[one["point"]] for one in told if owner[one["record_id"]] == profile)
        for profile in {owner[one["record_id"]] for one in told}
    }


@settings(max_examples=15, deadline=None)
@given(weeks, groupings)
def test_a_profile_is_as_strict_as_the_strictest_point_its_records_ever_spoke_of(history, grouping):
    owner = {record: f"P{group}" for record, group in zip(RECORDS, grouping, strict=True)}
    memory = rows(CONSENT, [])
    for week in history:
        memory = rows(CONSENT, found(remember(memory, consents(*week))))
    owners = ibis.memtable([{"record_id": record, "profile_id": profile} for record, profile in owner.items()])
    nothing = ibis.memtable([{"profile_id": "none", "type": "email", "value": "none"}])
    told = {row["profile_id"]: row["consent"] for row in found(of_profiles(memory, nothing, owners))}
    assert told == plainly(history, owner)
