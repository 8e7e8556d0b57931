"""Ordinary words of a condition: what has one meaning is read, what has not gets the form that says it."""

from __future__ import annotations

import pytest

from include.contracts.errors import DefinitionError
from include.contracts.events import EventKind, Vocabulary
from include.contracts.measures import measures_of
from include.contracts.tables import Column, Type
from include.segments.language import parse
from include.segments.names import CALLED


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("title contains 'Director'", "title contains 'Director'"),
        ("contains(title, 'Director')", "title contains 'Director'"),
        ("title contains any of ('VP', 'Head of')", "title contains any of ('VP', 'Head of')"),
        ("title contains 'VP' or 'Director'", "title contains any of ('VP', 'Director')"),
        ("title does not contain 'Intern'", "not title contains 'Intern'"),
        ("title not contains 'Intern' and has_email", "not title contains 'Intern' and has_email"),
        ("not contains(title, 'Intern')", "not title contains 'Intern'"),
        ("title starts with 'Head' or title ends with 'Data'", "title starts with 'Head' or title ends with 'Data'"),
        ("title ilike '%director%'", "title ilike '%director%'"),
        ("country is any of ('germany', 'France')", "country is any of ('germany', 'France')"),
        ("country is not one of ('Germany')", "not country is any of ('Germany')"),
        ("country is none of ('Germany')", "not country is any of ('Germany')"),
        ("country is 'Germany'", "country = 'Germany'"),
        ("country is not 'Germany'", "country != 'Germany'"),
        ("country = ('Germany', 'France')", "country in ('Germany', 'France')"),
        ("country != ('Germany', 'France')", "not country in ('Germany', 'France')"),
        ("title startswith 'VP' or title includes 'Head'", "title starts with 'VP' or title contains 'Head'"),
        ("country = 'Germany' or 'France'", "country in ('Germany', 'France')"),
        ("country = 'Germany' or 'France' or has_email", "country in ('Germany', 'France') or has_email"),
        ('country = "Germany"', "country = 'Germany'"),
        ("country = “Germany”", "country = 'Germany'"),
        ("country = ‘Germany’ and title = 'it’s'", "country = 'Germany' and title = 'it’s'"),
        ("nps_class = detractor", "nps_class = 'detractor'"),
        ("nps_score is known", "nps_score is not null"),
        ("nps_score is unknown", "nps_score is null"),
        ("nps_score is not known", "nps_score is null"),
        ("title is empty", "title is null"),
        ("has_email is true", "has_email is not null and has_email"),
        ("has_email is not true", "not (has_email is not null and has_email)"),
        ("has_email && nps_score >= 9", "has_email and nps_score >= 9"),
        ("has_email || nps_score ≥ 9", "has_email or nps_score >= 9"),
        ("AND(has_email, OR(nps_score = 1, nps_score = 2))", "has_email and (nps_score = 1 or nps_score = 2)"),
        ("and(country in ('a', 'b'), has_email)", "country in ('a', 'b') and has_email"),
        ("nps_score is at least 9", "nps_score >= 9"),
        ("nps_score is greater than 8 and nps_score is less than 10", "nps_score > 8 and nps_score < 10"),
        ("nps_score =< 6", "nps_score <= 6"),
        ("usage_core_actions_28 > 1k", "usage_core_actions_28 > 1000"),
        ("usage_core_actions_28 > 10,000", "usage_core_actions_28 > 10000"),
        ("(usage_core_actions_28 > 10,000 or has_email)", "usage_core_actions_28 > 10000 or has_email"),
        ("contract_value >= $10,000", "contract_value >= 10000"),
        ("contract_value >= 10,000.50", "contract_value >= 10000.5"),
        ("contract_value >= €500", "contract_value >= 500"),
        ("contract_value between 1,500 and 2.5m", "contract_value between 1500 and 2500000"),
        ("usage_trend <= -25%", "usage_trend <= -0.25"),
        ("usage_trend < 10% and has_email", "usage_trend < 0.1 and has_email"),
        ("identity_confidence >= 80 %", "identity_confidence >= 0.8"),
        ("usage_last_on older than 30 days", "before_last(usage_last_on, 30 days)"),
        ("usage_last_on is more than 2 weeks ago", "before_last(usage_last_on, 2 weeks)"),
        ("usage_last_on less than 30 days ago", "within_last(usage_last_on, 30 days)"),
        ("usage_last_on in the last 30 days", "within_last(usage_last_on, 30 days)"),
        ("usage_last_on not in the last 30 days", "not within_last(usage_last_on, 30 days)"),
        ("usage_last_on is not in the last 30 days", "not within_last(usage_last_on, 30 days)"),
        ("renewal_date within the next 1 month and has_email", "within_next(renewal_date, 1 months) and has_email"),
        ("renewal_date more than 90 days from now", "after_next(renewal_date, 90 days)"),
        ("renewal_date in next quarter", "during(renewal_date, 'next quarter')"),
        ("renewal_date is in the current month", "during(renewal_date, 'this month')"),
        ("renewal_date not in this year", "not during(renewal_date, 'this year')"),
        ("first_seen_on >= today - 14", "first_seen_on >= today - 14 days"),
        ("first_seen_on >= today - 14 days", "first_seen_on >= today - 14 days"),
        ("renewal_date between today and today + 3 months", "renewal_date between today and today + 3 months"),
        ("renewal_date = tomorrow", "renewal_date = today + 1 days"),
        ("renewal_date <= current_date", "renewal_date <= today"),
        ("top 10% by usage_core_actions_28", "in_top(usage_core_actions_28, 10%)"),
        ("in the bottom 2.5 % by nps_score and has_email", "in_bottom(nps_score, 2.5%) and has_email"),
        (
            "in_top(usage_core_actions_28, 10%, usage_core_actions_28 > 0 and has_email)",
            "in_top(usage_core_actions_28, 10%, usage_core_actions_28 > 0 and has_email)",
        ),
        ("top 100 people by contract_value", "in_top(contract_value, 100)"),
        ("top 10% accounts by contract_value", "in_top(contract_value, 10%)"),
        ("in the top 100 by contract_value", "in_top(contract_value, 100)"),
        ("nps_on = 30 days ago", "nps_on = today - 30 days"),
        ("renewal_date within_next 90 days", "within_next(renewal_date, 90 days)"),
        (
            "in segment ('champions') and not in segment champions",
            "in_segment('champions') and not in_segment('champions')",
        ),
        ("seniority is executive or Director or 'manager'", "seniority in ('executive', 'director', 'manager')"),
    ],
)
def test_what_has_one_meaning_is_read(text: str, read: str) -> None:
    node = parse(text, "person")
    assert str(node) == read
    assert parse(read, "person") == node


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("usage_last_on < 30 days ago", "read in two ways; write within_last(…, 30 days) for up to 30 days ago"),
        ("usage_last_on in the last 36 hours", "write 2 days for 36 hours"),
        ("country = 'O'Reilly'", "one inside a text is written twice, as in 'O''Reilly'"),
        ("country = Germany", "text stands in single quotes: 'Germany'"),
        ("title ~ 'Director'", "a pattern is not part of the segment language; a part of a text is asked by contains"),
        ("contract_value > 50k €", "an amount is a number in the company's currency"),
        ("email domain is one of gmail.com, yahoo.com", "a list stands in brackets, each text in quotes"),
        ("tenure_days > 2 years", "tenure_days is a number of days; write 730"),
        ("usage_tier not power", "what is not so is written usage_tier != …, with a text in single quotes"),
        ("renews in the next 30 days", "ask by renewal_date"),
        ("country in ('a' 'b')", "a comma is missing before this text"),
        ("(has_email and nps_score = 9", "this bracket is never closed"),
        ("has_email and nps_score = 9)", "this bracket closes none"),
        ("nps_score > 80%", "nps_score is in points and no share, so that it has no percent"),
        ("usage_core_actions_28 in (10,000)", "write ten thousand as 10000"),
        ("title contains Director", "after 'contains' stands a text in single quotes"),
        ("title contains", "after 'contains' stands a text in single quotes"),
        ("nps_score contains '9'", "nps_score is a whole number; 'contains' looks into text"),
        ("nps < 0", "'nps' is a measure of accounts; of a person's account it is account_nps"),
        ("usage_breadth > 80%", "ask of a person account(usage_breadth …)"),
        ("did('Signed In') at least 3 times", "stand inside the brackets, as in did('Signed In', at_least 3"),
        ("did not sign in", "did is followed by brackets"),
        ("did('Email Sent', 3)", "write at_least, exactly or at_most before it"),
        ("has_email = 1", "has_email is true or false; write has_email, or not has_email"),
        ("country is not 'Germany' or 'France'", "read in two ways; write country not in (…) for none of them"),
        ("email contains '@gmail'", "'email' is no measure of a person; ask by email_domain = 'firm.com', has_email"),
        ("last_login > 3", "ask by usage_last_on, last_did('Signed In')"),
        ("count('Signed In') > 3", "how often is written times_did('…') > 3"),
        ("days_since(usage_last_on) > 30", "days since are written days since usage_last_on > 30"),
        ("days since usage_last_o > 30", "did you mean 'usage_last_on'?"),
        ("lower(title) = 'cto'", "ask without regard to case"),
        ("did('Email Opened' or 'Email Clicked')", "so write did('Email Opened') or did('Email Clicked')"),
        ("did('Email Opened', 'Email Clicked')", "so write did('Email Opened') or did('Email Clicked')"),
        ("did('Email Sent', name = 'x')", "begins with where, as in where name = …"),
        ("did('Email Sent', never)", "what was never done is written did_not('Email Sent')"),
        ("country isn't 'Germany'", "an apostrophe opens a text; write is not, does not, of the account"),
        ("100 < account_employees < 1000", "a range is written account_employees between 100 and 1000"),
        ("did('Email Sent', in the last month)", "read in two ways; write in last month for that of the calendar"),
        ("did('Email Sent', where name is 'a', 'b')", "as in where name is any of ('a', 'b')"),
        ("Full Name = 'Anna Berg'", "ask by first_name, last_name"),
        ("did('Email Sent', ever)", "leave this out: without a span all the days count"),
        ("in_list('webinar')", "there is no list 'webinar'"),
        ("mailbox_provider = 'gmail.com'", "'mailbox_provider' is no measure of a person"),
        ("has_email and 'France'", "stands alone; before it a measure is missing"),
        ("in_top(title, 10)", "in_top needs a measure with an order and how many"),
        ("in_top(nps_score, 0)", "how many is a whole number or a percentage"),
        ("top 120% by nps_score", "how many is a whole number or a percentage"),
        ("during(renewal_date, 'next decade')", "as in during(renewal_date, 'next quarter')"),
    ],
)
def test_what_has_no_one_meaning_gets_the_form_that_says_it(text: str, told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text, "person")
    assert told in caught.value.problem


