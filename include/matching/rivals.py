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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.clustering import UNLIKELY, WEIGHTS, Logits, Verdicts
from include.matching.kernels.pairs import TELLING
from include.matching.pairs.blocking import packed
from include.matching.pairs.comparison import CHUNK, in_chunks
from include.matching.pairs.tally import Tally
from include.matching.records.columns import Codes, find

FIRM = float(np.log(9.0))  # log odds of a match, from which clusters are firm
WEAKEST = -4.0  # log odds below which it is not asked whether a rival may be the same person
EXACT = 2.0**20  # parts of a log odds, which are summed as whole numbers
PASSES, SETTLED = 50, 1e-4
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Claims:
    """Pairs of firm clusters: who, packed and ascending, and the log odds that both are one person's."""

    pairs: Places
    odds: Floats
    few: Floats  # 1 where two pairs of records say it or fewer, and less the more there are

    @property
    def left(self) -> Places:
        """The cluster of the smaller number."""
        return self.pairs >> 32

    @property
    def right(self) -> Places:
        """The other cluster."""
        return self.pairs & 0xFFFFFFFF

    def find(self, pairs: Places) -> tuple[Places, npt.NDArray[np.bool_]]:
        """Where some pairs are among these, and whether they are."""
        return find(pairs, self.pairs)


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


def find_rivals(left: Codes, right: Codes, logits: Logits, cluster: Codes, prior: float) -> Rivals:
    """The rivals of all pairs of two firm clusters; ``cluster`` is that of each record, ``prior`` the log odds of any
    two records."""
    claims = claims_of(left, right, logits, cluster, prior)
    return rivals_of(claims, cluster, np.bincount(cluster, minlength=len(cluster)), prior)


def rivals_of(claims: Claims, cluster: Codes, size: Places, prior: float) -> Rivals:
    """The rivals of claims; ``size`` is how many records each cluster has."""
    from_, to = np.concatenate([claims.left, claims.right]), np.concatenate([claims.right, claims.left])
    allies = _allies(claims, from_, to, size, prior)
    against, odds = np.zeros(len(from_)), np.exp(np.tile(claims.odds, 2))
    for _ in range(2):  # what a rival itself has against it counts too
        weight = odds * np.exp(-against)  # of the claim of one cluster, on the other
        against = np.log1p(_contested(from_, to, weight, allies, len(size)))
    taken = np.log1p(np.bincount(to, odds * np.exp(-against), len(size)))
    both = against[: len(claims.pairs)] + against[len(claims.pairs) :]
    return Rivals(cluster, claims, both, taken, _given_back(claims.odds, both))


def claims_of(left: Codes, right: Codes, logits: Logits, cluster: Codes, prior: float) -> Claims:
    """The pairs of two clusters, by the mean, best and worst of the pairs of records between them."""
    one, two = cluster[left], cluster[right]
    apart = one != two
    pair = packed(np.minimum(one, two), np.maximum(one, two))[apart]
    order = np.argsort(pair)
    pair, said = pair[order], np.minimum(logits[apart][order].astype(np.float64), -UNLIKELY)
    start = np.flatnonzero(np.diff(pair, prepend=-1))
    if not len(start):
        return Claims(pair, said, said)
    tells = np.abs(said - prior) > TELLING
    number = np.maximum(np.add.reduceat(tells.astype(np.int64), start), 1)
    whole = np.rint((said - prior) * tells * EXACT).astype(np.int64)  # whose sum is the same in any order
    mean = prior + np.add.reduceat(whole, start) / EXACT / number
    best, worst = np.maximum.reduceat(said, start), np.minimum.reduceat(said, start)
    few = np.minimum(1.0, 2.0 / number)
    odd = WEIGHTS[2] * few
    return Claims(pair[start], (WEIGHTS[0] + WEIGHTS[2] - odd) * mean + WEIGHTS[1] * best + odd * worst, few)


@dataclass(frozen=True)
class Allies:
    """Rivals that may themselves be the same person, and so take nothing away: how far, is asked of the three together.

    What a rival says of the two once they are one is the mean of what it says of each, by the records of each. Of two
    clusters that nothing is known of it says the same for all of one size: those are summed once for all of them, and
    ``known`` puts right what was summed for rivals of which something is known.
    """

    strong: Places  # the claims that may have allies or be some
    group: Places  # of each of them: all of its cluster whose others are of one size
    alone: tuple[Places, Places, Floats]  # group, rival and the odds that it holds if a claim of the group does
    own: Floats  # the same of each claim as a rival of itself, which it is not
    known: tuple[Places, Places, Floats, Floats]  # claim (its place among the strong), rival, odds; odds if unknown

    def spared(self, rival: Floats) -> Floats:
        """Of what each claim's rivals have, by how much the odds of each are, what they take nothing of."""
        group, other, together = self.alone
        every = np.bincount(group, _spared(rival[other], together), int(self.group.max(initial=-1)) + 1)
        out = np.zeros(len(rival))
        out[self.strong] = every[self.group] - _spared(rival[self.strong], self.own)
        one, other, known, unknown = self.known
        put_right = _spared(rival[other], known) - _spared(rival[other], unknown)
        out[self.strong] += np.bincount(one, put_right, len(self.strong))
        return out


