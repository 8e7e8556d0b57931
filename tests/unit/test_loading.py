"""A module is imported for good: its objects are none that the garbage collector walks through again."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.contracts.loading import load


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("loaded_once", None)


def test_what_is_imported_is_left_alone_by_the_garbage_collector(place: Path) -> None:
    (place / "loaded_once.py").write_text("KEPT = [[] for _ in range(1000)]\n")
    before = gc.get_freeze_count()
    assert len(load("loaded_once").KEPT) == 1000
    assert gc.get_freeze_count() >= before + 1000
    assert not any(found is load("loaded_once").KEPT for found in gc.get_objects())


def test_what_is_there_already_freezes_nothing(place: Path) -> None:
    (place / "loaded_once.py").write_text("")
    load("loaded_once")
    mine = [[]]
    load("loaded_once")
    assert any(found is mine for found in gc.get_objects())


def test_an_import_that_fails_leaves_the_garbage_collector_at_work(place: Path) -> None:
    (place / "loaded_once.py").write_text("raise ImportError('no')\n")
    with pytest.raises(ImportError, match="no"):
        load("loaded_once")
    assert gc.isenabled()
