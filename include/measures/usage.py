"""Usage: core actions of the unified person and of the account, and the tiers made of them.

A tier takes breadth (seats used of seats bought), depth (features) and frequency (active days of 28); whoever has
done no core action for 30 days is inactive. A login or a page view is no core action.

Whose use it is: a person's is the person's wherever it happens. An account's is what happens in its workspaces, whoever
does it, as that is what its seats were bought for; what happens in no workspace that is known (no `group` call
describes it) is of the person's account. So an account may have active people and no use: they work elsewhere.
"""

from __future__ import annotations

from itertools import pairwise

import ibis
import ibis.expr.types as ir

from include.measures import decline
from include.measures.inputs import Inputs
from include.measures.settings import AccountTier, Tier

REACHED = ("workspace", "person", "nowhere")
"""How an action came to its account."""


def recent(inputs: Inputs, days: int = 90) -> ir.Table:
    """Return core actions of the last ``days`` days, by day and feature, with whose they are.

    profile_id (null: nobody known), home (the person's account), account_id (whose use it is), reached (how it was
    found, one of REACHED), day, feature, actions, stitched (of these, those without a login).
    """
    rows = inputs.usage_event
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: t.is_core & _within(inputs, t.day, days))
    counted = rows.group_by("record_id", "account_id", "day", "feature").aggregate(
        actions=rows.count(), stitched=rows.is_stitched.sum()
    )
    rows = _attributed(inputs, counted)
    return rows.select("profile_id", "home", "account_id", "reached", "day", "feature", "actions", "stitched")


def _within(inputs: Inputs, day: ir.DateValue, days: int) -> ir.BooleanValue:
    return inputs.within(day, days, inputs.usage_through)


def ever(inputs: Inputs) -> ir.Table:
    """Return the last day of use: record_id, profile_id, account_id, core_on (null: never), seen_on."""
    rows = inputs.usage_event
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: t.day <= inputs.today)
    last = rows.group_by("record_id", "account_id").aggregate(
        core_on=rows.day.max(where=rows.is_core), seen_on=rows.day.max()
    )
    return _attributed(inputs, last).select("record_id", "profile_id", "account_id", "core_on", "seen_on")


def _attributed(inputs: Inputs, rows: ir.Table) -> ir.Table:
    """Add the person who acted, the person's account, and the account: the workspace's, else the person's."""
    link = inputs.account_link.select(account_id="source_account_id", place="account_id")
    person = inputs.crosswalk["record_id", "profile_id"]
    home = inputs.profile.select("profile_id", home="account_id")
    joined = rows.left_join(link, "account_id").drop("account_id", "account_id_right")
    joined = joined.left_join(person, "record_id").drop("record_id_right")
    joined = joined.left_join(home, "profile_id").drop("profile_id_right")
    reached = ibis.cases((joined.place.notnull(), "workspace"), (joined.home.notnull(), "person"), else_="nowhere")
    return joined.mutate(account_id=ibis.coalesce(joined.place, joined.home), reached=reached).drop("place")


def person(inputs: Inputs, recent: ir.Table, ever: ir.Table, active: ir.Table) -> ir.Table:
    """Return each user's measures, from the tables that ``recent``, ``ever`` and ``activity`` describe."""
    last = _last(ever, "profile_id")
    joined = last.left_join(_of(active, "profile_id"), "profile_id").drop("profile_id_right")
    for part in (_features(inputs, recent), _last_place(inputs, recent)):
        joined = joined.left_join(part, "profile_id").drop("profile_id_right")
    filled = joined.fill_null(_ZEROS | {"usage_features_28": 0})
    tiers = inputs.thresholds.usage
    return _tiered(
        inputs,
        filled,
        power=_reaches(filled, tiers.power, filled.usage_features_28),
        regular=_reaches(filled, tiers.regular, filled.usage_features_28),
    )


def account(inputs: Inputs, recent: ir.Table, ever: ir.Table, active: ir.Table) -> ir.Table:
    """Return each account's measures, from the tables that ``recent``, ``ever`` and ``activity`` describe."""
    joined = inputs.account.select("account_id")
    parts = (
        _last(ever, "account_id"),
        _of(active, "account_id"),
        _adoption(inputs, recent),
        _people(inputs, recent),
        seats(inputs),
    )
    for part in parts:
        joined = joined.left_join(part, "account_id").drop("account_id_right")
    filled = joined.fill_null(_ZEROS | dict.fromkeys(_ACCOUNT_ZEROS, 0))
    filled = filled.mutate(usage_breadth=filled.usage_seats_used.cast("float64") / filled.usage_seats_bought.nullif(0))
    tiers = inputs.thresholds.usage.account
    return _tiered(
        inputs, filled, power=_account_reaches(filled, tiers.power), regular=_account_reaches(filled, tiers.regular)
    )


