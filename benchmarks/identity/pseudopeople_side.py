"""Makes a table of pseudopeople's sample population: ``python pseudopeople_side.py WHICH SEED OUT.parquet``.

Run by ``benchmarks/.venv/pseudo``. WHICH: ``census`` (decennial censuses of 2020 and 2030 and the food programme WIC),
``wages`` (W-2 and 1099 forms of two years and the American Community Survey), or either with ``_noisy``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pandas as pd
import pseudopeople as psp

THRICE = 0.03  # the share of cells that each kind of noise touches, in place of .01


def noisier(dataset: str) -> dict[str, Any]:
    """The default configuration of a dataset with thrice the noise in its cells."""
    columns = psp.get_config()[dataset]["column_noise"]
    return {
        dataset: {
            "column_noise": {
                column: {kind: {"cell_probability": THRICE} for kind, how in kinds.items() if "cell_probability" in how}
                for column, kinds in columns.items()
            }
        }
    }


def sheet(make: Callable[..., pd.DataFrame], dataset: str, year: int, seed: int, noisy: bool) -> pd.DataFrame:
    """One generated dataset as text, with its source."""
    config = noisier(dataset) if noisy else None
    frame = make(seed=seed * 100 + year % 100, year=year, config=config).astype(object)
    return frame.assign(source=f"{dataset}_{year}")


def address(frame: pd.DataFrame, prefix: str) -> pd.Series:
    """Number and name of the street in one column."""
    parts = frame[[f"{prefix}street_number", f"{prefix}street_name"]].fillna("").agg(" ".join, axis=1)
    return parts.str.strip().replace("", None)


def census(seed: int, noisy: bool) -> pd.DataFrame:
    """Censuses and WIC."""
    frames = [sheet(psp.generate_decennial_census, "decennial_census", y, seed, noisy) for y in (2020, 2030)]
    name = "women_infants_and_children"
    frames += [sheet(psp.generate_women_infants_and_children, name, y, seed, noisy) for y in (2025, 2030)]
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(street=address(frame, ""), unit=frame["unit_number"])[
        ["simulant_id", "source", "first_name", "last_name", "date_of_birth", "street", "unit", "zipcode", "city"]
    ]


def wages(seed: int, noisy: bool) -> pd.DataFrame:
    """Wage forms of two years, and the survey."""
    forms = [sheet(psp.generate_taxes_w2_and_1099, "taxes_w2_and_1099", y, seed, noisy) for y in (2020, 2021)]
    form = pd.concat(forms, ignore_index=True)
    form = form.assign(street=address(form, "mailing_address_"), employer=form["employer_name"])
    form = form.assign(zipcode=form["mailing_address_zipcode"])
    survey = sheet(psp.generate_american_community_survey, "american_community_survey", 2021, seed, noisy)
    survey = survey.assign(street=address(survey, ""), ssn=None, employer=None)
    keep = ["simulant_id", "source", "first_name", "last_name", "ssn", "employer", "street", "zipcode"]
    return pd.concat([form[keep], survey[keep]], ignore_index=True)


if __name__ == "__main__":
    which, seed, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    made = {"census": census, "wages": wages}[which.removesuffix("_noisy")](seed, which.endswith("_noisy"))
    made = made.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    text = [c for c in made if c != "simulant_id"]
    made[text] = made[text].astype(object).where(made[text].notna(), None)
    made[text] = made[text].map(lambda value: None if value is None else str(value))
    made.insert(0, "record_id", [f"r{i}" for i in range(len(made))])
    made["person"] = pd.factorize(made.pop("simulant_id"))[0]
    made.to_parquet(out, index=False)
    print(len(made))
