"""What a change would move is told before it is used, and what was known on a day after it; telling touches nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.activation.syncs import read_syncs
from include.activation.touched import touched
from include.answers.blast_radius import BlastRadius, blast_radius
from include.answers.lookup import Lookup
from include.answers.replay import replayed
from include.answers.trial import try_change
from include.cli.configured import usable
from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.profiles import PROFILE
from include.contracts.runs import Run
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.settings import Settings
from include.pipeline import perform, standing_refs
from include.storage.project import Project
from include.storage.suppression import Suppressed, digest
from tests.export_files import TODAY, Company

NAMES = ("Ada Quill", "Ben Ostrander", "Cleo Zwingli", "Dora Malm", "Ezra Finch", "Fay Tolland")
UNHAPPY = {"key": "unhappy", "name": "Unhappy", "owner": "cs", "purpose": "Call them.", "where": "nps_score <= 6"}
FEW = {**UNHAPPY, "key": "few", "name": "Few"}
USUAL = {"owner": "ops", "schedule": "0 1 * * *", "region": "US", "timezone": "UTC"}
SOURCES = {
    "crm": {**USUAL, "kind": "salesforce_export", "path": "crm", "objects": ["contact"]},
    "nps": {**USUAL, "kind": "delighted_export", "path": "nps", "objects": ["response", "person"]},
}
STAGES = ("resolve", "unify", "measure", "segment")
SYNC = {
    "segment": "unhappy", "owner": "cs", "purpose": "none", "key": {"Id": "profile_id"},
    "fields": {"Score": "nps_score"},
}  # fmt: skip
MAILS = {**SYNC, "purpose": "email_marketing", "key": {"Email": "email"}}  # who answered has no address: nobody is sent


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, new_database: Any) -> Iterator[Project]:
    """Six people, each once in the CRM and once in the survey, scored 4 to 9, of whom readers of the lake know."""
    folder = tmp_path_factory.mktemp("company")
    company = Company(folder)
    people = [(n, *name.split(), f"{name.split()[0].lower()}@norvik.example") for n, name in enumerate(NAMES, 1)]
    company.write(
        "contact", *({"Id": f"003{n}", "FirstName": first, "LastName": last, "Email": email}
                     for n, first, last, email in people),
    )  # fmt: skip
    company.write("person", *({"Person ID": f"{n}", "Email": email} for n, _, _, email in people))
    company.write(
        "response", *({"Response ID": f"{n}", "Person ID": f"{n}", "Score": f"{3 + n}"} for n, *_ in people)
    )  # fmt: skip
    configure(folder / "config", UNHAPPY, FEW)
    with new_database() as url:
        settings = Settings(home=folder / "home", data=folder / "exports", config=folder / "config", warehouse_url=url)
        project = Project(settings)
        company.project = project
        for source in SOURCES:
            company.extract(source)
        let_readers_see(project, TODAY, {}, ("stage", *STAGES, "report"))
        yield project
        project.close()


def let_readers_see(project: Project, day: date, refs: dict[str, Any], stages: tuple[str, ...]) -> None:
    """Run stages as of a day and point the readers of the lake to what they wrote."""
    for stage in stages:
        refs = perform(project, Run(f"{day}", day), stage, refs)["refs"]
    for dataset, ref in refs.items():
        project.lake.point(project.lake.version(dataset, ref["version"]).ref)


def configure(config: Path, *segments: dict[str, Any]) -> Path:
    """A folder of configuration with these segments and one list at a destination."""
    tool = {"kind": "files", "settings": {"url": "file:///srv/out"}, "syncs": {"list": SYNC, "mails": MAILS}}
    files = {
        "sources": {"sources": SOURCES},
        "destinations/tool": tool,
        **{f"segments/{segment['key']}": segment for segment in segments},
    }
    for name, content in files.items():
        place = config / f"{name}.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(yaml.safe_dump(content))
    return config


def told(project: Project, config: Path, *, reports: bool = False) -> tuple[BlastRadius, list[dict[str, Any]]]:
    with try_change(project, config, reports=reports) as tried, tried.trial.engine() as engine:
        return blast_radius(engine, tried), touched(engine, *map(read_syncs, (project.settings.config, config)))


def content(project: Project) -> dict[str, str]:
    lake = project.lake.folder
    assert lake is not None
    return {str(place): hashlib.md5(place.read_bytes()).hexdigest() for place in lake.rglob("*") if place.is_file()}


def test_the_configuration_in_use_moves_nothing(published: Project) -> None:
    found, lists = told(published, published.settings.config, reports=True)
    assert (found.redone, found.segments, found.measures, lists) == ((), [], [], [])
    assert found.profiles["before"] == found.profiles["after"] > 0


def test_a_changed_definition_tells_entries_lists_and_what_would_be_held_and_redoes_only_the_segments(
    published: Project, tmp_path: Path
) -> None:
    before = content(published)
    wider = {"where": "nps_score <= 7"}
    config = configure(tmp_path, {**UNHAPPY, **wider}, {**FEW, **wider, "expected": {"min": 50}})
    with try_change(published, config) as tried, tried.trial.engine() as engine:
        found, folder = blast_radius(engine, tried), tried.trial.folder
        lists = touched(engine, *map(read_syncs, (published.settings.config, config)))
        there = tried.after[SEGMENT_MEMBERSHIP.name]
        assert published.lake.manifest(there.dataset, there.version) is None
    assert found.redone == ("segment",)
    told = {row["segment"]: (row["state"], row["entered"], row["exited"]) for row in found.segments}
    assert told == {"unhappy": ("published", 1, 0), "few": ("held", 1, 0)}
    assert "fewer than the expected 50" in next(row["reason"] for row in found.segments if row["segment"] == "few")
    assert [(row["sync"], row["added"], row["removed"], row["changed"]) for row in lists] == [("list", 1, 0, 0)]
    assert {one["what"] for one in found.examples} == {"enters unhappy", "enters few"}
    assert content(published) == before and not folder.exists()


def test_a_changed_decisions_file_tells_profiles_measures_and_members_and_decides_nothing(
    published: Project, tmp_path: Path
) -> None:
    before = content(published)
    config = configure(tmp_path, UNHAPPY, FEW)
    lines = ["kind,a,b,column,value,author,reason,decided_on",
             "always,crm.contact:0031,crm.contact:0036,,,Nina,one person,2026-03-31"]  # fmt: skip
    (config / "decisions.csv").write_text("\n".join(lines))
    found, lists = told(published, config)
    assert found.redone == ("resolve", "unify", "measure", "segment")
    assert (found.profiles["merged"], found.profiles["before"] - found.profiles["after"]) == (1, 1)
    (merged,) = (row for row in found.moves if row["kind"] == "merged")
    assert merged["profile_id"] != merged["other_profile_id"]
    records = next(row for row in found.measures if (row["level"], row["measure"]) == ("person", "identity_records"))
    assert (records["changed"], records["largest"][0]["before"], records["largest"][0]["after"]) == (1, 1, 2)
    shown = {row["measure"]: bool(row["largest"]) for row in found.attributes if row["level"] == "person"}
    assert shown == {name: not PROFILE.column(name).personal for name in shown}
    assert next(one for one in found.examples if one["what"] == "merged")["full_name"] == "***"
    assert not any(name.split()[1] in json.dumps([asdict(found), lists], default=str) for name in NAMES)
    assert content(published) == before
    with published.warehouse().begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM control.decision").scalar() == 0


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("measures.yaml", "nps: {window_dais: 3}", r"^measures.yaml: .*window_dais.*window_days"),
        ("segments/unhappy.yaml", yaml.safe_dump({**UNHAPPY, "where": "nps_scor <= 6"}), "nps_score"),
        ("retention.yaml", "versions: 1", "versions stay 1 days, but a question to a person waits 48 hours"),
        ("reports.yaml", "chrun: {}", "no key 'chrun' .did you mean 'churn'"),
        ("destinations/tool.yaml", yaml.safe_dump({"kind": "flies", "syncs": {"list": SYNC}}), "did you mean 'files'"),
        ("matching.yaml", "columns: [", r"matching.yaml is not valid YAML \(line 1"),
    ],
)
def test_a_broken_configuration_is_one_sentence(tmp_path: Path, name: str, text: str, message: str) -> None:
    config = configure(tmp_path, UNHAPPY)
    (config / name).write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        usable(Settings(home=tmp_path / "home"), config)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no folder"):
        usable(Settings(home=tmp_path), tmp_path / "nowhere")


def test_before_the_first_publication_there_is_nothing_to_hold_it_against(project: Project) -> None:
    with pytest.raises(ConfigurationError, match="Nothing is published yet"), try_change(project, Path("config")):
        pass
    with pytest.raises(ConfigurationError, match="No identities have been resolved yet; run resolve_identities first"):
        standing_refs(project)


LATER = TODAY + timedelta(days=7)


@pytest.fixture(scope="module")
def merged(published: Project, tmp_path_factory: pytest.TempPathFactory, new_database: Any) -> Iterator[Project]:
    """A copy of the company a week later, when a steward has found that two who answered are one."""
    folder = tmp_path_factory.mktemp("later")
    shutil.copytree(published.settings.home, folder / "home")
    config = configure(folder / "config", UNHAPPY, FEW)
    lines = ["kind,a,b,column,value,author,reason,decided_on",
             "always,nps.respondent:1,nps.respondent:6,,,Nina,one person,2026-03-31"]  # fmt: skip
    (config / "decisions.csv").write_text("\n".join(lines))
    with new_database() as url:
        moved = {"home": folder / "home", "config": config, "warehouse_url": url}
        project = Project(published.settings.model_copy(update=moved))
        refs = {name: ref for name, ref in standing_refs(project).items() if name.startswith("staged/")}
        let_readers_see(project, LATER, refs, STAGES)
        yield project
        project.close()


@pytest.fixture(scope="module")
def ids(merged: Project) -> tuple[str, str]:
    """The profile that carries on, and the one that has merged into it."""
    with merged.engine() as engine:
        lookup = Lookup(engine)
        carries_on = str(lookup.record("nps.respondent:1")["profile_id"])
        (retired,) = lookup.aliases(carries_on)
    return carries_on, retired


def test_a_day_is_answered_with_the_identities_of_then(merged: Project, ids: tuple[str, str]) -> None:
    with replayed(merged, LATER - timedelta(days=1), "then") as then:
        found = [then.profiles(one) for one in ids]
        assert then.day == TODAY and then.segment("unhappy")["size"] == 3
    assert [[one["profile_id"] for one in each] for each in found] == [[ids[0]], [ids[1]]]
    assert {each[0]["measures"]["nps_score"] for each in found} == {4, 9}
    with replayed(merged, LATER, "then") as later:
        for one in ids:
            (same,) = later.profiles(one)
            assert (later.day, same["profile_id"], len(same["records"])) == (LATER, ids[0], 2)


def test_or_with_those_of_today_and_nothing_is_kept_of_it(merged: Project, ids: tuple[str, str]) -> None:
    before = content(merged)
    with replayed(merged, TODAY, "now") as today:
        for one in ids:
            (same,) = today.profiles(one)
            assert (today.day, same["profile_id"], same["measures"]["nps_answers"]) == (TODAY, ids[0], 2)
        unhappy = today.segment("unhappy")
    assert unhappy["size"] == len(unhappy["members"]) == 2 + (ids[0] in unhappy["members"])
    assert content(merged) == before


def test_who_was_erased_is_so_on_every_day(
    merged: Project, ids: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    erased = Suppressed("k" * 16, {digest("k" * 16, "profile", ids[0]): LATER})
    monkeypatch.setattr(Project, "suppressed", lambda self: erased)
    with replayed(merged, TODAY, "then") as then, pytest.raises(UnknownError, match=f"was erased on {LATER}"):
        then.profiles(ids[0])


def test_unknown_profiles_segments_and_days_are_one_sentence(merged: Project) -> None:
    with replayed(merged, TODAY, "then") as then:
        with pytest.raises(UnknownError, match=f"Nobody was known as 'nobody' on {TODAY}"):
            then.profiles("nobody")
        with pytest.raises(UnknownError, match=r"no segment .unhapy. on .*did you mean .unhappy."):
            then.segment("unhapy")
    early = TODAY - timedelta(days=1)
    with pytest.raises(ConfigurationError, match=f"nothing yet on {early}; the first day is {TODAY}"):
        enter(merged, early)
    last = merged.lake.current(SEGMENT_MEMBERSHIP.name)
    assert last is not None and merged.lake.folder is not None
    (merged.lake.folder / SEGMENT_MEMBERSHIP.name / f"{last.inputs['previous']}.json").unlink()
    with pytest.raises(ConfigurationError, match=f"no longer kept; the earliest day that is kept is {LATER}"):
        enter(merged, TODAY)


def enter(project: Project, day: date) -> None:
    with replayed(project, day, "then"):
        pass
