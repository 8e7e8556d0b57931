"""The engine: writes what keeps its table's declaration, in key order, and nothing else."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import ibis
import pytest

from include.contracts.errors import ContractError
from include.contracts.tables import Table, integer, text, timestamp
from include.storage.engine import Engine
from include.storage.lake import Lake

CITY = Table(
    name="city",
    grain="one city",
    key=("name",),
    columns=(
        text("name", "Name"),
        text("size", "Size", required=True, allowed=("town", "metropolis")),
        integer("people", "Inhabitants", minimum=0, maximum=50_000_000),
        timestamp("founded_at", "When"),
    ),
)
BONN = {"name": "Bonn", "size": "town", "people": 330_000, "founded_at": None}
CAIRO = {"name": "القاهرة", "size": "metropolis", "people": 10_000_000, "founded_at": None}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(Lake((tmp_path / "lake").as_uri())) as engine:
        yield engine


def test_what_is_written_is_read_back_in_key_order(engine: Engine) -> None:
    ref = engine.write(CITY, ibis.memtable([CAIRO, BONN], schema=_schema()), version="v1")
    assert ref.rows == 2
    assert engine.read(CITY, ref).to_pyarrow().column("name").to_pylist() == ["Bonn", "القاهرة"]


def test_a_log_whose_table_has_grown_by_a_column_is_read_whole(engine: Engine) -> None:
    grown = replace(CITY, columns=(*CITY.columns, text("river", "River")))
    old = engine.write(CITY, ibis.memtable([CAIRO], schema=_schema()), version="v1")
    assert engine.read(grown, old).river.to_pyarrow().to_pylist() == [None]
    rhine = ibis.memtable([{**BONN, "river": "Rhine"}], schema={**_schema(), "river": "string"})
    new = engine.write(grown, rhine, version="v2", extends=engine.lake.open(old))
    rows = engine.read(grown, new).to_pyarrow().to_pylist()
    assert {row["name"]: row["river"] for row in rows} == {"Bonn": "Rhine", "القاهرة": None}


def test_no_version_is_an_empty_table_with_the_declared_columns(engine: Engine) -> None:
    empty = engine.read(CITY, None)
    assert tuple(empty.columns) == CITY.names
    assert empty.count().execute() == 0


def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name, rows in {"a": [BONN, CAIRO], "b": [CAIRO, BONN]}.items():
        lake = Lake((tmp_path / name).as_uri())
        with Engine(lake, threads=2) as engine:
            ref = engine.write(CITY, ibis.memtable(rows, schema=_schema()), version="v1")
        (place,) = lake.urls(lake.open(ref))
        written.append(Path(place).read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"name": "Bonn"}, "unique key"),
        ({"size": None}, "not null on size"),
        ({"size": "village"}, "allowed values on size"),
        ({"people": -1}, "at least 0 on people"),
        ({"people": 60_000_000}, "at most"),
    ],
)
def test_rows_that_break_the_declaration_are_refused_by_rule_and_count(
    engine: Engine, change: dict[str, object], rule: str
) -> None:
    rows = ibis.memtable([BONN, CAIRO | change], schema=_schema())
    with pytest.raises(ContractError, match=rule) as error:
        engine.write(CITY, rows, version="v1")
    assert "القاهرة" not in str(error.value)
    assert engine.lake.current("city") is None


def test_a_missing_column_is_named(engine: Engine) -> None:
    with pytest.raises(ContractError, match="people"):
        engine.write(CITY, ibis.memtable([BONN], schema=_schema()).drop("people"), version="v1")


def test_a_version_that_exists_is_left_as_it_is(engine: Engine) -> None:
    first = engine.write(CITY, ibis.memtable([BONN], schema=_schema()), version="v1")
    assert engine.write(CITY, ibis.memtable([BONN, CAIRO], schema=_schema()), version="v1") == first


def test_more_than_memory_holds_goes_through_the_disk(tmp_path: Path) -> None:
    many = str(tmp_path / "many.parquet")
    with Engine(Lake((tmp_path / "lake").as_uri()), memory_limit="100MB", threads=1, temp=tmp_path) as engine:
        engine.connection.execute(
            "COPY (SELECT md5(i::text) AS name, 'town' AS size, i AS people, NULL::timestamptz AS founded_at "
            f"FROM range(1500000) t(i)) TO '{many}'"
        ).complete()
        assert engine.write(CITY, engine.ibis.read_parquet(many), version="v1").rows == 1_500_000


def _schema() -> ibis.Schema:
    return ibis.schema({"name": "string", "size": "string", "people": "int64", "founded_at": "timestamp('UTC')"})


def test_rows_that_are_held_or_viewed_keep_their_names_and_their_types(engine: Engine) -> None:
    rows = ibis.memtable({"who {1}": ["a", "b"], "n": [1, 2]}).mutate(total=lambda t: t.n.sum().over(ibis.window()))
    for kept in (engine.hold(rows), engine.view(rows), engine.hold(engine.view(rows)), engine.spool(rows)):
        assert kept.schema() == rows.schema()
        assert kept.order_by("n").to_pyarrow().to_pylist() == [
            {"who {1}": "a", "n": 1, "total": 3},
            {"who {1}": "b", "n": 2, "total": 3},
        ]
    held = engine.connection.execute("SELECT DISTINCT data_type FROM duckdb_columns() WHERE table_name LIKE 'held_%'")
    assert sorted(kind for (kind,) in held.fetchall()) == ["BIGINT", "VARCHAR"]  # DuckDB's sum is a HUGEINT


def test_an_engine_leaves_python_to_look_for_garbage_seldom_and_as_seldom_as_it_did(tmp_path: Path) -> None:
    before = gc.get_threshold()
    try:
        for often, then in ((700, 100_000), (500_000, 500_000), (0, 0)):
            gc.set_threshold(often, 10, 10)
            Engine(Lake((tmp_path / "lake").as_uri())).close()
            assert gc.get_threshold() == (then, 10, 10)
    finally:
        gc.set_threshold(*before)


def test_sessions_of_one_engine_read_the_same_lake_and_keep_their_own_tables(engine: Engine) -> None:
    ref = engine.write(CITY, ibis.memtable([BONN], schema=_schema()), version="v1")
    with engine.session() as one, engine.session() as other:
        one.ibis.create_table("held", one.read(CITY, ref), temp=True)
        with pytest.raises(duckdb.CatalogException):
            other.connection.execute("FROM held").fetchall()
        assert other.read(CITY, ref).count().to_pyarrow().as_py() == 1
    assert engine.read(CITY, ref).count().to_pyarrow().as_py() == 1  # outlives its sessions
