"""Exports that newer contents have replaced are let go of, and read anew should they come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.retention import raw
from include.retention.lake import removable
from tests.export_files import Company

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A CRM whose contacts were exported three times under one name."""
    company = Company(tmp_path).fill()
    for name in ("Nina", "Nora", "Nils"):
        company.write("contact", {"FirstName": name})
        company.extract("crm")
    return company


def contents(company: Company) -> list[str]:
    return sorted(row["FirstName"] for row in company.rows("raw/crm/contact"))


def clean(company: Company, *, days: int = 0) -> None:
    raw.let_go(company.project.lake, LATER)
    for file in removable(
        company.project.lake, LATER + timedelta(days=days), versions=timedelta(days=1), debris=timedelta(days=1)
    ):
        company.project.lake.remove(file)


def test_only_the_content_that_holds_stays(company: Company) -> None:
    assert contents(company) == ["Nils", "Nina", "Nora"]
    assert len(raw.replaced(company.project.lake, LATER)) == 2
    clean(company, days=9)
    assert contents(company) == ["Nils"]
    assert raw.replaced(company.project.lake, LATER) == []
    loads = [row for row in company.rows("raw/crm/load") if row["object"] == "contact"]
    assert len(loads) == 1
    manifest = company.project.lake.current("raw/crm/contact")
    assert manifest is not None
    assert manifest.rows == 1
    names = {file.name for file in company.project.lake.stored("raw/crm/contact")}
    assert names == {"_current.json", f"{manifest.version}.json", *manifest.files}


def test_nothing_is_let_go_of_before_its_time(company: Company) -> None:
    assert raw.replaced(company.project.lake, LATER - timedelta(days=3)) == []


def test_a_content_that_comes_back_is_read_anew(company: Company) -> None:
    clean(company, days=9)
    company.write("contact", {"FirstName": "Nina"})
    company.extract("crm")
    assert contents(company) == ["Nils", "Nina"]
    report = company.stage()
    assert report.counts["crm.contact.superseded"] == 1


def test_killed_between_the_object_and_the_log_it_is_made_good_by_the_next_time(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(raw, "_forget", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            raw.let_go(company.project.lake, LATER)
    assert company.stage().counts["crm.contact.raw"] == 1
    clean(company)
    assert len([row for row in company.rows("raw/crm/load") if row["object"] == "contact"]) == 1
