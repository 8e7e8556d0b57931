"""The API over real HTTP: who may call, what leaves, and how a refusal is told."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import APIRoute

from include.contracts.access import Scope
from include.contracts.errors import ConfigurationError
from include.contracts.settings import ROOT, SHIPPED
from include.storage.control.tables import ACCESS_LOG, API_KEY
from include.web import api_segments, keys, reading
from include.web.app import OPEN
from include.web.serve import standalone
from tests.small_company import SmallCompany
from tests.web_company import NewDatabase, days_ago, published, published_company, serving

ALL = tuple(scope.value for scope in Scope)
WITHOUT_PEOPLE = (Scope.SEGMENTS_READ, Scope.PROFILES_READ)


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[SmallCompany]:
    with published_company(tmp_path_factory.mktemp("web"), new_database) as company:
        yield company


@pytest.fixture(scope="module")
def app(company: SmallCompany) -> FastAPI:
    return standalone(company.project)


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as address:
        yield address


Client = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def client(company: SmallCompany, address: str) -> Iterator[Client]:
    """A maker of clients: ``client(scope, …)`` has a key with these scopes, ``client()`` has none."""
    opened = []

    def make(*scopes: str, key: str | None = None) -> httpx.Client:
        made = key or (
            keys.create(company.project.warehouse(), "test", scopes, days=1, author="me") if scopes else None
        )
        headers = {"Authorization": f"Bearer {made}"} if made else {}
        opened.append(httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def detail(response: httpx.Response, status: int) -> str:
    """The sentence of a problem document."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["detail"])


def routes(app: FastAPI) -> list[tuple[str, str]]:
    return [(method, route.path) for route in app.routes if isinstance(route, APIRoute) for method in route.methods]


PLACE = {"profile_id": "p1", "segment_key": "lapsed", "account_id": "a1", "key": "lapsed", "number": "0",
         "nps_class": "detractor", "usage_tier": "none", "renewal_bucket": "0-30", "name": "index",
         "sync": "to_files"}  # fmt: skip


def filled(path: str) -> str:
    for name, value in PLACE.items():
        path = path.replace("{" + name + "}", value)
    assert "{" not in path
    return path


def test_every_route_refuses_the_anonymous_the_wrong_scope_the_ended_and_the_foreign_key(
    app: FastAPI, address: str, client: Client, company: SmallCompany
) -> None:
    warehouse = company.project.warehouse()
    ended = keys.create(warehouse, "ended", ALL, days=1, author="me")
    with warehouse.begin() as connection:
        is_ended = API_KEY.c.key_id == ended.split("_")[1]
        connection.execute(sa.update(API_KEY).where(is_ended).values(expires_at=datetime.now(UTC) - timedelta(days=1)))
    revoked = keys.create(warehouse, "revoked", ALL, days=1, author="me")
    keys.revoke(warehouse, revoked.split("_")[1])
    changed = keys.create(warehouse, "changed", ALL, days=1, author="me")[:-1] + "~"
    without = client(Scope.REVIEW_WRITE).headers["Authorization"].removeprefix("Bearer ")
    walked = [(method, path) for method, path in routes(app) if path not in OPEN]
    assert len(walked) >= 18
    for method, path in walked:
        refused = 401 if path.startswith("/api/") else 303  # a browser is sent to sign in

        def status(key: str | None, method: str = method, path: str = path) -> int:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            return httpx.request(method, address + filled(path), headers=headers).status_code

        for key in (None, ended, revoked, changed, "kd_00000000_none", "kd__", "x"):
            assert status(key) == refused, (path, key)
        assert status(without) == 403, path  # no scope, or no form of its own


