"""A real browser on a small published company."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from include.contracts.access import Scope
from include.storage.project import Project
from include.web import keys
from include.web.serve import standalone
from tests.company import Company
from tests.small_company import SmallCompany
from tests.web_company import published_company, resolved_company, serving

expect.set_options(timeout=60_000)  # a machine at work is slow to answer the first time; what fails waits, nothing else
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """Where Chromium is, if it is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests are skipped, and on CI they fail."""
    place = chromium()
    if place is None:
        said = "There is no Chromium here; install it (Debian: apt-get install chromium) to run the tests of the pages."
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def company(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[SmallCompany]:
    with published_company(tmp_path_factory.mktemp("browser"), new_database) as company:
        yield company


@pytest.fixture(scope="session")
def address(company: SmallCompany) -> Iterator[str]:
    with serving(standalone(company.project)) as address:
        yield address


@pytest.fixture(scope="session")
def key(company: SmallCompany) -> str:
    return key_of(company.project)


def key_of(project: Project) -> str:
    """A key with every scope."""
    return keys.create(project.warehouse(), "Marketing", [scope.value for scope in Scope], days=1, author="me")


@pytest.fixture(scope="session")
def resolved(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[Company]:
    """A company whose profiles the engine found, with a pair to judge."""
    with resolved_company(tmp_path_factory.mktemp("resolved"), new_database) as company:
        yield company


@pytest.fixture(scope="session")
def resolved_at(resolved: Company) -> Iterator[str]:
    with serving(standalone(resolved.project)) as address:
        yield address


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go, to be looked at: the folder that PICTURES names, else one of pytest's."""
    chosen = os.environ.get("PICTURES")
    return Path(chosen) if chosen else tmp_path_factory.mktemp("pictures")
