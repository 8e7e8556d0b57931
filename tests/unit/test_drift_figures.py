"""Which figures are taken of a run, and what they count."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from include.contracts import identity, staged
from include.contracts.metrics import SOURCE_DAY
from include.quality.drift.figures import Looking
from tests.small_company import AS_OF, SmallCompany, feeding

YESTERDAY = AS_OF - timedelta(days=1)
Found = dict[tuple[str, str, str], dict[str, float]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The figures of four people, one of whom is known twice, and who did a little."""
    company = SmallCompany(tmp_path_factory.mktemp("home"))
    company.person("p1", "crm.contact:1", "crm.contact:2")
    for n in (3, 4, 5):
        company.person(f"p{n}", f"crm.contact:{n}")
    for n in range(1, 6):
        email = f"p{n}@acme.test" if n != 2 else None
        company.add(staged.PERSON_RECORD, record_id=f"crm.contact:{n}", source="crm", object="contact", email=email)
    company.use("usage.user:1", YESTERDAY, times=3)
    company.use("usage.user:1", AS_OF, YESTERDAY - timedelta(days=1))
    company.mail("email.prospect:1", "sent", YESTERDAY)
    company.use("app.user:1", AS_OF)
    for source, feeds, through in (("usage", "usage_event", YESTERDAY), ("app", "usage_event", YESTERDAY),
                                   ("email", "email_activity, consent", YESTERDAY - timedelta(days=1))):  # fmt: skip
        company.add(SOURCE_DAY, source=source, object="x", through=through)
        company.add(staged.SOURCE_STATE, **{**feeding([]), "source": source, "object": "x", "feeds": feeds})
    for a, b, weight in (("1", "2", 9.0), ("3", "4", -30.0), ("4", "5", 99.0), ("3", "5", 8.5)):
        company.add(identity.EDGE, record_a=f"crm.contact:{a}", record_b=f"crm.contact:{b}", match_weight=weight)
    company.add(identity.REVIEW, record_a="crm.contact:3", record_b="crm.contact:4", records_touched=2)
    for n, day in ((3, AS_OF), (4, AS_OF - timedelta(days=9)), (5, AS_OF - timedelta(days=60))):
        company.add(staged.SURVEY_REQUEST, request_id=f"nps.person:{n}", email=f"p{n}@acme.test", asked_on=day)
    company.answer("crm.contact:4", 9, AS_OF - timedelta(days=8))
    refs = company.save()
    counts = {"crm.contact.raw": "7", "crm.contact.staged": "5", "raw": "7"}
    lake = company.project.lake
    lake.commit("staged/counts", refs[staged.PERSON_RECORD.name].version, [], 0, counts, point=False)
    with company.project.engine() as engine:
        return {figure.key: dict(figure.values) for figure in Looking(engine, refs, AS_OF).figures()}


def test_rows_of_each_object_are_those_received(found: Found) -> None:
    assert {key: values for key, values in found.items() if key[0] == "rows"} == {
        ("rows", "crm.contact", ""): {"value": 7},
    }  # fmt: skip


def test_what_people_did_counts_on_the_day_before_where_the_source_has_all_of_it(found: Found) -> None:
    assert {key: values for key, values in found.items() if key[0] == "day"} == {
        ("day", "app", "usage_event"): {"value": 0}, ("day", "usage", "usage_event"): {"value": 3},
    }  # fmt: skip


def test_the_share_without_a_value_is_of_the_object(found: Found) -> None:
    assert found["nulls", "crm.contact", "email"] == {"value": pytest.approx(0.2)}
    assert found["nulls", "crm.contact", "city"] == {"value": 1.0}
    assert ("nulls", "crm.contact", "email_received") not in found


def test_identities_are_sizes_weights_and_questions(found: Found) -> None:
    assert found["clusters", "identity/crosswalk", ""] == {"1": 0.75, "2": 0.25}
    assert found["weights", "identity/edge", ""] == {"-12": 0.25, "32": 0.25, "8": 0.5}
    assert found["review", "identity/review", ""] == {"value": 0.2}


def test_who_answered_is_of_those_asked_lately(found: Found) -> None:
    assert found["responses", "survey_request", ""] == {"value": 0.5}


def test_a_run_that_made_nothing_has_no_figures(tmp_path: Path) -> None:
    with SmallCompany(tmp_path).project.engine() as engine:
        assert list(Looking(engine, {}, date(2026, 1, 1)).figures()) == []
