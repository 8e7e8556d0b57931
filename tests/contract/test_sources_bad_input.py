"""Each thing that can be wrong with an export file sets one row aside, or stops with one clear sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.contracts.errors import LateSourceError, SourceError
from include.sources.files.csv_file import CsvReader
from include.sources.files.places import Place
from include.sources.files.snapshot import Snapshot
from tests.export_files import FILES, Company, call

HEADER = b"Id,LastName,CreatedDate,SystemModstamp,Email\n"
GOOD = b"003A,Berg,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,a@norvik.example\n"
LAST = b"003Z,Lund,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,z@norvik.example\n"


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path).fill()


def contacts(company: Company, content: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    """The ids taken in, and the rows set aside, when Contact.csv has this content."""
    company.write_bytes("contact", content)
    company.extract("crm")
    return sorted(row["Id"] for row in company.rows("raw/crm/contact")), company.rows("raw/crm/rejected")


@pytest.mark.parametrize(
    ("faulty", "rule"),
    [
        (b"003B,Moe,2025-01-01T00:00:00Z\n", "too_few_fields"),
        (b"003B,Moe,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,b@norvik.example,more\n", "too_many_fields"),
        (b"003B,M\xc3\xb8e\xf8,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,b@norvik.example\n", "not_utf8"),
        (b"003B,M\0e,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,b@norvik.example\n", "nul_byte"),
        (b'003B,"Moe,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,b@norvik.example\n', "unclosed_quote"),
        (b'003B,"Moe" Jr,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,b@norvik.example\n', "stray_quote"),
        (b"003B," + b"m" * 10_000_000 + b",2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,b@n.example\n", "row_too_long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_row_is_set_aside_whole_and_nothing_else_is_lost(company: Company, faulty: bytes, rule: str) -> None:
    taken, rejected = contacts(company, HEADER + GOOD + faulty + LAST)
    assert taken == ["003A", "003Z"]
    (reject,) = rejected
    assert (reject["rule"], reject["line"], reject["file"]) == (rule, 3, "crm/Contact.csv")
    assert reject["row_received"].startswith("003B,")
    assert len(reject["row_received"]) >= len(faulty) - 2


def test_lines_are_counted_right_behind_line_breaks_inside_quotes_and_blank_lines(company: Company) -> None:
    spread = b'003B,"Moe\r\nand\nsons",2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,b@norvik.example\r\n'
    taken, rejected = contacts(company, HEADER + GOOD + spread + b"\r\n\n" + b"too,few\n" + LAST)
    lines = {row["Id"]: row["_line"] for row in company.rows("raw/crm/contact")}
    assert lines == {"003A": 2, "003B": 3, "003Z": 9}
    assert [reject["line"] for reject in rejected] == [8]
    assert taken == ["003A", "003B", "003Z"]


def test_an_unclosed_quote_costs_its_own_line_and_not_those_behind_it(company: Company) -> None:
    row = b'"003%d","Berg","2025-01-01T00:00:00Z","2026-01-01T00:00:00Z","x@norvik.example"\n'
    broken = b'"0039","Berg","2025-01-01T00:00:00Z","2026-01-01T00:00:00Z","x@norvik.example\n'
    taken, rejected = contacts(company, HEADER + row % 1 + broken + row % 2 + row % 3)
    assert taken == ["0031", "0032", "0033"]
    assert [(reject["line"], reject["rule"]) for reject in rejected] == [(3, "unclosed_quote")]


@pytest.mark.parametrize(
    "rest",
    [
        b"003B,Moe,2025-01-01T00:0",
        b'003B,Moe,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,"b@n',
        b'003B,"Moe\nand\nso',
        b'003B,"Moe\nand\n',
        "003B,Mø".encode()[:-1],
    ],
    ids=["in a field", "in the last field", "in a field of several lines", "at a line end in it", "in a character"],
)
def test_a_file_that_ends_within_a_record_is_refused_whole(company: Company, rest: bytes) -> None:
    with pytest.raises(LateSourceError, match=r"crm/Contact\.csv, line 3: the file ends in the middle of this record"):
        contacts(company, HEADER + GOOD + rest)
    assert company.rows("raw/crm/contact") == []


def test_line_ends_may_be_mixed_and_the_last_may_be_missing(company: Company) -> None:
    taken, rejected = contacts(company, HEADER + GOOD.replace(b"\n", b"\r\n") + LAST.rstrip())
    assert (taken, rejected) == (["003A", "003Z"], [])


def test_a_byte_order_mark_is_no_part_of_the_first_column(company: Company) -> None:
    taken, _ = contacts(company, b"\xef\xbb\xbf" + HEADER + GOOD)
    assert taken == ["003A"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_file_may_be_written_in_any_usual_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, encoding: str, delimiter: str
) -> None:
    header = '"Id","Last Name","CREATEDDATE","SystemModstamp","email"\r\n'
    row = '"003A","Müller, née ""Berg""","2025-01-01T00:00:00Z","2026-01-01T00:00:00Z","a@norvik.example"\r\n'
    parted = delimiter.join(['"', '"'])
    text = (header + row + row.replace("003A", "003B")).replace('","', parted)
    path = tmp_path / "Contact.csv"
    path.write_bytes(text.encode(encoding))
    with caplog.at_level(logging.WARNING), Snapshot.of(Place(path), "crm/Contact.csv") as snapshot:
        reader = CsvReader.open(snapshot, FILES["contact"])
        (block, *others) = [found for found in reader.blocks() if found.rows.num_rows]
    assert (others, block.rejects) == ([], ())
    assert reader.found == ("Id", "LastName", "CreatedDate", "SystemModstamp", "Email")
    assert block.rows["LastName"].to_pylist() == ['Müller, née "Berg"'] * 2
    assert ("is read as" in caplog.text) == (not encoding.startswith("utf-8"))


