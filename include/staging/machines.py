"""Who opened, clicked and unsubscribed: a person, a machine (mail-privacy prefetch, security scanner), or nobody knows.

Every event stays; the flags say who, why and how sure. The user agent tells most, where the export has it. Without it
an event is judged by its time (at once after delivery, every link within seconds, beside such a scan), by the
recipient's domain (where most mails are scanned, whatever comes within minutes is the scanner's), by what follows (who
clicks has opened) and by the habits of the recipient: prefetching opens every mail, a person leaves some alone. What
none of these tells is unknown, never a person's. Gmail's image proxy fetches when a person opens, so it counts as the
person.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.staged import EMAIL_ACTIVITY
from include.staging.mail_evidence import FOLLOWING, evidence, human_clicks
from include.staging.settings import Machines

JUDGED = ("is_machine", "machine_reason", "machine_confidence", "actor")


def with_machines(activities: ir.Table, domains: ir.Table, rules: Machines) -> ir.Table:
    """Set actor, is_machine, machine_reason and machine_confidence; the first rule that holds gives the reason.

    ``domains`` has record_id and domain, of the recipients.
    """
    bare = activities.drop(*JUDGED)
    joined = bare.left_join(evidence(bare, domains, rules), "activity_id").drop("activity_id_right")
    judged = _judged(joined, rules)
    clicks = human_clicks(judged)
    rows = judged.left_join(clicks, ["record_id", "mailing"], rname="_of_{name}")
    followed = (rows._clicked >= rows.at.epoch_seconds()).fill_null(False)
    is_human = (
        rows.kind.isin(("form", "reply"))
        | (rows._is_done & ~rows.is_machine & (rows.user_agent.notnull() | rows._is_timed_link))
        | ((rows.kind == "open") & rows.user_agent.isnull() & (followed | (~rows.is_machine & rows._is_choosy)))
    ).fill_null(False)
    machine = rows.is_machine & ~is_human
    rows = rows.mutate(
        is_machine=machine,
        machine_reason=ibis.ifelse(machine, rows.machine_reason, None),
        machine_confidence=ibis.ifelse(machine, rows.machine_confidence, None),
        actor=ibis.cases((is_human, "human"), (machine, "machine"), (rows._is_done, "unknown")),
    )
    return rows.select(*EMAIL_ACTIVITY.names)


def _judged(rows: ir.Table, rules: Machines) -> ir.Table:
    """Add what speaks for a machine, and whether anybody at all did it."""
    agent, kind = rows.user_agent, rows.kind
    is_done, is_link = kind.isin(("open", *FOLLOWING)), kind.isin(FOLLOWING)
    blind = agent.isnull()  # only such opens are judged by anything but their agent
    is_quick = (rows._after <= rules.scanned_domain.seconds) & rows._is_scanned_domain
    verdicts = (
        ("scanner_agent", is_done & _any_agent(agent, rules.scanner.agents), rules.scanner.confidence),
        ("prefetch_agent", (kind == "open") & _any_agent(agent, rules.prefetch.agents), rules.prefetch.confidence),
        ("at_once_after_delivery", (is_link | blind) & rows._at_once, rules.at_once.confidence),
        ("burst_of_links", is_link & rows._burst, rules.burst.confidence),
        ("beside_a_scan", blind & rows._beside_scan, rules.burst.confidence),
        ("scanned_domain", (is_link | blind) & is_quick, rules.scanned_domain.confidence),
        ("opens_every_mail", (kind == "open") & blind & rows._opens_all, rules.habits.confidence),
    )
    return rows.mutate(
        is_machine=is_done & ibis.or_(*(holds.fill_null(False) for _, holds, _ in verdicts)),
        machine_reason=ibis.cases(*((holds, name) for name, holds, _ in verdicts), else_=ibis.null("string")),
        machine_confidence=ibis.cases(*((holds, sure) for _, holds, sure in verdicts), else_=ibis.null("float64")),
        _is_done=is_done,
        _is_timed_link=is_link & rows._after.notnull(),
    )


def _any_agent(agent: ir.StringValue, patterns: tuple[str, ...]) -> ir.BooleanValue:
    return ibis.or_(ibis.literal(False), *(agent.re_search(pattern) for pattern in patterns))
