"""Small servers that speak vendors' documented protocols and keep what they are sent, for tests of destinations."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any, ClassVar

from include.samples.servers.frame import Answer, Request, Server
from tests.audience import MovedClock

TOKEN = "s3cr3t-of-the-tool"


class Vendor(Server):
    """Asks for a bearer token, refuses rows that a test names, and tells calls that changed something apart."""

    clock: MovedClock
    routes: ClassVar[dict[str, str]]  # method and path, as a pattern, and what answers it

    def __init__(self) -> None:
        super().__init__()
        self.poison: set[str] = set()
        self.applied: list[str] = []
        self.expired = False
        self.gone = False  # the list

    def answer(self, request: Request) -> Answer:
        if (self.expired and not request.path.endswith("/token")) or self._token(request) != f"Bearer {TOKEN}":
            self.expired = False
            return self.unauthorized()
        for pattern, name in self.routes.items():
            if found := re.fullmatch(pattern, f"{request.method} {request.path}"):
                handler: Callable[..., Answer] = getattr(self, name)
                return handler(request, **found.groupdict())
        return Answer.of({"message": f"no {request.method} {request.path}"}, 404)

    def unauthorized(self) -> Answer:
        return Answer.of({"message": "expired"}, 401)

    def _token(self, request: Request) -> str:
        return {name.lower(): value for name, value in request.headers.items()}.get("authorization", "")


class HubSpotServer(Vendor):
    """Contacts by address, and one static list."""

    routes: ClassVar[dict[str, str]] = {
        r"GET /crm/properties/2026-03/contacts": "properties",
        r"GET /crm/lists/2026-03/7": "list_",
        r"POST /crm/objects/2026-03/contacts/batch/upsert": "upsert",
        r"POST /crm/objects/2026-03/contacts/batch/read": "read",
        r"PUT /crm/lists/2026-03/7/memberships/(?P<verb>add|remove)": "change",
        r"GET /crm/lists/2026-03/7/memberships": "memberships",
    }

    def __init__(self) -> None:
        super().__init__()
        self.names = ["email", "firstname", "lastname"]
        self.contacts: dict[str, dict[str, str]] = {}  # by id
        self.members: list[str] = []
        self.page = 2

    def properties(self, request: Request) -> Answer:
        return Answer.of({"results": [{"name": name, "modificationMetadata": {"readOnlyValue": name == "hs_id"}}
                                      for name in [*self.names, "hs_id"]]})  # fmt: skip

    def list_(self, request: Request) -> Answer:
        if self.gone:
            return Answer.of({"category": "OBJECT_NOT_FOUND"}, 404)
        return Answer.of({"list": {"listId": "7", "processingType": "MANUAL"}})

    def upsert(self, request: Request) -> Answer:
        inputs = request.json["inputs"]
        assert len(inputs) <= 100
        if unknown := {name for one in inputs for name in one["properties"]} - {*self.names}:
            return Answer.of({"category": "VALIDATION_ERROR", "message": f"no {unknown}"}, 400)
        results, errors = [], []
        for one in inputs:
            if one["id"] in self.poison:
                errors.append({"message": f"{one['id']} was not valid", "context": {"ids": [one["id"]]}})
                continue
            id_ = self._id(one["id"]) or str(len(self.contacts) + 101)
            self.contacts[id_] = {**self.contacts.get(id_, {}), "email": one["id"], **one["properties"]}
            results.append({"id": id_, "properties": self.contacts[id_]})
        return Answer.of({"results": results, "errors": errors}, 207 if errors else 200)

    def read(self, request: Request) -> Answer:
        asked = request.json
        ids = [self._id(one["id"]) if "idProperty" in asked else one["id"] for one in asked["inputs"]]
        return Answer.of({"results": [{"id": id_, "properties": self.contacts[id_]} for id_ in ids if id_]})

    def change(self, request: Request, verb: str) -> Answer:
        if self.gone:
            return Answer.of({"category": "OBJECT_NOT_FOUND"}, 404)
        known = [id_ for id_ in request.json if id_ in self.contacts]
        self.members = [id_ for id_ in self.members if id_ not in known] + (known if verb == "add" else [])
        self.applied.append(f"{verb} {len(self.applied)}")
        missing = [id_ for id_ in request.json if id_ not in known]
        return Answer.of({"recordsIdsAdded": known, "recordIdsRemoved": [], "recordIdsMissing": missing})

    def memberships(self, request: Request) -> Answer:
        start = int(request.query.get("after", 0))
        some = self.members[start : start + self.page]
        more = {"paging": {"next": {"after": str(start + self.page)}}} if start + self.page < len(self.members) else {}
        return Answer.of({"results": [{"recordId": id_} for id_ in some], **more})

    def _id(self, email: str) -> str | None:
        return next((id_ for id_, one in self.contacts.items() if one["email"] == email), None)


class GoogleServer(Vendor):
    """One audience of hashed addresses."""

    routes: ClassVar[dict[str, str]] = {
        r"POST /v1/audienceMembers:(?P<verb>ingest|remove)": "change",
        r"GET /v1/requestStatus:retrieve": "status",
        r"POST /token": "token",
    }

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, Any] = {}
        self.becomes = "SUCCESS"  # what each new request becomes, at the second look
        self.requests: dict[str, str] = {}
        self.looked: set[str] = set()

    def _token(self, request: Request) -> str:
        return f"Bearer {TOKEN}" if request.path == "/token" else super()._token(request)

    def token(self, request: Request) -> Answer:
        assert request.form["grant_type"] == "refresh_token"
        return Answer.of({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def change(self, request: Request, verb: str) -> Answer:
        asked = request.json
        (destination,) = asked["destinations"]
        if self.gone or destination["productDestinationId"] != "55":
            return Answer.of({"error": {"code": 404, "status": "NOT_FOUND"}}, 404)
        assert (asked["encoding"], destination["operatingAccount"]["accountId"]) == ("HEX", "1234567890")
        found = [{k: v for one in member["userData"]["userIdentifiers"] for k, v in one.items()}
                 for member in asked["audienceMembers"]]  # fmt: skip
        if any(one["emailAddress"] in self.poison for one in found):
            return Answer.of({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, 400)
        for one in () if asked.get("validateOnly") or self.becomes == "FAILED" else found:
            if verb == "ingest":
                self.members[one["emailAddress"]] = one
            else:
                self.members.pop(one["emailAddress"], None)
        self.requests[f"r{len(self.asked)}"] = self.becomes
        return Answer.of({"requestId": f"r{len(self.asked)}"})

    def status(self, request: Request) -> Answer:
        asked = request.query["requestId"]
        state = self.requests[asked] if asked in self.looked else "PROCESSING"
        self.looked.add(asked)
        counts = [{"recordCount": "1", "reason": "PROCESSING_ERROR_REASON_INTERNAL_ERROR"}]
        told = {"requestStatus": state, **({} if state == "SUCCESS" else {"errorInfo": {"errorCounts": counts}})}
        return Answer.of({"requestStatusPerDestination": [told]})


class MetaServer(Vendor):
    """One custom audience of hashed rows."""

    routes: ClassVar[dict[str, str]] = {
        r"GET /v25.0/77": "audience",
        r"(?P<verb>POST|DELETE) /v25.0/77/users": "change",
    }

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, dict[str, str]] = {}
        self.status = 200

    def unauthorized(self) -> Answer:
        return Answer.of({"error": {"message": "expired", "code": 190, "error_subcode": 463}}, 400)

    def audience(self, request: Request) -> Answer:
        if self.gone:
            return Answer.of({"error": {"message": "Unsupported get", "code": 100, "error_subcode": 33}}, 400)
        return Answer.of({"id": "77", "operation_status": {"code": self.status}})

    def change(self, request: Request, verb: str) -> Answer:
        payload = request.json["payload"]
        rows = [dict(zip(payload["schema"], row, strict=True)) for row in payload["data"]]
        invalid = [row for row in rows if row["EMAIL"] in self.poison]
        for row in rows:
            if verb == "DELETE":
                self.members.pop(row["EMAIL"], None)
            elif row not in invalid:
                self.members[row["EMAIL"]] = row
        return Answer.of({"audience_id": "77", "session_id": "1", "num_received": len(rows),
                          "num_invalid_entries": len(invalid), "invalid_entry_samples": {}})  # fmt: skip


class LinkedInServer(Vendor):
    """One DMP segment of users."""

    routes: ClassVar[dict[str, str]] = {
        r"GET /rest/dmpSegments/88": "segment",
        r"POST /rest/dmpSegments/88/users": "users",
    }

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, dict[str, Any]] = {}

    def segment(self, request: Request) -> Answer:
        return Answer.of({"message": "gone"}, 404) if self.gone else Answer.of({"id": 88, "status": "READY"})

    def users(self, request: Request) -> Answer:
        assert {n.lower(): v for n, v in request.headers.items()}["x-restli-method"] == "BATCH_CREATE"
        results = []
        for one in request.json["elements"]:
            (user,) = one["userIds"]
            assert user["idType"] == "SHA256_EMAIL"
            if user["idValue"] in self.poison:
                results.append({"status": 400, "message": f"{user['idValue']} is no user"})
                continue
            if one["action"] == "ADD":
                self.members[user["idValue"]] = one
            else:
                self.members.pop(user["idValue"], None)
            results.append({"status": 201})
        return Answer.of({"elements": results})


class SalesforceServer(Vendor):
    """Contacts of an org, by OAuth, describe, query and ingest jobs of the Bulk API 2.0."""

    routes: ClassVar[dict[str, str]] = {
        r"POST /services/oauth2/token": "token",
        r"GET /services/data/v66.0/sobjects/Contact/describe": "describe",
        r"POST /services/data/v66.0/jobs/ingest": "create",
        r"PUT /services/data/v66.0/jobs/ingest/(?P<job>\w+)/batches": "upload",
        r"PATCH /services/data/v66.0/jobs/ingest/(?P<job>\w+)": "close",
        r"GET /services/data/v66.0/jobs/ingest/(?P<job>\w+)": "state",
        r"GET /services/data/v66.0/jobs/ingest/(?P<job>\w+)/failedResults": "failed",
        r"GET /services/data/v66.0/query(?P<rest>/\w+)?": "query",
    }

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[str, dict[str, str]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.fields: dict[str, dict[str, Any]] = {
            "Email__c": {"type": "email", "externalId": True, "updateable": True},
            "FirstName": {"type": "string", "updateable": True},
            "Id": {"type": "id", "idLookup": True},
            "HasOptedOutOfEmail": {"type": "boolean", "updateable": True},
            "In_Renewing__c": {"type": "boolean", "updateable": True},
        }

    def _token(self, request: Request) -> str:
        return f"Bearer {TOKEN}" if request.path.endswith("/token") else super()._token(request)

    def unauthorized(self) -> Answer:
        return Answer.of([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}], 401)

    def token(self, request: Request) -> Answer:
        assert request.form["grant_type"] == "client_credentials"
        return Answer.of({"access_token": TOKEN, "instance_url": self.url, "token_type": "Bearer", "issued_at": "1"})

    def describe(self, request: Request) -> Answer:
        if self.gone:
            self.fields.pop("In_Renewing__c", None)
        return Answer.of({"fields": [{"name": name, **facts} for name, facts in self.fields.items()]})

    def create(self, request: Request) -> Answer:
        assert request.json["operation"] == "upsert"
        id_ = f"750{len(self.jobs)}"
        self.jobs[id_] = {"id": id_, "state": "Open", "key": request.json["externalIdFieldName"], "failed": []}
        return Answer.of({"id": id_, "state": "Open"})

    def upload(self, request: Request, job: str) -> Answer:
        self.jobs[job]["content"] = request.body.decode()
        return Answer(status=201)

    def close(self, request: Request, job: str) -> Answer:
        assert request.json == {"state": "UploadComplete"}
        if self.jobs[job]["state"] == "Open":
            self.jobs[job]["state"] = "InProgress"
            self._run(self.jobs[job])
        return Answer.of({"id": job, "state": "UploadComplete"})

    def _run(self, job: dict[str, Any]) -> None:
        for row in csv.DictReader(io.StringIO(job["content"])):
            key = row[job["key"]]
            if key in self.poison:
                job["failed"].append({"sf__Id": "", "sf__Error": f"INVALID_EMAIL:{key} is invalid", **row})
                continue
            given = {name: "" if value == "#N/A" else value for name, value in row.items() if value != ""}
            self.contacts[key] = {**self.contacts.get(key, {}), **given}
        self.applied.append(job["id"])

    def state(self, request: Request, job: str) -> Answer:
        found = self.jobs[job]
        told = {"id": job, "state": found["state"], "numberRecordsFailed": len(found["failed"])}
        found["state"] = "JobComplete"  # at the second look
        return Answer.of(told)

    def failed(self, request: Request, job: str) -> Answer:
        sink = io.StringIO()
        rows = csv.DictWriter(sink, [*self.jobs[job]["failed"][0]])
        rows.writeheader()
        rows.writerows(self.jobs[job]["failed"])
        return Answer(sink.getvalue().encode(), kind="text/csv")

    def query(self, request: Request, rest: str | None) -> Answer:
        keys = sorted(key for key, one in self.contacts.items() if one.get("In_Renewing__c") == "true")
        start = int(rest.removeprefix("/p")) if rest else 0
        some = [{"Email__c": key} for key in keys[start : start + 2]]
        done = start + 2 >= len(keys)
        more = {} if done else {"nextRecordsUrl": f"/services/data/v66.0/query/p{start + 2}"}
        return Answer.of({"totalSize": len(keys), "done": done, "records": some, **more})


class CampaignServer(SalesforceServer):
    """One campaign's members, by composite requests and queries."""

    routes: ClassVar[dict[str, str]] = {
        r"POST /services/oauth2/token": "token",
        r"GET /services/data/v66.0/sobjects/Campaign/701000000000001AAA": "campaign",
        r"POST /services/data/v66.0/composite/sobjects": "add",
        r"DELETE /services/data/v66.0/composite/sobjects": "remove",
        r"GET /services/data/v66.0/query(?P<rest>/\w+)?": "query",
    }

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, str] = {}  # whose, by membership
        self.asked_for: list[str] = []

    def campaign(self, request: Request) -> Answer:
        return Answer.of([{"errorCode": "NOT_FOUND"}], 404) if self.gone else Answer.of({"Id": "701000000000001AAA"})

    def add(self, request: Request) -> Answer:
        return Answer.of([self._added(one) for one in request.json["records"]])

    def _added(self, one: dict[str, Any]) -> dict[str, Any]:
        who = one.get("ContactId") or one["LeadId"]
        fault = "INVALID_CROSS_REFERENCE_KEY" if who in self.poison else "DUPLICATE_VALUE"
        if who in self.poison or who in self.members.values():
            return {"success": False, "errors": [{"statusCode": fault, "message": f"{who} cannot be added"}]}
        self.members[f"00v{len(self.asked)}{len(self.members)}"] = who
        return {"success": True, "errors": []}

    def remove(self, request: Request) -> Answer:
        ids = request.query["ids"].split(",")
        return Answer.of([{"id": id_, "success": self.members.pop(id_, None) is not None, "errors": []} for id_ in ids])

    def query(self, request: Request, rest: str | None) -> Answer:
        if "q" in request.query:
            wanted = re.findall(r"'(00[3Q]\w+)'", request.query["q"])
            self.asked_for = [id_ for id_, who in self.members.items() if not wanted or who in wanted]
        start = int(rest.removeprefix("/p")) if rest else 0
        some = [{"Id": id_, "ContactId": None if self.members[id_].startswith("00Q") else self.members[id_],
                 "LeadId": self.members[id_] if self.members[id_].startswith("00Q") else None}
                for id_ in self.asked_for[start : start + 2]]  # fmt: skip
        done = start + 2 >= len(self.asked_for)
        more = {} if done else {"nextRecordsUrl": f"/services/data/v66.0/query/p{start + 2}"}
        return Answer.of({"done": done, "records": some, **more})


