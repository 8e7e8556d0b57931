"""Account Engagement in small: OAuth at Salesforce, export jobs of API v5 with their states, files and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.exports.pardot import SYSTEM
from include.samples.servers.frame import Answer, Request
from include.samples.servers.oauth import Tokens
from include.samples.servers.source import SourceServer
from include.samples.servers.tables import as_csv
from include.samples.servers.trouble import Trouble

UNIT = "0Uv5g0000000001AAA"
# the declared columns, as the API calls them; the last two are what a company joins on from its mail log
FIELDS: Mapping[str, Mapping[str, str]] = {
    "prospect": {
        "id": "Prospect Id", "firstName": "First Name", "lastName": "Last Name", "email": "Email",
        "company": "Company", "website": "Website", "jobTitle": "Job Title", "country": "Country", "city": "City",
        "state": "State", "addressOne": "Address One", "zip": "Zip", "phone": "Phone", "source": "Source",
        "isDoNotEmail": "Do Not Email", "isDoNotCall": "Do Not Call", "optedOut": "Opted Out",
        "isEmailHardBounced": "Email Bounced", "score": "Score", "grade": "Grade", "campaign.name": "Campaign",
        "createdAt": "Created Date", "updatedAt": "Updated Date", "lastActivityAt": "Last Activity At",
        "salesforceContactId": "CRM Contact FID", "salesforceLeadId": "CRM Lead FID", "isDeleted": "Is Deleted",
    },
    "visitorActivity": {
        "id": "id", "prospectId": "prospect_id", "type": "type", "typeName": "type_name", "details": "details",
        "campaignId": "campaign_id", "listEmailId": "list_email_id", "createdAt": "created_at",
        "userAgent": "user_agent", "ipAddress": "ip",
    },
}  # fmt: skip
_OBJECTS = {"prospect": "prospect", "visitorActivity": "visitor_activity"}
_FILTERS = {"prospect": ("filter_by_updated_at", "updated"), "visitorActivity": ("filter_by_created_at", "created")}
_PLACES = {
    "prospects": "prospect", "visitor-activities": "visitor_activity", "campaigns": "campaign",
    "list-memberships": "list_membership",
}  # fmt: skip
_FLAGS = ("Do Not Email", "Do Not Call", "Opted Out", "Email Bounced", "Is Deleted")


@dataclass
class _Export:
    id: int
    files: list[bytes]
    polls: int = 0
    failed: bool = False

    @property
    def state(self) -> str:
        return "Failed" if self.failed else ("Waiting", "Processing", "Complete")[min(self.polls, 2)]


class AccountEngagementServer(SourceServer):
    """A business unit with its prospects, their activities and lists, and campaigns."""

    files = SYSTEM.files

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self.tokens = Tokens()
        self.page_rows = 100_000
        self.offset = "+00:00"  # of the zone of whoever asks
        self._exports: dict[int, _Export] = {}
        self._numbers = count(1)

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if request.path == "/services/oauth2/token":
            return self.tokens.give(request, "http://salesforce.invalid", self.now)
        if not self.tokens.knows(request):
            return _error(401, 184, "access_token is invalid, unknown, or malformed")
        if request.headers.get("Pardot-Business-Unit-Id") != UNIT:
            return _error(400, 181, "This business unit is not known")
        return self._api(request, request.path.removeprefix("/api/v5/").split("/"))

    def _api(self, request: Request, parts: list[str]) -> Answer:
        if parts[0] == "objects":
            name = _PLACES.get(parts[1], "")
            return self._forbidden(name) or self._query(name, request.query)
        if parts == ["exports"] and request.method == "POST":
            return self._create(request.json)
        export = self._exports.get(int(parts[1])) if len(parts) > 1 and parts[1].isdigit() else None
        if parts[0] == "exports" and export is not None:
            return self._export(export, parts[2:])
        return _error(404, 1, "Invalid ID")

    def _forbidden(self, name: str) -> Answer | None:
        return _error(403, 49, "User does not have the ability to do this") if name in self.forbidden else None

    def _query(self, name: str, asked: Mapping[str, str]) -> Answer:
        """Rows above an id, in their order; objects that are exported have none here."""
        if name not in ("campaign", "list_membership"):
            return Answer.of({"values": [], "nextPageToken": None})
        fields, known = asked.get("fields", "").split(","), self.rows[name].names
        if unknown := [field for field in fields if field not in known]:
            return _error(400, 59, f"Invalid field: {unknown[0]}")
        rows, last = self.rows[name], int(asked.get("idGreaterThan", 0))
        found = rows.changed("updatedAt", asked.get("updatedAtAfterOrEqualTo"), asked.get("updatedAtBefore"))
        told = pa.table({field: self._said(field, found) for field in known}).to_pylist()
        if asked.get("deleted") != "all":
            told = [row for row in told if row["isDeleted"] != "true"]
        above = sorted((row for row in told if int(row["id"]) > last), key=lambda row: int(row["id"]))
        self.before_page()
        page = above[: min(int(asked.get("limit", 200)), self.page_rows)]
        values = [{field: _value(field, row[field]) for field in fields} for row in page]
        return Answer.of({"values": values, "nextPageToken": None, "nextPageUrl": None})

    def _create(self, asked: Mapping[str, object]) -> Answer:
        name, procedure = str(asked["object"]), asked["procedure"]
        wanted, time = _FILTERS[name]
        assert isinstance(procedure, Mapping)
        if refused := self._forbidden(_OBJECTS[name]):
            return refused
        fields = [str(field) for field in asked["fields"]]  # type: ignore[attr-defined]
        if unknown := [field for field in fields if field not in FIELDS[name]]:
            return _error(400, 59, f"Invalid field: {unknown[0]}")
        if procedure["name"] != wanted:
            return _error(400, 20, "Invalid procedure")
        given = procedure["arguments"]
        rows = self.rows[_OBJECTS[name]]
        found = rows.changed(rows.declared.changed, given.get(f"{time}_after"), given.get(f"{time}_before"))
        columns = [FIELDS[name][field] for field in fields]
        table = pa.table({column: self._said(column, found) for column in columns})
        pages = [table.slice(at, self.page_rows) for at in range(0, len(table), self.page_rows)] or [table]
        if self.goes_wrong("repeated_pages"):
            pages.insert(1, pages[0])
        files = [as_csv(page, fields) for page in pages]
        export = _Export(next(self._numbers), files, failed=self.goes_wrong("failing_jobs"))
        self._exports[export.id] = export
        return Answer.of(self._told(export), 201)

    def _said(self, column: str, table: pa.Table) -> pa.ChunkedArray:
        """A column as the API has it: flags as true and false, times with their offset."""
        if column not in table.column_names:
            return pa.nulls(len(table), pa.string())
        values = table[column]
        if column in _FLAGS:
            return pc.if_else(pc.equal(values, "Yes"), "true", pc.if_else(pc.equal(values, "No"), "false", values))
        if column.endswith(("Date", "At", "_at")):
            moments = pc.replace_substring(pc.utf8_slice_codeunits(values, 0, 19), " ", "T")
            return pc.binary_join_element_wise(moments, self.offset, "")
        return values

    def _export(self, export: _Export, rest: list[str]) -> Answer:
        if not rest:
            export.polls += 1
            return Answer.of(self._told(export))
        place = int(rest[1])
        if place and self.goes_wrong("lost_places"):
            return _error(404, 1, "The results of this export have expired")
        self.before_page()
        return Answer(export.files[place], kind="text/csv")

    def _told(self, export: _Export) -> dict[str, object]:
        places = [f"{self.url}/api/v5/exports/{export.id}/results/{number}" for number in range(len(export.files))]
        is_done = export.state == "Complete"
        return {"id": export.id, "state": export.state, "isExpired": False, "resultRefs": places if is_done else None}


def _value(field: str, said: str | None) -> object:
    """What a row says, as JSON has it."""
    if field.startswith("is") or field == "optedOut":
        return said == "true"
    return int(said) if said and (field == "id" or field.endswith("Id")) and field != "salesforceId" else said


def _error(status: int, code: int, message: str) -> Answer:
    return Answer.of({"code": code, "message": message}, status)
