"""Where the table's budget of pairs goes, and what is learned from who is known to be one person."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from include.matching.clustering import Clusters, expected_f1, held
from include.matching.engine import resolve
from include.matching.evaluate.scores import measure
from include.matching.pairs import blocking, blocking_budget
from include.matching.pairs.blocking import Candidates, KeyRows, Rule, block, packed
from include.matching.pairs.blocking_budget import extend
from include.matching.pairs.pair_sample import Patterns, Universe
from include.matching.pairs.tally import Tally
from include.matching.spec import parse_spec
from include.matching.weights.estimation import _share_out, _strangers

SIZES = (2, 2, 2, 2, 8)  # of each rule's blocks; the largest is dropped at first


def keys(first: int, records: int) -> np.ndarray:
    out = np.zeros(records, np.uint32)
    out[first : first + sum(SIZES)] = np.repeat(np.arange(1, len(SIZES) + 1), SIZES)
    return out


def tally(probability: float, pairs: int) -> Tally:
    return Tally(np.array([np.log(probability / (1 - probability))], np.float32), np.array([pairs]))


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> list[Rule]:
    """Two rules over 32 records, each of which may list four pairs at first."""
    monkeypatch.setattr(blocking, "LEAST", 4)
    monkeypatch.setattr(blocking, "PER_RULE", 0.0)
    monkeypatch.setattr(blocking, "AFFORDED", 4)
    monkeypatch.setattr(blocking_budget, "LEAST_PROMISE", 0.0)
    return [Rule(name, keys(start, 32), str) for name, start in (("poor", 0), ("rich", 16))]


@pytest.mark.parametrize("likely", ["rich", "poor"])
def test_what_is_left_of_the_budget_goes_where_true_pairs_were_found(rules: list[Rule], likely: str) -> None:
    features = SimpleNamespace(size=32, source=np.zeros(0, np.int32))
    listed = block(features, rules, link_only=False, pairs_per_record=7)  # type: ignore[arg-type]
    assert len(listed.left) == 8
    of = np.array(listed.names)[listed.rule_of(np.arange(8))]
    found = [tally(0.9 if name == likely else 1e-6, int((of == name).sum())) for name in listed.names]
    budget = 40 / 32  # pairs a record: enough for one of the two dropped blocks, of 28 pairs
    more = extend(listed, rules, found, features, link_only=False, pairs_per_record=budget)  # type: ignore[arg-type]
    assert more.names == (*listed.names, likely)
    assert len(np.unique(packed(more.left, more.right))) == len(more.left) == 36
    report = next(one for one in more.report if one["rule"] == likely)
    assert (report["dropped"], report["largest_kept"], report["pairs"]) == (0, 8, 32)


def test_pairs_that_are_likely_one_persons_cost_nothing(rules: list[Rule]) -> None:
    features = SimpleNamespace(size=32, source=np.zeros(0, np.int32))
    listed = block(features, rules, link_only=False, pairs_per_record=7)  # type: ignore[arg-type]
    poor, rich = (
        extend(listed, rules, [tally(likely, 4)] * 2, features, link_only=False, pairs_per_record=34 / 32)  # type: ignore[arg-type]
        for likely in (1e-6, 1 - 1e-9)
    )
    assert (len(poor.left), len(rich.left)) == (8, 36)


def test_a_rule_that_is_tightened_still_offers_what_it_dropped_before(rules: list[Rule]) -> None:
    features = SimpleNamespace(size=32, source=np.zeros(0, np.int32))
    listed = block(features, rules, link_only=False, pairs_per_record=6 / 32)  # type: ignore[arg-type]
    assert listed.report[1] | {"worst": []} == {
        "rule": "rich", "blocks": 5, "largest_kept": 0, "dropped": 5, "worst": [], "pairs_dropped": 32, "pairs": 0,
    }  # fmt: skip
    dropped = listed.blocks[1].dropped
    assert dropped is not None
    assert sorted(np.diff(dropped.bounds.reshape(-1, 2)).ravel().tolist()) == sorted(SIZES)


def test_a_rule_that_is_tightened_still_lists_only_pairs_across_what_it_is_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocking, "AFFORDED", 5)
    in_large = keys(0, 32) == np.argmax(SIZES) + 1
    scripts = np.where(in_large, np.arange(32) % 2, 0).astype(np.int32)  # only the largest block has two
    rule = Rule("across", keys(0, 32), str, across=scripts)
    features = SimpleNamespace(size=32, source=np.zeros(0, np.int32))
    listed = block(features, [rule], link_only=False, pairs_per_record=0)  # type: ignore[arg-type]
    assert (listed.report[0]["dropped"], len(listed.left)) == (1, 0)


def test_pairs_that_are_known_to_be_one_persons_count_as_nothing_else() -> None:
    patterns = np.array([[1, 2, 3]], np.uint8)
    universe = Universe(patterns, np.array([10.0, 5.0, 1.0]), 16.0, np.zeros(3))
    listed, added = (Patterns.of(np.array([levels], np.uint8)) for levels in ([1, 1], [4]))
    known = universe.with_joined(listed, added, 1, lambda levels: np.zeros(levels.shape[1], np.float32))
    weight = dict(zip(known.patterns[0].tolist(), known.weight.tolist(), strict=True))
    assert weight == {1: 10.0, 2: 5.0, 3: 1.0, 4: 1.0}
    likely = np.full((7, 4), 1 / 7)
    mass = _share_out(likely, known)
    assert mass.sum() == pytest.approx(17.0)
    at = known.patterns[0].tolist().index(4)
    assert mass[:2, at].sum() == pytest.approx(1.0)


def test_a_pair_that_is_known_is_not_counted_again_where_a_pattern_like_its_own_was_drawn_for_it() -> None:
    universe = Universe(np.array([[1, 2]], np.uint8), np.array([40.0, 40.0]), 80.0, np.zeros(2))
    listed, none = Patterns.of(np.array([[1, 3]], np.uint8)), Patterns.of(np.zeros((1, 0), np.uint8))
    known = universe.with_joined(listed, none, 10, lambda levels: np.where(levels[0] == 2, -9, 5).astype(np.float32))
    weight = dict(zip(known.patterns[0].tolist(), known.weight.tolist(), strict=True))
    # of the first, ten are known and twenty are left
    assert weight == pytest.approx({1: 30.0, 2: 40.0, 3: 10.0})


def test_a_level_that_no_pair_drawn_at_random_has_may_still_be_as_frequent_as_one_that_was_drawn() -> None:
    counts, prior = np.array([0.0, 10.0, 0.0, 1e9]), np.array([0.0, 0.01, 0.001, 0.989])
    fine, coarse = (
        _strangers(counts, prior, 0.0, np.array([1.0, 1.0, grain, grain]))  # the first level's pairs are all known
        for grain in (1.0, 1e4)
    )
    shares = [level / level.sum() for level in (fine, coarse)]
    assert shares[0][2] == pytest.approx(1e-9, rel=0.01)
    assert shares[1][2] == pytest.approx(1e-5, rel=0.01)
    assert shares[0][1] == pytest.approx(shares[1][1], rel=0.02)


def test_what_a_cluster_holds_together_is_expected_to_be_right_whatever_one_of_its_pairs_says_alone() -> None:
    one, two = np.array([0, 0, 1, 3], np.int32), np.array([1, 2, 2, 4], np.int32)
    pairs = Candidates(one, two, np.array([4]), ("name",), KeyRows.of([np.zeros(5, np.uint32)], 5), [])
    none = np.zeros(0, np.int32)
    cluster, weakest = np.array([0, 0, 0, 3, 4], np.int32), np.array([5, 5, 5, 1e30, 1e30], np.float32)
    clusters = Clusters(cluster, weakest, none, none, none.astype(np.float32), 1, 3)
    logits = np.array([9.0, 9.0, -1.0, -9.0], np.float32)
    within, apart = held(pairs, logits, clusters)
    assert expected_f1(within, apart, 0.0) == pytest.approx(1.0, abs=0.005)
    assert expected_f1(within, apart, 3.0) == pytest.approx(2 / 3, abs=0.005)  # as many that nothing can tell


def test_pairs_that_agree_in_nothing_are_expected_to_be_missed() -> None:
    """Two addresses each, of which a record says one: where no number says more, nobody can see whose the other is."""
    random, rows = np.random.default_rng(3), []
    for person in range(600):
        boxes = (f"w{person}x{person * 7919 % 1000}@gmail.com", f"q{person * 31 % 977}z{person}@web.de")
        for k in range(2):
            phone = f"+1415{2_000_000 + person * 7}" if random.random() < 0.6 else None
            rows.append({"record_id": f"{person}-{k}", "email": boxes[random.integers(2)], "phone": phone})
    columns = {"email": "email", "phone": "phone"}
    found = resolve(pa.Table.from_pylist(rows), parse_spec({"id": "record_id", "region": "US", "columns": columns}))
    scores = measure(found.clusters["cluster"].to_numpy(), np.repeat(np.arange(600), 2))
    assert scores.precision == 1.0
    assert scores.f1 < 0.85
    assert abs(found.report["expected_f1"] - scores.f1) < 0.05
