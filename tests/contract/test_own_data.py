"""A folder with whatever there is: each shape of a file gives its rows, or one clear sentence."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import yaml

from include.contracts.errors import ConfigurationError, LateSourceError, SourceError
from include.contracts.runs import Run, StageReport, Window
from include.contracts.settings import Settings
from include.contracts.sources import sources_of
from include.sources.recognition.declaring import Found, recognise
from include.sources.step import extract
from include.staging.step import stage
from include.storage.project import Project

HUBSPOT = ("Record ID", "First Name", "Last Name", "Email", "Create Date", "Last Modified Date")
ROWS = [
    ("101", "Nina", "Bërg", "nina.berg@norvik.example", "2025-03-04 09:12", "2026-10-01 08:00"),
    ("102", "Ola", "Strand", "ola.strand@norvik.example", "2025-03-05 09:12", "2026-10-02 08:00"),
]
ID = "0035g00000XyZ12"  # 15 characters
LONG_ID = "0035g00000XyZ12AAF"
RUN = Run("test", date(2026, 10, 31))
EVERYTHING = Window(None, datetime(2026, 11, 1, tzinfo=UTC))


class Folder:
    """A folder of exports, and what becomes of it."""

    def __init__(self, root: Path) -> None:
        self.exports = root / "exports"
        self.exports.mkdir()
        self.project = Project(Settings(home=root / "home", data=self.exports))

    def put(self, name: str, content: bytes) -> None:
        place = self.exports / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def recognise(self) -> Found:
        return recognise(self.project.settings)

    def stage(self) -> StageReport:
        self.recognise()
        for source in sources_of(self.project.settings):
            extract(self.project, RUN, source, EVERYTHING)
        return stage(self.project, RUN)

    def rows(self, table: str) -> list[dict[str, Any]]:
        manifest = self.project.lake.current(f"staged/{table}")
        assert manifest is not None
        return [row for file in self.project.lake.urls(manifest) for row in pq.read_table(file).to_pylist()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def text(header: tuple[str, ...] = HUBSPOT, rows: list[tuple[str, ...]] = ROWS, **how: Any) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, **{"lineterminator": "\n", **how})
    writer.writerows([header, *rows])
    return stream.getvalue()


def sheet(rows: list[tuple[Any, ...]], name: str = "Sheet1") -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        page, days = book.add_worksheet(name), book.add_format({"num_format": "yyyy-mm-dd"})
        for n, row in enumerate(rows):
            for m, value in enumerate(row):
                page.write(n, m, value, *([days] if isinstance(value, date) else []))
    return stream.getvalue()


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def parquet() -> bytes:
    stream = io.BytesIO()
    columns = list(zip(*ROWS, strict=True))
    table = pa.table({name: pa.array(values) for name, values in zip(HUBSPOT, columns, strict=True)})
    pq.write_table(table, stream)
    return stream.getvalue()


SHAPES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "utf-8": ("all contacts.csv", lambda: text().encode(), "UTF-8, commas"),
    "a mark": ("x.csv", lambda: text().encode("utf-8-sig"), "UTF-8 with a mark, commas"),
    "utf-16": ("x.csv", lambda: text().encode("utf-16"), "UTF-16, commas"),
    "windows": ("x.csv", lambda: text().encode("cp1252"), "Windows-1252, commas"),
    "semicolons": ("x.csv", lambda: text(delimiter=";").encode(), "UTF-8, semicolons"),
    "tabs": ("x.txt", lambda: text(delimiter="\t").encode(), "UTF-8, tabs"),
    "cr lf": ("x.csv", lambda: text(lineterminator="\r\n").encode(), "UTF-8, commas"),
    "case": ("x.csv", lambda: text(tuple(n.upper().replace(" ", "") for n in HUBSPOT)).encode(), "UTF-8, commas"),
    "gz": ("deep/er/x.csv.gz", lambda: gzip.compress(text().encode()), "UTF-8, commas"),
    "zip": ("hubspot.zip", lambda: zipped(**{"exports/contacts.csv": text().encode()}), "UTF-8, commas"),
    "zip of excel": ("all.zip", lambda: zipped(**{"c.xlsx": sheet([HUBSPOT, *ROWS])}), "Excel"),
    "excel": ("x.xlsx", lambda: sheet([HUBSPOT, *ROWS]), "Excel"),
    "titles": ("x.csv", ("All contacts\nof,2026\n" + text()).encode, "UTF-8, commas"),
    "titled excel": ("x.xlsx", lambda: sheet([("Contacts",), ("Who", "", "", "When"), HUBSPOT, *ROWS]), "Excel"),
    "old Mac": ("x.csv", lambda: text(lineterminator="\r").encode(), "UTF-8, commas"),
    "parquet": ("x.parquet", parquet, "Parquet"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_of_a_file_gives_the_same_rows(folder: Folder, shape: str) -> None:
    name, content, written = SHAPES[shape]
    folder.put(name, content())
    found = folder.recognise()
    ((sight,),) = [sights for sights in found.tables["hubspot"].values()]
    assert (sight.written, sight.rows) == (written, 2)
    folder.stage()
    people = sorted(folder.rows("person_record"), key=lambda row: row["record_id"])
    assert [(row["record_id"], row["last_name"], row["email"]) for row in people] == [
        ("hubspot.contact:101", "Bërg", "nina.berg@norvik.example"),
        ("hubspot.contact:102", "Strand", "ola.strand@norvik.example"),
    ]
    assert people[0]["updated_at"] == datetime(2026, 10, 1, 8, tzinfo=UTC)


def test_parts_of_an_object_in_several_files_are_one(folder: Folder) -> None:
    folder.put("contacts us.csv", text(rows=ROWS[:1]).encode())
    folder.put("contacts eu.csv", text(rows=ROWS[1:], delimiter=";").encode())
    assert folder.stage().counts["hubspot.contact.staged"] == 2


def test_sheets_of_one_workbook_are_tables_of_their_own(folder: Folder) -> None:
    deals = [("Record ID", "Deal Name", "Deal Stage"), ("1", "New", "closedlost")]
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        for name, rows in (("People", [HUBSPOT, *ROWS]), ("Notes", [("to do",), ("call",)]), ("Deals", deals)):
            page = book.add_worksheet(name)
            for n, row in enumerate(rows):
                page.write_row(n, 0, row)
    folder.put("all.xlsx", stream.getvalue())
    found = folder.recognise()
    assert set(found.tables["hubspot"]) == {"contact", "deal"}
    assert [one.sight.name for one in found.unknown] == ["all.xlsx/Notes"]
    folder.stage()
    assert [row["is_won"] for row in folder.rows("opportunity")] == [False]


def test_a_contract_kept_in_excel_gives_its_days(folder: Folder) -> None:
    rows = [
        ("Client", "Contract start", "Contract end", "ACV"),
        ("Norvik", date(2026, 1, 1), date(2026, 12, 31), 12000),
    ]
    folder.put("our contracts.xlsx", sheet(rows))
    folder.stage()
    (contract,) = folder.rows("contract")
    assert (contract["start_date"], contract["end_date"]) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (contract["annual_value"], contract["contract_type"]) == (12000, "term")
    (account,) = folder.rows("account")
    assert (account["name"], account["account_id"]) == ("Norvik", contract["account_id"])


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("31.01.2026", "30.12.2026", date(2026, 1, 31)),  # a day beyond 12 proves the order
        ("01.02.2026", "01.03.2026", date(2026, 2, 1)),  # dots stand between a day and a month
        ("1/31/2026", "12/30/2026", date(2026, 1, 31)),
        ("2026-01-31", "2026-12-30", date(2026, 1, 31)),
    ],
)
def test_dates_are_read_in_the_order_that_their_column_proves(
    folder: Folder, start: str, end: str, found: date
) -> None:
    folder.put("c.csv", text(("Customer", "Start", "End"), [("Norvik", start, end)]).encode())
    folder.stage()
    (contract,) = folder.rows("contract")
    assert contract["start_date"] == found


def test_dates_of_no_provable_order_are_refused_and_can_be_declared(folder: Folder) -> None:
    folder.put("c.csv", text(("Customer", "Start", "End"), [("Norvik", "03/04/2026", "03/05/2026")]).encode())
    with pytest.raises(SourceError, match=r"^c\.csv, column (Start|End): .*none proves .*say dates: day_first or"):
        folder.stage()
    place = folder.project.settings.recognised / "sources.yaml"
    declared = yaml.safe_load(place.read_text())
    declared["sources"]["contracts"]["dates"] = "day_first"
    place.write_text(yaml.safe_dump(declared))
    folder.stage()
    assert folder.rows("contract")[0]["start_date"] == date(2026, 4, 3)


def test_dates_of_both_orders_in_one_column_are_refused(folder: Folder) -> None:
    rows = [("Norvik", "31/01/2026", ""), ("Other", "01/31/2026", "")]
    folder.put("c.csv", text(("Customer", "Start", "End"), rows).encode())
    with pytest.raises(SourceError, match="some of its dates are written day first and others month first"):
        folder.stage()


def values_read(folder: Folder, *written: str, column: str = "Annual value") -> list[Any]:
    """What becomes of numbers in a column of a sheet of contracts; those set aside are None."""
    rows = [(f"Customer {n:02}", "2026-01-01", value) for n, value in enumerate(written)]
    folder.put("c.csv", text(("Customer", "Start", column), rows, delimiter=";").encode())
    folder.stage()
    field = {"Annual value": "annual_value", "Notice period": "notice_days"}[column]
    found = {row["account_id"]: row[field] for row in folder.rows("contract")}
    return [found.get(f"contracts.contract:customer {n:02}") for n in range(len(written))]


def declare(folder: Folder, source: str, **said: Any) -> None:
    """Say something of a source that was recognised."""
    place = folder.project.settings.recognised / "sources.yaml"
    declared = yaml.safe_load(place.read_text())
    declared["sources"][source] |= said
    place.write_text(yaml.safe_dump(declared))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (["12.000,50", "12.000"], [12000.5, 12000]),  # both signs prove which parts thousands
        (["3,5", "12.000"], [3.5, 12000]),
        (["1.234.567", "12.000"], [1234567, 12000]),
        (["12,000.50", "12,000", "12.125"], [12000.5, 12000, 12.125]),
        (["12000.5", "12.125"], [12000.5, 12.125]),
        (["1234.125", "12,000"], [1234.125, 12000]),
        (["12,34,567"], [1234567]),  # a lakh has two digits more
        (["0.125", "0.500"], [0.125, 0.5]),  # no thousands begin with a nought
        (["12 000,50", "12\u00a0000", "12\u202f000"], [12000.5, 12000, 12000]),
        (["12'000.50", "12’000", "1'234'567"], [12000.5, 12000, 1234567]),
        (["€ 12.000,50", "12.000,- €", "EUR 7"], [12000.5, 12000, 7]),
        (["kr 8", "8,50 kr"], [8, 8.5]),
        (["US$ 9", "$9.5", "USD 10"], [9, 9.5, 10]),
        (["CHF 1'000.–", "Fr. 12.50"], [1000, 12.5]),
        (["(12.5)", "12.5-", "-12.5", "−12.5", "-$12.5", "$-12.5", "1"], [None] * 6 + [1]),  # less than nothing
        (["1.5E+05", "1e3"], [150000, 1000]),
        (["12000", "0", "+7"], [12000, 0, 7]),
        (["12 %", "12k", "12 MIO", "12 34", "1.2.3", "12-34", "1"], [None] * 6 + [1]),  # no amounts
    ],
)
def test_numbers_are_read_by_what_their_column_proves(folder: Folder, written: list[str], found: list[Any]) -> None:
    assert values_read(folder, *written) == found


@pytest.mark.parametrize("written", ["12.000", "12,000"])
def test_numbers_of_no_provable_convention_are_refused_and_can_be_declared(folder: Folder, written: str) -> None:
    with pytest.raises(SourceError, match=r"^c\.csv, column Value: .*12 or 12 thousand.*say numbers: decimal_point"):
        values_read(folder, written, "7")
    place = folder.project.settings.recognised / "sources.yaml"
    declared = yaml.safe_load(place.read_text())
    for convention, found in (("decimal_point", 12.0), ("decimal_comma", 12000.0)):
        declared["sources"]["contracts"]["numbers"] = convention
        place.write_text(yaml.safe_dump(declared))
        assert values_read(folder, written, "7")[0] == (found if written == "12.000" else 12012 - found)


def test_numbers_of_both_conventions_in_one_column_are_refused(folder: Folder) -> None:
    with pytest.raises(SourceError, match="some of its numbers have a decimal point and others a decimal comma"):
        values_read(folder, "12.5", "12,5")


def test_what_counts_something_is_no_fraction(folder: Folder) -> None:
    assert values_read(folder, "1.095", "2.000", "0,5", "-3", column="Notice period") == [1095, 2000, None, None]


def test_what_a_column_proves_stands_against_what_is_declared_of_the_others(folder: Folder) -> None:
    rows = [("Norvik", "31/01/2026", "3,5")]
    folder.put("c.csv", text(("Customer", "Start", "Value"), rows).encode())
    folder.recognise()
    place = folder.project.settings.recognised / "sources.yaml"
    declared = yaml.safe_load(place.read_text())
    declared["sources"]["contracts"] |= {"dates": "month_first", "numbers": "decimal_point"}
    place.write_text(yaml.safe_dump(declared))
    folder.stage()
    (contract,) = folder.rows("contract")
    assert (contract["start_date"], contract["annual_value"]) == (date(2026, 1, 31), 3.5)


def test_short_ids_of_salesforce_are_lengthened(folder: Folder) -> None:
    header = ("Id", "LastName", "CreatedDate", "SystemModstamp")
    row = (ID, "Berg", "2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")
    folder.put("Kontakte.csv", text(header, [row]).encode())
    folder.stage()
    assert [row["record_id"] for row in folder.rows("person_record")] == [f"crm.contact:{LONG_ID}"]


def test_what_is_nothing_known_is_told_and_stops_nothing(folder: Folder) -> None:
    folder.put("contacts.csv", text().encode())
    folder.put("notes.csv", b"Thing,Other\n1,2\n")
    folder.put("broken.zip", b"PK no archive")
    folder.put("shop.sqlite", b"SQLite format 3\0\x10\0\x02\r\x01 CREATE TABLE x")
    folder.put("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    folder.put("users.json", b'[{"id": 1,\n"email": "a@b.example"}]')
    folder.put("half.csv", text(("Record ID", "First Name", "Last Name", "Phone Number"), []).encode())
    found = folder.recognise()
    told = {one.sight.name: one.why for one in found.unknown}
    assert told["half.csv"].startswith("It is nearly hubspot_export contact, but has no column Email; if it is none, ")
    assert "broken.zip: it is no zip archive that can be read" in told["broken.zip"]
    assert "python -m include map" in told["notes.csv"]
    assert told["shop.sqlite"].startswith("It is a database; ")
    assert told["logo.png"] == "It is no table: CSV, Excel, Parquet and JSON lines are."
    assert told["users.json"].startswith("It is one JSON document; ")
    assert set(found.lacking) >= {"contract", "nps_response", "usage_event"}
    assert folder.stage().counts["hubspot.contact.staged"] == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("accounts.csv", b"id,name,created_at,updated_at\n1,Norvik,2026-01-01,2026-01-01\n"),
        ("audit.ndjson", b'{"id": "1", "created": 1, "type": "login", "changed": "2026-01-01T00:00:00Z"}\n'),
    ],
)
def test_a_table_of_ones_own_is_not_taken_for_what_has_columns_of_such_names(
    folder: Folder, name: str, content: bytes
) -> None:
    folder.put("contacts.csv", text().encode())
    folder.put(name, content)
    assert [one.sight.name for one in folder.recognise().unknown] == [name]


def test_a_folder_of_nothing_known_is_one_sentence(folder: Folder) -> None:
    folder.put("notes.csv", b"Thing,Other\n1,2\n")
    with pytest.raises(ConfigurationError, match=r"^Nothing in .* is an export that is known; docs/own-data\.md says"):
        folder.recognise()


def test_what_was_recognised_once_is_missed_when_it_goes(folder: Folder) -> None:
    folder.put("contacts.csv", text().encode())
    folder.put("c.csv", text(("Customer", "Start"), [("Norvik", "2026-01-01")]).encode())
    folder.stage()
    (folder.exports / "c.csv").unlink()
    with pytest.raises(LateSourceError, match=r"c\.csv: the file is missing\. Put the export there, or take contract"):
        folder.stage()


def test_several_columns_that_may_be_the_score_are_refused(folder: Folder) -> None:
    header = ("#", "How likely are you to recommend us?", "NPS", "Email", "Submit Date (UTC)", "Network ID")
    folder.put("answers.csv", text(header, [("1", "9", "8", "a@b.example", "2026-10-01 08:00:00", "n")]).encode())
    with pytest.raises(SourceError, match="several columns may be this one: 'How likely are you to recommend us"):
        folder.stage()


def test_files_of_days_are_one_pattern_and_the_usual_places_need_none(folder: Folder) -> None:
    event = (
        b'{"type": "track", "messageId": "m1", "userId": "u", "event": "Run", "timestamp": "2026-10-30T10:00:00Z"}\n'
    )
    for day in (29, 30):
        folder.put(f"events/app 2026-10-{day}.ndjson", event)
        folder.put(f"usual/usage/2026-10-{day}.ndjson.gz", b"")
    folder.put("nps/responses.csv", text(("Response ID", "Person ID", "Score", "Created At"), []).encode())
    folder.recognise()
    sources = sources_of(folder.project.settings)
    assert sources["usage"].files["event"] == ("events/app YYYY-MM-DD.ndjson",)
    assert sources["usage"].file("event").is_daily
    assert sources["nps"].files == {}


def test_amounts_of_several_currencies_are_refused_until_their_worth_is_declared(folder: Folder) -> None:
    written = ("€ 100", "$ 100", "100")
    with pytest.raises(SourceError, match=r"^c\.csv, column Value: .*several currencies \(EUR, USD\).*currencies: \{"):
        values_read(folder, *written)
    declare(folder, "contracts", currencies={"EUR": 1, "GBP": 1.2})
    with pytest.raises(SourceError, match="it has amounts in USD, of which currencies"):
        values_read(folder, *written)
    declare(folder, "contracts", currencies={"EUR": 1, "USD": 0.5})
    assert values_read(folder, *written) == [100, 50, 100]  # what has no currency is in the company's


def test_the_currency_of_an_amount_may_stand_in_a_column_of_its_own(folder: Folder) -> None:
    header = ("Record ID", "Deal Name", "Deal Stage", "Amount", "Currency")
    deals = [("1", "New", "closedwon", "100", "EUR"), ("2", "More", "closedwon", "1.5", "usd")]
    folder.put("deals.csv", text(header, deals).encode())
    with pytest.raises(SourceError, match=r"column Amount: its amounts are in several currencies \(EUR, USD\)"):
        folder.stage()
    declare(folder, "hubspot", currencies={"EUR": 1, "USD": 0.5})
    folder.stage()
    assert sorted(row["amount"] for row in folder.rows("opportunity")) == [0.75, 100]


def test_a_list_of_people_in_german_is_one_of_people(folder: Folder) -> None:
    header = ("Kundennr.", "Vorname", "Nachname", "Firma", "E-Mail", "Telefon", "PLZ", "Ort", "Geburtsdatum")
    row = (
        "K-1",
        "Jörg",
        "Groß",
        "Hafen & Söhne",
        "j.gross@hafen.example",
        "030/5550123",
        "10115",
        "Berlin",
        "31.12.1980",
    )
    folder.put("Kundenliste 2026.xlsx", sheet([header, row]))
    folder.stage()
    (person,) = folder.rows("person_record")
    found = {name: person[name] for name in ("first_name", "last_name", "company", "postcode", "birth_date")}
    assert found == {
        "first_name": "Jörg", "last_name": "Groß", "company": "Hafen & Söhne", "postcode": "10115",
        "birth_date": date(1980, 12, 31),
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_what_is_recognised_by_other_names_is_read_whatever_parts_its_fields(folder: Folder, encoding: str) -> None:
    folder.put("Kunden.csv", "E-Mail;Vorname;Nachname\r\nj.gross@hafen.example;Jörg;Groß\r\n".encode(encoding))
    folder.stage()
    assert [row["last_name"] for row in folder.rows("person_record")] == ["Groß"]


BELOW = """
"All Contacts"
"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."
"Generated By: Nina Berg  10/31/2026 9:14 AM"
"Norvik\""""  # without a line's end