def test_a_file_of_which_much_is_broken_stops(company: Company) -> None:
    with pytest.raises(SourceError, match=r"crm/Contact\.csv, line \d+: 101 of the first 102 rows cannot be read"):
        contacts(company, HEADER + GOOD + b"too,few\n" * 101)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"crm/Contact\.csv: it is empty"),
        (b" \n", r"crm/Contact\.csv: it is empty"),
        ((HEADER + GOOD).decode().encode("utf-16")[:-1], r"crm/Contact\.csv: the file ends in the middle of a char"),
        (HEADER.replace(b"Email", b"\xc9mail\xc3\xa9"), r"crm/Contact\.csv, line 1: the header is no UTF-8"),
        (HEADER.replace(b"LastName", b"LstName"), r"column LastName: the column is missing \(did you mean 'LstName'"),
        (HEADER.replace(b",", b":"), r"column Id: the column is missing \(are the fields separated by commas, semi"),
        (GOOD + LAST, r"line 1, column Id: the column is missing \(is the first line a header\?\)\. Add"),
        (HEADER.replace(b"Email", b"Id"), r"line 1, column Id: the column occurs twice"),
        (HEADER.replace(b"Email", b""), r"line 1: column 5 has no name"),
        (HEADER.replace(b"Email", b"_line"), r"line 1, column _line: a column's name begins with an underscore"),
        (HEADER + b"x" * (65 << 20), r"crm/Contact\.csv, line 2: the line is longer than 64 MiB"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_a_broken_file_stops_with_a_sentence_that_names_file_line_and_column(
    company: Company, content: bytes, message: str
) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        contacts(company, content)
    assert "\n" not in str(caught.value)
    assert "Berg" not in str(caught.value)
    assert company.rows("raw/crm/account") == []  # all files of a source, or none


def test_a_file_with_a_header_alone_has_no_rows(company: Company) -> None:
    assert contacts(company, HEADER) == ([], [])


def test_a_missing_file_is_named(company: Company) -> None:
    company.place("contact").unlink()
    with pytest.raises(SourceError, match=r"^crm/Contact\.csv: the file is missing"):
        company.extract("crm")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^nps/responses\.csv: the file is missing"):
        Company(tmp_path).extract("nps")


def test_a_file_that_cannot_be_read_is_named(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path.name == "Account.csv":
            raise PermissionError(13, "Permission denied")
        return really(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(SourceError, match=r"^crm/Account\.csv: it cannot be read \(Permission denied\)"):
        company.extract("crm")


def test_an_unknown_column_is_kept_reported_and_named_with_the_one_that_was_meant(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    company.write("contact", {"My_Field__c": "blue", "Emial": "a@norvik.example"})
    with caplog.at_level(logging.WARNING):
        report = company.extract("crm")
    assert report.counts["contact.unknown.My_Field__c"] == report.counts["contact.unknown.Emial"] == 1
    assert "column Emial is not known (did you mean 'Email'?)" in caplog.text
    (row,) = company.rows("raw/crm/contact")
    assert (row["My_Field__c"], row["Emial"], row["Email"]) == ("blue", "a@norvik.example", None)


def usage(company: Company, write: Callable[[], Path]) -> tuple[list[str], list[dict[str, Any]]]:
    for place in company.place("event").parent.iterdir():
        place.unlink()
    write()
    company.extract("usage")
    return sorted(row["messageId"] for row in company.rows("raw/usage/event")), company.rows("raw/usage/rejected")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"type": "track", "messageId": "m2"', "not_json"),
        (b'["track", "m2"]', "not_an_object"),
        (b'"track"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"type": "tr\0ck"}', "not_json"),
        (b'{"type": "tr\xe4ck"}', "not_utf8"),
        (b'{"type": "' + b"x" * 10_000_000 + b'"}', "row_too_long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_line_of_json_is_set_aside_and_nothing_else_is_lost(company: Company, line: bytes, rule: str) -> None:
    good = b'{"type":"track","messageId":"m%d","event":"Run","timestamp":"2026-10-30T10:00:00Z"}\n'
    content = good % 1 + line + b"\n" + good % 3
    taken, rejected = usage(company, lambda: company.write_day_bytes("2026-10-30", content))
    assert taken == ["m1", "m3"]
    assert [(reject["rule"], reject["line"], reject["file"]) for reject in rejected] == [
        (rule, 2, "usage/2026-10-30.ndjson.gz")
    ]


def test_a_day_that_ends_within_a_call_is_refused_whole(company: Company) -> None:
    company.write_day_bytes("2026-10-30", b'{"type":"track","messageId":"m1"}\n{"type":"track","messa')
    with pytest.raises(LateSourceError, match=r"usage/2026-10-30\.ndjson\.gz, line 2: the file ends in the middle"):
        company.extract("usage")


def test_a_truncated_archive_stops_and_says_where_it_ends(company: Company) -> None:
    place = company.write_day("2026-10-30", *(call("track", number, event="Run") for number in range(1000)))
    place.write_bytes(place.read_bytes()[:-100])
    with pytest.raises(SourceError, match=r"^usage/2026-10-30\.ndjson\.gz, line \d+: the archive breaks off"):
        company.extract("usage")


def test_a_file_that_only_calls_itself_an_archive_stops(company: Company) -> None:
    company.place("event").with_name("2026-10-30.ndjson.gz").write_bytes(b'{"type":"track"}\n')
    with pytest.raises(SourceError, match="the archive is damaged or is no gzip file"):
        company.extract("usage")


def test_an_archive_of_no_bytes_stops_but_an_archive_of_no_lines_is_a_quiet_day(company: Company) -> None:
    assert usage(company, lambda: company.write_day("2026-10-30")) == ([], [])
    company.place("event").with_name("2026-10-30.ndjson.gz").write_bytes(b"")
    with pytest.raises(SourceError, match=r"^usage/2026-10-30\.ndjson\.gz: it is empty"):
        company.extract("usage")


def test_undeclared_fields_of_a_call_are_kept_as_json(company: Company) -> None:
    taken, _ = usage(
        company, lambda: company.write_day("2026-10-30", call("track", 1, event="Run", colour="blue"), call("track", 2))
    )
    assert taken == ["m1", "m2"]
    assert [row["_other"] for row in company.rows("raw/usage/event")] == ['{"colour":"blue"}', None]
