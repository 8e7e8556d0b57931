"""The commands ``resolve`` and ``evaluate``: files and a spec in, clusters and a summary out."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from include.cli.console import spinner
from include.contracts.errors import ConfigurationError, KindredError
from include.contracts.settings import PARTITION
from include.matching.engine import resolve
from include.matching.evaluate.scores import Labels, Scores, measure, truth_labels
from include.matching.evaluate.table_files import read_tables
from include.matching.resolution import Resolution
from include.matching.spec import load_spec
from include.matching.weights.model import Model


class Engine(StrEnum):
    """Where the work is done."""

    MEMORY = "memory"
    SPARK = "spark"


Files = Annotated[list[Path], typer.Argument(help="Parquet, CSV or NDJSON files with the same columns.")]
SpecFile = Annotated[Path, typer.Option("--spec", help="The matching spec, YAML.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def resolve_command(  # noqa: PLR0917  typer's way of declaring a command line
    files: Files,
    spec: SpecFile,
    out: Annotated[Path, typer.Option(help="Where the clusters go, Parquet.")],
    pairs: Annotated[Path | None, typer.Option(help="Where the judged pairs go, Parquet.")] = None,
    truth: Annotated[str | None, typer.Option(help="A column with the true person, to measure against.")] = None,
    model: Annotated[Path | None, typer.Option(help="A saved model to reuse instead of estimating.")] = None,
    save_model: Annotated[Path | None, typer.Option(help="Where the model goes, JSON.")] = None,
    engine: Annotated[
        Engine, typer.Option(help="Where the work is done: on this machine, or on Spark.")
    ] = Engine.MEMORY,
    master: Annotated[str | None, typer.Option(help="Spark's master, such as spark://host:7077.")] = None,
    partition: Annotated[
        int | None, typer.Option(min=PARTITION[0], max=PARTITION[1], help="The most records of a task of Spark's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Group the records of one person, whatever systems they come from."""
    if engine is Engine.SPARK:
        if truth:
            raise ConfigurationError("--truth is measured on this machine: leave it out, or leave out --engine spark.")
        _on_spark(
            files, spec, out=out, pairs=pairs, model=model, save_model=save_model, master=master, partition=partition,
            as_json=as_json,
        )  # fmt: skip
        return
    with spinner() as progress:
        begun = time.perf_counter()
        matching = load_spec(spec)
        progress.stage("reading")
        table = read_tables(files, matching, truth=truth)
        read = round(time.perf_counter() - begun, 3)
        known = Model.from_json(model.read_text(encoding="utf-8")) if model else None
        resolution = resolve(table, matching, model=known, progress=progress)
        _write(resolution.clusters, out)
        if pairs:
            progress.stage("writing pairs")
            _write(resolution.pairs, pairs)
        if save_model:
            save_model.write_text(resolution.model.to_json(), encoding="utf-8")
        scores = _scores(resolution, table, truth) if truth else None
    seconds = {"read": read, **resolution.report["seconds"], "total": round(time.perf_counter() - begun, 3)}
    summary = {**resolution.report, "seconds": seconds, "peak_mb": peak_mb(), **(scores.to_dict() if scores else {})}
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        _show(summary, scores)


