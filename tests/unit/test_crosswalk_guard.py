"""Which groups of records are held back alone."""

import duckdb
import pyarrow as pa
import pytest

from include.contracts.identity import APPLIED, CROSSWALK, EDGE
from include.identity.crosswalk_guard import guard
from tests.weeks import MONDAY


def guarded(found, before="", *, ties=(), decisions=(), largest=9, surest=0.9):
    """Groups as "ab:0.5 c" (members and confidence) in, the same written after the guard out."""
    rows = [
        (record, number, float(group.partition(":")[2] or 1))
        for number, group in enumerate(found.split())
        for record in group.partition(":")[0]
    ]
    known = [(r, person, 0.99, MONDAY, person) for person in before.split() for r in person]
    edges = [(a, b, weight, 0.95, "match", "email", "email=equal") for a, b, weight in ties]
    applied = [("d", kind, a, b, "in force") for kind, a, b in decisions]
    tables = {
        "found": (rows, ("record_id", "cluster", "confidence"), None),
        "crosswalk_before": (known, CROSSWALK.names, CROSSWALK.schema),
        "edge": (edges, EDGE.names, EDGE.schema),
        "applied_now": (applied, APPLIED.names, APPLIED.schema),
    }
    connection = duckdb.connect()
    for name, (given, names, schema) in tables.items():
        connection.register(name, pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in given], schema))
    guard(connection, largest=largest, surest=surest)
    groups: dict[int, str] = {}
    for record, cluster in connection.execute("SELECT record_id, cluster FROM clusters ORDER BY record_id").fetchall():
        groups[cluster] = groups.get(cluster, "") + record
    return " ".join(sorted(groups.values()))


@pytest.mark.parametrize(
    ("found", "before", "after"),
    [
        ("ab:0.6 c", "", "ab c"),
        ("ab:0.6 c", "ab c", "ab c"),
        ("abcd:0.6", "ab cd", "ab cd"),
        ("abcd:0.95", "ab cd", "abcd"),
        ("abc:0.6", "ab", "abc"),
        ("bc:0.6 a", "ab c", "a bc"),
    ],
    ids=[
        "on a first run every group passes",
        "a group that is one profile already passes",
        "two known profiles do not merge on a weak link",
        "but on a strong one",
        "a new record may join on a weak link",
        "a record that changes sides is no merge of profiles",
    ],
)
def test_known_profiles_merge_on_strong_links_only(found, before, after):
    assert guarded(found, before) == after


def test_new_records_of_a_held_group_go_where_they_match_best_or_stay_alone():
    ties = [("n", "a", 4.0), ("n", "d", 9.0)]
    assert guarded("abcdnx:0.6", "ab cd", ties=ties) == "ab cdn x"


def test_what_a_steward_joined_is_never_held():
    assert guarded("abcd:0.5", "ab cd", decisions=[("always", "a", "c")]) == "abcd"


def test_a_group_too_large_stays_as_it_was():
    assert guarded("abcde fg", "ab c", largest=4) == "ab c d e fg"


def test_the_guard_on_merges_can_be_switched_off():
    assert guarded("abcd:0.1", "ab cd", surest=0) == "abcd"
