"""The command `map`: proposes what the columns of a table are, shows ten rows before and after, and writes the file."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import pyarrow.parquet as pq
import typer
import yaml
from rich.markup import escape

from include.cli.console import err, show
from include.contracts.errors import ConfigurationError, SourceError
from include.contracts.mapping import FOLDER, read_system
from include.contracts.runs import Run, Window
from include.contracts.settings import Settings
from include.contracts.staged import ACCOUNT, PERSON_RECORD, STAGED
from include.contracts.tables import MASK
from include.contracts.targets import TARGETS
from include.sources.recognition.proposing import Proposal, propose
from include.sources.step import extract
from include.staging.step import stage
from include.storage.project import Project

SHOWN = 10


def map_table(
    file: Annotated[Path, typer.Argument(help="A table: CSV, Excel, Parquet or JSON lines.")],
    name: Annotated[str | None, typer.Option(help="Name of the kind of source; default: the file's.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, and write nothing.")] = False,
) -> None:
    """Propose what the columns of a table are, show ten rows before and after, and write the mapping file."""
    settings = Settings.from_environment()
    kind = name or _kind(file)
    place = settings.config / FOLDER / f"{kind}.yaml"
    if place.exists() and not dry_run:
        raise ConfigurationError(f"{place} is there already; edit it, or give another --name.")
    proposal = propose(file, _known(settings))
    text = f"# Proposed by `python -m include map {file.name}`; correct what is wrong.\n{_written(proposal.content)}"
    guesses = [{"column": g.column, "is": g.field, "for": g.why} for g in proposal.guesses]
    show(guesses, title="What the columns are taken for", empty="", as_json=False)
    if proposal.unused:
        err.print(f"Not used: {', '.join(proposal.unused)}.", highlight=False, soft_wrap=True)
    show(_before(proposal), title="Before, personal values masked", empty="It has no rows.", as_json=False)
    try:
        for table, rows in _after(file, kind, text).items():
            show(rows, title=f"After: {table}", empty="", as_json=False)
    except SourceError as error:  # what sources.yaml can answer, once the mapping is there
        err.print(f"[yellow]It could not be read so:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    if not dry_run:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        err.print(f"Written: {place}. Tables like it are recognised from now on.", highlight=False, soft_wrap=True)


def _written(content: Mapping[str, Any]) -> str:
    """A mapping as YAML, each thing in its place: no anchors, which few people read."""
    dumper = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    return yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)


def _kind(file: Path) -> str:
    """A name for a kind of source: the file's, without what only tells how it is written."""
    stem = re.sub(r"(\.(csv|tsv|txt|xlsx|parquet|json|ndjson|jsonl|gz|zip))+$", "", file.name, flags=re.IGNORECASE)
    plain = re.sub(r"\W+", "_", stem).strip("_").lower() or "table"
    return plain if plain.isidentifier() else f"table_{plain}"


def _known(settings: Settings) -> Mapping[str, set[str]]:
    """What addresses of people and names of accounts are known already."""
    lake = Project(settings).lake
    found: dict[str, set[str]] = {}
    for table, column, field in ((PERSON_RECORD, "email", "person.email"), (ACCOUNT, "name", "account.name")):
        current = lake.current(table.name)
        for url in lake.urls(current) if current else []:
            with lake.fs.open(url) as stream:
                values = pq.read_table(stream, columns=[column])[column].drop_null().to_pylist()
            found.setdefault(field, set()).update(value.lower() for value in values)
    return found


def _before(proposal: Proposal) -> list[dict[str, Any]]:
    personal = {g.column for g in proposal.guesses if _is_personal(g.field)} | set(proposal.unused)
    rows = proposal.rows.slice(0, SHOWN).to_pylist()
    return [{name: MASK if value and name in personal else value for name, value in row.items()} for row in rows]


def _is_personal(field: str) -> bool:
    part, name = field.split(".")
    return TARGETS[part].fields[name].personal


def _after(file: Path, kind: str, text: str) -> dict[str, list[dict[str, Any]]]:
    """The rows that staging makes of the table, by staged table, personal values masked; raises as staging does."""
    with tempfile.TemporaryDirectory(prefix="kindred-map-") as folder:
        root = Path(folder)
        (root / "config" / FOLDER).mkdir(parents=True)
        (root / "config" / FOLDER / f"{kind}.yaml").write_text(text, "utf-8")
        system = read_system(root / "config" / FOLDER / f"{kind}.yaml")
        (root / "exports").mkdir()
        shutil.copy(file, root / "exports" / file.name)
        objects = [declared.object for declared in system.files]
        entry = {
            "kind": kind, "path": ".", "schedule": "0 1 * * *", "owner": "nobody", "region": "US", "timezone": "UTC",
            "objects": objects, "files": {name: [system.file(name).path] for name in objects},
        }  # fmt: skip
        (root / "config" / "sources.yaml").write_text(yaml.safe_dump({"sources": {kind: entry}}))
        project = Project(Settings(home=root / "home", data=root / "exports", config=root / "config"))
        now = datetime.now(UTC)
        run = Run("map", date.today())
        extract(project, run, kind, Window(None, now))
        stage(project, run)
        return {table.name: rows for table in STAGED if (rows := _rows(project, table.name))}


def _rows(project: Project, name: str) -> list[dict[str, Any]]:
    table = next(table for table in STAGED if table.name == name)
    hidden = {"load_id", "extracted_at", "source", "part", "object", "row_received"}
    personal = {column.name for column in table.columns if column.personal}
    ids = {column.name for column in table.columns if column.name.endswith(("_id", "_key"))}
    manifest = project.lake.current(name)
    if manifest is None or name == "staged/source_state":
        return []
    rows = [row for url in project.lake.urls(manifest) for row in pq.read_table(url).to_pylist()][:SHOWN]
    shown = [name for name in table.names if name not in hidden and any(row[name] is not None for row in rows)]
    return [{n: MASK if row[n] and n in personal | ids else row[n] for n in shown} for row in rows]
