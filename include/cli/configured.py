"""What a folder of configuration may hold, and whether all of it can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from include.activation import templates
from include.activation.registry import check_declared
from include.activation.syncs import FOLDER as DESTINATIONS
from include.activation.syncs import read_syncs
from include.contracts import calendar, lists, mapping, sources, traits
from include.contracts.configuration import Section, effective
from include.contracts.errors import ConfigurationError
from include.contracts.events import settings as events
from include.contracts.settings import Settings
from include.erasure import settings as erasure
from include.identity import settings as stewardship
from include.matching.spec import load_spec
from include.measures import settings as measures
from include.operations import settings as alerts
from include.profiles import settings as survivorship
from include.quality import settings as quality
from include.quality.drift import settings as drift
from include.reports import settings as reports
from include.retention import settings as retention
from include.segments import catalog
from include.staging import settings as staging

SECTIONS: Mapping[str, type[Section]] = {
    sources.FILE: sources.SourcesFile,
    staging.FILE: staging.StagingSettings,
    measures.FILE: measures.Thresholds,
    stewardship.FILE: stewardship.Stewardship,
    survivorship.FILE: survivorship.Survivorship,
    quality.FILE: quality.Rules,
    drift.FILE: drift.Drift,
    events.FILE: events.EventSettings,
    calendar.FILE: calendar.CalendarSettings,
    reports.FILE: reports.ReportSettings,
    retention.FILE: retention.Retention,
    alerts.FILE: alerts.Alerts,
    erasure.FILE: erasure.ErasureSettings,
}
"""The files of which only what differs from the shipped ones need be given."""

MATCHING = "matching.yaml"
WHOLE = (
    MATCHING, catalog.FOLDER, traits.FOLDER, lists.FOLDER, DESTINATIONS, mapping.FOLDER, templates.FOLDER,
)  # fmt: skip
"""The files and folders that are read as they are."""

_READERS: tuple[Callable[[Path], object], ...] = (
    staging.read_settings,
    measures.read_settings,
    stewardship.read_settings,
    survivorship.read_settings,
    quality.read_settings,
    drift.read_settings,
    reports.read_settings,  # events, calendar, lists and traits with them
    alerts.read_settings,
    erasure.read_settings,
    lambda folder: load_spec(effective(folder / MATCHING)),
)


def read_all(settings: Settings) -> None:
    """Read each file of the configuration but the segments; raises ConfigurationError naming what is wrong in it."""
    for read in _READERS:
        read(settings.config)
    retention.load_retention(settings.config, settings.answer_hours)
    sources.sources_of(settings)


def usable(settings: Settings, config: Path) -> Settings:
    """Return the settings with another folder of configuration, all of which can be used; raises ConfigurationError."""
    folder = config.expanduser().resolve()
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {config}; give one with what differs from include/config.")
    changed = settings.model_copy(update={"config": folder})
    read_all(changed)
    for declared in read_syncs(folder).values():
        check_declared(declared)
    if faults := [str(fault) for refused in catalog.load(folder).refused for fault in refused.faults]:
        raise ConfigurationError(" ".join(faults))
    return changed
