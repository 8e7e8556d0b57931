"""The log of what was taken in. Written by `extract`; the raw rows themselves keep the columns they came with."""

from __future__ import annotations

from include.contracts.tables import Table, integer, json, text, timestamp

LOAD = Table(
    name="raw/load",
    grain="one file taken in",
    key=("load_id",),
    columns=(
        text("load_id", "Digest of source, object and the file's content"),
        text("source", "Source", required=True),
        text("object", "Object", required=True),
        text("file", "File name, relative to the source's folder", required=True),
        text("window", "Window it was extracted for", required=True),
        timestamp("extracted_at", "Time of the export that the load stands for", required=True),
        integer("rows", "Rows read, quarantined ones included", required=True, minimum=0),
        integer("rejected", "Rows that could not be read", required=True, minimum=0),
        json("header", "Columns found", required=True),
    ),
)
