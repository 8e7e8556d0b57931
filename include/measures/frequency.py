"""Whether a person gets too much email: the sends of 90 days against what they led to, by the company's own curve.

The curve says, for people who were sent about as many mails, which share of these somebody opened or clicked. A
person's own share is known but roughly, so its Wilson interval (Wilson, JASA 22, 1927) is held against the curve: below
it, more mails have stopped to lead to anything (saturated); above it with no more than the usual number, there is room
for more (undersaturated). Who has unsubscribed is a class of its own, and where there are too few mails to tell, or
none was opened and chance may be why, the data is insufficient.
"""

from __future__ import annotations

from statistics import NormalDist

import ibis
import ibis.expr.types as ir

from include.measures.inputs import Inputs
from include.measures.settings import EngagementThresholds

DAYS = 90
BAND, BANDS = 5, 10  # sends a band of the curve, and bands; the last is open
WEIGHT = 200  # mails at the company's average that each band starts from, so that a small one says little


def mails(inputs: Inputs) -> ir.Table:
    """Return each addressee's mails of 90 days: profile_id, email_sent_90, email_engaged_90, has_left.

    A mail is engaged with where the person, no machine, opened or clicked it; ``has_left`` where one unsubscribed.
    """
    rows = inputs.email_activity
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: inputs.within(t.day, DAYS, inputs.email_through))
    seen = rows.kind.isin(("open", "click")) & (rows.actor == "human")
    counted = rows.group_by("record_id").aggregate(
        sent=(rows.kind == "sent").sum(),
        engaged=rows.mailing.nunique(where=seen),
        has_left=((rows.kind == "unsubscribe") & (rows.actor != "machine")).any(),
    )
    people = inputs.of_person(counted)
    totals = people.group_by("profile_id").aggregate(
        email_sent_90=people.sent.sum(), engaged=people.engaged.sum(), has_left=people.has_left.any()
    )
    return totals.mutate(email_engaged_90=ibis.least(totals.engaged, totals.email_sent_90)).drop("engaged")


def curve(rows: ir.Table) -> ir.Table:
    """Return the company's curve from ``mails``: one row a band of sends, as email_curve has them."""
    got = rows.filter(rows.email_sent_90 > 0)
    banded = got.mutate(band=ibis.least(got.email_sent_90 // BAND, BANDS - 1))
    counted = banded.group_by("band").aggregate(
        people=banded.count(),
        sent=banded.email_sent_90.sum(),
        engaged=banded.email_engaged_90.sum(),
        unsubscribed=banded.has_left.sum(),
    )
    everywhere = ibis.window()
    average = counted.engaged.sum().over(everywhere) / counted.sent.sum().over(everywhere)
    return counted.select(
        "people", "sent", "engaged", "unsubscribed",
        sent_from=ibis.greatest(counted.band * BAND, 1),
        sent_to=ibis.ifelse(counted.band == BANDS - 1, None, counted.band * BAND + BAND - 1),
        engaged_rate=(counted.engaged + WEIGHT * average) / (counted.sent + WEIGHT),
        unsubscribe_rate=counted.unsubscribed / counted.sent,
    )  # fmt: skip


def person(inputs: Inputs, rows: ir.Table, by_sends: ir.Table) -> ir.Table:
    """Return each profile's mails, those to expect by the curve, and email_frequency."""
    limits = inputs.thresholds.engagement
    base = inputs.profile.select("profile_id", "email_consent")
    joined = base.left_join(rows, "profile_id").drop("profile_id_right")
    joined = joined.fill_null({"email_sent_90": 0, "email_engaged_90": 0, "has_left": False})
    bands = by_sends.select(lower=by_sends.sent_from, upper=by_sends.sent_to.fill_null(1_000_000), rate="engaged_rate")
    joined = joined.left_join(
        bands, (joined.email_sent_90 >= bands.lower) & (joined.email_sent_90 <= bands.upper)
    ).mutate(usual=_usual(rows, limits))
    return joined.select(
        "profile_id", "email_sent_90", "email_engaged_90",
        email_expected_90=joined.email_sent_90 * joined.rate,
        email_frequency=_class(joined, limits),
    )  # fmt: skip


def _usual(rows: ir.Table, limits: EngagementThresholds) -> ir.NumericScalar:
    """How many mails the middle addressee was sent, of those who were sent enough to judge."""
    usual: ir.NumericScalar = rows.filter(rows.email_sent_90 >= limits.enough_sends).email_sent_90.median().as_scalar()
    return usual


def _class(rows: ir.Table, limits: EngagementThresholds) -> ir.StringValue:
    low, high = wilson(rows.email_engaged_90, rows.email_sent_90, limits.certainty)
    return ibis.cases(
        (rows.has_left | (rows.email_consent == "opted_out").fill_null(False), "unsubscribed"),
        (rows.email_sent_90 < limits.enough_sends, "insufficient_data"),
        (high < rows.rate, "saturated"),
        (rows.email_engaged_90 == 0, "insufficient_data"),
        ((low > rows.rate) & (rows.email_sent_90 <= rows.usual), "undersaturated"),
        else_="on_target",
    )


def wilson(
    part: ir.IntegerValue, whole: ir.IntegerValue, certainty: float
) -> tuple[ir.FloatingValue, ir.FloatingValue]:
    """Return the lower and the upper bound of a share, each passed with probability 1 - ``certainty``."""
    z2 = NormalDist().inv_cdf(certainty) ** 2
    n = whole.cast("float64").nullif(0)
    share = part / n
    middle, half = share + z2 / (2 * n), (z2 * (share * (1 - share) / n + z2 / (4 * n * n))).sqrt()
    return (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
