"""Where the query engine spills what memory does not hold: a folder a session, gone with its process."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "kindred-spill-"


@contextmanager
def spill_folder(beside: Path | None = None) -> Iterator[Path]:
    """Yield a folder to spill into, under ``beside`` or the system's own place, and remove it afterwards.

    A process that is killed leaves its folder; the next one to spill in the same place removes it.
    """
    top = beside or Path(tempfile.gettempdir())
    if beside:
        _sweep(beside)
    with tempfile.NamedTemporaryFile(prefix=PREFIX, suffix=".lock", dir=top) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = Path(lock.name).with_suffix("")
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(top: Path) -> None:
    """Remove folders whose process is gone; the system gives a lock back when its holder dies, however it dies."""
    for folder in [place for place in top.glob(f"{PREFIX}*") if place.is_dir()]:
        lock = folder.with_name(f"{folder.name}.lock")
        if _is_free(lock):
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _is_free(lock: Path) -> bool:
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True
