"""Why two records are one person: the waterfall, the links that hold a profile, the way round."""

import math
from itertools import pairwise

from include.answers.chart import waterfall_svg
from include.answers.links import Link, holding_links, shortest_path, weakest
from include.cli.explanation import readable
from include.matching.weights.waterfall import PRIOR, RARITY, waterfall

MODEL = {
    "share": {"same person": 1 / 1025, "strangers": 1024 / 1025},
    "levels": {
        "email": {
            "same person": {"equal": 0.5, "different": 0.5},
            "strangers": {"equal": 0.5 / 4096, "different": 1.0},
        },
        "last_name": {"same person": {"equal": 0.8}, "strangers": {"equal": 0.8 / 256}},
    },
}


def link(a, b, weight=5.0, grade="match", evidence="email=equal"):
    return Link(a, b, weight, 0.97, grade, evidence)


NEVER = Link("a", "c", -math.inf, 0.0, "non-match", "steward: never", "d1")
ALWAYS = Link("a", "c", math.inf, 1.0, "match", "steward: always", "d2")


def test_each_step_is_log2_of_how_much_likelier_its_level_is_for_one_person():
    steps = waterfall(MODEL, {"last_name": "equal", "email": "equal"}, 11.0)
    assert [(step.label, step.level, round(step.weight, 6)) for step in steps] == [
        (PRIOR, "", -10.0),
        ("last_name", "equal", 8.0),
        ("email", "equal", 12.0),
        (RARITY, "", 1.0),
    ]


def test_the_steps_end_at_the_weight_of_the_pair():
    steps = waterfall(MODEL, {"email": "equal"}, 3.5)
    assert all(one.after == next_.before for one, next_ in pairwise(steps))
    assert steps[-1].after == 3.5


def test_a_model_without_levels_still_gives_the_whole_weight():
    assert [step.after for step in waterfall({}, {"email": "equal"}, 6.6)] == [0.0, 6.6]


def test_a_profile_is_held_by_its_strongest_links_and_the_weakest_of_them_breaks_first():
    links = [link("a", "b", 9.0), link("b", "c", 4.0), link("a", "c", 2.0), link("c", "x", 20.0)]
    held = holding_links("abc", links)
    assert [(one.record_a, one.record_b) for one in held] == [("a", "b"), ("b", "c")]
    assert weakest(held) == links[1]
    assert weakest([]) is None


def test_the_shortest_way_goes_through_the_stronger_third():
    links = [link("a", "m", 3.0), link("m", "c", 3.0), link("a", "n", 8.0), link("n", "c", 8.0)]
    assert [one.other("n") for one in shortest_path("a", "c", links)] == ["a", "c"]


def test_there_is_no_way_through_a_decision_that_forbids_it():
    assert shortest_path("a", "c", [NEVER]) == []
    assert holding_links("ac", [NEVER]) == []


def test_a_decision_holds_stronger_than_any_evidence():
    assert holding_links("ac", [link("a", "c", 80.0), ALWAYS]) == [ALWAYS]


def test_evidence_is_spelled_out_and_ids_are_left_alone():
    assert readable("first_name=equal;email=same company") == "first name: equal, email: same company"
    assert readable("usage.user:u_1") == "usage.user:u_1"
    assert readable("email=same_mailbox[2,1];phone=equal") == (
        "email: same mailbox (value 2 of the first record, 1 of the second), phone: equal"
    )


def test_the_chart_shows_every_step_and_the_sum():
    svg = waterfall_svg(waterfall(MODEL, {"email": "equal"}, 3.5), "a – b")
    assert svg.startswith("<svg")
    for label in ("any two records", "email: equal", "match weight", "+12.0", "+3.5"):
        assert label in svg
