"""Whatever schemathesis makes up from the OpenAPI document is answered as declared, and never by a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi import checks

from include.contracts.access import Scope
from include.web import keys
from include.web.serve import standalone
from tests.web_company import published_company

ALL = tuple(scope.value for scope in Scope)
CHECKS = [
    schemathesis.checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[tuple[Any, str]]:
    """The schema of an application with people in it, and a key with every scope."""
    with published_company(tmp_path_factory.mktemp("openapi"), new_database) as company:
        app = standalone(company.project)
        key = keys.create(company.project.warehouse(), "schemathesis", ALL, days=1, author="me")
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app), key


def test_every_route_answers_as_it_declares(served: tuple[Any, str]) -> None:
    schema, key = served
    tried = []
    for operation in (result.ok() for result in schema.get_all_operations()):

        @given(case=operation.as_strategy())
        @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def answers(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

        answers()
        tried.append(operation.label)
    assert {"GET /api/v1/segments/{key}/members", "POST /api/v1/profiles/lookup"} <= set(tried)
