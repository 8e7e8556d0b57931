"""docs/exports.md, from the declarations: `python -m include.reference` writes it."""

from __future__ import annotations

from pathlib import Path

from include.contracts.exports import EXPORTS, ExportFile
from include.contracts.settings import ROOT
from include.samples.usage import CORE_EVENTS, OTHER_EVENTS

PLACE = ROOT / "docs" / "exports.md"
INTRODUCTION = """# The exports that Kindred takes in

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

Point Kindred at a folder of exports, laid out as below. `python -m include.samples OUT` writes a sample company's
exports in the same layout, with the flaws of life; all people and companies in it are invented, so never send
anything to its addresses.

```
exports/
  crm/Account.csv Contact.csv Lead.csv Opportunity.csv OpportunityContactRole.csv
      Campaign.csv CampaignMember.csv Contract.csv Asset.csv Task.csv
      LeadHistory.csv ContactHistory.csv OpportunityHistory.csv  Salesforce Data Export
  email/prospects.csv visitor_activity.csv                       Account Engagement (Pardot)
  usage/YYYY-MM-DD.ndjson.gz                                     Segment spec, one file a day by time of receipt
  nps/responses.csv people.csv                                   Delighted
  sample.json                                                    only the sample's: {"as_of": "2026-10-31", ...}
```

CSV files have a header; fields may be quoted, and quoted fields may hold line breaks. They may be written as UTF-8 or
UTF-16, with or without a mark, or as Windows-1252, which the log says; parted by commas, semicolons, tabs or bars;
gzipped; and in numbered parts (`Contact.csv`, `Contact_2.csv`). An empty field is a missing value. The order of columns
does not matter, nor do case and spaces in their names. Columns marked *required* must be in the file;
the others may be missing from it altogether. Times are in UTC; days are whole days. `as_of` is the day the exports were
taken: whatever they hold happened before it, and the last usage file is that of the day before.

## Whole, or waited for

A file that changes while it is read is read anew, and one that ends in the middle of a record is refused. Each object
is compared with what it brought before; the extraction is held, and nothing of it taken in, when

- more than a tenth of its rows are gone, or more than a hundredth together with its lowest or highest key;
- its newest change lies more than a day further back, as in an old export put back;
- a day's file holds less than half of the quietest like weekday of the four weeks before, or fewer rows than it held.

The sentence names the file. Put the whole export there, or say that the rows are really gone with
`python -m include approve SUBJECT --reason WHY`, or under *Required Actions* in Airflow. The limits are in
`sources.yaml`. In Airflow a scheduled run waits up to six hours for a file that is missing or not yet whole; what comes
later still is taken in by the next run. A day for which no file has come is counted (`event.missing_days`) and named in
the log.

## Ids

A record's id names its source, as `sources.yaml` calls it, and its key there. An id of Salesforce of 15 characters is
read as the one of 18; what is no id at all (`5.01E+15`, a name, two ids in one cell) sets its row aside, in whichever
column it stands. A placeholder such as `null`, `undefined` or `anonymous` is no id and stands for an empty cell
(`placeholders.identifier` in `staging.yaml`), and a product user id under which more than three mail addresses were
named is nobody's. A row that is worth nothing without another one that is not there is set aside: a contract or asset
without its account, a part in an opportunity or a campaign without that or its person, what happened to a prospect that
is gone, or to an address that no contact of HubSpot has. Many of them stop the run, but for the last two. Other
references that point at nothing are counted in every run (`<source>.<object>.dangling.<column>`), so are CRM ids that
other systems carry and the CRM has not (`….dangling.crm_id`). No time is later than its file: what a device says of
next year is taken to have happened when it was received.

| source | record id | key |
|---|---|---|
| Salesforce contacts | `crm.contact:<Id>` | `Id`, 18 characters |
| Salesforce leads | `crm.lead:<Id>` | `Id`, 18 characters |
| Account Engagement | `email.prospect:<Prospect Id>` | `Prospect Id` |
| Product usage | `usage.user:<userId>` | `userId` |
| Delighted | `nps.respondent:<Person ID>` | `Person ID`: one for each address that was asked |

Delighted was shut down in June 2026; its files stay a format.

The sample's `truth/records.csv` (columns `record_id`, `person_id`, `flaws`) says which person each record is of and
which flaws it carries; it lies beside the exports, and no pipeline code reads it.
"""

USAGE = """
The calls follow the Segment spec. A file holds what was received on its day, in order of receipt; `timestamp` may be
older. A call that is delivered twice has the same `messageId` twice. Every call has a `userId` or an `anonymousId`.
Traits of identify calls in the sample: `email`, `firstName` and `lastName` or `name`, `phone`, `title`,
`company.name`, `createdAt`; of group calls: `name`, `domain`, `plan`, `seats`.

Events of the sample that are core actions: {core}. Others, which are no use of the product: {other}.
"""


def render() -> str:
    """The whole document."""
    sections = [_section(file) for files in EXPORTS.values() for file in files]
    return "\n".join([INTRODUCTION, *sections]) + "\n"


def _section(file: ExportFile) -> str:
    rows = [
        f"| `{c.name}` | {_yes(c.required)} | {_yes(c.name in file.personal)} | {c.description} | "
        f"{f'`{c.example}`' if c.example else ''} |"
        for c in file.columns
    ]
    head = f"## {file.path}\n\n{file.system}; a row is {file.row}.\n"
    names = "| column | required | personal | what it is | example |"
    table = "\n".join([head, names, "|---|---|---|---|---|", *rows, ""])
    return table + _usage() if file.is_daily else table


def _yes(holds: bool) -> str:
    return "yes" if holds else ""


def _usage() -> str:
    core, other = (", ".join(f"`{event}`" for event in events) for events in (CORE_EVENTS, OTHER_EVENTS))
    return USAGE.format(core=core, other=other)


def write(place: Path = PLACE) -> None:
    """Write the page."""
    place.write_text(render(), encoding="utf-8")
