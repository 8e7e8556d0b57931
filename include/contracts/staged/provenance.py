"""The columns that every staged row has: which load brought it in, and when it was true."""

from __future__ import annotations

from include.contracts.tables import Column, text, timestamp

PROVENANCE: tuple[Column, ...] = (
    text("load_id", "Load that brought the row in", required=True),
    timestamp(
        "extracted_at", "Start of the load's window, or the export's own date: when the row was true", required=True
    ),
)
