"""NPS: the latest valid answer of the unified person, and the net score of an account's people.

Net Promoter System (Reichheld, Bain): 9-10 promoter, 7-8 passive, 0-6 detractor; the score is the share of
promoters less the share of detractors, in percent points. No answer is `unknown`: outside of the denominator.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.measures.employers import with_account
from include.measures.inputs import Inputs


def nps_class(score: ir.IntegerValue) -> ir.StringValue:
    """Return the class of an answer from 0 to 10."""
    return ibis.cases((score >= 9, "promoter"), (score >= 7, "passive"), (score >= 0, "detractor"))


def answers(inputs: Inputs) -> ir.Table:
    """Return profile_id, at, day, score, response_id, company: a row an answer, copies that a merge unites dropped."""
    rows = inputs.of_person(inputs.nps_response)
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: t.day <= inputs.today)
    return rows.group_by("profile_id", "at", "day", "score").aggregate(
        response_id=rows.response_id.max(), company=rows.company.max()
    )


def recent(inputs: Inputs) -> ir.Table:
    """Return the answers of the window, with home (the person's account), account_id (the answer's) and named."""
    rows = answers(inputs)
    rows = rows.filter(inputs.within(rows.day, inputs.thresholds.nps.window_days))
    return with_account(inputs, rows)


def person(rows: ir.Table) -> ir.Table:
    """Return each answering person's measures, on the answers that ``recent`` gives."""
    newest = ibis.window(group_by="profile_id", order_by=[rows.at.desc(), rows.response_id.desc()])
    ranked = rows.mutate(
        rank=ibis.row_number().over(newest),
        previous=rows.score.lead().over(newest),
        nps_answers=rows.count().over(ibis.window(group_by="profile_id")),
    )
    latest = ranked.filter(ranked["rank"] == 0)
    return latest.select(
        "profile_id",
        "nps_answers",
        nps_score=latest.score,
        nps_class=nps_class(latest.score),
        nps_on=latest.day,
        nps_change=latest.score - latest.previous,
        nps_response_id=latest.response_id,
        nps_account_id=latest.account_id,
        nps_of_another_account=(latest.account_id != latest.home).fill_null(
            latest.account_id.isnull() & latest.home.notnull()
        ),
    )


def account(rows: ir.Table) -> ir.Table:
    """Return each account's measures: of each person the latest answer about it, of those that ``recent`` gives."""
    rows = rows.filter(rows.account_id.notnull())
    newest = ibis.window(group_by=["account_id", "profile_id"], order_by=[rows.at.desc(), rows.response_id.desc()])
    ranked = rows.mutate(rank=ibis.row_number().over(newest), nps_class=nps_class(rows.score))
    latest = ranked.filter(ranked["rank"] == 0)
    totals = latest.group_by("account_id").aggregate(
        nps_answered=latest.count(),
        nps_promoters=(latest.nps_class == "promoter").sum(),
        nps_detractors=(latest.nps_class == "detractor").sum(),
        nps_of_former_people=(latest.home != latest.account_id).fill_null(True).sum(),
        newest=ibis.struct({"day": latest.day, "id": latest.response_id}).max(),
    )
    return totals.mutate(
        nps=net_score(totals.nps_promoters, totals.nps_detractors, totals.nps_answered),
        nps_on=totals.newest["day"],
        nps_response_id=totals.newest["id"],
    ).drop("newest")


def basis(rows: ir.Table) -> ir.Table:
    """Return one row: the answers of the window, and those about another or no account of the company's."""
    return rows.aggregate(
        nps=rows.count(),
        nps_of_other_accounts=(rows.named == "other").sum().fill_null(0),
        nps_of_unknown_employers=(rows.named == "unknown").sum().fill_null(0),
    )


def net_score(promoters: ir.IntegerValue, detractors: ir.IntegerValue, answered: ir.IntegerValue) -> ir.FloatingValue:
    """Return the net promoter score, -100 to 100; null where nobody answered."""
    return (promoters - detractors).cast("float64") * 100 / answered.nullif(0)
