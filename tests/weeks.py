"""Weekly runs of the crosswalk on clusters that are written as strings; for tests of several kinds."""

import random
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from include.contracts.identity import ALIAS, APPLIED, CROSSWALK, DELETED, EDGE, HISTORY, MERGED_AWAY, REGISTER
from include.identity.crosswalk.assign import assign
from include.identity.crosswalk.departures import count_departures
from include.identity.crosswalk.events import log_events
from include.identity.crosswalk.relations import Before, Guarded, Known, Proposed, Relation

MONDAY = date(2026, 1, 5)
PAIR = pa.schema([("record_a", pa.string()), ("record_b", pa.string())])
_BEFORE = ("crosswalk_before", "history_before", "register_before", "alias_before", "applied_before")
BEFORE = Before(*map(Relation, _BEFORE))
PROPOSED = Proposed(*map(Relation, ("found", "edge", "applied_now", "merged_now")))
GUARDED = Guarded(*map(Relation, ("clusters", "held", "kept")))
KNOWN = Known(*map(Relation, ("founding", "changed", "yielding", "departed")))


class Weeks:
    """Weekly runs on clusters written as strings: "ab c" is the person of records a and b, and the person c."""

    def __init__(self):
        self.memory = {
            "crosswalk_before": CROSSWALK,
            "history_before": HISTORY,
            "register_before": REGISTER,
            "alias_before": ALIAS,
            "applied_before": APPLIED,
        }
        self.memory = {name: table.schema.empty_table() for name, table in self.memory.items()}
        self.day = MONDAY
        self.events, self.departures, self.gone = [], {}, set()

    def run(self, clusters, *, decisions=(), yielding=(), edges=(), changed=(), gone=(), merged=(), shuffle=None):
        people = [list(person) for person in clusters.split()]
        rows = [(r, number, 0.9) for number, person in enumerate(people) for r in person]
        if shuffle is not None:
            random.Random(shuffle).shuffle(rows)
            rows = [(r, -7 * number, confidence) for r, number, confidence in rows]
        connection = duckdb.connect(config={"threads": 1})
        applied = pa.Table.from_pylist(
            [dict(zip(APPLIED.names, [*decision, "in force"], strict=True)) for decision in decisions], APPLIED.schema
        )
        edge = [dict(zip(EDGE.names, [a, b, w, 0.9, "match", "email", "email=1"], strict=True)) for a, b, w in edges]
        tables = {
            **self.memory,
            "clusters": pa.Table.from_pylist(
                [{"record_id": r, "cluster": number, "confidence": confidence} for r, number, confidence in rows]
            ),
            "founding": pa.table(
                {"record_id": [r for r, _, _ in rows], "created_at": [created(r) for r, _, _ in rows]}
            ),
            "changed": pa.table({"record_id": pa.array(changed, pa.string())}),
            "yielding": pa.table({"profile_id": pa.array(yielding, pa.string())}),
            "departed": self._departed(gone, merged),
            "merged_now": pa.Table.from_pylist([dict(zip(PAIR.names, pair, strict=True)) for pair in merged], PAIR),
            "applied_now": applied,
            "edge": pa.Table.from_pylist(edge, EDGE.schema),
        }
        for name, table in tables.items():
            connection.register(name, table)
        assigned = assign(
            connection, BEFORE, GUARDED, KNOWN, on_date=self.day, version=f"v{self.day}", model_version="m1"
        )
        logged = log_events(connection, BEFORE, PROPOSED, KNOWN, assigned)
        self.departures = count_departures(connection, BEFORE, KNOWN, logged)
        fetch = {name: connection.table(name).to_arrow_table() for name in ("crosswalk_now", "alias_now")}
        grown = {
            name: pa.concat_tables(
                [self.memory[f"{name}_before"], connection.table(f"{name}_now").to_arrow_table().cast(table.schema)]
            )
            for name, table in (("history", HISTORY), ("register", REGISTER))
        }
        self.memory = {
            "crosswalk_before": fetch["crosswalk_now"],
            "alias_before": fetch["alias_now"],
            "history_before": grown["history"],
            "register_before": grown["register"],
            "applied_before": applied,
        }
        self.events = connection.table("event_now").order("kind, profile_id").to_arrow_table().to_pylist()
        self.day += timedelta(days=7)
        return {row["record_id"]: row["profile_id"] for row in fetch["crosswalk_now"].to_pylist()}

    def _departed(self, gone, merged):
        """All marked at their source, which is the CRM: ``gone`` as deleted, ``merged`` as (record, into which)."""
        causes = {**{r: f"{r}|{DELETED}" for r in gone}, **{a: f"{a}|{b}|{MERGED_AWAY}" for a, b in merged}}
        is_merged = {a for a, _ in merged}
        known, self.gone = self.gone, set(causes)
        names = ("record_id", "source", "is_merged", "cause", "is_new")
        rows = [(r, "crm", r in is_merged, cause, r not in known) for r, cause in causes.items()]
        types = (pa.string(), pa.string(), pa.bool_(), pa.string(), pa.bool_())
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        return pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})

    @property
    def aliases(self):
        return {row["alias_id"]: row["profile_id"] for row in self.memory["alias_before"].to_pylist()}

    @property
    def kinds(self):
        return sorted((event["kind"], event["profile_id"], event["other_profile_id"]) for event in self.events)


def created(record):
    """Records were created in alphabetical order, an hour apart."""
    return datetime(2020, 1, 1, ord(record) % 24, tzinfo=UTC) + timedelta(days=ord(record))
