"""How much room a run needs on the disk of its home, and how much there is."""

from __future__ import annotations

import shutil
from pathlib import Path

from include.contracts.errors import RetryableError
from include.contracts.settings import Settings

# Measured on the sample company: the lake takes three quarters of the exports' size, each build that is kept as much
# again in PostgreSQL, whose empty cluster and write-ahead log take the rest.
FIXED_BYTES, TIMES_THE_EXPORTS = 500_000_000, 3


def needed(settings: Settings) -> int:
    """Return the bytes that a run on the settings' exports may take, rounded up generously."""
    exports = settings.exports.rglob("*") if settings.exports.is_dir() else ()
    return FIXED_BYTES + TIMES_THE_EXPORTS * sum(place.stat().st_size for place in exports if place.is_file())


def free(settings: Settings) -> int:
    """Return the bytes that are free where the home is, or will be."""
    return shutil.disk_usage(_standing(settings.home)).free


def require_room(settings: Settings) -> None:
    """Raise RetryableError, with both numbers, where a run would end for want of room."""
    need, have = needed(settings), free(settings)
    if have < need:
        raise RetryableError(
            f"The disk is too full to begin: {have / 1e9:.1f} GB are free at {settings.home}, and a run on these "
            f"exports may take {need / 1e9:.1f} GB. Make room, or name another folder with KINDRED_HOME."
        )


def _standing(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.exists())
