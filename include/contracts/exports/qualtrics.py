"""Qualtrics: the responses to an NPS survey, as its response exports give them, one a line."""

from __future__ import annotations

from include.contracts.exports.declaration import ExportFile, columns
from include.contracts.systems import Feed, Part, System

RESPONSES = ExportFile("qualtrics/responses.ndjson", "Qualtrics response export", "a response to a survey",
    object="response", key="response_id", changed="recorded_at",
    personal=("email", "name", "phone", "comment", "values"), ids=("person_id",), people=("person_id",),
    columns=columns(
    ("response_id*", "Id of the response.", "R_1fQ2tM3zF8Yk1aB"),
    ("survey_id", "The survey.", "SV_9ypbLwEbSGcMSzP"),
    ("recorded_at*", "When it was recorded, UTC.", "2026-09-02T10:11:12Z"),
    ("person_id", "Who was asked: `externalDataReference`, else the address, else the response.", "300000045"),
    ("score*", "What was answered to the question of `options.question`, 0 to 10.", "9"),
    ("comment", "What was answered to the question of `options.comment`.", "Saves us hours every week."),
    ("email", "`recipientEmail`.", "nina.berg@norvik.example"),
    ("name", "`recipientFirstName` and `recipientLastName`.", "Nina Berg"),
    ("phone", "Embedded field `phone`.", "+491515550123"),
    ("company", "Embedded field `company`.", "Norvik Logistics"),
    ("values", "All values, as received.", '{"QID1": 9}'),
))  # fmt: skip

SYSTEM = System(
    kind="qualtrics",
    part=Part.SURVEY,
    format="ndjson",
    files=(RESPONSES,),
    feeds=(Feed("response", "nps_response"), Feed("response", "person_record", each=False)),
    refusals=(),
)
