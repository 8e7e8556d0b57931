"""The book of steward decisions, opened on what the current crosswalk knows."""

from __future__ import annotations

from include.contracts.configuration import effective
from include.contracts.errors import ConfigurationError
from include.contracts.identity import CROSSWALK
from include.contracts.staged import PERSON_RECORD
from include.identity.decisions.book import DecisionBook
from include.identity.decisions.standing import Records
from include.matching.spec import load_spec
from include.storage.engine import Engine
from include.storage.project import Project


def open_book(project: Project, engine: Engine) -> DecisionBook:
    """Return the book, which checks against the records of the current crosswalk.

    Raises ConfigurationError before the first run.
    """
    current = project.lake.current(CROSSWALK.name)
    if current is None:
        raise ConfigurationError("Nothing was resolved yet; run `python -m include run` first.")
    records = project.lake.input(current, PERSON_RECORD.name).ref
    columns = tuple(load_spec(effective(project.settings.config / "matching.yaml")).columns)
    return DecisionBook(project.warehouse(), Records(engine, records, current.ref, columns).look)
