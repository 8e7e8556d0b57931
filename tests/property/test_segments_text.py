"""What the language takes means what its very text means as SQL: read by DuckDB, not by what Kindred made of it.

The engines of `test_segments_engines` share one reading of the text, so that a misreading is the same on all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.errors import DefinitionError
from include.segments.language import parse
from tests.reference_language import Row, World, members

AS_OF = date(2024, 2, 29)
TITLES = (None, "", "Head of Data", "head of data", "Ingénieur", "100%", "a_b")
SCORES = (None, 0, 3, 9)
DAYS = (None, *(AS_OF + timedelta(days=n) for n in (-366, -90, -1, 0, 28, 366)))
FLAGS = (None, False, True)
PEOPLE: list[Row] = [
    {"profile_id": f"p{n}", "title": title, "nps_score": score, "nps_change": change, "nps_on": day, "has_email": flag}
    for n, (title, score, change, day, flag) in enumerate(product(TITLES, SCORES, (None, 3), DAYS, FLAGS))
]
WORLD = World(AS_OF, PEOPLE, [], {})


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        rows = pa.Table.from_pylist([dict(row) for row in PEOPLE])
        connection.execute("CREATE TABLE people AS FROM rows")
        day = f"DATE '{AS_OF}'"
        spans = {
            "last": f"measure > {day} - span AND measure <= {day}",
            "next": f"measure BETWEEN {day} AND {day} + span",
        }
        for name, meaning in spans.items():
            connection.execute(f"CREATE MACRO within_{name}(measure, span) AS {meaning}")
        assert len(rows) == len(PEOPLE)
        yield connection


def one_of(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


NOT = one_of("", "not ")
PATTERN = one_of("'%of%'", "'Head%'", "'a_b'", "'100!%'", "'%'", "''", "'HEAD%'")
NUMBER = one_of("0", "3", "9", "-3", "+3", "3.0", "nps_change")
DATE = one_of("date '2024-02-29'", "'2024-02-29'", "cast('2023-12-01' as date)", "'2024-02-29'::date")
COMPARISON = one_of("=", "!=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from", "==")
LEAVES = (
    st.builds("title {}{} {}{}".format, NOT, one_of("like", "ilike", "similar to", "glob"), PATTERN,
              one_of("", "", " escape '!'"))
    | st.builds("title {} {}".format, one_of("~~", "!~~", "~~*", "=", "<>"), PATTERN)
    | st.builds("title {}like {}({})".format, NOT, one_of("any", "all", ""), PATTERN)
    | st.builds("title {}in ({}, {})".format, NOT, PATTERN, PATTERN)
    | st.builds("nps_score {} {}".format, COMPARISON, NUMBER)
    | st.builds("{} {} nps_score".format, NUMBER, COMPARISON)
    | st.builds("nps_score {}between {}{} and {}".format, NOT, one_of("", "", "symmetric ", "asymmetric "), NUMBER,
                NUMBER)
    | st.builds("nps_score {}in ({}, {})".format, NOT, NUMBER, one_of("3", "9", "null"))
    | st.builds("nps_on {} {}".format, COMPARISON, DATE)
    | st.builds("nps_on {}between {} and {}".format, NOT, DATE, DATE)
    | st.builds("{} {}".format, one_of("title", "nps_score", "nps_on", "has_email"),
                one_of("is null", "is not null", "isnull", "notnull", "is unknown"))
    | st.builds("has_email{}".format, one_of("", " is true", " is not true", " is false", " = true", " <> false"))
    | st.builds("within_{}(nps_on, interval '{} {}')".format, one_of("last", "next"), one_of("0", "1", "12"),
                one_of("days", "weeks", "months", "years"))
)  # fmt: skip
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds("{} {} {}".format, inner, one_of("and", "or"), inner)
        | st.builds("({})".format, inner)
        | st.builds("not {}".format, inner)
    ),
    max_leaves=4,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(CONDITIONS)
def test_what_is_taken_means_what_its_text_means(database: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        node = parse(text, "person")
    except DefinitionError:
        return  # not understood, and said so
    rows = database.execute(f"SELECT profile_id FROM people WHERE {text}").fetchall()
    assert members(node, "person", WORLD) == {row[0] for row in rows}, str(node)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("title like 'x' escape '!'", "escape"),
        ("nps_score between symmetric 1 and 9", "symmetric"),
        ("in_segment(distinct 'lapsed')", "in_segment needs"),
        ("any_of_people(has_email order by nps_score)", "any_of_people"),
        ("nps_on = try_cast('2024-02-29' as date)", "safe"),
    ],
)
def test_a_word_that_changes_the_meaning_is_not_passed_by(text: str, unread: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text, "person")
    assert unread in caught.value.problem.lower()
