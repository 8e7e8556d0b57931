"""What holds for any input: the kernels' values, the order of rows, nulls, constraints, components."""

from __future__ import annotations

import jellyfish
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from include.matching.clustering import Ruling, Verdicts, cluster
from include.matching.constraints import Decision
from include.matching.engine import resolve
from include.matching.evaluate.scores import measure
from include.matching.kernels.strings import LONGEST, edits, jaro_winkler
from include.matching.pairs.blocking import Candidates, KeyRows, mix
from include.matching.records.columns import canonical, encode, lay_out
from include.matching.records.name_parts import clean_name, fold
from tests.matching_tables import COLUMNS, SPEC, table, town

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=LONGEST)
NEAR = st.text("abcdeł王", max_size=9)


def similarity(a: str, b: str) -> float:
    texts = lay_out(pa.array([a, b], pa.string()))
    taken = np.zeros(2 * LONGEST, np.uint8)
    return float(jaro_winkler(texts.points, *bounds(texts, 0), *bounds(texts, 1), taken))


def bounds(texts, at: int) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    return int(texts.offsets[at]), int(texts.offsets[at + 1])


@settings(deadline=None)
@given(st.one_of(st.tuples(WORDS, WORDS), st.tuples(NEAR, NEAR)))
def test_jaro_winkler_is_jellyfishs_and_rapidfuzzs(pair: tuple[str, str]) -> None:
    a, b = pair
    assert abs(similarity(a, b) - jellyfish.jaro_winkler_similarity(a, b)) < 1e-9 or not (a and b)
    if a and b:
        assert abs(similarity(a, b) - JaroWinkler.similarity(a, b)) < 1e-9


@settings(deadline=None)
@given(st.one_of(st.tuples(WORDS, WORDS), st.tuples(NEAR, NEAR)))
def test_edits_are_damerau_levenshteins_up_to_one(pair: tuple[str, str]) -> None:
    texts = lay_out(pa.array(list(pair), pa.string()))
    assert edits(texts.points, *bounds(texts, 0), *bounds(texts, 1)) == min(DamerauLevenshtein.distance(*pair), 2)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_cleaning_twice_changes_nothing_and_keeps_other_scripts(name: str) -> None:
    once = clean_name(name)
    assert clean_name(once) in (once, "")  # what is left of noise may itself be a placeholder
    assert fold(fold(name)) == fold(name)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text("ab", max_size=2)), max_size=12))
def test_a_dictionary_gives_back_its_column(values: list[str | None]) -> None:
    column = encode(pa.chunked_array([pa.array(values, pa.string())]), "c")
    decoded = [None if code < 0 else column.values[int(code)].as_py() for code in column.codes]
    assert decoded == values
    (codes,), kept = canonical([column.codes], len(column.values))
    seen = list(dict.fromkeys(v for v in values if v is not None))
    assert [column.values[int(k)].as_py() for k in kept] == seen
    assert [None if c < 0 else seen[c] for c in codes] == values


@settings(deadline=None)
@given(st.lists(st.integers(-1, 50), min_size=1, max_size=30))
def test_a_key_is_null_exactly_where_a_part_is(codes: list[int]) -> None:
    key = mix(np.array(codes, np.int32), np.arange(len(codes), dtype=np.int32))
    assert ((key == 0) == (np.array(codes) < 0)).all()


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_neither_row_order_nor_chunking_changes_the_result(random, chunks: int) -> None:  # type: ignore[no-untyped-def]
    rows = town(60)
    first = resolve(table(rows), SPEC)
    random.shuffle(rows)
    parts = [table(rows[i::chunks]) for i in range(chunks)]
    second = resolve(pa.concat_tables(parts), SPEC)
    assert second.model.to_json() == first.model.to_json()
    assert second.pairs.equals(first.pairs)
    assert as_dict(first) == as_dict(second)


def as_dict(resolution) -> dict[str, tuple[int, float]]:  # type: ignore[no-untyped-def]
    return {row["record_id"]: (row["cluster"], row["confidence"]) for row in resolution.clusters.to_pylist()}


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), min_size=1, max_size=6))
def test_never_is_never_broken(pairs: list[tuple[int, int]]) -> None:
    rows = [dict(town(3)[0], record_id=f"r{i:02d}") for i in range(30)]
    apart = [Decision("never", f"r{a:02d}", f"r{b:02d}") for a, b in pairs if a != b]
    found = as_dict(resolve(table([*town(40), *rows]), SPEC, decisions=apart))
    assert all(found[str(d.record_a)][0] != found[str(d.record_b)][0] for d in apart)


def likely(pairs: int) -> Verdicts:
    """So many pairs that are one person's, with nothing that keeps them apart."""
    return Verdicts(np.full(pairs, 9, np.float32), *np.zeros((3, pairs), bool))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25))
def test_clusters_are_the_connected_components_where_nothing_speaks_against(edges: list[tuple[int, int]]) -> None:
    pairs = sorted({(min(e), max(e)) for e in edges if e[0] != e[1]})
    left, right = (np.array([p[side] for p in pairs], np.int32) for side in (0, 1))
    listed = Candidates(left, right, np.array([len(pairs)]), ("edges",), KeyRows.of([np.zeros(20, np.uint32)], 20), [])
    none = np.zeros(0, np.int32)
    found = cluster(
        listed, likely(len(pairs)), lambda a, _: likely(len(a)),
        Ruling(none, none, np.zeros(0, bool)), prior=-5.0, threshold=0.0, limit=20, source=none,
        named=np.zeros(20, bool),
    )  # fmt: skip
    import networkx as nx  # noqa: PLC0415 - a second that one test needs, and every worker would spend

    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(20))
    expected = {frozenset(c) for c in nx.connected_components(graph)}
    assert {frozenset(np.flatnonzero(found.cluster == c).tolist()) for c in set(found.cluster)} == expected


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({c: st.one_of(st.none(), st.text(max_size=12)) for c in COLUMNS[2:]}), max_size=6)
)
def test_any_text_is_taken(rows: list[dict[str, str | None]]) -> None:
    numbered = [{**row, "record_id": str(i), "source": "x"} for i, row in enumerate(rows)]
    resolution = resolve(table(numbered), SPEC)
    assert resolution.clusters.num_rows == len(rows)
    assert np.isfinite(resolution.pairs["match_weight"].to_numpy()).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20))
def test_measures_count_pairs(labelled: list[tuple[int, int]]) -> None:
    said, true = (np.array([row[side] for row in labelled], np.int64) for side in (0, 1))
    scores = measure(said, true)
    n = len(labelled)
    both = sum(said[i] == said[j] and true[i] == true[j] for i in range(n) for j in range(i))
    assert scores.true_positive == both
    assert (
        scores.true_positive + scores.false_positive + scores.false_negative + scores.true_negative == n * (n - 1) // 2
    )
    assert 0 <= scores.b3_f1 <= 1
