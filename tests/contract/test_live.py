"""Every live system keeps the suite's promises, and each what is its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from include.contracts.connections import Connection
from include.contracts.errors import CredentialError, ThrottledError
from include.samples.servers.salesforce import SalesforceServer
from tests.live_suite import MORNING, JobSuite, LiveSuite, SchemaSuite, TokenSuite, Tried


class TestSalesforce(JobSuite, TokenSuite, SchemaSuite, LiveSuite):
    kind = "salesforce_export"
    object = "contact"
    person_column = "LastName"
    paged = "/results"
    lost_column = "Title"
    other_type = "double"

    def serve(self) -> SalesforceServer:
        server = SalesforceServer()
        server.page_rows = 3
        return server

    def key(self, number: int) -> str:
        return f"0035g{number:010d}AAA"

    def test_a_deleted_row_comes_once_more_and_is_staged_as_gone(self, tried: Tried) -> None:
        tried.extract()
        tried.server.delete("contact", self.key(2), MORNING + timedelta(days=1))  # type: ignore[attr-defined]
        assert tried.extract().counts["contact.rows"] == 1
        tried.check()
        tried.stage()
        gone = {row["source_key"] for row in staged(tried, "person_record") if row["is_deleted"]}
        assert gone == {self.key(2)}

    def test_a_merged_contact_points_at_the_one_it_became(self, tried: Tried) -> None:
        tried.extract()
        at = MORNING + timedelta(days=1)
        tried.server.merge("contact", self.key(2), self.key(1), at)  # type: ignore[attr-defined]
        tried.extract()
        tried.stage()
        (loser,) = [row for row in staged(tried, "person_record") if row["source_key"] == self.key(2)]
        assert loser["is_deleted"] and loser["crm_id"] == self.key(1)

    def test_the_orgs_own_limit_is_told(self, tried: Tried) -> None:
        tried.server.requests_left = 2  # type: ignore[attr-defined]
        with pytest.raises(ThrottledError, match=r"no more requests today.*REQUEST_LIMIT_EXCEEDED"):
            tried.extract()

    def test_it_signs_in_by_a_signed_claim(self, tried: Tried) -> None:
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        tried.server.tokens.public_key = key.public_key()  # type: ignore[attr-defined]
        extra = {"private_key": pem, "username": "kindred@norvik.example"}
        tried.connection = Connection("its", host=tried.server.url, login="client", extra=extra)
        tried.extract()
        tried.check()

    def test_a_claim_that_is_too_old_by_the_servers_clock_is_refused(self, tried: Tried) -> None:
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        tried.server.tokens.public_key = key.public_key()  # type: ignore[attr-defined]
        tried.server.skew = timedelta(hours=1)
        extra = {"private_key": pem, "username": "kindred@norvik.example"}
        tried.connection = Connection("its", host=tried.server.url, login="client", extra=extra)
        with pytest.raises(CredentialError, match="invalid_grant"):
            tried.extract()


def staged(tried: Tried, table: str) -> list[dict[str, Any]]:
    manifest = tried.project.lake.current(f"staged/{table}")
    assert manifest is not None
    return [row for file in tried.project.lake.urls(manifest) for row in pq.read_table(file).to_pylist()]
