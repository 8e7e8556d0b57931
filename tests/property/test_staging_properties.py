"""Cleaning twice changes nothing, whatever the value."""

from __future__ import annotations

import ibis
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.settings import Settings
from include.staging import values
from include.staging.phones import dialled
from include.staging.settings import read_settings

BLANKS = read_settings(Settings().config).placeholders
CONNECTION = ibis.duckdb.connect()

pieces = st.sampled_from(
    ["&amp;", "&lt;", "&gt;", "&#39;", "&nbsp;", "&", "<", ">", "<b>", "</b>", "amp;", ";", " ", "\u00a0", "\0",
     "\u200b", "\u0301", "\u0338", "e", "N/A", "-", "@", ".", "norvik", "mailto:", "王", "İ", "ß", "\n", "a@b.example"]
)  # fmt: skip
texts = st.one_of(st.text(max_size=20), st.lists(pieces, max_size=8).map("".join))
many = st.lists(texts, min_size=1, max_size=200)

CLEANINGS = {
    "folded": values.folded,
    "text": lambda value: values.text(value, BLANKS.text),
    "name": lambda value: values.text(value, BLANKS.name),
    "email": lambda value: values.email(value, BLANKS.email),
    "domain": values.domain,
    "received": values.received,
}


def cleaned(rows: list[str | None]) -> dict[str, list[str | None]]:
    table = ibis.memtable(pa.table({"value": pa.array(rows, pa.string())}))
    columns = {name: cleaning(table.value) for name, cleaning in CLEANINGS.items()}
    return CONNECTION.to_pyarrow(table.select(**columns)).to_pydict()


@settings(max_examples=10, deadline=None)
@given(many)
def test_cleaning_a_cleaned_value_changes_nothing(rows: list[str]) -> None:
    rows = [row.encode("utf-8", "ignore").decode() for row in rows]
    for name, once in cleaned(list(rows)).items():
        assert cleaned(once)[name] == once


@settings(max_examples=10, deadline=None)
@given(many)
def test_text_that_says_something_is_never_emptied_but_by_markup_and_placeholders(rows: list[str]) -> None:
    letters = [row for row in rows if row.isalpha() and row.casefold() not in BLANKS.text]
    if letters:
        assert None not in cleaned(list(letters))["folded"]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.one_of(texts, st.sampled_from(["NULL", " null\n", "\v", "nİl", "#REF!", "0", "00", "a\t"])), max_size=99
    )
)
def test_an_id_is_trimmed_and_no_placeholder_whichever_way_the_engine_takes(rows: list[str]) -> None:
    rows = [row.encode("utf-8", "ignore").decode() for row in rows]
    table = ibis.memtable(pa.table({"value": pa.array(rows, pa.string())}))
    plain = table.value.strip()
    plainly = ibis.ifelse(plain.lower().isin([*BLANKS.identifier, ""]), None, plain)
    found = CONNECTION.to_pyarrow(table.select(id=values.identifier(table.value, BLANKS.identifier), plainly=plainly))
    assert found["id"].to_pylist() == found["plainly"].to_pylist()


@given(st.text(max_size=20), st.sampled_from(["US", "DE", "JP"]))
def test_a_number_in_its_final_form_stays(number: str, region: str) -> None:
    once, _ = dialled(number, (region,), frozenset())
    assert once is None or dialled(once, ("FR",), frozenset()) == (once, None)
