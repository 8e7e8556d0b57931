"""Toy Sales: people, and what is sold to them."""

import ibis.expr.types as ir

from include.contracts.staged import OPPORTUNITY, PERSON_RECORD
from include.staging import values
from include.staging.desk import Desk, Staged, shaped
from include.staging.people import person
from include.staging.row_rules import key_rules, presence_rules


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Toy Sales export gives to the staged tables."""
    yield from desk.each(("human", PERSON_RECORD, _people), ("deal", OPPORTUNITY, _deals))


def _people(desk: Desk) -> ir.Table:
    raw = desk.raw("human")
    rows = desk.good(raw, "human", key_rules(raw.rows, "Number"))
    says = {"full_name": rows.Name, "email": rows.Mail}
    return person(
        desk, rows, "human", rows.Number, says=says, knows={"updated_at": values.moment(rows.Changed, desk.zone)}
    )


def _deals(desk: Desk) -> ir.Table:
    raw = desk.raw("deal")
    rules = (*key_rules(raw.rows, "Deal"), *presence_rules(raw.rows, "Stage"))
    rows = desk.good(raw, "deal", rules)
    won = rows.Stage == "won"
    found = {
        "opportunity_id": desk.key("deal", rows.Deal), "stage": rows.Stage, "is_won": won, "is_closed": won,
        **desk.provenance(rows),
    }  # fmt: skip
    return shaped(OPPORTUNITY, found, rows)
