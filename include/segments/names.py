"""What things are called in messages about a condition."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from include.contracts.events import EventKind, Vocabulary
from include.contracts.measures import measures_of
from include.contracts.nearest import nearest
from include.contracts.tables import Type

ANY = "told_any"  # stands first in a list that is asked without regard to case
CALLED: Mapping[str, str] = {
    "email": "email_domain = 'firm.com', has_email",
    "email_address": "email_domain = 'firm.com', has_email",
    "phone": "has_phone",
    "name": "first_name, last_name",
    "full_name": "first_name, last_name",
    "timezone": "time_zone",
    "state": "region",
    "job_title": "title",
    "role": "title, seniority, job_function",
    "persona": "seniority, job_function",
    "company": "account_name, account_industry, account_employees",
    "industry": "account_industry",
    "employees": "account_employees",
    "company_size": "account_employees",
    "plan": "account_plan",
    "lead_score": "interest_score, fit_score",
    "score": "interest_score, fit_score, nps_score",
    "lead_source": "source_names",
    "source": "source_names",
    "last_login": "usage_last_on, last_did('Signed In')",
    "last_seen": "usage_last_on, engagement_last_on",
    "last_activity": "engagement_last_on, usage_last_on",
    "created_at": "first_seen_on",
    "created": "first_seen_on",
    "create_date": "first_seen_on",
    "signup_date": "first_seen_on",
    "opted_in": "email_consent = 'opted_in'",
    "unsubscribed": "email_consent = 'opted_out'",
    "subscribed": "email_consent = 'opted_in'",
    "churned": "contracts_live = 0 and contract_ended_on is known",
    "is_customer": "contracts_live > 0",
    "customer": "contracts_live > 0",
    "arr": "contract_value",
    "mrr": "contract_value",
    "renewal": "renewal_date, renewal_bucket",
    "renews": "renewal_date",
    "renews_on": "renewal_date",
    "tenure": "tenure_days",
    "revenue": "contract_value",
    "domain": "email_domain",
}
"""What a person's measures are called elsewhere, and how it is asked here."""


def a(kind: Type) -> str:
    """Return what a person calls a value of the type."""
    return {Type.TEXT: "text", Type.INTEGER: "a whole number", Type.BOOLEAN: "true or false"}.get(
        kind, f"a {kind.value}"
    )


def called(node: exp.Expr) -> str:
    """Return what a person would call a piece of SQL."""
    if node.find(exp.Select) is not None:
        return "a subquery"
    if isinstance(node, exp.RegexpLike | exp.RegexpILike):
        return "a pattern"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Cast | exp.Case):
        name = str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()
        return f"the function {name.lower()!r}"
    return f"'{type(node).__name__.lower()}'" if len(node.sql()) > 40 else repr(node.sql())


INSTEAD: Mapping[str, str] = {
    "count": "how often is written times_did('…') > 3",
    "sum": "a sum is written sum_did('…', amount) > 1000",
    "avg": "an average is written average_did('…', score) > 8; a part of all top 10% by interest_score",
    "max": "the last is written latest_did('…', score), the highest top 10 by nps_score",
    "min": "the first is written earliest_did('…', score), the lowest bottom 10 by nps_score",
    "days_since": "days since are written days since usage_last_on > 30",
    "daysago": "days since are written days since usage_last_on > 30",
    "datediff": "days between are written renewal_date - today < 30",
    "lower": "contains, starts with and ends with ask without regard to case",
    "upper": "contains, starts with and ends with ask without regard to case",
}


def instead(node: exp.Expr) -> str:
    """Say what stands here for a function that other tools have; nothing for others."""
    if isinstance(node, exp.RegexpLike | exp.RegexpILike):
        return "; a part of a text is asked by contains, starts with, or like '%part%'"
    if isinstance(node, exp.LT | exp.LTE | exp.GT | exp.GTE):
        return "; a range is written account_employees between 100 and 1000"
    if not isinstance(node, exp.Func):
        return ""
    name = str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()
    told = INSTEAD.get(name.lower(), "")
    return f"; {told}" if told else ""


def unknown_measure(name: str, level: str, vocabulary: Vocabulary = Vocabulary()) -> str:  # noqa: B008 - it is frozen
    """Say that a level has no measure of that name, and what stands in its place."""
    traits = vocabulary.traits.values()
    known = (*measures_of(level), *(trait.key for trait in traits if trait.level == level))
    refused = vocabulary.traits.get(name)
    if refused is not None and refused.fault:
        return f"the trait {name!r} is refused itself: {refused.fault}"
    other = "account" if level == "person" else "person"
    elsewhere = (*measures_of(other), *(trait.key for trait in traits if trait.level == other))
    if level == "person" and name.lower() in CALLED:
        return f"{name!r} is no measure of {_whom(level)}; ask by {CALLED[name.lower()]}"
    if name not in elsewhere or level not in ("person", "account"):
        return f"{name!r} is no measure of {_whom(level)}{nearest(name, known)}"
    if level == "account":
        return f"{name!r} is a measure of people; ask of an account any_of_people({name} …)"
    beside = f"account_{name}"
    if beside in known:
        return f"{name!r} is a measure of accounts; of a person's account it is {beside}"
    return f"{name!r} is a measure of accounts; ask of a person account({name} …)"


def unknown_property(name: str, kind: EventKind) -> str:
    """Say that events of a kind have no property of that name."""
    return f"{kind.name!r} has no property {name!r}{nearest(name, [column.name for column in kind.properties])}"


def _whom(level: str) -> str:
    return "an account" if level == "account" else f"a {level}"
