"""Records of a JSON page as lines, as NDJSON exports have them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    """Return one line of JSON a record; what a page holds at a time is bounded by its vendor."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
