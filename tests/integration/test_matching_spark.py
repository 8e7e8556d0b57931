"""Spark gives what one machine gives: the same clusters, record for record, and the same model."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from include.cli.matching import Engine, resolve_command
from include.contracts.errors import ConfigurationError
from include.matching import clustering, components
from include.matching.constraints import Decision
from include.matching.engine import resolve
from include.matching.kernels.pairs import join_bounded
from include.matching.pairs import blocking, blocking_budget, pair_sample
from include.matching.resolution import PAIR_SCHEMA
from include.matching.spark import session as sessions
from include.matching.spark.parts.pairs import LINKS
from include.matching.spark.table import Places
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
    alone = zip(several["email"].to_pylist(), whole, strict=True)  # handles, names written together, first names alone
    parts = [(str(email).split("@")[0], name.replace(" ", ""), name.split(" ")[0]) for email, name in alone]
    whole = [name if i % 4 else parts[i][i // 4 % 3] for i, name in enumerate(whole)]
    elsewhere = (
        ("Людмила Васильева", "l.vasilyeva"),
        ("高橋 美咲", "takahashi.m"),
        ("高橋 翔太", "s-takahashi"),
        ("高橋 陽子", "takahashi"),
    )
    for i in range(0, len(whole), 5):  # addresses that are made of names in another script
        whole[i], local = elsewhere[i // 5 % 4]
        two[i] = f"{local}@firm{i % 7}.com"
    born = [f"{1 + i % 28:02d}/{1 + i % 12:02d}/{1950 + i % 40}" for i in range(60)]
    return {
        "customers of four systems": (people(), SPEC),
        "two lists, linked": (people(), only("first_name", "last_name", "email", "phone", link_only=True)),
        "nothing but addresses and numbers": (people(), only("email", "phone", "postcode")),
        "whole names, several addresses": (
            several.set_column(at, "email", pa.array(two)).append_column("name", pa.array(whole))
            .append_column("born", pa.array([f"19{50 + i % 8}-01-02" for i in range(several.num_rows)])),
            only("name", "email", "born"),
        ),
        "birth dates and membership": (
            people(born=born, member=[*map(str, range(3000, 3150)), None]),
            only("first_name", "last_name", "born", "member", blocking={"add": [["last_name", "born"]]}),
        ),
    }  # fmt: skip


def by_id(clusters: pa.Table) -> pa.Table:
    return clusters.select(["record_id", "cluster", "confidence"]).sort_by("record_id").combine_chunks()


@pytest.mark.parametrize(
    ("name", "partitions"), [("nothing but addresses and numbers", 5), ("whole names, several addresses", 2)]
)
def test_clusters_model_and_pairs_are_those_of_one_machine(spark: Any, name: str, partitions: int) -> None:
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415  where it is installed

    records, spec = tables()[name]
    here = resolve(records, spec)
    before = spark.conf.get("spark.sql.shuffle.partitions")
    there = on_spark(spark.createDataFrame(records), spec, part=records.num_rows // partitions + 1)
    assert spark.conf.get("spark.sql.shuffle.partitions") == before
    assert there.model.to_json() == here.model.to_json()
    assert by_id(there.clusters.toArrow()).equals(by_id(here.clusters))
    told = ("records", "pairs_scored", "clusters", "threshold", "expected_f1", "largest_component")
    assert {key: there.report[key] for key in told} == {key: here.report[key] for key in told}


def odd_tables() -> dict[str, tuple[pa.Table, MatchingSpec]]:
    """Tables that are hardly any, and one whose ids are numbers and whose columns are called as no column should be."""
    every = table(town(8))
    some = only("first_name", "last_name", "email", "phone")
    called = {"record_id": "no.`1`", "first_name": "first.name", "last_name": "na`me", "email": "E mail"}
    odd = every.set_column(0, "record_id", pa.array(range(every.num_rows)))
    odd = odd.rename_columns([called.get(name, name) for name in odd.column_names])
    for name in ("e MAIL", "First.Name"):
        odd = odd.append_column(name, pa.nulls(every.num_rows, pa.string()))
    kinds = {called[name]: SPEC.columns[name].value for name in ("first_name", "last_name", "email")}
    return {
        "no record": (every.slice(0, 0), some),
        "one record": (every.slice(0, 1), some),
        "names alone": (every, only("first_name", "last_name")),
        "odd names": (odd, parse_spec({"id": called["record_id"], "source": "source", "columns": kinds})),
    }


@pytest.mark.parametrize("name", odd_tables())
def test_an_odd_table_is_resolved_as_on_one_machine(spark: Any, tmp_path: Path, name: str) -> None:
    from include.matching.spark.resolution import read_files  # noqa: PLC0415  where it is installed
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415

    records, spec = odd_tables()[name]
    pq.write_table(records, tmp_path / "odd.parquet")
    here, there = resolve(records, spec), on_spark(read_files(spark, [str(tmp_path / "odd.parquet")]), spec)
    found, wanted = (one.sort_by(spec.id).combine_chunks() for one in (there.clusters.toArrow(), here.clusters))
    assert found.equals(wanted.select(found.column_names).cast(found.schema))
    assert there.model.to_json() == here.model.to_json()


def test_what_stewards_decided_and_sources_merged_binds_as_on_one_machine(spark: Any) -> None:
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415  where it is installed

    records, spec = tables()["two lists, linked"]
    decisions = [
        Decision("always", "town-0a", "town-7b"), Decision("never", "town-7b", "town-0b"),
        Decision("never", "town-3a", "town-3b"), Decision("always", "town-3a", "gone"),
        Decision("bypass", column="phone", value=str(records["phone"][2])),
        Decision("bypass", column="email", value=str(records["email"][4])),
    ]  # fmt: skip
    known = pa.table({"record_a": ["town-11a", "town-3a"], "record_b": ["town-12a", "town-3b"]})
    here = resolve(records, spec, decisions=decisions, known=known)
    assert here.report["ruled_in_conflict"]
    part = records.num_rows // 3 + 1
    there = on_spark(spark.createDataFrame(records), spec, decisions=decisions, known=known, part=part)
    assert there.model.to_json() == here.model.to_json()
    assert there.prior == here.prior
    assert by_id(there.clusters.toArrow()).equals(by_id(here.clusters))
    said = ("ruled_in_conflict", "shared_values", "damaged_values", "no_companies")
    assert {key: there.report[key] for key in said} == {key: here.report[key] for key in said}
    told = there.pairs_above(0.0).toArrow().cast(PAIR_SCHEMA)
    assert told.to_pylist() == here.pairs_above(0.0).to_pylist()
    asked = pa.array(["town-9b", "town-0a"]), pa.array(["town-5a", "town-0b"])
    assert there.judge(*asked).to_pylist() == here.judge(*asked).to_pylist()


def test_a_bypassed_column_that_is_none_is_told_before_anything_is_read(spark: Any) -> None:
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415  where it is installed

    records, spec = tables()["customers of four systems"]
    with pytest.raises(ConfigurationError, match="'emial'"):
        on_spark(spark.createDataFrame(records), spec, decisions=[Decision("bypass", column="emial", value="x")])


def test_what_bounds_the_work_of_a_large_table_bounds_it_alike(
    spark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Blocks are dropped and taken back, pairs and components drawn, links connected in more than one task; a worker
    dies on the way, and no record comes to the driver."""
    from include.matching.spark import components as connected  # noqa: PLC0415  where it is installed
    from include.matching.spark import scored_pairs  # noqa: PLC0415
    from include.matching.spark.resolution import resolve as on_spark  # noqa: PLC0415

    for module, name, bound in (
        (blocking, "LEAST", 40), (blocking, "PER_RULE", 0.2), (blocking, "AFFORDED", 400),
        (blocking_budget, "LEAST_PROMISE", 0.0), (pair_sample, "BLOCKED", 100), (pair_sample, "STRATUM", 50),
        (clustering, "SAMPLE", 120), (connected, "IN_ONE_TASK", 30),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, bound)
    monkeypatch.setattr(scored_pairs, "clusters", dying_once(scored_pairs.clusters, tmp_path / "died"))
    collected = told_the_driver(monkeypatch)
    records, spec = tables()["customers of four systems"]
    spec = spec.model_copy(update={"pairs_per_record": 1.0})
    here = resolve(records, spec)
    assert sum(rule["dropped"] for rule in here.report["blocking"])
    there = on_spark(spark.createDataFrame(records), spec, part=records.num_rows // 3 + 1)
    assert (tmp_path / "died").exists()
    assert not collected & {"at", "id", "left", "right", "record_id"}
    assert there.model.to_json() == here.model.to_json()
    assert by_id(there.clusters.toArrow()).equals(by_id(here.clusters))
    kept = ("rule", "blocks", "pairs", "dropped", "pairs_dropped", "largest_kept", "worst")
    told = [[{name: rule[name] for name in kept} for rule in one.report["blocking"]] for one in (here, there)]
    assert told[0] == told[1]


def test_linked_records_that_no_task_can_hold_are_cut_as_on_one_machine(
    spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.matching.spark.chunks import Chunks  # noqa: PLC0415  where it is installed
    from include.matching.spark.components import held_together  # noqa: PLC0415

    monkeypatch.setattr(components, "HELD", 9)
    random = np.random.default_rng(3)
    ends = np.sort(random.choice(60, (70, 2)).astype(np.int32), axis=1)
    left, right = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0).T.copy()
    odds = random.uniform(0.5, 12, len(left)).astype(np.float32)
    odds[:6] = np.inf  # decisions, which are never cut
    parent = np.arange(60, dtype=np.int32)
    join_bounded(left, right, np.arange(6), 61, parent, np.ones(60, np.int32))
    kept, cuts = components.held_together(left, right, odds, parent, 0.0)
    join_bounded(left, right, kept, 61, parent, np.ones(60, np.int32))
    places = Places.of([25, 35])
    ends = [side.astype(np.int64) for side in (left, right)]
    links = places.sent(pa.table([*ends, odds], schema=LINKS), "right")
    label, cut_there = held_together(Chunks.of(spark, links, 2), 0.0, 60, places, len(left))
    found = {row["at"]: row["component"] for row in label.told(lambda part: part, label.schema).collect()}
    assert cuts
    assert cut_there == cuts
    assert [found.get(at, at) for at in range(60)] == parent.tolist()


def dying_once(module: Any, mark: Path) -> SimpleNamespace:
    """The tasks that cluster, of which the first ends its worker."""

    def clustered(*of: Any, **how: Any) -> pa.Table:
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return module.clustered(*of, **how)
        os._exit(1)

    return SimpleNamespace(**{**vars(module), "clustered": clustered})


def told_the_driver(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of all columns that come to the driver from now on."""
    from pyspark.sql.classic.dataframe import DataFrame  # noqa: PLC0415  where it is installed

    columns: set[str] = set()

    def noted(way: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def collect(rows: Any) -> Any:
            columns.update(rows.columns)
            return way(rows)

        return collect

    for name in ("collect", "toArrow", "toPandas", "toLocalIterator"):
        monkeypatch.setattr(DataFrame, name, noted(getattr(DataFrame, name)))
    return columns


def test_the_command_writes_folders_of_clusters_and_pairs(spark: Any, tmp_path: Path) -> None:
    """And, where there is a folder for checkpoints, what outlives an executor."""
    spark.sparkContext.setCheckpointDir(str(tmp_path / "kept"))
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
    assert list((tmp_path / "kept").rglob("*.parquet"))


def test_what_is_missing_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"No Spark master answers at spark://127\.0\.0\.1:1"):
        sessions.connect("spark://127.0.0.1:1")
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(ConfigurationError, match="/nowhere/bin/java cannot be run"):
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
