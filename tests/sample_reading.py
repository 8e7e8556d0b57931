"""Reading a sample's exports back, row by row, for tests."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def usage_calls(path: Path) -> Iterator[dict[str, Any]]:
    """The calls of one day's file, without the lines that were cut short on purpose."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue
