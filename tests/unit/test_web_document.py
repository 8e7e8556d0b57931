"""What the OpenAPI document says: of each route the form of its answer and an example that has it, and who may call."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from include.contracts.settings import Settings
from include.storage.project import Project
from include.web.app import create_app
from include.web.callers import Caller


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    async def nobody(_: object) -> Caller:
        return Caller("nobody", frozenset())

    project = Project(Settings(home=tmp_path_factory.mktemp("document")))
    app = create_app(project, nobody, secret="x")
    project.close()
    return app.openapi()


def operations(said: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{verb} {path}", one) for path, verbs in said["paths"].items() for verb, one in verbs.items()]


def test_each_answer_has_a_form_and_an_example_of_it(said: dict[str, Any]) -> None:
    assert len(operations(said)) >= 12
    for name, operation in operations(said):
        told = operation["responses"]["200"]["content"]["application/json"]
        assert told["schema"]["properties"], name
        assert not [error.message for error in Draft202012Validator(told["schema"]).iter_errors(told["example"])], name


def test_files_are_among_the_answers_of_the_routes_that_hand_them_out(said: dict[str, Any]) -> None:
    for path in ("/api/v1/segments/{key}/members", "/api/v1/reports/{key}"):
        content = said["paths"][path]["get"]["responses"]["200"]["content"]
        assert {"text/csv; charset=utf-8", "application/vnd.apache.parquet"} <= content.keys()


def test_every_route_says_that_it_needs_a_key_but_for_those_that_answer_anybody(said: dict[str, Any]) -> None:
    assert said["security"] == [{"key": []}] and said["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    open_ones = [name for name, operation in operations(said) if operation.get("security") == []]
    assert open_ones == ["get /api/v1/health"]
