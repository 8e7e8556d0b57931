"""What people decided: about pairs of records, and about runs and segments that were held. Kept in the warehouse."""

from __future__ import annotations

from include.contracts.tables import Table, text, timestamp

DECISION_KINDS = ("always", "never", "bypass", "alias")
ORIGINS = ("file", "person")
VERDICTS = ("approved", "rejected")

DECISION = Table(
    name="decision",
    grain="one decision of a steward, in force until it is taken back",
    key=("decision_id",),
    columns=(
        text("decision_id", "Digest of what was decided, by whom and when"),
        text("kind", "What was decided", required=True, allowed=DECISION_KINDS),
        text("a", "always, never: a record; alias: the profile id that is retired"),
        text("b", "always, never: another record; alias: the profile id that carries on"),
        text("column", "bypass: the column of staged/person_record"),
        text("value", "bypass: the value that is no evidence, whoever carries it", personal=True),
        text("author", "Who decided", required=True),
        text("reason", "Why", required=True),
        timestamp("decided_at", "When", required=True),
        text("origin", "Taken by a person, or imported from the decisions file", required=True, allowed=ORIGINS),
        text("seen", "Digest of what the records said then, to notice that they changed"),
        text("retracted_by", "Who took it back"),
        text("retracted_reason", "Why it was taken back"),
        timestamp("retracted_at", "When it was taken back; null while it is in force"),
    ),
)

APPROVAL = Table(
    name="approval",
    grain="one answer to one thing that was held for a person to look at",
    key=("subject",),
    columns=(
        text("subject", "What was held, for example identity/crosswalk@<version>"),
        text("verdict", "The answer", required=True, allowed=VERDICTS),
        text("author", "Who answered", required=True),
        text("reason", "Why", required=True),
        timestamp("decided_at", "When", required=True),
    ),
)

STEWARDSHIP = (DECISION, APPROVAL)
