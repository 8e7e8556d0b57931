"""Full names of one word: handles, surnames, first names, and whose they are."""

from __future__ import annotations

import pyarrow as pa
import pytest

from include.matching.engine import resolve
from include.matching.levels import FirstName
from include.matching.pairs.comparison import compare
from include.matching.records.features import featurize
from include.matching.records.name_parts import parse_full_name
from include.matching.spec import parse_spec

SPEC = parse_spec({"id": "id", "columns": {"name": "full_name", "email": "email"}})
OTHERS = [(f"{first} {last}", f"{first}.{last}@firm.com") for first in ("Ann", "Max", "Ida") for last in ("Lee", "Roe")]


def authors(*rows: tuple[str, str]) -> pa.Table:
    every = [*rows, *OTHERS]
    ids = [f"r{k}" for k in range(len(every))]
    return pa.table({"id": ids, "name": [name for name, _ in every], "email": [email for _, email in every]})


def names(*rows: tuple[str, str]) -> list[tuple[str, str]]:
    features = featurize(authors(*rows), SPEC)
    assert features.names is not None
    said = [*features.names.vocabulary, ""]
    read = {
        int(row): (said[f], said[n])
        for row, f, n in zip(features.row, features.names.first, features.names.last, strict=True)
    }
    return [read[k] for k in range(len(rows))]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("qrel77", ("", "qrel77")),  # the number is part of the handle
        ("Qrel", ("", "qrel")),
        ("root", ("", "")),
        ("(no author)", ("", "")),
        ("Ann 2 Lee", ("ann", "lee")),
    ],
)
def test_a_full_name_of_one_word_is_read(text: str, read_as: tuple[str, str]) -> None:
    assert parse_full_name(text) == read_as


def test_a_handle_is_the_name_of_whoever_has_it_for_an_address() -> None:
    owner = ("Jo Quill", "12345+jqrel@users.noreply.github.com")
    assert names(("jqrel", "jo@home.net"), owner)[0] == ("jo", "quill")
    assert names(("jqrel", "jo@home.net"), owner, ("Kim Doe", "jqrel@mail.com"))[0] == (
        "",
        "jqrel",
    )  # which of the two?
    assert names(("lee", "jo@home.net"), ("Jo Quill", "lee@mail.com"))[0] == ("", "lee")  # it is a name
    assert names(("Peter", "jo@home.net"), ("Peter Quill", "peter@mail.com"))[0] == ("", "peter")


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("Quill", "Jo Quill", FirstName.ONE_WORD),  # perhaps a first name, perhaps another's surname
        ("qrel", "qrel", 0),
        ("Peter", "Peter", "equal"),  # a first name, and no more
    ],
)
def test_one_word_is_told_from_a_name(one: str, other: str, told: int | str) -> None:
    features = featurize(authors((one, "a@one.net"), (other, "b@two.net")), SPEC)
    at = [(features.row == k).nonzero()[0].astype("int32") for k in range(2)]
    first = int(compare(features, *at)[0, 0])
    assert first >= 16 if told == "equal" else first == told


def test_a_surname_alone_links_nobody() -> None:
    clusters = resolve(
        authors(("Quill", "a@one.net"), ("Jo Quill", "b@two.net"), ("qrel77", "c@x.net"), ("qrel77", "d@y.net")), SPEC
    ).clusters
    of = dict(zip(clusters["id"].to_pylist(), clusters["cluster"].to_pylist(), strict=True))
    assert of["r0"] != of["r1"]
    assert of["r2"] == of["r3"]


def test_a_handle_is_the_name_that_it_is_written_together_from() -> None:
    assert names(("JoQuill", "a@x.net"), ("Jo Quill", "b@y.net"))[0] == ("jo", "quill")


def test_one_name_alone_is_spelt_out_by_its_records_own_address() -> None:
    assert names(("Peter", "peter.quill@home.net"), ("Jo Quill", "b@y.net"))[0] == ("peter", "quill")
    assert names(("Peter", "pquill@home.net"), ("Jo Quill", "b@y.net"))[0] == ("peter", "quill")
    assert names(("Quill", "jo.quill@home.net"), ("Jo Roe", "b@y.net"), ("Al Quill", "c@y.net"))[0] == ("jo", "quill")
    assert names(("Peter", "home@home.net"), ("Jo Quill", "b@y.net"))[0] == ("", "peter")
