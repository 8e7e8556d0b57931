"""Renders docs/exports.md from the declarations of the export files: ``python -m include.samples.document``."""

from __future__ import annotations

import sys

from include.samples.formats import CSV_FILES, ExportFile
from include.samples.usage import CORE_EVENTS, OTHER_EVENTS

INTRODUCTION = """# The exports that Kindred takes in

Point Kindred at a folder of exports, laid out as below. `python -m include.samples OUT` writes a sample company's
exports in the same layout, with the flaws of life; all people and companies in it are invented, so never send
anything to its addresses.

```
exports/
  crm/Account.csv Contact.csv Lead.csv Opportunity.csv OpportunityContactRole.csv
      Campaign.csv CampaignMember.csv Contract.csv Asset.csv      Salesforce Data Export
  email/prospects.csv visitor_activity.csv                       Account Engagement (Pardot)
  usage/YYYY-MM-DD.ndjson.gz                                     Segment spec, one file a day by time of receipt
  nps/responses.csv                                              Delighted
  sample.json                                                    only the sample's: {"as_of": "2026-10-31", ...}
```

All CSV files are UTF-8, comma-separated, with a header; fields may be quoted, and quoted fields may hold line breaks.
An empty field is a missing value. The order of columns does not matter. Columns marked *required* must be in the file;
the others may be missing from it altogether. Times are in UTC; days are whole days. `as_of` is the day the exports were
taken: whatever they hold happened before it, and the last usage file is that of the day before.

A record's id names its source and its key there:

| source | record id | key |
|---|---|---|
| Salesforce contacts | `crm.contact:<Id>` | `Id`, 18 characters |
| Salesforce leads | `crm.lead:<Id>` | `Id`, 18 characters |
| Account Engagement | `email.prospect:<Prospect Id>` | `Prospect Id` |
| Product usage | `usage.user:<userId>` | `userId` |
| Delighted | `nps.respondent:<Person ID>` | `Person ID`: one for each address that was asked |

The sample's `truth/records.csv` (columns `record_id`, `person_id`, `flaws`) says which person each record is of and
which flaws it carries; it lies beside the exports, and no pipeline code reads it.
"""

USAGE = """## usage/YYYY-MM-DD.ndjson.gz

Calls after the [Segment spec](https://segment.com/docs/connections/spec/), one JSON object a line, gzipped. A file
holds what was received on its day, in order of receipt; `timestamp` may be older. A call that is delivered twice has
the same `messageId` twice.

| member | required | what it is | example |
|---|---|---|---|
| `type` | yes | `identify`, `group` or `track` | `"track"` |
| `messageId` | yes | the call's id | `"ajs-9f2c61d0a4b35e7788c1d20f"` |
| `userId` | one of the two | the user | `"u100042"` |
| `anonymousId` | one of the two | the browser, before and after signing in | `"0f8fad5b-d9cb-469f-a165-70867728950e"` |
| `timestamp` | yes | when it happened, UTC | `"2026-10-01T12:34:56.000Z"` |
| `receivedAt` | yes | when it was received, UTC | `"2026-10-01T12:34:57.120Z"` |
| `context` | | `ip`, `userAgent`, `library`, `groupId` | `{{"ip": "203.0.113.7", "groupId": "ws-12"}}` |
| `traits` (identify) | | `email`, `firstName`, `lastName` or `name`, `phone`, `title`, `company.name`, `createdAt` | `{{"email": "nina.berg@norvik.example", "name": "Nina Berg"}}` |
| `groupId`, `traits` (group) | `groupId` | the company's workspace: `name`, `domain`, `plan`, `seats` | `"ws-12"`, `{{"name": "Norvik Logistics GmbH", "seats": 40}}` |
| `event`, `properties` (track) | `event` | what was done; `surface` is `web`, `mobile` or `api` | `"Report Published"` |

Events of the sample that are core actions: {core}. Others, which do not count as use: {other}.
"""  # noqa: E501


def render() -> str:
    """The whole document."""
    quote = ", ".join
    usage = USAGE.format(core=quote(f"`{e}`" for e in CORE_EVENTS), other=quote(f"`{e}`" for e in OTHER_EVENTS))
    return "\n".join([INTRODUCTION, *(_section(file) for file in CSV_FILES), usage])


def _section(file: ExportFile) -> str:
    rows = [
        f"| `{c.name}` | {'yes' if c.required else ''} | {c.description} | {f'`{c.example}`' if c.example else ''} |"
        for c in file.columns
    ]
    head = f"## {file.path}\n\n{file.system}; a row is {file.row}.\n"
    return "\n".join([head, "| column | required | what it is | example |", "|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(render())