@pytest.mark.parametrize("text", ["in_list('webinar')", "mailbox_provider = 'gmail.com'"])
def test_nothing_is_suggested_where_nothing_is_near(text: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text, "person")
    assert "did you mean" not in caught.value.problem
    assert len(caught.value.problem) < 250


def test_a_measure_of_people_is_asked_of_an_account_through_its_people() -> None:
    with pytest.raises(DefinitionError, match=r"of an account any_of_people\(nps_change"):
        parse("nps_change < 0", "account")


def test_all_faults_of_a_condition_are_named_at_once_in_their_order() -> None:
    with pytest.raises(DefinitionError) as caught:
        parse("nps_clas = 'x' and (usage_tir = 'low'\n  or contry = 'x') and nps_score = 'nine'", "person")
    found = [caught.value, *caught.value.others]
    assert [(fault.line, fault.column) for fault in found] == [(1, 1), (1, 21), (2, 6), (2, 36)]
    for fault, told in zip(found, ("nps_class", "usage_tier", "country", "whole number"), strict=True):
        assert told in fault.problem


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("at least 3 people who (nps_class = 'promoter')", "at_least_of_people(3, nps_class = 'promoter')"),
        ("at least 3 people of the account who did('Email Clicked', at least 2) and is_at_risk",
         "at_least_of_people(3, did('Email Clicked', at_least 2)) and is_at_risk"),
        ("at_least 2 contacts with (title contains 'VP' or has_phone)",
         "at_least_of_people(2, title contains 'VP' or has_phone)"),
    ],
)  # fmt: skip
def test_a_number_of_an_accounts_people_is_asked_for_in_words(text: str, read: str) -> None:
    assert str(parse(text, "account")) == read


