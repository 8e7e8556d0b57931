"""An export of which a part is missing is waited for, read anew, or held until a person has looked."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.answers import waiting
from include.contracts.errors import ChangingSourceError, HeldError, LateSourceError
from include.contracts.runs import Window
from include.contracts.settings import Settings
from include.sources import load_log
from include.sources.files.snapshot import Snapshot
from include.storage.project import Project
from tests.export_files import Company, call

OLD, NEW = "2026-01-01T00:00:00.000Z", "2026-10-30T00:00:00.000Z"


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(load_log, "PAUSE_SECONDS", 0)
    return Company(tmp_path).fill()


def contacts(company: Company, *numbers: int, changed: str = OLD) -> None:
    company.write("contact", *({"Id": f"003{n:03}", "SystemModstamp": changed} for n in numbers))
    company.extract("crm")


def day(number: int) -> Window:
    return Window(datetime(2026, 10, number, tzinfo=UTC), datetime(2026, 10, number + 1, tzinfo=UTC))


def test_half_an_export_is_held_with_a_sentence_that_names_the_file(company: Company) -> None:
    contacts(company, *range(100))
    before = company.project.lake.current("raw/crm/contact")
    with pytest.raises(HeldError, match=r"^crm/Contact\.csv holds 50 rows, 50 fewer than the 100") as held:
        _unapproved(company, lambda: contacts(company, *range(50)))
    assert company.project.lake.current("raw/crm/contact") == before
    assert waiting.evidence(company.project, held.value.subject) == held.value.evidence


def test_a_file_cut_short_is_held_though_few_rows_are_missing(company: Company) -> None:
    contacts(company, *range(200))
    contacts(company, *(n for n in range(200) if n % 25 != 1))  # some were deleted
    with pytest.raises(HeldError, match="it may have been cut short"):
        _unapproved(company, lambda: contacts(company, *(n for n in range(190) if n % 25 != 1)))


def test_an_older_export_put_back_is_held(company: Company) -> None:
    contacts(company, *range(10), changed=NEW)
    with pytest.raises(HeldError, match=r"an older export .* newest change is of 2026-01-01, .* of 2026-10-30"):
        _unapproved(company, lambda: contacts(company, *range(10), changed=OLD))


@pytest.mark.parametrize("now", [range(120), range(97), [*range(80), *range(85, 100)]], ids=["more", "few", "deleted"])
def test_what_may_well_be_whole_asks_nobody(company: Company, now: list[int]) -> None:
    contacts(company, *range(100))
    contacts(company, *now)


def test_a_day_that_holds_less_than_its_like_is_held_and_so_is_one_that_shrinks(company: Company) -> None:
    for number in (2, 9, 16):
        company.write_day(f"2026-10-{number:02}", *(call("track", 100 * number + n, event="Run") for n in range(20)))
        company.extract("usage", day(number))
    company.write_day("2026-10-23", *(call("track", n, event="Run") for n in range(9)))
    with pytest.raises(HeldError, match=r"^usage/2026-10-23\.ndjson\.gz holds 9 rows, .* the quietest Friday"):
        _unapproved(company, lambda: company.extract("usage", day(23)))
    company.write_day("2026-10-16", *(call("track", 1600 + n, event="Run") for n in range(10)))
    with pytest.raises(HeldError, match=r"^usage/2026-10-16\.ndjson\.gz holds 10 rows, fewer than the 20 that it held"):
        _unapproved(company, lambda: company.extract("usage", day(16)))


def _unapproved(company: Company, extract: Callable[[], object]) -> None:
    """Extract where nobody has approved anything yet, which a project without a warehouse cannot be asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("include.sources.step.approved", lambda _project, _subjects: frozenset())
        extract()


def test_what_a_person_approves_is_taken_in(
    tmp_path: Path, new_database: Callable[[], AbstractContextManager[str]]
) -> None:
    company = Company(tmp_path).fill()
    with new_database() as url:
        settings = Settings(home=tmp_path / "home", data=tmp_path / "exports", warehouse_url=url)
        company.project = Project(settings)
        contacts(company, *range(100))
        with pytest.raises(HeldError) as held:
            contacts(company, *range(50))
        assert set(waiting.still_held(company.project, [held.value.subject])) == {held.value.subject}
        waiting.answer(company.project, held.value.subject, approved=True, author="Nina", reason="They were deleted")
        assert waiting.still_held(company.project, [held.value.subject]) == {}
        contacts(company, *range(50))
        assert company.stage().counts["crm.contact.staged"] == 50
        company.project.close()


