"""What announced losses: signals that were seen of accounts before their contracts' ends, held against chance.

Each signal is looked for so many days before each decided contract's end, with nothing that was known later. Its risk
ratio has Katz's interval (Biometrics 34, 1978), and it is shown only where Fisher's exact test, corrected by Holm's for
all signals and leads that were tried, finds chance unlikely.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.reports.churn import SIGNALS, WARNINGS
from include.measures import nps, usage
from include.measures.employers import with_account
from include.reports.data import Data
from include.reports.falling import falling

_OBSERVED = """
SELECT contract_id, account_id, NOT is_renewed AS is_lost, lead_days, ends_on - lead_days AS day
FROM {spans} CROSS JOIN (SELECT unnest([{leads}]) AS lead_days)
WHERE ends_on < {as_of} AND ends_on >= {as_of} - {days} AND (is_renewed OR is_past)
"""
# Use of an account is known on a day where its files reach back eight weeks before it.
_SEEN = """
WITH answered AS (
    SELECT contract_id, lead_days, sum(CASE WHEN score >= 9 THEN 1 WHEN score <= 6 THEN -1 ELSE 0 END) AS net
    FROM (
        SELECT o.contract_id, o.lead_days, a.profile_id, arg_max(a.score, (a."at", a.response_id)) AS score
        FROM {observed} o JOIN {answers} a ON a.account_id = o.account_id AND a.day <= o.day
            AND a.day > o.day - {window}
        GROUP BY ALL
    ) GROUP BY ALL
), used AS (
    SELECT o.contract_id, o.lead_days, coalesce(sum(u.actions) FILTER (u.day > o.day - 28), 0) AS recent,
        count(DISTINCT u.profile_id) FILTER (u.day > o.day - 28) AS people
    FROM {observed} o LEFT JOIN {use} u ON u.account_id = o.account_id AND u.day <= o.day AND u.day > o.day - 56
    WHERE o.day - 56 >= (SELECT min(day) - 1 FROM {use}) GROUP BY ALL
), left_us AS (
    SELECT o.contract_id, o.lead_days, count(d.record_id) > 0 AS has_left
    FROM {observed} o JOIN {champion} c ON c.account_id = o.account_id AND c.since <= o.day
    LEFT JOIN {departure} d ON d.profile_id = c.profile_id AND d.account_id = o.account_id
        AND d.on_date <= o.day AND d.on_date > o.day - 180
    WHERE EXISTS (FROM {departure}) GROUP BY ALL
), spoke AS (
    SELECT o.contract_id, o.lead_days, count(*) FILTER (t.on_date > o.day - 90) AS lately
    FROM {observed} o JOIN {talk} t ON t.account_id = o.account_id AND t.on_date <= o.day AND t.on_date > o.day - 270
    GROUP BY ALL
), seats AS (
    SELECT o.contract_id, o.lead_days, sum(a.seats) AS bought
    FROM {observed} o JOIN {asset} a ON a.account_id = o.account_id AND a.installed_on <= o.day
        AND coalesce(a.ends_on >= o.day, true)
    GROUP BY ALL
)
SELECT o.contract_id, o.lead_days, o.is_lost, unnest([
    {{'signal': 'nps_negative', 'seen': n.net < 0}},
    {{'signal': 'no_use', 'seen': u.recent = 0}},
    {{'signal': 'use_falling', 'seen': f.falls}},
    {{'signal': 'few_seats', 'seen': CASE WHEN u.recent IS NOT NULL THEN u.people < 0.25 * nullif(s.bought, 0) END}},
    {{'signal': 'champion_left', 'seen': l.has_left}},
    {{'signal': 'silence', 'seen': t.lately = 0}}
], recursive := true)
FROM {observed} o LEFT JOIN answered n USING (contract_id, lead_days) LEFT JOIN used u USING (contract_id, lead_days)
LEFT JOIN seats s USING (contract_id, lead_days) LEFT JOIN left_us l USING (contract_id, lead_days)
LEFT JOIN spoke t USING (contract_id, lead_days) LEFT JOIN {falling} f USING (contract_id, lead_days)
"""
_CHAMPIONS = """
SELECT coalesce(l.account_id, o.account_id) AS account_id, w.profile_id, min(o.close_date) AS since
FROM {opportunity} o JOIN {roles} r USING (opportunity_id) JOIN {crosswalk} w ON w.record_id = r.record_id
LEFT JOIN {link} l ON l.source_account_id = o.account_id
WHERE o.is_won AND o.close_date <= {as_of} GROUP BY ALL
"""
_TALKS = """
SELECT p.account_id, c.on_date FROM {conversation} c JOIN {crosswalk} w USING (record_id)
JOIN {profile} p ON p.profile_id = w.profile_id WHERE p.account_id IS NOT NULL
"""
_USE = """
SELECT account_id, profile_id, day, sum(actions) AS actions FROM {rows} WHERE account_id IS NOT NULL GROUP BY ALL
"""
_COUNTED = """
SELECT signal, CAST(lead_days AS BIGINT) AS lead_days, count(*) FILTER (seen) AS with_signal,
    count(*) FILTER (seen AND is_lost) AS lost_with, count(*) FILTER (NOT seen) AS without_signal,
    count(*) FILTER (NOT seen AND is_lost) AS lost_without
