"""Reading a table on Spark: from its columns as given to rows that stand by themselves (see ``rows``).

What the table says of a value is counted where the value's records meet, and joined back to them. The driver and every
task hold the vocabulary of names, some hundred bytes a distinct name; of nothing else is there a list of values but of
those that very many records share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from include.contracts.errors import ConfigurationError
from include.matching.constraints import Decision, check_bypassed
from include.matching.levels import COMPARISONS, Kind
from include.matching.pairs.blocking_rules import NameKeys
from include.matching.pairs.comparison import Group, group_of
from include.matching.records import cleaning, companies, emails
from include.matching.records.columns import hashed
from include.matching.records.features import BINS, Hints, check_columns, frequency_bins
from include.matching.records.languages import of_pairs
from include.matching.records.names_from_addresses import written_together
from include.matching.records.person_names import Names, laid_out, lexicon, own_names
from include.matching.records.spelling import usual_spelling
from include.matching.spark import readings
from include.matching.spark.keeping import kept
from include.matching.spark.readings import Plan
from include.matching.spark.rows import Layout, Lexicon, without_evidence
from include.matching.spark.work import ddl, each, whole
from include.matching.spec import MatchingSpec
from include.matching.weights.fit import FEWEST

MOST = 20  # values that the report names


@dataclass
class Read:
    """The rows of a table, and what was learned of it."""

    rows: DataFrame
    ids: DataFrame  # at, id
    layout: Layout
    records: int
    groups: list[Group]
    notes: dict[str, Any]


def read(records: DataFrame, spec: MatchingSpec, partitions: int, decisions: Sequence[Decision] = ()) -> Read:
    """Read a table, what ``decisions`` bypass being no evidence.

    Raises ConfigurationError where it cannot be matched by the spec, or a decision is on a column that is none of it.
    """
    check_columns(records.columns, spec)
    return _Reader(records, spec, partitions, check_bypassed(decisions, spec)).read()


class _Reader:
    def __init__(self, records: DataFrame, spec: MatchingSpec, partitions: int, bypassing: Sequence[Decision]) -> None:
        self.records, self.spec, self.partitions, self.bypassing = records, spec, partitions, bypassing
        self.session = records.sparkSession
        self.notes: dict[str, Any] = {"no_companies": []}

    def read(self) -> Read:
        plan = Plan(self.spec, Hints(), self._whole())
        ordered = self._ordered(plan)
        self.plan = plan = Plan(self.spec, self._hints(ordered), plan.whole)
        rows = ordered.mapInArrow(each(lambda rows: readings.cleaned(rows, plan)), readings.cleaned_schema(plan))
        rows = kept(rows)
        rows, self.places = self._flat(rows)
        self.names: Names | None = None
        lex = None
        if plan.has_names:
            rows, lex = self._named(rows)
            self.names = lex.names
        self.known = self.session.sparkContext.broadcast(self.names)
        rows = self._valued(rows)
        rows = self._with_companies(rows) if any(k is Kind.ORGANIZATION for _, k in plan.fields) else rows
        layout = self._layout(lex)
        rows = kept(self._bypassed(self._as_rows(rows, layout), layout))
        ids = ordered.select("at", "id")
        return Read(rows, ids, layout, self.size, self._groups(rows, layout), self.notes)

    # --- the records in order

    def _whole(self) -> dict[str, bool]:
        floats = [
            name for name, kind in self.records.dtypes if kind in ("double", "float") and name in self.spec.columns
        ]
        if not floats:
            return {}
        said = self.records.select(*floats).mapInArrow(each(readings.whole_numbers), "column string, whole boolean")
        return {
            row["column"]: bool(row["w"]) for row in said.groupBy("column").agg(fn.min("whole").alias("w")).collect()
        }

    def _ordered(self, plan: Plan) -> DataFrame:
        """The mended texts with each record's place in the order of the hashes."""
        spec = self.spec
        asked = dict.fromkeys([spec.id, *filter(None, (spec.order, spec.source)), *spec.columns])
        for name in filter(None, (spec.id, spec.order)):
            if nulls := self.records.filter(fn.col(name).isNull()).count():
                what = "an id" if name == spec.id else "an order"
                raise ConfigurationError(f"The column {name!r} has {nulls} nulls; every record needs {what}.")
        said = self.records.select(*asked).mapInArrow(
            each(lambda rows: readings.texts(rows, plan)), readings.texts_schema(plan)
        )
        said = said.repartitionByRange(self.partitions, "by", "then", "id").sortWithinPartitions("by", "then", "id")
        ordered, self.size = numbered(said, "at")
        self._damage(ordered)
        distinct = ordered.select("id").distinct().count()
        if distinct < self.size:
            raise ConfigurationError(
                f"The id column {spec.id!r} repeats {self.size - distinct} ids; ids must be distinct."
            )
        return ordered

    def _damage(self, said: DataFrame) -> None:
        told = said.filter("damage <> ''").select(fn.explode(fn.split("damage", ";")).alias("one"))
        parts = fn.split("one", ":")
        columns = [parts[i].cast("long").alias(name) for i, name in enumerate(("k", "records", "mended"))]
        found = (
            told.select(*columns).groupBy("k").agg(fn.sum("records").alias("r"), fn.sum("mended").alias("m")).collect()
        )
        names = list(self.spec.columns)
        self.notes["damaged_values"] = [
            {"column": names[row["k"]], "records": row["r"], "mended": row["m"]}
            for row in sorted(found, key=lambda r: r["k"])
        ]

    def _hints(self, texts: DataFrame) -> Hints:
        names = list(self.spec.columns)
        said = {}
        for k, (name, kind) in enumerate(self.spec.columns.items()):
            if kind in cleaning.SAID:
                distinct = texts.select(f"text{k}").distinct()
                counts = distinct.mapInArrow(whole(_counting(kind)), "one long, other long")
                row = counts.agg(fn.sum("one").alias("one"), fn.sum("other").alias("other")).collect()[0]
                said[name] = (int(row["one"] or 0), int(row["other"] or 0))
        region = self.spec.region
        phones = [names.index(name) for name in self.spec.of_kind(Kind.PHONE)]
        if region is None and phones:
            numbers = [texts.select(fn.col(f"text{k}").alias("text")) for k in phones]
            every = reduce(DataFrame.unionByName, numbers).distinct()
            told = every.mapInArrow(whole(readings.telling), "text string").coalesce(1)
            found = told.mapInArrow(whole(readings.region), "region string").collect()
            region = found[0]["region"] if found else None
        return Hints(region, said)

    def _flat(self, rows: DataFrame) -> tuple[DataFrame, list[int]]:
        """The rows with a column for each place of addresses and fields, and how many places each has."""
        lists = ["mailboxes"] if self.plan.address else []
        lists += [f"values{k}" for k in range(len(self.plan.fields))]
        most = rows.agg(*(fn.max(fn.size(name)).alias(name) for name in lists)).collect()[0]
        places = [max(1, int(most[name] or 1)) for name in lists]
        columns = [c for c in rows.columns if not c.startswith(("mailboxes", "values", "extensions"))]
        out: list[Any] = list(columns)
        for name, number in zip(lists, places, strict=True):
            one = "mailbox" if name == "mailboxes" else f"{name}_"
            out += [fn.get(name, fn.lit(p)).alias(f"{one}{p}") for p in range(number)]
            behind = name.replace("values", "extensions")
            if behind != name and behind in rows.columns:
                out += [fn.get(behind, fn.lit(p)).alias(f"{behind}_{p}") for p in range(number)]
        return rows.select(*out), places if self.plan.address else [0, *places]

    # --- names

    def _named(self, rows: DataFrame) -> tuple[DataFrame, Lexicon]:
        schema = rows.schema
        if self.plan.address:
            known = self.session.sparkContext.broadcast((self._counts(rows, "first"), self._counts(rows, "last")))
            rows = kept(rows.mapInArrow(each(lambda rows: readings.mined(rows, known.value)), schema))
            vocabulary, first, last = self._vocabulary(rows)
            texts, none = laid_out(vocabulary), np.full(len(vocabulary), -1, np.int32)
            usual = usual_spelling(texts, first, 1), usual_spelling(texts, last, 1)
            spelling = self.session.sparkContext.broadcast(
                readings.Spelling(pa.array(vocabulary, pa.string()), texts, usual, (own_names(vocabulary), none))
            )
            rows = kept(rows.mapInArrow(each(lambda rows: readings.spelt(rows, spelling.value)), schema))
        vocabulary, first, last = self._vocabulary(rows)
        names = lexicon(vocabulary, first, last)
        of = self.session.sparkContext.broadcast(pa.array(vocabulary, pa.string()))
        kinds = {"first": "int", "last": "int"}
        ddl = ", ".join(f"{f.name} {kinds.get(f.name, f.dataType.simpleString())}" for f in schema)
        rows = kept(rows.mapInArrow(each(lambda rows: readings.coded(rows, of.value)), ddl))
        return self._with_affinity(rows, names), Lexicon(names, NameKeys.of(names))

    def _counts(self, rows: DataFrame, name: str) -> dict[str, int]:
        found = rows.filter(fn.col(name).isNotNull()).groupBy(name).count().toArrow()
        return written_together(zip(found[name].to_pylist(), found["count"].to_pylist(), strict=True))

    def _vocabulary(self, rows: DataFrame) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The names in the order in which records carry them, first names before last names, and how many do."""
        either = [
            rows.filter(fn.col(name).isNotNull()).groupBy(fn.col(name).alias("name")).agg(
                (fn.min("at") + fn.lit(at * self.size)).alias("place"),
                fn.count("*").alias("count"), fn.lit(at).alias("side"),
            )
            for at, name in enumerate(("first", "last"))
        ]  # fmt: skip
        both = either[0].unionByName(either[1]).groupBy("name")
        side = [fn.sum(fn.when(fn.col("side") == at, fn.col("count")).otherwise(0)).alias(f"c{at}") for at in (0, 1)]
        found = both.agg(fn.min("place").alias("place"), *side).toArrow().sort_by("place")
        return found["name"].to_pylist(), found["c0"].to_numpy(), found["c1"].to_numpy()

    def _with_affinity(self, rows: DataFrame, names: Names) -> DataFrame:
        """How much more often each record's names go together than by chance, from the counts of pairs of names."""
        pairs = rows.filter("first >= 0 and last >= 0").groupBy("first", "last").count().toArrow()
        pairs = pairs.sort_by([("first", "ascending"), ("last", "ascending")])
        first, last, count = (pairs[name].to_numpy() for name in ("first", "last", "count"))
        if not len(count):
            return rows.withColumn("affinity", fn.lit(0.0).cast("float"))
        spread = hashed(pa.array(names.vocabulary, pa.large_string()))
        found = of_pairs(first, last, count, spread)
        told = self.session.createDataFrame(pa.table({"first": first, "last": last, "affinity": found}))
        return rows.join(told, ["first", "last"], "left").fillna(0.0, ["affinity"])

    # --- what the table says of its values

    def _valued(self, rows: DataFrame) -> DataFrame:
        """The rows with what the table says of each of their values, slot by slot."""
        plan, places, known = self.plan, self.places, self.known
        told = rows.mapInArrow(
            each(lambda rows: readings.tokens(rows, plan, places, known.value)), readings.TOKEN
        ).persist()
        named = (fn.col("given") >= 0) & (fn.col("holds") < 2)
        counts = told.groupBy("kind", "value").agg(
            fn.count("*").alias("carriers"),
            _distinct(fn.when(fn.col("initial") >= 0, fn.col("initial"))).alias("letters"),
            fn.sum(fn.when(named, 1).otherwise(0)).alias("named"),
            fn.sum(fn.when(named & (fn.col("holds") == 1), 1).otherwise(0)).alias("alike"),
            _distinct(fn.when(named, fn.col("given"))).alias("people"),
            _distinct(fn.col("extension")).alias("extensions"),
        )
        said = counts.mapInArrow(
            each(lambda c: readings.judged_values(c, plan)), "kind string, value string, said short"
        )
        slots = 2 * places[0] + sum(places[1:])
        by_slot = [fn.max(fn.when(fn.col("slot") == s, fn.col("said"))).alias(f"said{s}") for s in range(slots)]
        of_record = told.join(said, ["kind", "value"]).groupBy("at").agg(*by_slot)
        rows = rows.join(of_record, "at", "left").fillna(0, [f"said{s}" for s in range(slots)])
        self._shared(counts, said)
        if not plan.address:
            return kept(rows)
        free = frozenset(emails.FREE | self._free_domains(told))
        more = [f"shared{p} short, free{p} short, made{p} short, domain{p} string" for p in range(places[0])]
        ddl = ", ".join([*(f"{f.name} {f.dataType.simpleString()}" for f in rows.schema), *more])
        return kept(rows.mapInArrow(each(lambda rows: readings.settled(rows, places, free, known.value)), ddl))

    def _shared(self, counts: DataFrame, said: DataFrame) -> None:
        """Keep for the report the values that so many share that they are no evidence, most carried first."""
        classes = {readings.MAILBOX: "email"} | {
            str(k): name for k, (name, kind) in enumerate(self.plan.fields) if COMPARISONS[kind.value].classes
        }
        stopped = said.filter(fn.col("kind").isin(list(classes)) & (fn.col("said") == emails.NO_EVIDENCE))
        told = stopped.join(counts, ["kind", "value"]).filter("carriers > 1")
        most = told.orderBy(fn.desc("carriers"), "value").limit(MOST).collect()
        self.notes["shared_values"] = [
            {"column": classes[row["kind"]], "value": row["value"], "records": int(row["carriers"])} for row in most
        ]

    def _free_domains(self, told: DataFrame) -> set[str]:
        """The domains that the table itself says are free mail."""
        mail = told.filter(fn.col("kind") == readings.MAILBOX).select(
            fn.element_at(fn.split("value", "@", 2), 2).alias("domain"), "company"
        )
        counts = mail.groupBy("domain", "company").count()
        has = fn.col("company").isNotNull()
        of = counts.groupBy("domain").agg(
            fn.sum("count").alias("carried"), fn.sum(fn.when(has, 1).otherwise(0)).alias("companies"),
            fn.sum(fn.when(has, fn.col("count")).otherwise(0)).alias("named"),
            fn.max(fn.when(has, fn.col("count")).otherwise(0)).alias("largest"),
        ).persist()  # fmt: skip
        any_company = bool((of.agg(fn.sum("named")).collect()[0][0] or 0) > 0)
        few = of.filter("companies >= 8" if any_company else "carried > 50").toArrow()
        carried, number, named, largest = (few[n].to_numpy() for n in ("carried", "companies", "named", "largest"))
        free = emails.is_nobodys(number, named, largest) if any_company else emails.is_common(carried, self.size)
        return set(few["domain"].filter(pa.array(free)).to_pylist())

    def _with_companies(self, rows: DataFrame) -> DataFrame:
        """The rows without companies that are none, and with those that their domains stand for."""
        known, mail = self.known, bool(self.plan.address)
        for k, (_, kind) in enumerate(self.plan.fields):
            if kind is not Kind.ORGANIZATION:
                continue
            said = f"values{k}_0"
            learned = self._learned_none(rows, said) if mail and self.names is not None else []
            ddl = ", ".join([*(f"{f.name} {f.dataType.simpleString()}" for f in rows.schema), f"firm{k} string"])
            rows = rows.mapInArrow(each(_without_none(k, known)), ddl)
            firm = fn.col(f"firm{k}")
            rows = rows.withColumn(f"firm{k}", fn.when(firm.isin(learned), None).otherwise(firm)) if learned else rows
            if mail:
                rows = self._filled(kept(rows), f"firm{k}")
            slot = 2 * self.places[0] + sum(self.places[1 : 1 + k])
            rows = rows.drop(said, f"said{slot}").withColumnRenamed(f"firm{k}", said)
            sizes = rows.filter(fn.col(said).isNotNull()).groupBy(said).count()
            sizes = sizes.mapInArrow(each(_binned), "value string, bin short")
            rows = rows.join(sizes, fn.col(said) == fn.col("value"), "left").drop("value")
            rows = rows.withColumnRenamed("bin", f"said{slot}").fillna(0, [f"said{slot}"])
            self.places[1 + k] = self.places[1 + k]
        return rows

    def _learned_none(self, rows: DataFrame, company: str) -> list[str]:
        given = fn.when(fn.col("first") >= 0, fn.col("first")).otherwise(fn.col("last")).alias("name")
        own = fn.when(fn.col("free0") == 0, fn.col("domain0")).alias("domain")
        use = rows.filter(fn.col(company).isNotNull() & fn.col("domain0").isNotNull()).select(
            fn.col(company).alias("company"), given, own
        )
        use = use.filter("name >= 0").groupBy("company", "name", "domain").count().persist()
        has = use.filter("domain is not null")
        parts = [
            _pairs(use, ("company",), able=1), _pairs(use, ("company", "name"), able=-1),
            _pairs(has, ("company", "domain"), agree=1), _pairs(has, ("company", "domain", "name"), agree=-1),
        ]  # fmt: skip
        of = (
            reduce(DataFrame.unionByName, parts)
            .groupBy("company")
            .agg(fn.sum("able").alias("able"), fn.sum("agree").alias("agree"))
        )
        few = companies.FEWEST * (companies.FEWEST - 1) // 2
        enough = of.filter(fn.col("able") >= few).persist()
        total = enough.agg(fn.sum("able"), fn.sum("agree")).collect()[0]
        found = enough.filter(fn.col("agree") <= companies.RARELY * fn.col("able")).toArrow()
        able, agree = (found[n].to_numpy().astype(np.float64) for n in ("able", "agree"))
        none = companies.says_none(able, agree, float(total[1] or 0), float(total[0] or 0))
        learned: list[str] = found["company"].filter(pa.array(none)).to_pylist()
        counts = rows.filter(fn.col(company).isin(learned)).groupBy(company).count().collect() if learned else []
        told = sorted((-int(r["count"]), r[company]) for r in counts)
        self.notes["no_companies"] += [{"value": value, "records": -number} for number, value in told]
        return learned

    def _filled(self, rows: DataFrame, firm: str) -> DataFrame:
        """The company that a corporate domain stands for, where a record says none."""
        counts = rows.filter((fn.col("free0") == 0) & fn.col("domain0").isNotNull() & fn.col(firm).isNotNull())
        counts = counts.groupBy(fn.col("domain0").alias("domain"), fn.col(firm).alias("company")).count()
        of = counts.groupBy("domain").agg(
            fn.sum("count").alias("named"),
            fn.max("count").alias("largest"),
            fn.max_by("company", "count").alias("stands"),
        )
        of = of.mapInArrow(each(_employers), "domain string, stands string").persist()
        for p in range(self.places[0]):
            stands = of.select(fn.col("domain").alias(f"domain{p}"), fn.col("stands").alias("stands"))
            rows = rows.join(stands, f"domain{p}", "left").withColumn(firm, fn.coalesce(firm, "stands")).drop("stands")
        return rows

    # --- rows

    def _layout(self, lex: Lexicon | None) -> Layout:
        fields = []
        for (name, kind), number in zip(self.plan.fields, self.places[1:], strict=True):
            fields.append((name, kind, 1 if kind is Kind.ORGANIZATION else number))
        return Layout(self.places[0], tuple(fields), lex)

    def _as_rows(self, rows: DataFrame, layout: Layout) -> DataFrame:
        columns: list[Column] = [fn.col("at"), fn.col("source")]
        if layout.lexicon is not None:
            columns += [fn.col(name) for name in ("first", "last", "affinity", "mined", "loose", "generation")]
        for p in range(layout.addresses):
            columns += [fn.col(f"{name}{p}") for name in ("mailbox", "shared", "free", "made")]
        slot = 2 * layout.addresses
        for k, (_, kind, _) in enumerate(layout.fields):
            for p in range(self.places[1 + k]):
                columns += [
                    fn.col(f"values{k}_{p}").alias(f"value{k}_{p}"),
                    fn.col(f"said{slot + p}").alias(f"bin{k}_{p}"),
                ]
                columns += [fn.col(f"extensions{k}_{p}").alias(f"extension{k}_{p}")] if kind is Kind.PHONE else []
            slot += self.places[1 + k]
        return rows.select(*columns)

    def _bypassed(self, rows: DataFrame, layout: Layout) -> DataFrame:
        if not self.bypassing:
            return rows
        spec, decisions = self.spec, self.bypassing
        return rows.mapInArrow(each(lambda rows: without_evidence(rows, layout, decisions, spec)), ddl(layout.schema))

    def _groups(self, rows: DataFrame, layout: Layout) -> list[Group]:
        """The groups of evidence: how the records of each are spread over bins."""
        found = []
        if layout.lexicon is not None:
            names = layout.lexicon.names
            for name, role, counts in (
                ("first_name", "first", names.first_count),
                ("last_name", "last", names.last_count),
            ):
                found.append(_group(name, role, counts, frequency_bins(counts), np.ones(len(counts), np.int64)))
            found.append(Group("names", "names", np.zeros(BINS), np.zeros(BINS), 0.0))
        asked = [("email", "email", "mailbox0", "shared0")] if layout.addresses else []
        asked += [(name, kind.value, f"value{k}_0", f"bin{k}_0") for k, (name, kind, _) in enumerate(layout.fields)]
        for name, role, value, bin_ in asked:
            sizes = rows.filter(fn.col(value).isNotNull()).groupBy(value, bin_).count()
            said = (
                sizes.groupBy(fn.col("count"), fn.col(bin_).alias("bin")).agg(fn.count("*").alias("values")).toArrow()
            )
            counts, bins, values = (said[n].to_numpy().astype(np.int64) for n in ("count", "bin", "values"))
            found.append(_group(name, role, counts, bins, values))
        return found