def _spared(rival: Floats, together: Floats) -> Floats:
    return np.asarray(rival - np.maximum(rival - together, 0.0) / (1.0 + together))


def _allies(claims: Claims, from_: Places, to: Places, size: Places, prior: float) -> Allies:
    """The allies among claims, each claim seen from either of its clusters."""
    odds = np.tile(claims.odds, 2)
    strong = np.flatnonzero(odds > WEAKEST)
    strong = strong[np.lexsort((to[strong], size[to[strong]], from_[strong]))]
    mine, its = from_[strong], size[to[strong]]
    group = np.cumsum(np.diff(mine, prepend=-1).astype(bool) | np.diff(its, prepend=-1).astype(bool)) - 1

    def holds(claim: Places, beside: Places, between: Floats | float) -> Floats:
        """The odds that a claim holds if another does of a cluster of so many records."""
        own = size[from_[claim]]
        return np.asarray(np.exp(np.minimum((own * odds[claim] + beside * between) / (own + beside), odds[claim])))

    first = np.flatnonzero(np.diff(group, prepend=-1))
    of, rival = _expanded(mine[first], mine)
    rival = strong[rival]
    alone = of, rival, holds(rival, its[first][of], prior)
    one, other, between = _triangles(claims, mine, to[strong])
    beside, rival = its[one], strong[other]
    known = one, rival, holds(rival, beside, between), holds(rival, beside, prior)
    return Allies(strong, group, alone, holds(strong, its, prior), known)


def _triangles(claims: Claims, from_: Places, to: Places) -> tuple[Places, Places, Floats]:
    """Claims ``from_`` one cluster (ascending) whose others have a claim on each other: the places of each two, both
    ways, and the log odds between the others."""
    ends, back = from_ << 32 | to, to << 32 | from_
    order, turned = np.argsort(ends), np.argsort(back)
    other_way = np.empty(len(ends), np.int64)
    other_way[order] = turned  # the place of the same claim, seen from its other cluster
    many = np.bincount(from_, minlength=int(max(claims.right.max(initial=0), from_.max(initial=0))) + 1)
    swap = many[claims.left] > many[claims.right]
    few, beside = np.where(swap, claims.right, claims.left), np.where(swap, claims.left, claims.right)
    of, place = _expanded(few, from_)  # each cluster that the one with fewer claims has a strong one on
    at, there = find(to[place] << 32 | beside[of], ends[order])
    one, other, between = other_way[place[there]], order[at[there]], claims.odds[of[there]]
    return np.append(one, other), np.append(other, one), np.append(between, between)


def _expanded(wanted: Places, ascending: Places) -> tuple[Places, Places]:
    """Of each wanted number, all of its places among ascending ones: which wanted one, and the place."""
    many = np.bincount(ascending, minlength=int(wanted.max(initial=-1)) + 1)
    times, begin = many[wanted], (np.cumsum(many) - many)[wanted]
    of = np.repeat(np.arange(len(wanted)), times)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(times) - times - begin, times)


def _contested(from_: Places, to: Places, weight: Floats, allies: Allies, clusters: int) -> Floats:
    """The odds of all other claims on the cluster that each claim is from, less what allies have."""
    half = len(from_) // 2
    rival = np.concatenate([weight[half:], weight[:half]])  # of the same claim, seen from the other cluster
    every = np.bincount(to, weight, clusters)[from_] - rival
    return np.asarray(np.maximum(every - allies.spared(rival), 0.0))


def _given_back(odds: Floats, against: Floats) -> float:
    """The log odds by which all claims rise, so that as many are expected to hold as without any rivals."""
    before, after = Tally.of(odds.astype(np.float32)), Tally.of((odds - against).astype(np.float32))
    back = 0.0
    for _ in range(PASSES if before.likely > 0 else 0):
        short = np.log(before.likely / Tally(after.odds + np.float32(back), after.counts).likely)
        back += float(short)
        if abs(short) < SETTLED:
            break
    return back
