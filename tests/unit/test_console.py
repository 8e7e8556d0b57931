"""What commands print: nothing that somebody may want to copy is ever cut."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from include.cli import console

ROWS = [
    {"run_id": "build_segments/asset_triggered__2026-11-21T23:50:29", "seconds": 18.34, "message": "All went well."},
    {"run_id": "resolve_identities/manual", "seconds": 1.0, "message": "[held] for a person"},
]


def shown(monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    monkeypatch.setattr(console, "out", Console(file=io.StringIO(), width=width))
    console.show(ROWS, title="Runs", empty="None.", as_json=False)
    return console.out.file.getvalue()


def test_rows_are_a_table_where_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, 100)
    assert "\u2502 resolve_identities/manual " in text
    assert "[held] for a person" in text


def test_an_id_is_whole_where_sentences_have_to_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, 86)
    assert "\u2502 build_segments/asset_triggered__2026-11-21T23:50:29 " in text
    assert "[held] for a person" not in text


def test_rows_stand_one_by_one_where_a_table_would_cut_words(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 40).splitlines()
    assert "run id   build_segments/asset_triggered__2026-11-21T23:50:29" in lines
    assert "message  [held] for a person" in lines


def test_no_rows_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "out", Console(file=io.StringIO(), width=80))
    console.show([], title="Runs", empty="No run yet.", as_json=False)
    assert console.out.file.getvalue() == "No run yet.\n"