def test_what_is_asked_of_people_stands_in_brackets() -> None:
    with pytest.raises(DefinitionError, match="put what is asked of them into brackets"):
        parse("at least 3 people who nps_class = 'promoter'", "account")


def test_a_span_is_no_day() -> None:
    with pytest.raises(DefinitionError, match=r"30 days is a span, and no value; write within_last\(…, 30 days\)"):
        parse("usage_last_on > 30 days", "person")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("has_email but not has_phone", "has_email and not has_phone"),
        ("has_phone is no and has_email = yes", "has_phone = false and has_email = true"),
        ("usage_core_actions_28 in the top 5 percent", "in_top(usage_core_actions_28, 5%)"),
        ("is in segment 'champions'", "in_segment('champions')"),
        ("has_email and not a member of 'champions'", "has_email and not in_segment('champions')"),
        ("did('Email Sent', yesterday)", "did('Email Sent', during 'last day')"),
        ("job_function is either 'sales' or 'marketing'", "job_function in ('sales', 'marketing')"),
        ("first_seen_on last month", "during(first_seen_on, 'last month')"),
        ("usage_trend > 1.125", "usage_trend > 1.125"),
        ("renewal_date is not this month", "not during(renewal_date, 'this month')"),
        ("first_seen_on since '2026-09-01'", "first_seen_on >= date '2026-09-01'"),
        ("contract_value > €10,000", "contract_value > 10000"),
        ("did('Email Clicked', at least twice in the last 14 days)",
         "did('Email Clicked', at_least 2, within_last 14 days)"),
        ("did('Email Clicked', exactly once)", "did('Email Clicked', exactly 1)"),
        ("Renewal Date in the next 90 days and NPS_Score < 7", "within_next(renewal_date, 90 days) and nps_score < 7"),
        ("7 > NPS_SCORE", "nps_score < 7"),
        ("first name is 'Anna'", "first_name = 'Anna'"),
        ("people who did('Email Clicked')", "did('Email Clicked')"),
        ("where nps_score > 8", "nps_score > 8"),
        ("either has_email or has_phone", "has_email or has_phone"),
        ("renewal_date is before 2027-01-01", "renewal_date < date '2027-01-01'"),
        ("renewal_date between 2027-01-01 and 2027-03-31",
         "renewal_date between date '2027-01-01' and date '2027-03-31'"),
        ("renewal_date is today", "renewal_date = today"),
        ("renewal_date is less than 90 days away", "within_next(renewal_date, 90 days)"),
        ("days since usage_last_on > 30 and has_email", "today - usage_last_on > 30 and has_email"),
        ("days until renewal_date < 30", "renewal_date - today < 30"),
        ("days since last_did('Email Clicked', where name = 'x') > 30",
         "today - last_did('Email Clicked', where name = 'x') > 30"),
        ("last_did('Email Clicked') more than 30 days ago", "before_last(last_did('Email Clicked'), 30 days)"),
        ("first_did('Email Sent') is not in last month", "not during(first_did('Email Sent'), 'last month')"),
        ("nps_score is greater than or equal to 9", "nps_score >= 9"),
        ("account_plan is one of 'Pro', 'Enterprise' and has_email",
         "account_plan is any of ('Pro', 'Enterprise') and has_email"),
        ("nps_score in 9, 10", "nps_score in (9, 10)"),
        ("nps_score = '9'", "nps_score = 9"),
        ("nps_class is a Promoter", "nps_class = 'promoter'"),
        ("nps_class is not promoter", "not nps_class = 'promoter'"),
        ("usage_tier = 'POWER'", "usage_tier = 'power'"),
        ("day_of_week(nps_on) in ('sat', 'Sun')", "day_of_week(nps_on) in ('Saturday', 'Sunday')"),
        ("has_email = 'Yes'", "has_email = true"),
        ("city exists and region does not exist", "city is not null and region is null"),
        ("in_segment(champions)", "in_segment('champions')"),
        ("Usage Core Actions 28 > 10", "usage_core_actions_28 > 10"),
        ("contract_value > 1.5 million", "contract_value > 1500000"),
        ("top 10% by times_did('Email Clicked')", "in_top(times_did('Email Clicked'), 10%)"),
        ("did('Email Sent', on 2026-10-01)", "did('Email Sent', between date '2026-10-01' and date '2026-10-01')"),
        ("top 10 percent of nps_score", "in_top(nps_score, 10%)"),
        ("did('Email Clicked', 3+ times in the last 14 days)", "did('Email Clicked', at_least 3, within_last 14 days)"),
        ("did('Email Clicked', 3 or more times)", "did('Email Clicked', at_least 3)"),
        ("did('Opportunity Won', with amount above 10,000)", "did('Opportunity Won', where amount > 10000)"),
    ],
)  # fmt: skip
def test_more_words_that_have_one_meaning_are_read(text: str, read: str) -> None:
    assert str(parse(text, "person")) == read


