"""Each measure is declared once and computed once; the tables and the page follow from the declarations."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from include.contracts.errors import ConfigurationError
from include.contracts.measures import (
    ACCOUNT_360,
    ACCOUNT_MEASURES,
    CUSTOMER_360,
    NPS_CLASSES,
    PERSON_MEASURES,
    RENEWAL_BUCKETS,
    USAGE_TIERS,
    measures_of,
)
from include.contracts.settings import ROOT
from include.contracts.tables import Table
from include.measures import campaign, contact, engagement, frequency, hierarchy, nps, relation, renewal, sales, usage
from include.measures.inputs import Inputs
from include.measures.settings import read_settings
from include.measures.step import READS
from include.reference import measures as measures_reference
from include.reference import segments as segments_reference
from tests.small_company import rows_of

CONFIG = ROOT / "include" / "config"


def as_read(table: Table) -> pa.Table:
    """No rows, nullable as files are read."""
    return rows_of(table, []).cast(pa.schema(field.with_nullable(True) for field in table.schema))


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    import ibis  # noqa: PLC0415

    tables: dict[str, Any] = {name: ibis.memtable(as_read(table)) for name, table in READS.items()}
    return Inputs(date(2026, 11, 20), "UTC", read_settings(CONFIG), **tables)


def frequencies(inputs: Inputs) -> Any:
    mails = frequency.mails(inputs)
    return frequency.person(inputs, mails, frequency.curve(mails))


def declared(measures: tuple[Any, ...], family: str) -> set[str]:
    return {measure.name for measure in measures if measure.family == family}


def test_each_family_computes_exactly_the_measures_of_people_that_are_declared(inputs: Inputs) -> None:
    recent, ever = usage.recent(inputs), usage.ever(inputs)
    computed = {
        "nps": nps.person(nps.recent(inputs)),
        "usage": usage.person(inputs, recent, ever, usage.activity(inputs, recent)),
        "engagement": engagement.person(inputs, ever, frequencies(inputs)),
        "contact": contact.person(inputs),
        "campaign": campaign.person(inputs),
    }
    for family, table in computed.items():
        assert set(table.columns) - {"profile_id"} == declared(PERSON_MEASURES, family), family
    own = set(relation.person(inputs).columns) - {"profile_id", "account_id"}
    assert own | set(relation.OF_ACCOUNT) == declared(PERSON_MEASURES, "relation")


def test_each_family_computes_exactly_the_measures_of_accounts_that_are_declared(inputs: Inputs) -> None:
    recent, ever = usage.recent(inputs), usage.ever(inputs)
    computed = {
        "nps": nps.account(nps.recent(inputs)),
        "usage": usage.account(inputs, recent, ever, usage.activity(inputs, recent)),
        "renewal": renewal.account(inputs, renewal.contracts(inputs)),
        "relation": relation.account(inputs),
        "sales": sales.account(inputs),
        "hierarchy": hierarchy.account(inputs, hierarchy.above(inputs, lambda rows: rows)),
    }
    for family, table in computed.items():
        assert set(table.columns) - {"account_id"} == declared(ACCOUNT_MEASURES, family), family


def test_every_measure_says_what_it_is_and_points_to_columns_that_are_there() -> None:
    for level, table in (("person", CUSTOMER_360), ("account", ACCOUNT_360)):
        for name, measure in measures_of(level).items():
            assert table.column(name) is measure.column
            assert measure.column.description
            assert measure.source
            for place in (measure.record, measure.dated):
                assert not place or place in table.names, (name, place)


def test_the_grid_has_four_by_five_by_seven_cells() -> None:
    assert (len(NPS_CLASSES), len(USAGE_TIERS), len(RENEWAL_BUCKETS)) == (4, 5, 7)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("usage", "inactive_after"), 30, "usage cannot be used: there is no key 'inactive_after'"),
        (("nps", "window_dys"), 30, "did you mean 'window_days'"),
        (("nps", "window_days"), 0, "nps.window_days cannot be used: Input should be greater than or equal to 1"),
        (("relation", "seniority"), {"execuitve": "x"}, "did you mean 'executive'"),
        (("relation", "seniority"), {"executive": "("}, "no regular expression"),
        (("usage", "power", "active_days"), 29, "usage.power.active_days"),
    ],
)
def test_a_wrong_threshold_is_named(tmp_path: Path, path: tuple[str, ...], value: object, message: str) -> None:
    content = yaml.safe_load((CONFIG / "measures.yaml").read_text(encoding="utf-8"))
    place = content
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    (tmp_path / "measures.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"measures\.yaml") as caught:
        read_settings(tmp_path)
    assert message in str(caught.value)


def test_broken_thresholds_are_named(tmp_path: Path) -> None:
    (tmp_path / "measures.yaml").write_text("nps: [", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 1: this is no YAML"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("page", "module"),
    [(measures_reference.PLACE, measures_reference), (segments_reference.PLACE, segments_reference)],
    ids=["measures", "segments"],
)
def test_the_page_is_that_of_the_declarations(page: Path, module: Any) -> None:
    assert page.read_text(encoding="utf-8") == module.render(), "run python -m include.reference"


@pytest.mark.parametrize(
    ("title", "seniority", "function"),
    [
        ("Chief Marketing Officer", "executive", "marketing"),
        ("VP Sales", "executive", "sales"),
        ("Head of Data Engineering", "director", "engineering"),
        ("Product Manager", "manager", "product"),
        ("Accountant", "staff", "finance"),
        ("Gärtner", "staff", "other"),
        ("Tooth fairy", "staff", "other"),  # "cto" and "it" are words, not parts of words
        (None, "unknown", "unknown"),
    ],
)
def test_what_a_title_says(inputs: Inputs, title: str | None, seniority: str, function: str) -> None:
    import dataclasses  # noqa: PLC0415

    import ibis  # noqa: PLC0415

    profile = rows_of(READS["profile"], [{"profile_id": "p", "title": title}])
    rows = relation.person(dataclasses.replace(inputs, profile=ibis.memtable(profile)))
    row = rows.to_pyarrow().to_pylist()[0]
    assert (row["seniority"], row["job_function"]) == (seniority, function)
