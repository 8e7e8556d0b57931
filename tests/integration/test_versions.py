"""A stage whose code was edited makes its tables anew, on input that has not changed; one that was not, does not."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.contracts.runs import Run
from include.contracts.settings import ROOT
from include.identity.step import resolve
from include.measures.step import measure
from include.profiles.step import unify
from include.segments.step import segment
from tests.company import FIRST_WEEK, Company
from tests.small_company import SmallCompany, publish

MODULES = {
    resolve: "include.identity.plan",
    unify: "include.profiles.step",
    measure: "include.measures.step",
    segment: "include.segments.step",
}


@pytest.fixture
def company(tmp_path: Path, warehouse_url: str) -> Iterator[Company]:
    shutil.copytree(ROOT / "include" / "config", tmp_path / "config")
    company = Company(tmp_path / "home", tmp_path / "config", warehouse_url)
    yield company
    company.project.close()


def versions(report) -> dict[str, str]:
    return {ref.dataset: ref.version for ref in report.writes}


def test_an_edited_stage_makes_its_tables_anew(company, monkeypatch):
    company.week(*FIRST_WEEK)
    run = Run("again", company.day)
    for stage in (resolve, unify):
        before = stage(company.project, run, company.refs)
        company.refs |= {ref.dataset: ref for ref in before.writes}
        assert versions(stage(company.project, run, company.refs)) == versions(before)
        with monkeypatch.context() as edited:
            edited.setattr(f"{MODULES[stage]}.code_of", lambda module: "edited")
            after = versions(stage(company.project, run, company.refs))
        assert all(after[name] != version for name, version in versions(before).items())


def test_edited_measures_and_segments_are_made_anew(tmp_path, warehouse_url, monkeypatch):
    company = SmallCompany(tmp_path, warehouse_url=warehouse_url)
    company.account("a1", name="Acme")
    company.person("p1", account_id="a1")
    refs, run = company.save(), company.run()
    for stage in (measure, segment):
        before = stage(company.project, run, refs)
        refs |= publish(company.project, before)
        assert versions(stage(company.project, run, refs)) == versions(before)
        with monkeypatch.context() as edited:
            edited.setattr(f"{MODULES[stage]}.code_of", lambda module: "edited")
            after = versions(stage(company.project, run, refs))
        assert all(after[name] != version for name, version in versions(before).items())
    company.project.close()
