"""The lake on an object store: S3's protocol over real HTTP, served by moto."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import boto3
import ibis
import pytest
from moto.server import ThreadedMotoServer

from include.contracts.metrics import COVERAGE
from include.storage.engine import Engine
from include.storage.lake import Lake
from include.storage.postgres import bulk


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def lake(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Lake:
    """A lake in a bucket of the test's own."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    bucket = hashlib.sha256(request.node.name.encode()).hexdigest()[:16]
    boto3.client("s3", endpoint_url=endpoint).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return Lake(f"s3://{bucket}/lake", endpoint_url=endpoint)


def test_versions_and_pointer_work_as_they_do_on_a_disk(lake: Lake) -> None:
    assert lake.current("coverage") is None
    first = lake.commit("coverage", "v1", [], 0)
    lake.commit("coverage", "v2", [], 0, point=False)
    current = lake.current("coverage")
    assert current is not None and current.ref == first
    assert lake.manifest("coverage", "v3") is None


def test_the_engine_writes_there_and_reads_it_back_and_so_does_the_bulk_load(lake: Lake) -> None:
    with Engine(lake) as engine:
        rows = ibis.memtable({"family": ["nps"], "profiles": [3], "share": [0.5]})
        ref = engine.write(COVERAGE, rows, version="v1")
        assert engine.read(COVERAGE, ref).to_pyarrow().to_pylist() == [{"family": "nps", "profiles": 3, "share": 0.5}]
    assert bulk.rows_of(lake, ref, COVERAGE).read_all().num_rows == 1
