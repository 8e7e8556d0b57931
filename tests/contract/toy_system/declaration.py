"""Toy Sales: people and deals, as two CSV files."""

from include.contracts.exports.declaration import ExportFile, columns
from include.contracts.systems import Feed, Part, Refusal, System

PEOPLE = ExportFile("toy/people.csv", "Toy Sales export", "a person", object="human", key="Number", changed="Changed",
    personal=("Name", "Mail"), columns=columns(
    ("Number*", "Number of the person.", "17"),
    ("Name*", "Name.", "Nina Berg"),
    ("Mail", "Mail address.", "nina.berg@norvik.example"),
    ("Quiet", "`true` forbids mail.", "false"),
    ("Changed*", "When the row was last changed, UTC.", "2026-09-30T15:01:02Z"),
))  # fmt: skip

DEALS = ExportFile("toy/deals.csv", "Toy Sales export", "a deal", object="deal", key="Deal", changed="Changed",
    personal=(), columns=columns(
    ("Deal*", "Number of the deal.", "3"),
    ("Stage*", "Stage.", "won"),
    ("Changed*", "When the row was last changed, UTC.", "2026-09-30T15:01:02Z"),
))  # fmt: skip

SYSTEM = System(
    kind="toy_export",
    part=Part.CRM,
    format="csv",
    files=(PEOPLE, DEALS),
    feeds=(Feed("human", "person_record"), Feed("deal", "opportunity")),
    refusals=(Refusal("human", "Quiet", "email", "Mail"),),
)
