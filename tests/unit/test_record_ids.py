"""Record ids, evidence and causes: texts that are spelt and read in one place."""

from __future__ import annotations

import ibis
import pytest

from include.contracts.records import Cause, Evidence, RecordId, key_of, object_of, ordering, record_ids, source_of


@pytest.mark.parametrize("text", ["crm.contact:0035g00000XyZ12AAB", "usage.user:eu:7", "usage.user:a.b@c.example"])
def test_an_id_is_read_as_it_was_spelt(text: str) -> None:
    assert str(RecordId.parse(text)) == text


def test_a_key_may_hold_colons_and_points() -> None:
    assert RecordId.parse("usage.user:eu:7.x") == RecordId("usage", "user", "eu:7.x")


@pytest.mark.parametrize("text", ["", "crm", "crm.contact", "contact:7", ":7", ".contact:7"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no record id"):
        RecordId.parse(text)


def test_columns_are_spelt_and_read_alike() -> None:
    keys = ["1", "eu:7.x", None]
    ids = record_ids("usage", "user", ibis.memtable({"key": keys}).key)
    rows = ids.name("id").as_table()
    read = rows.select(
        source=source_of(rows.id), object=object_of(rows.id), key=key_of(rows.id), order=ordering(rows.id)[0]
    ).to_pyarrow()
    assert read.to_pydict() == {
        "source": ["usage", "usage", None], "object": ["usage.user", "usage.user", None], "key": keys,
        "order": ["user:1", "user:eu:7.x", None],
    }  # fmt: skip


def test_evidence_is_levels_by_column_and_a_stewards_word_is_none() -> None:
    evidence = Evidence.parse("first_name=nickname;phone=equal")
    assert evidence.levels == {"first_name": "nickname", "phone": "equal"}
    assert str(evidence) == "first_name=nickname;phone=equal"
    assert Evidence.parse("steward: never").levels == {}


def test_a_cause_is_two_records_or_a_decision() -> None:
    assert Cause.parse("crm.contact:1|usage.user:2|email=equal") == Cause(
        ("crm.contact:1", "usage.user:2"), "email=equal"
    )
    assert Cause.parse("decision|17|taken back") == Cause(("decision", "17"), "taken back")
