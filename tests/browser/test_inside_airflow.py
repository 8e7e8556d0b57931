"""The pages inside Airflow: signed in there, reached by its navigation, for its users by their permissions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from include.launch.api import Airflow
from include.launch.environment import USER, airflow_environment, free_port, password
from include.launch.layout import Layout
from include.launch.processes import Processes
from include.launch.services import AIRFLOW, wait_for
from include.storage.control.tables import ACCESS_LOG
from tests.small_company import SmallCompany

pytestmark = pytest.mark.slow
READ_LOG = sa.select(ACCESS_LOG.c.caller, ACCESS_LOG.c.subject)


@pytest.fixture(scope="module")
def airflow_at(
    browser: Browser, company: SmallCompany, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[str]:
    """Airflow's API server on the company's warehouse, as `make up` starts it; without a browser, none is started."""
    settings = company.project.settings
    layout, port = Layout(settings.home), free_port()
    password(layout)
    with new_database() as metadata, Processes(layout.logs) as processes:
        database = metadata.replace("+psycopg", "+psycopg2")
        environment = airflow_environment(settings, layout, database=database, port=port)
        processes.finish(processes.start("migrate", [*AIRFLOW, "db", "migrate"], environment))
        processes.start("api-server", [*AIRFLOW, "api-server"], environment)
        airflow = Airflow(f"http://127.0.0.1:{port}")
        wait_for(airflow.answers, processes, "Airflow's API to answer")
        airflow.close()
        yield airflow.url


@pytest.fixture
def page(browser: Browser, company: SmallCompany, airflow_at: str) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        context.set_default_timeout(120_000)  # Airflow's own pages are slow to come the first time on a machine at work
        page = context.new_page()
        page.goto(airflow_at)
        page.get_by_label("Username").fill(USER)
        page.get_by_label("Password").fill(password(Layout(company.project.settings.home)))
        page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
        yield page


def test_a_user_of_airflow_goes_from_its_navigation_to_a_person_and_is_in_the_log(
    page: Page, company: SmallCompany, pictures: Path
) -> None:
    page.get_by_role("link", name="Kindred").click()
    kindred = page.frame_locator("iframe")
    expect(kindred.get_by_role("heading", level=1)).to_have_text("Overview")
    assert not kindred.get_by_role("button", name="Sign out").count()  # Airflow's own does that
    kindred.get_by_role("link", name="Segments").click()
    kindred.get_by_role("link", name="Detractors renewing within 90 days").click()
    expect(kindred.get_by_role("heading", level=1)).to_have_text("Detractors renewing within 90 days")
    page.screenshot(path=pictures / "airflow.png")
    kindred.get_by_role("link", name="People", exact=True).click()
    kindred.get_by_label("which is").fill("p1@acme.test")
    kindred.get_by_role("button", name="Find").click()
    expect(kindred.get_by_role("heading", level=1)).to_have_text("Nina Brandt")
    with company.project.warehouse().begin() as connection:
        assert (f"Airflow user {USER}", "p1") in {tuple(row) for row in connection.execute(READ_LOG)}


def test_nobody_gets_in_without_signing_in_to_airflow(browser: Browser, airflow_at: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{airflow_at}/kindred/people/p1")
        expect(page.get_by_label("Username")).to_be_visible()
        refused = context.request.get(f"{airflow_at}/kindred/api/v1/segments")
        assert (refused.status, "Nina" in refused.text()) == (401, False)
