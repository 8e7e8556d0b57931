"""A marked person goes through the whole pipeline, faults included, and shows up only where personal data belongs."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest

from include.contracts.settings import ROOT
from include.samples import generate

pytestmark = pytest.mark.slow
MARKS = ("Quillfeather", "quillfeather", "5550142777")
PERSON = {
    "FirstName": "Zephyrine", "LastName": "Quillfeather", "Email": "zephyrine.quillfeather@zephyrworks.com",
    "First Name": "Zephyrine", "Last Name": "Quillfeather", "Phone": "+1 555 014 2777", "Company": "Zephyrworks",
    "Name": "Zephyrine Quillfeather", "Comment": "Ask Quillfeather",
}  # fmt: skip
ALLOWED = {"profile", "profile_identifier", "customer_360", "customer_history"}  # tables that are about persons


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample company in which the marked person appears in every source, once soundly and once at fault."""
    out = tmp_path_factory.mktemp("company")
    generate(out, people=1_000, seed=5, as_of=date(2026, 2, 28))
    exports = out / "exports"
    _add(exports / "crm" / "Contact.csv", {"Id": "003CANARY000001AAA", "CreatedDate": "2026-01-05T10:00:00.000Z"})
    _add(exports / "crm" / "Contact.csv", {"Id": "003CANARY000002AAA", "CreatedDate": "2026-13-45T10:00:00.000Z"})
    _add(exports / "crm" / "Lead.csv", {"Id": "00QCANARY000001AAA", "Status": "Quillfeather"})
    _add(exports / "email" / "prospects.csv", {"Prospect Id": "99000001"})
    _add(exports / "nps" / "responses.csv", {"Response ID": "99000001", "Person ID": "c1", "Score": "9"})
    _add(exports / "nps" / "responses.csv", {"Response ID": "99000002", "Person ID": "c1", "Score": "Quillfeather"})
    _break_a_line(max((exports / "usage").glob("*.gz")))
    return exports


def _add(file: Path, row: dict[str, str]) -> None:
    """Append a row like the file's last one, but the marked person's."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns, last = list(rows[0]), rows[-1]
    known = {name: value for name, value in PERSON.items() if name in columns}
    with file.open("a", encoding="utf-8", newline="") as lines:
        csv.DictWriter(lines, columns, quoting=csv.QUOTE_ALL).writerow({**last, **known, **row})


def _break_a_line(file: Path) -> None:
    traits = {"email": PERSON["Email"], "name": PERSON["Name"]}
    sound = {"type": "identify", "messageId": "canary", "userId": "canary", "traits": traits,
             "timestamp": "2026-02-01T00:00:00Z"}  # fmt: skip
    lines = [json.dumps(sound), json.dumps(sound)[:-9], json.dumps({**sound, "type": "Quillfeather"})]
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + ("\n".join(lines) + "\n").encode()))


@pytest.fixture(scope="module")
def said(exports: Path, postgres_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, str]:
    """Run the pipeline and every listing command; returns (all that was said, home, URL)."""
    from include.storage.postgres import embedded  # noqa: PLC0415

    with psycopg.connect(embedded.url(postgres_home, "postgres").replace("+psycopg", ""), autocommit=True) as server:
        server.execute("CREATE DATABASE canary")
    home, url = tmp_path_factory.mktemp("home"), embedded.url(postgres_home, "canary")
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "KINDRED_HOME": str(home),
        "KINDRED_DATA": str(exports), "KINDRED_WAREHOUSE_URL": url,
    }  # fmt: skip
    output = ""
    for command in (["run", "--json"], ["runs", "--stages"], ["quarantine", "--rows", "--json"], ["segments"]):
        done = subprocess.run(
            [sys.executable, "-m", "include", *command], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        output += done.stdout + done.stderr
    return output, home, url


def test_the_marked_person_arrives(said: tuple[str, Path, str]) -> None:
    with psycopg.connect(said[2].replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT full_name FROM kindred.profile WHERE last_name = 'Quillfeather'").fetchall()
        faults = connection.execute(
            "SELECT count(*) FROM control.quarantine WHERE source_key LIKE '%CANARY%'"
        ).fetchone()
    assert found
    assert faults and faults[0] >= 1


def test_nothing_that_is_said_names_the_marked_person(said: tuple[str, Path, str]) -> None:
    assert not [mark for mark in MARKS if mark in said[0]]


def test_no_control_table_names_the_marked_person(said: tuple[str, Path, str]) -> None:
    with psycopg.connect(said[2].replace("+psycopg", "")) as connection:
        for schema, name in connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'control' "
            "UNION ALL SELECT schemaname, viewname FROM pg_views WHERE schemaname = 'kindred'"
        ).fetchall():
            rows = connection.execute(f'SELECT count(*) FROM {schema}."{name}" t WHERE t::text ~* %s', ["quillfeather"])
            assert name in ALLOWED or rows.fetchone() == (0,), f"{schema}.{name}"


def test_no_file_but_the_lakes_rows_names_the_marked_person(said: tuple[str, Path, str]) -> None:
    files = [place for place in said[1].rglob("*") if place.is_file() and place.suffix != ".parquet"]
    assert len(files) > 10
    named = [str(place) for place in files if any(mark.encode() in place.read_bytes() for mark in MARKS)]
    assert not named
