"""Connected components on Spark: which records are linked, however far apart their links stand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as fn

from include.matching import components as engine
from include.matching.components import Cut
from include.matching.spark.chunks import Chunks
from include.matching.spark.parts import connecting
from include.matching.spark.parts.chunks import Longs
from include.matching.spark.parts.connecting import EDGE, LABEL, MARKED, SIZES
from include.matching.spark.parts.pairs import LINKS
from include.matching.spark.table import Places

IN_ONE_TASK = 5_000_000  # links, of 16 bytes, that one task connects


def held_together(links: Chunks, threshold: float, records: int, places: Places, most: int) -> tuple[Chunks, list[Cut]]:
    """Each linked record (``at``) and its component, none too large to be clustered at a time; and what was cut.

    As ``components.held_together`` has it, of ``links``, ``most`` of them, with their ``odds``: no finite number is
    that of a decision.
    """
    label = components(links, places, most).kept()
    cuts: list[Cut] = []
    odds = threshold
    while records > engine.HELD:
        giant, sizes = _giants(label, places)
        if not len(giant):
            break
        told = links.each(lambda part: places.sent(part, "left"), LINKS)
        told = told.met(lambda part, label, giant=giant: connecting.marked(part, label, giant), MARKED, label).kept()
        contested = told.told(connecting.contested, pa.schema([("links", pa.int64())])).toArrow()
        if not pc.sum(contested["links"]).as_py():
            break
        odds += engine.RISE
        cuts += [Cut(int(size), odds) for size in sizes]
        links = told.each(lambda part, least=odds: connecting.strong(part, least), LINKS)
        label = components(links, places, most).kept()
    return label, cuts


def _giants(label: Chunks, places: Places) -> tuple[Longs, list[int]]:
    """The components that are too large to be held, and how large they are, the largest first."""
    held = engine.HELD
    sizes = label.each(lambda part: places.sent(connecting.sizes(part), "component"), SIZES)
    found = sizes.told_met(lambda part: connecting.giants(part, held), SIZES).orderBy(fn.desc("count")).toArrow()
    return found["component"].to_numpy(), found["count"].to_pylist()


def components(links: Chunks, places: Places, most: int) -> Chunks:
    """Each linked record (``at``), on the way to its part, and the first record of its component (``component``).

    Where there are more links than one task connects, each task reduces its own to a forest, so that at most one link a
    record is left; while those are more still, links are drawn together at each record's first neighbour and reduced
    again (the small and large stars of Kiveris and others 2014).
    """
    if most <= IN_ONE_TASK:
        return _in_one_task(links, places)
    edges = links.each(connecting.forest, EDGE).kept()
    count, seen = _marks(edges)
    while count > IN_ONE_TASK:
        turned = edges.each(lambda part: places.sent(connecting.both_ways(part), "left"), EDGE)
        larger = turned.met(lambda part: places.sent(connecting.larger_star(part), "right"), EDGE)
        smaller = larger.met(lambda part: places.sent(connecting.smaller_star(part), "left"), EDGE)
        edges, before = smaller.met(connecting.forest, EDGE).kept(), (count, seen)
        count, seen = _marks(edges)
        if (count, seen) == before:
            return edges.each(lambda part: places.sent(connecting.stars(part), "at"), LABEL)
    return _in_one_task(edges, places)


def _in_one_task(edges: Chunks, places: Places) -> Chunks:
    gathered = edges.each(connecting.to_the_first, EDGE)
    return gathered.met(lambda part: places.sent(connecting.labelled(part), "at"), LABEL)


def _marks(edges: Chunks) -> tuple[int, int]:
    """How many edges there are, and a number that tells them from others."""
    found = edges.told(connecting.marks, pa.schema([("edges", pa.int64()), ("mark", pa.int64())])).toArrow()
    return int(pc.sum(found["edges"]).as_py() or 0), int(np.sum(found["mark"].to_numpy()))
