"""The commands ``resolve`` and ``evaluate``: files and a spec in, clusters and a summary out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq
import typer

from include.contracts.errors import ConfigurationError
from include.identity.engine import resolve
from include.identity.spec import load_spec


def resolve_command(
    files: Annotated[list[Path], typer.Argument(help="Parquet, CSV or NDJSON files with the same columns.")],
    spec: Annotated[Path, typer.Option(help="The matching spec, YAML.")],
    out: Annotated[Path, typer.Option(help="Where the clusters go, Parquet.")],
    pairs: Annotated[Path | None, typer.Option(help="Where the judged pairs go, Parquet.")] = None,
    truth: Annotated[str | None, typer.Option(help="A column with the true person, to measure against.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Group the records of one person."""
    table = pa.concat_tables([_read(path) for path in files], promote_options="permissive")
    resolution = resolve(table, load_spec(spec))
    pq.write_table(resolution.clusters, out)
    if pairs:
        pq.write_table(resolution.pairs, pairs)
    typer.echo(str(resolution.report) if as_json or truth else "done")


def evaluate_command(
    files: Annotated[list[Path], typer.Argument(help="Parquet, CSV or NDJSON files with the same columns.")],
    spec: Annotated[Path, typer.Option(help="The matching spec, YAML.")],
    truth: Annotated[str, typer.Option(help="The column with the true person.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure the engine beside the classical recordlinkage pipeline and the trivial rule."""
    raise ConfigurationError("evaluate is not built yet.")


def _read(path: Path) -> pa.Table:
    readers = {".parquet": pq.read_table, ".csv": pyarrow.csv.read_csv, ".ndjson": pyarrow.json.read_json}
    return readers[path.suffix](path)
