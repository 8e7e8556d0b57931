"""Makes the README's pictures again, of the sample company.

Remove `.kindred`, then `python -m tests.browser.pictures run`, which is
`make run` with its summary drawn to docs/pictures/run.svg. Then `make web`, and beside it
`python -m tests.browser.pictures KEY`: docs/pictures/pages-*.png, from the pages that it serves.
"""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright
from rich.console import Console

from include.contracts.settings import ROOT
from include.launch import commands
from include.launch.layout import settings_for
from tests.browser.conftest import chromium

PICTURES = ROOT / "docs" / "pictures"
WIDTH = 1000
# page, the heading to begin at, how it is named, and how high it is
SHOTS = (
    ("/segments", "All people between NPS, use and renewal", "grid", 640),
    ("person", "Timeline", "person", 1000),
)


def run() -> None:
    """Run the pipeline as `make run` does, and draw what it ends with."""
    told = commands._run(settings_for(None, schedules=False), Console(stderr=True), None, simulated=False)
    console = Console(record=True, width=100, quiet=False, file=sys.stderr)
    console.print(told, highlight=False, crop=False)
    console.save_svg(str(PICTURES / "run.svg"), title="make run")


def pages(key: str, address: str = "http://127.0.0.1:8090") -> None:
    """Sign in and take the pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/sign-in")
        page.get_by_label("Your key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        for place, heading, name, height in SHOTS:
            page.set_viewport_size({"width": WIDTH, "height": height})
            page.goto(f"{address}/segments/detractors_renewing" if place == "person" else address + place)
            if place == "person":
                page.locator("table a[href*='/people/']").first.click()
            page.get_by_role("heading", name=heading).wait_for()
            page.wait_for_load_state("networkidle")
            page.get_by_role("heading", name=heading).evaluate("heading => heading.scrollIntoView()")
            page.screenshot(path=PICTURES / f"pages-{name}.png")
        browser.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["run"]:
        run()
    else:
        pages(*sys.argv[1:])