def test_a_refused_caller_is_told_what_to_do(client: Client) -> None:
    response = client().get("/segments")
    assert "keys create" in detail(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "segments:read" in detail(client(Scope.PROFILES_READ).get("/segments"), 403)


def test_segments_have_sizes_states_and_definitions(client: Client) -> None:
    found = client(Scope.SEGMENTS_READ).get("/segments").json()
    assert found["as_of"] == "2026-11-20"
    by_key = {row["segment_key"]: row for row in found["segments"]}
    assert by_key["detractors_renewing"]["size"] == 28
    one = client(Scope.SEGMENTS_READ).get("/segments/detractors_renewing").json()
    assert one == by_key["detractors_renewing"]
    missing = client(Scope.SEGMENTS_READ).get("/segments/detractors_renewin")
    assert detail(missing, 404) == "There is no segment 'detractors_renewin' (did you mean 'detractors_renewing'?)."


def test_a_profile_answers_to_its_retired_id(client: Client) -> None:
    found = client(*ALL).get("/profiles/p0").json()
    assert (found["profile_id"], found["asked"], found["aliases"]) == ("p1", "p0", ["p0"])
    assert found["record"]["full_name"] == "Nina Brandt"
    assert {point["value"] for point in found["contact_points"]} == {"p1@acme.test", "+4930123456", "0031"}
    assert found["measures"]["nps_class"] == "detractor"
    assert "detractors_renewing" in {row["segment_key"] for row in found["segments"]}


def test_without_the_scope_nothing_personal_leaves(client: Client) -> None:
    response = client(*WITHOUT_PEOPLE).get("/profiles/p1")
    assert response.json()["masked"]
    assert response.json()["measures"]["last_name"] == "***"
    for personal in ("Nina", "Brandt", "p1@acme", "4930123456", "0031"):
        assert personal not in response.text


@pytest.mark.parametrize(
    ("profile", "value", "why"), [("p2", "p2@ever.test", "opted out"), ("p3", "p3@gone.test", "undeliverable")]
)
def test_what_must_not_be_contacted_never_leaves_and_is_counted(
    client: Client, profile: str, value: str, why: str
) -> None:
    response = client(*ALL).get(f"/profiles/{profile}")
    assert value not in response.text
    found = response.json()
    assert {point["withheld"] for point in found["contact_points"]} == {why}
    assert found["withheld"][f"email: {why}"] >= 1


def test_who_opted_out_by_one_address_is_reached_by_none(client: Client) -> None:
    """p2's second address has no word of its own; the person's holds for it, in exports and here."""
    found = client(*ALL).get("/profiles/p2").json()
    assert (found["withheld"], found["record"]["email"]) == ({"email: opted out": 2}, None)


@pytest.mark.parametrize(
    "given", [{"email": " P1@Acme.test "}, {"phone": "+49 30 123456"}, {"phone": "0049 30/123456"}]
)
def test_people_are_found_however_an_address_or_a_number_is_written(client: Client, given: dict[str, str]) -> None:
    assert client(*WITHOUT_PEOPLE).post("/profiles/lookup", json=given).json() == {"profiles": ["p1"]}


def test_people_are_looked_up_by_what_never_stands_in_a_url(client: Client) -> None:
    look_up = client(*WITHOUT_PEOPLE)
    assert look_up.post("/profiles/lookup", json={"email": "p1@acme.test"}).json() == {"profiles": ["p1"]}
    assert look_up.post("/profiles/lookup", json={"phone": "+4930123456"}).json() == {"profiles": ["p1"]}
    assert look_up.post("/profiles/lookup", json={"source_id": "usage.user:2"}).json() == {"profiles": ["p2"]}
    assert look_up.post("/profiles/lookup", json={"email": "nobody@acme.test"}).json() == {"profiles": []}
    refused = look_up.post("/profiles/lookup", json={"email": "p1@acme.test", "phone": "+4930123456"})
    assert "exactly one of" in detail(refused, 422)
    assert "p1@acme.test" not in refused.text


def test_why_names_clauses_and_their_sources(client: Client) -> None:
    found = client(*ALL).get("/profiles/p1/why/detractors_renewing").json()
    assert found["is_match"]
    assert {source["record"] for clause in found["clauses"] for source in clause["sources"]} >= {"nps.response:77"}
    assert "pii:read" in detail(client(*WITHOUT_PEOPLE).get("/profiles/p1/why/lapsed"), 403)
    assert "no profile" in detail(client(*ALL).get("/profiles/nobody/why/lapsed"), 404)


def test_an_account_has_its_people(client: Client) -> None:
    found = client(*WITHOUT_PEOPLE).get("/accounts/a2").json()
    assert (found["record"]["name"], found["people"]) == ("Evergreen Ltd", ["p2"])
    assert "no account" in detail(client(*WITHOUT_PEOPLE).get("/accounts/x"), 404)


def test_changes_are_given_once_in_order_and_can_be_resumed(client: Client) -> None:
    api, seen, since = client(Scope.SEGMENTS_READ), [], None
    while True:
        params: dict[str, Any] = {"limit": 10} | ({"since": since} if since else {})
        page = api.get("/segments/detractors_renewing/changes", params=params).json()
        seen += [(change["kind"], change["member_id"]) for change in page["changes"]]
        since = page["next"]
        if not page["more"]:
            break
    assert len(seen) == len(set(seen)) == 28
    assert {kind for kind, _ in seen} == {"entry"}
    again = api.get("/segments/detractors_renewing/changes", params={"since": since}).json()
    assert (again["changes"], again["next"], again["more"]) == ([], since, False)


@pytest.mark.parametrize(
    "given", ["x", "W10", "WyJjaGFuZ2VzIl0", "bnVsbA", "=", "%00", "WyJjaGFuZ2VzIiwieCIsMCwwLCJ4Il0"]
)
def test_a_malformed_cursor_is_refused(client: Client, given: str) -> None:
    refused = client(Scope.SEGMENTS_READ).get("/segments/lapsed/changes", params={"since": given})
    assert "begin again without it" in detail(refused, 400)


@pytest.mark.parametrize("limit", ["0", "-1", "10001", "1e9", "x"])
def test_an_absurd_page_size_is_refused(client: Client, limit: str) -> None:
    refused = client(Scope.SEGMENTS_READ).get("/segments/lapsed/changes", params={"limit": limit})
    assert "limit" in detail(refused, 422)


def test_an_unchanged_answer_is_not_sent_twice(client: Client) -> None:
    api = client(Scope.SEGMENTS_READ)
    first = api.get("/segments/lapsed")
    again = api.get("/segments/lapsed", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_reads_of_personal_data_are_in_the_access_log(client: Client, company: SmallCompany) -> None:
    client(*ALL).get("/profiles/p0", headers={"X-Reason": "renewal call"})
    client(*WITHOUT_PEOPLE).get("/profiles/p3")
    with company.project.warehouse().begin() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(ACCESS_LOG)).mappings()]
    read = [row for row in rows if row["reason"] == "renewal call"]
    assert [(row["subject"], row["profiles"], row["action"]) for row in read] == [("p1", 1, "GET /profiles")]
    assert read[0]["caller"].endswith("(test)")
    assert all(row["subject"] != "p3" or "pii" not in row["caller"] for row in rows)