def test_a_file_exchanged_between_its_digest_and_its_rows_is_kept_under_its_own(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = company.write("contact", {"Id": "003A"})
    other = place.with_suffix(".new")
    other.write_bytes(place.read_bytes().replace(b"003A", b"003B"))
    _once_while_reading(monkeypatch, place, lambda: other.replace(place))
    company.extract("crm")
    assert [row["Id"] for row in company.rows("raw/crm/contact")] == ["003B"]
    company.write("contact", {"Id": "003A"})
    company.stage()
    assert [row["source_key"] for row in company.staged("person_record")] == ["003A"]


def test_a_file_that_grows_is_read_anew_until_it_is_whole(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    place = company.write("contact", {"Id": "003A"}, {"Id": "003B"})
    whole = place.read_bytes()
    place.write_bytes(whole[:-40])
    _once_while_reading(monkeypatch, place, lambda: place.write_bytes(whole))
    company.extract("crm")
    assert [row["Id"] for row in company.rows("raw/crm/contact")] == ["003A", "003B"]


def test_a_file_that_does_not_stop_growing_is_refused(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    place = company.write("contact", {"Id": "003A"})

    def grow() -> None:
        with place.open("ab") as stream:
            stream.write(b'"003B","Moe","2025-01-01T00:00:00Z","2026-01-01T00:00:00Z"\n')

    _while_reading(monkeypatch, place, grow)
    with pytest.raises(ChangingSourceError, match=r"^crm/Contact\.csv: it changed while it was read"):
        company.extract("crm")
    assert company.rows("raw/crm/contact") == []


def test_a_file_changed_in_place_under_its_old_time_is_noticed(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = company.write("contact", {"Id": "003A"})
    content, times = place.read_bytes(), (place.stat().st_atime_ns, place.stat().st_mtime_ns)

    def exchange() -> None:
        place.write_bytes(content.replace(b"003A", b"003B"))
        os.utime(place, ns=times)

    _once_while_reading(monkeypatch, place, exchange)
    company.extract("crm")
    assert [row["Id"] for row in company.rows("raw/crm/contact")] == ["003B"]


def _while_reading(monkeypatch: pytest.MonkeyPatch, place: Path, what: Callable[[], object]) -> None:
    """Do something whenever the file is hashed and its rows are not yet read."""
    really = Snapshot.blocks

    def blocks(snapshot: Snapshot) -> Any:
        if snapshot.mark.path == place:
            what()
        return really(snapshot)

    monkeypatch.setattr(Snapshot, "blocks", blocks)


def _once_while_reading(monkeypatch: pytest.MonkeyPatch, place: Path, what: Callable[[], object]) -> None:
    left = [what]
    _while_reading(monkeypatch, place, lambda: left.pop()() if left else None)


def test_a_day_that_came_too_late_is_taken_in_by_the_next_run(company: Company) -> None:
    company.write_day("2026-10-27", call("track", 27, event="Run"))
    company.extract("usage", day(27))
    for place in company.place("event").parent.glob("2026-10-30*"):
        place.unlink()
    with pytest.raises(LateSourceError, match=r"usage/2026-10-28\.ndjson\.gz: the file is missing"):
        company.extract("usage", day(28))
    company.write_day("2026-10-29", call("track", 29, event="Run"))
    assert company.extract("usage", day(29)).counts["event.missing_days"] == 1
    company.write_day("2026-10-28", call("track", 28, event="Run"))
    company.write_day("2026-10-30", call("track", 30, event="Run"))
    report = company.extract("usage", day(30))
    assert report.counts["event.files"] == 2
    assert "event.missing_days" not in report.counts
    assert sorted(row["messageId"] for row in company.rows("raw/usage/event")) == ["m27", "m28", "m29", "m30"]


def test_a_day_missing_among_others_is_told(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    company.write_day("2026-10-27", call("track", 27, event="Run"))
    assert company.extract("usage").counts["event.missing_days"] == 2
    assert "no file has come for 2 days (2026-10-28, 2026-10-29)" in caplog.text


def test_days_before_the_first_one_taken_in_are_left_to_a_backfill(company: Company) -> None:
    for number in (25, 28, 29):
        company.write_day(f"2026-10-{number}", call("track", number, event="Run"))
    company.extract("usage", day(28))
    assert company.extract("usage", day(29)).counts["event.files"] == 1
