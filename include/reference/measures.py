"""docs/measures.md, from the declarations: `python -m include.reference` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from include.contracts.measures import ACCOUNT_MEASURES, PERSON_MEASURES, Measure
from include.contracts.metrics import BASES, MEASURED
from include.contracts.settings import ROOT
from include.contracts.tables import Table
from include.contracts.traits import TRAITED, PartSettings, Trait, TraitSettings, read_traits
from include.measures.settings import read_settings

PLACE = ROOT / "docs" / "measures.md"
FAMILIES = {
    "nps": "NPS", "usage": "Usage", "renewal": "Renewal", "engagement": "Engagement", "risk": "Risk",
    "relation": "Relation",
    "sales": "Sales", "contact": "Contact", "campaign": "Campaigns",
    "hierarchy": "Hierarchy",
}  # fmt: skip
INTRODUCTION = """# Measures

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

A measure is one column of `customer_360` (a person) or `account_360` (a company), true as of the run's logical date.
Each is declared once, in `include/contracts/measures`, and computed in `include/measures/<family>.py`; the
thresholds lie in `include/config/measures.yaml`.

- A window of *n* days is the *n* days up to the last that its source covers whole (`usage_through`, `email_through`;
  `source_day` has every source): a night's exports hold the day before, so that is where they end. A daily file covers
  its day; files of a state, the days before their newest row. Where a source is stale its measures stand as of
  then, and the run says so. NPS and contracts are as of the logical date, by data up to `nps_through` and
  `contracts_through`. Nothing after it counts.
- A day is a calendar day of `KINDRED_TIMEZONE`.
- A person's measures are those of the *unified* person: all source records of the profile together. Two answers
  of one person are one latest answer; sends to two addresses of one person add up.
- An answer is about the account that it names as the employer when it is given: the person's present one (by its name),
  another that is known, or none. So an account keeps the answers of people who have left it, until they are too old,
  and gets none of those that its new people gave elsewhere.
- Unknown is null, or its own class (`unknown`, `none`); never the middle class, never zero.
- Use of a person is that person's, in whosever workspace. Use of an account is what happens in its workspaces,
  whoever does it; in no known workspace, it is of the person's account. `usage_active_people` counts an account's
  people, `usage_seats_used` those who act in its workspaces.
- Use *declines* where the last four weeks are below what the eight before let expect by more than the member's own
  noise explains (`usage_change`, `usage_change_chance`; the test is in `include/measures/decline.py`). Of accounts
  simulated without any change less than one in 100 is called declining; of those whose use halves, every second to
  nearly every one at 50 actions a week, and every sixth to three in four at 20, by how unevenly they act.
- Anonymous events are a person's where their anonymous id was only ever identified with that one user, before or
  after: `usage_stitched_28` says how many core actions rest on that. All others are nobody's.
- "Active" is a core action, never a login or a page view. Opens and clicks are a human's, never a machine's,
  and what cannot be judged is neither: `email_unknown_28` of a person, `basis` of the run. Measures that depend on
  opens are marked, and so are the segments that use them.
- How often somebody may be written to is judged by the company's own `email_curve`: `email_frequency` is of the unified
  person's emails of 90 days, and who has unsubscribed is a class of its own.
- A person's renewal is that of its account. A contract that renews by itself comes up on the last day to give notice
  and, once that has passed, on the next term's: it is never overdue. Evergreen and month-to-month contracts do not
  come up. A contract past its end is overdue until a contract of the account that started no earlier runs longer.
- A contract is *live* in force or overdue: `contracts_live`, `contract_value` and `contract_renewal.is_live` mean the
  same ones. One that is signed and has not begun is not live yet; it comes up, as live ones do. A contract whose
  renewal is signed comes up no more.
"""
TRAITS = """## Traits of one's own

A file in the folder `traits` of the configuration declares a measure of a company's own; its name is the file's. It is
asked about as any measure is (segments, `why`, `values`, the pages), its value is in `trait_value` and what it was on
each day in `trait_history`, so that `changed(…)` asks about it too. `python -m include traits` lists them, with what is
wrong with one that is refused. Adding one takes a file and a run.

```yaml
# traits/exports_28.yaml
description: Reports exported
type: integer
unit: reports
value: times_did('Report Exported', within_last 28 days)
```

