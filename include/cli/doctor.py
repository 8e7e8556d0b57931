"""`doctor`: checks what a run needs, and says what to do about what is missing.

It only looks: it starts no server, and writes nothing into a home. Where Spark does the work it is asked for a session,
and its workers write into the lake, where there is one, what goes at once.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from include.activation.check import require_fit
from include.activation.registry import open_destination
from include.activation.syncs import read_syncs
from include.cli import airflow
from include.cli.configured import SECTIONS, WHOLE, read_all
from include.cli.finding import Finding
from include.cli.live_sources import live
from include.contracts.configuration import given
from include.contracts.faults import explained
from include.contracts.nearest import nearest
from include.contracts.remarks import remarks
from include.contracts.settings import ROOT, SHIPPED, Settings, unknown_settings
from include.contracts.spark import spark_of
from include.identity.exchange import exchange
from include.launch import services
from include.matching.spark.session import connected
from include.pipeline import needs_exports, sources
from include.remote.clock import MachineClock
from include.segments.catalog import load
from include.segments.lacking import wanting
from include.segments.states import published_rows, unevaluated, unsound
from include.storage import room
from include.storage.control.tables import are_up_to_date
from include.storage.engine import Engine
from include.storage.home import is_open, open_places
from include.storage.postgres import embedded
from include.storage.postgres.warehouse import Warehouse, is_embedded, warehouse_url
from include.storage.project import Project

REQUIREMENTS = ROOT / "requirements.txt"
_NAME = re.compile(r"^([A-Za-z0-9][\w.\[\],-]*==[^\s\\]+(?:\s*;[^\\]+)?)", re.MULTILINE)


def examine(settings: Settings) -> list[Finding]:
    """Run every check; a check that fails never stops the others."""
    found = [finding for check in CHECKS for finding in _guarded(check, settings)]
    if not airflow.is_there(os.environ):
        return [*found, *_guarded(warehouse, settings)]
    answers = airflow.ask()
    url = airflow.warehouse_url(answers) or settings.warehouse_url

    def dags(settings: Settings) -> Iterator[Finding]:
        pools = [name for name, _, _ in services.pools(settings) if name != airflow.POOL]
        needs = settings.warehouse_url is None
        return airflow.judge(answers, services.expected_dags(settings), needs_connection=needs, pools=pools)

    told = _guarded(dags, settings)  # a faulty file names no DAGs
    return [*found, *told, *_guarded(warehouse, settings.model_copy(update={"warehouse_url": url}))]


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> list[Finding]:
    name = check.__name__
    try:
        return list(check(settings))
    except Exception as error:  # noqa: BLE001 - a broken environment may raise anything, and doctor must say so
        if meaning := explained(error):
            return [Finding(name, "fail", str(meaning))]
        return [Finding(name, "fail", f"{type(error).__name__}: {error}", "Run `make setup` again.")]


def python(_: Settings) -> Iterator[Finding]:
    """Is the interpreter one that all pinned packages support?"""
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] <= (3, 12)
    yield Finding("python", "ok" if ok else "fail", version, "" if ok else "Use Python 3.11 or 3.12: make clean setup.")


def packages(_: Settings) -> Iterator[Finding]:
    """Is what is installed what requirements.txt pins?"""
    if not REQUIREMENTS.exists():  # include/ was put into an Airflow by itself
        yield Finding("packages", "warn", f"not compared: there is no {REQUIREMENTS}", "Put it beside include/.")
        return
    wrong = [f"{name} {found or 'missing'} (pinned {pinned})" for name, pinned, found in _pins() if found != pinned]
    is_ours = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    if wrong:
        listed = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        remedy = "Run `make setup`." if is_ours else "Install what requirements.txt pins; nothing else was tried."
        yield Finding("packages", "fail" if is_ours else "warn", listed, remedy)
    else:
        yield Finding("packages", "ok", "as pinned in requirements.txt")


def _pins() -> Iterator[tuple[str, str, str | None]]:
    """Yield (package, pinned version, installed version) for the pins that hold on this platform."""
    for line in _NAME.findall(REQUIREMENTS.read_text("utf-8")):
        requirement = Requirement(line.strip())
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            found: str | None = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found = None
        yield requirement.name, str(requirement.specifier).removeprefix("=="), found


def variables(_: Settings) -> Iterator[Finding]:
    """Is each KINDRED_* variable a setting?"""
    unknown = unknown_settings(os.environ)
    for sentence in unknown:
        yield Finding("settings", "fail", sentence, "docs/settings.md lists them all.")
    if not unknown:
        yield Finding("settings", "ok", "each KINDRED_* variable is one")


def configuration(settings: Settings) -> Iterator[Finding]:
    """Can each file of the configuration be read?"""
    read_all(settings)
    names = sources(settings)
    yield Finding("configuration", "ok", f"{len(names)} sources: {', '.join(names)}")


def origins(settings: Settings) -> Iterator[Finding]:
    """Which file does each setting come from, and is any file there that nobody reads?"""
    if settings.config.resolve() == SHIPPED:
        yield Finding("origins", "ok", f"all settings as shipped, of {SHIPPED}")
        return
    own = {name: given(settings.config / name, section) for name, section in SECTIONS.items()}
    whole = [name for name in WHOLE if (settings.config / name).exists()]
    told = [f"{name}: {', '.join(names)}" for name, names in own.items() if names]
    found = "; ".join([*told, *(f"all of {name}" for name in whole)]) or "none"
    yield Finding("origins", "ok", f"of {settings.config}: {found}; all others as shipped")
    known = (*SECTIONS, *WHOLE)
    for name in sorted(path.name for path in settings.config.iterdir() if path.name not in known):
        if not name.startswith((".", "_")) and (settings.config / name).suffix in CONFIGURED:
            hint = nearest(name, known)
            yield Finding("origins", "warn", f"{name} in {settings.config} is read by nobody{hint}", "Rename it.")


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
    with Engine(Project(settings).lake) as engine:  # it spills elsewhere than into the home
        rows = published_rows(engine)
    for told in (*unsound(rows), *remarks({}, wanting(rows))):
        yield Finding("segments", "warn", told)
    if rows and (waiting := unevaluated(catalog, rows)):
        yield Finding("segments", "warn", f"saved but not evaluated yet: {', '.join(waiting)}", "Run the pipeline.")


def syncs(settings: Settings) -> Iterator[Finding]:
    """Is each sync sound, and has its destination what it asks for?"""
    declared = read_syncs(settings.config)
    for sync in declared.values():
        with closing(open_destination(sync, airflow.connection, MachineClock())) as destination:
            require_fit(destination)
    yield Finding("syncs", "ok", f"{len(declared)}: {', '.join(declared) or 'none declared'}")


def exports(settings: Settings) -> Iterator[Finding]:
    """Is there something to extract?"""
    if not needs_exports(settings):
        return
    if settings.exports.is_dir():
        files = sum(1 for place in settings.exports.rglob("*") if place.is_file())
        yield Finding("exports", "ok", f"{files} files in {settings.exports}")
    else:
        remedy = "Set KINDRED_DATA to the folder of your exports, or make the sample: make run."
        yield Finding("exports", "warn", f"no folder {settings.exports}", remedy)


def disk(settings: Settings) -> Iterator[Finding]:
    """Is there room for the lake and the database?"""
    free, needed = room.free(settings), room.needed(settings)
    found = f"{free / 1e9:.1f} GB free; a run on these exports may take {needed / 1e9:.1f} GB"
    remedy = f"Make room at {settings.home}, or name another folder with KINDRED_HOME."
    yield Finding("disk", "ok", found) if free >= needed else Finding("disk", "warn", found, remedy)


def lake(settings: Settings) -> Iterator[Finding]:
    """Can the lake be written?"""
    lake = Project(settings).lake
    if lake.folder is None:
        lake.fs.ls(lake.root)
        yield Finding("lake", "ok", f"answers: {lake.root}")
        return
    standing = next(place for place in (lake.folder, *lake.folder.parents) if place.exists())
    ok = os.access(standing, os.W_OK | os.X_OK)
    remedy = "Give it to the user who runs this, or name another with KINDRED_LAKE_URL or KINDRED_HOME."
    yield Finding("lake", "ok", str(lake.folder)) if ok else Finding("lake", "fail", f"{standing} is closed", remedy)


def spark(settings: Settings) -> Iterator[Finding]:
    """Where Spark does the work: is it there, have its workers what this process has, and do they reach the lake?"""
    if settings.engine != "spark":
        return
    lake, at = Project(settings).lake, spark_of(settings, airflow.connection)
    with connected(at.master, at.options) as session:
        found = (
            f"{session.sparkContext.master} answers: {session.sparkContext.defaultParallelism} cores, packages as here"
        )
        if lake.folder is None or lake.folder.exists():
            with exchange(lake, session):
                found += ", and they read and write the lake"
    yield Finding("spark", "ok", found)


def privacy(settings: Settings) -> Iterator[Finding]:
    """Can others on this machine read what the home keeps?"""
    folder = Project(settings).lake.folder
    places = {*open_places(settings.home), *([folder] if folder and is_open(folder) else [])}
    if places:
        listed = " ".join(shlex.quote(str(place)) for place in sorted(places))
        found = f"others on this machine may read {listed}"
        yield Finding("privacy", "warn", found, f"The next run closes the home; or: chmod -R go= {listed}")
    else:
        yield Finding("privacy", "ok", "what is kept is its owner's alone")


def warehouse(settings: Settings) -> Iterator[Finding]:
    """Does the warehouse answer, with its control tables up to date?"""
    if is_embedded(settings, os.environ):
        if not embedded.is_running(settings.home):
            yield Finding("warehouse", "ok", "the embedded PostgreSQL, which a run starts; none is up now")
            return
        settings = settings.model_copy(update={"warehouse_url": embedded.url(settings.home)})
    opened = Warehouse(warehouse_url(settings, os.environ))
    tables = "its control tables are up to date" if are_up_to_date(opened) else "a run updates its control tables"
    opened.close()
    yield Finding("warehouse", "ok", f"answers, {tables}: {opened.place}")


CONFIGURED = (".yaml", ".yml", "")
CHECKS = (
    python, packages, variables, configuration, origins, segments, syncs, exports, live, disk, lake, spark, privacy,
)  # fmt: skip
