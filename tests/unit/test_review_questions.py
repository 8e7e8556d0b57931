"""Which pairs a person is asked about: only those whose answer would change a profile, and one for each question."""

from __future__ import annotations

from dataclasses import fields

import duckdb
import pytest

from include.identity.crosswalk.questions import ask
from include.identity.crosswalk.relations import Assigned, Relation, rows_of
from tests.weeks import GUARDED, PROPOSED

Asked = list[tuple[str, str, int]]


def asked(
    profiles: str, edges: dict[str, float], *, kept: tuple[str, ...] = (), decided: tuple[str, ...] = ()
) -> Asked:
    """Who is asked of profiles written as strings ("ab c": records a and b are one, c another) and pairs ("ac")."""
    rows = [(record, f"P{number}") for number, records in enumerate(profiles.split()) for record in records]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE crosswalk_now (record_id TEXT, profile_id TEXT)").executemany(
        "INSERT INTO crosswalk_now VALUES (?, ?)", rows
    )
    connection.execute("CREATE TABLE edge (record_a TEXT, record_b TEXT, probability DOUBLE, evidence TEXT)")
    connection.execute("CREATE TABLE kept (cluster INT, record_a TEXT, record_b TEXT)")
    connection.execute("CREATE TABLE applied_now (record_a TEXT, record_b TEXT)")
    for pair, probability in edges.items():
        connection.execute("INSERT INTO edge VALUES (?, ?, ?, 'e')", [*pair, probability])
    for pair in kept:
        connection.execute("INSERT INTO kept VALUES (1, ?, ?)", [*pair])
    for pair in decided:
        connection.execute("INSERT INTO applied_now VALUES (?, ?)", [*pair])
    assigned = Assigned(**{field.name: Relation(f"{field.name}_now") for field in fields(Assigned)})
    found = ask(connection, PROPOSED, GUARDED, assigned)
    return rows_of(connection, "SELECT record_a, record_b, records_touched FROM {found} ORDER BY ALL", found=found)


@pytest.mark.parametrize(
    ("profiles", "edges", "questions"),
    [
        ("a b", {"ab": 0.5}, [("a", "b", 2)]),
        ("ab cd", {"ac": 0.1, "ad": 0.4, "bd": 0.3}, [("a", "d", 4)]),  # one question, its likeliest pair
        ("ab c d", {"ac": 0.1, "bd": 0.4}, [("a", "c", 3), ("b", "d", 3)]),
        ("abc", {"ab": 0.99, "bc": 0.99, "ac": 0.2}, []),  # they are one by other links, whatever is answered
        ("a b", {"ab": 0.93}, [("a", "b", 2)]),  # a match that the guard has held back
    ],
)
def test_each_two_profiles_that_may_be_one_are_one_question(
    profiles: str, edges: dict[str, float], questions: Asked
) -> None:
    assert asked(profiles, edges) == questions


def test_a_profile_that_one_link_holds_together_is_a_question() -> None:
    assert asked("abc", {"ab": 0.99, "bc": 0.06}, kept=("bc",)) == [("b", "c", 3)]


def test_what_was_decided_is_not_asked_again_on_another_pair_of_the_same_profiles() -> None:
    assert asked("ab cd", {"ac": 0.4, "bd": 0.4}, decided=("ac",)) == []
    assert asked("abc", {"ab": 0.99, "bc": 0.06}, kept=("bc",), decided=("cb",)) == []
    assert asked("abc", {"ab": 0.99, "bc": 0.06}, kept=("bc",), decided=("ab",)) == [("b", "c", 3)]
