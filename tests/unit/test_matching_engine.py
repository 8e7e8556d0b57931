"""The lessons of identity resolution, as examples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from include.cli.matching import resolve_command
from include.contracts.errors import ConfigurationError, SourceError
from include.matching.constraints import Decision
from include.matching.engine import resolve
from include.matching.evaluate.scores import measure
from include.matching.evaluate.table_files import read_tables
from include.matching.resolution import Resolution
from include.matching.spec import load_spec, parse_spec
from include.matching.weights.model import Model
from tests.matcher_suite import ANN, MatcherSuite, together
from tests.matching_tables import FIRST, SPEC, Row, table, town


class TestEngine(MatcherSuite):
    """Today's engine does what any engine has to do; what follows is its own."""

    resolve = staticmethod(resolve)


def in_town(*rows: Row, **options: object) -> Resolution:
    return resolve(table([*town(), *rows]), SPEC, **options)  # type: ignore[arg-type]


def test_a_value_that_very_many_share_stops_being_evidence_and_is_named() -> None:
    rows = [dict(row, phone="+14155557777") if i % 2 else row for i, row in enumerate(town())]
    resolution = resolve(table(rows), SPEC)
    assert {"column": "phone", "value": "14155557777", "records": 300} in resolution.report["shared_values"]
    assert resolution.report["largest_component"] < 20


def test_a_nickname_needs_the_surname_and_another_signal() -> None:
    bob = {"record_id": "a", "first_name": "Bob", "last_name": "Fairweather", "phone": "415-555-0199"}
    robert = {"record_id": "b", "first_name": "Robert", "last_name": "Fairweather", "phone": "+14155550199"}
    assert together(in_town(bob, robert), "a", "b")
    alone = resolve(
        table([dict(bob, last_name="Smith", phone=None), dict(robert, last_name="Smith", phone=None)]), SPEC
    )
    assert not together(alone, "a", "b")
    assert alone.pairs["grade"].to_pylist() == ["review"]


def test_a_changed_job_does_not_hide_a_rare_name() -> None:
    before = {
        "record_id": "a",
        **ANN,
        "email": "annabel.fairweather@firm1.com",
        "company": "Firm 1",
        "phone": "+14155550111",
    }
    after = {"record_id": "b", **ANN, "email": "a.fairweather@firm9.com", "company": "Firm 9", "phone": "+14155550122"}
    assert together(in_town(before, after), "a", "b")


@pytest.mark.parametrize("name", [("伟", "王"), ("Нина", "Петрова"), ("Łukasz", "Wąs"), ("محمد", "العتيبي")])
def test_names_in_any_script_are_compared(name: tuple[str, str]) -> None:
    rows = [{"record_id": i, "first_name": name[0], "last_name": name[1]} for i in "ab"]
    resolution = in_town(*rows)
    pair = [p for p in resolution.pairs.to_pylist() if (p["record_a"], p["record_b"]) == ("a", "b")]
    assert pair and pair[0]["evidence"].startswith("first_name=equal;last_name=equal")


def test_a_decision_joins_what_its_suffixes_part() -> None:
    rows = [dict(ANN, record_id=i, last_name=f"Fairweather {suffix}") for i, suffix in (("a", "Jr."), ("b", "Sr."))]
    assert not together(in_town(*rows), "a", "b")
    assert together(in_town(*rows, decisions=[Decision("always", "a", "b")]), "a", "b")


def test_a_saved_model_gives_the_same_result_and_knows_its_columns() -> None:
    records = table(town())
    first = resolve(records, SPEC)
    again = resolve(records, SPEC, model=Model.from_json(first.model.to_json()))
    assert again.model.version == first.model.version
    assert again.clusters.equals(first.clusters), "to the last digit of the confidence"
    assert again.pairs.equals(first.pairs)
    assert again.clusters["cluster"].equals(first.clusters["cluster"])
    assert again.report["drift"] < 0.1
    with pytest.raises(ConfigurationError, match="other columns"):
        resolve(records, parse_spec({"id": "record_id", "columns": {"email": "email"}}), model=first.model)
    with pytest.raises(ConfigurationError, match="anew"):
        Model.from_json("{}")


def test_a_huge_block_of_one_value_stops_at_the_budget_with_the_value_named() -> None:
    n = 60_000
    records = pa.table({"id": pa.array(np.arange(n).astype(str)), "name": pa.array(["Ann Lee"] * n)})
    resolution = resolve(records, parse_spec({"id": "id", "columns": {"name": "full_name"}}))
    assert resolution.report["pairs_scored"] <= 8 * n
    worst = resolution.report["blocking"][0]["worst"]
    assert worst[0] == {"value": "ann lee", "records": n}


