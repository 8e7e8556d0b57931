"""The sample company's exports, made once a home."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from include.contracts.settings import Settings
from include.pipeline import needs_exports


def ensure_sample(settings: Settings, say: Callable[[str], None]) -> None:
    """Make the sample's exports unless they are there, or not needed, or the settings name exports of the user's own.

    They are made beside their place and moved there when they are whole. A sample of another size, made with
    `python -m include.samples`, is left as it is.
    """
    place = settings.home / "sample"
    if settings.data is not None or not needs_exports(settings) or (place / "exports" / "sample.json").exists():
        return
    from include.samples import generate  # noqa: PLC0415 - takes a second, and is needed once

    say("Making the sample company's exports (once)")
    draft = settings.home / "sample.draft"
    for rest in (draft, place):
        shutil.rmtree(rest, ignore_errors=True)
    made = generate(draft)
    draft.rename(place)
    say(f"Made {made.records:,} records of {made.people:,} people, {made.bytes / 1e6:,.0f} MB")
