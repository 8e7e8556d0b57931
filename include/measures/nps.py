"""NPS: the latest valid answer of the unified person, and the net score of an account's people.

Net Promoter System (Reichheld, Bain): 9-10 promoter, 7-8 passive, 0-6 detractor; the score is the share of
promoters less the share of detractors, in percent points. No answer is `unknown`: outside of the denominator.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.measures.inputs import Inputs


def nps_class(score: ir.IntegerValue) -> ir.StringValue:
    """Return the class of an answer from 0 to 10."""
    return ibis.cases((score >= 9, "promoter"), (score >= 7, "passive"), (score >= 0, "detractor"))


def answers(inputs: Inputs) -> ir.Table:
    """Return profile_id, day, score, response_id: one row an answer, copies that a merge unites dropped."""
    rows = inputs.of_person(inputs.nps_response)
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: t.day <= inputs.today)
    return rows.group_by("profile_id", "at", "day", "score").aggregate(response_id=rows.response_id.max())


def person(inputs: Inputs) -> ir.Table:
    """Return each answering person's measures, on the answers of the window."""
    rows = answers(inputs)
    rows = rows.filter(inputs.within(rows.day, inputs.thresholds.nps.window_days))
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
    )


def account(people: ir.Table) -> ir.Table:
    """Return each account's measures over ``people``, which has account_id and the measures of ``person``."""
    rows = people.filter(people.account_id.notnull() & people.nps_score.notnull())
    totals = rows.group_by("account_id").aggregate(
        nps_answered=rows.count(),
        nps_promoters=(rows.nps_class == "promoter").sum(),
        nps_detractors=(rows.nps_class == "detractor").sum(),
        newest=ibis.struct({"day": rows.nps_on, "id": rows.nps_response_id}).max(),
    )
    return totals.mutate(
        nps=net_score(totals.nps_promoters, totals.nps_detractors, totals.nps_answered),
        nps_on=totals.newest["day"],
        nps_response_id=totals.newest["id"],
    ).drop("newest")


def net_score(promoters: ir.IntegerValue, detractors: ir.IntegerValue, answered: ir.IntegerValue) -> ir.FloatingValue:
    """Return the net promoter score, -100 to 100; null where nobody answered."""
    return (promoters - detractors).cast("float64") * 100 / answered.nullif(0)