`value` is whatever has a value in the [segment language](segments.md): a measure, another trait, `times_did`,
`distinct_did`, `sum_did`, `average_did`, `first_did`, `last_did`, `most_frequent_did('Event', property)`,
`earliest_did` and `latest_did` (the property's value at the first and the last event), each with `within_last …` and
`where …`; what `+ - * /` makes of them, so that a ratio is a division; or, of one of these, `rank(…)` (1 is the
highest) and `percentile(…)` (the share of those with a value who have no more). What is divided by 0 is unknown.

A score adds up the points of its parts. A part of which too little is known adds nothing; `why` shows each part's
points.

```yaml
# traits/interest.yaml
description: How interested the person has been lately
score:
  - {name: Asked for a demo, points: 40, when: "did('Form Submitted', where name contains 'demo')",
     since: "last_did('Form Submitted')", halves_every_days: 14}
  - {name: Clicks, points: 5, each: "times_did('Email Clicked', within_last 30 days)", most: 30}
```
"""


def render() -> str:
    """Return the page, in Markdown."""
    parts = [INTRODUCTION, *_families(), TRAITS, *_traits(), *_thresholds(), *_tables(), *_bases()]
    return "\n".join(parts).rstrip() + "\n"


def _families() -> Iterator[str]:
    for family, title in FAMILIES.items():
        yield f"## {title}\n"
        for level, measures in (("people", PERSON_MEASURES), ("accounts", ACCOUNT_MEASURES)):
            rows = [measure for measure in measures if measure.family == family]
            if rows:
                yield f"Of {level} ({rows[0].source}):\n"
                yield "| measure | type | unit | window | what it is | source row |\n|---|---|---|---|---|---|"
                yield "\n".join(map(_measure, rows)) + "\n"


def _measure(measure: Measure) -> str:
    column = measure.column
    named = all(value in column.description for value in column.allowed)
    values = "" if named else f": {', '.join(column.allowed)}"
    notes = f"{' (depends on opens)' if measure.uses_opens else ''}{' (personal: masked)' if column.personal else ''}"
    about = f"{column.description}{notes}{values}"
    source = f"`{measure.record}`" if measure.record else ""
    return f"| `{measure.name}` | {column.type.value} | {measure.unit} | {measure.window} | {about} | {source} |"


def _traits() -> Iterator[str]:
    yield "| setting | what it is |\n|---|---|"
    yield "\n".join(_fields(TraitSettings, "")) + "\n"
    yield "Shipped:\n\n| trait | of | type | unit | what it is | made of |\n|---|---|---|---|---|---|"
    yield "\n".join(map(_trait, read_traits(ROOT / "include" / "config").values())) + "\n"


def _fields(section: type[BaseModel], path: str) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield f"| `{path}{name}` | {field.description} |"
        if name == "score":
            yield from _fields(PartSettings, "score.")


def _trait(trait: Trait) -> str:
    measure = trait.measure
    whose = "people" if trait.level == "person" else "accounts"
    about = f"{measure.column.type.value} | {measure.unit} | {measure.column.description} | `{trait.text}`"
    return f"| `{trait.key}` | {whose} | {about} |"


def _thresholds() -> Iterator[str]:
    yield "## Thresholds\n\n| threshold | value | what it is |\n|---|---|---|"
    yield "\n".join(_settings(read_settings(ROOT / "include" / "config"), "")) + "\n"


def _settings(section: BaseModel, path: str) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value: Any = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _settings(value, f"{path}{name}.")
        else:
            shown = (
                "in the file" if isinstance(value, dict) else ", ".join(value) if isinstance(value, tuple) else value
            )
            yield f"| `{path}{name}` | {shown} | {field.description} |"


def _tables() -> Iterator[str]:
    yield "## Tables\n\n| table | a row is | key |\n|---|---|---|"
    yield "\n".join(_table(table) for table in (*MEASURED, *TRAITED))


def _bases() -> Iterator[str]:
    yield "\n## What the measures rest on\n"
    yield "`basis` counts the evidence of each run; its ledger and the summary that ends it show the same.\n"
    yield "| basis | what is counted |\n|---|---|"
    yield "\n".join(f"| `{name}` | {about} |" for name, about in BASES.items())


def _table(table: Table) -> str:
    return f"| `{table.name}` | {table.grain} | {', '.join(table.key)} |"


def write(place: Path = PLACE) -> None:
    """Write the page."""
    place.write_text(render(), encoding="utf-8")