@pytest.mark.parametrize(
    ("text", "told", "column"),
    [
        ("renewal_date within 90 days", "write renewal_date in the next 90 days, or renewal_date in the last 90", 1),
        ("has_email and renewal_date in Q1 2027", "renewal_date between '2027-01-01' and '2027-03-31'", 15),
        ("renewal_date in 2027", "a period is a range of days", 1),
        ("nps_score <= 6 and >= 3", "name the measure again on this side", 16),
        ("usage_trend > 0,8", "a decimal is written with a point, as in 0.8", 13),
        ("title contains 'a', 'b'", "several texts are written contains any of ('a', 'b')", 7),
        ("country is one of Germany, Austria", "a list stands in brackets, each text in quotes", 9),
        ("did('Email Clicked') and no login for 10 days", "written not did('…', within_last 10 days)", 26),
        ("nps_class was promoter 30 days ago", "was(nps_class = 'promoter', 30 days ago)", 11),
        ("usage_tier became 'inactive'", "changed(usage_tier, from 'a' to 'b', within_last 90 days)", 1),
        ("did('Email Clicked', between 3 and 5 times)", "times_did('…') between 3 and 5", 22),
        ("did('Email Clicked' where name = 'x')", "a comma is missing before the word where", 4),
        ("has_email and nobody did('Email Clicked')", "none_of_people(did('…'))", 15),
        ("contract_value > 10k EUR", "an amount is a number in the company's currency", 19),
        ("title = 'nobody' and country ne 'x'", "cannot be read at \"'x'\"", 33),
        ("has done 'Email Sent' 3 times", "what was done is written did('…', at_least 2, within_last 30 days)", 1),
        ("not logged in for 30 days", "what was not did_not('Signed In', …)", 1),
        ("has_email unless has_phone", "what is left out is written and not (…)", 11),
        ("did('Email Sent') without did('Email Opened')", "is written did('A') and not did('B')", 17),
        ("country is unknown or is 'Germany'", "name the measure again on this side", 20),
        ("and nps_score > 8", "a condition does not begin with and, or", 1),
        ("neither has_email nor has_phone", "what is neither is written not (… or …)", 1),
        ("has_email and/or has_phone", "write and where both have to be so, or where one is enough", 11),
        ("has_email limit 100", "so many of them are written top 100 by interest_score", 11),
        ("anniversary of first_seen_on", "anniversary_of(first_seen_on, within_next 14 days)", 1),
        ("has_email and nps_score >", "something is missing after '>'", 25),
        ("title is promoter", "text stands in quotes, as in title = 'promoter'", 1),
        ("first_seen_on in the last month", "write in last month for that of the calendar, or in the last 1 month", 15),
        ("contract_value > 10.000", "this can be read in two ways; write 10000, or 10", 18),
        ("renewal_date in 60 days", "write renewal_date in the next 60 days, or renewal_date = today + 60 days", 1),
        ("did('Email Sent') before did('Email Opened')", "did('A') then did('B')", 19),
        ("title matches 'VP'", "a part of a text is asked by contains", 7),
        ("account.nps < 0", "a measure is named without a dot; write account(nps …)", 1),
    ],
)
def test_what_cannot_be_read_is_answered_with_the_form_that_says_it(text: str, told: str, column: int) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(text, "person")
    assert told in refused.value.problem
    assert refused.value.column == column


