"""Accounts at risk: one definition, for the segment, for contracts and for the value at risk."""

from __future__ import annotations

from functools import reduce
from operator import add, or_

import ibis
import ibis.expr.types as ir

from include.contracts.measures import RISKS
from include.measures.inputs import Inputs


def with_risk(inputs: Inputs, accounts: ir.Table) -> ir.Table:
    """Add is_at_risk and risk_reasons to accounts that have all their other measures.

    Of accounts with a live contract; both are null without one, and where no reason holds and none could be judged.
    """
    reasons = _reasons(inputs, accounts)
    holds = {name: reason.fill_null(False) for name, reason in reasons.items()}
    is_judged = reduce(or_, (reason.notnull() for reason in reasons.values()))
    named = reduce(add, (ibis.ifelse(holds[name], f", {name}", "") for name in RISKS))
    has_contract = accounts.contracts_live > 0
    return accounts.mutate(
        is_at_risk=ibis.ifelse(has_contract & is_judged, reduce(or_, holds.values()), None),
        risk_reasons=ibis.ifelse(has_contract, named.substr(2).nullif(""), None),
    )


def _reasons(inputs: Inputs, accounts: ir.Table) -> dict[str, ir.BooleanValue]:
    """Each reason of RISKS: true, false, or null where it cannot be judged."""
    limits = inputs.thresholds.risk
    enough = accounts.nps_answered >= limits.nps_answered
    has_settled = inputs.since(accounts.contract_start_on) >= limits.settling_days
    silent = accounts.usage_tier.isin(("inactive", "none")) & (accounts.usage_active_people == 0)
    # where nobody at all uses the product, there are no exports of it
    is_known = has_settled.fill_null(True) & (accounts.usage_seen_on.count().over(ibis.window()) > 0)
    return {
        "unhappy": ibis.ifelse(enough, accounts.nps < limits.nps_below, None),
        "declining": accounts.usage_is_declining,
        "unused": ibis.ifelse(is_known, accounts.usage_breadth < limits.breadth, None),
        "silent": ibis.ifelse(is_known, silent, None),
    }