class SlackServer(Vendor):
    """One channel, with its messages in order."""

    routes: ClassVar[dict[str, str]] = {
        r"GET /api/conversations.info": "info",
        r"POST /api/chat.postMessage": "post",
        r"GET /api/conversations.history": "history",
    }

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    def unauthorized(self) -> Answer:
        return Answer.of({"ok": False, "error": "invalid_auth"})

    def info(self, request: Request) -> Answer:
        return Answer.of({"ok": False, "error": "channel_not_found"} if self.gone else {"ok": True, "channel": {}})

    def post(self, request: Request) -> Answer:
        message = request.json
        if any(word in message["text"] for word in self.poison):
            return Answer.of({"ok": False, "error": "msg_too_long"})
        self.messages.append({**message, "ts": f"{self.clock.now().timestamp():.6f}"})
        return Answer.of({"ok": True, "ts": self.messages[-1]["ts"]})

    def history(self, request: Request) -> Answer:
        start = int(request.query.get("cursor") or 0)
        found = [one for one in reversed(self.messages) if float(one["ts"]) >= float(request.query["oldest"])]
        more = {"response_metadata": {"next_cursor": str(start + 2)}} if start + 2 < len(found) else {}
        return Answer.of({"ok": True, "messages": found[start : start + 2], **more})


