"""Twenty weekly runs on a company that changes, and how many unaffected people keep their profile id.

    python -m benchmarks.crosswalk_weeks SAMPLE [--weeks 20] [--seed 7] [--split-confidence 1] [--home FOLDER]

SAMPLE is a folder that `python -m include.samples` wrote; its truth says whose record is whose, and is read here only.
Each week some people and records arrive, some change their employer, address, number or the spelling of their name,
some sources merge two records of a person into one, and some people leave. A person is unaffected in a week when no
record of theirs arrived, changed or left in it. Two counts: people whose id (that of most of their records) is the
same, and, stricter, people of whom not one record changed its profile. At the end, how well the profiles agree with the
truth: precision and recall of pairs of records.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import yaml

from include import pipeline
from include.contracts.identity import CROSSWALK
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import ROOT, Settings
from include.contracts.staged import PERSON_RECORD
from include.identity.step import resolve

START = date(2026, 11, 2)
COUNTED = {"merged": "merged", "split": "split", "kept_parts": "parts kept", "review": "to review"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--weeks", type=int, default=20)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--split-confidence", type=float, help="instead of stewardship.yaml's; 1: no guard on splits")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kindred-weeks-", ignore_cleanup_errors=True) as made:
        config = _config(Path(made) / "config", given.split_confidence)
        settings = Settings(home=given.home or Path(made), data=given.sample / "exports", config=config)
        project = pipeline.open_project(settings)
        with project.serving():
            records = _staged(project)
            truth = pd.read_csv(given.sample / "truth" / "records.csv", usecols=["record_id", "person_id"])
            simulate(project, Company(records.merge(truth, on="record_id"), given.seed), given.weeks)


def _config(place: Path, split_confidence: float | None) -> Path:
    """A copy of the shipped configuration with another limit."""
    shutil.copytree(ROOT / "include" / "config", place)
    path = place / "stewardship.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    if split_confidence is not None:
        content["split_confidence"] = split_confidence
    path.write_text(yaml.safe_dump(content), "utf-8")
    return place


def _staged(project):
    """The staged person records of the sample, staged now unless they are."""
    run = Run("weeks", START)
    present = project.lake.current(PERSON_RECORD.name)
    if present is None:
        for source in pipeline.sources(project.settings.config):
            pipeline.extract(project, run, source, pipeline.everything_until(run))
        pipeline.perform(project, run, "stage", {})
        present = project.lake.current(PERSON_RECORD.name)
    with project.engine() as engine:
        return engine.read(PERSON_RECORD, present.ref).to_pyarrow().to_pandas(types_mapper=pd.ArrowDtype)


class Company:
    """The records of a company, of which some are there and some are yet to come."""

    def __init__(self, records: pd.DataFrame, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.records = records.sort_values("record_id", ignore_index=True)
        people = self.records.person_id.unique()
        later = set(self.random.choice(people, len(people) // 8, replace=False))
        self.here = ~self.records.person_id.isin(later) & (self.random.random(len(self.records)) > 0.04)
        self.gone = pd.Series(False, index=self.records.index)

    def week(self) -> set[str]:
        """Let a week pass; returns the people whom it touched."""
        before, text = self.here.copy(), self.records.copy()
        self._arrive()
        self._change()
        self._merge_at_source()
        self._leave()
        columns = ["first_name", "email", "phone", "company", "title", "is_deleted"]
        changed = (text[columns].fillna("") != self.records[columns].fillna("")).any(axis=1)
        return set(self.records.person_id[(before != self.here) | (changed & self.here)])

    def _pick(self, among: pd.Series, share: float) -> pd.Index:
        rows = self.records.index[among]
        return (
            pd.Index(self.random.choice(rows, max(1, int(share * len(self.records))), replace=False))
            if len(rows)
            else rows
        )

    def _arrive(self) -> None:
        waiting = ~self.here & ~self.gone
        people = self.records.person_id[waiting].unique()
        if len(people):
            come = set(self.random.choice(people, max(1, len(people) // 15), replace=False))
            self.here |= waiting & self.records.person_id.isin(come)

    def _change(self) -> None:
        for row in self._pick(self.here, 0.006):  # a new employer
            name = f"newco{self.random.integers(10_000)}"
            email = self.records.at[row, "email"]
            local = f"new{row}" if pd.isna(email) else email.split("@")[0]
            self.records.loc[row, ["email", "company", "title"]] = [f"{local}@{name}.example", name.title(), "Director"]
        for row in self._pick(self.here, 0.003):
            self.records.at[row, "phone"] = f"+1415555{self.random.integers(10_000):04}"
        for row in self._pick(self.here & self.records.first_name.notna(), 0.002):  # a typo
            name = self.records.at[row, "first_name"]
            self.records.at[row, "first_name"] = name[:-1] + "x"

    def _merge_at_source(self) -> None:
        same = self.records[self.here & (self.records.source == "crm")]
        twice = same[same.duplicated("person_id", keep="first")].index
        if len(twice):
            self._go(pd.Index(self.random.choice(twice, max(1, len(twice) // 100), replace=False)))

    def _leave(self) -> None:
        people = self.records.person_id[self.here].unique()
        leavers = set(self.random.choice(people, max(1, len(people) // 500), replace=False))
        self._go(self.records.index[self.records.person_id.isin(leavers)])
        self.records.loc[self._pick(self.here, 0.001), "is_deleted"] = True

    def _go(self, rows: pd.Index) -> None:
        self.here[rows], self.gone[rows] = False, True


def simulate(project, company: Company, weeks: int) -> None:
    columns = ("week", "records", "people", "unaffected", "kept their id", "and every record", *COUNTED.values())
    print(f"| {' | '.join(columns)} |\n|{'---:|' * len(columns)}")
    first = before = _run(project, company, 0)[0]
    ever, totals = set[str](), np.zeros(3, int)
    for week in range(1, weeks + 1):
        touched = company.week()
        now, counts = _run(project, company, week)
        kept = _kept(before, now, touched)
        totals, ever, before = totals + kept, ever | touched, now
        moves = " | ".join(f"{counts.get(kind, 0):,}" for kind in COUNTED)
        cells = " | ".join(f"{n:,}" for n in (week, len(now), now.person_id.nunique(), kept[0]))
        print(f"| {cells} | {_shares(kept)} | {moves} |", flush=True)
    print(f"| all weeks | | | {totals[0]:,} | {_shares(totals)} | | | | |")
    always = _kept(first, before, ever)
    print(f"| first to last, never touched | | | {always[0]:,} | {_shares(always)} | | | | |")
    for name, rows in (("first", first), ("last", before)):
        print("Profiles of the {} run: precision {:.4f}, recall {:.4f}, F1 {:.4f}".format(name, *_agreement(rows)))


def _shares(kept: np.ndarray) -> str:
    return " | ".join(f"{count / kept[0]:.3%}" for count in kept[1:])


def _run(project, company: Company, week: int):
    rows = company.records[company.here].drop(columns="person_id")
    table = pa.Table.from_pandas(rows, preserve_index=False)
    with project.engine() as engine:
        ref: DatasetRef = engine.write(PERSON_RECORD, ibis.memtable(table), version=f"week{week}", point=False)
    report = resolve(project, Run(f"week-{week}", START + timedelta(weeks=week)), {PERSON_RECORD.name: ref})
    crosswalk = next(written for written in report.writes if written.dataset == CROSSWALK.name)
    with project.engine() as engine:
        ids = engine.read(CROSSWALK, crosswalk).select("record_id", "profile_id").to_pyarrow().to_pandas()
    return ids.merge(company.records[["record_id", "person_id"]], on="record_id"), dict(report.counts)


def _kept(before: pd.DataFrame, now: pd.DataFrame, touched: set[str]) -> np.ndarray:
    """How many people were not touched; of them, how many kept their id, and how many that of every record."""
    was, is_ = (rows[~rows.person_id.isin(touched)] for rows in (before, now))
    both = was.merge(is_[["record_id", "profile_id"]], on="record_id", suffixes=("", "_now"))
    every = (both.profile_id == both.profile_id_now).groupby(both.person_id).all()
    same = _main_id(was).eq(_main_id(is_)).reindex(every.index)
    return np.array([len(every), int(same.sum()), int(every.sum())])


def _agreement(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Precision, recall and F1 of pairs of records in one profile, against the truth."""
    joined, truly, rightly = (
        (sizes * (sizes - 1) // 2).sum()
        for sizes in (rows.groupby(by).size() for by in ("profile_id", "person_id", ["profile_id", "person_id"]))
    )
    return rightly / joined, rightly / truly, 2 * rightly / (joined + truly)


def _main_id(rows: pd.DataFrame) -> pd.Series:
    """The profile that holds most of a person's records; of equal ones the first by id."""
    counted = rows.groupby(["person_id", "profile_id"]).size().reset_index(name="records")
    return (
        counted.sort_values(["records", "profile_id"], ascending=[False, True]).groupby("person_id").profile_id.first()
    )


if __name__ == "__main__":
    main()
