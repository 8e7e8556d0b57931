"""Identity tables: which record belongs to which profile, and why. Written by `resolve` into the lake."""

from __future__ import annotations

from include.contracts.tables import Table, date, integer, number, text

GRADES = ("match", "review", "non-match")
EVENT_KINDS = ("created", "merged", "split", "restored", "retired")

CROSSWALK = Table(
    name="identity/crosswalk",
    grain="one person record and the profile it belongs to",
    key=("record_id",),
    columns=(
        text("record_id", "Person record (staged/person_record)"),
        text("profile_id", "Profile: a UUID derived from the record that founded it", required=True),
        number(
            "confidence",
            "Probability of the weakest link that holds the profile together",
            required=True,
            minimum=0,
            maximum=1,
        ),
        date("since", "Logical date on which the record came to this profile", required=True),
    ),
)

EDGE = Table(
    name="identity/edge",
    grain="one judged pair of records, graded match or review",
    key=("record_a", "record_b"),
    columns=(
        text("record_a", "First record, the smaller id"),
        text("record_b", "Second record"),
        number("match_weight", "log2 of the posterior odds that both are one person", required=True),
        number("probability", "The same as a probability", required=True, minimum=0, maximum=1),
        text("grade", "Verdict", required=True, allowed=GRADES),
        text("rule", "First blocking rule that proposed the pair", required=True),
        text("evidence", "Comparison levels, as column=level;column=level", required=True),
    ),
)

IDENTITY_EVENT = Table(
    name="identity/event",
    grain="one change in the life of a profile",
    key=("event_id",),
    columns=(
        text("event_id", "Digest of kind, profiles and date"),
        date("on_date", "Logical date of the run", required=True),
        text("kind", "What happened", required=True, allowed=EVENT_KINDS),
        text("profile_id", "Profile it happened to", required=True),
        text("other_profile_id", "The surviving profile of a merge; the origin of a split"),
        integer("records", "Records of the profile afterwards", required=True, minimum=0),
        text("model_version", "Model that judged", required=True),
        text("evidence", "The pair or decision that caused it, as record_a|record_b|evidence"),
    ),
)

ALIAS = Table(
    name="identity/alias",
    grain="one retired profile id and the profile that carries on for it",
    key=("alias_id",),
    columns=(
        text("alias_id", "Retired profile id, never used again for somebody else"),
        text("profile_id", "The living profile, in one look-up", required=True),
        date("since", "Logical date of the retirement", required=True),
    ),
)

REVIEW = Table(
    name="identity/review",
    grain="one pair of records that a person should judge",
    key=("record_a", "record_b"),
    columns=(
        text("record_a", "First record, the smaller id"),
        text("record_b", "Second record"),
        number("probability", "Probability that both are one person", required=True, minimum=0, maximum=1),
        text("evidence", "Comparison levels", required=True),
        integer("records_touched", "Records that the decision would move", required=True, minimum=2),
    ),
)

IDENTITY = (CROSSWALK, EDGE, IDENTITY_EVENT, ALIAS, REVIEW)
