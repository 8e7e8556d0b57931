"""What the other records say of a pair: to whom else each of its two may belong.

A pair's levels say how often such a pair is one person's, on average. But a record has one owner: k.elliott@ is hers
where the table has one Kate Elliott, and a fifth of a chance where it has five. So pairs are weighed once more, between
clusters that are firm: every rival claim on either cluster speaks against a pair, as where two lists are matched one to
one (Jaro 1989; Sadinle 2017), and what all pairs between the two clusters say counts as much as what this one says.
What the rivals take away in all is given back to all pairs alike, for how many pairs of the whole table are one
person's was estimated without them. A pair that is a match by itself loses nothing to rivals, and the less to the other
pairs of its clusters the fewer those are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from include.matching.chunked import CHUNK, in_chunks
from include.matching.claims import PASSES, Claims, Expected, Floats, Places, by_size, claims_of
from include.matching.clustering import Logits, Verdicts
from include.matching.pairs.blocking import packed
from include.matching.pairs.tally import Tally
from include.matching.records.columns import Codes

FIRM = float(np.log(9.0))  # log odds of a match, from which clusters are firm
WEAKEST = -4.0  # log odds below which it is not asked whether a rival may be the same person
SETTLED = 1e-4
ROUNDS = 2  # what a rival itself has against it counts too
Allies = tuple[Codes, Codes, Floats]  # two claims of one cluster, and the odds that the one holds if the other does


@dataclass(frozen=True)
class Sides:
    """Claims as each of their two clusters has them, all those of a cluster side by side, ordered by the ``other``."""

    node: Places
    other: Places
    odds: Floats
    counter: Places | None = None  # where the same claim is as the other cluster has it, if that is at hand

    @classmethod
    def of(cls, claims: Claims) -> Sides:
        """Every claim, twice: a cluster has first those in which it is the right one, in order of the left ones."""
        left, right, every = claims.left, claims.right, np.arange(len(claims.pairs))
        top = int(right.max(initial=-1)) + 1
        as_left = every + np.cumsum(np.bincount(right, minlength=top))[left]
        order = np.argsort(right, kind="stable")
        as_right, before = np.empty_like(order), np.cumsum(np.bincount(left, minlength=top))
        as_right[order] = every + before[right[order] - 1]
        node, other, counter = (np.empty(2 * len(every), np.int64) for _ in range(3))
        odds = np.empty(len(node))
        for mine, its, here, there in ((left, right, as_left, as_right), (right, left, as_right, as_left)):
            node[here], other[here], odds[here], counter[here] = mine, its, claims.odds, there
        return cls(node, other, odds, counter)


@dataclass(frozen=True)
class Rivals:
    """What each claim has against it: ``against`` by claim, and ``taken`` by cluster for pairs that are no claim."""

    cluster: Codes
    claims: Claims
    against: Floats
    taken: Floats
    given_back: float

    def weigh(self, left: Codes, right: Codes, logits: Logits) -> Logits:
        """The log odds of pairs by what they and their clusters say, and by what rivals have against it."""
        out = np.empty_like(logits)

        def chunk(start: int) -> None:
            part = slice(start, start + CHUNK)
            one, two = self.cluster[left[part]], self.cluster[right[part]]
            at, there = self.claims.find(packed(np.minimum(one, two), np.maximum(one, two)))
            claim = np.full((3, len(one)), np.nan)
            claim[:, there] = self.claims.odds[at[there]], self.against[at[there]], self.claims.few[at[there]]
            out[part] = weighed(logits[part], one == two, (self.taken[one], self.taken[two]), claim, self.given_back)

        in_chunks(len(out), chunk)
        return out

    def among(self, left: Codes, right: Codes, said: Verdicts) -> Verdicts:
        """What is said of pairs, once weighed."""
        return said_of(said, self.weigh(left, right, said.logits))


def weighed(
    logits: Logits, same: npt.NDArray[np.bool_], taken: tuple[Floats, Floats], claim: Floats, back: float
) -> Logits:
    """The log odds of pairs, ``same`` of one firm cluster or not, by what is ``taken`` from the clusters of their two
    records, and of those that are a ``claim``: the log odds of it, what there is against it, and by how few pairs it is
    said (rows; NaN where it is none)."""
    odds, against, few = claim
    none, firm = np.isnan(odds), logits > FIRM
    out = np.where(none, logits - taken[0] - taken[1], (logits + odds) / 2 - against) + back
    match = np.where(none, logits, few * logits + (1 - few) * (logits + odds) / 2)
    return np.where(same, logits, np.where(firm, match, out)).astype(np.float32)


def said_of(said: Verdicts, logits: Logits) -> Verdicts:
    """What is said of weighed pairs; of two people, or two first names, rivals say no more than the pair."""
    return said._replace(logits=np.where(said.apart | said.differ, np.minimum(logits, said.logits), logits))


def find_rivals(one: Codes, other: Codes, logits: Logits, cluster: Codes, prior: float) -> Rivals:
    """The rivals of all pairs of records of two firm clusters, ``one`` and the ``other``; ``cluster`` is that of each
    record, ``prior`` the log odds of any two records."""
    claims = claims_of(one, other, logits, prior)
    return rivals_of(claims, cluster, np.bincount(cluster, minlength=len(cluster)), prior)


def rivals_of(claims: Claims, cluster: Codes, size: Places, prior: float) -> Rivals:
    """The rivals of claims; ``size`` is how many records each cluster has."""
    product = size[claims.left] * size[claims.right]
    expected = Expected.of(claims.odds, product)
    clusters = np.bincount(size)
    clusters[:1] = 0
    there = np.flatnonzero(clusters)
    power = expected.power(there, clusters[there])
    claims = replace(claims, odds=by_size(claims.odds, product, power))
    sides = Sides.of(claims)
    allied = allies(sides, claims, size, prior)
    inbound = np.exp(sides.odds)
    for _ in range(ROUNDS):
        against = contested(sides, inbound, allied)
        inbound = weight(sides.odds, against[sides.counter])
    taken = np.zeros(len(size))
    at, lost = taken_from(sides, inbound)
    taken[at] = lost
    first = sides.node < sides.other
    both = (against + against[sides.counter])[first]
    return Rivals(cluster, claims, both, taken, given_back(expected.all, Tally.of(claims.odds - both)))


def allies(sides: Sides, between: Claims, size: Places, prior: float) -> list[Allies]:
    """Two claims of one cluster, and the odds that the one holds if the other does: of each two, both ways, in pieces.

    ``between`` has the claims that the others have on each other. A rival that may itself be the same person takes
    nothing away. What it says of the two once they are one is the mean of what it says of each, by the records of each.
    """
    strong = np.flatnonzero(sides.odds > WEAKEST)
    many = np.bincount(sides.node[strong], minlength=len(size))
    begin = np.cumsum(many) - many

    def piece(at: int) -> Allies:
        some = strong[at : at + CHUNK]
        times = many[sides.node[some]]
        one = np.repeat(some, times)
        skipped = np.cumsum(times) - times - begin[sides.node[some]]
        other = strong[np.arange(len(one)) - np.repeat(skipped, times)]
        one, other = (each[one != other].astype(np.int32) for each in (one, other))
        return one, other, _together(sides, (one, other), between, size, prior)

    return in_chunks(len(strong), piece)


def _together(sides: Sides, two: tuple[Codes, Codes], between: Claims, size: Places, prior: float) -> Floats:
    """The odds that one claim holds if the other does, of each ``two`` of one cluster."""
    one, other = two
    rival, its = sides.other[one], sides.other[other]
    at, there = between.find(packed(np.minimum(rival, its), np.maximum(rival, its)))
    said = np.where(there, between.odds[at], prior) if len(between.pairs) else np.full(len(one), prior)
    mine, theirs, claim = size[sides.node[one]], size[rival], sides.odds[other]
    return np.exp(np.minimum((mine * claim + theirs * said) / (mine + theirs), claim))


def contested(sides: Sides, inbound: Floats, allied: Sequence[Allies]) -> Floats:
    """The log odds against each claim of whole clusters: of all other claims on the cluster, less what allies have.

    ``inbound`` is what each claim weighs as the other cluster makes it.
    """
    against = np.bincount(sides.node, inbound)[sides.node] - inbound
    for one, other, together in allied:
        rival = inbound[other]
        spared = rival - np.maximum(rival - together, 0.0) / (1.0 + together)
        first = one[0] if len(one) else 0  # the claims of a piece are ascending, and in no other piece
        lost = np.bincount(one - first, spared)
        against[first : first + len(lost)] -= lost
    return np.log1p(np.maximum(against, 0.0))


def weight(odds: Floats, against: Floats) -> Floats:
    """What claims weigh, given what there is against them."""
    return np.asarray(np.exp(odds) * np.exp(-against))


def taken_from(sides: Sides, inbound: Floats) -> tuple[Places, Floats]:
    """The clusters that have claims, and what all claims take from a pair of each that is none."""
    at = np.flatnonzero(np.bincount(sides.node))
    return at, np.log1p(np.bincount(sides.node, inbound)[at])


def given_back(expected: float, after: Tally) -> float:
    """The log odds by which all claims rise, so that as many are expected to hold as without any rivals."""
    back = 0.0
    for _ in range(PASSES if expected > 0 else 0):
        short = np.log(expected / Tally(after.odds + np.float32(back), after.counts).likely)
        back += float(short)
        if abs(short) < SETTLED:
            break
    return back
