"""Which groups of records are held back alone."""

import math

import duckdb
import pyarrow as pa
import pytest

from include.contracts.identity import APPLIED, CROSSWALK, EDGE
from include.identity.crosswalk.guard import guard
from include.identity.settings import Stewardship
from tests.weeks import BEFORE, MONDAY, PROPOSED


class Judge:
    """Judges pairs by the probabilities given; all others are as unlikely as any two records."""

    prior = -9.0

    def __init__(self, likely):
        self.likely = likely

    def judge(self, record_a, record_b):
        rows = [self._row(*pair) for pair in zip(record_a.to_pylist(), record_b.to_pylist(), strict=True)]
        return pa.Table.from_pylist(rows, EDGE.schema)

    def _row(self, a, b):
        logit = math.log(p / (1 - p)) if (p := self.likely.get(a + b)) else self.prior
        return dict(zip(EDGE.names, (a, b, logit / math.log(2), p or 0.0, "review", "closure", "e"), strict=True))


def guarded(found, before="", **given):
    """Groups as "ab:0.5 c" (members and confidence) in, the same written after the guard out."""
    groups: dict[int, str] = {}
    query = "SELECT record_id, cluster FROM clusters ORDER BY record_id"
    for record, cluster in run_guard(found, before, **given).execute(query).fetchall():
        groups[cluster] = groups.get(cluster, "") + record
    return " ".join(sorted(groups.values()))


def run_guard(found, before="", *, ties=(), likely=None, decisions=(), taken_back=(), **limits):
    rows = [
        (record, number, float(group.partition(":")[2] or 1))
        for number, group in enumerate(found.split())
        for record in group.partition(":")[0]
    ]
    known = [(r, person, 0.99, MONDAY, person) for person in before.split() for r in person]
    edges = [(a, b, weight, 0.95, "match", "email", "email=equal") for a, b, weight in ties]
    applied = [("d", kind, a, b, "in force") for kind, a, b in decisions]
    gone = [("gone", kind, a, b, "in force") for kind, a, b in taken_back]
    tables = {
        "found": (rows, ("record_id", "cluster", "confidence"), None),
        "crosswalk_before": (known, CROSSWALK.names, CROSSWALK.schema),
        "edge_given": (edges, EDGE.names, EDGE.schema),
        "applied_now": (applied, APPLIED.names, APPLIED.schema),
        "applied_before": ([*applied, *gone], APPLIED.names, APPLIED.schema),
        "merged_now": ([], ("record_a", "record_b"), pa.schema([("record_a", pa.string()), ("record_b", pa.string())])),
    }
    connection = duckdb.connect()
    for name, (given, names, schema) in tables.items():
        connection.register(name, pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in given], schema))
    connection.execute("CREATE TEMP TABLE edge AS FROM edge_given").complete()
    guard(connection, BEFORE, PROPOSED, Stewardship(**{"largest_profile": 9, **limits}), Judge(likely or {}))
    return connection


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
    assert guarded("abcde fg", "ab c", largest_profile=4) == "ab c d e fg"


def test_the_guard_on_merges_can_be_switched_off():
    assert guarded("abcd:0.1", "ab cd", merge_confidence=0) == "abcd"


@pytest.mark.parametrize(
    ("found", "before", "likely", "after"),
    [
        ("ab c", "abc", {"ac": 0.3, "bc": 0.3}, "abc"),
        ("ab c", "abc", {"ac": 0.01, "bc": 0.01}, "ab c"),
        ("ab c", "", {"ac": 0.3, "bc": 0.3}, "ab c"),
        ("abd cx", "abc", {"ac": 0.9, "bc": 0.9, "cd": 0.9, "ax": 0.9, "bx": 0.9, "dx": 0.9}, "abcdx"),
        ("abc de", "abcd e", {"ad": 0.3, "bd": 0.3, "cd": 0.3}, "abc de"),
        ("ab c d", "abcd", {"ac": 0.3, "bc": 0.3}, "abc d"),
    ],
    ids=[
        "a known profile stays one while its parts are linked",
        "but falls apart when hardly a link remains",
        "a first run knows no profiles",
        "new records stay with the part they joined",
        "a record that moves to another known profile may go",
        "each part that leaves is judged by itself",
    ],
)
def test_a_known_profile_falls_apart_on_clear_evidence_only(found, before, likely, after):
    assert guarded(found, before, likely=likely) == after


def test_what_a_kept_part_hangs_on_is_known_even_where_no_blocking_rule_proposed_it():
    connection = run_guard("ab:0.8 c", "abc", likely={"ac": 0.6, "bc": 0.2})
    assert connection.execute("SELECT record_a, record_b FROM kept").fetchall() == [("a", "c")]
    assert connection.execute("SELECT record_a, record_b FROM edge").fetchall() == [("a", "c")]
    ((weakest, surest),) = connection.execute("SELECT min(confidence), max(confidence) FROM clusters").fetchall()
    assert weakest == surest == pytest.approx(0.401, abs=0.001)


@pytest.mark.parametrize(
    ("decisions", "taken_back"),
    [([("never", "a", "c")], []), ([], [("always", "b", "c")]), ([], [("alias", "b", "c")])],
)
def test_a_profile_that_a_steward_parts_falls_apart_at_once(decisions, taken_back):
    likely = {"ac": 0.4, "bc": 0.4}
    assert guarded("ab c", "abc", likely=likely, decisions=decisions, taken_back=taken_back) == "ab c"


def test_profiles_that_a_steward_parted_merge_at_once_when_that_is_taken_back():
    assert guarded("abc:0.6", "ab c", taken_back=[("never", "a", "c")]) == "abc"


def test_a_part_does_not_return_to_a_profile_that_would_be_too_large():
    assert guarded("ab c", "abc", likely={"ac": 0.4, "bc": 0.4}, largest_profile=2) == "ab c"


def test_the_guard_on_splits_can_be_switched_off():
    assert guarded("ab c", "abc", likely={"ac": 0.9, "bc": 0.9}, split_confidence=1) == "ab c"
