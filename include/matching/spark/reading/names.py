"""Names: read out of addresses where they are missing, spelt as addresses spell them, and coded by one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.pairs.blocking_rules import NameKeys
from include.matching.records import emails
from include.matching.records.columns import Codes, Dictionary, Texts, apply, encode, hashed, lay_out, remapped
from include.matching.records.handles import Counted, as_names, handles_among, name_handles, spell_out
from include.matching.records.languages import of_pairs
from include.matching.records.names_from_addresses import written_together
from include.matching.records.person_names import Names, laid_out, lexicon, mine_from, own_names
from include.matching.records.spelling import spelt_as_in_addresses, usual_spelling
from include.matching.records.written_names import Vocabulary, Written
from include.matching.spark.keeping import kept
from include.matching.spark.reading.columns import codes_of, replaced
from include.matching.spark.rows import Lexicon
from include.matching.spark.tasks import Task, each

Counts = npt.NDArray[np.int64]
ALONE = "loose = 1 and first is null and last is not null"  # full names of one word
NAMED = ("at", "first", "last", "loose", "generation", "mined")


def with_names(rows: DataFrame, records: int, *, mailed: bool, full: bool) -> tuple[DataFrame, Lexicon]:
    """The rows with their names as codes, and what the names of the table are; ``mailed``: there are addresses, and
    ``full``: full names.

    What names go through in turn takes the whole table's counts each time. Those are counted on names alone, and whole
    rows go through all of it at once.
    """
    send, kinds = rows.sparkSession.sparkContext.broadcast, {"first": "int", "last": "int"}
    turns: list[Task] = []
    alone = rows.select(*NAMED, *(["mailbox0"] if mailed else []))
    if mailed:
        counts = _counts(alone)
        said = _alone(alone) if full else {}
        known = send((counts, as_names(said, *counts), _owners(alone, handles_among(said, *counts))))
        turns.append(lambda part: _mined(part, *known.value))
        alone = kept(alone.mapInArrow(each(turns[0]), alone.schema))
        spelling = send(_spelling(alone, records))
        turns.append(lambda part: _spelt(part, spelling.value))
        alone = kept(alone.mapInArrow(each(turns[1]), alone.schema))
    vocabulary, first, last = _vocabulary(alone, records)
    names = lexicon(vocabulary, first, last)
    every = send(pa.array(vocabulary, pa.string()))
    turns.append(lambda part: _coded(part, every.value))
    words = ", ".join(f"{f.name} {kinds.get(f.name, f.dataType.simpleString())}" for f in rows.schema)
    rows = kept(rows.mapInArrow(each(lambda part: reduce(lambda so_far, turn: turn(so_far), turns, part)), words))
    return _with_affinity(rows, names), Lexicon(names, NameKeys.of(names))


def _spelling(rows: DataFrame, records: int) -> Spelling:
    vocabulary, first, last = _vocabulary(rows, records)
    texts, none = laid_out(vocabulary), np.full(len(vocabulary), -1, np.int32)
    usual = usual_spelling(texts, first, 1), usual_spelling(texts, last, 1)
    return Spelling(pa.array(vocabulary, pa.string()), texts, usual, (own_names(vocabulary), none))


def _counts(rows: DataFrame) -> tuple[dict[str, int], dict[str, int]]:
    """Of first and of last names, how many records carry each."""
    sides = enumerate(("first", "last"))
    either = [fn.struct(fn.lit(at).alias("side"), fn.col(name).alias("name")) for at, name in sides]
    every = rows.select(fn.explode(fn.array(*either)).alias("one")).select("one.*").filter("name is not null")
    found = every.groupBy("side", "name").count().toArrow()
    first, last = (found.filter(pc.equal(found["side"], at)) for at in (0, 1))
    return _together(first), _together(last)


def _alone(rows: DataFrame) -> dict[str, int]:
    """The words that full names consist of, and how many records say each."""
    return _together(rows.filter(ALONE).groupBy(fn.col("last").alias("name")).count().toArrow())


def _owners(rows: DataFrame, handles: set[str]) -> dict[str, tuple[str, str]]:
    """The names of those whose address, or whose names written together, some handle is (see ``handles.owners``)."""
    if not handles:
        return {}
    asked = rows.sparkSession.createDataFrame(pa.table({"handle": sorted(handles)}))
    whole = rows.filter("first is not null and last is not null")
    address = fn.element_at(fn.split("mailbox0", "@", 2), 1)
    together = fn.concat(*(fn.replace(fn.col(half), fn.lit(" "), fn.lit("")) for half in ("first", "last")))
    either = [whole.select(said.alias("handle"), "first", "last") for said in (address, together)]
    names = either[0].unionByName(either[1]).join(fn.broadcast(asked), "handle").distinct().groupBy("handle")
    found = names.agg(fn.count("*").alias("people"), fn.min("first").alias("first"), fn.min("last").alias("last"))
    return {row["handle"]: (row["first"], row["last"]) for row in found.filter("people = 1").toArrow().to_pylist()}


def _together(counted: pa.Table) -> dict[str, int]:
    return written_together(zip(counted["name"].to_pylist(), counted["count"].to_pylist(), strict=True))


def _vocabulary(rows: DataFrame, records: int) -> tuple[list[str], Counts, Counts]:
    """The names in the order in which records carry them, first names before last names, and how many do."""
    either = []
    for side, name in enumerate(("first", "last")):
        carried = rows.filter(fn.col(name).isNotNull()).groupBy(fn.col(name).alias("name"))
        place = (fn.min("at") + fn.lit(side * records)).alias("place")
        either.append(carried.agg(place, fn.count("*").alias("count"), fn.lit(side).alias("side")))
    both = either[0].unionByName(either[1]).groupBy("name")
    counts = [fn.sum(fn.when(fn.col("side") == at, fn.col("count")).otherwise(0)).alias(f"c{at}") for at in (0, 1)]
    found = both.agg(fn.min("place").alias("place"), *counts).toArrow().sort_by("place")
    return found["name"].to_pylist(), found["c0"].to_numpy(), found["c1"].to_numpy()


def _with_affinity(rows: DataFrame, names: Names) -> DataFrame:
    """How much more often each record's names go together than by chance, from the counts of pairs of names."""
    pairs = rows.filter("first >= 0 and last >= 0").groupBy("first", "last").count().toArrow()
    pairs = pairs.sort_by([("first", "ascending"), ("last", "ascending")])
    first, last, count = (pairs[name].to_numpy() for name in ("first", "last", "count"))
    if not len(count):
        return rows.withColumn("affinity", fn.lit(0.0).cast("float"))
    spread = hashed(pa.array(names.vocabulary, pa.large_string()))
    found = of_pairs(first, last, count, spread)
    told = rows.sparkSession.createDataFrame(pa.table({"first": first, "last": last, "affinity": found}))
    return rows.join(told, ["first", "last"], "left").fillna(0.0, ["affinity"])


