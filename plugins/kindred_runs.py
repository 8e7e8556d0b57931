"""What a DAG run is to the pipeline: its name in the ledger, its logical date, the window of time that it extracts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from include.contracts.errors import ConfigurationError
from include.contracts.runs import Run, Window
from include.contracts.settings import Settings


def run_of(dag_run: Any) -> Run:
    """Return the run's name in the ledger, and its logical date: runs that an asset starts have none of their own.

    The date is the one that its conf gives as ``as_of``, else the pinned one, else the day on which a sample's exports
    were taken, else the day on which the run was due. The conf ``{"rewind": true}`` lets it forget later days.
    """
    from include.pipeline import taken_on

    settings = Settings.lenient()
    known = _wanted(dag_run.conf) or settings.as_of or taken_on(settings.exports)
    as_of = known or dag_run.run_after.astimezone(settings.zone).date()
    return Run(f"{dag_run.dag_id}/{dag_run.run_id}", as_of, rewinds=(dag_run.conf or {}).get("rewind") is True)


def window_of(dag_run: Any) -> Window:
    """Return the run's data interval; everything until its day has ended when it has none, as when a person starts it.

    So two runs by hand on one day ask for the same window. An interval of a day or more is moved back to midnight UTC:
    a daily run at 00:45 is for the whole day before it, whose exports have had time to arrive. A run that was started
    once more for what was approved has the window of the one that was held.
    """
    from include.pipeline import everything_until

    if (dag_run.conf or {}).get("window"):
        return Window(*(edge and datetime.fromisoformat(edge) for edge in dag_run.conf["window"]))
    start, end = dag_run.data_interval_start, dag_run.data_interval_end
    if start is None or end is None or start >= end:
        return everything_until(run_of(dag_run))
    if end - start < timedelta(days=1):
        return Window(start, end)
    return Window(_midnight(start), _midnight(end))


def again(run: Run, window: Window) -> dict[str, Any]:
    """Return the conf with which an extraction is started once more for the very same window."""
    edges = [edge.isoformat() if edge else None for edge in (window.start, window.end)]
    return {"as_of": run.as_of.isoformat(), "window": edges}


def _wanted(conf: Mapping[str, Any] | None) -> date | None:
    """Return the logical date for which a run was started, where its conf names one."""
    given = (conf or {}).get("as_of")
    try:
        return None if given is None else date.fromisoformat(given)
    except (TypeError, ValueError):
        raise ConfigurationError("The run's conf has an as_of that is no date; write it as 2026-10-31.") from None


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
