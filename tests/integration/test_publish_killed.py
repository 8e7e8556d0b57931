"""Load, audit and publish killed with SIGKILL where it hurts, and run again: readers get the same rows."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from pydoc import locate
from typing import Any

import pytest

from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import Settings
from include.storage.project import Project
from tests.releases import release

Company = Callable[..., dict[str, DatasetRef]]
FAULTY = {"profile": [{"profile_id": "anna", "email": "anna at acme", "records": 1, "sources": 1},
                      {"profile_id": "bo", "records": 1, "sources": 1}]}  # fmt: skip

KILLS = {
    "half of the tables loaded": ("include.storage.postgres.bulk", "copy", 5),
    "loaded, not yet committed": ("include.storage.postgres.build", "counts", 1),
    "before the audit": ("include.quality.step", "validate", 1),
    "rows about to be set aside": ("include.quality.step", "set_aside", 1),
    "rows set aside, before the second look": ("include.quality.step", "validate", 2),
    "audited, not yet sealed": ("include.storage.postgres.build", "seal", 1),
    "views half switched": ("include.storage.postgres.publication", "_point_view", 4),
    "switched, not yet recorded": ("include.storage.postgres.publication", "_record", 1),
    "published, the lake half pointed": ("include.storage.lake.Lake", "point", 3),
    "old builds not yet dropped": ("include.storage.postgres.publication", "drop_old", 1),
}
Kill = tuple[str, str, int]


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration that lets half of the rows be faulty, for the company is very small."""
    folder = tmp_path_factory.mktemp("config")
    rules = (Settings().config / "quality.yaml").read_text()
    (folder / "quality.yaml").write_text(rules.replace("row_limit: 0.01", "row_limit: 0.5"))
    return folder


@pytest.fixture(scope="module")
def expected(
    new_database: Callable[[], AbstractContextManager[str]],
    company: Company, run: Run, lenient: Path, tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:  # fmt: skip
    """What readers get when nothing is killed."""
    with new_database() as url:
        home = tmp_path_factory.mktemp("unkilled")
        project = Project(Settings(home=home, warehouse_url=url, config=lenient))
        release(project, run, company(project, rows=FAULTY))
        return _seen(project)


@pytest.mark.parametrize("kill", KILLS.values(), ids=KILLS)
def test_killed_and_run_again_readers_get_the_same(  # noqa: PLR0917 - fixtures
    warehouse_project: Project, company: Company, run: Run, lenient: Path, expected: dict[str, Any], kill: Kill
) -> None:  # fmt: skip
    project = Project(warehouse_project.settings.model_copy(update={"config": lenient}))
    refs = company(project, rows=FAULTY)
    child = multiprocessing.get_context("fork").Process(target=_release_until, args=(project.settings, refs, run, kill))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    release(project, run, refs)
    assert _seen(project) == expected
    current = project.lake.current("profile")
    assert current is not None and current.ref == refs["profile"]
    project.close()


def _release_until(settings: Settings, refs: dict[str, DatasetRef], run: Run, kill: Kill) -> None:
    """Release in a process that kills itself as the function is called for the given time."""
    module, function, call = kill
    place = locate(module)
    original, calls = getattr(place, function), iter(range(1, call + 1))

    def dying(*arguments: Any, **options: Any) -> Any:
        if next(calls, None) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    setattr(place, function, dying)
    release(Project(settings), run, refs)


def _seen(project: Project) -> dict[str, Any]:
    """All that readers and stewards see of the current version, in a fixed order."""
    (current,) = (row["version"] for row in project.ledger().publications() if row["is_current"])
    with project.warehouse().begin() as connection:
        names = connection.exec_driver_sql("SELECT viewname FROM pg_views WHERE schemaname = 'kindred' ORDER BY 1")
        tables = {
            name: sorted(map(str, connection.exec_driver_sql(f'SELECT * FROM kindred."{name}"')))
            for name in names.scalars().all()
        }
    ledger = project.ledger()
    results = (project.settings.home / "docs" / "audits" / f"{current}.json").read_text()
    return {**tables, "quarantine": ledger.quarantine(), "audit": ledger.audit(current), "results": results}
