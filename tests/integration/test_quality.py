"""The audit: which rows are set aside, which failures stop the publish, and what is kept of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.contracts.errors import AuditError, ConfigurationError, FatalError
from include.contracts.metrics import UNKNOWN
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import Settings
from include.quality.step import audit, load, publish
from include.storage.project import Project
from tests.integration.conftest import CELL
from tests.releases import ask, release

Company = Callable[..., dict[str, DatasetRef]]

ANNA = {"profile_id": "anna", "email": "anna@acme.example", "records": 2, "sources": 1, "confidence": 0.9}
BO = {"profile_id": "bo", "records": 1, "sources": 1, "confidence": 1.0, "account_id": "acme"}


@pytest.fixture
def lenient(warehouse_project: Project, tmp_path: Path) -> Project:
    """The project with half of a table's rows allowed to be faulty, for the company is very small."""
    return configured(warehouse_project, tmp_path, row_limit=0.5)


def configured(project: Project, tmp_path: Path, **changes: Any) -> Project:
    """The project with other values in its quality.yaml."""
    folder = tmp_path / "config"
    shutil.copytree(Settings().config, folder)
    rules = yaml.safe_load((folder / "quality.yaml").read_text())
    (folder / "quality.yaml").write_text(yaml.safe_dump(rules | changes))
    return Project(project.settings.model_copy(update={"config": folder}))


def test_a_faulty_row_is_set_aside_with_its_dependents_and_the_rest_is_published(
    lenient: Project, company: Company, run: Run
) -> None:
    refs = company(lenient, rows={"profile": [ANNA | {"email": "anna at acme"}, BO]})
    release(lenient, run, refs)
    for table in ("profile", "customer_360"):
        assert ask(lenient, f"SELECT profile_id FROM kindred.{table}") == [("bo",)]
    for table in ("profile_identifier", "segment_membership"):
        assert ask(lenient, f"SELECT count(*) FROM kindred.{table}") == [(0,)]
    (row,) = lenient.ledger().quarantine(stage="audit")
    assert (row["object"], row["source_key"], row["rule"], row["column"], row["value_class"]) == (
        "profile", "anna", "email_shape", "email", "text",
    )  # fmt: skip
    assert "anna at acme" not in str(lenient.ledger().quarantine())


def test_an_optional_reference_to_a_row_set_aside_is_emptied(lenient: Project, company: Company, run: Run) -> None:
    accounts = [{"account_id": "acme", "people": -1}, {"account_id": "other"}]
    release(lenient, run, company(lenient, rows={"account": accounts}))
    assert ask(lenient, "SELECT DISTINCT account_id FROM kindred.profile") == [(None,)]
    assert ask(lenient, "SELECT count(*) FROM kindred.account_360") == [(0,)]
    assert ask(lenient, "SELECT value_class FROM control.quarantine WHERE rule = 'range'") == [("negative",)]


def test_what_the_audit_found_of_rows_stays_though_they_are_gone(lenient: Project, company: Company, run: Run) -> None:
    refs = company(lenient, rows={"profile": [ANNA | {"records": None}, BO]})
    load(lenient, run, refs)
    report = audit(lenient, run, refs)
    assert report.counts["set_aside"] == 1
    found = lenient.ledger().audit(report.writes[0].version, failed_only=True)
    (failed,) = (row for row in found if row["level"] == "row")
    assert (failed["table_name"], failed["expectation"], failed["unexpected"]) == ("profile", "not_null", 1)
    assert audit(lenient, run, refs) == report


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"profile": [ANNA, ANNA]}, "Two rows have the same profile_id"),
        ({"profile": [ANNA]}, "refers to no profile"),
        ({"profile": [ANNA, BO, BO | {"profile_id": "cy"}]}, "no row in customer_360"),
        ({"grid": []}, "in no cell of the grid"),
        ({"segment": []}, "refers to no segment"),
        ({"segment": [{"segment_key": "quiet", "level": "person", "size": 5}]}, "size differs from the number"),
        ({"profile": [ANNA, BO | {"confidence": 2.0}]}, "may be set aside"),
    ],
    ids=["key", "reference", "unmeasured", "grid", "segment", "size", "too many rows"],
)  # fmt: skip
def test_a_broken_table_stops_the_publish(
    warehouse_project: Project, company: Company, run: Run, rows: dict[str, Any], message: str
) -> None:
    refs = company(warehouse_project, rows=rows)
    load(warehouse_project, run, refs)
    with pytest.raises(AuditError, match=message) as error:
        audit(warehouse_project, run, refs)
    assert "anna" not in str(error.value)
    with pytest.raises(FatalError, match="passed no audit"):
        publish(warehouse_project, run, refs)


