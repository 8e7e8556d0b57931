"""Companies: those that are none are left out, and corporate addresses stand for theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.records import companies, emails
from include.matching.records.columns import Codes, Dictionary, encode
from include.matching.records.features import frequency_bins
from include.matching.records.person_names import Names
from include.matching.spark.keeping import kept
from include.matching.spark.reading.columns import texts_of
from include.matching.spark.reading.plan import Plan
from include.matching.spark.reading.values import names_beside
from include.matching.spark.tasks import each

Notes = list[dict[str, Any]]


def with_companies(
    rows: DataFrame, plan: Plan, places: Sequence[int], names: Any, *, named: bool
) -> tuple[DataFrame, Notes]:
    """The rows without companies that are none, and with those that their domains stand for; and the former.

    ``places``: of addresses, and of each field; ``named``: there are names.
    """
    notes: Notes = []
    for k in plan.companies:
        value, firm, mailed = f"values{k}_0", f"firm{k}", bool(plan.address)
        learned = _learned_none(rows, value) if mailed and named else []
        notes += _told_of(rows, value, learned)
        asked = [value, "free0", "domain0", *(["first", "last"] if named else [])] if mailed else []
        known = _known(rows.select(*asked), k, names, learned) if mailed else None
        rows = _known(rows, k, names, learned)
        if known is not None:
            rows = _filled(rows, known, firm, places[0])
        said = f"said{2 * places[0] + sum(places[1 : 1 + k])}"
        rows = _with_bins(rows.drop(value, said).withColumnRenamed(firm, value), value, said)
    return rows, notes


def _known(rows: DataFrame, k: int, names: Any, learned: list[str]) -> DataFrame:
    """The rows with companies that are known to be some."""
    firm = f"firm{k}"
    rows = rows.mapInArrow(each(_without_none(k, names)), f"{_words(rows)}, {firm} string")
    none = fn.col(firm).isin(learned)
    return rows.withColumn(firm, fn.when(none, None).otherwise(fn.col(firm))) if learned else rows


def _words(rows: DataFrame) -> str:
    return ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in rows.schema)


def _with_bins(rows: DataFrame, value: str, bin_: str) -> DataFrame:
    sizes = rows.filter(fn.col(value).isNotNull()).groupBy(value).count()
    sizes = sizes.mapInArrow(each(_binned), f"binned string, {bin_} short")
    return rows.join(sizes, fn.col(value) == fn.col("binned"), "left").drop("binned").fillna(0, [bin_])


def _told_of(rows: DataFrame, company: str, learned: list[str]) -> Notes:
    if not learned:
        return []
    counts = rows.filter(fn.col(company).isin(learned)).groupBy(company).count().collect()
    told = sorted((-int(row["count"]), row[company]) for row in counts)
    return [{"value": value, "records": -number} for number, value in told]


def _learned_none(rows: DataFrame, company: str) -> list[str]:
    """Companies of which no two people have an address of one domain (see ``companies.says_none``)."""
    use = _people(rows, company).persist()
    has = use.filter("domain is not null")
    parts = [
        _pairs(use, ("company",), able=1), _pairs(use, ("company", "name"), able=-1),
        _pairs(has, ("company", "domain"), agree=1), _pairs(has, ("company", "domain", "name"), agree=-1),
    ]  # fmt: skip
    sums = [fn.sum(name).alias(name) for name in ("able", "agree")]
    few = companies.FEWEST * (companies.FEWEST - 1) // 2
    enough = reduce(DataFrame.unionByName, parts).groupBy("company").agg(*sums).filter(fn.col("able") >= few).persist()
    total = enough.agg(*sums).collect()[0]
    found = enough.filter(fn.col("agree") <= companies.RARELY * fn.col("able")).toArrow()
    able, agree = (found[n].to_numpy().astype(np.float64) for n in ("able", "agree"))
    none = companies.says_none(able, agree, float(total["agree"] or 0), float(total["able"] or 0))
    for counted in (use, enough):
        counted.unpersist()
    return list(found["company"].filter(pa.array(none)).to_pylist())


def _people(rows: DataFrame, company: str) -> DataFrame:
    """How many records say each company, name and own domain together."""
    given = fn.when(fn.col("first") >= 0, fn.col("first")).otherwise(fn.col("last")).alias("name")
    own = fn.when(fn.col("free0") == 0, fn.col("domain0")).alias("domain")
    said = rows.filter(fn.col(company).isNotNull() & fn.col("domain0").isNotNull())
    said = said.select(fn.col(company).alias("company"), given, own)
    return said.filter("name >= 0").groupBy("company", "name", "domain").count()


def _filled(rows: DataFrame, known: DataFrame, firm: str, places: int) -> DataFrame:
    """The company that a corporate domain stands for by what is ``known``, where a record says none."""
    counts = known.filter((fn.col("free0") == 0) & fn.col("domain0").isNotNull() & fn.col(firm).isNotNull())
    counts = counts.groupBy(fn.col("domain0").alias("domain"), fn.col(firm).alias("company")).count()
    of = counts.groupBy("domain").agg(
        fn.sum("count").alias("named"), fn.max("count").alias("largest"),
        fn.max_by("company", "count").alias("stands"),
    )  # fmt: skip
    of = kept(of.mapInArrow(each(_employers), "domain string, stands string"))
    for p in range(places):
        stands = of.select(fn.col("domain").alias(f"domain{p}"), fn.col("stands").alias("stands"))
        rows = rows.join(stands, f"domain{p}", "left").withColumn(firm, fn.coalesce(firm, "stands")).drop("stands")
    return rows


def _no_company(rows: pa.Table, k: int, names: Names | None) -> pa.Table:
    """The records without what is known to be no company, and what is counted to tell of others whether they are."""
    column = encode(rows[f"values{k}_0"], "")
    said = None
    if names is not None:
        first, last, _, _ = names_beside(rows, names)
        said = _Named(first, last, names.vocabulary)
    none = companies.is_none(column, said)  # type: ignore[arg-type]
    codes = np.where(none, -1, column.codes).astype(np.int32)
    return rows.append_column(f"firm{k}", texts_of(Dictionary(codes, column.values)))


@dataclass(frozen=True)
class _Named:
    first: Codes
    last: Codes
    vocabulary: Sequence[str]


def _without_none(k: int, known: Any) -> Callable[[pa.Table], pa.Table]:
    return lambda rows: _no_company(rows, k, known.value)


def _binned(sizes: pa.Table) -> pa.Table:
    return pa.table({"binned": sizes[0], "bin": frequency_bins(sizes["count"].to_numpy()).astype(np.int16)})


def _employers(of: pa.Table) -> pa.Table:
    some = emails.is_employers(of["named"].to_numpy(), of["largest"].to_numpy())
    return of.select(["domain", "stands"]).filter(pa.array(some))


def _pairs(counts: DataFrame, by: tuple[str, ...], *, able: int = 0, agree: int = 0) -> DataFrame:
    """How many pairs of records agree on some columns, of each company."""
    sizes = counts.groupBy(*by).agg(fn.sum("count").alias("n"))
    pairs = fn.sum(fn.expr("n * (n - 1) div 2"))
    return sizes.groupBy("company").agg((pairs * able).alias("able"), (pairs * agree).alias("agree"))
