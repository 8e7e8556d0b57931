"""Decisions in the browser: a pair judged, undone, tried out first; and a definition that is built and taken along."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest
import yaml

from include.contracts.access import Scope
from include.contracts.errors import HeldError
from include.contracts.identity import CROSSWALK
from include.contracts.runs import Run
from include.identity.store import load_report, save_report
from include.web import keys
from include.web.serve import standalone
from tests.company import Company
from tests.web_company import published_company, resolved_company, serving

ALL = tuple(scope.value for scope in Scope)


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
    with resolved_company(tmp_path_factory.mktemp("decisions"), new_database) as company:
        yield company


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
        form = {"Referer": f"{address}/review?skip=0"}
        refused = client.post("/review/decide", data=body | {"token": token, "skip": "0"}, headers=form)
        assert (refused.status_code, "crm.contact:99" in refused.text) == (422, True)
        assert '<a href="/review?skip=0">Back to the form</a>' in refused.text
        assert "evil" not in client.post("/review/undo", headers={"Referer": "https://x.test//evil.test"}).text
        assert "There is no page at this address." in client.get("/review/decide").text
        held = {"subject": "segment/none@0", "verdict": "approve", "reason": "x", "token": token}
        assert "is held" in client.post("/review/answer", data=held).text


def test_a_profile_shows_what_happened_and_a_waterfall_for_each_link(company: Company, address: str) -> None:
    with company.project.warehouse().begin() as connection:
        found = "SELECT profile_id FROM kindred.crosswalk WHERE record_id = 'crm.contact:2'"
        profile = connection.exec_driver_sql(found).scalar_one()
    with signed_in(company.project, address, *ALL) as client:
        person = client.get(f"/people/{profile}")
        assert person.status_code == 200, person.text
        assert "answered 4 of 10 to the survey" in person.text and "nps.response:9" in person.text
        assert "became known: the profile was made" in person.text
        assert "Link 1: <code>crm.contact:2</code> and <code>usage.user:2</code>" in person.text
        assert "names: equal" in person.text
        drawing = client.get(f"/people/{profile}/links/0.svg")
        assert (drawing.status_code, drawing.text[:4]) == (200, "<svg")
        assert client.get(f"/people/{profile}/links/1.svg").status_code == 404


def test_a_run_that_is_held_is_answered_for_on_the_page(company: Company, address: str) -> None:
    project, run = company.project, Run("held", company.day)
    version = company.refs[CROSSWALK.name].version
    subject = f"{CROSSWALK.name}@held"
    project.lake.commit(CROSSWALK.name, "held", [], 0, point=False)
    report = load_report(project.lake, version) | {"held": "This run needs a person's approval.\n\n| merges | 70 |"}
    save_report(project.lake, "held", report, {})
    with project.ledger().working(run):
        project.ledger().end_run(run, "held", str(HeldError(subject, report["held"])))
    with signed_in(project, address, *ALL) as client:
        assert "This run needs a person&#39;s approval." in client.get("/").text
        sent = fields(client.get("/review"))
        body = {"subject": sent["subject"], "token": sent["token"], "verdict": "reject", "reason": "the export is old"}
        assert sent["subject"] == subject
        assert "Nothing is held" in client.post("/review/answer", data=body).text


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
    assert "no-store" not in first.headers["cache-control"]  # or a browser could not go back to it
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


def test_a_key_that_cannot_be_is_told_beside_the_definition_and_nothing_is_lost(explorer: httpx.Client) -> None:
    token, where = fields(explorer.get("/explorer"))["token"], "nps_class = 'detractor'"
    answer = explorer.post("/explorer", data={"where": where, "key": "My Segment", "token": token, "action": "take"})
    assert answer.status_code == 200
    assert "lower-case letters" in unescape(answer.text)
    assert where in unescape(answer.text) and 'value="My Segment"' in answer.text
