"""A company small enough to write down, as the lake holds it right before it is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from include.contracts.identity import CROSSWALK
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import COVERAGE, GRID
from include.contracts.profiles import ACCOUNT, PROFILE, PROFILE_IDENTIFIER
from include.contracts.runs import DatasetRef
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import QUARANTINE
from include.contracts.tables import Table
from include.storage.project import Project

Refs = dict[str, DatasetRef]
CELL = {"nps_class": "unknown", "usage_tier": "none", "renewal_bucket": "none"}


@pytest.fixture(scope="session")
def company(put: Callable[..., DatasetRef]) -> Callable[..., Refs]:
    """Put the company into a project's lake: ``company(project, version="v2", rows={"profile": [...]})``.

    Anna and Bo work at Acme; Anna is in one segment. ``rows`` replaces the rows of a table.
    """

    def _company(project: Project, version: str = "v1", rows: Mapping[str, list[dict[str, Any]]] | None = None) -> Refs:
        content: dict[Table, list[dict[str, Any]]] = {
            ACCOUNT: [{"account_id": "acme", "name": "Acme", "people": 2}],
            PROFILE: [
                {"profile_id": "anna", "full_name": version, "email": "anna@acme.example", "account_id": "acme",
                 "records": 2, "sources": 2, "confidence": 0.9},
                {"profile_id": "bo", "full_name": version, "email": None, "account_id": "acme", "records": 1,
                 "sources": 1, "confidence": 1.0},
            ],
            PROFILE_IDENTIFIER: [{"profile_id": "anna", "type": "email", "value": "anna@acme.example"}],
            CROSSWALK: [
                {"record_id": "crm.contact:1", "profile_id": "anna"},
                {"record_id": "crm.contact:2", "profile_id": "anna"},
                {"record_id": "crm.contact:3", "profile_id": "bo"},
            ],
            CUSTOMER_360: [
                {"profile_id": person, "account_id": "acme", "title": version, "contract_type": "term", **CELL}
                for person in ("anna", "bo")
            ],
            ACCOUNT_360: [{"account_id": "acme"}],
            COVERAGE: [],
            GRID: [{**CELL, "profiles": 2, "share": 1.0}],
            SEGMENT: [{"segment_key": "quiet", "level": "person", "size": 1}],
            SEGMENT_MEMBERSHIP: [{"segment_key": "quiet", "member_id": "anna", "evidence": '{"nps_class": null}'}],
            QUARANTINE: [
                {"quarantine_id": "q1", "source": "nps", "object": "response", "rule": "score_range",
                 "row_received": '{"Email": "secret@acme.example"}'},
            ],
        }  # fmt: skip
        refs = {}
        for table, usual in content.items():
            refs[table.name] = put(project, table, (rows or {}).get(table.name, usual), version)
        return refs

    return _company
