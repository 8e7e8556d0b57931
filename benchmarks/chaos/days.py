"""Exports that grow from day to day: what a sample company would have exported on each of its last days."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

Row = dict[str, str]
DATED = {
    "email/visitor_activity.csv": "created_at",
    "nps/responses.csv": "Created At",
}  # told once it has happened
CHANGED = 0.01  # share of contacts that change on a day


def days(last: date, number: int) -> list[date]:
    """The last days up to one, of a number."""
    return [last - timedelta(days=ago) for ago in reversed(range(number))]


def export(sample: Path, out: Path, on: date, past: list[date], seed: int) -> None:
    """Write the exports as they were on a day; ``past`` are the days so far, this one among them."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(sample, out, ignore=shutil.ignore_patterns("sample.json"))
    for file in sorted((out / "usage").rglob("*.ndjson.gz")):
        if date.fromisoformat(file.name[:10]) > on:
            file.unlink()
    for name, column in DATED.items():
        _rewrite(out / name, lambda rows, column=column: (row for row in rows if row[column][:10] <= on.isoformat()))
    _rewrite(out / "crm" / "Contact.csv", lambda rows: _changed(rows, past, seed))


def _changed(rows: Iterator[Row], past: list[date], seed: int) -> Iterator[Row]:
    """Give some contacts another title, number or address on each day so far."""
    changes = {day: random.Random(f"{seed} {day}") for day in past}
    for number, row in enumerate(rows):
        for day, draw in changes.items():
            if draw.random() < CHANGED:
                column, value = draw.choice(
                    [("Title", f"Head of {day:%A}s"), ("Phone", f"+1415555{number:04}"), ("Email", _moved(row, day))]
                )
                row |= {column: value, "SystemModstamp": f"{day}T01:00:00.000Z"}
        yield row


def _moved(row: Row, day: date) -> str:
    local = row["Email"].partition("@")[0] or "somebody"
    return f"{local}@moved-{day:%m%d}.example"


def _rewrite(place: Path, how: Callable[[Iterator[Row]], Iterator[Row]]) -> None:
    with place.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        header, rows = list(reader.fieldnames or ()), list(how(reader))
    with place.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
