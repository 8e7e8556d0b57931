"""After random histories of imports, merges, splits and erasures nothing of an erased person is left in the lake."""

from __future__ import annotations

import html
import itertools
import json
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.contracts.identity import ALIAS, CROSSWALK, EDGE, HISTORY, IDENTITY_EVENT, REGISTER
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER
from include.contracts.segments import SEGMENT_EVENT
from include.contracts.settings import Settings
from include.contracts.staged import PERSON_RECORD
from include.erasure import lake
from include.erasure.gather import Gathering
from include.erasure.rules import Rules
from include.storage.project import Project
from include.storage.suppression import Gone, read_suppressed, secret_of, suppress
from tests.small_company import rows_of
from tests.weeks import Weeks

LETTERS, NEVER = "abcdef", "z"  # of the last one nobody asks
LOGS = {HISTORY: "history_before", REGISTER: "register_before"}
STATES = {CROSSWALK: "crosswalk_before", ALIAS: "alias_before"}


def record(letter: str) -> str:
    return f"crm.contact:00{letter}"


def address(letter: str) -> str:
    return f"o'{letter * 5}\u00fc@{letter * 3}\u00f6.example"


# How others may write an address where they name somebody.
SPELLINGS: Sequence[Callable[[str], str]] = (
    str.upper,
    lambda value: unicodedata.normalize("NFD", value),
    lambda value: value.partition("@")[0] + "@" + value.partition("@")[2].encode("idna").decode(),
    lambda value: f"/p?to={quote(value, safe='')}",
    html.escape,
    json.dumps,
    lambda value: str(value.encode()),
)


def surname(letter: str) -> str:
    return f"Surname{letter * 4}"


