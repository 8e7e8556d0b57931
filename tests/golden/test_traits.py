"""Traits: measures of one's own, what they are worth of whom, where they can be asked about, what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.answers.segment import explain
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.settings import ROOT
from include.contracts.traits import TRAIT, TRAIT_HISTORY, TRAIT_VALUE
from include.measures.step import measure
from include.segments.catalog import load, load_beside
from include.segments.doubts import doubts, measure_sizes
from include.segments.published import population
from include.segments.step import segment
from include.storage.readers import lake_reader
from tests.small_company import AS_OF, SmallCompany, publish, read

pytestmark = pytest.mark.slow
EVENTS = {
    "product": {
        "Report Exported": {
            "description": "A report was written to a file",
            "properties": {
                "format": {"type": "text", "description": "Kind of file"},
                "pages": {"type": "integer", "description": "How many pages it has"},
            },
        },
    }
}
EXPORTED = "'Report Exported'"
TRAITS: dict[str, dict[str, Any]] = {
    "exports_28": {"type": "integer", "value": f"times_did({EXPORTED}, within_last 28 days)"},
    "pages_exported": {"value": f"sum_did({EXPORTED}, pages)"},
    "pages_each": {"value": f"average_did({EXPORTED}, pages)"},
    "formats": {"type": "integer", "value": f"distinct_did({EXPORTED}, format)"},
    "usual_format": {"type": "text", "value": f"most_frequent_did({EXPORTED}, format)"},
    "first_format": {"type": "text", "value": f"earliest_did({EXPORTED}, format)"},
    "latest_format": {"type": "text", "value": f"latest_did({EXPORTED}, format)"},
    "first_export": {"type": "date", "value": f"first_did({EXPORTED})"},
    "export_share": {"unit": "share", "value": f"exports_28 / times_did({EXPORTED})"},
    "export_rank": {"type": "integer", "value": "rank(exports_28)"},
    "export_percentile": {"unit": "share", "value": "percentile(exports_28)"},
    "answer_age": {"value": "today - nps_on"},
    "exports_of_all": {"level": "account", "type": "integer", "value": f"times_did({EXPORTED})"},
    "interest": {
        "score": [
            {"name": "Exports", "points": 4, "each": "exports_28", "most": 10},
            {"name": "Unhappy", "points": -5, "when": "nps_class = 'detractor'"},
            {"name": "Title", "points": 20, "when": "title contains 'Head'"},
            {"name": "Lately", "points": 8, "when": f"did({EXPORTED})", "since": f"last_did({EXPORTED})",
             "halves_every_days": 10},
        ]
    },
}  # fmt: skip


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    """Of a1, p1 exported four times, the last time today, p2 once 20 days ago; p3, of nowhere, never."""
    config = tmp_path / "config"
    for folder in ("segments", "traits"):
        (config / folder).mkdir(parents=True)
    (config / "events.yaml").write_text(yaml.safe_dump(EVENTS))
    for key, settings in TRAITS.items():
        declare(config, key, settings)
    company = SmallCompany(tmp_path / "home", config)
    company.account("a1")
    company.person("p1", "r1", "r2", account_id="a1", title="Head of Data")
    company.person("p2", "r3", account_id="a1", title="Analyst")
    company.person("p3", "r4")
    company.answer("r3", 2, days_ago(3))
    for record, days, kind, pages in (
        ("r1", 40, "csv", 1), ("r1", 12, "pdf", 10), ("r2", 5, "pdf", 4), ("r1", 0, "csv", 5), ("r3", 20, "xls", 7)
    ):  # fmt: skip
        company.use(
            record, days_ago(days), event="Report Exported", properties=json.dumps({"format": kind, "pages": pages})
        )
    return company


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def declare(config: Path, key: str, settings: Mapping[str, Any]) -> None:
    (config / "traits" / f"{key}.yaml").write_text(yaml.safe_dump({"description": key, **settings}))


def ask(config: Path, key: str, where: str, level: str = "person") -> Path:
    told = {"key": key, "name": key, "owner": "o", "purpose": "p", "level": level, "where": where}
    file = config / "segments" / f"{key}.yaml"
    file.write_text(yaml.safe_dump(told))
    return file


def run(company: SmallCompany, as_of: date = AS_OF) -> Any:
    refs = company.save()
    report = measure(company.project, company.run(as_of), refs)
    measured = publish(company.project, report)
    report = segment(company.project, company.run(as_of), {**refs, **measured})
    publish(company.project, report)
    return report


def values(company: SmallCompany, report: Any, trait: str) -> dict[str, Any]:
    rows = read(company.project, TRAIT_VALUE, report)
    held = ("number", "text", "day")
    return {r["member_id"]: next(r[h] for h in held if r[h] is not None) for r in rows if r["trait"] == trait}


def test_each_kind_of_trait_has_its_value(company: SmallCompany) -> None:
    report = run(company)
    expected = {
        "exports_28": {"p1": 3, "p2": 1, "p3": 0},
        "pages_exported": {"p1": 20, "p2": 7, "p3": 0},
        "pages_each": {"p1": 5, "p2": 7},
        "formats": {"p1": 2, "p2": 1, "p3": 0},
        "usual_format": {"p1": "csv", "p2": "xls"},  # of two as frequent ones that of the latest
        "first_format": {"p1": "csv", "p2": "xls"},
        "latest_format": {"p1": "csv", "p2": "xls"},
        "first_export": {"p1": days_ago(40), "p2": days_ago(20)},
        "export_share": {"p1": 0.75, "p2": 1},  # nothing is divided by no exports
        "export_rank": {"p1": 1, "p2": 2, "p3": 3},
        "export_percentile": {"p1": 1, "p2": pytest.approx(2 / 3), "p3": pytest.approx(1 / 3)},
        "answer_age": {"p2": 3},
        "exports_of_all": {"a1": 5},
        "interest": {"p1": 38, "p2": pytest.approx(4 - 5 + 2), "p3": 0},  # 10 + 20 + 8; half of the half of 8
    }
    assert {trait: values(company, report, trait) for trait in expected} == expected
    listed = {row["trait"]: row for row in read(company.project, TRAIT, report)}
    assert {row["state"] for row in listed.values()} == {"published"}
    assert (listed["pages_each"]["known"], listed["interest"]["type"]) == (2, "number")


def test_a_trait_is_asked_about_as_a_measure_is(company: SmallCompany) -> None:
    config = company.project.settings.config
    ask(config, "keen", "export_percentile > 60% and exports_28 + 1 > formats and usual_format in ('csv', 'xls')")
    ask(config, "best", "in_top(interest, 1) and account(exports_of_all >= 5)")
    ask(config, "accounts", "exports_of_all > 3 and any_of_people(interest > 30)", "account")
    report = run(company)
    rows = read(company.project, SEGMENT_MEMBERSHIP, report)
    assert {(row["segment_key"], row["member_id"]) for row in rows} == {
        ("keen", "p1"), ("keen", "p2"), ("best", "p1"), ("accounts", "a1")
    }  # fmt: skip
    assert [row["reason"] for row in read(company.project, SEGMENT, report)] == [None] * 3
    found = explain(company.project, "best", "p1")
    (clause, *_) = found.clauses
    told = {source.measure: source.value for source in clause.sources}
    assert told["interest"] == 38
    assert {name: told[name] for name in told if name.startswith("interest: ")} == {
        "interest: Exports": 10, "interest: Lately": 8, "interest: Title": 20, "interest: Unhappy": 0
    }  # fmt: skip
    assert "Report Exported" in {source.measure for source in clause.sources}


def test_a_trait_that_no_run_has_seen_is_computed_where_asked_and_no_zero_is_silent(
    company: SmallCompany,
) -> None:
    run(company)
    config = company.project.settings.config
    declare(config, "twice", {"value": "exports_28 * 2"})
    declare(config, "exports_28", {"type": "integer", "value": f"times_did({EXPORTED}, within_last 6 days)"})
    new, _ = load_beside(ask(config, "new", "twice > 3 and latest_format = 'csv'"), config)
    with lake_reader(company.project) as reader:
        assert measure_sizes(new, population(reader, [(new.level, new.condition)])).true == 1
    typo = f"usual_format = 'XLS' and exports_28 > 9 and times_did({EXPORTED}) > 9 and today - nps_on > 9"
    wrong, _ = load_beside(ask(config, "wrong", typo), config)
    with lake_reader(company.project) as reader:
        people = population(reader, [(wrong.level, wrong.condition)])
        assert doubts(wrong, people, measure_sizes(wrong, people)) == (
            "No usual_format is 'XLS'; did you mean 'xls'? The commonest are 'csv' 1, 'xls' 1.",
            "exports_28 goes from 0 to 2 today: nobody fulfils exports_28 > 9.",
            f"times_did({EXPORTED}) goes from 0 to 4 today: nobody fulfils times_did({EXPORTED}) > 9.",
            "today - nps_on goes from 3.0 to 3.0 today: nobody fulfils today - nps_on > 9.",
        )


def test_what_became_of_a_trait_is_kept_a_day(company: SmallCompany) -> None:
    config = company.project.settings.config
    for key in TRAITS.keys() - {"exports_28"}:
        (config / "traits" / f"{key}.yaml").unlink()
    ask(config, "less", "changed(exports_28, from 3 to 2) and was(exports_28 = 3, 17 days ago)")
    ask(config, "unknown_then", "was(exports_28 >= 0, 18 days ago) or was(exports_28 is null, 18 days ago)")
    run(company)
    later = AS_OF + timedelta(days=17)
    report = run(company, later)
    rows = read(company.project, TRAIT_HISTORY, report)
    assert [(r["since"], r["number"]) for r in rows if r["member_id"] == "p1"] == [(AS_OF, 3), (later, 2)]
    members = read(company.project, SEGMENT_MEMBERSHIP, report)
    assert {(row["segment_key"], row["member_id"]) for row in members} == {("less", "p1")}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"value": "exprots_28 * 2"}, "did you mean 'exports_28'?"),
        ({"value": "wrong * 2"}, "the trait depends on itself: wrong -> wrong"),
        ({"type": "integer", "value": "exports_28 / 2"}, "its type is integer, and its value is a number"),
        ({"value": "usual_format"}, "its type is number, and its value is text"),
        ({"value": "rank(usual_format)"}, "rank needs a value with an order"),
        ({"value": "exports_28 > 3"}, "a measure should stand here"),
        ({"score": [{"name": "a", "points": 1}]}, "needs either 'when' or 'each'"),
        ({"score": [{"name": "a", "points": 1, "when": "in_segment('x')"}]}, "a trait is there before segments are"),
        ({"score": [{"name": "a", "points": 1, "when": "title = 'x'", "since": "title", "halves_every_days": 3}]},
         "'since' is a date, and title is text"),
        ({"value": "exports_28", "score": []}, None),
        ({"vale": "exports_28"}, "there is no key 'vale' (did you mean 'value'?)"),
    ],
)  # fmt: skip
def test_a_faulty_trait_is_refused_with_those_who_ask_for_it(
    company: SmallCompany, settings: dict[str, Any], problem: str | None
) -> None:
    config = company.project.settings.config
    declare(config, "wrong", settings)
    ask(config, "on_it", "wrong > 1")
    catalog = load(config)
    fault = catalog.vocabulary.traits["wrong"].fault
    assert problem in fault if problem else not fault
    assert [refused.key for refused in catalog.refused] == (["on_it"] if problem else [])
    if problem:
        assert "the trait 'wrong' is refused itself" in str(catalog.refused[0].faults[0])


def test_a_trait_takes_no_name_of_a_measure(company: SmallCompany) -> None:
    config = company.project.settings.config
    declare(config, "country", {"value": "exports_28"})
    assert "is a measure already" in load(config).vocabulary.traits["country"].fault


def test_the_shipped_traits_are_sound() -> None:
    traits = load(ROOT / "include" / "config").vocabulary.traits
    assert traits and {key: trait.fault for key, trait in traits.items()} == dict.fromkeys(traits, "")
