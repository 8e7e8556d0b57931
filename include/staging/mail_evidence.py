"""What the times of opens and clicks tell, their recipients' domains, and their recipients' habits."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.staging.settings import Machines

FOLLOWING = ("click", "unsubscribe", "resubscribe")  # what a scanner does to links


def evidence(activities: ir.Table, domains: ir.Table, rules: Machines) -> ir.Table:
    """Return for each open, click and unsubscribe of a mailing: activity_id, and

    _after (seconds from the sending), _at_once, _burst, _beside_scan, _is_scanned_domain, _opens_all, _is_choosy.
    """
    done = activities.filter(activities.kind.isin(["open", *FOLLOWING]) & activities.mailing.notnull())
    done = done.select("activity_id", "record_id", "mailing", "kind", second=done.at.epoch_seconds())
    sent = _sent(activities)
    timed = done.left_join(sent, ["record_id", "mailing"]).drop("record_id_right", "mailing_right")
    timed = timed.mutate(_after=timed.second - timed.sent_second)
    timed = timed.mutate(_at_once=timed._after.between(0, rules.at_once.seconds))
    links = _bursts(timed, rules)
    scans = _scans(links)
    rows = timed.left_join(links.select("activity_id", "_burst"), "activity_id").drop("activity_id_right")
    rows = rows.left_join(scans, ["record_id", "mailing"]).drop("record_id_right", "mailing_right")
    for habits in (_scanned_domains(sent, scans, domains, rules), _habits(sent, timed, rules)):
        rows = rows.left_join(habits, "record_id").drop("record_id_right")
    near = rules.burst.seconds
    return rows.select(
        "activity_id", "_after", "_at_once", "_burst",
        _beside_scan=rows.second.between(rows._scan_from - near, rows._scan_to + near),
        _is_scanned_domain=rows._is_scanned_domain.fill_null(False),
        _opens_all=rows._opens_all, _is_choosy=rows._is_choosy,
    )  # fmt: skip


def human_clicks(judged: ir.Table) -> ir.Table:
    """Return the last click of a person on each mail: record_id, mailing, _clicked (seconds)."""
    clicks = judged.filter((judged.kind == "click") & ~judged.is_machine & judged._is_timed_link)
    return clicks.group_by("record_id", "mailing").agg(_clicked=clicks.at.epoch_seconds().max())


def _sent(activities: ir.Table) -> ir.Table:
    sent = activities.filter((activities.kind == "sent") & activities.mailing.notnull())
    return sent.group_by("record_id", "mailing").agg(sent_second=sent.at.min().epoch_seconds())


def _bursts(timed: ir.Table, rules: Machines) -> ir.Table:
    """The clicks and unsubscribes, with whether so many of one mail stand within so few seconds."""
    links = timed.filter(timed.kind.isin(FOLLOWING))
    span = rules.burst.seconds
    near = ibis.range_window(
        group_by=[links.record_id, links.mailing], order_by=links.second, preceding=span, following=span
    )
    return links.mutate(_burst=links.activity_id.count().over(near) >= rules.burst.links)


def _scans(links: ir.Table) -> ir.Table:
    """The mails whose links a scanner followed: record_id, mailing, _scan_from, _scan_to."""
    found = links.filter(links._at_once.fill_null(False) | links._burst)
    return found.group_by("record_id", "mailing").agg(_scan_from=found.second.min(), _scan_to=found.second.max())


def _scanned_domains(sent: ir.Table, scans: ir.Table, domains: ir.Table, rules: Machines) -> ir.Table:
    """The recipients in whose domain most mails are scanned: record_id, _is_scanned_domain."""
    mails = sent.left_join(scans, ["record_id", "mailing"]).select(
        "record_id", is_scanned=lambda t: t._scan_from.notnull()
    )
    of_domain = mails.inner_join(domains, "record_id")
    counted = of_domain.group_by("domain").agg(mails=of_domain.count(), scanned=of_domain.is_scanned.sum())
    limits = rules.scanned_domain
    scanned = counted.filter((counted.mails >= limits.mails) & (counted.scanned >= counted.mails * limits.share))
    return domains.inner_join(scanned, "domain").select("record_id", _is_scanned_domain=True)


def _habits(sent: ir.Table, timed: ir.Table, rules: Machines) -> ir.Table:
    """The recipients of enough mails, and whether nearly all of these were opened, or some left: record_id, both."""
    opens = timed.filter((timed.kind == "open") & timed._after.notnull()).select("record_id", "mailing").distinct()
    mails = sent.group_by("record_id").agg(mails=sent.count())
    opened = opens.group_by("record_id").agg(opened=opens.count())
    rows = mails.left_join(opened, "record_id").drop("record_id_right")
    rows = rows.filter(rows.mails >= rules.habits.mails)
    share = rows.opened.fill_null(0) / rows.mails
    return rows.select("record_id", _opens_all=share >= rules.habits.always, _is_choosy=share <= rules.habits.seldom)
