"""Loads are named by their content: taking the same file in twice changes nothing, in whatever order."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.contracts.errors import ConfigurationError, SourceError
from include.contracts.exports import SYSTEMS
from include.contracts.runs import Window
from include.contracts.sources import read_sources
from tests.export_files import EVERYTHING, SOURCES, Company, call


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path).fill()


def day(number: int) -> Window:
    return Window(datetime(2026, 10, number, tzinfo=UTC), datetime(2026, 10, number + 1, tzinfo=UTC))


def lake_files(company: Company) -> dict[str, bytes]:
    root = company.folder / "home" / "lake"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("source", SOURCES)
def test_every_declared_source_takes_in_its_files(company: Company, source: str) -> None:
    report = company.extract(source)
    settings = read_sources(company.project.settings.config)[source]
    system = SYSTEMS[settings.kind]
    for name in settings.objects:
        assert report.counts[f"{name}.files"] == 1
        manifest = company.project.lake.current(f"raw/{source}/{name}")
        assert manifest is not None
        assert set(manifest.inputs) == {system.file(name).path.replace("YYYY-MM-DD", "2026-10-30")}


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_window_twice_changes_no_byte_of_the_lake(company: Company, source: str) -> None:
    first = company.extract(source)
    before = lake_files(company)
    assert company.extract(source) == first
    assert lake_files(company) == before


def test_rows_are_kept_as_received_with_their_place(company: Company) -> None:
    company.write("contact", {"FirstName": "  Nina ", "Email": "NINA@Norvik.example"})
    company.extract("crm")
    (row,) = company.rows("raw/crm/contact")
    assert (row["FirstName"], row["Email"], row["Phone"]) == ("  Nina ", "NINA@Norvik.example", None)
    (load,) = [load for load in company.rows("raw/crm/load") if load["object"] == "contact"]
    assert (row["_file"], row["_line"], row["_load_id"]) == ("crm/Contact.csv", 2, load["load_id"])
    assert load["extracted_at"] == datetime(2026, 1, 1, tzinfo=UTC)  # the latest change that the rows carry


def test_a_changed_file_adds_a_load_and_the_old_one_stays(company: Company) -> None:
    company.write("contact", {"Id": "003A"})
    company.extract("crm")
    company.write("contact", {"Id": "003A"}, {"Id": "003B"})
    company.extract("crm")
    manifest = company.project.lake.current("raw/crm/contact")
    assert manifest is not None
    assert (len(manifest.files), manifest.rows) == (2, 3)
    assert sorted(row["Id"] for row in company.rows("raw/crm/contact")) == ["003A", "003A", "003B"]


def test_a_file_put_back_to_its_old_content_is_current_again_without_being_read_again(company: Company) -> None:
    company.write("contact", {"Id": "003A"})
    first = company.extract("crm")
    company.write("contact", {"Id": "003B"})
    company.extract("crm")
    company.write("contact", {"Id": "003A"})
    company.extract("crm")
    manifest = company.project.lake.current("raw/crm/contact")
    assert manifest is not None
    assert manifest.rows == 2
    assert first.counts["contact.rows"] == 1
    company.stage()
    assert [row["source_key"] for row in company.staged("person_record")] == ["003A"]


def test_days_extracted_in_any_order_give_the_same_lake(tmp_path: Path) -> None:
    lakes = []
    for order in ((28, 29, 30), (30, 28, 29), (29, 30, 28, 29)):
        company = Company(tmp_path / "-".join(map(str, order)))
        for number in (28, 29, 30):
            company.write_day(f"2026-10-{number}", call("track", number, event="Run", userId="u1"))
        for number in order:
            company.extract("usage", day(number))
        report = company.stage()
        files = lake_files(company)
        lakes.append({name: content for name, content in files.items() if not name.startswith("raw/usage/load")})
        assert report.counts["usage.event.staged"] == 3
    seen = [{name: lake[name] for name in lake if "staged" in name or "_current" in name} for lake in lakes]
    assert seen[0] == seen[1] == seen[2]


def test_a_window_takes_in_its_own_days_only(company: Company) -> None:
    for number in (28, 29, 30):
        company.write_day(f"2026-10-{number}", call("track", number, event="Run"))
    assert company.extract("usage", day(29)).counts["event.files"] == 1
    assert [row["messageId"] for row in company.rows("raw/usage/event")] == ["m29"]
    assert company.extract("usage", EVERYTHING).counts["event.files"] == 3


def test_a_window_with_a_start_wants_a_file_for_each_of_its_days(company: Company) -> None:
    with pytest.raises(SourceError, match=r"^usage/2026-10-29\.ndjson\.gz: the file is missing"):
        company.extract("usage", day(29))


def test_an_error_leaves_what_readers_see_as_it_was(company: Company) -> None:
    company.write("contact", {"Id": "003A"})
    company.extract("crm")
    before = company.project.lake.current("raw/crm/account")
    company.write("account", {"Id": "001B"})
    company.write_bytes("contact", b"")
    with pytest.raises(SourceError):
        company.extract("crm")
    assert company.project.lake.current("raw/crm/account") == before


def test_a_file_may_be_gzipped_or_not(company: Company) -> None:
    plain = company.write("contact", {"Id": "003A"})
    plain.with_name("Contact.csv.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    plain.unlink()
    company.extract("crm")
    assert [row["Id"] for row in company.rows("raw/crm/contact")] == ["003A"]


def test_an_object_may_come_in_numbered_parts(company: Company) -> None:
    whole = company.write("contact", {"Id": "003A"}, {"Id": "003B"})
    part = company.write("contact", {"Id": "003C"}).rename(whole.with_name("Contact_2.csv"))
    company.write("contact", {"Id": "003A"}, {"Id": "003B"})
    report = company.extract("crm")
    assert report.counts["contact.files"] == 2
    assert sorted(row["_file"] for row in company.rows("raw/crm/contact")) == ["crm/Contact.csv"] * 2 + [
        f"crm/{part.name}"
    ]


def test_an_unknown_source_is_answered_with_the_nearest(company: Company) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no source 'cmr' .*did you mean 'crm'"):
        company.extract("cmr")
