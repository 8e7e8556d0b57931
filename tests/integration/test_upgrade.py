"""A home as the last landed version has left it: the next day's run by this one goes on from it, and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from include.activation.step import activate
from include.contracts.connections import Connection
from include.contracts.runs import Run
from include.contracts.settings import Settings
from include.pipeline import run_all
from include.storage.project import Project
from tests import kept_town
from tests.kept_home import unpack

TODAY = kept_town.day(3)
Row = dict[str, Any]


@dataclass(frozen=True)
class Upgraded:
    """The installation after its first day with this version, and what it said before."""

    project: Project
    before: dict[str, list[Row]]

    def now(self, table: str) -> list[Row]:
        return rows(str(self.project.settings.warehouse_url), table)


KEPT = (
    "kindred.crosswalk", "kindred.profile_alias", "kindred.identity_event", "kindred.segment_membership",
    "kindred.segment_event", "kindred.segment_history", "kindred.customer_history", "kindred.consent",
    "control.decision", "control.run", "control.publication", "control.erasure", "control.activation_row",
    "control.activation_change", "audience",
)  # fmt: skip


def rows(url: str, table: str) -> list[Row]:
    with psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


@pytest.fixture(scope="module")
def upgraded(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    place: Path = tmp_path_factory.mktemp("upgraded")
    with new_database() as url:
        unpack(place / "home", url)
        before = {table: rows(url, table) for table in KEPT}
        kept_town.exports(place / "exports", 3)
        kept_town.configuration(place / "config")
        places = {"home": place / "home", "data": place / "exports", "config": place / "config"}
        settings = Settings(**places, warehouse_url=url, timezone="Asia/Kolkata")
        project = Project(settings, lambda _: _connection(url))
        run_all(project, Run("the day after", TODAY), lambda *_: None)
        yield Upgraded(project, before)
        project.close()


def _connection(url: str) -> Connection:
    given = psycopg.conninfo.conninfo_to_dict(url.replace("+psycopg", ""))
    named = (str(given.get(part) or "") for part in ("host", "dbname", "user", "password"))
    host, database, user, password = named
    return Connection("tool", "postgres", host, int(given["port"]), database, user, password)


def test_everybody_keeps_their_id(upgraded: Upgraded) -> None:
    before, now = ({row["record_id"]: row["profile_id"] for row in found}
                   for found in (upgraded.before["kindred.crosswalk"], upgraded.now("kindred.crosswalk")))  # fmt: skip
    assert len(before) > kept_town.PEOPLE
    assert {record: now[record] for record in before} == before
    assert now.keys() - before.keys() == {"crm.contact:00342", "email.prospect:542", "nps.respondent:42"}
    known = {row["event_id"] for row in upgraded.before["kindred.identity_event"]}
    later = [row for row in upgraded.now("kindred.identity_event") if row["event_id"] not in known]
    assert {row["kind"] for row in later} == {"created"}


def test_members_stay_since_when_they_are_and_histories_go_on(upgraded: Upgraded) -> None:
    def members(found: list[Row]) -> dict[tuple[str, str], Any]:
        return {(row["segment_key"], row["member_id"]): row["since"] for row in found}

    before = members(upgraded.before["kindred.segment_membership"])
    assert len(before) > 5
    now = members(upgraded.now("kindred.segment_membership"))
    assert {member: now.get(member) for member in before} == before
    days = {row["as_of"] for row in upgraded.now("kindred.segment_history")}
    assert days == {kept_town.day(number) for number in (1, 2, 3)}
    for log in ("segment_event", "customer_history", "consent", "profile_alias"):
        told = [_known(row, upgraded.before[f"kindred.{log}"]) for row in upgraded.now(f"kindred.{log}")]
        assert all(row in told for row in upgraded.before[f"kindred.{log}"]), log


def _known(row: Row, before: list[Row]) -> Row:
    """The row without columns that the version before did not have."""
    return {name: value for name, value in row.items() if not before or name in before[0]}


def test_what_was_decided_and_done_is_still_there(upgraded: Upgraded) -> None:
    for table in ("control.decision", "control.run", "control.publication", "control.erasure"):
        key = next(iter(upgraded.before[table][0]))
        assert {row[key] for row in upgraded.before[table]} <= {row[key] for row in upgraded.now(table)}
    a, b = kept_town.STRANGERS
    profiles = {row["record_id"]: row["profile_id"] for row in upgraded.now("kindred.crosswalk")}
    assert profiles[a] != profiles[b]


def test_who_was_erased_is_not_brought_back_by_the_next_export(upgraded: Upgraded) -> None:
    erased = kept_town.email(kept_town.ERASED)
    assert erased in (upgraded.project.settings.exports / "crm" / "Contact.csv").read_text()
    known = {row["value"] for row in upgraded.now("kindred.profile_identifier")}
    assert kept_town.email(kept_town.ERASED + 1) in known
    assert erased not in known


def test_what_was_delivered_is_not_delivered_again(upgraded: Upgraded) -> None:
    assert len(upgraded.before["audience"]) > 3
    report = activate(upgraded.project, "unhappy")
    assert report.counts["planned"] == 1, "the newcomer is unhappy"
    before, now = upgraded.before["audience"], upgraded.now("audience")
    assert [row["email"] for row in now if row not in before] == [kept_town.email(kept_town.PEOPLE + 2)]
    assert all(row in now for row in before)
