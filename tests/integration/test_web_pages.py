"""The pages over real HTTP, as a browser gets them: who is let in, what they show, and what attackers try."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from include.contracts import identity, profiles
from include.contracts.access import Scope
from include.contracts.settings import SHIPPED
from include.storage.control.tables import ACCESS_LOG, AUDIT_RESULT, PUBLICATION
from include.web import keys
from include.web.serve import standalone
from tests.small_company import AS_OF, SmallCompany
from tests.web_company import NewDatabase, days_ago, people_of, published, published_company, serving

ALL = tuple(scope.value for scope in Scope)
PAGES = ("/", "/segments", "/segments/detractors_renewing", "/segments/accounts_at_risk", "/people", "/people/p1",
         "/explorer", "/people/p3", "/people/p1/why/detractors_renewing", "/people/p1/why/lapsed", "/accounts/a1",
         "/quality", "/quality/drift", "/segments/grid/detractor/none/0-30", "/segments/grid/promoter/power/none",
         "/accounts/a2", "/reports", "/reports/nps", "/reports/churn", "/deliveries", "/deliveries/to_files",
         "/events", "/lists", "/access")  # fmt: skip


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[SmallCompany]:
    with published_company(tmp_path_factory.mktemp("pages"), new_database) as company:
        yield company


@pytest.fixture(scope="module")
def address(company: SmallCompany) -> Iterator[str]:
    with serving(standalone(company.project)) as address:
        yield address


def key_of(company: SmallCompany, *scopes: str) -> str:
    return keys.create(company.project.warehouse(), "Marketing", scopes, days=1, author="me")


@pytest.fixture(scope="module")
def browser(company: SmallCompany, address: str) -> Iterator[httpx.Client]:
    """Somebody who signed in with all scopes."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
        landed = client.post("/sign-in", data={"key": key_of(company, *ALL), "next": "/segments"})
        assert landed.url.path == "/segments"
        yield client


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_asks_no_other_host(browser: httpx.Client, path: str) -> None:
    page = browser.get(path)
    assert page.status_code == 200, page.text
    assert "Traceback" not in page.text and "None<" not in page.text
    assert page.text.count("<h1>") == 1
    places = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
    assert places and all(place.startswith(("/", "#")) and not place.startswith("//") for place in places)
    assert "<script" not in page.text and " style=" not in page.text and not re.search(r" on\w+=", page.text)


def test_the_list_of_segments_says_how_many_may_be_contacted(browser: httpx.Client) -> None:
    assert re.search(
        r"Detractors renewing within 90 days.*?28 by email<br>1 by phone", browser.get("/segments").text, re.DOTALL
    )


