"""Files of a user that appear only once they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from include.contracts.errors import ConfigurationError


@contextmanager
def whole_file(place: Path) -> Iterator[BinaryIO]:
    """Yield a sink beside ``place`` that takes its place when the block ends well, and goes when it does not.

    Raises ConfigurationError where the file cannot be written.
    """
    draft = place.with_name(place.name + ".draft")
    try:
        with draft.open("wb") as sink:
            yield sink
        draft.replace(place)
    except OSError as error:
        raise ConfigurationError(f"{place} cannot be written: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)
