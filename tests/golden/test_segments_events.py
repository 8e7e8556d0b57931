"""What people did: which events count for whom, on the edges of days and spans, and what nobody can judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pytest
import yaml

from include.answers.segment import explain
from include.contracts import staged
from include.contracts.events import EVENT, read_events
from include.contracts.identity import ALIAS
from include.contracts.measures import ACCOUNT_HISTORY, CUSTOMER_HISTORY
from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.settings import ROOT, SHIPPED
from include.measures import events
from include.measures.settings import read_settings
from include.measures.step import inputs_of, measure
from include.segments.asked import Asked
from include.segments.expression import expression
from include.segments.happenings import events_of
from include.segments.language import parse
from include.segments.population import MEMBER, Population
from include.segments.step import segment
from include.storage.engine import conform
from include.storage.holding import Holding
from tests.small_company import AS_OF, SmallCompany, publish, read, rows_of

EVENTS = """
product:
  Report Exported:
    description: A report was written to a file
    properties:
      format: {type: text, description: Kind of file}
      pages: {type: integer, description: How many pages it has}
  Signed In: {description: Opened the product}
"""


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


@pytest.fixture
def new_company(tmp_path: Path) -> Callable[..., SmallCompany]:
    """A maker of companies whose product has the events above, and no segments."""

    def _new_company(**settings: Any) -> SmallCompany:
        config = tmp_path / "config"
        config.mkdir()
        for file in (ROOT / "include" / "config").glob("*.yaml"):
            (config / file.name).write_bytes(file.read_bytes())
        (config / "events.yaml").write_text(EVENTS)
        (config / "segments").mkdir()
        return SmallCompany(tmp_path / "home", config, **settings)

    return _new_company


@pytest.fixture
def company(new_company: Callable[..., SmallCompany]) -> SmallCompany:
    """p1 is united of two records, p2 of one; both work at a1, p3 nowhere."""
    company = new_company()
    company.account("a1")
    company.person("p1", "r1", "r2", account_id="a1")
    company.person("p2", "r3", account_id="a1")
    company.person("p3", "r4")
    return company


def measured(company: SmallCompany, as_of: date = AS_OF) -> None:
    """Let what the company has become events, as of a day."""
    refs, vocabulary = company.save(), read_events(company.project.settings.config)
    thresholds = read_settings(company.project.settings.config)
    with company.project.engine() as engine:
        inputs = inputs_of(company.project, engine, company.run(as_of), refs, thresholds)
        found = conform(EVENT, events.events(inputs, vocabulary)).to_pyarrow()
        kinds = events.event_kinds(inputs, vocabulary, ibis.memtable(found)).to_pyarrow()
        company.happened = (as_of, found, kinds)


def states(company: SmallCompany, where: str, level: str = "person") -> dict[str, bool | None]:
    """For whom a condition is true, false, and unknown."""
    node = parse(where, level, read_events(company.project.settings.config))
    as_of, *tables = company.happened
    with company.project.engine():
        members = [
            ibis.memtable(rows_of(table, company.rows.get(table, [])).select(columns))
            for table, columns in ((PROFILE, ["profile_id", "account_id"]), (ACCOUNT, ["account_id"]))
        ]
        histories = {
            "person": ibis.memtable(getattr(company, "kept", rows_of(CUSTOMER_HISTORY, []))),
            "account": ibis.memtable(rows_of(ACCOUNT_HISTORY, [])),
        }
        happened = events_of(*map(ibis.memtable, tables))
        alias = ibis.memtable(rows_of(ALIAS, company.rows.get(ALIAS, [])))
        people = Population(
            as_of, *members, lambda _: (level, members[0]), events=happened, histories=histories, alias=alias
        )
        people = Asked.by([(level, node)]).of(people, Holding())
        rows = people.of(level).select(id=MEMBER[level], state=expression(node, level, people)).to_pyarrow().to_pylist()
    return {row["id"]: row["state"] for row in rows}


def who(company: SmallCompany, where: str, level: str = "person") -> str:
    """For whom it is true, in one word."""
    return " ".join(sorted(member for member, state in states(company, where, level).items() if state))


def test_the_steps_of_a_persons_records_are_counted_together(company: SmallCompany) -> None:
    company.use("r1", AS_OF, times=2, event="Report Exported")
    company.use("r2", days_ago(3), event="Report Exported")
    company.use("r3", AS_OF, times=2, event="Report Exported")
    measured(company)
    assert who(company, "did('Report Exported', at_least 3)") == "p1"
    assert who(company, "did('Report Exported', exactly 2)") == "p2"
    assert who(company, "did('Report Exported', at_most 2)") == "p2 p3"
    assert who(company, "did_not('Report Exported')") == "p3"
    assert who(company, "times_did('Report Exported') > times_did('Signed In')") == "p1 p2"


def test_two_events_of_the_same_second_are_two_and_one_delivered_twice_is_one(company: SmallCompany) -> None:
    for record in ("r1", "r2"):
        company.use(record, AS_OF, event="Signed In")  # at noon, both
    measured(company)
    assert who(company, "did('Signed In', exactly 2)") == "p1"


def test_a_span_of_days_has_so_many_dates_and_ends_with_the_logical_date(company: SmallCompany) -> None:
    company.use("r1", days_ago(13), event="Signed In")
    company.use("r3", days_ago(14), event="Signed In")
    company.use("r4", AS_OF + timedelta(days=1), event="Signed In")  # has not happened yet
    measured(company)
    assert who(company, "did('Signed In', within_last 14 days)") == "p1"
    assert who(company, "did('Signed In', before_last 14 days)") == "p2"
    assert who(company, "did('Signed In')") == "p1 p2"
    assert who(company, "did('Signed In', during 'this month')") == "p1 p2"
    assert who(company, f"did('Signed In', after '{days_ago(14)}')") == "p1"
    assert who(company, f"did('Signed In', before '{days_ago(13)}')") == "p2"


def test_a_year_before_a_leap_day_ends_with_february(company: SmallCompany) -> None:
    leap_day = date(2024, 2, 29)
    company.use("r1", date(2023, 3, 1), event="Signed In")
    company.use("r3", date(2023, 2, 28), event="Signed In")
    company.use("r4", leap_day, event="Signed In")
    measured(company, leap_day)
    assert who(company, "did('Signed In', within_last 1 year)") == "p1 p3"


def test_days_are_those_of_the_time_zone_also_when_the_clocks_change(new_company: Callable[..., SmallCompany]) -> None:
    company = new_company(timezone="Europe/Berlin")
    for person, at in {
        "before": datetime(2026, 10, 24, 21, 59, tzinfo=UTC),  # 23:59 in summer time
        "first": datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
        "last": datetime(2026, 10, 25, 22, 59, tzinfo=UTC),  # 23:59 in winter time, 25 hours later
        "after": datetime(2026, 10, 25, 23, 0, tzinfo=UTC),
    }.items():
        company.person(person)
        company.add(
            staged.USAGE_EVENT, event_id=person, record_id=person, at=at, event="Signed In", is_stitched=False,
            is_core=False,
        )  # fmt: skip
    measured(company, date(2026, 10, 26))
    assert who(company, "did('Signed In', between '2026-10-25' and '2026-10-25')") == "first last"


def test_an_event_that_arrives_late_counts_from_then_on_as_of_its_own_day(company: SmallCompany) -> None:
    company.use("r3", days_ago(1), event="Signed In")
    measured(company, days_ago(1))
    assert who(company, "did('Signed In', within_last 7 days)") == "p2"
    company.use("r1", days_ago(5), event="Signed In")
    measured(company)
    assert who(company, "did('Signed In', within_last 7 days)") == "p1 p2"
    assert who(company, "did('Signed In', within_last 5 days)") == "p2"


def test_spans_end_on_the_last_day_that_the_source_covers(company: SmallCompany) -> None:
    """An export three days old says nothing of the last three days, so 7 days are those before them."""
    end = datetime.combine(days_ago(2), datetime.min.time(), UTC)
    company.add(
        staged.SOURCE_STATE, source="usage", object="event", newest_at=end, complete_before=end, missing_days=0,
        usual_silence=9, feeds="usage_event",
    )  # fmt: skip
    company.use("r1", days_ago(9), event="Signed In")
    company.use("r3", days_ago(10), event="Signed In")
    measured(company)
    assert who(company, "did('Signed In', within_last 7 days)") == "p1"
    assert who(company, "last_did('Signed In', within_last 7 days)") == "p1"


def test_an_event_before_the_person_was_known_is_the_persons(company: SmallCompany) -> None:
    """What a browser did before its user signed up is attached to the user by staging, whenever that was."""
    company.use("r1", days_ago(30), event="Report Exported", is_stitched=True)
    company.use("r1", days_ago(2), event="Signed In")
    measured(company)
    assert who(company, "first_did('Report Exported') < first_did('Signed In')") == "p1"


def test_a_machines_clicks_are_no_clicks_and_one_that_nobody_can_judge_is_unknown(company: SmallCompany) -> None:
    company.mail("r1", "click", AS_OF, is_machine=True)
    company.mail("r3", "click", AS_OF, actor="unknown")
    company.mail("r4", "click", AS_OF)
    company.mail("r4", "click", days_ago(1), actor="unknown")
    measured(company)
    assert states(company, "did('Email Clicked')") == {"p1": False, "p2": None, "p3": True}
    assert states(company, "did_not('Email Clicked')") == {"p1": True, "p2": None, "p3": False}
    assert states(company, "did('Email Clicked', at_least 2)") == {"p1": False, "p2": False, "p3": None}
    assert states(company, "times_did('Email Clicked') = 0") == {"p1": True, "p2": None, "p3": None}


def test_a_property_that_is_not_known_makes_neither_yes_nor_no(company: SmallCompany) -> None:
    for record, properties in (("r1", '{"pages": 12, "format": "pdf"}'), ("r3", '{"pages": "many", "format": "pdf"}')):
        company.use(record, AS_OF, event="Report Exported", properties=properties)
    measured(company)
    where = "did('Report Exported', where pages >= 10 and format = 'pdf')"
    assert states(company, where) == {"p1": True, "p2": None, "p3": False}
    assert who(company, "did('Report Exported', where format contains 'PD')") == "p1 p2"
    assert (
        who(company, "distinct_did('Report Exported', format) = 1 and sum_did('Report Exported', pages) = 12") == "p1"
    )
    assert states(company, "sum_did('Report Exported', pages) > 1") == {"p1": True, "p2": None, "p3": False}
    assert states(company, "average_did('Report Exported', pages) > 1") == {"p1": True, "p2": None, "p3": None}


def test_where_no_source_tells_of_an_event_nothing_is_known_of_anybody(company: SmallCompany) -> None:
    company.lacking = {"usage_event"}
    company.mail("r1", "form", AS_OF)
    measured(company)
    assert states(company, "did('Signed In')") == {"p1": None, "p2": None, "p3": None}
    assert states(company, "did_not('Form Submitted')") == {"p1": False, "p2": True, "p3": True}
    assert states(company, "any_of_people(did('Signed In'))", "account") == {"a1": None}


def test_only_what_is_declared_of_an_event_is_kept(company: SmallCompany) -> None:
    company.use("r1", AS_OF, event="Report Exported", properties='{"pages": 1, "email": "a@b.example", "format": null}')
    company.use("r1", AS_OF, event="Password Typed", properties='{"password": "x"}')
    measured(company)
    (event,), kinds = (table.to_pylist() for table in company.happened[1:])
    assert json.loads(event["properties"]) == {"pages": 1, "format": None}
    kinds = {row["event"]: row for row in kinds}
    assert (kinds["Password Typed"]["is_declared"], kinds["Password Typed"]["events"]) == (False, 1)
    assert (kinds["Report Exported"]["is_declared"], kinds["Report Exported"]["people"]) == (True, 1)


def test_an_account_did_what_its_people_did_and_what_happened_to_itself(company: SmallCompany) -> None:
    company.account("a2")
    company.use("r1", AS_OF, event="Signed In")
    company.use("r3", AS_OF, times=2, event="Signed In")
    company.use("r4", AS_OF, times=9, event="Signed In")
    company.add(
        staged.OPPORTUNITY, opportunity_id="o1", account_id="a2", stage="Won", is_won=True, is_closed=True,
        close_date=days_ago(3), amount=10.0,
    )  # fmt: skip
    measured(company)
    assert who(company, "did('Signed In', exactly 3)", "account") == "a1"
    assert who(company, "at_least_of_people(2, did('Signed In'))", "account") == "a1"
    assert who(company, "all_of_people(did('Signed In', at_least 2))", "account") == ""
    assert who(company, "none_of_people(did('Signed In', at_least 3))", "account") == "a1 a2"
    assert who(company, "did('Opportunity Won', within_last 4 days, where amount >= 10)", "account") == "a2"
    assert who(company, "did('Opportunity Won')") == ""  # it happened to the company, and to none of its people


def test_steps_follow_each_other_whichever_record_they_came_from(company: SmallCompany) -> None:
    company.use("r1", days_ago(9), event="Signed In")
    company.use("r2", days_ago(2), event="Report Exported")  # seven days later, by another record
    company.use("r3", days_ago(2), event="Signed In", times=2)
    company.use("r4", days_ago(9), event="Report Exported")
    company.use("r4", days_ago(2), event="Signed In")
    measured(company)
    assert who(company, "did('Signed In') then did('Report Exported')") == "p1"
    assert who(company, "did('Signed In') then within 7 days did('Report Exported')") == "p1"
    assert who(company, "did('Signed In') then within 6 days did('Report Exported')") == ""
    assert who(company, "did('Signed In') then did('Signed In')") == "p2"  # a minute later
    assert who(company, "not did('Signed In') then did('Report Exported')") == "p2 p3"


def test_of_two_events_at_the_same_second_none_is_after_the_other(company: SmallCompany) -> None:
    for event in ("Signed In", "Report Exported"):
        company.use("r1", AS_OF, event=event)
    measured(company)
    assert who(company, "did('Signed In') then did('Report Exported')") == ""


def test_what_lies_between_ends_a_sequence_and_a_later_start_begins_it_anew(company: SmallCompany) -> None:
    for record, starts in (("r1", [5]), ("r3", [5, 1])):
        company.use(record, *map(days_ago, starts), event="Signed In")
        company.mail(record, "form", days_ago(3))
        company.use(record, AS_OF, event="Report Exported")
    company.mail("r4", "click", days_ago(3), actor="unknown")
    company.use("r4", days_ago(5), event="Signed In")
    company.use("r4", AS_OF, event="Report Exported")
    measured(company)
    assert who(company, "did('Signed In') then did('Report Exported') without did('Form Submitted') between") == "p2 p3"
    where = "did('Signed In') then did('Report Exported') without did('Email Clicked') between"
    assert states(company, where) == {"p1": True, "p2": True, "p3": None}
    where = "did('Signed In') then did('Email Clicked') then did('Report Exported')"
    assert states(company, where) == {"p1": False, "p2": False, "p3": None}


def test_a_persons_segment_may_ask_about_the_account(company: SmallCompany) -> None:
    company.account("a2")
    company.person("p4", account_id="a2")
    company.use("r1", AS_OF, event="Signed In")
    measured(company)
    assert states(company, "account(did('Signed In'))") == {"p1": True, "p2": True, "p3": None, "p4": False}
    assert who(company, "not did('Signed In') and account(did('Signed In'))") == "p2"


def test_a_change_is_from_one_known_value_to_another(company: SmallCompany) -> None:
    told = {"p1": ["promoter", "detractor"], "p2": ["detractor"], "p3": ["promoter", None, "detractor"]}
    kept = [
        {"profile_id": person, "since": days_ago(20 - number), "nps_class": value, "is_present": True}
        for person, values in told.items()
        for number, value in enumerate(values)
    ]
    measured(company)
    company.kept = rows_of(CUSTOMER_HISTORY, kept)
    assert who(company, "changed(nps_class)") == "p1"
    assert who(company, "changed(nps_class, from 'promoter' to 'detractor', within_last 20 days)") == "p1"
    assert who(company, "changed(nps_class, to 'detractor', within_last 19 days)") == ""
    assert states(company, "not changed(nps_class, from 'detractor')") == {"p1": True, "p2": True, "p3": True}


def test_what_became_of_an_id_that_was_merged_away_became_of_the_profile_that_carries_on(company: SmallCompany) -> None:
    company.add(ALIAS, alias_id="p0", profile_id="p1", since=days_ago(5))
    told = [("p0", 20, "promoter"), ("p0", 10, "detractor"), ("p0", 5, None), ("p1", 15, "detractor")]
    told += [("p2", 15, "detractor")]
    measured(company)
    company.kept = rows_of(
        CUSTOMER_HISTORY,
        [{"profile_id": id, "since": days_ago(days), "nps_class": value, "is_present": value is not None}
         for id, days, value in told],
    )  # fmt: skip
    assert who(company, "changed(nps_class, from 'promoter' to 'detractor')") == "p1"
    assert who(company, "changed(nps_class, to 'promoter')") == ""  # they were different; neither has changed so


def test_campaigns_answers_and_deliveries_are_events_too(company: SmallCompany) -> None:
    company.add(staged.CAMPAIGN, campaign_id="c1", name="Webinar", type="Webinar")
    company.add(
        staged.CAMPAIGN_MEMBER, member_id="m1", campaign_id="c1", record_id="r1", status="Attended",
        has_responded=True, first_responded_on=days_ago(2), created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    company.answer("r3", 3, days_ago(1))
    company.add(staged.ASSET, asset_id="s1", account_id="a1", product="Seats", installed_on=days_ago(4), seats=5)
    measured(company)
    assert who(company, "did('Campaign Joined', where campaign = 'Webinar' and status = 'Attended')") == "p1"
    assert who(company, "did('Campaign Responded', within_last 3 days)") == "p1"
    assert who(company, "did('Survey Answered', where score <= 6)") == "p2"
    assert who(company, "did('Product Delivered', where seats >= 5)", "account") == "a1"


def test_a_run_keeps_the_counts_as_evidence_and_why_names_the_very_events(company: SmallCompany) -> None:
    company.use("r1", AS_OF, days_ago(2), days_ago(40), event="Report Exported", properties='{"format": "pdf"}')
    company.use("r2", days_ago(1), event="Report Exported", properties="{}")
    where = "did('Report Exported', at_least 2, within_last 14 days, where format = 'pdf')"
    definition = {"key": "exporters", "name": "x", "owner": "x", "purpose": "x", "where": where}
    (company.project.settings.config / "segments" / "exporters.yaml").write_text(json.dumps(definition))
    refs = company.save()
    for ref in refs.values():
        company.project.lake.point(ref)
    refs |= publish(company.project, measure(company.project, company.run(), refs))
    found = segment(company.project, company.run(), refs)
    publish(company.project, found)
    (member,) = read(company.project, SEGMENT_MEMBERSHIP, found)
    assert member["member_id"] == "p1"
    counted = "times_did('Report Exported', within_last 14 days, where format = 'pdf')"
    assert json.loads(member["evidence"]) == {counted: None}  # two, or three
    (clause,) = explain(company.project, "exporters", "p1").clauses
    total, *told = clause.sources
    assert (clause.state, total.measure, total.value) == (True, counted, "2 to 3")
    assert [(event.record, event.age_days) for event in told] == [
        ("usage.track:0", 0), ("usage.track:3", 1), ("usage.track:1", 2),
    ]  # fmt: skip
    assert "is not known" in told[1].measure


def test_whoever_raised_a_hand_in_whatever_way_and_was_not_written_to_since_is_unanswered(
    company: SmallCompany,
) -> None:
    where = yaml.safe_load((SHIPPED / "segments" / "hand_raised_unanswered.yaml").read_text("utf-8"))["where"]
    company.mail("r1", "form", days_ago(3), detail="Request a demo")
    company.add(staged.CONVERSATION, conversation_id="chat", record_id="r3", kind="chat", on_date=days_ago(3))
    company.add(staged.CONVERSATION, conversation_id="call", record_id="r4", kind="call", on_date=days_ago(3))
    measured(company)
    assert who(company, where) == "p1 p2"
    response = {"has_responded": True, "status": "Requested a demo", "first_responded_on": days_ago(3)}
    company.add(staged.CAMPAIGN_MEMBER, member_id="m", campaign_id="c", record_id="r4", **response)
    company.mail("r2", "sent", days_ago(2), mailing="answer")
    company.mail("r4", "sent", days_ago(5), mailing="before")
    measured(company)
    assert who(company, where) == "p2 p3"
