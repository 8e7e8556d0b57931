"""What becomes of profile ids when people arrive, leave, merge and split."""

import uuid
from datetime import timedelta

import pytest

from include.identity.crosswalk.assign import NAMESPACE
from tests.weeks import MONDAY, Weeks


def founded_by(record):
    return str(uuid.uuid5(NAMESPACE, record))


@pytest.fixture
def weeks():
    return Weeks()


def test_an_id_is_the_uuid_of_the_earliest_record(weeks):
    ids = weeks.run("cab d")
    assert ids == {"a": founded_by("a"), "b": founded_by("a"), "c": founded_by("a"), "d": founded_by("d")}
    assert weeks.kinds == sorted([("created", founded_by("a"), None), ("created", founded_by("d"), None)])


def test_the_same_people_again_change_nothing(weeks):
    first = weeks.run("ab c")
    assert weeks.run("ab c", shuffle=1) == first
    assert weeks.events == []


def test_a_new_record_joins_without_an_event(weeks):
    first = weeks.run("bc d")
    later = weeks.run("abc d")
    assert later == {**first, "a": first["b"]}
    assert weeks.events == []


def test_on_merge_the_oldest_id_survives(weeks):
    first = weeks.run("c")
    weeks.run("c ab")
    merged = weeks.run("cab")
    assert set(merged.values()) == {first["c"]}, "c came first, though a was created before it"
    assert weeks.aliases == {founded_by("a"): first["c"]}
    assert weeks.kinds == [("merged", founded_by("a"), first["c"])]


def test_on_split_the_larger_part_keeps_the_id(weeks):
    first = weeks.run("abcde")
    split = weeks.run("ab cde")
    assert {split[r] for r in "cde"} == {first["a"]}
    assert split["a"] == split["b"] != first["a"]
    assert weeks.kinds == [("split", split["a"], first["a"])]


def test_a_record_that_founded_an_id_founds_another_under_another_name(weeks):
    weeks.run("abc")
    split = weeks.run("a bc")
    assert split["b"] == founded_by("a")
    assert split["a"] == str(uuid.uuid5(NAMESPACE, "a\x1f2"))


def test_an_even_split_leaves_the_id_with_the_founder(weeks):
    weeks.run("abcd")
    split = weeks.run("cd ab")
    assert split["a"] == founded_by("a")


def test_an_even_split_leaves_the_id_with_the_part_that_did_not_change(weeks):
    weeks.run("abcd")
    split = weeks.run("cd ab", changed=["b"])
    assert split["c"] == founded_by("a") != split["a"]


@pytest.mark.parametrize("parts", ["ab c", "a bcd"])
def test_merging_and_splitting_gives_back_both_ids(weeks, parts):
    first = weeks.run(parts)
    weeks.run(parts.replace(" ", ""))
    assert weeks.run(parts) == first
    assert weeks.kinds == [("restored", first[parts[-1]], first["a"])]
    assert weeks.aliases == {}


def test_splitting_and_merging_again_restores_the_whole_and_splitting_again_the_part(weeks):
    first = weeks.run("abc")
    split = weeks.run("ab c")
    assert weeks.run("abc") == first
    assert weeks.run("ab c") == split


def test_chains_of_aliases_resolve_in_one_look_up(weeks):
    first = weeks.run("a b c")
    weeks.run("a bc")
    weeks.run("abc")
    assert weeks.aliases == {first["b"]: first["a"], first["c"]: first["a"]}
    weeks.run("ac b")
    assert weeks.aliases == {first["c"]: first["a"]}


def test_a_record_that_leaves_changes_nothing_else(weeks):
    weeks.run("a bc")
    merged = weeks.run("abc")
    assert weeks.run("bc") == {"b": merged["a"], "c": merged["a"]}, "even when it was the founder's own"
    assert weeks.run("abc") == merged


def test_a_profile_lives_on_in_what_had_merged_into_it_and_stays_there(weeks):
    first = weeks.run("a b c")
    weeks.run("ab c")
    assert weeks.run("b c")["b"] == first["a"]
    weeks.run("bc")
    assert weeks.run("b c") == {"b": first["a"], "c": first["c"]}


