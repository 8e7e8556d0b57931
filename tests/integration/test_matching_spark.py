"""Spark gives what one machine gives: the same clusters, record for record, and the same model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from include.cli.matching import Engine, resolve_command
from include.contracts.errors import ConfigurationError
from include.matching import clustering
from include.matching.constraints import Decision
from include.matching.engine import resolve
from include.matching.pairs import blocking, blocking_budget, pair_sample
from include.matching.resolution import PAIR_SCHEMA
from include.matching.spark import session as sessions
from include.matching.spec import MatchingSpec, parse_spec
from tests.matching_tables import SPEC, table, town

MISSING = sessions.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def people(**extra: Sequence[str | None]) -> pa.Table:
    """A town, and columns beside its own, one value after the other."""
    records = table(town(60))
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
    several = table(town(60))
    mail = enumerate(several["email"].to_pylist())
    two = [f"{said}; other{i % 90}@gmail.com" if said and i % 3 == 0 else said for i, said in mail]
    at = several.column_names.index("email")
    halves = zip(several["first_name"].to_pylist(), several["last_name"].to_pylist(), strict=True)
    whole = [" ".join(filter(None, both)) for both in halves]
    born = [f"{1 + i % 28:02d}/{1 + i % 12:02d}/{1950 + i % 40}" for i in range(60)]
    return {
        "customers of four systems": (people(), SPEC),
        "two lists, linked": (people(), only("first_name", "last_name", "email", "phone", link_only=True)),
        "nothing but addresses and numbers": (people(), only("email", "phone", "postcode")),
        "whole names, several addresses": (
            several.set_column(at, "email", pa.array(two)).append_column("name", pa.array(whole)),
            only("name", "email"),
        ),
        "birth dates and membership": (
            people(born=born, member=[*map(str, range(3000, 3150)), None]),
            only("first_name", "last_name", "born", "member", blocking={"add": [["last_name", "born"]]}),
        ),
    }  # fmt: skip


def by_id(clusters: pa.Table) -> pa.Table:
    return clusters.select(["record_id", "cluster", "confidence"]).sort_by("record_id").combine_chunks()


@pytest.mark.parametrize(
    ("name", "partitions"),
    [("two lists, linked", 2), ("nothing but addresses and numbers", 16), ("whole names, several addresses", 2)],
)
def test_clusters_model_and_pairs_are_those_of_one_machine(spark: Any, name: str, partitions: int) -> None:
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415  where it is installed

    records, spec = tables()[name]
    here = resolve(records, spec)
    there = on_spark(spark.createDataFrame(records), spec, partitions=partitions)
    assert there.model.to_json() == here.model.to_json()
    assert by_id(there.clusters.toArrow()).equals(by_id(here.clusters))
    told = ("records", "pairs_scored", "clusters", "threshold", "expected_f1", "largest_component")
    assert {key: there.report[key] for key in told} == {key: here.report[key] for key in told}


def test_what_stewards_decided_and_sources_merged_binds_as_on_one_machine(spark: Any) -> None:
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415  where it is installed

    records, spec = tables()["customers of four systems"]
    decisions = [
        Decision("always", "town-0a", "town-7b"), Decision("never", "town-7b", "town-0b"),
        Decision("never", "town-3a", "town-3b"), Decision("always", "town-3a", "gone"),
        Decision("bypass", column="phone", value=str(records["phone"][2])),
        Decision("bypass", column="email", value=str(records["email"][4])),
    ]  # fmt: skip
    known = pa.table({"record_a": ["town-11a", "town-3a"], "record_b": ["town-12a", "town-3b"]})
    here = resolve(records, spec, decisions=decisions, known=known)
    assert here.report["ruled_in_conflict"]
    there = on_spark(spark.createDataFrame(records), spec, decisions=decisions, known=known, partitions=3)
    assert there.model.to_json() == here.model.to_json()
    assert there.prior == here.prior
    assert by_id(there.clusters.toArrow()).equals(by_id(here.clusters))
    assert there.report["ruled_in_conflict"] == here.report["ruled_in_conflict"]
    told = there.pairs_above(0.0).toArrow().cast(PAIR_SCHEMA)
    assert told.to_pylist() == here.pairs_above(0.0).to_pylist()
    asked = pa.array(["town-9b", "town-0a"]), pa.array(["town-5a", "town-0b"])
    assert there.judge(*asked).to_pylist() == here.judge(*asked).to_pylist()


def test_a_bypassed_column_that_is_none_is_told_before_anything_is_read(spark: Any) -> None:
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415  where it is installed

    records, spec = tables()["customers of four systems"]
    with pytest.raises(ConfigurationError, match="'emial'"):
        on_spark(spark.createDataFrame(records), spec, decisions=[Decision("bypass", column="emial", value="x")])


def test_what_bounds_the_work_of_a_large_table_bounds_it_alike(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are dropped and taken back, pairs and components are drawn, links connected in more than one task."""
    from include.matching.spark import components, work  # noqa: PLC0415  where it is installed
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415

    for module, name, bound in (
        (blocking, "LEAST", 40), (blocking, "PER_RULE", 0.2), (blocking, "AFFORDED", 400),
        (blocking_budget, "LEAST_PROMISE", 0.0), (pair_sample, "BLOCKED", 100), (pair_sample, "STRATUM", 50),
        (clustering, "SAMPLE", 120), (work, "BUCKET", 60), (components, "IN_ONE_TASK", 30),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, bound)
    records, spec = tables()["customers of four systems"]
    spec = spec.model_copy(update={"pairs_per_record": 1.0})
    here = resolve(records, spec)
    assert sum(rule["dropped"] for rule in here.report["blocking"])
    there = on_spark(spark.createDataFrame(records), spec, partitions=3)
    assert there.model.to_json() == here.model.to_json()
    assert by_id(there.clusters.toArrow()).equals(by_id(here.clusters))
    kept = ("rule", "blocks", "pairs", "dropped", "pairs_dropped", "largest_kept", "worst")
    told = [[{name: rule[name] for name in kept} for rule in one.report["blocking"]] for one in (here, there)]
    assert told[0] == told[1]


