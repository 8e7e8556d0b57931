"""What every live system has to keep, whatever goes wrong on the way: subclass ``LiveSuite`` and give it a server.

After each fault the same is looked at: nothing is lost, nothing doubled, the watermark is that of the newest row, and
no log holds a secret or a person. The server is a real one, on a socket of this machine.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest
import yaml

from include.contracts.connections import Connection
from include.contracts.errors import (
    CredentialError,
    DriftError,
    LiveError,
    PermissionDeniedError,
    ThrottledError,
    UnreachableError,
)
from include.contracts.exports import SYSTEMS
from include.contracts.raw import raw_dataset
from include.contracts.runs import Run, StageReport, Window
from include.contracts.settings import Settings
from include.remote.http import Patience
from include.samples.servers.frame import Server
from include.samples.servers.tables import Rows, moment_text
from include.samples.servers.trouble import Kind
from include.sources.live.asking import watermark
from include.sources.live.opened import Means
from include.sources.live.registry import LIVE
from include.sources.load_log import LoadLog
from include.sources.step import extract
from include.staging.step import stage
from include.storage.project import Project

SOURCE = "tried"
RUN = Run("test", date(2026, 10, 31))
EVERYTHING = Window(None, datetime(2026, 11, 1, tzinfo=UTC))
PATIENT = Patience(attempts=4, first_pause=1)
QUICK = replace(
    PATIENT, attempts=8, read_seconds=0.4, answer_seconds=0.8
)  # gives up also what a busy machine answers late
SLOW = (Kind.DRIP, Kind.SILENCE)
PERSON = "Zanzibarova"  # stands in every row, and in no log
SECRET = "client-secret"
MORNING = datetime(2026, 10, 1, 8, tzinfo=UTC)


class JumpingClock:
    """Sleeping takes no time here, but the clock goes on as if it did."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=sum(self.slept))

    def seconds(self) -> float:
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class LiveSuite:
    """The promises of a live system."""

    kind: ClassVar[str]
    object: ClassVar[str]
    person_column: ClassVar[str]
    paged: ClassVar[str]  # a pattern of the paths of pages
    options: ClassVar[Mapping[str, str]] = {}
    columns: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    secret: ClassVar[str] = SECRET

    def serve(self) -> Any:
        """Return the system's server, with no rows yet, and pages of three."""
        raise NotImplementedError

    def connection(self, server: Any) -> Connection:
        """Return what signs in at it."""
        return Connection("its", host=server.url, login="client", password=SECRET)

    def usual(self, number: int, changed: datetime) -> dict[str, str]:
        """Return a row of the object, by its number: the declared examples, a key, a person and a time of change."""
        file = SYSTEMS[self.kind].file(self.object)
        row = {column.name: column.example for column in file.columns}
        return {**row, file.key: self.key(number), self.person_column: PERSON, file.changed: moment_text(changed)}

    def same(self, held: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """Whether the lake says what the system said."""
        return all(held[name] == given[name] for name in held)

    def key(self, number: int) -> str:
        """Return the key of a row."""
        return f"{number:015d}"

    @pytest.fixture
    def server(self) -> Iterator[Any]:
        with self.serve() as server:
            server.rows[self.object].put(*(self.usual(n, MORNING + timedelta(hours=n)) for n in range(1, 8)))
            yield server

    @pytest.fixture
    def tried(self, server: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Tried]:
        caplog.set_level(logging.DEBUG)
        tried = Tried(self, server, tmp_path)
        yield tried
        told = caplog.text + json.dumps(tried.told)
        for secret in (PERSON, self.secret, *getattr(getattr(server, "tokens", None), "valid", ())):
            assert secret not in told

    # What goes well

    def test_rows_come_verbatim_with_their_place_and_once(self, tried: Tried) -> None:
        tried.extract()
        tried.check()
        (row, *_) = tried.raw()
        assert row["_file"].startswith(f"{SOURCE}/{self.object}/start..#")
        assert row["_line"] > 0

    def test_asking_again_changes_nothing(self, tried: Tried) -> None:
        tried.extract()
        before = tried.lake_files()
        tried.extract()
        assert tried.lake_files() == before

    def test_what_has_changed_since_is_asked_for_and_no_more(self, tried: Tried) -> None:
        tried.extract()
        tried.rows.put(self.usual(9, MORNING + timedelta(days=2)), self.usual(2, MORNING + timedelta(days=1)))
        assert tried.extract().counts[f"{self.object}.rows"] == 2
        tried.check()

    def test_a_row_that_claims_to_be_of_the_next_century_does_not_move_the_watermark_there(self, tried: Tried) -> None:
        tried.rows.put(self.usual(8, MORNING + timedelta(days=40_000)))
        tried.extract()
        tried.rows.put(self.usual(9, MORNING + timedelta(days=40_001)))
        tried.extract()
        tried.check()

    def test_a_row_that_becomes_visible_late_is_found_by_the_overlap(self, tried: Tried) -> None:
        tried.extract()
        overlap = LIVE[self.kind].overlap
        tried.rows.put(self.usual(9, MORNING + timedelta(hours=7) - overlap / 2))
        tried.extract()
        tried.check()

    def test_an_empty_result_is_taken_and_moves_nothing(self, tried: Tried) -> None:
        tried.server.rows[self.object] = Rows.of(tried.rows.declared)
        tried.extract()
        assert tried.raw() == [] and tried.mark() is None
        tried.rows.put(self.usual(1, MORNING))
        tried.extract()
        tried.check()

    def test_a_window_of_the_past_is_filled_again(self, tried: Tried) -> None:
        tried.rows.without(self.key(2), self.key(3))
        tried.extract()
        tried.rows.put(*(self.usual(n, MORNING + timedelta(hours=n)) for n in (2, 3)))
        tried.extract(Window(MORNING, MORNING + timedelta(hours=4)))
        tried.check()

    def test_asked_for_the_whole_it_forgets_what_is_gone(self, tried: Tried) -> None:
        tried.extract()
        tried.rows.without(self.key(7))
        tried.extract(whole=True)
        assert {row[tried.rows.declared.key] for row in tried.raw()} == {self.key(n) for n in range(1, 7)}

    def test_its_rows_are_staged(self, tried: Tried) -> None:
        tried.extract()
        counts = tried.stage().counts
        assert counts[f"{SOURCE}.{self.object}.staged"] == counts[f"{SOURCE}.{self.object}.raw"] == 7

    # What goes wrong on the way, and comes right by itself

    @pytest.mark.parametrize("kind", list(Kind))
    def test_trouble_with_a_page_loses_and_doubles_nothing(self, tried: Tried, kind: Kind) -> None:
        tried.server.trouble.plan(kind, path=self.paged)
        tried.patience = QUICK if kind in SLOW else PATIENT
        report = tried.extract()
        tried.check()
        assert tried.server.trouble.happened and report.counts["retried"] >= 1

    def test_retry_after_is_waited_for(self, tried: Tried) -> None:
        tried.server.trouble.plan(Kind.TOO_FAST, path=self.paged)
        assert tried.extract().counts["throttled"] == 1
        assert 2 in tried.clock.slept

    @pytest.mark.parametrize("kind", [Kind.GATEWAY, Kind.RESET, Kind.TOO_FAST])
    def test_trouble_that_does_not_end_takes_nothing_and_moves_no_watermark(self, tried: Tried, kind: Kind) -> None:
        tried.extract()
        before, mark = tried.lake_files(), tried.mark()
        tried.rows.put(self.usual(9, MORNING + timedelta(days=2)))
        tried.server.trouble.plan(kind, path=self.paged, times=50)
        with pytest.raises((UnreachableError, ThrottledError), match=SOURCE):
            tried.extract()
        assert tried.lake_files() == before and tried.mark() == mark
        tried.server.trouble._planned.clear()
        tried.extract()
        tried.check()

    def test_a_row_that_changes_while_pages_are_read_comes_in_its_last_state(self, tried: Tried) -> None:
        changed = iter([self.usual(1, MORNING + timedelta(days=3))])
        tried.server.before_page = lambda: tried.rows.put(*(row for row in [next(changed, None)] if row))
        tried.extract()
        tried.extract()
        tried.check()

    def test_a_page_that_comes_twice_doubles_nothing(self, tried: Tried) -> None:
        tried.server.repeated_pages = 1
        tried.extract()
        tried.check()

    def test_a_page_that_is_no_longer_there_is_asked_for_from_the_start(self, tried: Tried) -> None:
        tried.server.lost_places = 1
        tried.extract()
        tried.check()

    def test_clocks_that_differ_lose_nothing(self, tried: Tried) -> None:
        for number, hours in enumerate((-30, 30), start=8):
            tried.server.skew = timedelta(hours=hours)
            tried.rows.put(self.usual(number, MORNING + timedelta(days=number)))
            tried.extract(Window(None, MORNING + timedelta(days=1)))
        tried.check()

    # What a person has to mend

    def test_a_host_that_is_not_there_is_told(self, tried: Tried) -> None:
        nowhere, given = "http://127.0.0.1:9", tried.connection
        extra = {name: nowhere if name == "token_url" else value for name, value in given.extra.items()}
        tried.connection = replace(given, host=nowhere, extra=extra)
        with pytest.raises(UnreachableError, match="cannot be reached"):
            tried.extract()

    def test_a_wrong_credential_is_told(self, tried: Tried) -> None:
        tried.connection = replace(tried.connection, password="other")
        with pytest.raises(CredentialError, match="refuses the credential of the connection 'its'"):
            tried.extract()

    def test_a_missing_permission_is_told(self, tried: Tried) -> None:
        tried.server.forbidden.add(self.object)
        with pytest.raises(PermissionDeniedError, match="lacks a permission"):
            tried.extract()

    def test_the_days_requests_are_counted_and_bounded(self, tried: Tried) -> None:
        tried.daily_requests = 2
        with pytest.raises(ThrottledError, match="2 requests of today"):
            tried.extract()
        assert len(tried.server.asked) == 2


class TokenSuite:
    """Further promises of a system whose tokens end."""

    def test_a_token_that_expires_amid_the_pages_is_renewed(self: Any, tried: Tried) -> None:
        expiring = iter([True])
        tried.server.before_page = lambda: tried.server.tokens.expire() if next(expiring, False) else None
        tried.extract()
        tried.check()
        assert sum("token" in asked for asked in tried.server.asked) == 2

    def test_a_credential_that_is_revoked_amid_the_pages_is_told(self: Any, tried: Tried) -> None:
        tried.server.before_page = tried.server.tokens.revoke
        with pytest.raises(CredentialError):
            tried.extract()
        assert tried.raw() == [] and tried.mark() is None


class JobSuite:
    """Further promises of a system that answers by jobs."""

    def test_a_job_that_failed_is_started_again(self: Any, tried: Tried) -> None:
        tried.server.failing_jobs = 1
        tried.extract()
        tried.check()

    def test_jobs_that_keep_failing_are_given_up(self: Any, tried: Tried) -> None:
        tried.server.failing_jobs = 99
        with pytest.raises(UnreachableError, match="asked 3 times"):
            tried.extract()
        assert tried.raw() == []


class SchemaSuite:
    """Further promises of a system that tells its fields."""

    lost_column: ClassVar[str]

    def test_a_new_field_is_recorded_and_passed_by(self: Any, tried: Tried) -> None:
        tried.extract()
        tried.rows.gain("Brand_New__c", "x")
        tried.rows.put(self.usual(9, MORNING + timedelta(days=1)))
        tried.extract()
        tried.check()
        assert "Brand_New__c" in json.loads(tried.loads()[-1].fields or "{}")

    def test_a_lost_field_stops_the_object_and_is_named(self: Any, tried: Tried) -> None:
        tried.extract()
        before = tried.lake_files()
        tried.rows.lose(self.lost_column)
        with pytest.raises(DriftError, match=f"the field {self.lost_column} of {self.object} is gone"):
            tried.extract()
        assert tried.lake_files() == before

    def test_a_field_of_another_kind_stops_the_object_and_is_named(self: Any, tried: Tried) -> None:
        tried.extract()
        tried.server.types[self.object, self.lost_column] = self.other_type
        with pytest.raises(DriftError, match=f"the field {self.lost_column} of {self.object} is a"):
            tried.extract()


class Tried:
    """A project whose only source is the system under test."""

    def __init__(self, suite: LiveSuite, server: Server, folder: Path) -> None:
        self.suite, self.server, self.clock, self.patience = suite, server, JumpingClock(), PATIENT
        self.connection = suite.connection(server)
        self.daily_requests: int | None = None
        self.options = suite.options
        self.objects = [suite.object]
        self.limits = {"at_least": 100}
        self.told: list[str] = []
        self.end = datetime.min.replace(tzinfo=UTC)
        self._config = folder / "config"
        self._config.mkdir()
        (self._config / "staging.yaml").write_bytes((Settings().config / "staging.yaml").read_bytes())
        self.project = Project(Settings(home=folder / "home", data=folder, config=self._config))

    def warehouse(self, url: str) -> None:
        """Let the project have this warehouse."""
        self.project = Project(self.project.settings.model_copy(update={"warehouse_url": url}))

    @property
    def rows(self) -> Rows:
        """The object's rows, at the server."""
        rows: Rows = self.server.rows[self.suite.object]  # type: ignore[attr-defined]
        return rows

    def extract(self, window: Window = EVERYTHING, *, whole: bool = False) -> StageReport:
        """Ask the system for what is new."""
        self.end = max(self.end, window.end)
        live: dict[str, Any] = {
            "connection": "its", "options": dict(self.options), "columns": dict(self.suite.columns),
        }  # fmt: skip
        if self.daily_requests:
            live["daily_requests"] = self.daily_requests
        entry = {
            "kind": self.suite.kind, "live": live, "schedule": "0 1 * * *", "owner": "somebody", "region": "US",
            "timezone": "UTC", "objects": self.objects,
        }  # fmt: skip
        content = {"limits": self.limits, "sources": {SOURCE: entry}}
        (self._config / "sources.yaml").write_text(yaml.safe_dump(content))
        means = Means({"its": self.connection}.get, None, self.clock, self.patience)
        try:
            report = extract(self.project, RUN, SOURCE, window, means=means, whole=whole)
        except LiveError as error:
            self.told.append(str(error))
            raise
        self.told.append(json.dumps(report.to_dict()))
        return report

    def stage(self) -> StageReport:
        """Stage what was extracted."""
        return stage(self.project, RUN)

    def loads(self) -> list[Any]:
        """The current loads of the object, the newest last."""
        log = LoadLog(self.project.lake, SOURCE, None)  # type: ignore[arg-type]
        manifest = self.project.lake.current(raw_dataset(SOURCE, self.suite.object))
        found = [log.known[load] for load in (manifest.inputs.values() if manifest else ())]
        return sorted(found, key=lambda load: (load.newest is not None, load.newest))

    def mark(self) -> datetime | None:
        """The watermark."""
        return watermark(self.loads())

    def raw(self) -> list[dict[str, Any]]:
        """The rows that the lake holds of the object, all of them."""
        dataset = raw_dataset(SOURCE, self.suite.object)
        files = [self.project.lake.url(dataset, load.data_file) for load in self.loads() if load.rows > load.rejected]
        if not files:
            return []
        with duckdb.connect() as session:
            return session.read_parquet(files, union_by_name=True).to_arrow_table().to_pylist()

    def check(self) -> None:
        """Hold what the lake has against the server's rows: nothing lost, nothing doubled, the watermark right."""
        declared, held = self.rows.declared, self.raw()
        latest = {row[declared.key]: row for row in sorted(held, key=lambda row: row[declared.changed][:19])}
        given = {row[declared.key]: row for row in self.rows.table.to_pylist()}
        assert latest.keys() == given.keys()
        for key, row in given.items():
            assert self.suite.same({name: latest[key].get(name) for name in row if name in declared.names}, row)
        newest = max(row[declared.changed][:19].replace("T", " ") for row in given.values())
        assert self.mark() == min(datetime.fromisoformat(newest).replace(tzinfo=UTC), self.end)

    def lake_files(self) -> dict[str, bytes]:
        """The lake, byte by byte."""
        root = self.project.settings.home / "lake"
        return {str(place.relative_to(root)): place.read_bytes() for place in root.rglob("*") if place.is_file()}