def _on_spark(
    files: list[Path], spec: Path, *, out: Path, pairs: Path | None, model: Path | None, save_model: Path | None,
    master: str | None, partition: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Resolve on Spark; clusters and pairs are folders of Parquet files."""
    from include.matching.spark.session import connected  # noqa: PLC0415  Spark may not be installed

    begun = time.perf_counter()
    matching = load_spec(spec)
    known = Model.from_json(model.read_text(encoding="utf-8")) if model else None
    with spinner() as progress:
        progress.stage("asking Spark")
        with connected(master) as session:
            from include.matching.spark import resolution as on_spark  # noqa: PLC0415  as above
            from include.matching.spark.keeping import keeping_for_now  # noqa: PLC0415

            records = on_spark.read_files(session, [_url(file) for file in files])
            with keeping_for_now(session, f"{_url(out)}.draft"):
                found = on_spark.resolve(records, matching, model=known, part=partition, progress=progress)
                found.clusters.write.mode("overwrite").parquet(_url(out))
                if pairs:
                    progress.stage("writing pairs")
                    with found.planned():
                        found.pairs.write.mode("overwrite").parquet(_url(pairs))
    if save_model:
        save_model.write_text(found.model.to_json(), encoding="utf-8")
    seconds = {**found.report["seconds"], "total": round(time.perf_counter() - begun, 3)}
    summary = {**found.report, "seconds": seconds, "peak_mb": peak_mb()}
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        _show(summary, None)


def _url(path: Path) -> str:
    """The path as it was given: one of a store, s3a://bucket/key, has lost a stroke."""
    scheme, colon, rest = str(path).partition(":/")
    return f"{scheme}://{rest}" if colon and scheme.isalnum() and len(scheme) > 1 else str(path)


def evaluate_command(
    files: Files,
    spec: SpecFile,
    truth: Annotated[str, typer.Option(help="The column with the true person.")],
    as_json: AsJson = False,
) -> None:
    """Measure the engine beside the classical recordlinkage pipeline and the trivial rule, on the same table."""
    from include.matching.evaluate.baselines import classical, trivial_rule  # noqa: PLC0415  pandas: only evaluate pays for it

    with spinner() as progress:
        matching = load_spec(spec)
        table = read_tables(files, matching, truth=truth)
        true = truth_labels(table[truth], truth)
        ways: dict[str, Callable[[], Labels]] = {
            "kindred": lambda: labels(resolve(table, matching, progress=progress)),
            "recordlinkage (ECM)": lambda: classical(table, matching),
            "same mailbox or full name": lambda: trivial_rule(table, matching),
        }
        rows = [_tried(name, way, true) for name, way in ways.items()]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    shown = Table("", "F1", "precision", "recall", "B³ F1", "seconds")
    for row in rows:
        numbers = (
            [f"{row[key]:.4f}" for key in ("f1", "precision", "recall", "b3_f1")] if "f1" in row else [row["problem"]]
        )
        shown.add_row(row["engine"], *numbers, *([f"{row['seconds']:.1f}"] if "f1" in row else []))
    Console().print(shown)


def labels(resolution: Resolution) -> Labels:
    """Each record's cluster, in the input's order."""
    return resolution.clusters["cluster"].to_numpy()  # type: ignore[no-any-return]


def peak_mb() -> float:
    """The most memory that this process has held, in megabytes."""
    status = Path("/proc/self/status")  # getrusage would count what a large parent held before this process began
    if status.exists():
        held = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")]
        return round(int(held[0].split()[1]) / 1024, 1)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def _tried(name: str, way: Callable[[], Labels], true: Labels) -> dict[str, Any]:
    begun = time.perf_counter()
    try:
        scores = measure(way(), true)
    except KindredError as problem:
        return {"engine": name, "problem": str(problem)}
    return {"engine": name, "seconds": round(time.perf_counter() - begun, 3), **scores.to_dict()}


def _scores(resolution: Resolution, table: pa.Table, truth: str) -> Scores:
    return measure(labels(resolution), truth_labels(table[truth], truth))


def _write(table: pa.Table, path: Path) -> None:
    try:
        pq.write_table(table, path)
    except OSError as error:
        raise ConfigurationError(f"Cannot write {path.name}: {error.strerror or 'no such folder'}.") from None


def _show(summary: dict[str, Any], scores: Scores | None) -> None:
    console = Console()
    console.print(
        f"{summary['records']:,} records, {summary['clusters']:,} people; {summary['pairs_scored']:,} pairs scored "
        f"in {summary['seconds']['total']:.1f} s, {summary['peak_mb']:,.0f} MB; "
        f"expected F1 {summary['expected_f1']:.3f}"
    )
    for shared in summary["shared_values"][:5]:
        console.print(f"no evidence any more: {shared['column']} {shared['value']} ({shared['records']:,} records)")
    for damaged in summary["damaged_values"]:
        lost = damaged["records"] - damaged["mended"]
        console.print(f"damaged by a spreadsheet: {damaged['column']} ({lost:,} lost, {damaged['mended']:,} mended)")
    if scores:
        shown = Table("", "precision", "recall", "F1")
        shown.add_row("pairs", *(f"{v:.4f}" for v in (scores.precision, scores.recall, scores.f1)))
        shown.add_row("clusters (B³)", *(f"{v:.4f}" for v in (scores.b3_precision, scores.b3_recall, scores.b3_f1)))
        console.print(shown)
        confusion = Table("decisions", "truly one person", "truly two")
        confusion.add_row("linked", f"{scores.true_positive:,}", f"{scores.false_positive:,}")
        confusion.add_row("not linked", f"{scores.false_negative:,}", f"{scores.true_negative:,}")
        console.print(confusion)
