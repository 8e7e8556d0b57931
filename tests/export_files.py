"""Small exports in the vendors' formats, for tests of extraction and staging."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from include.contracts.exports import ExportFile
from include.contracts.runs import Run, StageReport, Window
from include.contracts.settings import SHIPPED, Settings
from include.contracts.sources import read_sources
from include.sources.step import extract
from include.staging.step import stage
from include.storage.project import Project

# those of the sample company, as the shipped sources.yaml lists its objects
FILES: Mapping[str, ExportFile] = {
    name: source.file(name) for source in read_sources(SHIPPED).values() for name in source.objects
}
SOURCES = ("crm", "email", "usage", "nps")
TODAY = date(2026, 10, 31)
EVERYTHING = Window(None, datetime(2026, 11, 1, tzinfo=UTC))

# what the columns that a file must have hold, where a test does not care
USUAL = {
    "account": {"Id": "001A", "Name": "Norvik", "CreatedDate": "2025-01-01T00:00:00.000Z",
                "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "contact": {"Id": "003A", "LastName": "Berg", "CreatedDate": "2025-01-01T00:00:00.000Z",
                "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "lead": {"Id": "00QA", "LastName": "Berg", "Status": "Open", "CreatedDate": "2025-01-01T00:00:00.000Z",
             "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "opportunity": {"Id": "006A", "Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01",
                    "CreatedDate": "2025-01-01T00:00:00.000Z", "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "opportunity_contact_role": {"Id": "00KA", "OpportunityId": "006A", "ContactId": "003A",
                                 "CreatedDate": "2025-01-01T00:00:00.000Z",
                                 "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "campaign": {"Id": "701A", "Name": "Webinar", "CreatedDate": "2025-01-01T00:00:00.000Z",
                 "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "campaign_member": {"Id": "00vA", "CampaignId": "701A", "ContactId": "003A",
                        "CreatedDate": "2025-01-01T00:00:00.000Z", "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "contract": {"Id": "800A", "AccountId": "001A", "Status": "Activated", "StartDate": "2026-01-01",
                 "EndDate": "2026-12-31", "ContractTerm": "12", "CreatedDate": "2025-01-01T00:00:00.000Z",
                 "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "asset": {"Id": "02iA", "AccountId": "001A", "Name": "Workspace", "CreatedDate": "2025-01-01T00:00:00.000Z",
              "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "lead_history": {"Id": "017A", "LeadId": "00QA", "Field": "Status", "CreatedDate": "2026-01-01T00:00:00.000Z"},
    "contact_history": {"Id": "017C", "ContactId": "003A", "Field": "AccountId",
                        "CreatedDate": "2026-01-01T00:00:00.000Z"},
    "opportunity_history": {"Id": "008A", "OpportunityId": "006A", "StageName": "Prospecting",
                            "CreatedDate": "2026-01-01T00:00:00.000Z"},
    "task": {"Id": "00TA", "WhoId": "003A", "Type": "Chat", "Status": "Completed", "ActivityDate": "2026-01-01",
             "CreatedDate": "2026-01-01T00:00:00.000Z", "SystemModstamp": "2026-01-01T00:00:00.000Z"},
    "prospect": {"Prospect Id": "1", "Email": "nina@norvik.example", "Created Date": "2025-01-01 00:00:00",
                 "Updated Date": "2026-01-01 00:00:00"},
    "visitor_activity": {"id": "1", "prospect_id": "1", "type": "6", "type_name": "Email",
                         "created_at": "2026-09-01 08:00:00", "list_email_id": "80"},
    "person": {"Person ID": "7", "Email": "nina@norvik.example", "Last Sent At": "2026-09-01 08:00:00 UTC"},
    "response": {"Response ID": "1", "Person ID": "7", "Score": "9", "Created At": "2026-09-01 08:00:00 UTC"},
}  # fmt: skip


@dataclass
class Company:
    """A company with a folder of exports and a project that reads them."""

    folder: Path
    project: Project = field(init=False)

    def __post_init__(self) -> None:
        self.project = Project(Settings(home=self.folder / "home", data=self.folder / "exports"))

    def place(self, name: str) -> Path:
        """Where the object's file lies."""
        place = self.folder / "exports" / FILES[name].path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def write(
        self, name: str, *rows: Mapping[str, str], header: Sequence[str] = (), without: Sequence[str] = ()
    ) -> Path:
        """Write a CSV file; columns are the usual ones and those that rows name, unless ``header`` says otherwise."""
        filled = [{**USUAL[name], **row} for row in rows]
        named = dict.fromkeys(column for row in filled for column in row)
        required = FILES[name].required
        columns = header or [column for column in dict.fromkeys([*required, *named]) if column not in without]
        with self.place(name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, extrasaction="ignore", quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(filled)
        return self.place(name)

    def write_bytes(self, name: str, content: bytes) -> Path:
        """Write a file as it is."""
        place = self.place(name)
        place.write_bytes(content)
        return place

    def write_day(self, day: str, *calls: Mapping[str, Any] | str) -> Path:
        """Write one day of usage; a text stands for a line as it is."""
        lines = [call if isinstance(call, str) else json.dumps(call, ensure_ascii=False) for call in calls]
        return self.write_day_bytes(day, "".join(f"{line}\n" for line in lines).encode())

    def write_day_bytes(self, day: str, content: bytes) -> Path:
        """Write one day of usage from its unpacked bytes."""
        place = self.place("event").with_name(f"{day}.ndjson.gz")
        place.write_bytes(gzip.compress(content, mtime=0))
        return place

    def fill(self) -> Company:
        """Write files without rows for all objects that have none yet."""
        for file in FILES.values():
            if file.is_daily:
                if not list(self.place(file.object).parent.iterdir()):
                    self.write_day("2026-10-30")
            elif not self.place(file.object).exists():
                self.write(file.object)
        return self

    def extract(self, source: str, window: Window = EVERYTHING) -> StageReport:
        """Extract one source."""
        return extract(self.project, Run("test", TODAY), source, window)

    def stage(self) -> StageReport:
        """Extract all sources, with empty files for what is missing, and stage them."""
        self.fill()
        for source in SOURCES:
            self.extract(source)
        return stage(self.project, Run("test", TODAY))

    def rows(self, dataset: str) -> list[dict[str, Any]]:
        """The rows of a dataset's current version."""
        lake = self.project.lake
        manifest = lake.current(dataset)
        files = lake.urls(manifest) if manifest else []
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    def staged(self, table: str) -> list[dict[str, Any]]:
        """The rows of a staged table."""
        return self.rows(f"staged/{table}")


def call(kind: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    """A Segment call."""
    return {"type": kind, "messageId": f"m{number}", "timestamp": "2026-10-30T10:00:00.000Z", **fields}
