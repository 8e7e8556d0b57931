"""``python -m include.samples OUT``: write a sample company's exports."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from include.contracts.errors import KindredError
from include.samples import generate


def main(
    out: Annotated[Path, typer.Argument(help="The folder to write exports/ and truth/ into.")],
    people: Annotated[int, typer.Option(help="How many people, from 1,000 to 1,000,000.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day the exports are taken.")] = datetime(
        2026, 10, 31
    ),
) -> None:
    """Write a sample company's exports in the vendors' formats, and the truth behind them."""
    try:
        made = generate(out, people=people, seed=seed, as_of=date(as_of.year, as_of.month, as_of.day))
    except KindredError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from error
    typer.echo(
        f"{made.people:,} people of {made.companies:,} companies: {made.records:,} records, "
        f"{made.bytes / 1e6:,.0f} MB in {out}"
    )


if __name__ == "__main__":
    typer.run(main)
