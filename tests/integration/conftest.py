"""A company small enough to write down, as the lake holds it right before it is published."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from include.contracts.identity import CROSSWALK
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import COVERAGE, GRID
from include.contracts.profiles import ACCOUNT, ACCOUNT_LINK, PROFILE, PROFILE_IDENTIFIER
from include.contracts.runs import DatasetRef, Run, StageReport
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import QUARANTINE
from include.contracts.tables import Table
from include.matching.spark import session as sessions
from include.measures.step import measure
from include.samples import generate
from include.storage.project import Project
from tests.export_files import Company
from tests.small_company import rows_of, save

Refs = dict[str, DatasetRef]
SAMPLE_DAY = date(2026, 10, 31)
BRIEF_JAVA = ("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # it does not compile what runs briefly
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


@pytest.fixture(scope="session")
def spark(object_store: str) -> Iterator[Any]:
    """One session for all, of two workers, that tries a task thrice.

    Its workers reach the object store, as this process does where a test asks for a bucket.
    """
    if missing := sessions.missing():
        pytest.skip(missing)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(*BRIEF_JAVA)
        reach(object_store, patched)
        session = sessions.connect("local[2,3]", {"spark.ui.enabled": "false"})
    from include.matching.spark.planning import SMALL  # noqa: PLC0415  where it is installed

    for name, value in {"shuffle.partitions": "2", **SMALL}.items():
        session.conf.set(f"spark.sql.{name}", value)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def sample_exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of a small sample company."""
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, people=1000)
    return folder


@pytest.fixture(scope="session")
def sample_measured(sample_exports: Path) -> tuple[Company, StageReport]:
    """The sample staged, every record of its own profile, and measured."""
    company = Company(sample_exports)
    refs: dict[str, DatasetRef] = {ref.dataset: ref for ref in company.stage().writes}
    records = company.staged("person_record")
    accounts = [row["account_id"] for row in company.staged("account") if not row["is_deleted"]]
    alone: dict[Table, list[dict[str, Any]]] = {
        PROFILE: [_alone(row, accounts) for row in records],
        CROSSWALK: [
            {"profile_id": r["record_id"], "record_id": r["record_id"], "confidence": 1.0, "home_id": r["record_id"]}
            for r in records
        ],
        ACCOUNT: [{"account_id": account} for account in accounts],
        ACCOUNT_LINK: [{"source_account_id": a, "account_id": a, "reason": "itself"} for a in accounts],
    }
    with company.project.engine() as engine:
        refs |= {table.name: save(engine, table, rows_of(table, rows)) for table, rows in alone.items()}
    return company, measure(company.project, Run("sample", SAMPLE_DAY), refs)


def _alone(record: Mapping[str, Any], accounts: Collection[str]) -> dict[str, Any]:
    """The profile of a record that nothing is united with."""
    account = record["account_id"] if record["account_id"] in accounts else None
    same = {name: record[name] for name in ("title", "country", "email")}
    return {"profile_id": record["record_id"], "confidence": 1.0, "account_id": account, **same}


@pytest.fixture
def bucket(object_store: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The URL of a bucket of the test's own, which is reached by the environment alone."""
    reach(object_store, monkeypatch)
    return new_bucket(request.node.name)


def reach(object_store: str, patched: pytest.MonkeyPatch) -> None:
    """Let the environment say where the object store is, and who asks."""
    patched.setenv("AWS_ACCESS_KEY_ID", "test")
    patched.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patched.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    patched.setenv("AWS_ENDPOINT_URL", object_store)


def new_bucket(of: str) -> str:
    """The URL of a new bucket, which is named by what it is for."""
    import boto3  # noqa: PLC0415

    name = hashlib.sha256(of.encode()).hexdigest()[:16]
    region = {"LocationConstraint": "eu-central-1"}
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=region)
    return f"s3://{name}"