@pytest.mark.parametrize("path", PAGES)
def test_every_page_sends_the_unknown_to_sign_in(address: str, path: str) -> None:
    answer = httpx.get(address + path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")


def test_signing_in_leads_back_to_the_very_page(browser: httpx.Client, company: SmallCompany, address: str) -> None:
    """Its part of a report, say; and to the page of a form, never to where that was sent."""
    asked = "/reports/nps?part=month&by=all"
    sent = httpx.get(address + asked, follow_redirects=True)
    landed = browser.post("/sign-in", data={"key": key_of(company, *ALL), **dict(sent.url.params)})
    assert (landed.status_code, landed.url.raw_path.decode()) == (200, asked)
    for referer, place in ((f"{address}/review?skip=1", "/review%3Fskip%3D1"), ("http://[", "/")):
        answer = httpx.post(f"{address}/review/decide", headers={"Referer": referer})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={place}")


def test_a_page_that_needs_more_than_one_may_says_so(company: SmallCompany, address: str) -> None:
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        client.post("/sign-in", data={"key": key_of(company, Scope.SEGMENTS_READ, Scope.PROFILES_READ)})
        refused = client.get("/people/p1")
        assert (refused.status_code, "pii:read" in refused.text, "Nina" in refused.text) == (403, True, False)
        assert "Person 4" not in client.get("/segments/detractors_renewing").text


def test_signing_in_with_a_wrong_key_says_so_and_lets_nobody_in(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        refused = client.post("/sign-in", data={"key": "kd_00000000_wrong"})
        assert (refused.status_code, "unknown" in refused.text, client.cookies.jar) != (200, False, None)
        assert client.get("/segments").status_code == 303


def test_a_key_taken_back_ends_the_session_at_once(company: SmallCompany, address: str) -> None:
    key = key_of(company, *ALL)
    with httpx.Client(base_url=address) as client:
        client.post("/sign-in", data={"key": key})
        assert client.get("/segments").status_code == 200
        keys.revoke(company.project.warehouse(), key.split("_")[1])
        assert client.get("/segments").status_code == 303


@pytest.mark.parametrize(
    "place", ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/a\r\nX: y"]
)
def test_signing_in_never_leads_to_another_host(company: SmallCompany, address: str, place: str) -> None:
    answer = httpx.post(f"{address}/sign-in", data={"key": key_of(company, *ALL), "next": place})
    assert answer.headers["location"] == "/"


def test_the_session_cookie_is_for_this_site_alone(company: SmallCompany, address: str) -> None:
    cookie = httpx.post(f"{address}/sign-in", data={"key": key_of(company, *ALL)}).headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie


@pytest.mark.parametrize("cookie", ["", "x", "00000000.aaaaaa.bbbbbb"])
def test_a_forged_session_is_nobody(address: str, cookie: str) -> None:
    assert httpx.get(f"{address}/segments", cookies={"kindred_session": cookie}).status_code == 303


def test_forms_of_other_sites_are_refused(browser: httpx.Client, company: SmallCompany, address: str) -> None:
    looked = {"by": "email", "value": "p1@acme.test"}
    assert browser.post("/people", data=looked | {"token": "0" * 64}).status_code == 403
    assert browser.post("/people", data=looked).status_code == 403
    assert browser.post("/sign-out", data={"token": "x"}).status_code == 403
    foreign = {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}
    assert httpx.post(f"{address}/sign-in", data={"key": key_of(company, *ALL)}, headers=foreign).status_code == 403


def test_every_form_is_refused_without_its_token_whatever_else_it_holds(
    company: SmallCompany, browser: httpx.Client, address: str
) -> None:
    """A walk of the routes, so that a new form cannot be forgotten; and every form of every page carries one."""
    app = standalone(company.project)
    posted = [route.path for route in app.routes if isinstance(route, APIRoute) and "POST" in route.methods]
    forms = [path for path in posted if not path.startswith("/api/") and path != "/sign-in"]
    assert len(forms) >= 6
    for path in forms:
        for token in ({}, {"token": ""}, {"token": "0" * 64}):
            assert browser.post(path, data={"value": "x", **token}).status_code == 403, path
    assert browser.get("/segments").url.path == "/segments"  # still signed in
    for path in PAGES:
        for form in re.findall(r'<form method="post".*?</form>', browser.get(path).text, re.DOTALL):
            assert re.search(r'name="token" value="[0-9a-f]{64}"', form), (path, form)


def test_nothing_personal_is_logged_or_stands_in_an_address(
    company: SmallCompany, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Found, shown, refused and failed alike."""
    caplog.set_level(logging.INFO)
    asked: list[str] = []
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        client.event_hooks["request"] = [lambda request: asked.append(str(request.url))]
        client.post("/sign-in", data={"key": key_of(company, *ALL)})
        token = token_of(client.get("/people"))
        for by, value in (("email", "p1@acme.test"), ("phone", "+4930123456"), ("source_id", "nina@brandt.test")):
            client.post("/people", data={"by": by, "value": value, "token": token})
        client.post("/explorer", data={"where": "title = 'Nina Brandt", "token": token})
        client.post("/api/v1/profiles/lookup", json={"email": "p1@acme.test", "phone": "+4930123456"})
        client.get("/segments/detractors_renewing")
    for personal in ("p1@acme", "4930123456", "Nina", "brandt.test"):
        assert personal not in caplog.text
        assert not any(personal in url for url in asked)


def test_a_person_is_found_by_address_and_followed_to_the_source_record(browser: httpx.Client) -> None:
    token = token_of(browser.get("/people"))
    person = browser.post("/people", data={"by": "email", "value": "p1@acme.test", "token": token})
    assert person.url.path == "/people/p1"
    assert "Nina Brandt" in person.text
    why = browser.get("/people/p1/why-in", params={"segment": "detractors_renewing"})
    assert why.url.path == "/people/p1/why/detractors_renewing"
    assert "nps.response:77" in why.text
    nobody = browser.post("/people", data={"by": "phone", "value": "+49000", "token": token})
    assert "Nobody carries it" in nobody.text and "+49000" not in nobody.text


def test_what_must_not_be_contacted_is_not_on_the_page(browser: httpx.Client) -> None:
    for profile, value in (("p2", "p2@ever.test"), ("p3", "p3@gone.test")):
        assert value not in browser.get(f"/people/{profile}").text


def test_values_of_customers_are_text_and_never_markup(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> None:
    with new_database() as url:
        company = SmallCompany(tmp_path_factory.mktemp("markup"), warehouse_url=url)
        evil = '<script>alert(1)</script>"{{ 7*7 }}'
        company.account("a1", name=evil)
        company.person("p1", account_id="a1", full_name=evil, company=evil, title=evil)
        company.add(identity.ALIAS, alias_id="p0", profile_id="p1")
        company.add(profiles.PROFILE_IDENTIFIER, profile_id="p1", type="user_id", value=evil)
        published(company)
        with serving(standalone(company.project)) as address, httpx.Client(base_url=address) as client:
            client.post("/sign-in", data={"key": key_of(company, *ALL)})
            for path in ("/people/p1", "/accounts/a1"):
                page = client.get(path)
                assert "<script" not in page.text and "49" not in page.text.partition("<h1>")[2].partition("</h1>")[0]
                assert evil in unescape(page.text)
        company.project.close()


@pytest.mark.parametrize(
    "path", ["/segments/nope", "/people/nobody", "/accounts/none", "/people/p1/why/nope", "/nowhere"]
)
def test_what_is_not_there_is_a_page_that_says_so(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "path", ["/segments/' OR 1=1 --", "/people/%27;DROP TABLE x--", "/static/../app.py", "/static/%2e%2e/app.py"]
)
def test_injections_find_nothing(browser: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code == 404


NAMES = ("Nina Brandt", "Person 4", "Ola")


def test_whoever_sees_a_name_is_in_the_access_log(company: SmallCompany, address: str) -> None:
    """A page that shows somebody is noted, whichever page it is; so a new one cannot be forgotten."""
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        client.post("/sign-in", data={"key": key_of(company, *ALL)})
        shown = 0
        for path in PAGES:
            before, page = reads(company), client.get(path)
            if any(name in page.text for name in NAMES):
                shown += 1
                assert reads(company) > before, path
        assert shown >= 5


def reads(company: SmallCompany) -> int:
    with company.project.warehouse().begin() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(ACCESS_LOG)).scalar_one())


@pytest.mark.parametrize("path", PAGES)
def test_without_the_scope_no_page_shows_a_name(company: SmallCompany, address: str, path: str) -> None:
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        client.post("/sign-in", data={"key": key_of(company, Scope.SEGMENTS_READ, Scope.PROFILES_READ)})
        page = client.get(path)
        assert page.status_code in (200, 403)
        assert not any(name in page.text for name in NAMES)


def test_a_cell_of_the_grid_leads_to_its_people_and_on_to_the_explorer(browser: httpx.Client) -> None:
    assert "/segments/grid/detractor/none/0-30" in browser.get("/segments").text
    cell = browser.get("/segments/grid/detractor/none/0-30")
    assert "<b>28</b> people" in cell.text
    where = "nps_class = 'detractor'\nand usage_tier = 'none'\nand renewal_bucket = '0-30'"
    tried = browser.post("/explorer", data={"where": where, "token": token_of(cell), "action": "try"})
    assert "28 people" in tried.text
    assert browser.get("/segments/grid/detractor/none/soon").status_code == 404


def test_the_explorer_tells_how_many_reached_each_step_of_a_sequence(browser: httpx.Client) -> None:
    where = "did('Signed In') then within 7 days did('Report Published')"
    sent = {"where": where, "token": token_of(browser.get("/explorer")), "action": "try"}
    page = unescape(browser.post("/explorer", data=sent).text)
    (table,) = re.findall(r"How many reached each step of.*?</table>", page, re.DOTALL)
    steps = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]
    assert [row[-1] for row in steps[1:]] == ["0", "unknown"]  # nobody has; a share of nobody is not known
    assert "did('Report" in steps[2]


def test_an_account_shows_its_people_seats_and_contracts(browser: httpx.Client) -> None:
    page = browser.get("/accounts/a1")
    assert re.search(r"<b>-100</b> NPS, of 28 answers", page.text)
    assert "Nina Brandt" in page.text and "in 20 days" in page.text
    assert "crm.contract:0" in browser.get("/accounts/a1/contracts.svg").text


def test_a_segments_trend_is_drawn_from_its_history(tmp_path: Path, new_database: NewDatabase) -> None:
    with published_company(tmp_path, new_database) as company:
        company.answer("p4", 10, days_ago(1))
        published(company, AS_OF + timedelta(days=1))
        with serving(standalone(company.project)) as address, httpx.Client(base_url=address) as client:
            client.post("/sign-in", data={"key": key_of(company, *ALL)})
            assert 'aria-label="From 28 to 27 in 2 evaluations"' in client.get("/segments").text
            page = client.get("/quality").text
            assert "This version and the one before" in page and "share of people with nps" in page


def test_drift_is_shown_with_its_range_its_verdict_and_its_days(company: SmallCompany, browser: httpx.Client) -> None:
    (now,) = [row["version"] for row in company.project.ledger().publications(10) if row["is_current"]]
    before = [f"before{n}" for n in range(3)]
    rows = {"table_name": "crm.contact", "expectation": "drift_rows", "column_name": "", "level": "table"}
    nulls = {"table_name": "crm.lead", "expectation": "drift_nulls", "column_name": "phone", "level": "warn"}
    judged = {"rows": 400, "distance": 600, "allowed": 300, "days": 20, "was.value": 1000}
    with company.project.warehouse().begin() as connection:
        for n, version in enumerate(before, 1):
            facts = {"run_id": "x", "as_of": AS_OF - timedelta(days=n), "published_at": days_ago(n)}
            connection.execute(sa.insert(PUBLICATION).values(version=version, is_current=False, **facts))
        for version, value in [(now, 400), *((version, 1000) for version in before)]:
            observed = {"is.value": value, **(judged if version == now else {"rows": value})}
            found = {"version": version, "success": version != now, "unexpected": 0, "observed": observed}
            connection.execute(sa.insert(AUDIT_RESULT).values(**rows, **found))
        young = {"is.value": 0.25, "rows": 80, "days": 3}
        connection.execute(
            sa.insert(AUDIT_RESULT).values(**nulls, version=now, success=True, unexpected=0, observed=young)
        )
    try:
        page, all_of_them = browser.get("/quality").text, browser.get("/quality/drift").text
    finally:
        with company.project.warehouse().begin() as connection:
            connection.execute(sa.delete(PUBLICATION).where(PUBLICATION.c.version.in_(before)))
            connection.execute(sa.delete(AUDIT_RESULT).where(AUDIT_RESULT.c.version.in_([now, *before])))
    assert "<p>1 of 2 figures that are watched are out of the range of the weeks before; 1 have too little" in page
    row = '<td>crm.contact</td><td class="number">400</td><td class="number">700 – 1,300</td>'
    for shown in (page, all_of_them):
        assert row + '<td><span class="bad">out of range, holds</span></td>' in shown
        assert f'aria-label="4 days from {AS_OF - timedelta(days=3)} to {AS_OF}"' in shown
    assert "crm.lead.phone" not in page
    assert '<td class="number">25.0%</td><td class="number">not judged yet (3 like days)</td>' in all_of_them


def test_data_docs_are_shown_and_nothing_beside_them(company: SmallCompany, browser: httpx.Client) -> None:
    folder = company.project.settings.home / "docs" / "data_docs"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Audit</title><style>b{}</style>")
    (folder.parent / "secret.html").write_text("secret")
    assert "data docs" in browser.get("/quality").text
    shown = browser.get("/quality/docs/index.html")
    assert "Audit" in shown.text
    assert "script" not in shown.headers["content-security-policy"]
    for name in ("secret", "..%2Fsecret", "../secret", "%2e%2e/secret", "profile", "A"):
        assert browser.get(f"/quality/docs/{name}.html").status_code in (404, 422)


def test_what_a_segment_rests_on_is_said(tmp_path: Path, warehouse_url: str) -> None:
    """How much of the opens is unknown, the curve by which too many mails are told, and what is wrong with its file."""
    config = Path(shutil.copytree(SHIPPED, tmp_path / "config"))
    (config / "segments" / "broken.yaml").write_text("key: broken\nwhere: nps_scor > 3\n", "utf-8")
    company = people_of(tmp_path, warehouse_url, config)
    for n in range(4, 31):
        company.mail(f"p{n}", "sent", days_ago(3))
        company.mail(f"p{n}", "open", days_ago(2), actor="unknown" if n > 20 else "human")
    published(company)
    with serving(standalone(company.project)) as address, httpx.Client(base_url=address) as client:
        client.post("/sign-in", data={"key": key_of(company, *ALL)})
        saturated = client.get("/segments/saturated").text
        assert "depends on email opens" in saturated and "37.0% may be" in saturated
        assert "What mails lead to" in saturated
        assert "opens of 28 days may be a person&#39;s or a machine&#39;s" in client.get("/").text
        for page in ("/segments", "/segments/broken"):
            told = client.get(page).text
            assert "broken.yaml" in told and ">None<" not in told
        assert "Its file cannot be read" in client.get("/segments/broken").text
    company.project.close()


def test_a_cell_finds_people_also_where_no_source_tells_of_use_or_renewals(tmp_path: Path, warehouse_url: str) -> None:
    company = SmallCompany(tmp_path, warehouse_url=warehouse_url)
    company.lacking |= {"usage_event", "contract"}
    company.account("a1", name="Acme")
    company.person("p1", full_name="Ola", account_id="a1")
    company.add(profiles.PROFILE_IDENTIFIER, profile_id="p1", type="email", value="ola@acme.test")
    company.answer("p1", 2, days_ago(30))
    published(company)
    with serving(standalone(company.project)) as address, httpx.Client(base_url=address) as client:
        client.post("/sign-in", data={"key": key_of(company, *ALL)})
        assert "/segments/grid/detractor/unknown/unknown" in client.get("/segments").text
        cell = unescape(client.get("/segments/grid/detractor/unknown/unknown").text)
        assert "Ola" in cell and "usage_tier is null\nand renewal_bucket is null" in cell
    company.project.close()


def test_what_was_sent_of_whom_and_what_was_withheld_is_told_of_the_list_and_of_the_person(
    browser: httpx.Client,
) -> None:
    assert "/deliveries/to_files" in browser.get("/deliveries").text
    of_list = browser.get("/deliveries/to_files").text
    assert "role mailbox" in of_list and "It has no such field" in of_list and "p1@acme" not in of_list
    assert "/deliveries/to_files" in browser.get("/segments/detractors_renewing").text
    assert re.search(r"Is on <a[^>]*>to_files</a>", browser.get("/people/p1").text)
    assert re.search(
        r"withheld from <a[^>]*>to_files</a> since 2026-11-20 07:00 UTC: role", browser.get("/people/p4").text
    )
    assert browser.get("/deliveries/nowhere").status_code == 404


def test_the_reader_of_the_access_log_finds_who_read_of_whom(company: SmallCompany, browser: httpx.Client) -> None:
    browser.get("/people/p3", headers={"X-Reason": "ticket 17"})
    shown = browser.get("/access", params={"subject": "p3"}).text
    assert "ticket 17" in shown and "page /people" in shown and "detractors_renewing" not in shown
    assert "Nobody has read such" in browser.get("/access", params={"caller": "nobody"}).text
    assert "Nobody has read such" in browser.get("/access", params={"until": "2001-01-01"}).text
    assert browser.get("/access", params={"before": "x"}).status_code == 400
    for day in ("2026-13-40", "tomorrow"):
        assert browser.get("/access", params={"since": day}).status_code == 422


def test_older_reads_are_on_further_pages_each_once(company: SmallCompany, browser: httpx.Client) -> None:
    with company.project.warehouse().begin() as connection:
        for n in range(205):
            entry = {"access_id": f"id{n:03}", "read_at": days_ago(400), "caller": "key x (many)", "action": "GET",
                     "subject": "many", "profiles": 1}  # fmt: skip
            connection.execute(sa.insert(ACCESS_LOG).values(**entry, reason=f"reason {n:03}."))
    found, place = list[str](), "/access?caller=many"
    while place:
        page = unescape(browser.get(place).text)
        found += re.findall(r"reason \d+\.", page)
        (place,) = re.findall(r'href="([^"]+)">Older reads', page) or ("",)
    assert len(found) == 205 and found == sorted(set(found), reverse=True)


def test_what_can_be_asked_is_told(company: SmallCompany, tmp_path: Path, warehouse_url: str) -> None:
    """Events with those that nobody has declared, and lists with their age; one that cannot be read says why."""
    config = tmp_path / "config"
    shutil.copytree(company.project.settings.config, config)
    (config / "lists").mkdir()
    (config / "lists" / "fair.yaml").write_text("name: Spring fair\nof: email\ndated: 2026-05-01\ngood_for_days: 30\n")
    (config / "lists" / "fair.csv").write_text("Email\nP1@acme.test\nstranger@x.test\n")
    (config / "lists" / "broken.yaml").write_text("name: Broken\ndated: 2026-05-01\n")
    other = people_of(tmp_path / "home", warehouse_url, config)
    published(other)
    with serving(standalone(other.project)) as address, httpx.Client(base_url=address) as client:
        client.post("/sign-in", data={"key": key_of(other, *ALL)})
        events = client.get("/events").text
        assert "Signed In" in events and "Report Run" in events.partition("nobody has declared")[2]
        lists = unescape(client.get("/lists").text)
        assert "Spring fair" in lists and "too old" in lists and "stranger" not in lists
        assert "there is no file broken.csv" in lists
    other.project.close()


def test_charts_are_drawings_of_their_own(browser: httpx.Client) -> None:
    for path in ("/segments/detractors_renewing/size.svg", "/accounts/a1/contracts.svg"):
        drawing = browser.get(path)
        assert drawing.headers["content-type"] == "image/svg+xml"
        assert drawing.text.startswith("<svg")
