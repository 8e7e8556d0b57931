"""What the OpenAPI document says of answers: their form, from the tables' declarations, and an example of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.segments import SEGMENT, SEGMENT_EVENT
from include.contracts.tables import Table, Type
from include.segments.preview import Preview

Schema = dict[str, Any]
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "csv": "text/csv; charset=utf-8",
        "ndjson": "application/x-ndjson",
        "parquet": "application/vnd.apache.parquet",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
_TYPES: Mapping[Type, Schema] = MappingProxyType(
    {
        Type.TEXT: {"type": "string"},
        Type.INTEGER: {"type": "integer"},
        Type.NUMBER: {"type": "number"},
        Type.BOOLEAN: {"type": "boolean"},
        Type.DATE: {"type": "string", "format": "date"},
        Type.TIMESTAMP: {"type": "string", "format": "date-time"},
        Type.JSON: {},
    }
)
TEXT, DAY, FLAG = _TYPES[Type.TEXT], _TYPES[Type.DATE], _TYPES[Type.BOOLEAN]
ANY: Schema = {}
NOTE: Schema = {"type": ["string", "null"]}
MAP: Schema = {"type": "object"}


def thing(**properties: Schema) -> Schema:
    """Return the form of an object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def many(of: Schema) -> Schema:
    """Return the form of a list."""
    return {"type": "array", "items": of}


def row(table: Table, *without: str, **more: Schema) -> Schema:
    """Return the form of a row of a table, each column with what it is; what is not required may be null."""
    columns = {}
    for column in table.columns:
        if column.name not in without:
            form = dict(_TYPES[column.type])
            if form and not table.requires(column):
                form["type"] = [form["type"], "null"]
            columns[column.name] = {**form, "description": column.description}
    return thing(**columns, **more)


