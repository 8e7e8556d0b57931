"""Which domains the table itself says are free mail: by how many records, and at how many companies, have them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from include.matching.levels import Kind
from include.matching.records import emails
from include.matching.spark.chunks import Chunks
from include.matching.spark.reading.columns import spread_texts
from include.matching.spark.reading.plan import Plan

DOMAINS = pa.schema([("domain", pa.string()), ("company", pa.string()), ("count", pa.int64())])
OF_DOMAINS = pa.schema(
    [("domain", pa.string()), ("carried", pa.int64()), ("companies", pa.int64()), ("named", pa.int64()),
     ("largest", pa.int64())]
)  # fmt: skip


def free_domains(rows: Chunks, plan: Plan, places: Sequence[int], records: int) -> set[str]:
    """The domains that the table itself says are free mail."""
    parts = rows.parts
    carried = rows.each(lambda part: _domains(part, plan, places, parts), DOMAINS)
    found = carried.told_met(_of_domains, OF_DOMAINS).toArrow()
    some = pc.is_valid(found["domain"])
    any_company = (pc.sum(found.filter(pc.invert(some))["named"]).as_py() or 0) > 0
    few = found.filter(some)
    carried_, number, named, largest = (few[n].to_numpy() for n in OF_DOMAINS.names[1:])
    free = emails.is_nobodys(number, named, largest) if any_company else emails.is_common(carried_, records)
    return set(few["domain"].filter(pa.array(free)).to_pylist())


def _domains(rows: pa.Table, plan: Plan, places: Sequence[int], parts: int) -> pa.Table:
    """How many records of a part have each domain with each company, on the way to where they are counted."""
    company = _company_of(plan)
    firm = rows[company] if company else pa.nulls(rows.num_rows, pa.string())
    both = [pa.table({"domain": domain_of(rows[f"mailbox{p}"]), "company": firm}) for p in range(places[0])]
    every = pa.concat_tables(both)
    every = every.filter(pc.is_valid(every["domain"]))
    found = (
        every.group_by(["domain", "company"]).aggregate([([], "count_all")]).rename_columns(DOMAINS.names).cast(DOMAINS)
    )
    return found.append_column("to", pa.array(spread_texts(found["domain"], parts)))


def domain_of(mailboxes: pa.ChunkedArray) -> pa.Array:
    """The domain of each address."""
    return pc.list_element(pc.split_pattern(mailboxes.combine_chunks(), "@", max_splits=1), 1)


def _of_domains(carried: pa.Table) -> pa.Table:
    """Of the domains that may be free mail, how many records carry and how many companies have each; of none (null)
    how many records of all say a company."""
    carried = carried.group_by(["domain", "company"]).aggregate([("count", "sum")])
    has = pc.is_valid(carried["company"])
    named = pc.if_else(has, carried["count_sum"], 0)
    every = pa.table(
        {"domain": carried["domain"], "carried": carried["count_sum"], "has": has.cast(pa.int64()), "named": named}
    )
    sums = [("carried", "sum"), ("has", "sum"), ("named", "sum"), ("named", "max")]
    found = every.group_by("domain").aggregate(sums).rename_columns(OF_DOMAINS.names).cast(OF_DOMAINS)
    some = pc.or_(pc.greater_equal(found["companies"], emails.SEVERAL), pc.greater(found["carried"], emails.MANY))
    total = pa.table([[None], [0], [0], [pc.sum(named).as_py() or 0], [0]], schema=OF_DOMAINS)
    return pa.concat_tables([total, found.filter(some)])


def _company_of(plan: Plan) -> str | None:
    return next((f"values{k}_0" for k, (_, kind) in enumerate(plan.fields) if kind is Kind.ORGANIZATION), None)
