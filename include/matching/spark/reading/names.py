"""Names: read out of addresses where they are missing, spelt as addresses spell them, and coded by one vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.pairs.blocking_rules import NameKeys
from include.matching.records import emails
from include.matching.records.columns import Codes, Dictionary, Texts, apply, encode, hashed, lay_out, remapped
from include.matching.records.handles import (
    OWNED,
    Counted,
    as_names,
    handles_among,
    name_handles,
    owned,
    owners,
    said_alone,
    spell_out,
)
from include.matching.records.languages import of_pairs
from include.matching.records.names_from_addresses import written_together
from include.matching.records.person_names import Names, laid_out, lexicon, mine_from, own_names
from include.matching.records.spelling import spelt_as_in_addresses, usual_spelling
from include.matching.records.written_names import Vocabulary, Written
from include.matching.spark.chunks import Chunks
from include.matching.spark.parts.chunks import spread
from include.matching.spark.parts.meeting import runs, summed, where
from include.matching.spark.reading.columns import codes_of, flat, place_of, replaced
from include.matching.spark.rows import Lexicon
from include.matching.spark.table import Places

Counts = npt.NDArray[np.int64]
Turn = Callable[[pa.Table], pa.Table]
NAMED = ("at", "first", "last", "loose", "generation", "mined")
CODED = {"first": pa.int32(), "last": pa.int32()}
CARRIED = pa.schema(
    [("name", pa.string()), ("first", pa.int64()), ("last", pa.int64()), ("first_place", pa.int64()),
     ("last_place", pa.int64())]
)  # fmt: skip
TWO_NAMES = pa.schema([("names", pa.int64()), ("count", pa.int64()), ("home", pa.int32())])
ALONE = pa.schema([("name", pa.string()), ("count_all", pa.int64())])
OFTEN = pa.schema([("names", pa.int64()), ("count", pa.int64())])
AFFINITY = pa.schema([("names", pa.int64()), ("affinity", pa.float32())])


def with_names(
    rows: Chunks, places: Sequence[int], records: int, at: Places, *, full: bool
) -> tuple[Chunks, Lexicon, Chunks]:
    """The rows with their names as codes, what the names of the table are, and how two of them go together.

    What names go through in turn takes the whole table's counts each time. Those are counted on names alone, and whole
    rows go through all of it at once. ``places``: of addresses, and of each field; ``full``: there are full names.
    """
    asked = [*NAMED, *(["mailboxes"] if places[0] else [])]
    schema = pa.schema([rows.schema.field(name) for name in asked])
    alone = rows.each(lambda part: part.select(asked), schema)
    alone, turns = _as_addresses_say(alone, records, full=full) if places[0] else (alone, [])
    vocabulary, first, last = _vocabulary(alone, records)
    names = lexicon(vocabulary, first, last)
    every = _sent(rows, pa.array(vocabulary, pa.string()))

    def task(part: pa.Table) -> pa.Table:
        return flat(_coded(reduce(lambda so_far, turn: turn(so_far), turns, part), every.value), places)

    coded = pa.schema(
        [field.with_type(CODED.get(field.name, field.type)) for field in flat(rows.schema.empty_table(), places).schema]
    )
    rows = rows.each(task, coded).kept()
    return rows, Lexicon(names, NameKeys.of(names)), _affinity(rows, names, at)


def _as_addresses_say(names: Chunks, records: int, *, full: bool) -> tuple[Chunks, list[Turn]]:
    """Names as addresses tell and spell them, and what records go through for it, in turn."""
    counts = _counts(names)
    said = _alone(names) if full else {}
    known = _sent(names, (counts, as_names(said, *counts), _owners(names, handles_among(said, *counts))))
    tell: Turn = lambda part: _mined(part, *known.value)  # noqa: E731
    told = names.each(tell, names.schema).kept()
    spelling = _sent(names, _spelling(told, records))
    spell: Turn = lambda part: _spelt(part, spelling.value)  # noqa: E731
    return told.each(spell, names.schema).kept(), [tell, spell]


def _sent(rows: Chunks, what: Any) -> Any:
    """Something that every task may ask for."""
    return rows.held.sparkSession.sparkContext.broadcast(what)


def _spelling(rows: Chunks, records: int) -> Spelling:
    vocabulary, first, last = _vocabulary(rows, records)
    texts, none = laid_out(vocabulary), np.full(len(vocabulary), -1, np.int32)
    usual = usual_spelling(texts, first, 1), usual_spelling(texts, last, 1)
    return Spelling(pa.array(vocabulary, pa.string()), texts, usual, (own_names(vocabulary), none))


def _counts(rows: Chunks) -> tuple[dict[str, int], dict[str, int]]:
    """Of first and of last names, how many records carry each."""
    found = _carriers(rows)
    first, last = (found.select(["name", side]).filter(pc.greater(found[side], 0)) for side in ("first", "last"))
    return _together(first), _together(last)


def _carriers(rows: Chunks) -> pa.Table:
    """Of each name, how many records carry it as their first and as their last, and the first places that do."""
    return rows.counted(_carried, CARRIED, first="sum", last="sum", first_place="min", last_place="min")


def _alone(rows: Chunks) -> dict[str, int]:
    """The words that full names consist of, and how many records say each."""
    return _together(rows.counted(_said_alone, ALONE, count_all="sum"))


def _said_alone(rows: pa.Table) -> pa.Table:
    words = rows["last"].take(pa.array(said_alone(_written(rows))))
    return pa.table([words], names=["name"]).group_by("name").aggregate([([], "count_all")]).cast(ALONE)


def _owners(rows: Chunks, handles: set[str]) -> dict[str, tuple[str, str]]:
    """The names of those whose handles are asked for (see ``handles.owners``)."""
    if not handles:
        return {}
    asked = _sent(rows, handles)
    return owners(rows.told(lambda part: owned(_written(part), _boxes(part), asked.value), OWNED).distinct().toArrow())


def _carried(rows: pa.Table) -> pa.Table:
    """How many records of a part carry each name as their first and as their last, and the first places that do."""
    sides = []
    for side, other in (("first", "last"), ("last", "first")):
        found = rows.filter(pc.is_valid(rows[side])).group_by(side).aggregate([("at", "count"), ("at", "min")])
        none = np.zeros(found.num_rows, np.int64)
        columns = {"name": found[side], side: found["at_count"], other: none, f"{side}_place": found["at_min"]}
        columns[f"{other}_place"] = pa.nulls(found.num_rows, pa.int64())
        sides.append(pa.table({name: columns[name] for name in CARRIED.names}).cast(CARRIED))
    return pa.concat_tables(sides)


def _together(counted: pa.Table) -> dict[str, int]:
    return written_together(zip(counted[0].to_pylist(), counted[1].to_pylist(), strict=True))


def _vocabulary(rows: Chunks, records: int) -> tuple[list[str], Counts, Counts]:
    """The names in the order in which records carry them, first names before last names, and how many do."""
    found = _carriers(rows)
    place = pc.coalesce(found["first_place"], pc.add(found["last_place"], records))
    found = found.append_column("place", place).sort_by("place")
    return found["name"].to_pylist(), found["first"].to_numpy(), found["last"].to_numpy()


def _affinity(rows: Chunks, names: Names, at: Places) -> Chunks:
    """How much more often two names go together than by chance, from how often they do, for each part that has them."""
    parts = rows.parts
    asked = rows.each(lambda part: _two_names(part, at), TWO_NAMES)
    found = asked.told_met(lambda part: summed(part, "names", "count"), OFTEN).toArrow().sort_by("names")
    pair, count = (found[name].to_numpy() for name in OFTEN.names)
    first, last = (pair >> 32).astype(np.int32), (pair & 0xFFFFFFFF).astype(np.int32)
    by = hashed(pa.array(names.vocabulary, pa.large_string()))
    told = of_pairs(first, last, count, by) if len(pair) else np.zeros(0, np.float32)
    every = pa.table([pair, told, spread(pair, parts)], names=[*AFFINITY.names, "to"])
    return asked.met(_answered, AFFINITY, Chunks.of(rows.held.sparkSession, every, parts))


def _two_names(rows: pa.Table, at: Places) -> pa.Table:
    """How many records of a part have each two names, on the way to where all are counted; ``home``: that part."""
    pair, count = runs(_pair(rows)[_has_both(rows)])
    home = np.repeat(at.part_of(rows["at"].to_numpy()[:1]), len(pair))
    return pa.table([pair, count, home, spread(pair, at.parts)], names=[*TWO_NAMES.names, "to"])


def _pair(rows: pa.Table) -> npt.NDArray[np.int64]:
    return np.asarray(rows["first"].to_numpy().astype(np.int64) << 32 | rows["last"].to_numpy())


def _has_both(rows: pa.Table) -> npt.NDArray[np.bool_]:
    return np.asarray((rows["first"].to_numpy() >= 0) & (rows["last"].to_numpy() >= 0))


def _answered(asked: pa.Table, told: pa.Table) -> pa.Table:
    told = told.sort_by("names")
    at, _ = where(asked["names"].to_numpy(), told["names"].to_numpy())
    return pa.table([asked["names"], told["affinity"].take(pa.array(at)), asked["home"]], names=[*AFFINITY.names, "to"])


def with_affinity(rows: pa.Table, told: pa.Table) -> pa.Table:
    """Records with how much more often their two names go together than by chance."""
    told = told.sort_by("names")
    has = _has_both(rows)
    found = np.zeros(rows.num_rows, np.float32)
    at, _ = where(_pair(rows)[has], told["names"].to_numpy())
    found[has] = told["affinity"].to_numpy()[at]
    return rows.append_column("affinity", pa.array(found))


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
    column = encode(pa.chunked_array([place_of(rows["mailboxes"], 0)]), "mailboxes")
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
