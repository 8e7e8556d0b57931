"""Delighted: the CSV export of survey responses. The service was shut down in June 2026; its files are still read."""

from __future__ import annotations

from include.contracts.exports.declaration import ExportFile, columns
from include.contracts.systems import Feed, Part, System

RESPONSES = ExportFile("nps/responses.csv", "Delighted CSV export", "an answer to a survey",
    object="response", key="Response ID", changed="Updated At",
    personal=("Email", "Name", "Phone Number", "Comment"), ids=("Person ID",), people=("Person ID",), columns=columns(
    ("Response ID*", "Number of the answer.", "700000123"),
    ("Person ID*", "Number of the person, that is of the mail address asked.", "300000045"),
    ("Email", "The address asked.", "nina.berg@norvik.example"),
    ("Name", "The person's name, as sent to Delighted.", "Nina Berg"),
    ("Phone Number", "Telephone, as sent to Delighted.", "+491515550123"),
    ("Survey Type", "Always `nps` here; other surveys are passed over.", "nps"),
    ("Score*", "0 to 10.", "9"),
    ("Comment", "What the person wrote.", "Saves us hours every week."),
    ("Survey Sent At", "When the survey was sent, UTC.", "2026-09-01 08:00:00 UTC"),
    ("Created At*", "When the person answered, UTC.", "2026-09-02 10:11:12 UTC"),
    ("Updated At", "When the answer was last changed, UTC; the newest row of a Response ID wins.",
     "2026-09-02 10:11:12 UTC"),
    ("Tags", "Tags, parted by commas.", ""),
    ("Company", "Person property: employer.", "Norvik Logistics"),
    ("Delighted Source", "Email, Web or Link.", "Email"),
    ("Delighted Device Type", "desktop, mobile or tablet.", "desktop"),
))  # fmt: skip

PEOPLE = ExportFile("nps/people.csv", "Delighted CSV export", "a person who was asked, or may be",
    object="person", key="Person ID", changed="Last Sent At",
    personal=("Email", "Name", "Phone Number"), columns=columns(
    ("Person ID*", "Number of the person, that is of the mail address.", "300000045"),
    ("Email*", "The address.", "nina.berg@norvik.example"),
    ("Name", "The person's name, as sent to Delighted.", "Nina Berg"),
    ("Phone Number", "Telephone, as sent to Delighted.", "+491515550123"),
    ("Created At", "When Delighted was told of the person, UTC.", "2025-03-01 08:00:00 UTC"),
    ("Last Sent At*", "When the last survey was sent, UTC; empty for none.", "2026-09-01 08:00:00 UTC"),
    ("Last Responded At", "When the person last answered, UTC; empty for never.", "2026-09-02 10:11:12 UTC"),
))  # fmt: skip

SYSTEM = System(
    kind="delighted_export",
    part=Part.SURVEY,
    format="csv",
    files=(RESPONSES, PEOPLE),
    feeds=(
        Feed("response", "nps_response"),
        Feed("response", "person_record", each=False),
        Feed("person", "survey_request", each=False),
    ),
    refusals=(),
)
