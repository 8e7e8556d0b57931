"""What is wrong in quality.yaml is said in one sentence, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.contracts.errors import ConfigurationError
from include.contracts.published import COUNTED, PUBLISHED
from include.contracts.settings import SHIPPED, Settings
from include.quality.settings import read_settings


def _read(folder: Path, text: str) -> None:
    (folder / "quality.yaml").write_text(text)
    read_settings(folder)


def test_the_shipped_file_is_good() -> None:
    assert read_settings(Settings().config).tables.keys() <= {item.name for item in PUBLISHED}


def test_an_empty_file_means_the_declarations_alone(tmp_path: Path) -> None:
    _read(tmp_path, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row_limt: 0.1", "did you mean 'row_limit'"),
        ("row_limit: 2", "row_limit"),
        ("tables: {profil: {}}", "did you mean 'profile'"),
        ("tables: {profile: {nulls: [{column: emial, most: 0.1}]}}", "did you mean 'email'"),
        ("tables: {profile: {rows: [{name: a, column: email, faulty: x, reason: y, level: error}]}}", "level"),
        ("tables: {profile: {queries: [{name: a, faulty: x, reason: y, level: row}]}}", "level"),
        ("tables: [", "line 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        _read(tmp_path, text)
    assert "quality.yaml" in str(error.value)
    assert message in str(error.value)


def test_a_missing_file_is_the_shipped_one(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == read_settings(SHIPPED)


def test_parents_are_published_before_their_children() -> None:
    seen: set[str] = set()
    for item in PUBLISHED:
        assert {reference.parent for reference in item.references} <= seen
        indexed = {name for lookup in item.lookups for name in ((lookup,) if isinstance(lookup, str) else lookup)}
        assert {*(reference.column for reference in item.references), *indexed} <= set(item.table.names)
        seen.add(item.name)
    for counted in COUNTED:
        assert counted.needs <= seen
