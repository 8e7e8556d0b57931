"""Control tables of the warehouse: the run ledger, quarantine, audit results, publications.

They outlive versions; Alembic migrations create them.
"""

from __future__ import annotations

from include.contracts.tables import Table, boolean, date, integer, json, number, text, timestamp

DRIFTED = "audit/drift"  # with @ and the version, what is approved where figures are out of range

RUN_STATES = ("running", "waiting", "success", "failed", "held", "interrupted")

RUN = Table(
    name="run",
    grain="one run of the pipeline",
    key=("run_id",),
    columns=(
        text("run_id", "Id of the run"),
        date("as_of", "Logical date", required=True),
        text("state", "State; waiting: for its next stage", required=True, allowed=RUN_STATES),
        timestamp("started_at", "Wall-clock start", required=True),
        timestamp("ended_at", "Wall-clock end"),
        text("message", "Why it failed or was held"),
    ),
)

STAGE_RUN = Table(
    name="stage_run",
    grain="one stage of one run",
    key=("run_id", "stage"),
    columns=(
        text("run_id", "Run"),
        text("stage", "Stage, for example stage, resolve, or extract.crm"),
        json("reads", "Versions read, by dataset", required=True),
        json("writes", "Versions written, by dataset, with rows", required=True),
        json("counts", "Counts that must add up", required=True),
        text("engine", "Engine that ran it", required=True),
        text("model_version", "Version of the matching model, where one took part"),
        number("seconds", "Wall-clock seconds", required=True, minimum=0),
        integer("peak_mb", "Peak resident memory of the process, in MiB"),
        timestamp("ended_at", "Wall-clock end", required=True),
        integer("place", "Its place among all that ended", required=True),
    ),
)

QUARANTINE = Table(
    name="quarantine",
    grain="one row that was set aside, with its reason and without its values",
    key=("quarantine_id",),
    columns=(
        text("quarantine_id", "Digest of source, object, load, line and rule"),
        text("source", "Source", required=True),
        text("object", "Object or table", required=True),
        text("source_key", "Key of the row, where it could be read"),
        text("file", "File the row came in"),
        integer("line", "Line in the file"),
        text("stage", "Stage that set it aside", required=True),
        text("rule", "Rule it broke", required=True),
        text("column", "Column at fault"),
        text("value_class", "What kind of value was there"),
        text("reason", "One sentence for a person", required=True),
        text("load_id", "Load or version that brought it"),
    ),
)

AUDIT_RESULT = Table(
    name="audit_result",
    grain="one expectation checked on one version",
    key=("version", "table_name", "expectation", "column_name"),
    columns=(
        text("version", "Version audited"),
        text("table_name", "Table"),
        text("expectation", "Expectation"),
        text("column_name", "Column, or empty for the table"),
        text("level", "What a failure means", required=True, allowed=("table", "row", "warn")),
        boolean("success", "It held", required=True),
        integer("unexpected", "Rows that broke it"),
        json("observed", "What was observed, counts only"),
    ),
)

PUBLICATION = Table(
    name="publication",
    grain="one version that became visible to readers",
    key=("version",),
    columns=(
        text("version", "Version"),
        text("run_id", "Run that published it", required=True),
        date("as_of", "Logical date", required=True),
        timestamp("published_at", "Wall-clock time", required=True),
        boolean("is_current", "What readers see now", required=True),
    ),
)

ALERT = Table(
    name="alert",
    grain="one state that somebody has to know of, the last time that it stood",
    key=("key",),
    columns=(
        text("key", "What it is about, the same for as long as it stands"),
        text("kind", "late, failed, held, drifted or full", required=True),
        text("sentence", "The state in one sentence", required=True),
        text("remedy", "What to do", required=True),
        timestamp("began_at", "When it was first seen", required=True),
        timestamp("ended_at", "When it stood no more"),
        boolean("is_told", "Its last change was told", required=True),
        timestamp("told_at", "When something of it was last told"),
    ),
)

CONTROL = (RUN, STAGE_RUN, QUARANTINE, AUDIT_RESULT, PUBLICATION, ALERT)
