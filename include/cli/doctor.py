"""`doctor`: checks what a run needs, and says what to do about what is missing."""

from __future__ import annotations

import re
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from include.contracts.errors import KindredError
from include.contracts.settings import ROOT, Settings
from include.identity.settings import read_settings as read_stewardship
from include.matching.spec import load_spec
from include.measures.settings import read_settings as read_thresholds
from include.pipeline import sources
from include.profiles.settings import read_settings as read_survivorship
from include.quality.settings import read_settings as read_quality
from include.segments.catalog import load
from include.segments.states import published_rows, unevaluated, unsound
from include.staging.settings import read_settings as read_staging
from include.storage.project import Project

FREE_GB = 5
_NAME = re.compile(r"^([A-Za-z0-9][\w.\[\],-]*==[^\s\\]+(?:\s*;[^\\]+)?)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome, and what to do when it is not ok."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run every check; a check that fails never stops the others."""
    return [finding for check in CHECKS for finding in _guarded(check, settings)]


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> list[Finding]:
    name = check.__name__
    try:
        return list(check(settings))
    except KindredError as error:
        return [Finding(name, "fail", str(error))]
    except Exception as error:  # noqa: BLE001 - a broken environment may raise anything, and doctor must say so
        return [Finding(name, "fail", f"{type(error).__name__}: {error}", "Run `make setup` again.")]


def python(_: Settings) -> Iterator[Finding]:
    """Is the interpreter one that all pinned packages support?"""
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] <= (3, 12)
    yield Finding("python", "ok" if ok else "fail", version, "" if ok else "Use Python 3.11 or 3.12: make clean setup.")


def packages(_: Settings) -> Iterator[Finding]:
    """Is what is installed what requirements.txt pins?"""
    wrong = [f"{name} {found or 'missing'} (pinned {pinned})" for name, pinned, found in _pins() if found != pinned]
    if wrong:
        listed = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        yield Finding("packages", "fail", listed, "Run `make setup`.")
    else:
        yield Finding("packages", "ok", "as pinned in requirements.txt")


def _pins() -> Iterator[tuple[str, str, str | None]]:
    """Yield (package, pinned version, installed version) for the pins that hold on this platform."""
    for line in _NAME.findall((ROOT / "requirements.txt").read_text("utf-8")):
        requirement = Requirement(line.strip())
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            found: str | None = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found = None
        yield requirement.name, str(requirement.specifier).removeprefix("=="), found


def configuration(settings: Settings) -> Iterator[Finding]:
    """Can each file of the configuration be read?"""
    for read in CONFIGURATION:
        read(settings.config)
    names = sources(settings.config)
    yield Finding("configuration", "ok", f"{len(names)} sources: {', '.join(names)}")


def segments(settings: Settings) -> Iterator[Finding]:
    """Is every segment's definition sound, and is what readers see the outcome of it?"""
    catalog = load(settings.config)
    faults = [str(fault) for refused in catalog.refused for fault in refused.faults]
    if faults:
        yield Finding("segments", "warn", " ".join(faults), "Correct them; until then they keep the members they have.")
    else:
        yield Finding("segments", "ok", f"{len(catalog.segments)} definitions")
    if catalog.passed_over:
        found = f"passed over, as it is no .yaml or .yml: {', '.join(catalog.passed_over)}"
        yield Finding("segments", "warn", found, "Rename definitions, and keep other files elsewhere.")
    with Project(settings).engine() as engine:
        rows = published_rows(engine)
    for told in unsound(rows):
        yield Finding("segments", "warn", told)
    if rows and (waiting := unevaluated(catalog, rows)):
        yield Finding("segments", "warn", f"saved but not evaluated yet: {', '.join(waiting)}", "Run the pipeline.")


def exports(settings: Settings) -> Iterator[Finding]:
    """Is there something to extract?"""
    if settings.exports.is_dir():
        files = sum(1 for place in settings.exports.rglob("*") if place.is_file())
        yield Finding("exports", "ok", f"{files} files in {settings.exports}")
    else:
        remedy = "Set KINDRED_DATA to the folder of your exports, or make the sample: make run."
        yield Finding("exports", "warn", f"no folder {settings.exports}", remedy)


def disk(settings: Settings) -> Iterator[Finding]:
    """Is there room for the lake and the database?"""
    place = next(parent for parent in (settings.home, *settings.home.parents) if parent.exists())
    free = shutil.disk_usage(place).free / 1e9
    ok = free >= FREE_GB
    yield Finding("disk", "ok" if ok else "warn", f"{free:.0f} GB free", "" if ok else f"Free {FREE_GB} GB at {place}.")


def lake(settings: Settings) -> Iterator[Finding]:
    """Can a version be written, read and removed?"""
    lake = Project(settings).lake
    dataset, version = "doctor", uuid.uuid4().hex
    lake.open(lake.commit(dataset, version, [], 0))
    lake.fs.rm(lake.url(dataset, ""), recursive=True)
    yield Finding("lake", "ok", f"can be written: {lake.root}")


def warehouse(settings: Settings) -> Iterator[Finding]:
    """Does the warehouse answer, with its control tables up to date?"""
    project = Project(settings)
    with project.serving():
        yield Finding("warehouse", "ok", f"answers, its control tables are up to date: {project.warehouse().place}")


CONFIGURATION: tuple[Callable[[Path], object], ...] = (
    read_staging,
    read_thresholds,
    read_stewardship,
    read_quality,
    read_survivorship,
    lambda folder: load_spec(folder / "matching.yaml"),
)
CHECKS = (python, packages, configuration, segments, exports, disk, lake, warehouse)