def test_columns_of_any_type_and_binary_junk_are_taken() -> None:
    records = pa.table(
        {
            "id": pa.array([1, 2, 3, 4]),
            "name": pa.array([b"Ann Lee", b"\xff\xfe\x00", b"Ann Lee", None]),
            "phone": pa.array([4155550199.0, None, 4155550199.0, 1.5]),
            "born": pa.array([0, 1, 0, None], pa.date32()),
        }
    )
    spec = parse_spec({"id": "id", "region": "US", "columns": {"name": "full_name", "phone": "phone", "born": "date"}})
    found = resolve(records, spec).clusters["cluster"].to_pylist()
    assert found[0] == found[2] and len(set(found)) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"id": "id", "colums": {}}, "did you mean 'columns'"),
        ({"id": "id", "columns": {"a": "emial"}}, "did you mean 'email'"),
        ({"id": "id", "columns": {}}, "columns"),
        ({"id": "id", "columns": {"a": "email"}, "link_only": True}, "source"),
        ({"id": "id", "columns": {"a": "email"}, "region": "XX"}, "two-letter"),
        ({"id": "id", "columns": {"mail": "email"}, "blocking": {"add": [["mial"]]}}, "did you mean 'mail'"),
        ({"id": "id", "columns": {"mail": "email"}, "blocking": [["mail"]]}, "put 'add:' before its rules"),
        (
            {"id": "id", "columns": {"a": "code"}, "blocking": {"add": [["a"]], "only": [["a"]]}},
            "both 'add' and 'only'",
        ),
        ([], "mapping"),
    ],
)
def test_a_wrong_spec_names_the_nearest(given: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_spec(given)


def test_the_pipelines_spec_is_valid() -> None:
    assert load_spec("include/config/matching.yaml").id == "record_id"


def rules_of(**blocking: list[list[str]]) -> list[str]:
    spec = parse_spec({**SPEC.model_dump(), "blocking": blocking})
    return [b["rule"] for b in resolve(table(town()), spec).report["blocking"]]


def test_own_blocking_rules_are_added_to_the_derived_ones_or_replace_them_where_that_is_said() -> None:
    derived = rules_of()
    assert rules_of(add=[["last_name", "postcode"]]) == ["last_name + postcode", *derived]
    assert rules_of(only=[["email"], ["last_name", "postcode"]]) == ["email", "last_name + postcode"]


def test_files_of_every_kind_are_read_and_faults_name_the_file(tmp_path: Path) -> None:
    records = table(town(5))
    pq.write_table(records, tmp_path / "a.parquet")
    records.to_pandas().to_csv(tmp_path / "b.csv", index=False)
    records.to_pandas().to_json(tmp_path / "c.ndjson", orient="records", lines=True)
    both = [tmp_path / name for name in ("a.parquet", "b.csv", "c.ndjson")]
    assert read_tables(both, SPEC).num_rows == 30
    (tmp_path / "bad.parquet").write_bytes(b"junk")
    (tmp_path / "short.csv").write_text("record_id\n1\n")
    for name in ("bad.parquet", "short.csv", "none.csv", "odd.xls"):
        with pytest.raises(SourceError, match=name):
            read_tables([tmp_path / name], SPEC)


def test_the_command_writes_clusters_and_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = town(50)
    records = table(rows).append_column("person", pa.array([str(r["record_id"])[:-1] for r in rows]))
    pq.write_table(records, tmp_path / "people.parquet")
    (tmp_path / "spec.yaml").write_text(json.dumps(SPEC.model_dump(mode="json")))
    resolve_command(
        [tmp_path / "people.parquet"], tmp_path / "spec.yaml", tmp_path / "out.parquet",
        pairs=tmp_path / "pairs.parquet", truth="person", save_model=tmp_path / "model.json", as_json=True,
    )  # fmt: skip
    printed = json.loads(capsys.readouterr().out)
    assert printed["f1"] > 0.9
    assert {"precision", "recall", "clusters", "pairs_scored", "seconds", "peak_mb", "threshold"} <= set(printed)
    assert pq.read_table(tmp_path / "out.parquet").column_names == ["record_id", "cluster", "confidence"]
    assert pq.read_table(tmp_path / "pairs.parquet").num_rows > 0
    assert Model.from_json((tmp_path / "model.json").read_text()).version == printed["model_version"]


def test_a_table_of_names_and_addresses_is_no_worse_than_the_trivial_rule() -> None:
    from include.matching.evaluate.baselines import trivial_rule  # noqa: PLC0415 - imports scikit-learn

    rows = [{k: r.get(k) for k in ("record_id", "first_name", "last_name", "email")} for r in town(120)]
    spec = parse_spec(
        {"id": "record_id", "columns": {"first_name": "first_name", "last_name": "last_name", "email": "email"}}
    )
    records = table(rows)
    true = np.array([int(str(r["record_id"])[5:-1]) for r in rows])
    ours = measure(resolve(records, spec).clusters["cluster"].to_numpy(), true)
    assert ours.f1 >= measure(trivial_rule(records, spec), true).f1


def test_an_initial_and_a_rare_surname_are_asked_about_and_their_probability_is_told() -> None:
    found = in_town(
        {"record_id": "a", "first_name": "A.", "last_name": "Quitanek"},
        {"record_id": "b", "first_name": "Annabel", "last_name": "Quitanek"},
    )
    pair = found.judge(pa.array(["a"]), pa.array(["b"])).to_pylist()[0]
    assert pair["probability"] > 0.9
    assert pair["grade"] == "review"
    assert not together(found, "a", "b")


def test_an_initial_that_an_address_bears_out_is_no_longer_the_initial_and_the_surname_alone() -> None:
    found = in_town(
        {"record_id": "a", "email": "aquitanek@gmail.com"},
        {"record_id": "b", "first_name": "Annabel", "last_name": "Quitanek", "email": "annabel.quitanek@firm3.com"},
    )
    assert "first_name=initial;last_name=equal" in found.judge(pa.array(["a"]), pa.array(["b"]))["evidence"][0].as_py()
    assert together(found, "a", "b")


def test_an_initial_may_be_of_the_name_that_a_nickname_stands_for() -> None:
    names = ({"first_name": "R."}, {"first_name": "Bob"}, {"first_name": "Kate"})
    found = in_town(*({"record_id": i, "last_name": "Quitanek", **n} for i, n in zip("abc", names, strict=True)))
    told = found.judge(pa.array(["a", "a"]), pa.array(["b", "c"]))["evidence"].to_pylist()
    assert told == ["first_name=initial;last_name=equal", "first_name=other_initial;last_name=equal"]


def test_relatives_who_copied_a_number_from_each_other_stay_two_people() -> None:
    """Where households copy, a number and an address in common are no longer one person's; a table tells by itself."""
    rows = []
    for family in range(400):
        home = {"last_name": f"Family{chr(97 + family % 26)}{family}", "street": f"{family} Oak Street"}
        for at, name in enumerate((FIRST[family % 30], FIRST[(family * 7 + 3) % 30])):
            own = f"{family * 7919 + at * 104729 + 10**8}"
            mine = {**home, "first_name": name, "number": f"{family * 7919 + 10**8}" if family % 4 == 0 else own}
            rows += [{**mine, "record_id": f"{family}-{at}-{copy}"} for copy in "ab"]
    spec = {"first_name": "first_name", "last_name": "last_name", "number": "identifier", "street": "text"}
    records = pa.table({c: [r[c] for r in rows] for c in ("record_id", *spec)})
    found = resolve(records, parse_spec({"id": "record_id", "columns": spec}))
    assert together(found, "4-0-a", "4-0-b")
    assert not together(found, "4-0-a", "4-1-a")


def test_the_number_that_somebody_puts_behind_every_address_is_told() -> None:
    names = {"first_name": "Annabel", "last_name": "Fairweather"}
    rows = [
        {"record_id": "a", **names, "email": "annabel.fairweather82@gmail.com"},
        {"record_id": "b", **names, "email": "afairweather82@firm3.com"},
        {"record_id": "c", **names, "email": "afairweather83@firm4.com"},
    ]
    told = {(p["record_a"], p["record_b"]): p["evidence"] for p in in_town(*rows).pairs.to_pylist()}
    assert "email=same_number_elsewhere" in told["a", "b"]
    assert "email=free_and_company_mail" in told["a", "c"]


def test_names_that_are_as_frequent_are_mended_alike_in_any_order_of_rows() -> None:
    """Stecfeld and Steffeld are a stroke from Stcefeld, and the address knows which it is."""
    mail = {"first_name": "Reimer", "email": "stecfeld.reimer@firm3.com"}
    rows = [
        *town(20),
        {"record_id": "x1", "last_name": "Stcefeld", **mail},
        {"record_id": "x2", "last_name": "Steffeld", "first_name": "Otto"},
        {"record_id": "x3", "last_name": "Stecfeld", "first_name": "Reimer", "company": "Firm 3"},
    ]
    told = [resolve(table(order), SPEC).pairs.to_pylist() for order in (rows, rows[::-1])]
    assert told[0] == told[1]


def test_another_column_may_put_records_in_order() -> None:
    rows = table(town(60))
    renamed = rows.set_column(0, "record_id", pc.binary_join_element_wise("other", rows["record_id"], "-"))
    found = []
    for records in (rows, renamed):
        ordered = records.append_column("order", rows["record_id"])
        resolution = resolve(ordered, SPEC.model_copy(update={"order": "order"}))
        found.append((resolution.model.version, resolution.clusters["cluster"].to_pylist()))
    assert found[0] == found[1]
    assert resolve(renamed, SPEC).model.version != found[0][0]
    with pytest.raises(ConfigurationError, match=r"no column 'ordr' \(did you mean 'order'\?\)"):
        resolve(ordered, SPEC.model_copy(update={"order": "ordr"}))