def test_health_answers_anybody_and_tells_of_nobody(client: Client) -> None:
    assert client().get("/health").json().keys() == {"status", "version", "as_of"}


def test_answers_carry_the_headers_that_browsers_obey(client: Client) -> None:
    headers = client().get("/health").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_caller_that_calls_too_often_is_told_to_wait() -> None:
    from include.web.limits import Limiter  # noqa: PLC0415
    from include.web.problems import ProblemError  # noqa: PLC0415

    now = [0.0]
    limiter = Limiter(2, 3, clock=lambda: now[0])
    for _ in range(3):
        limiter.take("a")
    with pytest.raises(ProblemError) as refused:
        limiter.take("a")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    limiter.take("b")
    now[0] = 0.5
    limiter.take("a")


def test_a_key_is_exchanged_for_another_while_both_answer(company: SmallCompany, client: Client) -> None:
    warehouse = company.project.warehouse()
    old = keys.create(warehouse, "tool", [Scope.SEGMENTS_READ], days=90, author="me")
    new = keys.rotate(warehouse, old.split("_")[1], days=90, author="me")
    for key in (old, new):
        assert client(key=key).get("/segments").status_code == 200
    listed = {row["key_id"]: row for row in keys.listed(warehouse)}
    was, now = (listed[key.split("_")[1]] for key in (old, new))
    assert (was["name"], was["scopes"]) == (now["name"], now["scopes"])
    assert was["expires_at"] < datetime.now(UTC) + timedelta(days=1, minutes=1) < now["expires_at"]
    with pytest.raises(ConfigurationError, match="No key 'none' is in force"):
        keys.rotate(warehouse, "none", days=90, author="me")


