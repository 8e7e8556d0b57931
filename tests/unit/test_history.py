"""Histories keep a row where something changed; of what is gone they say so, and no more than every row has to say."""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa

from include.contracts.reports import REPORT_HISTORY
from include.storage.history import changes

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
SEEN = {"row_id": "churn:1", "since": MONDAY, "is_present": True, "part": "churn", "figures": '{"lost": 1}'}


def test_a_row_that_a_report_has_no_more_still_says_of_which_part_it_was() -> None:
    history = ibis.memtable(pa.Table.from_pylist([SEEN], REPORT_HISTORY.schema))
    now = ibis.memtable(REPORT_HISTORY.schema.empty_table()).drop("since", "is_present")
    (gone,) = ibis.duckdb.connect().to_pyarrow(changes(REPORT_HISTORY, history, now, TUESDAY)).to_pylist()
    assert gone == {**SEEN, "since": TUESDAY, "is_present": False}