def answers(form: Schema, example: Any, *files: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route says of its answers: JSON of a form, with an example, or files of these media types."""
    content: dict[str, Any] = {"application/json": {"schema": form, "example": example}}
    content |= {kind: {"schema": {"type": "string", "format": "binary"}} for kind in files}
    return {200: {"description": "The answer", "content": content}, 304: {"description": "Unchanged; see ETag"}}


PERSON = "0021c4d5-1b6f-51b8-8ade-77a6cecfe3e6"
_CONTACTABLE = {
    "email": {"opted in": 20, "consent unknown": 8, "opted out": 1, "undeliverable": 1, "no contact point": 0},
    "phone": {"opted in": 3, "consent unknown": 4, "opted out": 0, "undeliverable": 0, "no contact point": 23},
}
_SEGMENT = {
    "segment_key": "detractors_renewing", "name": "Detractors renewing within 90 days", "owner": "customer-success",
    "purpose": "Call them before the renewal does.", "level": "person", "definition": "nps_class = 'detractor'",
    "definition_version": "0ceafe329c46c580", "as_of": "2026-10-31", "state": "published", "reason": None,
    "implausible_since": None, "approval": None, "size": 30, "share": 0.003, "set_aside": 0, "unknown": 315,
    "candidate_size": 30, "entered": 2, "exited": 1, "expected_min": None, "expected_max": None,
    "movement_limit": 0.3, "priority_group": None, "priority": None, "holdout": None, "uses_opens": False,
    "opens_unknown": None, "tags": [], "measures": ["nps_class"], "contactable": _CONTACTABLE,
}  # fmt: skip
_VERSION = {"as_of": "2026-10-31", "version": "38c0d319a0c542f3"}
_RECORD = {name: None for name in PROFILE.names} | {
    "profile_id": PERSON, "full_name": "Ann Lee", "email": "ann.lee@example.com", "records": 3, "sources": 2,
    "confidence": 0.99,
}  # fmt: skip
_FOUND = {
    "segment": "preview", "level": "person", "as_of": "2026-10-31", "condition": "nps_class = 'detractor'",
    "size": 801, "share": 0.079, "clauses": {"nps_class = 'detractor'": 801}, "unknown": {}, "undecided": 0,
    "doubts": [], "overlap": {"lapsed": 234}, "size_published": 0, "entering": 801, "leaving": 0, "objection": None,
    "uses_opens": False, "contactable": _CONTACTABLE, "sample": [{"profile_id": PERSON, "nps_class": "detractor"}],
    "funnels": {},
}  # fmt: skip

HEALTH = answers(thing(status=TEXT, version=TEXT, as_of=DAY), {"status": "ok", **_VERSION})
SEGMENT_ROW = row(SEGMENT, contactable=MAP)
ONE_SEGMENT = answers(SEGMENT_ROW, _SEGMENT)
SEGMENTS = answers(thing(as_of=DAY, version=TEXT, segments=many(SEGMENT_ROW)), {**_VERSION, "segments": [_SEGMENT]})
CHANGES = answers(
    thing(segment=TEXT, changes=many(row(SEGMENT_EVENT, "segment_key")), next=NOTE, more=FLAG),
    {
        "segment": "detractors_renewing",
        "changes": [
            {"member_id": PERSON, "on_date": "2026-10-31", "kind": "entry", "sequence": 0, "other_member_id": None,
             "cause": "person", "definition_version": "0ceafe329c46c580", "confidence": 0.99,
             "evidence": {"nps_class": "detractor"}}
        ],
        "next": "WyJjaGFuZ2VzIiwiMjAyNi0xMC0zMSIsMCwzLCJwIl0",
        "more": False,
    },
)  # fmt: skip
MEMBERS = answers(
    thing(segment=TEXT, as_of=DAY, version=TEXT, members=many(MAP), contactable={"type": ["object", "null"]},
          masked=FLAG, next=NOTE),
    {"segment": "detractors_renewing", **_VERSION, "members": [{"profile_id": PERSON, "email": "ann.lee@example.com"}],
     "contactable": _CONTACTABLE, "masked": False, "next": None},
    *MEDIA_TYPES.values(),
)  # fmt: skip
PREVIEW = answers(thing(**{name: ANY for name in Preview.__slots__}), _FOUND)
REPORTS = answers(
    thing(as_of=DAY, version=TEXT, reports=many(MAP)),
    {**_VERSION, "reports": [{"report_key": "churn", "name": "Churn and retention", "state": "published"}]},
)
REPORT = answers(
    thing(report=TEXT, part=TEXT, as_of=DAY, state=TEXT, reason=NOTE, cannot_say=many(TEXT), coverage=many(MAP),
          columns=many(MAP), rows=many(MAP)),
    {"report": "churn", "part": "report_churn", "as_of": "2026-10-31", "state": "published", "reason": None,
     "cannot_say": [], "coverage": [], "columns": [{"name": "grr", "type": "number", "unit": "share"}],
     "rows": [{"month": "2026-09-01", "grr": 0.96}]},
    *MEDIA_TYPES.values(), "image/svg+xml",
)  # fmt: skip
POINT = thing(type=TEXT, value=NOTE, withheld=NOTE)
ONE_PROFILE = answers(
    thing(profile_id=TEXT, asked=TEXT, aliases=many(TEXT), measures={"type": ["object", "null"]}, traits=MAP,
          segments={"type": ["array", "null"], "items": MAP}, record=row(PROFILE), contact_points=many(POINT),
          withheld=MAP, masked=FLAG),
    {"profile_id": PERSON, "asked": PERSON, "aliases": [], "measures": {"nps_class": "detractor"}, "traits": {},
     "segments": [{"segment_key": "lapsed", "since": "2026-10-31"}], "record": _RECORD,
     "contact_points": [{"type": "email", "value": "ann.lee@example.com", "withheld": None}],
     "withheld": {"email: opted out": 1}, "masked": False},
)  # fmt: skip
FOUND = answers(thing(profiles=many(TEXT)), {"profiles": [PERSON]})
WHY = answers(
    thing(segment=TEXT, member_id=TEXT, level=TEXT, as_of=DAY, condition=TEXT, is_match=FLAG,
          published={"type": ["object", "null"]}, state=NOTE, clauses=many(MAP), ways=many(many(TEXT)),
          records=many(TEXT), links=many(MAP)),
    {"segment": "detractors_renewing", "member_id": PERSON, "level": "person", "as_of": "2026-10-31",
     "condition": "nps_class = 'detractor'", "is_match": True, "published": {"since": "2026-10-31"},
     "state": "published", "clauses": [{"text": "nps_class = 'detractor'", "state": True, "sources": []}], "ways": [],
     "records": ["crm.contact:1", "nps.response:77"], "links": []},
)  # fmt: skip
ONE_ACCOUNT = answers(
    thing(record=row(ACCOUNT), measures={"type": ["object", "null"]}, traits=MAP,
          segments={"type": ["array", "null"], "items": MAP}, people=many(TEXT)),
    {"record": {name: None for name in ACCOUNT.names} | {"account_id": "crm.account:1", "name": "Acme", "people": 1},
     "measures": {"nps": 12.5}, "traits": {}, "segments": [], "people": [PERSON]},
)  # fmt: skip


def document(app: FastAPI, open_paths: frozenset[str]) -> dict[str, Any]:
    """Return the OpenAPI document, made once: with how callers are known, which the open paths need not be."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        bearer = {"type": "http", "scheme": "bearer", "description": "An API key; `python -m include keys create`"}
        made.setdefault("components", {})["securitySchemes"] = {"key": bearer}
        made["security"] = [{"key": []}]
        for path in open_paths & made["paths"].keys():
            for operation in made["paths"][path].values():
                operation["security"] = []
        for told in _answers(made):
            told["example"] = _whole(told["example"], told["schema"])
        app.openapi_schema = made
    return app.openapi_schema


def _answers(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for verbs in made["paths"].values():
        for operation in verbs.values():
            yield operation["responses"]["200"]["content"]["application/json"]


def _whole(example: Any, form: Schema) -> Any:
    """The example with what is not known, which FastAPI leaves out."""
    if isinstance(example, list):
        return [_whole(each, form.get("items", {})) for each in example]
    if not isinstance(example, dict):
        return example
    properties = form.get("properties", {})
    return {name: None for name in properties} | {
        name: _whole(value, properties.get(name, {})) for name, value in example.items()
    }