def test_reports_of_salesforce_are_read_by_their_labels_and_the_lines_below_are_set_aside(folder: Folder) -> None:
    people = (
        "First Name",
        "Last Name",
        "Title",
        "Account Name",
        "Mailing City",
        "Email",
        "Contact ID",
        "Email Opt Out",
    )
    row = ("Nina", "Berg", "CEO", "Hafen AG", "Oslo", "n.berg@hafen.example", ID, "1")
    deals = ("Account Name", "Opportunity Name", "Stage", "Amount", "Close Date")
    folder.put("report1.csv", (text(people, [row]) + BELOW).encode())
    folder.put(
        "report2.csv", (text(deals, [("Hafen AG", "More", "Closed Won", "12,000.00", "10/28/2026")]) + BELOW).encode()
    )
    folder.stage()
    (person,), (account,), (deal,) = map(folder.rows, ("person_record", "account", "opportunity"))
    assert (person["source_key"], person["title"], person["city"]) == (ID, "CEO", "Oslo")
    assert {person["account_id"], deal["account_id"]} == {account["account_id"]}
    assert (deal["is_won"], deal["amount"], deal["close_date"]) == (True, 12000, date(2026, 10, 28))
    assert [row["status"] for row in folder.rows("consent")] == ["opted_out"]


