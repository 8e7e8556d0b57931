"""Every declared table keeps the rules of declarations."""

import duckdb
import pytest

from include.contracts import control, events, identity, metrics, profiles, raw, reports, segments, staged
from include.contracts.activation import ACTIVATION
from include.contracts.erasure import ERASURE, SUPPRESSED
from include.contracts.tables import Column, Table, Type, integer, number, text

TABLES = [
    raw.LOAD, *staged.STAGED, *identity.IDENTITY, *profiles.PROFILES, *metrics.MEASURED, *events.HAPPENED,
    *segments.SEGMENTED, *reports.REPORTED, *control.CONTROL,
]  # fmt: skip
TABLES += (*ACTIVATION, ERASURE, SUPPRESSED)
TWO_MEANINGS = {"evidence", "value"}  # of a pair of records and of a membership; of an attribute and of contracts


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_declaration_explains_itself(table: Table) -> None:
    assert table.grain.startswith("one ")
    for column in table.columns:
        assert column.description and not column.description.endswith("."), column.name
        assert not column.allowed or column.type is Type.TEXT, column.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_same_name_means_the_same_type_everywhere(table: Table) -> None:
    kinds = {column.name: column.type for other in TABLES for column in other.columns}
    assert all(kinds[column.name] is column.type for column in table.columns if column.name not in TWO_MEANINGS)


def test_key_columns_are_never_null_in_the_schema() -> None:
    for table in TABLES:
        assert all(not table.schema.field(name).nullable for name in table.key)


def test_a_key_must_name_declared_columns() -> None:
    with pytest.raises(ValueError, match="unknown columns"):
        Table(name="t", grain="one row", columns=(text("a", "A"),), key=("b",))


def test_a_column_is_declared_once() -> None:
    with pytest.raises(ValueError, match="repeated columns"):
        Table(name="t", grain="one row", columns=(text("a", "A"), integer("a", "A")), key=("a",))


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        (text("grade", "A", allowed=("it's good", "bad")), ["it's good", None], ["none of them", ""]),
        (number("share", "A", minimum=0, maximum=1), [0.0, 0.5, 1.0, None], [-0.1, 1.5]),
        (integer("size", "A", minimum=1), [1, 10**12, None], [0]),
        (integer("id", "A", required=True), [0], [None]),
    ],
    ids=["one of several", "within limits", "at least", "required"],
)
def test_a_constraint_is_written_once_and_says_which_rows_break_it(column: Column, good: list, bad: list) -> None:
    table = Table(name="t", grain="one row", columns=(column, text("k", "A")), key=("k",))
    fault = " OR ".join(kept.fault for kept in table.constraints(column))
    kind = {Type.TEXT: "VARCHAR", Type.NUMBER: "DOUBLE", Type.INTEGER: "BIGINT"}[column.type]
    for values, faults in ((good, 0), (bad, len(bad))):
        rows = f"(SELECT unnest(?::{kind}[]) AS {column.name})"
        assert duckdb.execute(f"SELECT count(*) FILTER ({fault}) FROM {rows}", [values]).fetchone() == (faults,)
