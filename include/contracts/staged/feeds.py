"""How the sources stand: until when each is complete, and which rows were set aside."""

from __future__ import annotations

from include.contracts.staged.provenance import PROVENANCE
from include.contracts.tables import Table, count, integer, text, timestamp

SOURCE_STATE = Table(
    name="staged/source_state",
    grain="one object of one source, and until when its rows are complete",
    key=("source", "object"),
    columns=(
        text("source", "Source"),
        text("object", "Object inside the source"),
        timestamp("newest_at", "Time of its newest row; of files of a day, the end of the last", required=True),
        timestamp("complete_before", "All that happened before has been exported", required=True),
        count("missing_days", "Days between its first and last file of a day that have none"),
        count("usual_silence", "Most days from one day with rows to the next, in the 120 days before the newest"),
        text("feeds", "Staged tables that its rows go into, without their folder, parted by commas", required=True),
    ),
)

QUARANTINE = Table(
    name="staged/quarantine",
    grain="one source row that was set aside, with its reason",
    key=("quarantine_id",),
    columns=(
        text("quarantine_id", "Digest of source, object, load, line and rule"),
        text("source", "Source", required=True),
        text("object", "Object", required=True),
        text("source_key", "Key of the row, where it could be read"),
        text("file", "File the row came in", required=True),
        integer("line", "Line in the file, the header being line 1"),
        text("stage", "Stage that set it aside: extract, stage, audit", required=True),
        text("rule", "Rule it broke, for example nps_score_range", required=True),
        text("column", "Column at fault"),
        text("value_class", "What kind of value was there: empty, text, negative, fractional and so on"),
        text("reason", "One sentence for a person, without the value", required=True),
        text("row_received", "The row as received, as JSON or as the raw line; kept in the lake only", personal=True),
        *PROVENANCE,
    ),
)
