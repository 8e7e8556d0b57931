"""Questions of the review queue as text for a terminal: both records side by side, and the commands that answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from include.answers.lookup import Row
from include.answers.review_queue import SAID
from include.contracts.records import Evidence

ASKED = {
    "join": "Are these two profiles one person?",
    "part": "Does this profile hold two people? This pair alone holds it together.",
}


def print_questions(console: Console, questions: Sequence[Row], said: Mapping[str, Row]) -> None:
    """Print the questions, with what their records say where that may be shown."""
    for number, row in enumerate(questions, 1):
        for part in _question(number, row, said):
            console.print(part, highlight=False, soft_wrap=isinstance(part, Text))  # a command is one line to copy


def _question(number: int, row: Row, said: Mapping[str, Row]) -> Iterator[RenderableType]:
    weight = f"Probability {row['probability']:.2f}; touches {row['records_touched']:,} records"
    yield Text(f"{number}. {ASKED[row['asks']]}", style="bold")
    yield Text(f"{weight} and {row['segments_touched']:,} segments.")
    yield _records(row, said)
    first, second = row["record_a"], row["record_b"]
    yield Text(f"yes  python -m include decide always {first} {second} --reason …", style="dim")
    yield Text(f"no   python -m include decide never {first} {second} --reason …\n", style="dim")


def _records(row: Row, said: Mapping[str, Row]) -> Table:
    evidence = Evidence.parse(row["evidence"])
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(4):
        table.add_column(overflow="fold")  # an id is never cut: somebody may want to copy it
    sides = [row["record_a"], row["record_b"]]
    table.add_row("record", *sides, "", style="bold")
    table.add_row("profile", row["profile_a"], row["profile_b"], "")
    values = [said.get(side, {}) for side in sides]
    shown = [name for name in SAID if any(value.get(name) is not None for value in values)]
    for name in (*shown, *(name for name in evidence.levels if name not in shown)):
        cells = [_cell(value.get(name)) for value in values]
        table.add_row(name.replace("_", " "), *cells, evidence.in_words(name))
    return table


def _cell(value: object) -> Text:
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d}")
    return Text("" if value is None else str(value))