class PardotServer(Vendor):
    """A business unit's prospects, and one static list."""

    routes: ClassVar[dict[str, str]] = {
        r"POST /services/oauth2/token": "token",
        r"GET /api/v5/objects/lists/9": "list_",
        r"POST /api/v5/objects/prospects/do/upsertLatestByEmail": "upsert",
        r"GET /api/v5/objects/list-memberships": "memberships",
        r"POST /api/v5/objects/list-memberships": "add",
        r"DELETE /api/v5/objects/list-memberships/(?P<membership>\d+)": "remove",
        r"POST /api/v5/imports": "create_import",
        r"POST /api/v5/imports/(?P<number>\d+)/batches": "import_rows",
        r"PATCH /api/v5/imports/(?P<number>\d+)": "start_import",
        r"GET /api/v5/imports/(?P<number>\d+)": "import_",
        r"GET /api/v5/imports/(?P<number>\d+)/errors": "import_errors",
    }

    def __init__(self) -> None:
        super().__init__()
        self.prospects: dict[int, dict[str, Any]] = {}
        self.members: dict[int, int] = {}  # prospects by membership
        self.made = 500
        self.imports: list[dict[str, Any]] = []

    def _token(self, request: Request) -> str:
        return f"Bearer {TOKEN}" if request.path.endswith("/token") else super()._token(request)

    def unauthorized(self) -> Answer:
        return Answer.of({"code": 184, "message": "access_token is invalid"}, 401)

    def token(self, request: Request) -> Answer:
        return Answer.of({"access_token": TOKEN, "instance_url": "https://org.example", "token_type": "Bearer"})

    def list_(self, request: Request) -> Answer:
        assert request.headers["Pardot-Business-Unit-Id"] == "0Uv"
        return (
            Answer.of({"code": 161, "message": "gone"}, 404) if self.gone else Answer.of({"id": 9, "isDynamic": False})
        )

    def upsert(self, request: Request) -> Answer:
        given = request.json
        if given["matchEmail"] in self.poison:
            return Answer.of({"code": 4, "message": f"{given['matchEmail']} is no address"}, 400)
        known = [id_ for id_, one in self.prospects.items() if one["email"] == given["matchEmail"]]
        id_ = known[0] if known else len(self.prospects) + 1
        self.prospects[id_] = {**self.prospects.get(id_, {}), **given["prospect"]}
        return Answer.of({"id": id_})

    def memberships(self, request: Request) -> Answer:
        start = int(request.query.get("nextPageToken") or 0)
        some = [*self.members.items()][start : start + 2]
        values = [{"id": id_, "prospect": {"email": self.prospects[prospect]["email"]}} for id_, prospect in some]
        more = str(start + 2) if start + 2 < len(self.members) else None
        return Answer.of({"values": values, "nextPageToken": more})

    def add(self, request: Request) -> Answer:
        if self.gone:
            return Answer.of({"code": 161, "message": "gone"}, 404)
        prospect = request.json["prospectId"]
        if prospect in self.members.values():
            return Answer.of({"code": 10, "message": "it is a member"}, 400)
        self.made += 1
        self.members[self.made] = prospect
        self.applied.append(f"add {self.made}")
        return Answer.of({"id": self.made}, 201)

    def remove(self, request: Request, membership: str) -> Answer:
        if self.members.pop(int(membership), None) is None:
            return Answer.of({"code": 161, "message": "gone"}, 404)
        return Answer(status=204)

    def create_import(self, request: Request) -> Answer:
        assert {**request.json, "createOnNoMatch": None} == {
            "operation": "Upsert", "object": "Prospect", "createOnNoMatch": None,
        }  # fmt: skip
        self.imports.append({"status": "Open", "rows": [], "errors": [], "creates": request.json["createOnNoMatch"]})
        return Answer.of({"id": len(self.imports) - 1}, 201)

    def import_rows(self, request: Request, number: str) -> Answer:
        content = request.body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        self.imports[int(number)]["rows"] += csv.DictReader(io.StringIO(content.decode()))
        return Answer(status=201)

    def start_import(self, request: Request, number: str) -> Answer:
        assert request.json == {"status": "Ready"}
        found = self.imports[int(number)]
        if found["status"] == "Open":
            found["status"] = "Waiting"
            for row in found["rows"]:
                self._import(row, found)
            self.applied.append(f"import {number}")
        return Answer.of({"id": int(number)})

    def _import(self, row: dict[str, str], job: dict[str, Any]) -> None:
        email = row["matchEmail"]
        known = [id_ for id_, one in self.prospects.items() if one["email"] == email]
        if email in self.poison or not (known or job["creates"]):
            job["errors"].append({**row, "errorCode": "4", "errorMessage": f"{email} is no address"})
            return
        id_ = known[0] if known else len(self.prospects) + 1
        told = {name: value for name, value in row.items() if name not in ("matchEmail", "addToList", "removeFromList")}
        self.prospects[id_] = {**self.prospects.get(id_, {"email": email}), **told}
        self.members = {made: prospect for made, prospect in self.members.items() if prospect != id_}
        if row.get("addToList") == "9":
            self.made += 1
            self.members[self.made] = id_

    def import_(self, request: Request, number: str) -> Answer:
        found = self.imports[int(number)]
        told = {"id": int(number), "status": found["status"], "errorCount": len(found["errors"])}
        found["status"] = "Complete"  # at the second look
        return Answer.of(told)

    def import_errors(self, request: Request, number: str) -> Answer:
        errors = self.imports[int(number)]["errors"]
        sink = io.StringIO()
        rows = csv.DictWriter(sink, [*errors[0]])
        rows.writeheader()
        rows.writerows(errors)
        return Answer(sink.getvalue().encode(), kind="text/csv")