class Town:
    """People of one record a letter; every week they are grouped anew, and whoever asks is erased."""

    def __init__(self, home: Path, spellings: Sequence[Callable[[str], str]]) -> None:
        self.project = Project(
            Settings(home=home, threads=1, warehouse_url="postgresql+psycopg://none@127.0.0.1:1/none")
        )
        self.weeks, self.erased, self.number = Weeks(), set[str](), 0
        self.spelt = itertools.cycle(spellings)

    def week(self, clusters: list[str]) -> None:
        """Import everybody whom the sources know, but for those who are suppressed, and group them."""
        clusters = [*clusters, NEVER]
        suppressed = read_suppressed(self.project.lake, self.project.settings)
        told = [x for group in clusters for x in group if not suppressed.erased_on("email", address(x))]
        groups = ["".join(x for x in group if x in told) for group in clusters]
        self.number += 1
        version = f"v{self.number}"
        with self.project.engine() as engine:
            self._remember(engine)
            self.weeks.run(" ".join(group for group in groups if group))
            self._keep(engine, version, told)

    def erase(self, letter: str) -> None:
        """Erase the person whose record the letter is, with all that were in the profile then."""
        with self.project.engine() as engine:
            gathering = Gathering(engine, read_suppressed(self.project.lake, self.project.settings))
            traces = gathering.traces(date(2026, 1, 5), {"e": gathering.named(address(letter))})["e"]
            secret = secret_of(self.project.settings, create=True)
            suppress(self.project.lake, secret, Gone("e", date(2026, 1, 5), traces.suppressed()))
            for _ in range(2):  # a second time finds nothing
                found = lake.erase(engine, Rules(traces, {}, lake.crosswalks(self.project.lake)))
        assert found == []
        self.erased |= {one.rsplit(":00", 1)[1] for one in traces.records}

    def _remember(self, engine) -> None:
        """Take up what the lake says now, since an erasure may have changed it."""
        for table, name in {**LOGS, **STATES}.items():
            current = self.project.lake.current(table.name)
            if current is not None:
                rows = engine.read(table, current).to_pyarrow().to_pylist()
                short = [{k: v.rsplit(":00", 1)[-1] if k == "record_id" else v for k, v in row.items()} for row in rows]
                self.weeks.memory[name] = pa.Table.from_pylist(short, table.schema)

    def _keep(self, engine, version: str, told: list[str]) -> None:
        def write(table, rows, *, log=False) -> None:
            before = self.project.lake.current(table.name) if log else None
            inputs = {CROSSWALK.name: version}
            engine.write(table, ibis.memtable(rows_of(table, rows)), version=version, inputs=inputs, extends=before)

        people = [{"record_id": record(x), "source": "crm", "object": "contact", "source_key": f"00{x}",
                   "email": address(x), "email_received": address(x).upper()} for x in told]  # fmt: skip
        write(PERSON_RECORD, people)
        memory = {name: table.to_pylist() for name, table in self.weeks.memory.items()}
        spelt = {name: [{**row, "record_id": record(row["record_id"])} if "record_id" in row else row for row in rows]
                 for name, rows in memory.items()}  # fmt: skip
        crosswalk = spelt["crosswalk_before"]
        write(CROSSWALK, crosswalk)
        write(ALIAS, spelt["alias_before"])
        for table, name in LOGS.items():
            known = self.project.lake.current(table.name)
            seen = engine.read(table, known).to_pyarrow().to_pylist() if known else []
            keys = {tuple(row[k] for k in table.key) for row in seen}
            write(table, [r for r in spelt[name] if tuple(r[k] for k in table.key) not in keys], log=True)
        pair = f"{record(min(told))}|{record(max(told))}|"
        named = next(self.spelt)(address(told[0]))
        events = [{**event, "event_id": f"{version}{n}", "evidence": f"{pair}email={named}"}
                  for n, event in enumerate(self.weeks.events)]  # fmt: skip
        write(IDENTITY_EVENT, events, log=True)
        homes = {row["record_id"].rsplit(":00", 1)[1]: row["profile_id"] for row in crosswalk}
        profiles = sorted({*homes.values()})
        members = {p: [x for x in homes if homes[x] == p] for p in profiles}
        golden = [{"profile_id": p, "email": min(map(address, them)), "full_name": " ".join(map(surname, them))}
                  for p, them in members.items()]  # fmt: skip
        write(PROFILE, golden)
        write(PROFILE_IDENTIFIER, [{"profile_id": homes[x], "type": "email", "value": address(x)} for x in homes])
        write(EDGE, [{"record_a": record(min(told)), "record_b": record(max(told))}] if len(told) > 1 else [])
        write(SEGMENT_EVENT, [{"segment_key": "s", "member_id": p, "other_member_id": profiles[0],
                               "evidence": f'{{"of": "{profiles[-1]}"}}', "kind": "entry", "on_date": self.weeks.day,
                               "sequence": 0, "cause": "person"} for p in profiles], log=True)  # fmt: skip

    def left(self) -> list[str]:
        """Whatever of the erased is found in a value or in a byte of the home."""
        ways = (record, address, surname, *(lambda x, spelt=spelt: spelt(address(x)) for spelt in SPELLINGS))
        marks = [way(x) for x in self.erased for way in ways]
        found = []
        for place in sorted(self.project.settings.home.rglob("*")):
            content = place.read_bytes() if place.is_file() else b""
            if place.suffix == ".parquet":
                rows = pq.read_table(place).to_pylist()
                content += "\n".join(str(value) for row in rows for value in row.values()).lower().encode()
            found += [f"{place.name}: {mark}" for mark in marks if mark.lower().encode() in content.lower()]
        return found


def groups():
    """A partition of some letters, as a list of groups."""
    return st.lists(st.sampled_from(LETTERS), min_size=2, unique=True).flatmap(
        lambda letters: st.lists(st.integers(0, 3), min_size=len(letters), max_size=len(letters)).map(
            lambda at: ["".join(x for x, n in zip(letters, at, strict=True) if n == g) for g in sorted({*at})]
        )
    )


@pytest.mark.slow
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=st.lists(st.tuples(groups(), st.sampled_from(LETTERS + "----")), min_size=1, max_size=3),
    spellings=st.permutations(SPELLINGS),
)
def test_nothing_of_an_erased_person_is_left(
    history: list[tuple[list[str], str]], spellings: list[Callable[[str], str]]
) -> None:
    with tempfile.TemporaryDirectory() as home:
        town = Town(Path(home) / "home", spellings)
        for clusters, asks in history:
            town.week(clusters)
            if any(asks in group for group in clusters) and asks not in town.erased:
                town.erase(asks)
            assert town.left() == []
        town.week([LETTERS])  # everything is exported again
        assert town.left() == []
        with town.project.engine() as engine:
            living = engine.read(CROSSWALK, town.project.lake.current(CROSSWALK.name)).to_pyarrow()["record_id"]
        assert set(living.to_pylist()) == {record(x) for x in LETTERS + NEVER} - {record(x) for x in town.erased}