def test_lists_that_share_people_are_read_together_and_an_address_is_one_however_it_is_written(folder: Folder) -> None:
    customers = ("Email", "First name", "Last name", "Phone")
    folder.put("customers.csv", text(customers, [("nina@berg.example", "Nina", "Berg", "+49 151 5550123")]).encode())
    news = b"E-Mail;Vorname;Nachname;Abgemeldet\nNina@Berg.example;;;ja\nola@a.example;Ola;Lund;nein"
    folder.put("news.csv", news)
    folder.stage()
    people = {row["email"]: row for row in folder.rows("person_record")}
    assert sorted(people) == ["nina@berg.example", "ola@a.example"]
    assert [people["nina@berg.example"][name] for name in ("last_name", "phone")] == ["Berg", "+491515550123"]
    assert [(row["point"], row["status"]) for row in folder.rows("consent")] == [("nina@berg.example", "opted_out")]


WORDS = {  # given names, and as many surnames
    "cp932": "健太 美咲 ショウタ 陽菜 大輔 ユイ 佐藤 鈴木 高橋 田中 伊藤 渡辺",
    "cp1256": "محمد أحمد فاطمة عائشة خالد ليلى العتيبي الحربي القحطاني الشمري الدوسري الزهراني",
    "cp1251": "Иван Пётр Ольга Анна Сергей Мария Петров Смирнова Иванов Кузнецов Соколова Морозов",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_a_text_of_another_script_is_read_as_what_makes_words_of_it(folder: Folder, encoding: str) -> None:
    names = WORDS[encoding].split()
    rows = [(f"p{n}@a.example", names[n], names[n + 6]) for n in range(6)]
    folder.put("people.csv", text(("Email", "First Name", "Last Name"), rows).encode(encoding))
    folder.stage()
    assert {row["last_name"] for row in folder.rows("person_record")} == set(names[6:])


def test_an_encoding_that_nothing_proves_is_asked_for_and_can_be_declared(folder: Folder) -> None:
    folder.put("a.csv", text(("Email", "First Name", "Last Name"), [("a@b.example", "x", "y")]).encode())
    folder.recognise()
    folder.put(
        "a.csv", text(("Email", "First Name", "Last Name"), [("a@b.example", "דוד שרה", "כהן")]).encode("cp1255")
    )
    (unknown,) = folder.recognise().unknown
    assert "nothing proves in which encoding it is written" in unknown.why
    declare(folder, "people", encoding="cp1255")
    folder.stage()
    assert [row["last_name"] for row in folder.rows("person_record")] == ["כהן"]


MAILCHIMP = (
    "Email Address", "First Name", "Last Name", "Address", "MEMBER_RATING", "OPTIN_TIME", "CONFIRM_TIME", "CC",
)  # fmt: skip


def test_who_has_unsubscribed_is_told_from_who_has_not_by_what_mailchimp_writes(folder: Folder) -> None:
    ends = {
        "subscribed": ("LAST_CHANGED", "LEID", "EUID", "NOTES", "TAGS"),
        "unsubscribed": ("UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_REASON", "LEID", "EUID", "NOTES", "TAGS"),
        "cleaned": ("CLEAN_TIME", "CLEAN_CAMPAIGN_TITLE", "LEID", "EUID", "NOTES", "TAGS"),
    }
    files = {}
    for name, end in ends.items():
        told = {"Email Address": f"{name}@strand.example", end[0]: "2026-09-01 08:00:00", "LEID": name, "EUID": name}
        row = {**dict.fromkeys((*MAILCHIMP, *end), ""), **told}
        files[f"{name}_email_audience_export_1a2b.csv"] = text(tuple(row), [tuple(row.values())]).encode()
    folder.put("audience.zip", zipped(**files))
    folder.stage()
    assert [row["point"] for row in folder.rows("consent")] == ["unsubscribed@strand.example"]
    assert [row["kind"] for row in folder.rows("email_activity")] == ["bounce"]
    assert len(folder.rows("person_record")) == 3


def test_a_subscription_of_stripe_begins_on_its_start_date(folder: Folder) -> None:
    header = ("id", "Customer ID", "Customer Email", "Customer Name", "Status", "Created (UTC)", "Start (UTC)",
              "Start Date (UTC)", "Current Period Start (UTC)", "Current Period End (UTC)")  # fmt: skip
    times = [f"2026-0{month}-01 10:00" for month in range(1, 6)]
    folder.put(
        "subscriptions.csv", text(header, [("sub_1", "cus_1", "a@b.example", "Norvik", "active", *times)]).encode()
    )
    folder.stage()
    (contract,) = folder.rows("contract")
    assert (contract["start_date"], contract["end_date"]) == (date(2026, 3, 1), date(2026, 5, 1))


def test_a_table_that_is_mapped_later_is_no_longer_what_it_was_before(folder: Folder, tmp_path: Path) -> None:
    folder.put(
        "list.csv", text(("Email", "First name", "Last name", "Score"), [("a@b.example", "A", "B", "9")]).encode()
    )
    assert list(folder.recognise().tables) == ["people"]
    mapping = {"title": "Ours", "part": "survey", "files": {"answer": {
        "row": "an answer", "path": "list.csv", "needs": ["Email", "First name", "Last name", "Score"],
        "person": {"key": "Email", "email": "Email", "first_name": "First name", "last_name": "Last name"},
    }}}  # fmt: skip
    (tmp_path / "config" / "sources").mkdir(parents=True)
    (tmp_path / "config" / "sources" / "ours.yaml").write_text(yaml.safe_dump(mapping))
    folder.project = Project(folder.project.settings.model_copy(update={"config": tmp_path / "config"}))
    assert list(folder.recognise().tables) == ["ours"]
    assert list(sources_of(folder.project.settings)) == ["ours"]


def test_surveys_are_read_as_their_vendors_really_write_them(folder: Folder) -> None:
    """SurveyMonkey names days Start and End Date; Qualtrics has an NPS question's score beside its group."""
    asked = "How likely is it that you would recommend us?"
    monkey = [
        ("Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name",
         "Last Name", "Custom Data 1", asked),
        ("", "", "", "", "", "", "", "", "", "Response"),
        ("11", "1", "10/13/2026 08:00:00 AM", "10/13/2026 08:05:00 AM", "", "nina.berg@norvik.example", "Nina", "Berg",
         "", "9"),
    ]  # fmt: skip
    folder.put("monkey.csv", text(monkey[0], monkey[1:]).encode())
    qualtrics = [
        ("StartDate", "EndDate", "Status", "RecordedDate", "ResponseId", "RecipientLastName", "RecipientFirstName",
         "RecipientEmail", "Q1_NPS_GROUP", "Q1", "Q2"),
        ("Start Date", "End Date", "Response Type", "Recorded Date", "Response ID", "Recipient Last Name",
         "Recipient First Name", "Recipient Email", f"{asked} - Group", asked, "Which team?"),
        ('{"ImportId":"startDate"}', '{"ImportId":"endDate"}', '{"ImportId":"status"}', '{"ImportId":"recordedDate"}',
         '{"ImportId":"_recordId"}', '{"ImportId":"recipientLastName"}', '{"ImportId":"recipientFirstName"}',
         '{"ImportId":"recipientEmail"}', '{"ImportId":"QID1_NPS_GROUP"}', '{"ImportId":"QID1"}', ""),
        ("2026-10-14 08:00:00", "2026-10-14 08:05:00", "0", "2026-10-14 08:05:01", "R_1", "Strand", "Ola",
         "ola.strand@norvik.example", "1", "3", "5"),
    ]  # fmt: skip
    folder.put("qualtrics.csv", text(qualtrics[0], qualtrics[1:]).encode())
    folder.stage()
    answers = {row["record_id"].split(":")[-1]: row["score"] for row in folder.rows("nps_response")}
    assert answers == {"nina.berg@norvik.example": 9, "ola.strand@norvik.example": 3}
