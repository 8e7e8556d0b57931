"""Which opens, clicks and unsubscribes a machine did: mail-privacy prefetch, security scanners.

Every event stays; the flag says why and how sure. Gmail's image proxy fetches when a person opens, so it counts as
the person.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.staged import EMAIL_ACTIVITY
from include.staging.settings import Machines

FOLLOWING = ("click", "unsubscribe", "resubscribe")  # what a scanner does to links


def with_machines(activities: ir.Table, rules: Machines) -> ir.Table:
    """Set is_machine, machine_reason and machine_confidence; the first rule that holds gives the reason."""
    timed = _timed(activities, rules)
    joined = activities.drop("is_machine", "machine_reason", "machine_confidence").left_join(timed, "activity_id")
    agent, kind = joined.user_agent, joined.kind
    fetched = kind.isin(["open", *FOLLOWING])
    verdicts = (
        ("scanner_agent", fetched & _any_agent(agent, rules.scanner.agents), rules.scanner.confidence),
        ("prefetch_agent", (kind == "open") & _any_agent(agent, rules.prefetch.agents), rules.prefetch.confidence),
        ("at_once_after_delivery", joined._at_once.fill_null(False), rules.at_once.confidence),
        ("burst_of_links", joined._burst.fill_null(False), rules.burst.confidence),
    )
    judged = joined.mutate(
        is_machine=ibis.or_(*(holds.fill_null(False) for _, holds, _ in verdicts)),
        machine_reason=ibis.cases(*((holds, name) for name, holds, _ in verdicts), else_=ibis.null("string")),
        machine_confidence=ibis.cases(*((holds, sure) for _, holds, sure in verdicts), else_=ibis.null("float64")),
    )
    return judged.select(*EMAIL_ACTIVITY.names)


def _any_agent(agent: ir.StringValue, patterns: tuple[str, ...]) -> ir.BooleanValue:
    return ibis.or_(ibis.literal(False), *(agent.re_search(pattern) for pattern in patterns))


def _timed(activities: ir.Table, rules: Machines) -> ir.Table:
    """Clicks and unsubscribes with what their timing says: activity_id, _at_once, _burst."""
    links = activities.filter(activities.kind.isin(list(FOLLOWING)) & activities.mailing.notnull())
    links = links.select("activity_id", "record_id", "mailing", "kind", second=links.at.epoch_seconds())
    sent = activities.filter(activities.kind == "sent")
    sent = sent.group_by("record_id", "mailing").agg(sent_second=sent.at.min().epoch_seconds())
    delivered = links.left_join(sent, ["record_id", "mailing"])
    after = delivered.second - delivered.sent_second
    span = rules.burst.seconds
    near = ibis.range_window(
        group_by=[delivered.record_id, delivered.mailing], order_by=delivered.second, preceding=span, following=span
    )
    return delivered.select(
        "activity_id",
        _at_once=after.between(0, rules.at_once.seconds),
        _burst=delivered.activity_id.count().over(near) >= rules.burst.links,
    )
