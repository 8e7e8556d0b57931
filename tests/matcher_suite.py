"""What any engine has to do, as examples: today's passes it, and so must one on Spark.

    class TestMine(MatcherSuite):
        resolve = staticmethod(mine.resolve)

``resolve(records, spec, *, decisions=(), model=None)`` returns what ``matching.resolution.Resolution`` promises: the
clusters in the input's order, the judged pairs, ``judge`` for any two records, the prior, the model and a report.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from include.contracts.errors import ConfigurationError
from include.matching.constraints import Decision
from include.matching.evaluate.scores import measure
from include.matching.resolution import Resolution
from include.matching.spec import parse_spec
from tests.matching_tables import SPEC, Row, table, town

ANN = {"first_name": "Annabel", "last_name": "Fairweather", "email": "annabel@example.net", "phone": "+14155550199"}


def cluster_of(resolution: Resolution) -> dict[str, int]:
    return dict(zip(*(resolution.clusters[c].to_pylist() for c in ("record_id", "cluster")), strict=True))


def together(resolution: Resolution, *ids: str) -> bool:
    found = cluster_of(resolution)
    return len({found[i] for i in ids}) == 1


class MatcherSuite:
    """Subclassed by each engine's tests; pytest does not collect it by itself."""

    resolve: Callable[..., Resolution]

    def in_town(self, *rows: Row, **options: Any) -> Resolution:
        return self.resolve(table([*town(), *rows]), SPEC, **options)

    def test_every_record_is_in_exactly_one_cluster_and_ids_keep_their_order(self) -> None:
        records = table(town())
        resolution = self.resolve(records, SPEC)
        assert resolution.clusters["record_id"].equals(records["record_id"])
        assert resolution.clusters.schema.field("cluster").type == pa.int64()
        numbers = set(resolution.clusters["cluster"].to_pylist())
        assert numbers == set(range(resolution.report["clusters"]))
        confidence = resolution.clusters["confidence"].to_numpy()
        assert ((confidence > 0) & (confidence <= 1)).all()

    def test_the_town_is_found(self) -> None:
        rows = town()
        said = self.resolve(table(rows), SPEC).clusters["cluster"].to_numpy()
        true = np.array([int(str(r["record_id"])[5:-1]) for r in rows])
        assert measure(said, true).f1 > 0.97

    def test_two_people_on_one_role_mailbox_never_merge_on_that_alone(self) -> None:
        shared = {"email": "info@acme.com", "company": "Acme"}
        assert not together(self.in_town({"record_id": "a", **shared}, {"record_id": "b", **shared}), "a", "b")

    def test_initials_alone_never_suffice(self) -> None:
        rows = [{"record_id": i, "first_name": "A.", "last_name": "Smith"} for i in "ab"]
        assert not together(self.in_town(*rows), "a", "b")

    @pytest.mark.parametrize(
        "other",
        [
            {"first_name": "Fairweather", "last_name": "Annabel"},  # changed places
            {"first_name": "Annabell"},
            {"last_name": "Fairwether"},
            {"first_name": "A."},
            {"last_name": "Fairweather-Jones"},
            {"last_name": "Montague"},  # married
            {"first_name": None},
            {"first_name": None, "last_name": None},
            {"phone": None},
        ],
    )
    def test_one_person_is_recognised_through_a_flaw(self, other: Row) -> None:
        assert together(self.in_town({"record_id": "a", **ANN}, {**ANN, "record_id": "b", **other}), "a", "b")

    def test_numbered_addresses_of_one_company_are_two_people(self) -> None:
        one = {
            "record_id": "a",
            "first_name": "Ann",
            "last_name": "Poe",
            "email": "ann.poe@firm3.com",
            "company": "Firm 3",
        }
        assert not together(
            self.in_town({"record_id": "a", **one}, dict(one, record_id="b", email="ann.poe2@firm3.com")), "a", "b"
        )

    def test_nulls_contribute_nothing(self) -> None:
        rows: list[Row] = [
            {"record_id": "a", "first_name": "N/A", "email": "none@none.com"},
            {"record_id": "b", "last_name": ""},
        ]
        resolution = self.in_town(*rows)
        told = resolution.pairs.to_pylist()
        assert not [p for p in told if p["record_a"] in "ab" or p["record_b"] in "ab"]

    def test_evidence_names_the_columns_and_the_weight_is_the_probability(self) -> None:
        pairs = self.in_town({"record_id": "a", **ANN}, {"record_id": "b", **ANN}).pairs
        pair = next(p for p in pairs.to_pylist() if p["record_a"] == "a")
        assert pair["record_b"] == "b" and pair["grade"] == "match"
        assert "email=same_mailbox" in pair["evidence"] and "phone=equal" in pair["evidence"]
        odds = 2.0 ** np.array(pairs["match_weight"].to_pylist())
        assert np.allclose(odds / (1 + odds), pairs["probability"].to_numpy(), atol=1e-9)
        assert all(a < b for a, b in zip(pairs["record_a"].to_pylist(), pairs["record_b"].to_pylist(), strict=True))

    def test_never_holds_through_chains_and_wins_over_always(self) -> None:
        rows = [{"record_id": i, **ANN} for i in "abc"]
        kept = self.in_town(*rows, decisions=[Decision("never", "a", "c")])
        assert not together(kept, "a", "c")
        both = [Decision("always", "a", "b"), Decision("always", "b", "c"), Decision("never", "a", "c")]
        contradicted = self.in_town(*rows, decisions=both)
        assert not together(contradicted, "a", "c")
        assert contradicted.report["ruled_in_conflict"] == 1

    def test_always_joins_what_nothing_else_joins(self) -> None:
        rows = [{"record_id": "a", **ANN}, {"record_id": "b", "first_name": "Quentin", "last_name": "Zander"}]
        assert not together(self.in_town(*rows), "a", "b")
        assert together(self.in_town(*rows, decisions=[Decision("always", "b", "a")]), "a", "b")

    def test_a_bypassed_value_is_no_evidence(self) -> None:
        rows = [{"record_id": i, "email": "desk@acme.com"} for i in "ab"]
        assert together(self.in_town(*rows), "a", "b")
        bypassed = [Decision("bypass", column="email", value="Desk@Acme.com")]
        assert not together(self.in_town(*rows, decisions=bypassed), "a", "b")
        with pytest.raises(ConfigurationError, match="did you mean 'email'"):
            self.in_town(*rows, decisions=[Decision("bypass", column="emial", value="x")])

    def test_link_only_never_compares_records_of_one_source(self) -> None:
        spec = parse_spec({**SPEC.model_dump(), "link_only": True})
        rows = [{"record_id": i, "source": s, **ANN} for i, s in (("a", "crm"), ("b", "crm"), ("c", "nps"))]
        pairs = self.resolve(table([*town(), *rows]), spec).pairs.to_pylist()
        compared = {(p["record_a"], p["record_b"]) for p in pairs}
        assert ("a", "c") in compared and ("b", "c") in compared and ("a", "b") not in compared

    @pytest.mark.parametrize("rows", [0, 1, 2])
    def test_tables_of_no_use_give_a_trivial_result(self, rows: int) -> None:
        resolution = self.resolve(table([{"record_id": str(i)} for i in range(rows)]), SPEC)
        assert sorted(resolution.clusters["cluster"].to_pylist()) == list(range(rows))
        assert resolution.pairs.num_rows == 0

    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            ({"id": pa.array(["a", None]), "name": pa.array(["x", "y"])}, "1 nulls"),
            ({"id": pa.array(["a", "a"]), "name": pa.array(["x", "y"])}, "repeats 1 ids"),
            ({"id": pa.array(["a", "b"]), "nam": pa.array(["x", "y"])}, "did you mean 'nam'"),
            ({"id": pa.array(["a", "b"]), "name": pa.array([["x"], ["y"]])}, "plain values"),
        ],
    )
    def test_a_table_that_cannot_be_matched_is_refused_in_a_sentence(
        self, columns: dict[str, pa.Array], message: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=message):
            self.resolve(pa.table(columns), parse_spec({"id": "id", "columns": {"name": "full_name"}}))

    def test_the_order_of_rows_changes_nothing(self) -> None:
        rows = [*town(), {"record_id": "a", **ANN}, {"record_id": "b", **ANN}]
        forward, backward = (self.resolve(table(given), SPEC) for given in (rows, rows[::-1]))
        assert forward.pairs.equals(backward.pairs)
        assert _parts(forward) == _parts(backward)

    def test_a_saved_model_gives_the_same_result(self) -> None:
        records = table(town())
        first = self.resolve(records, SPEC)
        again = self.resolve(records, SPEC, model=first.model)
        assert again.model.version == first.model.version
        assert again.clusters.equals(first.clusters), "to the last digit of the confidence"
        assert again.pairs.equals(first.pairs)

    def test_any_two_records_can_be_judged_whether_or_not_blocking_proposed_them(self) -> None:
        rows = [{"record_id": "a", **ANN}, {"record_id": "b", "first_name": "Quentin", "last_name": "Zander"}]
        found = self.in_town(*rows)
        judged = found.judge(pa.array(["a", "town-1a"]), pa.array(["b", "town-1b"])).to_pylist()
        likely = {(pair["record_a"], pair["record_b"]): pair["probability"] for pair in judged}
        assert likely["a", "b"] < 0.01 and likely["town-1a", "town-1b"] > 0.5
        assert found.prior < 0

    def test_the_report_says_what_the_pipeline_keeps(self) -> None:
        report = self.in_town().report
        assert {"records", "clusters", "pairs_scored", "threshold", "expected_f1", "model_version"} <= set(report)
        assert report["records"] == 600


def _parts(resolution: Resolution) -> set[frozenset[str]]:
    parts: dict[int, set[str]] = {}
    for record, cluster in cluster_of(resolution).items():
        parts.setdefault(cluster, set()).add(record)
    return set(map(frozenset, parts.values()))
