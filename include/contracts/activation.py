"""The ledger of activation: what was planned for each destination, what became of it, and what stands there now.

Of every plan, planned = sent + suppressed + rejected + pending. Keys of people stand here only while the ledger needs
them: to take somebody out of a destination, it has to know as whom the destination has them.
"""

from __future__ import annotations

from include.contracts.tables import Table, boolean, count, date, integer, json, text, timestamp

PLAN_STATES = ("held", "open", "done")
ACTIONS = ("add", "change", "rekey", "remove", "withhold")
CHANGE_STATES = ("pending", "sent", "suppressed", "rejected")

ACTIVATION_PLAN = Table(
    name="activation_plan",
    grain="one plan: what one sync wants to change at its destination",
    key=("plan_id",),
    columns=(
        text("plan_id", "Random id"),
        text("sync", "Sync", required=True),
        text("destination", "Destination", required=True),
        text("segment_key", "Segment", required=True),
        text("definition_version", "Version of the segment's definition", required=True),
        text("mode", "mirror, upsert or append", required=True),
        text("purpose", "Purpose of the consent that was asked for", required=True),
        date("as_of", "Logical date of what was published", required=True),
        text("state", "held for a person, open until all is settled, done", required=True, allowed=PLAN_STATES),
        text("subject", "What to approve, where it is held"),
        text("evidence", "Why it is held, in Markdown, with counts only"),
        json("counts", "Changes by action, and withheld people by reason", required=True),
        timestamp("planned_at", "When it was made", required=True),
        timestamp("ended_at", "When all of it was settled"),
    ),
)

ACTIVATION_CHANGE = Table(
    name="activation_change",
    grain="one change that a plan wants to make, and what became of it",
    key=("plan_id", "position"),
    columns=(
        text("plan_id", "Plan"),
        integer("position", "Place in the plan, from 1; changes are made in this order", minimum=1),
        text("member_id", "Profile or account", required=True),
        text("action", "What to do; withhold: keep out, and say why", required=True, allowed=ACTIONS),
        text("key", "As whom the destination has or gets them; forgotten once it is settled", personal=True),
        text("former_key", "Key before, where it changes; forgotten likewise", personal=True),
        text("state", "What became of it", required=True, allowed=CHANGE_STATES),
        text("reason", "Why it was planned, suppressed or rejected"),
        text("consent", "Consent on the contact point when it was planned"),
        count("attempts", "How often it was tried"),
        timestamp("retry_at", "Not to be tried again before"),
        timestamp("settled_at", "When it was sent, suppressed or rejected"),
    ),
)

ACTIVATION_BATCH = Table(
    name="activation_batch",
    grain="one call, written down before it is made, until it is known what became of it",
    key=("batch_id",),
    columns=(
        text("batch_id", "Random id, with which a destination knows a repeated call"),
        text("plan_id", "Plan", required=True),
        json("changes", "What the call brings; goes with the batch", required=True, personal=True),
        timestamp("started_at", "When it was first made", required=True),
        json("receipts", "By which the destination can be asked later, as a list; null until it was accepted"),
    ),
)

ACTIVATION_ROW = Table(
    name="activation_row",
    grain="one row that a sync has put into its destination and not taken out",
    key=("sync", "key"),
    columns=(
        text("sync", "Sync"),
        text("key", "As whom the destination has them", personal=True),
        text("member_id", "Profile or account", required=True),
        text("digest", "Digest of the values sent", required=True),
        text("definition_version", "Version of the segment's definition that sent them", required=True),
        text("consent", "Consent on the contact point when they were sent"),
        timestamp("added_at", "When they were first sent", required=True),
        timestamp("sent_at", "When they were last sent", required=True),
        text("plan_id", "Plan that sent them last", required=True),
    ),
)

ACTIVATION_WITHHELD = Table(
    name="activation_withheld",
    grain="one member of a sync's segment who is kept out of its destination",
    key=("sync", "member_id"),
    columns=(
        text("sync", "Sync"),
        text("member_id", "Profile or account"),
        text("reason", "Why", required=True),
        timestamp("withheld_at", "When it was first noticed", required=True),
        boolean("was_there", "Was in the destination before", required=True),
    ),
)

ACTIVATION = (ACTIVATION_PLAN, ACTIVATION_CHANGE, ACTIVATION_BATCH, ACTIVATION_ROW, ACTIVATION_WITHHELD)