def named(written: Written) -> dict[str, Any]:
    """The columns of the names that are written."""
    of = pa.array(list(written.words), pa.string())
    said = {name: of.take(pa.array(c, mask=c < 0)) for name, c in (("first", written.first), ("last", written.last))}
    return said | {"loose": written.loose.astype(np.int16), "generation": written.generation.astype(np.int16)}


def _written(rows: pa.Table) -> Written:
    words = Vocabulary()
    coded = []
    for name in ("first", "last"):
        column = encode(rows[name], name)
        table = np.array([words.code(v) for v in column.values.to_pylist()], np.int32)
        coded.append(apply(table, column.codes))
    loose, generation = (np.array(rows[name].to_numpy(), np.uint8) for name in ("loose", "generation"))
    return Written(coded[0], coded[1], loose, generation, words)


def _boxes(rows: pa.Table) -> emails.Mailboxes:
    """The first mailbox of each record."""
    column = encode(rows["mailbox0"], "mailbox0")
    parts = [remapped(Dictionary(np.arange(len(h), dtype=np.int32), h), h) for h in emails.halves(column.values)]
    return emails.Mailboxes(column, parts[0], parts[1])


def _mined(
    rows: pa.Table,
    known: tuple[Counted, Counted],
    beside: tuple[Counted, Counted],
    whose: Mapping[str, tuple[str, str]],
) -> pa.Table:
    """The records with names read out of addresses: of those whose handles they say, and their own."""
    written, boxes = _written(rows), _boxes(rows)
    name_handles(written, whose)
    spell_out(written, boxes, *beside)
    found = mine_from(written, boxes, *known)
    return replaced(rows, named(written) | {"mined": found.astype(np.int16)})


@dataclass(frozen=True)
class Spelling:
    """The vocabulary as it is before names are mended, and each name's more usual spelling."""

    vocabulary: pa.Array
    texts: Texts
    usual: tuple[Codes, Codes]
    own: tuple[Codes, Codes]


def _spelt(rows: pa.Table, spelling: Spelling) -> pa.Table:
    """The records with names that their addresses spell otherwise mended."""
    boxes = _boxes(rows)
    local, _ = emails.locals_of(boxes)
    locals_ = lay_out(boxes.local.values)
    out = {}
    for name, usual, own in zip(("first", "last"), spelling.usual, spelling.own, strict=True):
        codes = codes_of(rows[name], spelling.vocabulary)
        codes = spelt_as_in_addresses(codes, spelling.texts, own, local, locals_, usual)
        out[name] = spelling.vocabulary.take(pa.array(codes, mask=codes < 0))
    return replaced(rows, out)


def _coded(rows: pa.Table, vocabulary: pa.Array) -> pa.Table:
    """The records with their names as codes."""
    for name in ("first", "last"):
        codes = codes_of(rows[name], vocabulary)
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, pa.chunked_array([pa.array(codes)]))
    return rows
