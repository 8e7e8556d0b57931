"""What is found of a person and what is not, and how erased people are known again; without a warehouse."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from include.cli.erasure import _made
from include.contracts.erasure import SUPPRESSED
from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.exports import SYSTEMS
from include.contracts.identity import CROSSWALK
from include.contracts.profiles import PROFILE_IDENTIFIER
from include.contracts.quoting import literal
from include.contracts.staged import PERSON_RECORD
from include.erasure import bytewise, lake
from include.erasure.bytewise import picked
from include.erasure.gather import Gathering, Person
from include.erasure.rules import Rule, Rules
from include.erasure.search import Search
from include.erasure.sought import Sought
from include.erasure.traces import Traces, spellings
from include.identity.decisions.decision import StewardDecision
from include.identity.plan import _of_nobody_erased
from include.storage.addresses import addresses, spellings_of
from include.storage.suppression import NOBODY, Gone, Suppressed, digest, read_suppressed, secret_of, suppress
from include.web import reading
from include.web.problems import ProblemError

SECRET = "ab" * 32
DAY = date(2026, 1, 5)
VALUES = ("ann@x.example", "crm.contact:1")


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("ann@x.example", True), ("Write to ANN@x.example.", True), ('{"email":"ann@x.example"}', True),
        (r'"to\nann@x.example"', True), (r'"\u003cann@x.example\u003e"', True),  # as JSON escapes a line's end, and <
        (r'"{\\"to\\":\\"\\\\nann@x.example\\"}"', True),  # JSON within JSON
        ("{'email': 'ann@x.example'}", True), ("b'ann@x.example, bo'", True), ("ob'ann@x.example", False),
        ("\u201eann@x.example\u201c", True), ("&lt;ann@x.example&gt;", True),
        ("/p?email=ann%40x.example&q=1", True), ("/p?q=mail+ann%40x.example", True),
        ("/p?to=%3CANN%40x.example%3E", True),
        ("/login?next=%2Fp%3Femail%3Dann%2540x.example", True), ("to=news%2Bann%40x.example", False),
        ("news+ann@x.example", False), ("o'ann@x.example", False),
        ("crm.contact:1|crm.contact:2", True), ("crm.contact%3A1", True), ("joann@x.example", False),
        ("jo-ann@x.example", False), ("ann@x.example.org", False), ("crm.contact:12", False), ("xcrm.contact:1", False),
        ("zo\u00ebann@x.example", False), ("\u00ebann@x.example", False), ("e\u0308ann@x.example", False),
        (r"\u00ebann@x.example", False), ("%C3%ABann%40x.example", False), ("ann@x.example\u00eb", False),
    ],
)  # fmt: skip
def test_a_value_counts_only_where_it_stands_by_itself(text: str, stands: bool) -> None:
    assert found_by_all(VALUES, text) == {stands}


@pytest.mark.parametrize(
    "written",
    [
        "J\u00d6RG+A@x.example", "jo\u0308rg+a@X.example", "JO\u0308RG+A@X.example", r"j\u00f6rg+a@x.example",
        r"J\u00D6RG+A@X.EXAMPLE", r"jo\u0308rg\u002ba@x.example", "j%C3%B6rg%2Ba%40x.example",
        "J%c3%96RG%2BA%40x.example",
        "jo%CC%88rg%2ba%40x.example", r"j\303\266rg+a@x.example", r"j\xc3\xb6rg+a@x.example", r"j\\u00f6rg+a@x.example",
    ],
)  # fmt: skip
def test_a_value_is_found_whole_however_others_write_it(written: str) -> None:
    for value in ("j\u00f6rg+a@x.example", "jo\u0308rg+a@x.example"):
        assert found_by_all([value], f"to {written}, please") == {True}, value
        assert Search([value]).blanked(f"<{written}>") == "<erased>"
    assert found_by_all(["rg+a@x.example", "g+a@x.example"], written) == {False}


@pytest.mark.parametrize(
    "written",
    [
        "O'Brien@x.example", "o''brien@x.example", "o%27brien%40x.example", "o&#x27;brien@x.example",
        "o&#39;brien@x.example", r"o\'brien@x.example", r"o\u0027brien@x.example",
    ],
)  # fmt: skip
def test_an_address_with_an_apostrophe_is_found_and_known_again(written: str) -> None:
    assert found_by_all(addresses("o'brien@x.example"), f"to {written}.") == {True}
    assert found_by_all(["brien@x.example"], f"to {written}.") == {False}
    assert known(("email", "brien@x.example")).is_told("9,O'Brien@x.example") is False
    assert known(("email", "o'brien@x.example")).is_told("9,O'Brien@x.example") is True


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("Jo@b\u00fccher.example", "jo@xn--bcher-kva.example"), ("jo@xn--bcher-kva.example", "jo@b\u00fccher.example"),
        ("jo@stra\u00dfe.example", None), ("jo@xn--zzzz.example", None), ("jo@x..example", None),
    ],
)  # fmt: skip
def test_a_domain_has_two_spellings_where_both_lead_back_to_it(address: str, other: str | None) -> None:
    assert spellings_of(address) == ((address.lower(), other) if other else (address,))


def test_an_address_is_blanked_in_whatever_column_another_row_names_it() -> None:
    gone = known(("email", "ann@x.example"), ("email", "j\u00f6rg@x.example"))
    rows = pa.table({"_line": [1, 2, 3, 4], "note": [
        "Ask ANN@x.example.", "/p?to=ann%40x.example&x", '{"to": "jo\u0308rg\\u0040x.example"}', None,
    ], "owner": ["joann@x.example", "bo@x.example", None, "Bo <ann@x.example>"]})  # fmt: skip
    told = gone.blanked(rows.replace_schema_metadata()).to_pydict()
    assert told["note"] == ["Ask erased.", "/p?to=erased&x", '{"to": "erased"}', None]
    assert told["owner"] == ["joann@x.example", "bo@x.example", None, "Bo <erased>"]
    assert NOBODY.blanked(rows) is rows


def test_columns_of_an_export_may_be_called_what_they_like() -> None:
    with duckdb.connect() as session:
        session.execute("CREATE TABLE t AS SELECT '1' AS id, 'no' AS is_gone, 'a' AS is_touched")
        assert session.sql(Rule(owned="id = '1'").going("t")).fetchall() == [("1", "no", "a")]


def test_the_folder_of_a_persons_file_is_made_or_a_sentence_says_why_not(tmp_path: Path) -> None:
    _made(tmp_path / "requests" / "4711")
    assert (tmp_path / "requests" / "4711").is_dir()
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigurationError, match=r"taken cannot be made: File exists"):
        _made(tmp_path / "taken")


def found_by_all(values: Sequence[str], text: str) -> set[bool]:
    """Whether a value is found in a text by the query engine, and in its bytes."""
    sought = Sought(Search(values))
    with duckdb.connect() as session:
        sought.serve(session)
        rows = session.sql(f"SELECT {sought.named_in(['told'])} FROM (SELECT {literal(text)} AS told)").fetchall()
    return {rows[0][0], sought.search.is_in(text)}


def test_of_values_that_overlap_the_one_is_found_that_stands_there() -> None:
    search = Search(["anna", "anna 1", "crm.contact:x@y.example", "x@y.example"])
    assert search.blanked("anna 12, anna 1, anna") == "erased 12, erased, erased"
    assert search.blanked("acrm.contact:x@y.example") == "acrm.contact:erased"
    assert not Search([]) and Search([]).blanked("anna") == "anna"


def test_json_stays_json_where_a_number_is_blanked() -> None:
    search = Search(["4930111222333", "ann@x.example"])
    told = search.blanked_json('{"tel": 4930111222333, "n": [49301112223334, true, null, 0.5], "to": "ann@x.example"}')
    assert json.loads(told) == {"tel": "erased", "n": [49301112223334, True, None, 0.5], "to": "erased"}


def test_many_values_are_looked_for_in_several_expressions() -> None:
    values = [f"ann{number}@x.example" for number in range(1_500)]
    search = Search([*values, *values])
    assert len(search.anywhere) > 1
    assert picked([value.encode() for value in values], search.anywhere) == list(range(1_500))
    assert not picked([b"ann@x.example", b"ann1500@x.example"], search.expressions)


def test_a_value_is_found_in_the_bytes_of_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytewise, "PIECE", 256)
    monkeypatch.setattr(bytewise, "REACH", 200)
    content = {
        "whole": b"\xff\x00ANN@x.example\xff", "parted": b"." * 250 + b"ann@x.example",
        "json": b'"zo\\u00eb@x.example"',
        "other": b"joan@x.example" * 99, "within": b"-" * 245 + b"joann@x.example" + b"-" * 500, "empty": b"",
    }  # fmt: skip
    for name, written in content.items():
        (tmp_path / name).write_bytes(written)
    places = [tmp_path / name for name in (*content, "gone meanwhile")]
    search = Search([VALUES[0], "zo\u00eb@x.example", *(f"nobody{n}@x.example" for n in range(300))])
    assert {place.name for place in bytewise.holding(places, search)} == {"whole", "parted", "json", "within"}
    where = {place.name: (start, end) for place, start, end in bytewise.spans(places, search)}
    assert where == {"whole": (2, 15), "parted": (250, 263), "json": (1, 19)}
    assert not bytewise.holding(places, Search([]))


def known(*things: tuple[str, str]) -> Suppressed:
    return Suppressed(SECRET, {digest(SECRET, kind, value): DAY for kind, value in things})


@pytest.mark.parametrize(
    ("row", "is_theirs"),
    [
        ({"Id": "003A"}, True), ({"Id": " 003A "}, True), ({"Id": "003"}, False),
        ({"Email": "ANN@x.example"}, True), ({"Email": "bo@x.example; ann@x.example"}, True),
        ({"Email": "joann@x.example"}, False), ({"Email": "jo\u0308rg@x.example"}, True),
        ({"Email": "J\u00d6RG@x.example"}, True),
        ({"Phone": "(030) 1234 567"}, True), ({"Phone": "+49 30 1234567"}, True), ({"Phone": "1234"}, False),
        ({"Phone": "+49 30 1234567", "Email": "bo@x.example"}, False),  # a number may be somebody else's by now
        ({}, False),
    ],
)  # fmt: skip
def test_a_row_is_known_again_by_key_by_address_or_by_number_alone(row: dict[str, str], is_theirs: bool) -> None:
    gone = known(
        ("key", "crm.003A"), ("email", "Ann@x.example"), ("email", "j\u00f6rg@x.example"), ("phone", "+49 30 1234567")
    )
    names = {"Id": 'The "Id"', "Email": "Email: work", "Phone": "PHONE"}
    rows = pa.table({"_line": [7], **{names[name]: pa.array([row.get(name)], pa.string()) for name in names}})
    kept, count = gone.without(rows, "crm", people=[names["Id"]], personal=[names["Email"], names["Phone"]])
    assert (len(kept), count) == ((0, 1) if is_theirs else (1, 0))
    other, _ = gone.without(rows, "shop", people=[names["Id"]], personal=[])
    assert len(other) == 1, "a key is a key of one source"


def test_the_digests_are_an_input_and_need_their_key(project) -> None:
    assert not read_suppressed(project.lake, project.settings).days
    secret = secret_of(project.settings, create=True)
    place = project.settings.home / "erasure.key"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    first = suppress(project.lake, secret, Gone("e1", DAY, [("email", "ann@x.example")]))
    file = Path(project.lake.url(SUPPRESSED.name, f"{first.version}.parquet"))
    written = file.stat().st_mtime_ns
    assert suppress(project.lake, secret, Gone("e1", DAY, [("email", "Ann@X.example")])) == first
    assert file.stat().st_mtime_ns == written, "the same writes nothing that a kill could leave half written"
    second = suppress(project.lake, secret, Gone("e2", DAY, [("profile", "p1")]))
    assert second.version != first.version
    found = read_suppressed(project.lake, project.settings)
    assert (found.erased_on("email", "ann@x.example"), found.erased_on("profile", "p1")) == (DAY, DAY)
    assert found.erased_on("profile", "p2") is None
    assert b"ann@x" not in b"".join(place.read_bytes() for place in project.lake.folder.rglob("*") if place.is_file())
    assert project.lake.current(SUPPRESSED.name).rows == 3
    place.unlink()
    with pytest.raises(ConfigurationError, match="not the one that erased people were hashed with"):
        read_suppressed(project.lake, project.settings)


def test_columns_that_hold_keys_of_people_are_declared() -> None:
    found = {(kind, name): SYSTEMS[kind].keys_of_people(name) for kind in SYSTEMS for name in (
        file.object for file in SYSTEMS[kind].files)}  # fmt: skip
    assert found["salesforce_export", "contact"][0] == "Id"
    assert "ContactId" in found["salesforce_export", "campaign_member"]
    assert found["pardot_export", "visitor_activity"] == ("prospect_id",)
    assert found["segment_export", "event"] == ("userId", "previousId")
    assert found["delighted_export", "response"] == ("Person ID",)
    assert found["salesforce_export", "account"] == ()
    assert not [fault for system in SYSTEMS.values() for fault in system.faults()]


def test_a_person_is_known_again_by_all_that_was_theirs_alone() -> None:
    assert spellings("0035g00000XyZ12AAB") == ("0035g00000XyZ12AAB", "0035g00000XyZ12")
    assert spellings("901") == ("901",)
    traces = Traces(
        "e1", "2026-01-05", records=("crm.contact:0035g00000XyZ12AAB", "nps.respondent:7"), profiles=("p1",)
    )
    assert ("key", "nps.7") in set(traces.suppressed())
    assert "0035g00000XyZ12AAB" in traces.texts
    assert "7" not in traces.texts, "a key that many things are is looked for in its own column alone"


def test_a_decisions_file_may_still_name_who_was_erased(project) -> None:
    secret = secret_of(project.settings, create=True)
    suppress(project.lake, secret, Gone("e1", DAY, [("record", "crm.contact:1"), ("profile", "p1")]))
    facts = {"author": "Nina", "reason": "asked"}
    given = [
        StewardDecision("never", a="crm.contact:1", b="crm.contact:2", **facts),
        StewardDecision("alias", a="p2", b="p1", **facts),
        StewardDecision("never", a="crm.contact:2", b="crm.contact:3", **facts),
    ]
    assert _of_nobody_erased(project, given) == given[2:], "there is nothing to decide about them"


def test_pages_and_api_tell_who_was_erased_from_who_never_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> None:
        raise ProblemError(404, "There is no profile of this id.")

    monkeypatch.setattr(reading, "_one", nobody)
    gone = known(("profile", "p1"))
    for asked, sentence in (("p1", "The profile of this id was erased on 2026-01-05"), ("p2", "There is no profile")):
        with pytest.raises(ProblemError, match=sentence) as refused:
            reading.profile(None, asked, lambda: gone)  # type: ignore[arg-type]
        assert refused.value.status == 404


def test_what_a_killed_writer_has_left_goes_and_what_a_run_is_writing_is_left_alone(project, put) -> None:
    put(project, PERSON_RECORD, [{"record_id": "crm.contact:1", "source_key": "1", "email": VALUES[0]}])
    half = Path(project.lake.url(PERSON_RECORD.name, "v2.parquet"))
    half.write_bytes(b"PAR1 half of ann@x.example")
    traces = Traces("e1", "2026-01-05", records=("crm.contact:1",), emails=VALUES[:1])
    with project.engine() as engine:
        rules = Rules(traces, {}, lake.crosswalks(project.lake))
        assert [(what.place, what.rows) for _, _, what in lake.look(engine, rules)] == [(PERSON_RECORD.name, 1)]
        assert half.exists(), "a look changes nothing"
        assert Gathering(engine, NOBODY).traces(DAY, {"e1": Person(None, VALUES[0])})["e1"].emails == VALUES[:1]
        lake.erase(engine, rules)
    assert not half.exists()
    assert project.lake.version(PERSON_RECORD.name, "v1").rows == 0


def test_a_number_that_somebody_else_writes_in_another_way_stays_with_them(project, put) -> None:
    written = {"crm.contact:1": "(030) 111 222 333", "crm.contact:2": "0049 30 111222333"}
    people = [{"record_id": record, "source_key": record[-1], "phone": "+4930111222333", "phone_received": phone}
              for record, phone in written.items()]  # fmt: skip
    belongs = [{"record_id": record, "profile_id": f"p{record[-1]}", "home_id": f"p{record[-1]}"} for record in written]
    for table, rows in ((PERSON_RECORD, people), (CROSSWALK, belongs)):
        project.lake.point(put(project, table, rows))
    with project.engine() as engine:
        found = Gathering(engine, NOBODY).traces(DAY, {"e1": Person("p1")})["e1"]
    assert (found.records, found.phones, found.shared) == (("crm.contact:1",), (), 1)


def test_a_person_is_named_by_a_number_and_their_further_addresses_go_too(project, put) -> None:
    people = [
        {"record_id": "crm.contact:1", "source_key": "1", "email": VALUES[0],
         "other_emails": "zo@x.example; ann2@x.example; al@xn--b-eha.example", "other_phones": "+4930444555666 x12"},
        {"record_id": "crm.contact:2", "source_key": "2", "email": "zo@x.example",
         "other_emails": "al@b\u00fc.example"},
    ]  # fmt: skip
    belongs = [{"record_id": f"crm.contact:{n}", "profile_id": f"p{n}", "home_id": f"p{n}"} for n in (1, 2)]
    numbers = [{"profile_id": "p1", "type": "phone", "value": "+4930444555666"}]
    for table, rows in ((PERSON_RECORD, people), (CROSSWALK, belongs), (PROFILE_IDENTIFIER, numbers)):
        project.lake.point(put(project, table, rows))
    with project.engine() as engine:
        gathering = Gathering(engine, known(("phone", "+49 30 777 888 999")))
        person = gathering.named("(030) 444 555 666")
        found = gathering.traces(DAY, {"e1": person})["e1"]
        for number, sentence in (("030 123 456 789", "No profile has that"), ("030 777888999", "was erased on")):
            with pytest.raises(UnknownError, match=sentence):
                gathering.named(number)
    assert person == Person("p1")
    assert (found.emails, found.phones, found.shared) == (("ann2@x.example", VALUES[0]), ("+4930444555666",), 2)
