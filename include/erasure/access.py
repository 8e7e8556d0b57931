"""Access: all that is kept of a person now, as data and as a page that they can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
from jinja2 import Environment

from include.contracts.errors import UnknownError
from include.contracts.profiles import PROFILE
from include.contracts.tables import Table
from include.erasure import lake
from include.erasure.gather import Gathering
from include.erasure.places import known_sources
from include.erasure.rules import Rules
from include.storage.control.activation import deliveries_of
from include.storage.control.tables import ACCESS_LOG, DECISION
from include.storage.project import Project

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class PersonFile:
    """The rows of one person by the table that holds them; ``mentioned`` counts rows of others that name them."""

    profile_id: str
    told_on: datetime
    tables: Mapping[str, Rows]
    mentioned: Mapping[str, int]

    def to_json(self) -> str:
        """Return it for machines."""
        told = {"profile_id": self.profile_id, "told_on": self.told_on, "tables": self.tables,
                "mentioned": self.mentioned}  # fmt: skip
        return json.dumps(told, default=str, ensure_ascii=False, indent=2)

    def to_html(self) -> str:
        """Return it as a page without anything outside itself."""
        template = files(__package__).joinpath("person_file.html").read_text("utf-8")
        environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        described = {name: _described(name) for name in self.tables}
        return environment.from_string(template).render(file=self, described=described)


def person_file(project: Project, now: datetime, profile: str) -> PersonFile:
    """Gather what the current versions, the ledger of activation and the control tables hold of a person.

    Raises UnknownError for who is not there, or not any more.
    """
    with project.engine() as engine:
        gathering = Gathering(engine, project.suppressed())
        person = gathering.named(profile)
        if person.profile is None:
            raise UnknownError("No profile has that address.")
        traces = gathering.traces(now.date(), {"access": person})["access"]
        rules = Rules(traces, known_sources(project), lake.crosswalks(project.lake))
        tables: dict[str, Rows] = {}
        mentioned: dict[str, int] = {}
        for one, rule, what in lake.look(engine, rules):
            dataset, manifest = one.file.dataset, project.lake.current(one.file.dataset)
            if manifest is None or one.file.name not in manifest.files:
                continue
            mentioned |= {dataset: mentioned.get(dataset, 0) + what.cells} if what.cells else {}
            query = rule.going("read_parquet(?)")
            found = engine.connection.sql(query, params=[one.place]).to_arrow_table()
            if found.num_rows:
                tables.setdefault(dataset, []).extend(found.to_pylist())
    tables |= _controlled(project, traces.ids, traces.profiles)
    in_order = sorted(tables.items(), key=lambda table: (table[0] != PROFILE.name, table[0]))
    return PersonFile(str(person.profile), now, dict(in_order), mentioned)


def _controlled(project: Project, ids: tuple[str, ...], profiles: tuple[str, ...]) -> dict[str, Rows]:
    d = DECISION.c
    queries = {
        "decisions": sa.select(DECISION).where(sa.or_(d.a.in_(ids), d.b.in_(ids))),
        "reads": sa.select(ACCESS_LOG.c.read_at, ACCESS_LOG.c.action, ACCESS_LOG.c.reason).where(
            ACCESS_LOG.c.subject.in_(profiles)
        ),
    }
    found: dict[str, Rows] = {}
    with project.warehouse().begin() as connection:
        for name, query in queries.items():
            found[name] = [dict(row) for row in connection.execute(query).mappings()]
        found |= {f"deliveries, {name}": rows for name, rows in deliveries_of(connection, profiles).items()}
    return {name: rows for name, rows in found.items() if rows}


def _described(dataset: str) -> str:
    """What a row of a table is, where the table is declared."""
    from include.contracts import (  # noqa: PLC0415 - only a page needs them
        events,
        identity,
        measures,
        profiles,
        reports,
        segments,
        staged,
        traits,
    )

    modules = (identity, profiles, segments, staged, measures, events, traits)
    named = [value for module in modules for value in vars(module).values() if isinstance(value, Table)]
    declared = (*named, *reports.REPORTED)
    return next((table.grain for table in declared if table.name == dataset), "as it was received")