_ZEROS = {
    "usage_active_days_7": 0,
    "usage_active_days_28": 0,
    "usage_active_days_90": 0,
    "usage_core_actions_28": 0,
    "usage_stitched_28": 0,
    "usage_falling_weeks": 0,
}


_ACCOUNT_ZEROS = ("usage_seats_used", "usage_features_adopted", "usage_active_people", "usage_people_elsewhere")


def _last(ever: ir.Table, member: str) -> ir.Table:
    """Return each member's last days, and the record that did the last core action, else that was seen last."""
    rows = ever.filter(ever[member].notnull())
    recency = ibis.struct(
        {"core": rows.core_on.fill_null(ibis.date(1, 1, 1)), "seen": rows.seen_on, "id": rows.record_id}
    )
    last = rows.group_by(member).aggregate(
        usage_last_on=rows.core_on.max(),
        usage_seen_on=rows.seen_on.max(),
        newest=recency.max(where=rows.record_id.notnull()),
    )
    return last.mutate(usage_record_id=last.newest["id"]).drop("newest")


def activity(inputs: Inputs, recent: ir.Table) -> ir.Table:
    """Return active days, core actions, falling weeks, trend and decline of people and accounts, planned once for both.

    kind (which id, profile_id or account_id), member (the id), and the measures.
    """
    parts = [
        recent.filter(recent[kind].notnull()).select(
            "day", "actions", "stitched", kind=ibis.literal(kind), member=recent[kind]
        )
        for kind in ("profile_id", "account_id")
    ]
    rows = ibis.union(*parts)
    daily = rows.group_by("kind", "member", "day").aggregate(actions=rows.actions.sum(), stitched=rows.stitched.sum())
    age = inputs.since(daily.day, inputs.usage_through)
    days = {f"usage_active_days_{n}": daily.count(where=age < n) for n in (7, 28, 90)}
    stitched = daily.stitched.sum(where=age.between(0, 27)).fill_null(0)
    weekly = daily.group_by("kind", "member").aggregate(
        **days, **_weeks(inputs, daily, "week"), usage_stitched_28=stitched
    )
    lately, before = weekly.week_0 + weekly.week_1, weekly.week_2 + weekly.week_3
    weekly = weekly.mutate(
        usage_core_actions_28=lately + before,
        usage_falling_weeks=falling_weeks(*(weekly[f"week_{n}"] for n in decline.LATELY)),
        usage_trend=lately.cast("float64") / before.nullif(0) - 1,
    )
    everybody = recent.aggregate(**_weeks(inputs, recent, "everybody"))
    return decline.with_decline(weekly.cross_join(everybody), inputs.thresholds.usage.decline)


def _of(active: ir.Table, kind: str) -> ir.Table:
    return active.filter(active.kind == kind).drop("kind").rename(**{kind: "member"})


def _weeks(inputs: Inputs, rows: ir.Table, name: str) -> dict[str, ir.IntegerValue]:
    """Return the core actions of each of the last weeks, ``<name>_0`` being the latest."""
    age = inputs.since(rows.day, inputs.usage_through)
    return {
        f"{name}_{n}": rows.actions.sum(where=(age >= 7 * n) & (age < 7 * n + 7)).fill_null(0) for n in decline.WEEKS
    }


def falling_weeks(*weeks: ir.IntegerValue) -> ir.IntegerValue:
    """Count the falls from week to week, the latest week coming first, until one did not fall."""
    falls = [later < earlier for later, earlier in pairwise(weeks)]
    count = ibis.literal(0, type="int64")
    for fall in reversed(falls):
        count = ibis.ifelse(fall, count + 1, 0)
    return count


def _features(inputs: Inputs, recent: ir.Table) -> ir.Table:
    """Return the number of features that each person used in 28 days."""
    rows = recent.filter(recent.profile_id.notnull() & recent.feature.notnull() & _within(inputs, recent.day, 28))
    pairs = rows.select("profile_id", "feature").distinct()
    return pairs.group_by("profile_id").aggregate(usage_features_28=pairs.count())


def _last_place(inputs: Inputs, recent: ir.Table) -> ir.Table:
    """Return the account whose workspaces each person acted in last, within 28 days."""
    rows = recent.filter(recent.profile_id.notnull() & recent.account_id.notnull() & _within(inputs, recent.day, 28))
    place = ibis.struct({"day": rows.day, "id": rows.account_id})
    newest = rows.group_by("profile_id").aggregate(newest=place.max())
    return newest.select("profile_id", usage_account_id=newest.newest["id"])


