"""Typeform: the responses to an NPS form, as its Responses API gives them, one a line."""

from __future__ import annotations

from include.contracts.exports.declaration import ExportFile, columns
from include.contracts.systems import Feed, Part, System

RESPONSES = ExportFile("typeform/responses.ndjson", "Typeform Responses API", "a response to a form",
    object="response", key="response_id", changed="submitted_at",
    personal=("email", "name", "phone", "comment", "hidden", "answers"), ids=("person_id",), people=("person_id",),
    columns=columns(
    ("response_id*", "Id of the response.", "21085286190ffad1248d17c4135ee56f"),
    ("form_id", "The form.", "lT4Z3j"),
    ("landed_at", "When the person came to the form, UTC.", "2026-09-02T10:09:57Z"),
    ("submitted_at*", "When it was submitted, UTC.", "2026-09-02T10:11:12Z"),
    ("person_id", "Who was asked: the hidden field of `options.person_field`, else the address, else the response.",
     "300000045"),
    ("score*", "The number answered to the question of type `nps` or `opinion_scale`, 0 to 10.", "9"),
    ("comment", "The first text answered.", "Saves us hours every week."),
    ("email", "The address answered, else the hidden field `email`.", "nina.berg@norvik.example"),
    ("name", "Hidden field `name`.", "Nina Berg"),
    ("phone", "The telephone answered, else the hidden field `phone`.", "+491515550123"),
    ("company", "Hidden field `company`.", "Norvik Logistics"),
    ("hidden", "All hidden fields, as received.", '{"person_id": "300000045"}'),
    ("answers", "All answers, as received.", '[{"field": {"ref": "nps", "type": "nps"}, "type": "number"}]'),
))  # fmt: skip

SYSTEM = System(
    kind="typeform",
    part=Part.SURVEY,
    format="ndjson",
    files=(RESPONSES,),
    feeds=(Feed("response", "nps_response"), Feed("response", "person_record", each=False)),
    refusals=(),
)
