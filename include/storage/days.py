"""Days: the order in which runs may follow one another, so that all that is remembered from day to day agrees.

What readers see goes forward only. A run of a day before it is refused, unless it *rewinds*: then that day and all
later ones are forgotten, and the run follows on what stood before them.
"""

from __future__ import annotations

from datetime import date

from include.contracts.errors import EarlierDayError, FatalError
from include.contracts.runs import Run
from include.storage.lake import Lake, Manifest


def require_forward(run: Run, seen: date | None) -> None:
    """Raise EarlierDayError for a run of a day before ``seen``, which readers have, unless it rewinds."""
    if seen is not None and run.as_of < seen and not run.rewinds:
        raise EarlierDayError(run.as_of, seen)


def follows(lake: Lake, dataset: str, run: Run) -> Manifest | None:
    """Return the version that the run builds on, of a dataset that remembers; None where it is the first.

    That is the current one; of a run that rewinds, the last one of an earlier day. The dataset's manifests name their
    day (``as_of``) and the version that they follow on (``previous``). Raises EarlierDayError; FatalError where what
    stood before the day is no longer kept.
    """
    found = lake.current(dataset)
    if found is not None:
        require_forward(run, date.fromisoformat(found.inputs["as_of"]))
    while run.rewinds and found is not None and found.inputs["as_of"] >= run.as_of.isoformat():
        found = before(lake, found, found.inputs["previous"], run)
    return found


def before(lake: Lake, version: Manifest, previous: str | None, run: Run) -> Manifest | None:
    """Return the version that one follows on, None where it was the first; raises FatalError if it is gone."""
    found = lake.manifest(version.dataset, previous) if previous else None
    if previous and found is None:
        raise FatalError(
            f"What {version.dataset} was before {run.as_of} is no longer kept; rewind to a later day, "
            "or begin with an empty home."
        )
    return found