FROM {seen} GROUP BY ALL ORDER BY ALL
"""
_COVERED = """
SELECT 'decided contracts with use before their end' AS subject,
    count(DISTINCT contract_id) FILTER (signal = 'no_use' AND seen IS NOT NULL) AS judged,
    count(DISTINCT contract_id) AS total
FROM {seen}
UNION ALL SELECT 'signals better than chance', {better}, {tried}
"""
_DAYS = 730  # before the logical date, in which contracts were decided


@dataclass(frozen=True)
class Warnings:
    """The signals that are better than chance, and how many were tried on how much."""

    better: ir.Table
    coverage: ir.Table


def measured(data: Data, spans: ir.Table) -> Warnings:
    """Return the signals that announced losses in this company's past."""
    seen = _seen(data, spans)
    counts = _counted(data, seen)
    tried = [row for row in counts if row["with_signal"] and row["without_signal"]]
    better = list(beyond_chance(tried, 1 - data.settings.churn.certainty))
    rows = ibis.memtable(pa.Table.from_pylist(better, schema=WARNINGS.table.schema))
    return Warnings(rows, data.sql(_COVERED, seen=seen, better=len(better), tried=len(tried)))


def counted(data: Data, spans: ir.Table) -> list[dict[str, Any]]:
    """Return, of each signal and lead, the decided contracts with and without it, and those lost."""
    return _counted(data, _seen(data, spans))


def _counted(data: Data, seen: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data.engine.ibis.to_pyarrow(data.sql(_COUNTED, seen=seen)).to_pylist()
    return found


def _seen(data: Data, spans: ir.Table) -> ir.Table:
    inputs = data.inputs
    observed = data.sql(_OBSERVED, spans=spans, leads=data.settings.churn.leads, days=_DAYS)
    answers = data.sql("SELECT * FROM {rows}", rows=with_account(inputs, nps.answers(inputs)))
    use = data.sql(_USE, rows=usage.recent(inputs, _DAYS + 120))
    champions = data.sql(
        _CHAMPIONS, opportunity=inputs.opportunity, roles=inputs.opportunity_contact_role, crosswalk=inputs.crosswalk,
        link=inputs.account_link,
    )  # fmt: skip
    talks = data.sql(_TALKS, conversation=inputs.conversation, crosswalk=inputs.crosswalk, profile=inputs.profile)
    left = inputs.of_person(inputs.of_account(data.tables["staged/departure"]))
    return data.sql(
        _SEEN, observed=observed, champion=champions, talk=talks, departure=left, answers=answers, use=use,
        falling=falling(data, observed, use), asset=inputs.of_account(inputs.asset),
        window=inputs.thresholds.nps.window_days,
    )  # fmt: skip


def beyond_chance(counts: Sequence[Mapping[str, Any]], most: float) -> Iterator[dict[str, Any]]:
    """Yield those of the counts, with ratio, interval and chance, that Holm's procedure keeps at ``most``.

    Only signals with which losses are likelier; the one seen earliest first.
    """
    tested = sorted(((_chance(row), row) for row in counts), key=lambda pair: pair[0])
    kept, worst = [], 0.0
    for rank, (chance, row) in enumerate(tested):
        worst = max(worst, min(1.0, chance * (len(tested) - rank)))
        if worst >= most:
            break
        kept.append({**row, **_ratio(row), "chance": worst})
    yield from sorted(kept, key=lambda row: (-row["lead_days"], row["chance"], SIGNALS.index(row["signal"])))


def _chance(row: Mapping[str, Any]) -> float:
    """Fisher's exact test, one-sided: as many losses or more with the signal."""
    table = [[row["lost_with"], row["with_signal"] - row["lost_with"]],
             [row["lost_without"], row["without_signal"] - row["lost_without"]]]  # fmt: skip
    from scipy.stats import fisher_exact  # noqa: PLC0415 - as long to import as all else of the reports

    return float(fisher_exact(table, alternative="greater").pvalue)


def _ratio(row: Mapping[str, Any]) -> dict[str, float | None]:
    """The risk ratio and Katz's interval; unknown where nobody was lost without the signal."""
    a, n, b, m = row["lost_with"], row["with_signal"], row["lost_without"], row["without_signal"]
    if not a or not b:
        return {"risk_ratio": None, "ratio_low": None, "ratio_high": None}
    ratio, width = (a / n) / (b / m), NormalDist().inv_cdf(0.975) * math.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    return {"risk_ratio": ratio, "ratio_low": ratio * math.exp(-width), "ratio_high": ratio * math.exp(width)}
