"""Companies: those that are none are left out, and corporate addresses stand for theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.records import companies, emails
from include.matching.records.columns import Codes, Dictionary, encode
from include.matching.records.features import frequency_bins
from include.matching.records.person_names import Names
from include.matching.spark.chunks import Chunks
from include.matching.spark.reading.columns import replaced, spread_texts, texts_of
from include.matching.spark.reading.plan import Plan
from include.matching.spark.reading.values import names_beside
from include.matching.spark.table import Places

Notes = list[dict[str, Any]]
PEOPLE = pa.schema([("company", pa.string()), ("name", pa.int32()), ("domain", pa.string()), ("count", pa.int64())])
ABLE = pa.schema([("company", pa.string()), ("able", pa.int64()), ("agree", pa.int64())])
SAID = pa.schema([("company", pa.string()), ("count", pa.int64())])
EMPLOYED = pa.schema([("domain", pa.string()), ("company", pa.string()), ("count", pa.int64()), ("home", pa.int32())])
STANDS = pa.schema([("domain", pa.string()), ("stands", pa.string())])
SIZES = pa.schema([("value", pa.string()), ("count", pa.int64()), ("home", pa.int32())])
BINS = pa.schema([("value", pa.string()), ("bin", pa.int16())])


def with_companies(
    rows: Chunks, plan: Plan, places: Sequence[int], names: Any, at: Places, *, named: bool
) -> tuple[Chunks, Notes]:
    """The rows without companies that are none, and with those that their domains stand for; and the former.

    ``places``: of addresses, and of each field; ``named``: there are names.
    """
    notes: Notes = []
    for k in plan.companies:
        company, mailed = _Company(k, places, bool(plan.address), names), bool(plan.address)
        learned = _learned_none(rows, company, at.parts) if mailed and named else []
        notes += _told_of(rows, company, learned)
        known = company.without(learned)
        if mailed:
            asked = rows.each(lambda part, c=company, of=known: c.employed(of(part), at), EMPLOYED)
            stands = asked.met(_employers, STANDS)
            rows = rows.met(
                lambda part, of, c=company, is_known=known: c.filled(is_known(part), of), rows.schema, stands
            )
        else:
            rows = rows.each(known, rows.schema)
        rows = rows.kept()
        sizes = rows.each(lambda part, c=company: c.sizes(part, at), SIZES)
        bins = sizes.met(_binned, BINS)
        rows = rows.met(lambda part, of, c=company: c.with_bins(part, of), rows.schema, bins).kept()
    return rows, notes


@dataclass(frozen=True)
class _Company:
    """A column of companies, and where what concerns it is in a row."""

    k: int
    places: Sequence[int]
    mailed: bool
    names: Any

    @property
    def value(self) -> str:
        """The column of its values."""
        return f"values{self.k}_0"

    @property
    def said(self) -> str:
        """The column of what the table says of them."""
        return f"said{2 * self.places[0] + sum(self.places[1 : 1 + self.k])}"

    def without(self, learned: Sequence[str]) -> Any:
        """A task that leaves out of rows what is known to be no company, and what was learned to be none."""
        none = pa.array(learned, pa.string())

        def task(rows: pa.Table) -> pa.Table:
            known = _no_company(rows, self.value, self.names.value)
            left = pc.if_else(pc.fill_null(pc.is_in(known, value_set=none), False), pa.scalar(None, pa.string()), known)
            return replaced(rows, {self.value: left})

        return task

    def employed(self, rows: pa.Table, at: Places) -> pa.Table:
        """How many records of a part name each company at each domain of their own, on the way to where all of a
        domain's are counted; and every domain that a record has, for it is to be told there."""
        own = pc.and_(pc.equal(rows["free0"], 0), pc.is_valid(rows[self.value]))
        asked = pa.concat_tables(
            pa.table({"domain": rows[f"domain{p}"], "company": pa.nulls(rows.num_rows, pa.string())})
            for p in range(self.places[0])
        )
        said = pa.table({"domain": rows["domain0"], "company": rows[self.value]}).filter(own)
        every = pa.concat_tables([asked.group_by(["domain", "company"]).aggregate([]), said])
        every = every.filter(pc.is_valid(every["domain"]))
        found = every.group_by(["domain", "company"]).aggregate([([], "count_all")])
        home = np.repeat(at.part_of(rows["at"].to_numpy()[:1]), found.num_rows)
        found = pa.table([*found.columns, home], schema=EMPLOYED)
        return found.append_column("to", pa.array(spread_texts(found["domain"], at.parts)))

    def filled(self, rows: pa.Table, stands: pa.Table) -> pa.Table:
        """The rows with the company that a corporate domain stands for, where a record says none."""
        domains, firms = (stands[name].combine_chunks() for name in STANDS.names)
        firm = rows[self.value].combine_chunks()
        for p in range(self.places[0]):
            at = pc.index_in(rows[f"domain{p}"].combine_chunks(), value_set=domains)
            firm = pc.coalesce(firm, firms.take(at))
        return replaced(rows, {self.value: firm})

    def sizes(self, rows: pa.Table, at: Places) -> pa.Table:
        """How many records of a part have each company, on the way to where all of its records are counted."""
        some = rows.filter(pc.is_valid(rows[self.value]))
        found = some.group_by(self.value).aggregate([([], "count_all")])
        home = np.repeat(at.part_of(rows["at"].to_numpy()[:1]), found.num_rows)
        found = pa.table([*found.columns, home], schema=SIZES)
        return found.append_column("to", pa.array(spread_texts(found["value"], at.parts)))

    def with_bins(self, rows: pa.Table, bins: pa.Table) -> pa.Table:
        """The rows with the bin of their company, 0 where they have none."""
        at = pc.index_in(rows[self.value].combine_chunks(), value_set=bins["value"].combine_chunks())
        return replaced(rows, {self.said: pc.fill_null(bins["bin"].combine_chunks().take(at), 0)})


