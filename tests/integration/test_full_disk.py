"""A disk that fills up while a build is audited: one sentence, no server that hangs, and with room again all is well.

A folder of limited size is mounted for it, which root may; `tests/run` has it done by root.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.contracts.errors import RetryableError
from include.contracts.faults import explained
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import Settings
from include.pipeline import perform
from include.quality import step
from include.storage.postgres import build, embedded, postmaster
from include.storage.project import Project
from tests.ballast import fill

POINTS = {"before the first look": (step, "validate"), "before the seal": (build, "seal")}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 MB."""
    place = Path("/tmp") / f"kindred-disk-{os.getpid()}"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip("A disk of limited size can be mounted by root only.")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    place.rmdir()


@pytest.mark.parametrize("point", POINTS)
def test_a_disk_that_fills_up_in_the_audit_is_told_and_heals(
    point: str, disk: Path, company: Callable[..., dict[str, DatasetRef]], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(Settings(home=disk / "home"))
    place, name = POINTS[point]
    real = getattr(place, name)

    def fills_up(*arguments: Any, **named: Any) -> Any:
        fill(disk)
        return real(*arguments, **named)

    refs: Any = {name: ref.to_dict() for name, ref in company(project).items()}
    with project.serving():
        refs = perform(project, run, "load", refs)["refs"]
    monkeypatch.setattr(place, name, fills_up)
    with pytest.raises(Exception) as told, project.serving():
        perform(project, run, "audit", refs)
    meaning = explained(told.value)
    assert isinstance(meaning, RetryableError)
    assert str(meaning).startswith("The disk is full")
    assert postmaster.state(disk / "home" / "pg" / "data") is None

    (disk / "ballast").unlink()
    monkeypatch.setattr(place, name, real)
    with project.serving():
        audited = perform(project, run, "audit", refs)
        published = perform(project, run, "publish", audited["refs"])
    assert published["report"]["counts"]["published"] == 1
    embedded.stop(disk / "home")
