"""docs/segments.md, from the declarations: `python -m include.reference` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from include.contracts.segments import COUNTED, SEGMENTED
from include.contracts.settings import ROOT
from include.segments.calendar import PERIODS, UNITS
from include.segments.catalog import load
from include.segments.definitions import SECTIONS, Definition

PLACE = ROOT / "docs" / "segments.md"
INTRODUCTION = """# Segments

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

A segment is one YAML file in `include/config/segments`. It says who is in it, what it is for and who answers for it;
every run evaluates it on `customer_360` or `account_360`, and on `event`, and keeps who entered, who left, and why.

```yaml
key: detractors_renewing
name: Detractors renewing within 90 days
owner: customer-success
purpose: Call them before the renewal does; their last answer says they are unhappy.
where: |
  nps_class = 'detractor'
  and within_next(renewal_date, 90 days)
```

Try one before it is saved: `python -m include preview FILE` shows its size, the size of each clause, how many may be
contacted by which channel, the overlap with other segments, a sample, what would change against the published one, and
how many events it reads; one that would read more than two thousand million is refused.
"""
LANGUAGE = """## The language

| form | meaning |
|---|---|
| `measure = value`, `!=`, `<`, `<=`, `>`, `>=` | comparison with a value or a measure; text and flags have no order |
| `email_clicks / email_sent > 20%`, `renewal_date - today < 30` | `+ - * /` of numbers; between two dates, days |
| `measure in (value, value)`, `not in` | one of the values |
| `measure is any of ('a', 'b')`, `is none of` | the same of texts, without regard to case |
| `measure between low and high` | both ends included |
| `measure contains 'text'`, `starts with`, `ends with` | without regard to case; several: `any of ('VP', 'Head of')` |
| `measure like 'pattern'`, `ilike` | `%` is any text, `_` one character; case matters, in `ilike` not |
| `measure is null`, `is not null` | unknown, known; also `is unknown`, `is known` |
| `flag`, `flag is true`, `is false` | a true-or-false measure; unknown is neither true nor false |
| `within_next(date, 90 days)` | from the logical date to 90 days later, both included; also `in the next 90 days` |
| `within_last(date, 28 days)` | the 28 days that end with the logical date; of use and engagement, those of a window |
| `before_last(date, 30 days)` | a day before that span; also `date older than 30 days`, `more than 30 days ago` |
| `after_next(date, 30 days)` | a day after the next 30 |
| `during(date, 'next quarter')` | `last`, `this`, `next` and a {periods}; also `date in next quarter` |
| `anniversary_of(date, within_next 14 days)` | one year later, or two, or more; also `within_last` |
| `day_of_week(date) = 'Monday'` | Monday to Sunday |
| `today`, `today - 14 days` | the logical date, or a day seen from it, to compare a date with |
| `in_top(measure, 10%)`, `in_top(measure, 100)`, `in_bottom(…)` | of those with a value, and who equals the last |
| `in_top(measure, 10%, condition)` | of those for whom that condition is true |
| `in_segment('key')` | a member of that segment as published; of a person also: of an account in it |
| `in_list('key')` | of a person: on a [list](#lists) that somebody brought; unknown where it is too old |
| `any_of_people(condition)`, `all_of_…`, `none_of_…` | of an account: its people; `all` asks for at least one |
| `at_least_of_people(3, condition)` | of an account: so many of its people, or more |
| `parent(condition)` | of an account: true of the one right above it; unknown where there is none |
| `any_of_children(condition)`, `all_of_…`, `none_of_…` | of an account: those below it, at any depth |
| `any_of_parents(condition)`, `at_least_of_parents(2, …)` | likewise of those above it |
| `did('Event')`, `did_not('Event')` | an [event](events.md) at least once, or never; of an account: by its people |
| `did('Event', at_least 3, …)` | also `at_most 3`, `exactly 3` |
| `did('Event', within_last 14 days, …)` | also `before_last`, `during`, `before`, `after`, `between` |
| `did('Event', where format = 'pdf' and pages >= 10)` | by declared properties |
| `first_did('Event', after '2026-01-01')`, `last_did(…)` | the day of the first, the last; also `last_did(…) < date` |
| `times_did('Event', …) > 3` | how many; a value like a measure's: `in_top(times_did('Event'), 10%)` |
| `distinct_did('Event', property, …) > 3` | how many different values of a property; also `sum_did`, `average_did` |
| `sum_did('Opportunity Won', amount, where currency = 'EUR')` | amounts that name a currency add up in one: say which |
| `most_frequent_did('Event', property, …)` | a value of a property; also `earliest_did`, `latest_did` |
| `trait` | a [measure of one's own](measures.md#traits-of-ones-own) stands wherever a measure does |
| `did('A', …) then within 7 days did('B', …)` | one after the other, as many steps as there are; days of the calendar |
| `… then did('B') without did('C') between` | and nothing such in between |
| `changed(measure, from 'a' to 'b', within_last 90 days)` | of a measure whose history is kept, of merged ids too |
| `was(condition, 30 days ago)` | by such measures, and traits, as they are kept of that day; unknown where nothing is |
| `account(condition)` | of a person: true of the account, by measures of accounts; unknown where there is none |
| `and`, `or`, `not`, `( )` | as in SQL |

Text is in single quotes, a date is `'2026-12-31'`, a span is a whole number of {units}. Weeks
begin on Monday, fiscal years with the month that `config/calendar.yaml` says; days are those of `KINDRED_TIMEZONE`.
Months and years keep to the calendar: a year after 29 February is 28 February. `80%` is 0.8 where a measure is a
share; `1k`, `10,000`, `$500` are numbers.

Ordinary words with one meaning are understood and shown as they were read: `is at least`, `top 10% by …`, `country =
'Germany' or 'France'`, `days since usage_last_on > 30`, `Renewal Date`, `AND(a, b)`, `&&`, “curly quotes”. What can be
read in two ways (`< 30 days ago`) is refused with the forms that say it. All faults of a definition are named at once.

A comparison with an unknown value is neither true nor false, as in SQL, and a member is somebody for whom the whole
condition is *true*: `nps_score != 9` does not find people without an answer; add `or nps_score is null`
to find them as well.

Nothing is left out in silence: `preview`, `check` and `segments` say of how many too little is known.
`python -m include values MEASURE` lists what occurs of a measure, with counts. `python -m include check` looks at all
definitions, or at the files it is given: faults, conditions that nobody or everybody can fulfil (`nps_score > 8 and
nps_score < 3`), numbers beyond what a measure takes, text that no record has, with the nearest that one has. A new
definition of which one of these is true is held until somebody approves it.

A condition is parsed and checked against the declared [measures](measures.md) and [events](events.md); it is never
executed as text. Whatever
is not in this table (other functions, subqueries, `;`) is refused with file, line and column, and so are
unknown measures and values, types that do not fit, segments that refer to each other in a circle, and two files with
one key. A refused segment keeps the members it had; all others are evaluated.
"""
LISTS = """## Lists

`in_list('webinar-attendees')` asks who is in a CSV file of addresses, phone numbers or sources' ids. Put it into the
folder `lists` of the configuration, `webinar-attendees.csv`, and beside it `webinar-attendees.yaml`:

```yaml
name: Attendees of the webinar on pricing
of: email
column: Email
dated: 2026-11-12
good_for_days: 90
```

`of` is `email`, `phone` (`region: DE` reads numbers that name no country) or `source_id`; `column` is the first where
none is named. An address or a number stands for everybody who has it; a source's id is written as `source.object:id`,
or without that where it stands for one person only. `preview` and `check` say how many rows stand for nobody known,
and in which lines; so does `python -m include lists` for all of them. From the day on when a list is no longer good
it says nothing about anybody: a segment that asks for nothing else is `unjudged` and keeps its members. A list that
cannot be read refuses the definitions that name it, and no others.
"""
MEMBERSHIP = """## Membership and events

- The first run enters everybody; afterwards there are changes only. Running again on the same input changes nothing.
- A membership keeps the day of entry, the version of the definition that let the member in, the identity confidence
  and the values of the segment's measures on that day. An exit keeps the values that ended it.
- Every event has a cause: `first_run`, `person` (the values changed), `definition` (the segment is new, gone, or its
  condition changed: somebody who would not have moved by the former one), `identity` (merge, split), `gone`.
- When profiles merge, memberships go on under the surviving id (`merge`); when one is split, both parts keep it
  (`split`). Neither is an exit and an entry.
- Replayed in the order of date, sequence and kind (merge, split, exit, entry) the events give the membership, whatever
  the order in which days were run: a day may be run again while it is the newest; one before it is refused, or, with
  `run --rewind`, takes the place of itself and of all later ones.

## Guards

A segment whose size is outside `expected`, or of which more than `movement.limit` (and more than `movement.floor`
members) would enter or leave, is held: it keeps yesterday's members, all others are published. `python -m include
segments` says why and what to approve; an approval lasts until the segment is plausible again or its definition
changes. Members who no longer exist leave a held segment too.

## Exclusive groups and holdouts

A member of several segments of one `exclusive.group` stays in the one with the highest priority. `holdout` keeps a
share of the members, by a hash of segment and member and so always the same ones, out of exports and activation.
Whoever is held out of a segment is held out of every one that includes it by `in_segment`, however far (a held-out
account with its people; no account for one of its people), unless that one sets `inherit_holdouts: false`. A refused
definition goes on holding out whom it held out.

## Exports

`python -m include segment KEY --format csv` (`parquet`, `xlsx`) writes the members with their measures, and says how
many are held out and how many may be contacted by each channel for marketing: opted out, undeliverable (a hard bounce)
and without a contact point are not; `segments` and `preview` count them too. `--channel email` (`phone`) leaves those
out and counts them; `--holdout` takes in who is held out. A refused segment is not exported, a held one as it last
stood, and says so. In CSV an apostrophe stands before text that a spreadsheet would run, numbers and telephone numbers
aside; Excel cells are typed; Parquet is verbatim.

`--for mailchimp` (`hubspot`, `google-ads`, `linkedin`, `linkedin-companies`, `meta`, `pardot`) writes the file as that
tool takes it: its documented headers, names apart, countries as codes where it wants them, phones in E.164, one row an
address, and only people who may be contacted for its purpose; who is withheld is counted by reason. A template of
your own is a file in `templates` of the configuration: `purpose`, `key` and `columns`, as `include/config/templates`
shows. A refused or held segment is not written.

## Why

`python -m include why SEGMENT ID` and `why-not` show each clause with its truth, the value, the source row and its age
on the logical date, the records and links that the profile hangs together by, and every equally short way out of the
segment or into it. A way is a change that a company would want or can make (`include/contracts/measures/wanted.py`) or
that time brings: nobody is told to lose a customer. ID is a profile's or account's, an address, a domain, or a
source's own id.
"""


def render() -> str:
    """Return the page, in Markdown."""
    parts = [
        INTRODUCTION,
        *_settings(),
        LANGUAGE.format(units=", ".join(UNITS), periods=", ".join(PERIODS)),
        LISTS,
        MEMBERSHIP,
        *_shipped(),
        *_tables(),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _settings() -> Iterator[str]:
    yield "## Settings\n\n| setting | default | what it is |\n|---|---|---|"
    yield "\n".join(_fields(Definition, "")) + "\n"


def _fields(model: type[BaseModel], path: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        section = SECTIONS.get(name)
        if section is not None and not path:
            yield from _fields(section, f"{name}.")
        else:
            default = (
                ("none" if path == "exclusive." else "required")
                if field.is_required()
                else field.get_default(call_default_factory=True)
            )
            shown = "none" if default is None or default == [] else default
            yield f"| `{path}{name}` | {shown} | {field.description} |"


def _shipped() -> Iterator[str]:
    yield "## Segments that come with Kindred\n\n| segment | of | condition | purpose |\n|---|---|---|---|"
    for segment in sorted(load(ROOT / "include" / "config").segments, key=lambda s: s.key):
        whom = "people" if segment.level == "person" else "accounts"
        yield f"| `{segment.key}` | {whom} | `{segment.condition}` | {segment.definition.purpose} |"
    yield ""


def _tables() -> Iterator[str]:
    yield "## Tables\n"
    for table in (*SEGMENTED, *COUNTED):
        yield f"`{table.name}`: {table.grain}.\n\n| column | type | what it is |\n|---|---|---|"
        yield "\n".join(f"| `{c.name}` | {c.type.value} | {c.description} |" for c in table.columns) + "\n"


def write(place: Path = PLACE) -> None:
    """Write the page."""
    place.write_text(render(), encoding="utf-8")
