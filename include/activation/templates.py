"""Files as tools take them: a segment's contactable people under the headers that a tool documents, one row an address.

A template is a YAML file in ``templates`` of the configuration; one's own stand beside those that come with Kindred.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Literal

import pyarrow as pa
import sqlalchemy as sa
from pydantic import Field, ValidationError

from include.activation.members import members
from include.activation.plan import gather, withheld_by_reason
from include.activation.syncs import Sync
from include.activation.wanted import Wanted
from include.contracts.configuration import Strict, read_document, told
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.settings import SHIPPED
from include.segments.formats import Rows, find_format
from include.segments.listing import find_segment
from include.segments.states import require_exportable, sentence
from include.staging.phones import region_of
from include.storage.project import Project

FOLDER = "templates"
BATCH_ROWS = 20_000
COUNTRY_CODE, EMPTY = "country_code", "empty"
MADE: Mapping[str, str | None] = MappingProxyType({COUNTRY_CODE: "country", EMPTY: None})  # of which column


class Template(Strict):
    """The headers of a tool's file, and our columns under them."""

    level: Literal["person", "account"] = Field(default="person", description="What the rows are")
    purpose: Literal["email_marketing", "phone_marketing", "none"] = Field(description="What the contact is for")
    key: str = Field(description="Header that each row has a value of its own under")
    columns: Mapping[str, str] = Field(
        min_length=1, description="Headers in order, and our columns; country_code is made of country, empty is empty"
    )


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows were written, and who was withheld and why."""

    count: int
    withheld: Mapping[str, int]


def templates(config: Path) -> Mapping[str, Path]:
    """Return the templates that there are, by name."""
    found = [*(SHIPPED / FOLDER).glob("*.yaml"), *(config / FOLDER).glob("*.yaml")]
    return {path.stem: path for path in sorted(found, key=lambda path: path.is_relative_to(config))}


def read_template(config: Path, name: str) -> Template:
    """Return a template; raises ConfigurationError naming the file and what is wrong with it."""
    known = templates(config)
    if name not in known:
        raise ConfigurationError(f"There is no template {name!r}{nearest(name, known)}.")
    place = f"{FOLDER}/{known[name].name}"
    try:
        template = Template.model_validate(read_document(known[name], place).values)
    except ValidationError as error:
        raise ConfigurationError(f"{place}: {'; '.join(told(one, Template) for one in error.errors())}.") from None
    if faults := [*_faults(template)]:
        raise ConfigurationError(f"{place}: {'; '.join(faults)}.")
    return template


def write_for(
    project: Project, key: str, template_name: str, sink: BinaryIO, *, format: str = "csv", holdout: bool = False
) -> Written:
    """Write a segment as a tool takes it; those who may not be contacted for the purpose are withheld and counted.

    Raises ConfigurationError, also for a segment that is refused or held.
    """
    template = read_template(project.settings.config, template_name)
    write = find_format(format)
    with project.warehouse().begin() as connection:
        segment = find_segment(connection, key, project.settings.config)
        require_exportable(connection, segment)
        if segment["state"] != "published":
            raise ConfigurationError(f"{sentence(segment)} Nothing was written.")
        if segment["level"] != template.level:
            others = [
                n for n in templates(project.settings.config) if n.startswith(template_name.split("-", maxsplit=1)[0])
            ]
            raise ConfigurationError(
                f"{template_name} takes rows of the level {template.level}, and {key} is of the level "
                f"{segment['level']} (templates: {', '.join(others)})."
            )
        wanted = Wanted(_sync(template, key), key, values=True, with_holdout=holdout)
        gather(connection, wanted.statement, {"segment": key, "name": key})
        count = write(_rows(connection, template), sink)
        return Written(count, withheld_by_reason(connection))


def _sync(template: Template, segment: str) -> Sync:
    columns = {name: MADE.get(column, column) for name, column in template.columns.items()}
    fields = {name: column for name, column in columns.items() if column is not None and name != template.key}
    return Sync(
        segment=segment, owner="export", level=template.level, purpose=template.purpose,
        key={template.key: template.columns[template.key]}, fields=fields,
    )  # fmt: skip


def _rows(connection: sa.Connection, template: Template) -> Rows:
    schema = pa.schema([pa.field(name, pa.string()) for name in template.columns])
    streamed = connection.execution_options(stream_results=True, yield_per=BATCH_ROWS)
    result = streamed.execute(sa.text("SELECT key, fields FROM wanted WHERE reason IS NULL ORDER BY key"))
    return Rows(schema, (_batch(rows, template, schema) for rows in result.partitions(BATCH_ROWS)))


def _batch(rows: Sequence[sa.Row[Any]], template: Template, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        pa.array([_value(row.fields.get(name), column) for row in rows], pa.string())
        for name, column in template.columns.items()
    ]
    return pa.record_batch(columns, schema=schema)


def _value(value: Any, column: str) -> str | None:
    if value is None or column == EMPTY:
        return None
    if column == COUNTRY_CODE:
        return region_of(value)
    return value if isinstance(value, str) else json.dumps(value)


def _faults(template: Template) -> Iterator[str]:
    keys, known = (of := members(template.level, "")).keys, {*of.columns, *MADE}
    for header, column in template.columns.items():
        if column not in known:
            yield f"under {header!r} there is no column {column!r}{nearest(column, known)}"
    key = template.columns.get(template.key)
    if key is None:
        yield f"the key {template.key!r} is none of its headers{nearest(template.key, template.columns)}"
    elif key not in keys:
        yield f"{key!r} does not say which {template.level} it is{nearest(key, keys)}"