def test_what_is_large_is_sent_compressed(client: Client) -> None:
    answer = client(Scope.SEGMENTS_READ).get("/segments", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("evil", ["' OR '1'='1", "'; DROP TABLE kindred.profile; --", "{{ 7 * 7 }}", "${7*7}", "\x00"])
def test_injections_are_values_and_find_nothing(client: Client, evil: str) -> None:
    api = client(*ALL)
    for by in ("email", "source_id"):
        answer = api.post("/profiles/lookup", json={by: evil})
        assert answer.status_code == 422 or answer.json() == {"profiles": []}, answer.text
    assert api.get(f"/profiles/{quote(evil, safe='')}").status_code in (404, 422)
    assert api.get("/segments/lapsed/members", params={"fields": evil}).status_code == 422
    assert api.post("/preview", json={"where": f"title = {evil}"}).status_code == 422
    assert api.get("/profiles/p1", headers={"X-Reason": evil.replace("\x00", "")}).status_code == 200
    assert api.get("/profiles/p1").json()["profile_id"] == "p1"


@pytest.mark.parametrize("email", ["a\\u0000b@c.test", "\\ud800@c.test", "ﷺ" * 300])
def test_characters_that_no_value_has_are_refused_or_found_nowhere(client: Client, email: str) -> None:
    json = {"Content-Type": "application/json"}
    answer = client(*ALL).post("/profiles/lookup", content=f'{{"email": "{email}"}}'.encode(), headers=json)
    assert answer.status_code == 422 or answer.json() == {"profiles": []}, answer.text


def test_a_formula_is_text_in_a_spreadsheet(client: Client) -> None:
    """p1 works at `-Acme`, and its account is named like a command."""
    api = client(*ALL)
    people = api.get("/segments/detractors_renewing/members", params={"format": "csv"})
    assert "'-Acme" in people.text
    accounts = api.get("/segments/accounts_at_risk/members", params={"format": "csv"})
    assert "'=cmd|" in accounts.text
    assert accounts.headers["x-kindred-withheld"] == "0"
    assert (
        api.get("/segments/evergreen_power_users/members", params={"format": "csv"}).headers["x-kindred-withheld"]
        == "1"
    )


def test_a_key_is_kept_as_a_digest_only(company: SmallCompany) -> None:
    key = keys.create(company.project.warehouse(), "shown once", ALL, days=1, author="me")
    with company.project.warehouse().begin() as connection:
        kept = str(connection.execute(sa.select(API_KEY)).mappings().all())
    assert key.split("_", 2)[2] not in kept


def test_before_the_first_publication_there_is_a_sentence(tmp_path: Path, warehouse_url: str) -> None:
    company = SmallCompany(tmp_path, warehouse_url=warehouse_url)
    with serving(standalone(company.project)) as address:
        assert "Nothing is published yet" in detail(httpx.get(f"{address}/api/v1/health"), 503)
        key = keys.create(company.project.warehouse(), "early", ALL, days=1, author="me")
        asked = httpx.get(f"{address}/api/v1/profiles/p1", headers={"Authorization": f"Bearer {key}"})
        assert "Nothing is published yet" in detail(asked, 503)


def test_a_profile_is_three_statements_the_key_the_profile_and_the_log(client: Client, company: SmallCompany) -> None:
    api, engine, said = client(*ALL), company.project.warehouse().engine, list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(" ".join(statement.split()))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert api.get("/profiles/p1").status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert [("api_key" in text, "kindred.profile" in text, "access_log" in text) for text in said] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


def test_a_warehouse_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path, warehouse_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    with serving(standalone(company.project)) as address:
        refused = httpx.get(f"{address}/api/v1/segments", headers={"Authorization": "Bearer kd_00000000_x"})
        assert "does not answer" in detail(refused, 503)


def test_members_come_in_pages_of_one_version(client: Client) -> None:
    api, seen, params = client(*ALL), [], {"limit": 12}
    while True:
        page = api.get("/segments/detractors_renewing/members", params=params).json()
        seen += [row["profile_id"] for row in page["members"]]
        if page["next"] is None:
            break
        params = {"limit": 12, "cursor": page["next"]}
    assert len(seen) == len(set(seen)) == 28
    assert seen == sorted(seen)
    assert page["contactable"]["email"]["consent unknown"] == 28


def test_a_cursor_goes_on_in_its_version_whatever_is_published_meanwhile(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    config = tmp_path / "config"
    shutil.copytree(SHIPPED, config)
    with (
        published_company(tmp_path / "home", new_database, config) as company,
        serving(standalone(company.project)) as address,
    ):
        key = keys.create(company.project.warehouse(), "pager", ALL, days=1, author="me")
        api = httpx.Client(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {key}"})
        first = api.get("/segments/detractors_renewing/members", params={"limit": 20}).json()
        for n in range(4, 20):
            company.answer(f"p{n}", 10, days_ago(1))
        changed = (SHIPPED / "segments" / "detractors_renewing.yaml").read_text("utf-8") + "  and usage_tier = 'none'\n"
        (config / "segments" / "detractors_renewing.yaml").write_text(changed, "utf-8")
        published(company)
        rest = api.get("/segments/detractors_renewing/members", params={"limit": 20, "cursor": first["next"]}).json()
        assert rest["version"] == first["version"]
        assert len({row["profile_id"] for page in (first, rest) for row in page["members"]}) == 28
        assert rest["contactable"] == first["contactable"]  # of its version, too
        assert rest["members"][0].keys() == first["members"][0].keys()  # and so are the definition and its columns
        now = api.get("/segments/detractors_renewing/members").json()
        assert now["contactable"]["email"]["consent unknown"] == 12
        assert (len(now["members"]), now["version"] == first["version"]) == (12, False)
        gone = reading.cursor("members", "0" * 16, "p1")
        assert "not kept" in detail(api.get("/segments/lapsed/members", params={"cursor": gone}), 410)


def test_segments_say_how_many_of_their_people_may_be_contacted(client: Client) -> None:
    api = client(Scope.SEGMENTS_READ)
    reach = {row["segment_key"]: row["contactable"] for row in api.get("/segments").json()["segments"]}
    assert reach["detractors_renewing"]["email"]["consent unknown"] == 28
    assert reach["evergreen_power_users"]["email"]["opted out"] == 1
    assert reach["accounts_at_risk"] == {}  # a channel reaches people
    for key, counts in reach.items():
        assert api.get(f"/segments/{key}").json()["contactable"] == counts


def test_members_without_the_scope_are_masked_in_every_format(client: Client) -> None:
    for format in ("json", "csv", "ndjson"):
        response = client(*WITHOUT_PEOPLE).get("/segments/detractors_renewing/members", params={"format": format})
        assert response.status_code == 200
        assert "p1" in response.text and "Nina" not in response.text and "p1@acme" not in response.text


def test_contact_points_that_may_not_be_used_are_in_no_format(client: Client) -> None:
    """p2, an evergreen power user, opted out."""
    for format in ("json", "csv", "ndjson", "xlsx", "parquet"):
        response = client(*ALL).get("/segments/evergreen_power_users/members", params={"format": format})
        assert response.status_code == 200
        assert b"p2@ever.test" not in response.content
    page = client(*ALL).get("/segments/evergreen_power_users/members").json()
    assert page["contactable"]["email"]["opted out"] == 1
    reached = client(*ALL).get("/segments/evergreen_power_users/members", params={"channel": "email"}).json()
    assert reached["members"] == []


def test_files_are_what_they_say_and_read_by_pandas(client: Client) -> None:
    import pandas as pd  # noqa: PLC0415

    api = client(*ALL)
    answer = api.get("/segments/detractors_renewing/members", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="detractors_renewing.csv"'
    assert int(answer.headers["x-kindred-count"]) == len(pd.read_csv(io.StringIO(answer.text))) == 28
    lines = api.get("/segments/detractors_renewing/members", params={"format": "ndjson"})
    assert len(pd.read_json(io.StringIO(lines.text), lines=True)) == 28


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_of_the_documentation_do_what_they_say(address: str, client: Client) -> None:
    """`curl` and `pandas.read_json`, as docs/web.md has them, against this server."""
    page = (ROOT / "docs" / "web.md").read_text("utf-8").replace("http://127.0.0.1:8090", address)
    key = client(*ALL).headers["Authorization"].removeprefix("Bearer ")
    (command,) = re.findall(r"^curl .*$", page, re.MULTILINE)
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    environment = os.environ | {"KEY": key, "NO_PROXY": "127.0.0.1"}
    sent = subprocess.run(["sh", "-c", f"{command} -sS"], env=environment, capture_output=True, text=True, check=True)
    assert len(sent.stdout.splitlines()) == 29
    known: dict[str, Any] = {"key": key}
    exec(program, known)
    assert len(known["people"]) == 28


def test_members_can_be_chosen_by_column_and_confidence(client: Client) -> None:
    params = {"fields": "profile_id, company", "min_confidence": 0.85}
    page = client(*ALL).get("/segments/detractors_renewing/members", params=params).json()
    assert {tuple(row) for row in page["members"]} == {("profile_id", "company")}
    assert len(page["members"]) == 27  # p1 hangs together by .8 only
    refused = client(*ALL).get("/segments/detractors_renewing/members", params={"fields": "compny"})
    assert "did you mean 'company'" in detail(refused, 422)


@pytest.mark.parametrize(
    ("path", "params", "said"),
    [
        ("/segments/lapsed/members", {"colour": "red"}, "There is no parameter 'colour' here"),
        ("/segments/lapsed/changes", {"cursor": "x"}, "There is no parameter 'cursor' here (known: limit, since)."),
        ("/segments", {"limit": "3"}, "There is no parameter 'limit' here; it takes none."),
        ("/segments/lapsed/members", {"format": "csv", "fields": "email"}, "fields goes with format=json"),
        ("/segments/accounts_at_risk/members", {"channel": "email"}, "a channel reaches people; leave it out."),
        ("/segments/accounts_at_risk/members", {"channel": "email", "format": "csv"}, "a channel reaches people"),
    ],
)
def test_what_would_not_be_obeyed_is_refused(client: Client, path: str, params: dict[str, str], said: str) -> None:
    assert said in detail(client(*ALL).get(path, params=params), 422)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"phone": "030 901820"}, "body.phone: write a number that can be dialled, with its country code"),
        ({"source_id": "0035g0000A"}, "body.source_id: a source record is written <source>.<object>:<key>"),
        ({"email": "Nina Brandt"}, "body.email: an address has an @."),
        ({"mail": "p1@acme.test"}, "body.mail: there is nothing of this name here"),
        ("p1@acme.test", "body: a JSON object belongs here"),
    ],
)
def test_who_is_looked_up_in_no_way_that_finds_anybody_is_told_so(client: Client, given: Any, said: str) -> None:
    assert said in detail(client(*WITHOUT_PEOPLE).post("/profiles/lookup", json=given), 422)


def test_a_definition_is_previewed_before_it_is_saved(client: Client) -> None:
    found = client(*ALL).post("/preview", json={"where": "nps_class = 'detractor'"}).json()
    assert found["size"] == 28
    refused = client(*ALL).post("/preview", json={"where": "nps_clas = 'detractor'"})
    assert "nps_class" in detail(refused, 422)


def test_a_fault_of_the_machine_is_a_sentence_and_one_of_our_own_quotes_nothing(
    company: SmallCompany, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for error, status in ((OSError(errno.ENOSPC, "No space left"), 503), (KeyError("p1@acme.test"), 500)):
        monkeypatch.setattr(api_segments, "published_segments", Mock(side_effect=error))
        refused = client(Scope.SEGMENTS_READ).get("/segments")
        assert "p1@acme.test" not in detail(refused, status) + caplog.text
    assert "Please report it" in refused.json()["detail"]
