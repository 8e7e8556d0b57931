"""Rivals on Spark: what the claims of firm clusters on each other take from pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import functions as fn

from include.matching.claims import Expected
from include.matching.judgement import Judge
from include.matching.pairs.tally import Tally
from include.matching.rivals import ROUNDS, given_back
from include.matching.spark.chunks import Chunks
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import claims as parts
from include.matching.spark.parts import weighing
from include.matching.spark.parts.chunks import Task
from include.matching.spark.parts.clusters import CLUSTER, PAIR, added_in, clusters_in
from include.matching.spark.parts.pairs import SCORED
from include.matching.spark.table import Places

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Weights:
    """What rivals take away: of each record's firm cluster, and of each claim; and what is given back to all."""

    of_records: Chunks  # at, firm, taken and first, on the way to the record's part
    claims: Chunks  # at the part of the smaller cluster
    back: float

    def weighed(self, records: KeyedRecords, scored: Chunks, judge: Judge) -> Chunks:
        """Scored pairs, weighed."""
        by, known, back, places = records.sent(judge), records.known, self.back, records.table.places
        right = weighing.with_known(SCORED, "r")
        both = pa.schema([*weighing.with_known(right, "l"), *parts.BETWEEN_FIRM.remove(2)])
        beside = scored.met(lambda pairs, of: weighing.with_right(pairs, of, places), right, self.of_records)
        beside = beside.met(lambda pairs, of: weighing.with_both(pairs, of, places), both, self.of_records)

        def task(pairs: pa.Table, claims: pa.Table) -> pa.Table:
            return weighing.weighed_pairs(pairs, claims, known.value, by.value, back)

        return beside.met(task, SCORED, self.claims).kept()


def weigh(records: KeyedRecords, scored: Chunks, found: Chunks, prior: float) -> Weights:
    """Weigh the claims of firm clusters, as they were ``found``."""
    places = records.table.places
    told = found.each(lambda part: clusters_in(part, places), CLUSTER).over(places.parts)
    named = records.rows.schema
    asked = pa.schema([field for field in named if field.name in {"at", "first"}])
    firm = told.met(parts.firm_of, parts.FIRM, records.rows.each(lambda part: part.select(asked.names), asked)).kept()
    sizes = firm.each(lambda part: parts.sizes(part, places), parts.SIZES).met(parts.whole_sizes, parts.SIZES).kept()
    claims = _sized(_claims(records, scored, found, firm, prior), sizes, places)
    expected = _expected(claims)
    power = expected.power(*_summed(sizes, parts.clusters_of, parts.CLUSTERS))
    claims = claims.each(lambda part: parts.told_by_size(part, power), parts.SIZED).kept()
    against, sides = _contested(claims, prior, places)
    taken = sides.each(parts.taken, parts.TAKEN)
    asked = firm.each(lambda part: places.sent(part, "firm"), parts.FIRM)
    of_records = asked.met(lambda part, of: parts.with_taken(part, of, places), parts.OF_RECORDS, taken).kept()
    either = against.each(lambda part: parts.at_the_smaller(part, places), parts.EITHER)
    claims = claims.met(parts.against_both, parts.CLAIMS, either).kept()
    after = Tally.of_grains(*_summed(claims, parts.grains_of, parts.GRAINS))
    return Weights(of_records, claims, given_back(expected.all, after))


def _contested(claims: Chunks, prior: float, places: Places) -> tuple[Chunks, Chunks]:
    """What there is against each claim at both of its clusters, and the claims as both have them.

    What is against the claims of a cluster is told by them, by the claims of its rivals on each other, and by what is
    against its rivals' claims on it; so each round takes a meeting of both sides of each claim.
    """
    sides = claims.each(lambda part: parts.both_sides(part, places), parts.SIDES)
    twos = sides.met(lambda part: parts.strong_twos(part, places), parts.TWOS)
    between = twos.met(parts.between, parts.BETWEEN, claims).kept()
    for _ in range(ROUNDS):
        against = sides.met(lambda part, of: parts.contested_sides(part, of, prior), parts.AGAINST, between).kept()
        counter = against.each(lambda part: parts.turned(part, places), parts.AGAINST)
        sides = sides.met(parts.inbound, parts.SIDES, counter).kept()
    return against, sides


def _claims(records: KeyedRecords, scored: Chunks, found: Chunks, firm: Chunks, prior: float) -> Chunks:
    """The claims of firm clusters on each other, by all pairs of records between them."""
    places = records.table.places
    extra = found.each(lambda part: places.sent(added_in(part), "right"), PAIR)
    pairs = scored.each(lambda part: part.select(PAIR.names), PAIR).beside(extra)
    half = pairs.met(lambda part, of: parts.right_firm(part, of, places), parts.HALF, firm)
    between = half.met(lambda part, of: parts.between_firm(part, of, places), parts.BETWEEN_FIRM, firm)
    return between.met(lambda pairs: parts.claimed(pairs, prior), parts.CLAIMED)


def _sized(claims: Chunks, sizes: Chunks, places: Places) -> Chunks:
    """Claims with how many records both of their clusters have."""
    claims = claims.met(lambda part, of: parts.sized(part, of, "one", "other", places), parts.HALF_SIZED, sizes)
    sized = claims.met(lambda part, of: parts.sized(part, of, "other", "one", places), parts.SIZED, sizes)
    return sized.met(lambda part: part, parts.SIZED).kept()


def _expected(claims: Chunks) -> Expected:
    """How many of the claims are expected to hold, and of what clusters."""
    told = claims.told(parts.expected, parts.EXPECTED)
    found = told.agg(*(fn.sum(name).alias(name) for name in told.columns)).toArrow()
    return Expected(*(found[name][0].as_py() or 0 for name in told.columns))


def _summed(of: Chunks, task: Task, schema: pa.Schema) -> tuple[Numbers, Numbers]:
    """Of what a task says in two numbers the distinct first ones, ascending, and the sums of their second ones."""
    by, number = schema.names
    found = of.counted(task, schema, **{number: "sum"}).sort_by(by)
    return found[by].to_numpy(), found[number].to_numpy()