def _people(inputs: Inputs, recent: ir.Table) -> ir.Table:
    """Return how many of each account's people are active, and how many of them in others' workspaces only."""
    rows = recent.filter(recent.home.notnull() & _within(inputs, recent.day, 28))
    people = rows.group_by("home", "profile_id").aggregate(is_here=(rows.account_id == rows.home).any())
    return people.group_by(account_id=people.home).aggregate(
        usage_active_people=people.count(), usage_people_elsewhere=(~people.is_here).sum()
    )


def basis(inputs: Inputs, recent: ir.Table) -> ir.Table:
    """Return one row: the core actions of 28 days, those of nobody known, and how they came to their accounts."""
    rows = recent.filter(_within(inputs, recent.day, 28))

    def total(kept: ir.BooleanValue) -> ir.IntegerValue:
        return rows.actions.sum(where=kept).fill_null(0)

    return rows.aggregate(
        usage=rows.actions.sum().fill_null(0),
        usage_of_nobody=total(rows.profile_id.isnull()),
        usage_stitched=rows.stitched.sum(where=rows.profile_id.notnull()).fill_null(0),
        **{f"usage_by_{name}": total(rows.reached == name) for name in REACHED},
    )


def judged(accounts: ir.Table) -> ir.Table:
    """Return one row: the accounts of account_360 whose use could be tested for a decline, and those in decline."""
    return accounts.aggregate(
        accounts_judged=accounts.usage_change_chance.count(),
        accounts_declining=accounts.usage_is_declining.sum().fill_null(0),
    )


def _adoption(inputs: Inputs, recent: ir.Table) -> ir.Table:
    """Return each account's active people, and the features that more than ``adopted_share`` of them use."""
    rows = recent.filter(recent.account_id.notnull() & recent.profile_id.notnull() & _within(inputs, recent.day, 28))
    pairs = rows.select("account_id", "profile_id", "feature").distinct()
    people = (
        pairs.select("account_id", "profile_id")
        .distinct()
        .group_by("account_id")
        .agg(usage_seats_used=lambda t: t.count())
    )
    users = pairs.filter(pairs.feature.notnull()).group_by("account_id", "feature").agg(users=lambda t: t.count())
    shares = users.inner_join(people, "account_id")
    adopted = shares.filter(shares.users > shares.usage_seats_used * inputs.thresholds.usage.adopted_share)
    counts = adopted.group_by("account_id").agg(usage_features_adopted=lambda t: t.count())
    return people.left_join(counts, "account_id").drop("account_id_right")


def seats(inputs: Inputs) -> ir.Table:
    """Return the seats that each account has bought: of its assets in force, else as the product counts them."""
    assets = inputs.of_account(inputs.asset)
    in_force = assets.filter(
        (assets.installed_on.isnull() | (assets.installed_on <= inputs.today))
        & (assets.ends_on.isnull() | (assets.ends_on >= inputs.today))
        & ~assets.status.fill_null("").lower().isin(inputs.thresholds.usage.out_of_use)
    )
    bought = in_force.group_by("account_id").agg(of_assets=in_force.seats.sum())
    counted = inputs.of_account(inputs.staged_account.filter(~inputs.staged_account.is_deleted)["account_id", "seats"])
    product = counted.group_by("account_id").agg(of_product=counted.seats.max())
    both = bought.outer_join(product, "account_id")
    return both.select(
        account_id=ibis.coalesce(both.account_id, both.account_id_right),
        usage_seats_bought=ibis.coalesce(both.of_assets, both.of_product),
    )


def _reaches(rows: ir.Table, tier: Tier, features: ir.IntegerValue) -> ir.BooleanValue:
    return (rows.usage_active_days_28 >= tier.active_days) & (features >= tier.features)


def _account_reaches(rows: ir.Table, tier: AccountTier) -> ir.BooleanValue:
    """Tell whether an account reaches a tier; breadth is not asked where the seats are unknown."""
    broad = rows.usage_breadth.isnull() | (rows.usage_breadth >= tier.breadth)
    return broad & _reaches(rows, tier, rows.usage_features_adopted)


def _tiered(inputs: Inputs, rows: ir.Table, *, power: ir.BooleanValue, regular: ir.BooleanValue) -> ir.Table:
    """Add the days since the last core action, and the tier; whoever reaches neither of the two is low."""
    days_since = inputs.elapsed(rows.usage_last_on, inputs.usage_through)
    tier = ibis.cases(
        (rows.usage_last_on.isnull(), "none"),
        (days_since >= inputs.thresholds.usage.inactive_after_days, "inactive"),
        (power, "power"),
        (regular, "regular"),
        else_="low",
    )
    return rows.mutate(usage_days_since=days_since, usage_tier=tier)
