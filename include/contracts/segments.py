"""Segment tables: definitions as evaluated, who is in which segment, and who entered or left. Written by `segment`."""

from __future__ import annotations

from include.contracts.channels import CHANNELS, REACHABLE, UNREACHABLE
from include.contracts.metrics import GRID
from include.contracts.tables import Table, boolean, count, date, integer, json, number, text

LEVELS = ("person", "account")
STATES = ("published", "held", "refused", "unjudged")
EVENT_KINDS = ("merge", "split", "exit", "entry")
CAUSES = ("first_run", "person", "definition", "identity", "gone")

SEGMENT = Table(
    name="segment",
    grain="one segment definition and how it came out",
    key=("segment_key",),
    columns=(
        text("segment_key", "Key of the segment"),
        text("name", "Name to show", required=True),
        text("owner", "Who answers for it"),
        text("purpose", "What it is for"),
        text("level", "What its members are", required=True, allowed=LEVELS),
        text("definition", "The condition, in the segment language"),
        text("definition_version", "Digest of all that decides who is in it", required=True),
        date("as_of", "Logical date", required=True),
        text(
            "state",
            "published, held back by a guard, refused as faulty, or unjudged: nobody can be said to be in it or not, "
            "for no source tells of what it asks",
            required=True,
            allowed=STATES,
        ),
        text("reason", "What is implausible about it, or why it is refused or unjudged, in one sentence"),
        date("implausible_since", "Logical date since when a guard objects"),
        text("approval", "What to approve (or was approved) so that it is published all the same"),
        integer("size", "Members that readers see", required=True, minimum=0),
        number("share", "Of all profiles, or of all accounts", required=True, minimum=0, maximum=1),
        integer("set_aside", "Members not shown, as the audit set a row of theirs aside", required=True, minimum=0),
        integer("unknown", "Left out as too little is known: the condition is neither true nor false", minimum=0),
        integer("candidate_size", "Members that the definition finds; differs from size while held", minimum=0),
        integer("entered", "Entries in this run", required=True, minimum=0),
        integer("exited", "Exits in this run", required=True, minimum=0),
        integer("expected_min", "Fewest members that are plausible", minimum=0),
        integer("expected_max", "Most members that are plausible", minimum=0),
        number("movement_limit", "Largest plausible share of members to enter or leave in one run", minimum=0),
        text("priority_group", "Group in which a member is in one segment only"),
        integer("priority", "Rank in that group; the highest wins"),
        number("holdout", "Share kept out of activation", minimum=0, maximum=1),
        boolean("uses_opens", "It depends on email opens, which machines distort", required=True),
        number(
            "opens_unknown",
            "Where it does, the share of 28 days' opens that may be a person's or a machine's, and count as neither",
            minimum=0,
            maximum=1,
        ),
        json("tags", "Tags, as a list", required=True),
        json("measures", "Measures it reads, as a list", required=True),
    ),
)

SEGMENT_MEMBERSHIP = Table(
    name="segment_membership",
    grain="one member of one segment: a profile, or an account where the segment's level is account",
    key=("segment_key", "member_id"),
    columns=(
        text("segment_key", "Segment"),
        text("member_id", "profile_id or account_id"),
        date("since", "Logical date of the entry", required=True),
        text("definition_version", "Version of the definition that let the member in", required=True),
        number("confidence", "Identity confidence at entry; 1 for an account", required=True, minimum=0, maximum=1),
        json("evidence", "Values of the segment's measures at entry", required=True),
        boolean("is_holdout", "Kept out of activation, to measure what activation does", required=True),
    ),
)

SEGMENT_EVENT = Table(
    name="segment_event",
    grain="one change of one segment's membership; replayed in order they give the membership",
    key=("segment_key", "member_id", "on_date", "kind", "sequence"),
    columns=(
        text("segment_key", "Segment"),
        text("member_id", "Who entered or left; of a merge the retired id, of a split the new one"),
        date("on_date", "Logical date"),
        text("kind", "merge, split, exit, entry: in this order on one date", allowed=EVENT_KINDS),
        integer("sequence", "Number of the run on that date, from 0"),
        text("other_member_id", "Merge: who carries the membership on; split: of whom it was part, a member too"),
        text(
            "cause", "What changed: the person, the definition, the identity and so on", required=True, allowed=CAUSES
        ),
        text("definition_version", "Version of the definition", required=True),
        number("confidence", "Identity confidence", minimum=0, maximum=1),
        json("evidence", "Values of the segment's measures: at entry, and on the day of the exit"),
    ),
)

SEGMENT_HISTORY = Table(
    name="segment_history",
    grain="one segment on one logical date",
    key=("as_of", "segment_key"),
    columns=(
        date("as_of", "Logical date"),
        text("segment_key", "Segment"),
        text("state", "State on that date", required=True, allowed=STATES),
        integer("size", "Members that the run found, with those that its audit set aside", required=True, minimum=0),
        number("share", "Of all profiles, or accounts", required=True, minimum=0, maximum=1),
        integer("entered", "Entries", required=True, minimum=0),
        integer("exited", "Exits", required=True, minimum=0),
    ),
)

SEGMENT_REACH = Table(
    name="segment_reach",
    grain="one channel and state of a segment of people: how many members are in it",
    key=("segment_key", "channel", "state", "is_holdout"),
    columns=(
        text("segment_key", "Segment"),
        text("channel", "Channel", allowed=tuple(CHANNELS)),
        text("state", "Whether they may be contacted by it, or why not", allowed=(*REACHABLE, *UNREACHABLE)),
        boolean("is_holdout", "Kept out of activation"),
        count("members", "Members"),
    ),
)

SEGMENT_OVERLAP = Table(
    name="segment_overlap",
    grain="one pair of segments that have members in common",
    key=("segment_key", "other_key"),
    columns=(
        text("segment_key", "Segment"),
        text("other_key", "The other segment"),
        count("members", "Members of both"),
    ),
)

SEGMENT_CELL = Table(
    name="segment_cell",
    grain="one cell of the grid that members of a segment of people are in",
    key=("segment_key", *GRID.key),
    columns=(
        text("segment_key", "Segment"),
        *(GRID.column(name) for name in GRID.key),
        count("members", "Members in the cell"),
    ),
)

SEGMENTED = (SEGMENT, SEGMENT_MEMBERSHIP, SEGMENT_EVENT, SEGMENT_HISTORY)
"""All that ``segment`` writes."""

COUNTED = (SEGMENT_REACH, SEGMENT_OVERLAP, SEGMENT_CELL)
"""What is counted of published members when a build is complete."""
