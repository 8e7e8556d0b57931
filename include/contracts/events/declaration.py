"""How a kind of event is declared, and the tables of events."""

from __future__ import annotations

from dataclasses import dataclass

from include.contracts.tables import Column, Table, boolean, count, date, json, text, timestamp

PRODUCT = "usage_event"  # the staged table that tells of a company's own kinds
JUDGED = "email_activity"  # the only one whose events may be a machine's, so that some are not certain


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event: its name in conditions, what it is, and the properties that a condition may ask of it.

    ``table`` is the staged table, by name without folder, that tells of it: spans of days end on the last day that its
    sources cover whole, and where no source feeds it nothing is known of such events.
    """

    name: str
    description: str
    table: str
    properties: tuple[Column, ...] = ()

    def property(self, name: str) -> Column | None:
        """Return the property of that name, if there is one."""
        return next((column for column in self.properties if column.name == name), None)


EVENT = Table(
    name="event",
    grain="one thing that one person did, or that happened to one person or company, of a declared kind",
    key=("event", "event_id"),
    order=("event", "profile_id", "at"),
    columns=(
        text("event", "Kind, by its name"),
        text("event_id", "The staged row that tells of it"),
        text("profile_id", "Person, by the records as they are united now; null where it is the company's alone"),
        text("account_id", "Account of that person, or the company that it happened to"),
        text("record_id", "Record of the person to which the source attaches it (staged/person_record)"),
        timestamp("at", "When it happened", required=True),
        date("on_date", "Day of that in the time zone of the deployment", required=True),
        boolean("is_certain", "False where nobody can tell whether the person did it or a machine", required=True),
        json("properties", "Its declared properties that have a value of their type", personal=True),
    ),
)

EVENT_KIND = Table(
    name="event_kind",
    grain="one kind of event that is declared, or that the product's export holds and nobody has declared",
    key=("event",),
    columns=(
        text("event", "Name of the kind"),
        boolean("is_declared", "Conditions may ask about it", required=True),
        text("description", "What it is"),
        text("staged_table", "Staged table that tells of it, by its name without folder", required=True),
        json("properties", "Its properties with their types; of one that is not declared, the keys of one example"),
        count("events", "How many there are: of a declared kind those that are kept, of another one all"),
        count("people", "People of whom there is one; 0 where it is not declared"),
        date("first_on", "Day of the first"),
        date("last_on", "Day of the last"),
        date(
            "through",
            "Last day that its source covers whole, on which spans of days end; null where no source tells of it",
        ),
    ),
)
