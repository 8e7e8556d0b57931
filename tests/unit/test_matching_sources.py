"""What it says of two records which systems they are of, and that a date may be copied from a relative's record."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.matching.engine import resolve
from include.matching.levels import Date
from include.matching.pairs.comparison import compare
from include.matching.records.features import featurize
from include.matching.spec import parse_spec
from tests.matching_tables import SPEC, table, town

PERSON = {"first_name": "Rosa", "last_name": "Parker", "company": "Firm 3 Inc"}
BORN = parse_spec({"id": "id", "columns": {"first_name": "first_name", "last_name": "last_name", "birth_date": "date"}})


def probability(*sources: str) -> float:
    """Of two records of one name and company being one person's, by the systems that they are of."""
    rows = [{"record_id": f"x{k}", "source": source, **PERSON} for k, source in enumerate(sources)]
    judged = resolve(table([*town(), *rows]), SPEC).judge(pa.array(["x0"]), pa.array(["x1"]))
    return float(judged["probability"][0].as_py())


def test_a_system_that_lists_everybody_once_seldom_lists_somebody_twice() -> None:
    assert probability("crm", "crm") < probability("crm", "email")


def test_a_table_of_one_system_is_told_nothing_by_it() -> None:
    rows = [{**row, "source": "crm"} for row in town()]
    levels = resolve(table(rows), SPEC).model.parameters["levels"]["source"]
    assert levels["same person"]["same_source"] == pytest.approx(levels["strangers"]["same_source"], abs=0.01)


def test_lists_to_be_linked_are_not_told_by_their_sources() -> None:
    model = resolve(table(town(60)), SPEC.model_copy(update={"link_only": True})).model
    assert "source" not in model.parameters["columns"]


def test_a_date_that_differs_is_told_where_a_relative_has_it() -> None:
    rows = [
        ("a", "Rosa", "Parker", "1988-11-20"),
        ("b", "Rosa", "Parker", "2005-06-25"),  # her child's
        ("c", "Liam", "Parker", "2005-06-25"),
        ("d", "Rosa", "Parker", "1971-02-03"),
        ("e", "Emma", "Walker", "1971-02-03"),  # of another family
    ]
    columns = ("id", "first_name", "last_name", "birth_date")
    features = featurize(pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))), BORN)
    place = {"abcde"[row]: np.array([k], np.int32) for k, row in enumerate(features.row)}
    told = {pair: compare(features, place[pair[0]], place[pair[1]])[-1, 0] for pair in ("ab", "ad", "bc")}
    assert told["ab"] == Date.OF_RELATIVE
    assert told["ad"] == Date.DIFFERENT
    assert told["bc"] not in (Date.OF_RELATIVE, Date.DIFFERENT)