class MarketingCloudServer(Vendor):
    """One data extension by REST and SOAP, and the entry events of one journey."""

    routes: ClassVar[dict[str, str]] = {
        r"POST /v2/token": "token",
        r"PUT /data/v1/async/dataextensions/key:renewing/rows": "upsert",
        r"GET /data/v1/async/(?P<job>\w+)/status": "status",
        r"GET /data/v1/async/(?P<job>\w+)/results": "results",
        r"GET /data/v1/customobjectdata/key/renewing/rowset": "rowset",
        r"POST /Service.asmx": "soap",
        r"GET /interaction/v1/eventDefinitions/key:entry": "definition",
        r"POST /interaction/v1/events": "event",
    }

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, list[dict[str, str]]] = {}
        self.pending: set[str] = set()
        self.events: list[dict[str, Any]] = []

    def _token(self, request: Request) -> str:
        is_open = request.path in ("/v2/token", "/Service.asmx")  # SOAP has its token in the body
        return f"Bearer {TOKEN}" if is_open else super()._token(request)

    def unauthorized(self) -> Answer:
        return Answer(b"<faultstring>Token Expired</faultstring>", 500, kind="text/xml")

    def token(self, request: Request) -> Answer:
        assert request.json["grant_type"] == "client_credentials"
        return Answer.of({"access_token": TOKEN, "rest_instance_url": self.url, "soap_instance_url": f"{self.url}/"})

    def upsert(self, request: Request) -> Answer:
        job = f"r{len(self.jobs)}"
        self.jobs[job] = [self._upserted(item) for item in request.json["items"]]
        self.pending.add(job)
        self.applied.append(job)
        return Answer.of({"requestId": job, "resultMessages": []}, 202)

    def _upserted(self, item: dict[str, Any]) -> dict[str, str]:
        if item["Email"] in self.poison:
            return {"status": "Error", "message": f"{item['Email']} is not valid"}
        self.rows[item["Email"]] = {**self.rows.get(item["Email"], {}), **item}
        return {"status": "OK", "message": "Created"}

    def status(self, request: Request, job: str) -> Answer:
        state = "Pending" if job in self.pending else "Complete"
        self.pending.discard(job)
        failed = any(one["status"] == "Error" for one in self.jobs[job])
        return Answer.of({"status": {"requestStatus": state, "hasErrors": failed, "requestId": job}})

    def results(self, request: Request, job: str) -> Answer:
        return Answer.of({"items": self.jobs[job], "count": len(self.jobs[job])})

    def rowset(self, request: Request) -> Answer:
        start = (int(request.query["$page"]) - 1) * 2
        some = sorted(self.rows)[start : start + 2]
        return Answer.of({"count": len(self.rows), "items": [{"keys": {"email": key}, "values": {}} for key in some]})

    def soap(self, request: Request) -> Answer:
        body = request.body.decode()
        assert f'<fueloauth xmlns="http://exacttarget.com">{TOKEN}</fueloauth>' in body
        if request.headers["Soapaction" if "Soapaction" in request.headers else "SOAPAction"] == "Retrieve":
            fields = {} if self.gone else {"Email": "true", "FirstName": "false"}
            found = "".join(f"<Results><Name>{n}</Name><IsPrimaryKey>{k}</IsPrimaryKey></Results>"
                            for n, k in fields.items())  # fmt: skip
        else:
            keys = re.findall(r"<Value>([^<]+)</Value>", body)
            for key in keys:
                self.rows.pop(key, None)
            found = "<Results><StatusCode>OK</StatusCode><StatusMessage>Deleted</StatusMessage></Results>" * len(keys)
        answer = f'<R xmlns="http://exacttarget.com/wsdl/partnerAPI">{found}</R>'
        return Answer(answer.encode(), kind="text/xml")

    def definition(self, request: Request) -> Answer:
        return Answer.of({"message": "none"}, 404) if self.gone else Answer.of({"eventDefinitionKey": "entry"})

    def event(self, request: Request) -> Answer:
        self.events.append(request.json)
        return Answer.of({"eventInstanceId": f"e{len(self.events)}"}, 201)
