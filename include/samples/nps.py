"""Delighted's survey answers: promoters, passives and detractors, in step with how the product serves them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa

from include.contracts.exports import delighted
from include.samples.figures import Answers
from include.samples.flaws import Mask, choose, join, numbered, picked
from include.samples.geography import COUNTRIES
from include.samples.names import Int
from include.samples.sightings import Sightings
from include.samples.world import DAY, World, rarely, spoiled
from include.samples.writing import CsvFile, stamps

_PRAISE = ("Saves us hours every week.", "My whole team uses it.", "Great support!", "Einfach gut.", "Très pratique.",
           "Отличный продукт", "很好用", 'We call it "the wall".', None, None)  # fmt: skip
_LUKEWARM = ("Good, but exports are slow.", "Does the job.", "Ok", "Needs a better mobile app, honestly.", None, None)
_BLAME = ("Too expensive for what it does.", "Support never answered.", "We're looking at\nalternatives.",
          "Zu kompliziert.", "Crashes, again and again", None)  # fmt: skip
_ABSURD_SCORES = ("11", "7.5", "-1", "ten")
_FEELING = np.array([0.22, 0.05, -0.06, -0.25, -0.12])  # by how somebody uses the product
_FIRST_PERSON, _FIRST_RESPONSE = 300_000_000, 700_000_000
_PARTING, _UNHAPPY = 0.7, 0.8  # respondents of a company that left who had said so before, and detractors of them
_ANSWERS = (0.55, 0.30, 0.15)  # how many answers a respondent gave: one, two, three


def write_nps(world: World, lost_on: Int) -> Answers:
    """Write responses.csv and people.csv; returns what was asked and answered in truth.

    ``lost_on`` is the day on which each company's contract was lost, -1 for none; many of its people say so before.
    """
    roll, given = world.roster.respondent, list[Answers]()
    with CsvFile(world.out / "exports" / delighted.RESPONSES.path, delighted.RESPONSES.names) as file:
        for number, rows in roll.chunks():
            seen, rng = world.sight("nps", roll, number, rows)
            person = numbered(_FIRST_PERSON + np.arange(rows.start, rows.stop))
            answer = np.repeat(np.arange(len(seen.who)), rng.choice((1, 2, 3), size=len(seen.who), p=_ANSWERS))
            invalid = rarely(world.rates.source.invalid, len(answer), rng)
            seen.marks.add("invalid", np.bincount(answer[invalid], minlength=len(seen.who)) > 0)
            columns = {"Person ID": person, **_respondents(world, seen, rng)}
            usual = _answers(world, seen.who[answer], rng)
            leaving, parting = _parting(world, seen.who, lost_on, number)
            extra = world.chance("parting rows", number)
            for row, answers, wrong, chance in ((answer, usual, invalid, rng), (leaving, parting, None, extra)):
                given.append(answers)
                file.write({
                    "Response ID": numbered(_FIRST_RESPONSE + file.rows + np.arange(len(row))),
                    "Survey Type": "nps",
                    **{name: values.take(pa.array(row)) for name, values in columns.items()},
                    **_responses(answers, wrong, chance),
                })  # fmt: skip
            world.confess("nps.respondent", person, seen)
    return Answers(*(np.concatenate([getattr(part, column.name) for part in given]) for column in fields(Answers)))


def _respondents(world: World, seen: Sightings, rng: np.random.Generator) -> dict[str, pa.Array]:
    """What Delighted was told of the people it asked."""
    count, people = len(seen.who), world.people
    dial = picked([f"+{country.dial}" for country in COUNTRIES], people.country[seen.who])
    mobile = join(dial, people.mobile.take(pa.array(seen.who)))
    return {
        "Email": seen.email,
        "Name": choose(rng.random(count) < 0.1, None, seen.whole),
        "Phone Number": choose(rng.random(count) < 0.25, mobile, None),
        "Company": seen.organization,
    }


def _responses(given: Answers, invalid: Mask | None, rng: np.random.Generator) -> dict[str, pa.Array]:
    """What they answered; invalid scores are no whole numbers from 0 to 10."""
    count, score = len(given.who), given.score
    answered = join(stamps(given.made, "plain"), " UTC")
    return {
        "Score": numbered(score) if invalid is None else spoiled(invalid, numbered(score), _ABSURD_SCORES, rng),
        "Comment": _comments(score, rng),
        "Survey Sent At": join(stamps(given.sent, "plain"), " UTC"),
        "Created At": answered,
        "Updated At": answered,
        "Tags": picked(("", "", "", "follow-up", "pricing"), rng.integers(5, size=count)),
        "Delighted Source": picked(("Email", "Email", "Web", "Link"), rng.integers(4, size=count)),
        "Delighted Device Type": picked(("desktop", "mobile", "tablet"), rng.integers(3, size=count)),
    }


def _answers(world: World, who: Int, rng: np.random.Generator) -> Answers:
    """Scores 0 to 10, and when the surveys were sent and answered."""
    companies, company = world.companies, world.people.company[who]
    feeling = companies.health[company] + _FEELING[world.people.kind[who]] - 0.15 * (companies.trend[company] == 2)
    score = np.clip((feeling * 9.5 + 2.4 + rng.normal(0, 2.0, len(who))).round(), 0, 10).astype(np.int64)
    sent = world.today - (1 + rng.random(len(who)) ** 1.4 * 540) * DAY
    made = np.minimum(sent + rng.exponential(1.2, len(who)) * DAY, world.today - 60)
    return Answers(who, score, made.astype(np.int64), sent.astype(np.int64))


def _parting(world: World, who: Int, lost_on: Int, number: int) -> tuple[Int, Answers]:
    """Which respondents answered before their company left, mostly as detractors, and what they said."""
    rng, end = world.chance("parting", number), lost_on[world.people.company[who]]
    row = np.flatnonzero((end >= 0) & (rng.random(len(who)) < _PARTING))
    unhappy = rng.random(len(row)) < _UNHAPPY
    score = np.where(unhappy, rng.integers(0, 7, len(row)), rng.integers(7, 10, len(row)))
    made = ((end[row] - rng.integers(65, 120, len(row))) * DAY + rng.integers(0, int(DAY), len(row))).astype(np.int64)
    return row, Answers(who[row], score, made, made - int(DAY))


def _comments(score: Int, rng: np.random.Generator) -> pa.Array:
    draw = rng.random(len(score))
    written: Mask = rng.random(len(score)) < 0.5
    groups = ((_PRAISE, score >= 9), (_LUKEWARM, (score == 7) | (score == 8)), (_BLAME, score <= 6))
    result = pa.nulls(len(score), pa.string())
    for options, mask in groups:
        result = choose(mask & written, picked(options, (draw * len(options)).astype(np.int64)), result)
    return result
