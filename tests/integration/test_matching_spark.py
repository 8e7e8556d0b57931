"""Spark gives what one machine gives: the same clusters, record for record, and the same model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from include.matching.engine import resolve
from include.matching.spark import session as sessions
from include.matching.spec import MatchingSpec, parse_spec
from tests.matching_tables import SPEC, table, town

MISSING = sessions.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One session for all, of two workers."""
    session = sessions.connect("local[2]")
    session.conf.set("spark.sql.shuffle.partitions", "2")
    yield session
    session.stop()


def people(**extra: list[str | None]) -> pa.Table:
    """A town, and columns beside its own, one value after the other."""
    records = table(town(120))
    for name, values in extra.items():
        said = [values[i % len(values)] for i in range(records.num_rows)]
        records = records.append_column(name, pa.array(said, pa.string()))
    return records


def only(*columns: str, **more: object) -> MatchingSpec:
    kinds = {"born": "date", "member": "identifier", "street": "text", "name": "full_name"}
    every = {**{name: kind.value for name, kind in SPEC.columns.items()}, **kinds}
    return parse_spec({"id": "record_id", "source": "source", "columns": {c: every[c] for c in columns}, **more})


def tables() -> dict[str, tuple[pa.Table, MatchingSpec]]:
    """Tables that differ in what they say of people."""
    several = table(town(120))
    two = [
        f"{e}; other{i % 90}@gmail.com" if e and i % 3 == 0 else e for i, e in enumerate(several["email"].to_pylist())
    ]
    at = several.column_names.index("email")
    named = people()
    whole = [
        " ".join(filter(None, both))
        for both in zip(named["first_name"].to_pylist(), named["last_name"].to_pylist(), strict=True)
    ]
    born = [f"{1 + i % 28:02d}/{1 + i % 12:02d}/{1950 + i % 40}" for i in range(60)]
    return {
        "customers of four systems": (people(), SPEC),
        "two lists, linked": (people(), only("first_name", "last_name", "email", "phone", link_only=True)),
        "nothing but addresses and numbers": (people(), only("email", "phone", "postcode")),
        "whole names, several addresses": (
            several.set_column(at, "email", pa.array(two)).append_column("name", pa.array(whole)), only("name", "email"),
        ),
        "birth dates and membership": (
            people(born=born, member=[*map(str, range(3000, 3150)), None]),
            only("first_name", "last_name", "born", "member", blocking={"add": [["last_name", "born"]]}),
        ),
    }  # fmt: skip


def by_id(clusters: pa.Table) -> pa.Table:
    return clusters.select(["record_id", "cluster", "confidence"]).sort_by("record_id").combine_chunks()


@pytest.mark.parametrize(("name", "partitions"), [*((name, 2) for name in tables()), ("customers of four systems", 16)])
def test_clusters_model_and_pairs_are_those_of_one_machine(spark: Any, name: str, partitions: int) -> None:
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415  where it is installed

    records, spec = tables()[name]
    here = resolve(records, spec)
    there = on_spark(spark.createDataFrame(records), spec, partitions=partitions)
    assert there.model.to_json() == here.model.to_json()
    assert by_id(there.clusters.toArrow()).equals(by_id(here.clusters))
    told = ("records", "pairs_scored", "clusters", "threshold", "expected_f1", "largest_component")
    assert {key: there.report[key] for key in told} == {key: here.report[key] for key in told}