def _group(name: str, role: str, counts: Any, bins: Any, values: Any) -> Group:
    """A group from how many values have so many records and are of each bin."""
    use = (counts > 1) & (bins < BINS)
    n, bins_, times = counts[use].astype(np.float64), bins[use], values[use]
    keep = np.bincount(bins_, n * times, BINS).astype(np.float64)
    pairs = np.bincount(bins_, n * (n - 1) * times, BINS).astype(np.float64)
    return group_of(name, role, keep, pairs, records=float((counts * values).sum()), fewest=FEWEST)


def numbered(ordered: DataFrame, name: str) -> tuple[DataFrame, int]:
    """The rows of a table in order with the place of each, and how many there are."""
    marked = kept(ordered.withColumn("mark", fn.monotonically_increasing_id()))
    part = fn.shiftright("mark", 33)
    counts = {int(r["part"]): int(r["count"]) for r in marked.groupBy(part.alias("part")).count().collect()}
    before, places = 0, []
    for at in range(max(counts, default=0) + 1):
        places.append(fn.lit(before).cast("long"))
        before += counts.get(at, 0)
    offset = fn.element_at(fn.array(*places), (part + 1).cast("int"))
    return marked.withColumn(name, fn.col("mark").bitwiseAND(fn.lit((1 << 33) - 1)) + offset).drop("mark"), before


def _counting(kind: Kind) -> Callable[[pa.Table], pa.Table]:
    return lambda values: readings.counted(values, kind)


def _without_none(k: int, known: Any) -> Callable[[pa.Table], pa.Table]:
    return lambda rows: readings.no_company(rows, k, known.value)


def _binned(sizes: pa.Table) -> pa.Table:
    return pa.table({"value": sizes[0], "bin": frequency_bins(sizes["count"].to_numpy()).astype(np.int16)})


def _employers(of: pa.Table) -> pa.Table:
    some = emails.is_employers(of["named"].to_numpy(), of["largest"].to_numpy())
    return of.select(["domain", "stands"]).filter(pa.array(some))


def _distinct(values: Column) -> Column:
    return fn.size(fn.collect_set(values))


def _pairs(counts: DataFrame, by: tuple[str, ...], *, able: int = 0, agree: int = 0) -> DataFrame:
    """How many pairs of records agree on some columns, of each company."""
    sizes = counts.groupBy(*by).agg(fn.sum("count").alias("n"))
    pairs = fn.sum(fn.expr("n * (n - 1) div 2"))
    return sizes.groupBy("company").agg((pairs * able).alias("able"), (pairs * agree).alias("agree"))
