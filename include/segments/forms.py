"""What people type that has no one meaning, or none here, and the form that says it.

Asked where nobody can read a condition, so that no answer is in the words of a parser.
"""

from __future__ import annotations

import re

from sqlglot import exp

from include.contracts.errors import DefinitionError
from include.segments.refusal import refusal

NAME = r"(?P<name>[^\W\d]\w*)"
QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), told)
    for pattern, told in (
        (
            r"\bbetween\s+(?P<low>\d+)\s+(?:and|to)\s+(?P<high>\d+)\s+times\b",
            "a range of how often is asked of the number, as in times_did('…') between {low} and {high}",
        ),
        (
            r"\b(?:no|without)\s+(?:logins?|activity|sign-?ins?|purchases?|opens|clicks)\b",
            "what was not done is written not did('…', within_last 10 days); python -m include events lists all events",
        ),
        (
            r"\b(?:nobody|no[\s-]?one|none of the people)\b",
            "that none of an account's people did it is written none_of_people(did('…'))",
        ),
        (
            r"\b(?:every(?:one|body)|all (?:of )?the people)\b",
            "that all of an account's people did it is written all_of_people(did('…'))",
        ),
        (
            r"\b(?:any|some)\s?(?:one|body|person|people)\b",
            "that somebody of an account's people did it is written any_of_people(did('…'))",
        ),
        (
            r"\b(?:(?:more than|fewer than|less than|at most|exactly)\s+\d+|\d+\s+or\s+more)\s+(?:people|persons?)\b",
            "how many of an account's people is written at least 3 people who (…), or not at least 3 people who (…)",
        ),
        (
            r"\b(?:has|have|had)(?:\s+not)?\s+(?:done|performed)\b|\bperformed\b|\bevent\s+'",
            "what was done is written did('…', at_least 2, within_last 30 days), and what was not did_not('…')",
        ),
        (
            r"\b(?:not\s+)?(?:logged|signed)\s+in\b|\binactive\b|\bopened\s+(?:an?\s+)?e?mail\b|\bclicked\b",
            "what was done is written did('Signed In', within_last 30 days), and what was not did_not('Signed In', …)",
        ),
        (r"\b(?:unless|except|without)\s+(?!did)\w", "what is left out is written and not (…)"),
        (r"\banniversary\s+of\b", "an anniversary is written anniversary_of(first_seen_on, within_next 14 days)"),
        (r"^\s*no\s+[\w ]+$", "what somebody has not is written not has_email, or city is unknown"),
        (
            r"\b(?:and|or)\s+(?:is|are|contains|starts|ends|in|like|between)\b",
            "name the measure again on this side, as in country is unknown or country = 'Germany'",
        ),
        (r"\)\s*without\s+did\(", "what was not done as well is written did('A') and not did('B')"),
        (r"^\s*(?:and|or)\b", "a condition does not begin with and, or"),
        (
            rf"\b{NAME}\s+not\s+(?!in\b|like\b|between\b)(?P<value>'x*'|\w+)",
            "what is not so is written {name} != …, with a text in single quotes",
        ),
        (r"\bneither\b|\bnor\b", "what is neither is written not (… or …)"),
        (r"\band/or\b", "write and where both have to be so, or where one is enough"),
        (
            r"\b(?:limit\s+\d|top\s+\d+\s*(?:%|percent)?\s*$|\d+\s*%\s+of)",
            "so many of them are written top 100 by interest_score, or top 10% by interest_score",
        ),
        (r",\s*(?:>=?|<=?|=)\s*\d", "how often is written at_least 3, at_most 3 or exactly 3"),
        (r"\b(?:matches|regexp|rlike)\b", "a part of a text is asked by contains, starts with, or like '%part%'"),
        (r"\d\s*(?:hours?|minutes?)\b", "a span is a whole number of days or more; write 2 days for 36 hours"),
        (r"\bon\s+'x{10}'", "one day is written between '2026-10-01' and '2026-10-01'"),
        (
            r"\b(?P<name>\w+_(?:on|date))\s+(?:is\s+)?in\s+(?P<span>\d+\s+\w+)\b",
            "this can be read in two ways; write {name} in the next {span}, or {name} = today + {span}",
        ),
        (r"\baccount\s+(?:did|has|is)\b|\btheir account\b", "what is asked of a person's account stands in account(…)"),
        (
            r"\b\w+\s+(?:dropped|fell|rose|went|grew)\b",
            "a change is written changed(nps_class, from 'a' to 'b', within_last 90 days); for numbers see nps_change",
        ),
        (
            rf"\b{NAME}\s+(?:became|turned)\b",
            "a change is written changed({name}, from 'a' to 'b', within_last 90 days)",
        ),
        (r"\bwas\s+\S+.*\bago\b", "what was so on a day is written was(nps_class = 'promoter', 30 days ago)"),
        (
            rf"\b{NAME}\s+(?:is\s+)?(?:between|in)\s+(?P<low>\d+)\s+(?:to|and|-)\s+(?P<high>\d+)\s+days\b",
            "a range of days is written {name} between today + {low} days and today + {high} days; in the past with -",
        ),
        (
            rf"\b{NAME}\s+within\s+(?P<span>\d+\s+\w+)\b",
            "this can be read in two ways; write {name} in the next {span}, or {name} in the last {span}",
        ),
        (
            rf"\b{NAME}\s+(?:is\s+)?(?:in|during)\s+(?:Q[1-4]|(?:19|20)\d\d\b|{MONTHS}\b)",
            "a period is a range of days: {name} between '2027-01-01' and '2027-03-31', or {name} in next quarter",
        ),
        (rf"\b\d{{1,2}}\.?\s+{MONTHS}\s+\d{{4}}\b", "a date is written '2026-12-31', in single quotes"),
        (rf"\b{MONTHS}\s+\d{{1,2}},?\s+\d{{4}}\b", "a date is written '2026-12-31', in single quotes"),
        (
            r"\b(?:and|or)\s*(?:<=?|>=?|=|!=)\s*\S",
            "name the measure again on this side, as in nps_score >= 3 and nps_score <= 6",
        ),
        (r"[<>=]\s*\d+,\d{1,2}\b", "a decimal is written with a point, as in 0.8"),
        (r"\b(?:contains|starts with|ends with)\s+'[^']*'\s*,", "several texts are written contains any of ('a', 'b')"),
        (
            r"\b(?:is one of|is any of|in)\s+(?!the\b)[^\W\d][\w .-]*,",
            "a list stands in brackets, each text in quotes, as in in ('a', 'b')",
        ),
        (rf"\b{NAME}\s+(?P<low>\d+)\s*-\s*(?P<high>\d+)\b", "a range is written {name} between {low} and {high}"),
        (r"\('x*'\s+(?:where|with)\b", "a comma is missing before the word where"),
        (r"\brandom(?:ly)?\b", "a random part is kept out by holdout: 0.1 in the definition, beside the condition"),
        (
            r"\bon\s+(?:an?\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)day",
            "a weekday is asked by day_of_week(first_seen_on) = 'Monday'",
        ),
        (
            r"(?<!in )(?<!the )\bnext\s+(?P<span>\d+\s+\w+)",
            "a span ahead is written within_next {span}; after a date, in the next {span}",
        ),
        (
            r"\d[km]?\s*(?:(?:EUR|USD|GBP|CHF)\b|[€£$])",
            "an amount is a number in the company's currency, as in contract_value > 10000",
        ),
        (
            rf"\b{NAME}\s+(?P<value>\d[\d.]*)\s+or\s+(?P<other>\d[\d.]*)\b",
            "several values are written {name} in ({value}, {other})",
        ),
    )
)
CONNECTING = ("", "and", "or", "not", "in", "is", "between", "then", "where")
OPERATORS = "<>=!+-*/,&|"
REACH = 300  # characters before and after that place in which a form is looked for: a pattern may take their square
NEAR = 40  # characters between what is meant and where the reading ended


