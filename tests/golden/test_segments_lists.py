"""Lists that somebody brought: whom their rows stand for, which stand for nobody, and when they are too old."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from include.cli.app import _application
from include.contracts.errors import DefinitionError
from include.contracts.events import read_events
from include.contracts.identity import CROSSWALK
from include.contracts.profiles import PROFILE_IDENTIFIER
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.measures.step import measure
from include.segments.catalog import load_beside
from include.segments.language import parse
from include.segments.preview import preview
from include.segments.step import segment
from include.storage.readers import lake_reader
from tests.small_company import AS_OF, SmallCompany, publish, read

LISTS = {
    "webinar-attendees": ("email", 'Name,Email\nAnn,ANN@x.test\n"Bo\nTwo",nobody@x.test\nDi, di@x.test \n,\n'),
    "callers": ("phone", "Phone\n030 1234567\n+1 415 555 0144\nnone\n"),
    "ids": ("source_id", "Id\ncrm.contact:1\n7\n8\n"),
}


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    """Ann and Di share an address; Bo has a number, and user id 7; two people have a record 8, of two sources."""
    folder = tmp_path / "config" / "lists"
    folder.mkdir(parents=True)
    (tmp_path / "config" / "segments").mkdir()
    for key, (of, content) in LISTS.items():
        settings: dict[str, Any] = {"name": key, "of": of, "dated": AS_OF.isoformat(), "good_for_days": 30}
        settings |= {"column": "Email"} if of == "email" else {"region": "DE"} if of == "phone" else {}
        (folder / f"{key}.yaml").write_text(json.dumps(settings))
        (folder / f"{key}.csv").write_text(content)
    company = SmallCompany(tmp_path / "home", tmp_path / "config")
    company.person("ann", "crm.contact:1", "crm.lead:8")
    company.person("bo", "usage.user:8")
    company.person("di")
    for profile, kind, value in (
        ("ann", "email", "ann@x.test"),
        ("di", "email", "ann@x.test"),
        ("di", "email", "di@x.test"),
        ("bo", "phone", "+49301234567"),
        ("bo", "user_id", "7"),
    ):
        company.add(PROFILE_IDENTIFIER, profile_id=profile, type=kind, value=value, source="crm", records=1,
                    is_primary=True)  # fmt: skip
    return company


def define(company: SmallCompany, where: str) -> Path:
    definition = {"key": "invited", "name": "x", "owner": "x", "purpose": "x", "where": where}
    path = company.project.settings.config / "segments" / "invited.yaml"
    path.write_text(json.dumps(definition))
    return path


def measured(company: SmallCompany, days: int = 0) -> dict[str, Any]:
    refs = company.save()
    for ref in refs.values():
        company.project.lake.point(ref)
    return refs | publish(company.project, measure(company.project, company.run(AS_OF + timedelta(days=days)), refs))


@pytest.mark.parametrize(
    ("key", "members"), [("webinar-attendees", ["ann", "di"]), ("callers", ["bo"]), ("ids", ["ann", "bo"])]
)
def test_a_run_finds_the_people_of_a_list(company: SmallCompany, key: str, members: list[str]) -> None:
    define(company, f"in_list('{key}')")
    found = segment(company.project, company.run(), measured(company))
    assert [row["member_id"] for row in read(company.project, SEGMENT_MEMBERSHIP, found)] == members


def test_a_preview_says_which_lines_stand_for_nobody_and_names_nobody(company: SmallCompany) -> None:
    define(company, "has_email")
    publish(company.project, segment(company.project, company.run(), measured(company)))
    path = define(company, "in_list('webinar-attendees') and not in_list('ids')")
    with lake_reader(company.project) as reader:
        found = preview(reader, load_beside(path, company.project.settings.config)[0])
    assert found.size == 1
    assert "Of the 3 rows of the list 'webinar-attendees', 1 stands for nobody known: line 4." in found.doubts
    assert "Of the 3 rows of the list 'ids', 1 stands for nobody known: line 4." in found.doubts
    assert "nobody@" not in json.dumps(found.to_dict(), default=str)
    environment = {"KINDRED_HOME": str(company.project.settings.home), "KINDRED_CONFIG": str(path.parents[1])}
    listed = json.loads(CliRunner().invoke(_application(["lists"]), ["lists", "--json"], env=environment).stdout)
    assert [(row["list"], row["rows"], row["people"], row["unmatched"]) for row in listed] == [
        ("callers", 3, 1, [3, 4]), ("ids", 3, 2, [4]), ("webinar-attendees", 3, 2, [4]),
    ]  # fmt: skip


def test_another_list_is_another_segment_and_the_same_one_is_not_evaluated_again(company: SmallCompany) -> None:
    define(company, "in_list('webinar-attendees')")
    refs = measured(company)
    first = segment(company.project, company.run(), refs)
    publish(company.project, first)
    again = segment(company.project, company.run(), refs)
    assert [ref.version for ref in again.writes] == [ref.version for ref in first.writes]
    (company.project.settings.config / "lists" / "webinar-attendees.csv").write_text("Email\ndi@x.test\n")
    changed = segment(company.project, company.run(), refs)
    assert (changed.counts["members"], changed.counts["exited"]) == (1, 1)


def test_by_a_list_that_is_too_old_nobody_is_judged_and_the_members_stay(company: SmallCompany) -> None:
    define(company, "in_list('webinar-attendees')")
    publish(company.project, segment(company.project, company.run(), measured(company)))
    found = segment(company.project, company.run(AS_OF + timedelta(days=31)), measured(company, 31))
    (row,) = read(company.project, SEGMENT, found)
    assert (row["state"], row["size"], row["unknown"]) == ("unjudged", 2, 3)
    assert row["reason"] == (
        "The list 'webinar-attendees' is of 2026-11-20 and good for 30 days; "
        "put a newer one in its place, or raise good_for_days."
    )


@pytest.mark.parametrize(
    ("where", "level", "problem"),
    [
        ("in_list('webinar-atendees')", "person", "did you mean 'webinar-attendees'?"),
        ("in_list('ids')", "account", "ask of an account any_of_people(in_list('ids'))"),
        ("in_list('broken')", "person", "broken.csv has no column 'Mail' (known: Email)"),
        ("in_list('undated')", "person", "undated.yaml: 'dated' is missing"),
        ("in_list('alone')", "person", "there is no file alone.csv beside it"),
        ("in_list(3)", "person", "needs the name of a list, in quotes"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    company: SmallCompany, where: str, level: str, problem: str
) -> None:
    folder = company.project.settings.config / "lists"
    (folder / "broken.yaml").write_text(json.dumps({"name": "x", "dated": "2026-01-01", "column": "Mail"}))
    (folder / "broken.csv").write_text("Email\n")
    (folder / "undated.yaml").write_text("name: x\n")
    (folder / "alone.yaml").write_text("{name: x, dated: 2026-01-01}\n")
    with pytest.raises(DefinitionError, match="list") as refused:
        parse(where, level, read_events(company.project.settings.config))
    assert problem in str(refused.value)


def test_whoever_is_on_a_list_may_be_asked_of_an_account(company: SmallCompany) -> None:
    assert CROSSWALK in company.rows
    text = "any_of_people(in_list('ids'))"
    assert str(parse(text, "account", read_events(company.project.settings.config))) == text


def test_a_company_without_any_definition_has_no_segments_yet(company: SmallCompany) -> None:
    report = segment(company.project, company.run(), measured(company))
    assert read(company.project, SEGMENT, report) == []
    assert read(company.project, SEGMENT_MEMBERSHIP, report) == []
