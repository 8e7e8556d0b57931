"""Why Airflow failed the launcher: mostly it is not Airflow that is ill, but what it stands on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from include.contracts.errors import FatalError, KindredError, RetryableError
from include.contracts.faults import full
from include.storage.postgres import embedded

NEEDED_BYTES = 50_000_000  # with less room Airflow's processes end without a word of their own


class AirflowError(FatalError):
    """Airflow did not do its part: a process of it ended, or its API does not answer as it should."""


@contextmanager
def diagnosed(home: Path) -> Iterator[None]:
    """Tell, where Airflow fails in the block, the cause beneath it; raises KindredError."""
    try:
        yield
    except AirflowError as error:
        raise cause(home) or error from error
    except httpx.TransportError as error:
        found = cause(home)
        raise found or AirflowError(f"Airflow's API does not answer ({type(error).__name__}); see the logs.") from error


def cause(home: Path) -> KindredError | None:
    """Return what Airflow and the tasks lack on this machine; None where all is there."""
    if shutil.disk_usage(home).free < NEEDED_BYTES:
        return full(home)
    if not embedded.is_running(home):
        log = home / "pg" / "data" / "server.log"
        return RetryableError(
            f"The embedded PostgreSQL ended while the run was at work ({log} may say why); run again. "
            "What was published before stays."
        )
    return None