def unreadable(text: str, line: int, column: int) -> DefinitionError:
    """Return the error for a condition that cannot be read at a place, in words that somebody understands."""
    plain = QUOTED.sub(lambda found: "'" + "x" * (len(found.group()) - 2) + "'", text)
    ended = sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1
    for pattern, told in FORMS:
        for found in pattern.finditer(plain, max(0, ended - REACH), ended + REACH):
            if found.start() - NEAR <= ended <= found.end() + NEAR:
                return refusal(told.format(**found.groupdict()), text, found.start())
    word, column = _word_at(text, line, column)
    told = "between two conditions stands and, or or; a text stands in single quotes; a name is one word"
    problem = f"the condition cannot be read at {word!r}: {told}"
    if text.rstrip().endswith(word) and (word.lower() in CONNECTING or word[-1] in OPERATORS):
        problem = f"something is missing after {word!r}" if word else "something is missing at the end"
    return DefinitionError(problem, line=line, column=column)


def unread(node: exp.Expr, text: str) -> DefinitionError:
    """Return the error for a piece that was read and has no meaning here."""
    ends = [int(part.meta["end"]) for part in node.walk() if "end" in part.meta]
    before = text[: max(ends, default=0) + 1]
    return unreadable(text, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1))


def _word_at(text: str, line: int, column: int) -> tuple[str, int]:
    """The whole word of which a place is part, and where it begins."""
    row = "".join(text.splitlines()[line - 1 : line])  # none where the text ends before it
    before, after = row[: column - 1], row[column - 1 :]
    begins = before.split()[-1] if before and not before[-1].isspace() else ""
    ends = after.split()[0] if after and not after[0].isspace() else ""
    return begins + ends, column - len(begins)
