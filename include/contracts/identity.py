"""Identity tables: which record belongs to which profile, and why. Written by `resolve` into the lake."""

from __future__ import annotations

from include.contracts.tables import Table, date, integer, number, text, timestamp

GRADES = ("match", "review", "non-match")
EVENT_KINDS = ("created", "merged", "split", "restored", "retired", "lost", "steward")
DELETED, MERGED_AWAY = "deleted at the source", "merged into another at the source"  # how a source ends a record

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
        text("home_id", "The profile it belongs to when merges are undone", required=True),
    ),
)

MEMBER = Table(
    name="identity/member",
    grain="one record of one profile: the crosswalk in the order of profiles, for look-ups",
    key=("profile_id", "record_id"),
    columns=(text("profile_id", "Profile"), text("record_id", "Person record that belongs to it")),
)

HISTORY = Table(
    name="identity/history",
    grain="one stay of one record in one profile that has ended",
    key=("record_id", "crosswalk_version"),
    columns=(
        text("record_id", "Person record, also one that is gone from the sources"),
        text("profile_id", "Profile it belonged to", required=True),
        text("home_id", "The profile it belonged to when merges are undone", required=True),
        date("since", "Logical date on which it came", required=True),
        date("until", "Logical date on which it left, the first day it no longer belonged", required=True),
        text("crosswalk_version", "Version of the crosswalk that ended the stay"),
    ),
)

REGISTER = Table(
    name="identity/register",
    grain="one profile id ever given out",
    key=("profile_id",),
    columns=(
        text("profile_id", "UUID version 5 of the founding record"),
        text("record_id", "Record that founded it", required=True),
        date("minted_on", "Logical date on which it was given out", required=True),
        timestamp("founded_at", "When the source created the founding record"),
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
    key=("profile_id", "event_id"),
    columns=(
        text("event_id", "Digest of kind, profiles and crosswalk version"),
        date("on_date", "Logical date of the run", required=True),
        text("kind", "What happened", required=True, allowed=EVENT_KINDS),
        text("profile_id", "Profile it happened to", required=True),
        text("other_profile_id", "The surviving profile of a merge; the origin of a split"),
        integer("records", "Records of the profile afterwards", required=True, minimum=0),
        text("model_version", "Model that judged", required=True),
        text(
            "evidence",
            "What caused it: record_a|record_b|evidence of a pair, record|how it departed, decision|its id",
        ),
        text("crosswalk_version", "Version of the crosswalk it led to; the ledger knows its run", required=True),
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
    grain="one question to a person: are these two records one person, whose answer changes profiles",
    key=("record_a", "record_b"),
    columns=(
        text("record_a", "First record, the smaller id"),
        text("record_b", "Second record"),
        number("probability", "Probability that both are one person", required=True, minimum=0, maximum=1),
        text("evidence", "Comparison levels", required=True),
        integer("records_touched", "Records that the decision would move", required=True, minimum=2),
    ),
)

APPLIED = Table(
    name="identity/decision",
    grain="one steward decision that was in force when the crosswalk was made",
    key=("decision_id",),
    columns=(
        text("decision_id", "Decision (decision in the warehouse)"),
        text("kind", "What was decided", required=True, allowed=("always", "never", "bypass", "alias")),
        text("record_a", "First record; of an alias: the founder of the retired id"),
        text("record_b", "Second record; of an alias: the founder of the surviving id"),
        text(
            "state",
            "in force; changed: it binds, but its records say something else since; stale: a record is gone",
            required=True,
            allowed=("in force", "changed", "stale"),
        ),
    ),
)

IDENTITY = (CROSSWALK, MEMBER, HISTORY, REGISTER, EDGE, IDENTITY_EVENT, ALIAS, REVIEW, APPLIED)