def test_the_command_writes_folders_of_clusters_and_pairs(spark: Any, tmp_path: Path) -> None:
    records, spec = tables()["birth dates and membership"]
    pq.write_table(records, tmp_path / "people.parquet")
    (tmp_path / "people.yaml").write_text(yaml.safe_dump(spec.model_dump(mode="json")), encoding="utf-8")
    out, pairs = tmp_path / "clusters.parquet", tmp_path / "pairs.parquet"
    resolve_command(
        [tmp_path / "people.parquet"], tmp_path / "people.yaml", out, pairs=pairs, save_model=tmp_path / "model.json",
        engine=Engine.SPARK, master="local[2]",
    )  # fmt: skip
    here = resolve(records, spec)
    assert by_id(pq.read_table(out)).equals(by_id(here.clusters))
    assert (tmp_path / "model.json").read_text(encoding="utf-8") == here.model.to_json()
    told = pq.read_table(pairs).sort_by([("record_a", "ascending"), ("record_b", "ascending")])
    wanted = here.pairs.set_column(6, "evidence", here.pairs["evidence"].cast(pa.string()))
    assert told.combine_chunks().equals(wanted.cast(told.schema).combine_chunks())


def test_what_is_missing_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"No Spark master answers at spark://127\.0\.0\.1:1"):
        sessions.connect("spark://127.0.0.1:1")
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(ConfigurationError, match="install a JRE"):
        sessions.connect()
    monkeypatch.setattr(sessions, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"requirements-spark\.txt"):
        sessions.connect()


def test_workers_of_other_packages_and_files_out_of_reach_are_told_in_one_sentence(
    spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.matching.spark.resolution import read_files  # noqa: PLC0415  where it is installed

    with pytest.raises(ConfigurationError, match="the path has to be one that its workers reach"):
        read_files(spark, ["/nowhere/people.parquet"])
    with pytest.raises(ConfigurationError, match="Spark reads Parquet"):
        read_files(spark, ["people.csv"])
    monkeypatch.setattr(sessions, "own_versions", lambda: "python 2.7")
    with pytest.raises(ConfigurationError, match=r"than this process \(python 2\.7\)"):
        sessions.check_workers(spark)
