"""Takes the README's pictures of the pages from a server that serves the sample company.

`make run && make web`, and beside it `python -m tests.browser.pictures KEY`: writes docs/pictures/pages-*.png.
"""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright

from include.contracts.settings import ROOT
from tests.browser.conftest import chromium

SIZE = {"width": 1000, "height": 640}
# page, the heading to begin at, and how it is named
SHOTS = (("/segments", "All people between NPS, use and renewal", "grid"), ("person", "Timeline", "person"))


def main(key: str, address: str = "http://127.0.0.1:8090") -> None:
    """Sign in and take the pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.goto(f"{address}/sign-in")
        page.get_by_label("Your key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        for place, heading, name in SHOTS:
            page.goto(f"{address}/segments/detractors_renewing" if place == "person" else address + place)
            if place == "person":
                page.locator("table a[href*='/people/']").first.click()
            page.get_by_role("heading", name=heading).wait_for()
            page.wait_for_load_state("networkidle")
            page.get_by_role("heading", name=heading).evaluate("heading => heading.scrollIntoView()")
            page.screenshot(path=ROOT / "docs" / "pictures" / f"pages-{name}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
