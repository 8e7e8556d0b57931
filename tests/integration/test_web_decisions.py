"""Decisions in the browser: a pair judged, undone, tried out first; and a definition that is built and taken along."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest
import yaml

from include.contracts.access import Scope
from include.contracts.settings import ROOT
from include.web import keys
from include.web.serve import standalone
from tests.company import FIRST_WEEK, Company
from tests.people import person
from tests.web_company import published_company, serving

ALL = tuple(scope.value for scope in Scope)
FALLEN = person("usage.user:1", first_name="Tancredi", last_name="Obermayr", email="t@obermayr.example")


@contextmanager
def signed_in(project, address: str, *scopes: str) -> Iterator[httpx.Client]:
    key = keys.create(project.warehouse(), "Steward", scopes, days=1, author="me")
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
        assert client.post("/sign-in", data={"key": key, "next": "/people"}).url.path == "/people"
        yield client


def fields(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the page's forms."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[Company]:
    """A profile whose records no longer agree, so that a person is asked."""
    folder = tmp_path_factory.mktemp("decisions")
    shutil.copytree(ROOT / "include" / "config", folder / "config")
    (folder / "config" / "stewardship.yaml").write_text("split_confidence: 0\n")
    with new_database() as url:
        company = Company(folder / "home", folder / "config", url)
        company.week(*FIRST_WEEK)
        company.week(*(FALLEN if record["record_id"] == "usage.user:1" else record for record in FIRST_WEEK))
        for name in ("identity/crosswalk", *(ref for ref in company.refs if ref.startswith("identity/"))):
            company.project.lake.point(company.refs[name])
        yield company
        company.project.close()


@pytest.fixture(scope="module")
def address(company: Company) -> Iterator[str]:
    with serving(standalone(company.project)) as address:
        yield address


def test_a_pair_is_judged_and_the_judgement_undone(company: Company, address: str) -> None:
    with signed_in(company.project, address, *ALL) as client:
        asked = client.get("/review")
        assert "Does this profile hold two people?" in asked.text
        assert "Tancredi" in asked.text and "Annabel" in asked.text and "≠" in asked.text
        sent = fields(asked)
        assert {sent["record_a"], sent["record_b"]} == {"crm.contact:1", "usage.user:1"}
        body = {name: sent[name] for name in ("record_a", "record_b", "skip", "token")}
        assert client.post("/review/decide", data=body | {"verdict": "never"}).status_code == 422  # without a reason
        saved = client.post("/review/decide", data=body | {"verdict": "never", "reason": "asked both"})
        assert "There is nothing to judge" in saved.text and "Undo" in saved.text
        with company.project.engine() as engine:
            (decision,) = company.book(engine).in_force()
        assert (decision.kind, decision.reason, "(Steward)" in decision.author) == ("never", "asked both", True)
        undone = client.post("/review/undo", data={"token": sent["token"], "decision": fields(saved)["decision"]})
        assert "Does this profile hold two people?" in undone.text


def test_what_a_decision_would_change_is_shown_before(company: Company, address: str) -> None:
    with signed_in(company.project, address, *ALL) as client:
        sent = fields(client.get("/review"))
        body = {name: sent[name] for name in ("record_a", "record_b", "skip", "token")}
        tried = client.post("/review/what-if", data=body | {"verdict": "never"})
        assert tried.status_code == 200, tried.text
        assert "usage.user:1" in tried.text and "Records that would move" in tried.text
        with company.project.engine() as engine:
            assert company.book(engine).in_force() == []


def test_only_who_may_decide_sees_the_page(company: Company, address: str) -> None:
    with signed_in(company.project, address, *(scope for scope in ALL if scope != Scope.REVIEW_WRITE)) as client:
        assert client.get("/review").status_code == 403
        assert "Review</a>" not in client.get("/people").text


def test_a_decision_on_what_is_not_known_is_refused_in_a_sentence(company: Company, address: str) -> None:
    with signed_in(company.project, address, *ALL) as client:
        token = fields(client.get("/review"))["token"]
        body = {"record_a": "crm.contact:1", "record_b": "crm.contact:99", "verdict": "never", "reason": "x"}
        refused = client.post("/review/decide", data=body | {"token": token, "skip": "0"})
        assert (refused.status_code, "crm.contact:99" in refused.text) == (422, True)
        held = {"subject": "segment/none@0", "verdict": "approve", "reason": "x", "token": token}
        assert "is held" in client.post("/review/answer", data=held).text


@pytest.fixture(scope="module")
def explorer(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[httpx.Client]:
    with (
        published_company(tmp_path_factory.mktemp("explorer"), new_database) as company,
        serving(standalone(company.project)) as address,
        signed_in(company.project, address, *ALL) as client,
    ):
        yield client


def test_a_definition_is_built_clause_by_clause_tried_and_taken_along(explorer: httpx.Client, tmp_path: Path) -> None:
    token = fields(explorer.get("/explorer"))["token"]
    picked = {"measure": "nps_class", "comparison": "=", "value": "detractor", "token": token, "action": "add"}
    first = explorer.post("/explorer", data=picked)
    assert "28 people" in first.text
    where = "nps_class = 'detractor'"
    assert where in unescape(first.text)
    picked |= {"where": where, "measure": "account_id", "comparison": "is not null", "value": ""}
    assert "and account_id is not null" in unescape(explorer.post("/explorer", data=picked).text)
    taken = explorer.post("/explorer", data={"where": where, "key": "unhappy", "token": token, "action": "take"})
    assert taken.headers["content-disposition"] == 'attachment; filename="unhappy.yaml"'
    assert yaml.safe_load(taken.text)["where"] == where


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nps_clas = 'detractor'", "nps_class"),
        ("", "Add a clause"),
        ("nps_class = 'x'; drop table profile", "not part of the segment language"),
        ("nps_class like '%<script>%'", "people, 0"),
    ],
)
def test_a_broken_definition_is_told_where_it_is_broken(explorer: httpx.Client, where: str, said: str) -> None:
    token = fields(explorer.get("/explorer"))["token"]
    answer = explorer.post("/explorer", data={"where": where, "token": token, "action": "try"})
    assert answer.status_code == 200
    assert said in unescape(answer.text)
    assert "<script" not in answer.text
