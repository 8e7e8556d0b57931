"""Delighted's people: whom the company asked, and when, answer or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.contracts.exports import delighted
from include.samples.figures import Answers
from include.samples.flaws import choose, join, numbered
from include.samples.names import Floats, Int
from include.samples.world import DAY, World
from include.samples.writing import CsvFile, stamps

_FIRST = 900_000_000
_SILENT = 0.35  # of contacts who never answered, those who were asked all the same
_KNOWN = 0.04  # of contacts, those whom Delighted was told of and never asked


@dataclass(frozen=True, slots=True)
class Asked:
    """The people who were asked, and when they were the last time (seconds since 1970)."""

    who: Int
    sent: Floats


def write_surveyed(world: World, answers: Answers) -> Asked:
    """Write people.csv: all who answered, and others who were asked or are only known; returns those who were asked."""
    rng, count = world.chance("surveyed"), len(world.people)
    last, answered = np.full(count, -1.0), np.full(count, -1.0)
    np.maximum.at(last, answers.who, answers.sent)
    np.maximum.at(answered, answers.who, answers.made)
    contact = np.zeros(count, dtype=bool)
    contact[world.roster.contact.who] = True
    draw = rng.random(count)
    silent, known = contact & (last < 0) & (draw < _SILENT), contact & (last < 0) & (draw > 1 - _KNOWN)
    last[silent] = world.today - (1 + rng.random(int(silent.sum())) ** 1.4 * 540) * DAY
    who = np.flatnonzero((last >= 0) | known)
    with CsvFile(world.out / "exports" / delighted.PEOPLE.path, delighted.PEOPLE.names) as file:
        file.write({
            "Person ID": numbered(_FIRST + who),
            "Email": world.people.mailboxes.work.take(pa.array(who)),
            "Name": None,
            "Phone Number": None,
            "Created At": _written(np.full(len(who), world.today - 600 * DAY)),
            "Last Sent At": _written(last[who]),
            "Last Responded At": _written(answered[who]),
        })  # fmt: skip
    asked = np.flatnonzero(last >= 0)
    return Asked(asked, last[asked])


def _written(seconds: Floats) -> pa.Array:
    text = stamps(seconds, "plain")
    return choose(seconds < 0, None, join(text, " UTC"))
