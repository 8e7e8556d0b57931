"""Generating the whole sample."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from include.contracts.errors import ConfigurationError
from include.samples.campaigns import write_campaigns
from include.samples.contracts import lost_days
from include.samples.conversations import write_conversations
from include.samples.crm import write_crm_people
from include.samples.departures import write_departures
from include.samples.fading import make_fading
from include.samples.figures import Happened, write_figures
from include.samples.lead_history import write_lead_history
from include.samples.nps import write_nps
from include.samples.opportunities import write_opportunities
from include.samples.outcome_figures import Outcomes, outcome_figures
from include.samples.prospects import write_mail
from include.samples.sales import write_sales, yearly_value
from include.samples.sales_history import write_sales_history
from include.samples.surveyed import write_surveyed
from include.samples.usage import write_usage
from include.samples.world import make_world
from include.samples.writing import CsvFile

FEWEST, MOST = 1_000, 1_000_000
TRUTH_COLUMNS = ("record_id", "person_id", "flaws")


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was generated: people, records of them over all sources, companies, and bytes written."""

    people: int
    companies: int
    records: int
    bytes: int


def generate(out: Path, *, people: int = 10_000, seed: int = 7, as_of: date = date(2026, 10, 31)) -> SampleSummary:
    """Write a sample company's exports to ``out/exports`` and their truth to ``out/truth``.

    The same arguments give the same bytes. ``as_of`` is the day the exports were taken: all they hold happened
    before it. A run that was cut short leaves no exports, and the next one starts anew. Raises ConfigurationError
    unless people is between 1,000 and 1,000,000 and ``out`` holds neither exports nor a truth.
    """
    if not FEWEST <= people <= MOST:
        raise ConfigurationError(f"people is {people:,}; choose a number from {FEWEST:,} to {MOST:,}.")
    unfinished = out / ".unfinished"
    if (out / "exports").exists() or ((out / "truth").exists() and not unfinished.exists()):
        raise ConfigurationError(f"{out} holds a sample already; choose another folder or remove it.")
    shutil.rmtree(unfinished, ignore_errors=True)
    summary = _write(unfinished, people, seed, as_of)
    shutil.rmtree(out / "truth", ignore_errors=True)
    for finished in ("truth", "exports"):  # the exports last: where they are, all is there
        (unfinished / finished).rename(out / finished)
    unfinished.rmdir()
    return summary


def _write(out: Path, people: int, seed: int, as_of: date) -> SampleSummary:
    with CsvFile(out / "truth" / "records.csv", TRUTH_COLUMNS) as truth:
        world = make_world(out, people=people, seed=seed, as_of=as_of, truth=truth)
        accounts, leads = write_crm_people(world)
        history = write_lead_history(world, leads)
        contracts, (campaign_start, touches) = write_sales(world, accounts), write_campaigns(world)
        sales = write_opportunities(world, accounts, contracts, campaign_start)
        stages = write_sales_history(world, sales.opportunities)
        departures = write_departures(world, accounts, contracts, sales.opportunities, sales.roles)
        write_mail(world)
        fading = make_fading(world, contracts)
        users = write_usage(world, fading)
        answers = write_nps(world, lost_days(world, contracts))
        asked, spoken = write_surveyed(world, answers), write_conversations(world, accounts, answers)
        outcomes = Outcomes(leads, history, sales, stages, answers, asked, spoken, contracts, departures, users, fading)
        value = yearly_value(world, contracts)
        happened = Happened(answers, leads, touches, sales.won, contracts, value)
        write_figures(world, happened, outcome_figures(world, outcomes))
    about = {"as_of": as_of.isoformat(), "seed": seed, "people": people}
    (out / "exports" / "sample.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    written = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return SampleSummary(people, len(world.companies), truth.rows, written)