def _told_of(rows: Chunks, company: _Company, learned: list[str]) -> Notes:
    if not learned:
        return []
    none, value = pa.array(learned), company.value

    def task(part: pa.Table) -> pa.Table:
        found = part.filter(pc.is_in(part[value], value_set=none)).group_by(value).aggregate([([], "count_all")])
        return found.rename_columns(SAID.names).cast(SAID)

    found = rows.told(task, SAID).toArrow().group_by("company").aggregate([("count", "sum")])
    told = sorted((-count, name) for name, count in zip(*(c.to_pylist() for c in found.columns), strict=True))
    return [{"value": value, "records": -number} for number, value in told]


def _learned_none(rows: Chunks, company: _Company, parts: int) -> list[str]:
    """Companies of which no two people have an address of one domain (see ``companies.says_none``)."""
    people = rows.each(lambda part: _people(part, company.value, parts), PEOPLE)
    told = people.told_met(_able, ABLE).toArrow()
    is_sum = pc.is_null(told["company"])
    total, found = told.filter(is_sum), told.filter(pc.invert(is_sum))
    all_able, all_agree = (float(pc.sum(total[name]).as_py() or 0) for name in ("able", "agree"))
    able, agree = (found[n].to_numpy().astype(np.float64) for n in ("able", "agree"))
    none = companies.says_none(able, agree, all_agree, all_able)
    return list(found["company"].filter(pa.array(none)).to_pylist())


def _people(rows: pa.Table, value: str, parts: int) -> pa.Table:
    """How many records of a part say each company, name and own domain together, on the way to where all of a
    company's are counted."""
    first, last = rows["first"].to_numpy(), rows["last"].to_numpy()
    name = np.where(first >= 0, first, last)
    own = pc.if_else(pc.equal(rows["free0"], 0), rows["domain0"], pa.scalar(None, pa.string()))
    every = pa.table({"company": rows[value], "name": name, "domain": own})
    some = pc.and_(pc.and_(pc.is_valid(rows[value]), pc.is_valid(rows["domain0"])), pa.array(name >= 0))
    found = every.filter(some).group_by(PEOPLE.names[:-1]).aggregate([([], "count_all")])
    found = found.rename_columns(PEOPLE.names).cast(PEOPLE)
    return found.append_column("to", pa.array(spread_texts(found["company"], parts)))


