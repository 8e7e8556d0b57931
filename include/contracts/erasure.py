"""Erasure: what the ledger keeps of a person's request to be forgotten, and the digests that keep them forgotten."""

from __future__ import annotations

from include.contracts.tables import Table, date, json, text, timestamp

STATES = ("received", "planned", "done", "verified")
KINDS = ("record", "key", "email", "phone", "profile", "secret")

ERASURE = Table(
    name="erasure",
    grain="one request that a person be erased, without anything personal once it is done",
    key=("erasure_id",),
    columns=(
        text("erasure_id", "Random id"),
        text(
            "state",
            "received; planned: its traces are found and imports bring them no more; done: they are erased here, and "
            "destinations are still to be told; verified: a scan has found nothing",
            required=True,
            allowed=STATES,
        ),
        text("subject", "Profile or address that was named; forgotten once the erasure is done", personal=True),
        text("reason", "Why, as whoever asked for it said", required=True),
        text("author", "Who asked for it", required=True),
        text("second", "Who agreed, where two people have to"),
        date("due_on", "Last day on which it may be carried out", required=True),
        timestamp("received_at", "When it was asked for", required=True),
        timestamp("planned_at", "When its traces were found"),
        timestamp("done_at", "When they were gone"),
        timestamp("verified_at", "When a scan found nothing"),
        json("counts", "What was erased, by place: rows, cells and bytes"),
    ),
)

SUPPRESSED = Table(
    name="erasure/suppressed",
    grain="one thing by which an erased person would be known again, as a keyed digest",
    key=("digest",),
    columns=(
        text("digest", "Keyed SHA-256 of kind and value; the key lies elsewhere"),
        text(
            "kind",
            "record: its id; key: its source and key; email, phone: as they are compared; profile: an id it had; "
            "secret: by which another key is noticed",
            required=True,
            allowed=KINDS,
        ),
        text("erasure_id", "Erasure", required=True),
        date("erased_on", "Day of the erasure", required=True),
    ),
)

TRACES = "erasure"  # the folder of the lake in which the traces of an erasure lie until it is verified
