"""Delighted's survey answers: promoters, passives and detractors, in step with how the product serves them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from include.contracts.exports import delighted
from include.samples.flaws import Mask, choose, join, numbered, picked
from include.samples.geography import COUNTRIES
from include.samples.names import Int
from include.samples.world import DAY, World
from include.samples.writing import CsvFile, stamps

_PRAISE = ("Saves us hours every week.", "My whole team uses it.", "Great support!", "Einfach gut.", "Très pratique.",
           "Отличный продукт", "很好用", 'We call it "the wall".', None, None)  # fmt: skip
_LUKEWARM = ("Good, but exports are slow.", "Does the job.", "Ok", "Needs a better mobile app, honestly.", None, None)
_BLAME = ("Too expensive for what it does.", "Support never answered.", "We're looking at\nalternatives.",
          "Zu kompliziert.", "Crashes, again and again", None)  # fmt: skip
_ABSURD_SCORES = ("11", "7.5", "-1", "ten")
_FEELING = np.array([0.22, 0.05, -0.06, -0.25, -0.12])  # by how somebody uses the product
_ANSWERS = (0.55, 0.30, 0.15)  # how many answers a respondent gave: one, two, three


def write_nps(world: World) -> None:
    """Write responses.csv."""
    roll = world.roster.respondent
    with CsvFile(world.out / "exports" / delighted.RESPONSES.path, delighted.RESPONSES.names) as file:
        for number, rows in roll.chunks():
            seen, rng = world.sight("nps", roll, number, rows)
            count = len(seen.who)
            person = numbered(300_000_000 + np.arange(rows.start, rows.stop))
            answer = np.repeat(np.arange(count), rng.choice((1, 2, 3), size=count, p=_ANSWERS))
            total, at = len(answer), pa.array(answer)
            invalid = rng.random(total) < world.rates.source.invalid * 1.5
            seen.marks.add("invalid", np.bincount(answer[invalid], minlength=count) > 0)
            score, sent, made = _answers(world, seen.who[answer], rng)
            name = choose(rng.random(count) < 0.1, None, join(seen.first, " ", seen.last))
            dial = picked([f"+{c.dial}" for c in COUNTRIES], world.people.country[seen.who])
            mobile = join(dial, world.people.mobile.take(pa.array(seen.who)))
            phone = choose(rng.random(count) < 0.25, mobile, None)
            file.write({
                "Response ID": numbered(700_000_000 + file.rows + np.arange(total)),
                "Person ID": person.take(at),
                "Email": seen.email.take(at),
                "Name": name.take(at),
                "Phone Number": phone.take(at),
                "Survey Type": "nps",
                "Score": choose(invalid, picked(_ABSURD_SCORES, rng.integers(4, size=total)), numbered(score)),
                "Comment": _comments(score, rng),
                "Survey Sent At": join(stamps(sent, "plain"), " UTC"),
                "Created At": join(stamps(made, "plain"), " UTC"),
                "Updated At": join(stamps(made, "plain"), " UTC"),
                "Tags": picked(("", "", "", "follow-up", "pricing"), rng.integers(5, size=total)),
                "Company": seen.organization.take(at),
                "Delighted Source": picked(("Email", "Email", "Web", "Link"), rng.integers(4, size=total)),
                "Delighted Device Type": picked(("desktop", "mobile", "tablet"), rng.integers(3, size=total)),
            })  # fmt: skip
            world.confess("nps.respondent", person, seen)


def _answers(world: World, who: Int, rng: np.random.Generator) -> tuple[Int, Int, Int]:
    """Scores 0 to 10, and when the surveys were sent and answered."""
    companies, company = world.companies, world.people.company[who]
    feeling = companies.health[company] + _FEELING[world.people.kind[who]] - 0.15 * (companies.trend[company] == 2)
    score = np.clip((feeling * 9.5 + 2.4 + rng.normal(0, 2.0, len(who))).round(), 0, 10).astype(np.int64)
    sent = world.today - (1 + rng.random(len(who)) ** 1.4 * 540) * DAY
    made = np.minimum(sent + rng.exponential(1.2, len(who)) * DAY, world.today - 60)
    return score, sent.astype(np.int64), made.astype(np.int64)


def _comments(score: Int, rng: np.random.Generator) -> pa.Array:
    draw = rng.random(len(score))
    written: Mask = rng.random(len(score)) < 0.5
    groups = ((_PRAISE, score >= 9), (_LUKEWARM, (score == 7) | (score == 8)), (_BLAME, score <= 6))
    result = pa.nulls(len(score), pa.string())
    for options, mask in groups:
        result = choose(mask & written, picked(options, (draw * len(options)).astype(np.int64)), result)
    return result
