"""Looks for an erased person everywhere, without knowing what was erased how: every text, and every byte of the home.

Parquet and PostgreSQL are read as values, since they are compressed; all files that are not Parquet are read as bytes,
those of the embedded server among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from include.contracts.staged import PERSON_RECORD
from include.erasure import home, postgres
from include.erasure.bytewise import holding
from include.erasure.held import held
from include.erasure.lake import PARQUET, several, tables
from include.erasure.postgres import Database
from include.erasure.search import Search
from include.erasure.sought import Sought
from include.erasure.traces import Traces
from include.storage.engine import Engine
from include.storage.project import Project


def remaining(project: Project, traces: Traces, databases: Collection[Database], *, in_server: Traces) -> list[str]:
    """Return the places in which something of the people is left: datasets, columns and files, never a value.

    ``in_server``: those who are looked for in the bytes of the embedded server, too; of the others it still holds the
    keys that destinations are told by.
    """
    sought = Sought(Search(traces.texts))
    with project.engine() as engine:
        found = list(_in_lake(engine, sought))
        alone = Search(_unlike_others(engine, in_server.texts))
    for database in databases:
        with database.engine.connect() as connection:
            rows = held(connection, sought.search, database.schemas, but=postgres.TELLING | postgres.KEPT)
            found += [f"{one.name}.{column.name}" for one in rows for column in one.columns]
    places = (place for place in (project.settings.home / "pg" / "data").rglob("*") if place.is_file())
    in_files = [*home.holding(project.settings, sought.search), *holding(places, alone)]
    return sorted({*found, *(str(place.relative_to(project.settings.home)) for place in in_files)})


def _in_lake(engine: Engine, sought: Sought) -> Iterator[str]:
    """Files whose values, or bytes, name the person; those of one dataset with the same columns are read at once."""
    sought.serve(engine.connection)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in tables(engine):
        alike.setdefault((one.file.dataset, one.texts), []).append(one.place)
    for (dataset, texts), places in alike.items():
        rows_of_files = several("$places", name="kindred_file")
        query = f"SELECT DISTINCT kindred_file FROM {rows_of_files} WHERE {sought.named_in(texts)}"
        rows = engine.connection.execute(query, {"places": places}).fetchall()
        yield from (f"{dataset}/{place.rsplit('/', 1)[1]}" for (place,) in rows)
    others = (file for file in engine.lake.stored() if not file.name.endswith((PARQUET, ".traces")))
    for file in others:
        if any(sought.search.spans(engine.lake.content(file.dataset, file.name))):
            yield f"{file.dataset}/{file.name}"


def _unlike_others(engine: Engine, values: Collection[str]) -> list[str]:
    """The values that are no part of what somebody else has: only they can be told by their bytes alone."""
    current = engine.lake.current(PERSON_RECORD.name)
    files = engine.lake.urls(current) if current else []
    if not files or not values:
        return [value for value in values if len(value) >= 8]
    engine.connection.execute(
        "CREATE OR REPLACE TEMP TABLE said AS SELECT nfc_normalize(lower(concat_ws(' ', record_id, email, "
        "email_received, phone, phone_received, crm_id))) AS said FROM read_parquet($files, union_by_name=true)",
        {"files": files},
    ).complete()
    query = (
        "SELECT v FROM unnest($values) t(v) WHERE NOT EXISTS (FROM said WHERE contains(said, nfc_normalize(lower(v))))"
    )
    rows = engine.connection.execute(query, {"values": sorted(values)}).fetchall()
    return [row[0] for row in rows if len(row[0]) >= 8]