def test_a_person_who_leaves_is_retired_and_gets_the_id_back_on_return(weeks):
    first = weeks.run("a bc")
    assert weeks.run("a") == {"a": first["a"]}
    assert weeks.kinds == [("retired", first["b"], None)]
    weeks.run("a")
    assert weeks.run("a bc") == first
    assert weeks.kinds == [("restored", first["b"], None)]


def test_a_profile_that_loses_a_record_at_the_source_keeps_it_and_tells_once(weeks):
    first = weeks.run("ab c")
    assert weeks.run("ab c", gone="a") == first
    assert [(e["kind"], e["profile_id"], e["evidence"]) for e in weeks.events] == [
        ("lost", first["a"], "a|deleted at the source")
    ]
    assert weeks.departures == {"departed.crm.deleted": 1, "departed.crm.lost": 1}
    assert weeks.run("ab c", gone="a") == first
    assert weeks.events == [] and weeks.departures == {}


def test_a_profile_whose_last_record_goes_is_retired_with_the_cause_and_comes_back_as_it_was(weeks):
    first = weeks.run("ab c")
    weeks.run("ab c", gone="a")
    assert weeks.run("ab c", gone="ab") == {"c": first["c"]}
    assert [(e["kind"], e["profile_id"], e["records"], e["evidence"]) for e in weeks.events] == [
        ("retired", first["a"], 0, "b|deleted at the source")
    ]
    assert weeks.departures == {"departed.crm.deleted": 1, "departed.crm.ended": 1}
    assert weeks.run("ab c", gone="ab") == {"c": first["c"]}
    assert weeks.events == []
    assert weeks.run("ab c", gone="a") == first
    assert weeks.kinds == [("restored", first["b"], None)]


def test_a_person_who_is_first_seen_deleted_is_nobody(weeks):
    assert set(weeks.run("a b", gone="a")) == {"b"}
    assert weeks.kinds == [("created", founded_by("b"), None)]
    assert weeks.departures == {}


def test_a_merge_at_the_source_is_the_cause_of_the_merge_here(weeks):
    first = weeks.run("a b")
    assert set(weeks.run("ab", edges=[("a", "b", 9.0)], merged=[("b", "a")]).values()) == {first["a"]}
    assert [(e["kind"], e["profile_id"], e["evidence"]) for e in weeks.events] == [
        ("merged", first["b"], "b|a|merged into another at the source")
    ]
    assert weeks.departures == {"departed.crm.merged": 1, "departed.crm.joined": 1}


def test_an_unrelated_record_changes_no_id(weeks):
    first = weeks.run("bc de f")
    assert weeks.run("bc a de f").items() > first.items()


def test_history_tells_where_a_record_was(weeks):
    first = weeks.run("a b")
    weeks.run("ab")
    weeks.run("a b")
    rows = weeks.memory["history_before"].sort_by([("record_id", "ascending"), ("since", "ascending")]).to_pylist()
    week = timedelta(days=7)
    assert [(r["record_id"], r["profile_id"], r["since"], r["until"]) for r in rows] == [
        ("b", first["b"], MONDAY, MONDAY + week),
        ("b", first["a"], MONDAY + week, MONDAY + 2 * week),
    ]


def test_a_stewards_alias_decides_who_survives_and_taking_it_back_restores(weeks):
    first = weeks.run("a b")
    decision = ("d1", "alias", "a", "b")
    joined = weeks.run("ab", yielding=[first["a"]], decisions=[decision])
    assert set(joined.values()) == {first["b"]}
    assert weeks.kinds == sorted([("merged", first["a"], first["b"]), ("steward", first["b"], first["b"])])
    assert weeks.run("a b") == first
    assert ("steward", first["a"], first["b"]) in weeks.kinds


def test_a_merge_names_the_strongest_pair_or_the_decision(weeks):
    weeks.run("ab cd")
    weeks.run("abcd", edges=[("a", "c", 3.0), ("b", "d", 9.0), ("a", "b", 20.0)])
    assert [event["evidence"] for event in weeks.events] == ["b|d|email=1"]
    weeks.run("ab cd", decisions=[("d7", "never", "a", "c")])
    assert {event["kind"]: event["evidence"] for event in weeks.events} == {
        "restored": "decision|d7",
        "steward": "decision|d7|taken",
    }
