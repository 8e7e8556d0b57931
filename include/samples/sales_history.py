"""Salesforce's history of opportunities: the stages that each went through, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.contracts.exports import salesforce
from include.samples.flaws import numbered, picked
from include.samples.names import Floats, Int
from include.samples.opportunities import LOST, PROBABILITIES, STAGES, WON, Opportunities
from include.samples.world import World, rarely
from include.samples.writing import CsvFile, salesforce_ids, stamps

_LINGER = np.array((1.0, 2.0, 4.0, 3.0))  # how long an opportunity stays in each open stage, against the others
_TOUCHED = 0.2  # of opportunities, those that were changed in between without changing the stage


@dataclass(frozen=True, slots=True)
class StageHistory:
    """Stages that opportunities came to, in order, one position each: whose, which, and when (seconds since 1970)."""

    sale: Int
    stage: Int
    at: Floats


def write_sales_history(world: World, sales: Opportunities) -> StageHistory:
    """Write OpportunityHistory.csv; returns the stages that opportunities came to in truth."""
    rng = world.chance("sales history")
    history = _history(world, sales, rng)
    touched = np.flatnonzero(rng.random(len(sales)) < _TOUCHED)
    sale = np.concatenate([history.sale, touched])
    stage = np.concatenate([history.stage, np.zeros(len(touched), np.int64)])
    at = np.concatenate([history.at, sales.created[touched] + 1.0])  # a second later, still in the first stage
    order = np.lexsort((stage, sale, at))
    with CsvFile(
        world.out / "exports" / salesforce.OPPORTUNITY_HISTORY.path, salesforce.OPPORTUNITY_HISTORY.names
    ) as file:
        file.write({
            "Id": salesforce_ids("008", np.arange(len(order))),
            "IsDeleted": "false",
            "OpportunityId": salesforce_ids("006", sale[order]),
            "StageName": picked(STAGES, stage[order]),
            "Amount": pa.nulls(len(order), pa.string()),
            "CloseDate": stamps(sales.close[sale[order]], "date"),
            "Probability": numbered(PROBABILITIES[stage[order]]),
            "CreatedDate": stamps(at[order]),
        })  # fmt: skip
    return history


def _history(world: World, sales: Opportunities, rng: np.random.Generator) -> StageHistory:
    """Each opportunity begins in the first stage; lost ones go from any open stage, won ones through all of them."""
    count, places = len(sales), np.arange(len(_LINGER))
    closed = sales.stage >= WON
    last = np.where(sales.stage == LOST, rng.integers(0, WON, count), np.minimum(sales.stage, WON - 1))
    end = np.where(closed, sales.close, sales.created + rng.random(count) * (world.today - 3600 - sales.created))
    weight = rng.gamma(2.0, 1.0, (count, len(_LINGER))) * _LINGER
    steps = last + closed  # changes after the first stage
    cumulative = np.cumsum(np.where(places[None, :] < steps[:, None], weight, 0.0), axis=1)
    share = cumulative / np.maximum(cumulative[:, -1:], 1e-9)
    moved = sales.created[:, None] + share * np.maximum(end - sales.created, 0)[:, None]
    twice = rarely(world.rates.source.invalid, count, rng) & (steps >= 2)
    moved[twice, 1] = moved[twice, 0]  # two stages at one instant
    came = np.concatenate([sales.created[:, None].astype(np.float64), moved], axis=1)
    nth = np.arange(len(_LINGER) + 1)[None, :]
    stage = np.where(nth == steps[:, None], sales.stage[:, None], nth)
    kept = nth <= steps[:, None]
    sale = np.broadcast_to(np.arange(count)[:, None], kept.shape)
    return StageHistory(sale[kept], stage[kept], np.floor(came[kept] * 1000) / 1000)
