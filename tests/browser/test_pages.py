"""The pages as people use them: in Chromium, by mouse and by keyboard, in both themes, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import key_of
from tests.company import Company

DESK, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
pytestmark = pytest.mark.slow
PAGES = {
    "overview": "/",
    "segments": "/segments",
    "segment": "/segments/detractors_renewing",
    "explorer": "/explorer",
    "people": "/people",
    "review": "/review",
    "person": "/people/p1",
    "why": "/people/p1/why/detractors_renewing",
    "account": "/accounts/a1",
    "quality": "/quality",
    "drift": "/quality/drift",
    "cell": "/segments/grid/detractor/none/0-30",
    "refusal": "/segments/detractor_renewing",
    "reports": "/reports",
    "report": "/reports/nps?part=month",
    "deliveries": "/deliveries",
    "delivery": "/deliveries/to_files",
    "events": "/events",
    "lists": "/lists",
    "access": "/access",
}


def signed_in(page: Page, address: str, key: str) -> Page:
    page.goto(f"{address}/")
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    return page


@pytest.fixture
def page(browser: Browser, address: str, key: str) -> Iterator[Page]:
    with browser.new_context(viewport=DESK) as context:
        yield signed_in(context.new_page(), address, key)


def test_a_marketer_finds_a_segment_and_follows_why_to_the_source_record(page: Page) -> None:
    page.get_by_role("link", name="Segments").click()
    page.get_by_role("link", name="Detractors renewing within 90 days").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Detractors renewing within 90 days")
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_label("which is").fill("p1@acme.test")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nina Brandt")
    page.get_by_label("Why, or why not, in").select_option(label="Detractors renewing within 90 days")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Why in")
    expect(page.get_by_role("code").filter(has_text="nps.response:77").first).to_be_visible()


def test_a_marketer_goes_from_the_grid_to_a_definition_and_takes_it_along(page: Page) -> None:
    page.get_by_role("link", name="Segments").click()
    page.get_by_role("link", name="28 people: NPS detractor, usage none, renewal 0-30").click()
    page.get_by_role("button", name="Open it in the explorer").click()
    expect(page.get_by_role("heading", name="28 people")).to_be_visible()
    page.get_by_label("Measure", exact=True).select_option("title")
    page.get_by_label("Comparison", exact=True).select_option("is unknown")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_label("Condition, in the segment language")).to_have_value(re.compile("and title is null"))
    page.get_by_label("Key", exact=True).fill("unhappy")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download YAML").click()
    assert taken.value.suggested_filename == "unhappy.yaml"
    definition = yaml.safe_load(Path(taken.value.path()).read_text("utf-8"))
    assert definition["where"].endswith("and title is null")


def test_a_marketer_picks_what_people_did_and_sees_who_is_left_out(page: Page) -> None:
    page.get_by_role("link", name="Explorer").click()
    page.get_by_label("Measure", exact=True).select_option("nps_score")
    page.get_by_role("button", name="Which values are there?").click()
    expect(page.get_by_role("status")).to_contain_text("Unknown of 1.")
    page.get_by_label("Comparison", exact=True).select_option("<=")
    page.get_by_label("Value", exact=True).fill("6")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("1 more are left out because too little is known")).to_be_visible()
    page.get_by_text("What somebody did, or did not do").click()
    page.get_by_label("Event", exact=True).select_option("Survey Answered")
    page.get_by_label("When", exact=True).select_option("in the last days")
    page.get_by_label("Days", exact=True).fill("35")
    page.get_by_role("button", name="Add what they did").click()
    found = page.get_by_role("heading", name="27 people")
    expect(found).to_be_visible()
    page.get_by_role("region", name="The same ones each time").get_by_role("link").first.click()
    page.wait_for_url("**/people/*")
    page.go_back()
    expect(found).to_be_visible()
    written = "nps_score <= 6\nand did('Survey Answered', within_last 35 days)"
    expect(page.get_by_label("Condition, in the segment language")).to_have_value(written)


def test_a_marketer_finds_out_what_was_sent_of_whom(page: Page) -> None:
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_role("link", name="to_files").click()
    expect(page.get_by_text("role mailbox")).to_be_visible()
    page.get_by_role("link", name="Detractors renewing within 90 days").click()
    page.get_by_role("link", name="Person 4").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Person 4")
    expect(page.get_by_text("Is withheld from")).to_contain_text("role mailbox")


def test_a_slip_in_a_definition_is_told_beside_it_and_nothing_is_lost(page: Page) -> None:
    page.get_by_role("link", name="Explorer").click()
    page.get_by_label("Condition, in the segment language").fill("nps_clas = 'detractor'")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("alert")).to_contain_text("did you mean 'nps_class'")
    expect(page.get_by_label("Condition, in the segment language")).to_have_value("nps_clas = 'detractor'")


def test_members_are_taken_along_as_a_file(page: Page) -> None:
    page.get_by_role("link", name="Segments").click()
    page.get_by_role("link", name="Detractors renewing within 90 days").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="csv", exact=True).click()
    assert taken.value.suggested_filename == "detractors_renewing.csv"
    assert len(Path(taken.value.path()).read_text("utf-8-sig").splitlines()) == 29


def test_a_steward_decides_by_keyboard_and_takes_it_back(browser: Browser, resolved: Company, resolved_at: str) -> None:
    with browser.new_context(viewport=DESK) as context:
        page = signed_in(context.new_page(), resolved_at, key_of(resolved.project))
        page.get_by_role("link", name="Review").click()
        expect(page.get_by_role("heading", level=2).first).to_contain_text("two people?")
        expect(page.get_by_label("Why (kept with the decision)")).to_be_focused()
        page.get_by_role("button", name="two people?").click()
        expect(page.get_by_role("heading", name="If they were two people")).to_be_visible()
        page.get_by_role("link", name="Back to the question").click()
        expect(page.get_by_label("Why (kept with the decision)")).to_be_focused()
        page.keyboard.type("asked both")
        page.keyboard.press("Enter")  # in the field it decides nothing: which of the two would it be?
        expect(page.get_by_label("Why (kept with the decision)")).to_have_value("asked both")
        for _ in range(2):
            page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Two people", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Saved; the next run obeys it.")
        expect(page.get_by_text("There is nothing to judge.")).to_be_visible()
        page.get_by_role("button", name="Undo").press("Enter")
        expect(page.get_by_label("Why (kept with the decision)")).to_be_visible()


def test_a_link_of_a_profile_is_drawn_when_it_is_opened(browser: Browser, resolved: Company, resolved_at: str) -> None:
    with browser.new_context(viewport=DESK) as context:
        page = signed_in(context.new_page(), resolved_at, key_of(resolved.project))
        page.get_by_role("link", name="People", exact=True).click()
        page.get_by_label("Look for").select_option("source_id")
        page.get_by_label("which is").fill("crm.contact:2")
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Benedict Ostrander")
        drawing = page.get_by_alt_text("Match weights of link 1")
        drawing.scroll_into_view_if_needed()
        expect(drawing).to_have_js_property("complete", True)
        assert drawing.evaluate("image => image.naturalWidth") > 0


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(2):  # past the overview
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Segments")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Segments")


def test_signing_out_ends_it(page: Page, address: str) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{address}/segments")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.fixture(params=[(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A desk or a phone, light or dark; without the policy, for axe is a script."""
    size, theme = request.param
    with browser.new_context(viewport=size, color_scheme=theme, bypass_csp=True) as context:
        yield context


def test_every_page_can_be_read_by_everybody(screen: BrowserContext, address: str, key: str, pictures: Path) -> None:
    """No serious accessibility fault by axe, nothing wider than the screen, no request to another host."""
    page, asked = signed_in(screen.new_page(), address, key), []
    page.on("request", lambda request: asked.append(request.url))
    width = page.evaluate("document.documentElement.clientWidth")
    theme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    for name, path in PAGES.items():
        page.goto(address + path)
        page.screenshot(path=pictures / f"{name}-{width}-{theme}.png", full_page=True)
        faults = [
            f"{fault['id']}: {node['html']}"
            for fault in Axe().run(page).response["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
        assert not faults, (name, faults)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert asked and all(url.startswith(address) for url in asked)


def test_the_policy_lets_no_script_run(page: Page, address: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/segments")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.run = 1\">')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.run") is None
    assert any("Content Security Policy" in text for text in said)