def test_a_table_that_shrinks_too_much_stops_the_publish_and_readers_keep_what_they_have(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    release(warehouse_project, run, company(warehouse_project))
    one = [{"record_id": "crm.contact:1", "profile_id": "anna"}]
    refs = company(warehouse_project, "v2", {"identity/crosswalk": one})
    load(warehouse_project, run, refs)
    with pytest.raises(AuditError, match="crosswalk, enough_rows: There are fewer than 80% of the rows"):
        audit(warehouse_project, run, refs)
    assert ask(warehouse_project, "SELECT DISTINCT full_name FROM kindred.profile") == [("v1",)]
    assert ask(warehouse_project, "SELECT count(*) FROM kindred.crosswalk") == [(3,)]


def test_a_segments_size_is_that_of_its_published_members_and_tells_how_many_are_set_aside(
    lenient: Project, company: Company, run: Run
) -> None:
    rows = {
        "profile": [ANNA | {"email": "anna at acme"}, BO],
        "segment": [
            {"segment_key": "all", "level": "person", "size": 2, "share": 1.0},
            {"segment_key": "quiet", "level": "person", "size": 1, "share": 0.5},
            {"segment_key": "companies", "level": "account", "size": 1, "share": 1.0},
        ],
        "segment_membership": [
            {"segment_key": key, "member_id": member}
            for key, member in (("all", "anna"), ("all", "bo"), ("quiet", "anna"), ("companies", "acme"))
        ],
    }
    release(lenient, run, company(lenient, rows=rows))
    assert ask(lenient, "SELECT segment_key, size, set_aside, share FROM kindred.segment ORDER BY 1") == [
        ("all", 1, 1, 1.0),
        ("companies", 1, 0, 1.0),
        ("quiet", 0, 1, 0.0),
    ]


def test_what_is_counted_of_members_is_of_those_who_are_published(lenient: Project, company: Company, run: Run) -> None:
    """How many may be contacted, overlaps, cells of the grid: Anna is set aside, and is in none of them."""
    cy = BO | {"profile_id": "cy", "email": "cy@acme.example", "email_consent": "opted_out"}
    rows = {
        "profile": [ANNA | {"email": "anna at acme"}, BO, cy],
        "customer_360": [{"profile_id": name, **CELL} for name in ("anna", "bo", "cy")],
        "identity/crosswalk": [{"record_id": name, "profile_id": name} for name in ("anna", "bo", "cy")],
        "segment": [
            {"segment_key": key, "level": "person", "size": size} for key, size in (("all", 3), ("some", 2))
        ],
        "segment_membership": [
            {"segment_key": key, "member_id": member, "is_holdout": member == "bo"}
            for key, members in (("all", ("anna", "bo", "cy")), ("some", ("anna", "cy"))) for member in members
        ],
    }  # fmt: skip
    release(lenient, run, company(lenient, rows=rows))
    reach = "SELECT state, is_holdout, members FROM kindred.segment_reach WHERE channel = 'email' AND segment_key = "
    assert ask(lenient, f"{reach}'all' ORDER BY 1") == [("no contact point", True, 1), ("opted out", False, 1)]
    assert ask(lenient, f"{reach}'some'") == [("opted out", False, 1)]
    assert ask(lenient, "SELECT * FROM kindred.segment_overlap") == [("all", "some", 1), ("some", "all", 1)]
    cells = ask(lenient, "SELECT segment_key, nps_class, renewal_bucket, members FROM kindred.segment_cell ORDER BY 1")
    assert cells == [("all", "unknown", "none", 2), ("some", "unknown", "none", 1)]


def test_counts_of_people_are_of_those_who_are_published(lenient: Project, company: Company, run: Run) -> None:
    rows = {
        "profile": [ANNA | {"email": "anna at acme"}, BO],
        "coverage": [{"family": family, "profiles": 2, "share": 1.0} for family in UNKNOWN],
    }
    release(lenient, run, company(lenient, rows=rows))
    assert ask(lenient, "SELECT profiles, share FROM kindred.grid") == [(1, 1.0)]
    assert dict(ask(lenient, "SELECT family, profiles FROM kindred.coverage")) == {
        "nps": 0, "usage": 0, "contract": 1, "email": 0, "account": 1
    }  # fmt: skip
    assert ask(lenient, "SELECT people FROM kindred.account") == [(1,)]


def test_a_warning_is_kept_and_stops_nothing(warehouse_project: Project, company: Company, run: Run) -> None:
    refs = company(warehouse_project, rows={"profile": [ANNA | {"email": None}, BO]})
    release(warehouse_project, run, refs)
    (version,) = (row["version"] for row in warehouse_project.ledger().publications())
    warned = warehouse_project.ledger().audit(version, failed_only=True)
    assert {(row["level"], row["expectation"], row["column_name"]) for row in warned} == {
        ("warn", "filled", "email"),
        ("warn", "filled", "full_name"),
    }


def test_other_rules_make_another_version(
    warehouse_project: Project, company: Company, run: Run, tmp_path: Path
) -> None:
    refs = company(warehouse_project)
    strict = configured(warehouse_project, tmp_path, row_limit=0.0)
    assert load(warehouse_project, run, refs).writes != load(strict, run, refs).writes


def test_a_rule_may_use_all_of_sql(warehouse_project: Project, company: Company, run: Run, tmp_path: Path) -> None:
    rule = {"name": "odd", "column": "email", "reason": "?", "faulty": "email LIKE '%@%' AND email::text ~ 'n{2}a'"}
    project = configured(warehouse_project, tmp_path, row_limit=0.5, tables={"profile": {"rows": [rule]}})
    release(project, run, company(project))
    assert ask(project, "SELECT profile_id FROM kindred.profile") == [("bo",)]


def test_a_rule_that_postgresql_cannot_read_is_named(
    warehouse_project: Project, company: Company, run: Run, tmp_path: Path
) -> None:
    rule = {"name": "nonsense", "column": "email", "faulty": "email ~~~ 1", "reason": "?"}
    project = configured(warehouse_project, tmp_path, tables={"profile": {"rows": [rule]}})
    refs = company(project)
    load(project, run, refs)
    with pytest.raises(ConfigurationError, match="nonsense of profile cannot be evaluated"):
        audit(project, run, refs)


def test_the_pages_and_the_results_hold_counts_and_no_personal_value(
    lenient: Project, company: Company, run: Run
) -> None:
    refs = company(lenient, rows={"profile": [ANNA | {"email": "anna at acme"}, BO | {"full_name": "Bo Bang"}]})
    load(lenient, run, refs)
    version = audit(lenient, run, refs).writes[0].version
    docs = lenient.settings.home / "docs"
    results = json.loads((docs / "audits" / f"{version}.json").read_text())
    assert {"table": "profile", "name": "email_shape"}.items() <= next(
        result for result in results if result["name"] == "email_shape"
    ).items()
    pages = sorted(docs.rglob("*.html"))
    assert {"index.html", "profile.html"} <= {page.name for page in pages}
    for file in [*pages, *docs.rglob("*.json")]:
        content = file.read_text()
        assert not any(secret in content for secret in ("anna at acme", "Bo Bang", "acme.example"))
        assert "https://" not in content.replace("https://greatexpectations.io", "")
        assert lenient.settings.warehouse_url not in content


def test_a_value_that_postgresql_cannot_hold_is_refused_without_quoting_it(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    refs = company(warehouse_project, rows={"profile": [ANNA | {"full_name": "An\x00na"}, BO]})
    with pytest.raises(Exception, match="profile holds a value that PostgreSQL cannot") as error:
        load(warehouse_project, run, refs)
    assert "An" not in str(error.value).replace("An audit", "")