@pytest.mark.parametrize(
    "text",
    [
        f"contract_value > 1{',000' * 2000}",
        f"nps_on = today - {'1' * 5000}",
        f"within_last(nps_on, {'1' * 5000} days)",
        "identity_confidence > 1e400%",
    ],
)
def test_a_number_that_nothing_reaches_is_refused_in_words(text: str) -> None:
    with pytest.raises(DefinitionError, match=r"the number is too large\.$"):
        parse(text, "person")


def test_what_breaks_off_before_its_last_line_is_refused_in_words() -> None:
    with pytest.raises(DefinitionError, match="line 3, column 1: something is missing at the end"):
        parse("$\n^", "person")


def test_a_form_is_told_at_the_end_of_a_long_condition() -> None:
    long = " and ".join(["nps_class = 'promoter'"] * 300)
    with pytest.raises(DefinitionError, match="a decimal is written with a point"):
        parse(f"{long} and usage_trend > 0,8", "person")


def test_what_measures_are_called_elsewhere_leads_to_measures() -> None:
    known = {*measures_of("person"), "interest_score", "fit_score"}
    assert not known & set(CALLED)
    for told in CALLED.values():
        asked = [part.partition(" ")[0] for clause in told.split(", ") for part in clause.split(" and ")]
        assert all(name in known or name.startswith("last_did(") for name in asked), told


def test_the_name_of_a_property_is_as_its_source_has_it() -> None:
    page = EventKind("Page", "A page", "usage_event", (Column("Title", Type.TEXT, "Of the page"),))
    text = "did('Page', where Title = 'Pricing') and Title = 'CTO'"
    assert (
        str(parse(text, "person", Vocabulary({"Page": page})))
        == "did('Page', where Title = 'Pricing') and title = 'CTO'"
    )
