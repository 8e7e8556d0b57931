"""The log of what was taken in, and what the raw datasets are called.

Written by `extract`; the raw rows themselves keep the columns they came with.
"""

from __future__ import annotations

import re

from include.contracts.tables import Table, integer, json, text, timestamp

LOAD = Table(
    name="raw/load",
    grain="one file, or one answer of a live system, taken in",
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
        timestamp("newest", "Latest change that its rows carry"),
        text("least_key", "Lowest key of its rows, shorter ones before longer ones"),
        text("greatest_key", "Highest key of its rows, likewise"),
        text("mark", "What told the file from others of its name in the store it came from"),
        integer("suppressed", "Rows of erased people, which were left out and are not among the rows", minimum=0),
        json("fields", "Fields of a live system's object, with their kinds, where it tells them"),
    ),
)


ROOT = "raw"
LOADS, REJECTED, HELD = "load", "rejected", "held"  # beside a source's objects, so none of those is called so
HELD_EXTRACTION = rf"{ROOT}/[\w.-]+/{HELD}"


def raw_dataset(source: str, name: str) -> str:
    """Name of the dataset that holds an object's rows as received."""
    return f"{ROOT}/{source}/{name}"


def loads_dataset(source: str) -> str:
    """Name of the dataset that is the log of a source's loads, as LOAD declares it."""
    return raw_dataset(source, LOADS)


def rejected_dataset(source: str) -> str:
    """Name of the dataset that holds the rows of a source that could not be read."""
    return raw_dataset(source, REJECTED)


def held_dataset(source: str) -> str:
    """Name of the dataset that keeps why extractions of a source were held: versions without files."""
    return raw_dataset(source, HELD)


def is_held_extraction(dataset: str) -> bool:
    """Whether a dataset is one of ``held_dataset``."""
    return re.fullmatch(HELD_EXTRACTION, dataset) is not None