def _able(people: pa.Table) -> pa.Table:
    """Of companies with enough people how many pairs of two names they have, and how many of those share an own domain:
    of those that do so rarely, and of no company (null) the sums of all."""
    has = people.filter(pc.is_valid(people["domain"]))
    parts = [
        _pairs(people, ["company"], able=1), _pairs(people, ["company", "name"], able=-1),
        _pairs(has, ["company", "domain"], agree=1), _pairs(has, ["company", "domain", "name"], agree=-1),
    ]  # fmt: skip
    sums = pa.concat_tables(parts).group_by("company").aggregate([("able", "sum"), ("agree", "sum")])
    every = sums.rename_columns(ABLE.names).cast(ABLE)
    enough = every.filter(pc.greater_equal(every["able"], companies.FEWEST * (companies.FEWEST - 1) // 2))
    total = [[pc.sum(enough[name]).as_py() or 0] for name in ("able", "agree")]
    rarely = np.flatnonzero(enough["agree"].to_numpy() <= companies.RARELY * enough["able"].to_numpy())
    return pa.concat_tables([pa.table([[None], *total], schema=ABLE), enough.take(pa.array(rarely))])


def _pairs(counts: pa.Table, by: list[str], *, able: int = 0, agree: int = 0) -> pa.Table:
    """How many pairs of records agree on some columns, of each company."""
    sizes = counts.group_by(by).aggregate([("count", "sum")])
    n = sizes["count_sum"].to_numpy()
    pairs = n * (n - 1) // 2
    return pa.table([sizes["company"], pairs * able, pairs * agree], schema=ABLE)


def _no_company(rows: pa.Table, value: str, names: Names | None) -> pa.Array:
    """The companies of records without what is known to be none."""
    column = encode(rows[value], "")
    said = None
    if names is not None:
        first, last, _, _ = names_beside(rows, names)
        said = _Named(first, last, names.vocabulary)
    none = companies.is_none(column, said)  # type: ignore[arg-type]
    codes = np.where(none, -1, column.codes).astype(np.int32)
    return texts_of(Dictionary(codes, column.values))


@dataclass(frozen=True)
class _Named:
    first: Codes
    last: Codes
    vocabulary: Sequence[str]


def _employers(employed: pa.Table) -> pa.Table:
    """The companies that domains stand for, on the way to the parts that have those domains."""
    said = (
        employed.filter(pc.is_valid(employed["company"])).group_by(["domain", "company"]).aggregate([("count", "sum")])
    )
    said = said.sort_by([("domain", "ascending"), ("count_sum", "ascending")])
    domain, count = said["domain"].to_numpy(zero_copy_only=False), said["count_sum"].to_numpy()
    start = _starts(domain)
    last = np.append(start[1:], len(domain)) - 1
    named = np.add.reduceat(count, start) if len(start) else count
    some = last[emails.is_employers(named, count[last])]
    stands = said.select(["domain", "company"]).take(pa.array(some)).rename_columns(STANDS.names)
    homes = employed.group_by(["domain", "home"]).aggregate([])
    found = homes.join(stands, "domain", join_type="inner")
    return pa.table([found[name] for name in (*STANDS.names, "home")], names=[*STANDS.names, "to"])


def _starts(ordered: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Where each of some ordered values begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, np.int64)


def _binned(sizes: pa.Table) -> pa.Table:
    """The bins of companies by how many records have each, on the way to the parts that have them."""
    every = sizes.group_by("value").aggregate([("count", "sum")])
    bins = frequency_bins(every["count_sum"].to_numpy()).astype(np.int16)
    found = sizes.select(["value", "home"]).join(
        pa.table([every["value"], bins], schema=BINS), "value", join_type="inner"
    )
    return pa.table([found[name] for name in (*BINS.names, "home")], names=[*BINS.names, "to"])
