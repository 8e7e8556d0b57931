"""A folder with a HubSpot contact export and a Typeform export alone, run as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter

from include.contracts.settings import ROOT, SHIPPED

pytestmark = pytest.mark.slow
PEOPLE = [("Nina", "Berg"), ("Ola", "Strand"), ("Ana", "Costa"), ("Timo", "Wessel"), ("Eva", "Reed"), ("Lars", "Noor")]
SCORES = (10, 9, 7, 3, 0)
TO_ANSWER, TO_ASK = "detractors_to_answer", "promoters_to_ask"  # shipped for whoever has no more than this
RENEWING = "key: renewing\nname: Renewing\nowner: x\npurpose: x\nwhere: within_next(renewal_date, 90 days)\n"


def _write(path: Path, *rows: tuple[Any, ...]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)


def _mail(n: int) -> str:
    first, last = PEOPLE[n]
    return f"{first}.{last}@norvik.example".lower()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    exports, segments = tmp_path / "exports", tmp_path / "config" / "segments"
    exports.mkdir()
    segments.mkdir(parents=True)
    contacts = [(100 + n, *name, _mail(n), "2025-03-04 09:12", "2026-10-01 08:00") for n, name in enumerate(PEOPLE)]
    header = ("Record ID", "First Name", "Last Name", "Email", "Create Date", "Last Modified Date")
    _write(exports / "all contacts.csv", header, *contacts)
    asked = "How likely are you to recommend us to a friend?"
    answers = [(f"t{n}", score, _mail(n).upper(), "2026-10-02 08:00:00", "n") for n, score in enumerate(SCORES)]
    _write(exports / "nps.csv", ("#", asked, "email", "Submit Date (UTC)", "Network ID"), *answers)
    for key in (TO_ANSWER, TO_ASK):
        shutil.copy(SHIPPED / "segments" / f"{key}.yaml", segments)
    (segments / "renewing.yaml").write_text(RENEWING)
    return tmp_path


def _run(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"KINDRED_HOME": str(folder / "home"), "KINDRED_CONFIG": str(folder / "config"), "COLUMNS": "160",
                "KINDRED_WAREHOUSE_URL": url, "KINDRED_AS_OF": "2026-10-31", "PYTHONPATH": str(ROOT)}  # fmt: skip
    own = {name: value for name, value in os.environ.items() if not name.startswith("KINDRED_")}
    command = [sys.executable, "-m", "include", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**own, **settings}, capture_output=True, text=True, check=False)


def _write_sheet(path: Path, *rows: tuple[Any, ...]) -> None:
    with xlsxwriter.Workbook(path) as book:
        page, days = book.add_worksheet("Contracts"), book.add_format({"num_format": "dd.mm.yyyy"})
        for n, row in enumerate(rows):
            for m, value in enumerate(row):
                page.write(n, m, value, *([days] if isinstance(value, date) else []))


def test_a_sheet_of_contracts_gives_customers_their_renewal_dates(folder: Path, warehouse_url: str) -> None:
    exports = folder / "exports"
    header = ("Record ID", "First Name", "Last Name", "Email", "Associated Company IDs", "Create Date")
    contacts = [(100 + n, *name, _mail(n), 201 + n % 2, "2025-03-04 09:12") for n, name in enumerate(PEOPLE)]
    _write(exports / "all contacts.csv", header, *contacts)
    companies = [(201, "Norvik Logistics", "norvik.example"), (202, "Halden", "halden.example")]
    _write(exports / "companies.csv", ("Record ID", "Company name", "Company Domain Name"), *companies)
    terms = [("Norvik Logistics", date(2026, 1, 1), date(2026, 12, 31), "yes", "€ 12.000,50"),
             ("Halden", date(2025, 7, 1), date(2027, 6, 30), "no", 8000)]  # fmt: skip
    _write_sheet(exports / "who signed what.xlsx", ("Customer", "Start", "End", "Auto-renew", "Value"), *terms)
    done = _run(folder, warehouse_url, "run", str(exports))
    assert done.returncode == 0, done.stderr
    assert "contracts (contracts_sheet)" in done.stderr and "renewing cannot be judged" not in done.stderr
    with sa.create_engine(warehouse_url).connect() as connection:
        read = "SELECT renewal_date, contract_value, count(*) FROM kindred.customer_360 GROUP BY 1, 2 ORDER BY 1"
        found = [tuple(row) for row in connection.execute(sa.text(read))]
        renewing = connection.execute(
            sa.text("SELECT size FROM kindred.segment WHERE segment_key = 'renewing'")
        ).scalar()
    assert found == [(date(2026, 12, 31), 12000.5, 3), (date(2027, 6, 30), 8000, 3)]
    assert renewing == 3


def test_contacts_and_answers_alone_give_profiles_classes_and_what_can_be_judged(
    folder: Path, warehouse_url: str
) -> None:
    done = _run(folder, warehouse_url, "run", str(folder / "exports"))
    assert done.returncode == 0, done.stderr
    assert "hubspot (hubspot_export)" in done.stderr and "typeform (typeform_export)" in done.stderr
    assert "No contracts:" in done.stderr and "1 segment cannot be judged: renewing." in done.stderr
    assert re.search(
        r"No source gives contracts: \d+ measures are unknown and 1 segment cannot be judged\. A spread", done.stderr
    )
    with sa.create_engine(warehouse_url).connect() as connection:
        rows = connection.execute(
            sa.text("SELECT nps_class, usage_tier, renewal_bucket FROM kindred.customer_360")
        ).all()
        sizes = connection.execute(sa.text("SELECT segment_key, state, size FROM kindred.segment ORDER BY 1")).all()
    assert sorted(row[0] for row in rows) == ["detractor", "detractor", "passive", "promoter", "promoter", "unknown"]
    assert {row[1:] for row in rows} == {(None, None)}
    assert [tuple(row) for row in sizes] == [
        (TO_ANSWER, "published", 2), (TO_ASK, "published", 2), ("renewing", "unjudged", 0),
    ]  # fmt: skip
    exported = _run(folder, warehouse_url, "segment", "renewing")
    assert exported.returncode != 0
    assert "so that no audience is emptied by it" in exported.stderr
    listed = json.loads(_run(folder, warehouse_url, "segments", "--json").stdout)
    assert {row["segment_key"]: row["state"] for row in listed} == {
        TO_ANSWER: "published", TO_ASK: "published", "renewing": "unjudged",
    }  # fmt: skip
