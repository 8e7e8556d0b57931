"""Every declared table keeps the rules of declarations."""

import pytest

from include.contracts import control, identity, metrics, profiles, raw, segments, staged
from include.contracts.tables import Table, Type, integer, text

TABLES = [
    raw.LOAD, *staged.STAGED, *identity.IDENTITY, *profiles.PROFILES, *metrics.MEASURED, *segments.SEGMENTED,
    *control.CONTROL,
]  # fmt: skip
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
    with pytest.raises(ValueError, match="unknown key columns"):
        Table(name="t", grain="one row", columns=(text("a", "A"),), key=("b",))


def test_a_column_is_declared_once() -> None:
    with pytest.raises(ValueError, match="repeated columns"):
        Table(name="t", grain="one row", columns=(text("a", "A"), integer("a", "A")), key=("a",))
