"""What may be decided, and how a file of decisions is refused."""

import pytest

from include.contracts.errors import ConfigurationError
from include.identity.decisions.decision import COLUMNS, Known, StewardDecision, faults, read_decisions

KNOWN = Known(frozenset("ABCDE"), {"p1": "A", "p2": "B", "p3": "C"}, ("email", "phone"))


def decided(kind, a=None, b=None, **more):
    return StewardDecision(kind, "Nina", "asked them", a=a, b=b, place=f"{kind} {a} {b}", **more)


@pytest.mark.parametrize(
    "decision",
    [
        decided("always", "A", "B"),
        decided("never", "A", "B"),
        decided("alias", "p1", "p2"),
        decided("bypass", column="email", value="info@acme.example"),
    ],
)
def test_a_sound_decision_has_no_fault(decision):
    assert faults([decision], [], KNOWN) == []


@pytest.mark.parametrize(
    ("decision", "fault"),
    [
        (decided("always", "A", "X"), "always A X: there is no record 'X'"),
        (decided("never", "A", "A"), "never A A: never names 'A' twice"),
        (decided("alias", "p1", "p9"), "alias p1 p9: there is no profile 'p9'"),
        (
            decided("bypass", column="emial", value="x"),
            "bypass None None: records are not matched by 'emial' (did you mean 'email'?)",
        ),
    ],
)
def test_what_does_not_exist_is_named(decision, fault):
    assert faults([decision], [], KNOWN) == [fault]


def test_never_against_a_chain_of_always_is_refused_with_the_chain():
    standing = [decided("always", "A", "B"), decided("always", "B", "C")]
    (fault,) = faults([decided("never", "A", "C")], standing, KNOWN)
    assert fault == "never A C: never A – C contradicts always A – B (always A B), always B – C (always B C)"


def test_an_alias_ties_the_founders_of_its_profiles():
    (fault,) = faults([decided("alias", "p1", "p2")], [decided("never", "A", "B")], KNOWN)
    assert "contradicts alias p1 – p2" in fault


def test_never_beside_always_of_others_is_fine():
    standing = [decided("always", "A", "B"), decided("never", "B", "C")]
    assert faults([decided("always", "C", "D")], standing, KNOWN) == []


def test_a_cycle_of_aliases_is_named():
    wanted = [decided("alias", "p1", "p2"), decided("alias", "p2", "p3"), decided("alias", "p3", "p1")]
    assert "aliases form a cycle: p1 → p2 → p3 → p1" in faults(wanted, [], KNOWN)


def test_an_id_can_be_the_alias_of_one_other_only():
    wanted = [decided("alias", "p1", "p2"), decided("alias", "p1", "p3")]
    assert faults(wanted, [], KNOWN) == ["alias p1 p3: 'p1' is an alias of 'p2' already"]


def test_the_same_decision_twice_is_named_whichever_way_round():
    assert faults([decided("always", "B", "A")], [decided("always", "A", "B")], KNOWN) == [
        "always B A: the same is decided already by always A B"
    ]


def test_every_fault_of_a_set_is_named():
    wanted = [decided("always", "A", "X"), decided("never", "Y", "B")]
    assert len(faults(wanted, [], KNOWN)) == 2


HEADER = ",".join(COLUMNS)


def written(tmp_path, *lines, header=HEADER):
    path = tmp_path / "decisions.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return path


def test_a_file_is_read_with_its_lines(tmp_path):
    path = written(
        tmp_path,
        "never,crm.contact:1,crm.contact:2,,,Nina,father and son,2026-03-31",
        "bypass,,,email,info@acme.example,Nina,shared mailbox,2026-04-01",
    )
    never, bypass = read_decisions(path)
    assert (never.kind, never.a, never.b, never.place, never.origin) == (
        "never", "crm.contact:1", "crm.contact:2", "line 2", "file",
    )  # fmt: skip
    assert str(never.decided_at) == "2026-03-31 00:00:00+00:00"
    assert (bypass.column, bypass.value) == ("email", "info@acme.example")


def test_unknown_and_missing_columns_are_named_with_the_nearest(tmp_path):
    with pytest.raises(ConfigurationError) as error:
        read_decisions(written(tmp_path, header="kind,a,b,column,value,autor,reason,decided_on"))
    assert "unknown column 'autor' (did you mean 'author'?)" in str(error.value)
    assert "column 'author' is missing" in str(error.value)


def test_each_faulty_line_is_named_and_nothing_is_taken(tmp_path):
    path = written(
        tmp_path,
        "nevr,A,B,,,Nina,x,2026-01-01",
        "always,A,,,,Nina,x,2026-01-01",
        "always,A,B,,,Nina,x,soon",
        "always,A,B",
        "never,A,B,,,Nina,x,2026-01-01",
    )
    with pytest.raises(ConfigurationError) as error:
        read_decisions(path)
    message = str(error.value)
    assert message.startswith("decisions.csv is refused as a whole, nothing of it was taken: ")
    assert "line 2: unknown kind 'nevr' (did you mean 'never'?)" in message
    assert "line 3: always needs 'b'" in message
    assert "line 4: decided_on must be a date such as 2026-03-31" in message
    assert "line 5: it has not as many fields as the header" in message


def test_a_file_that_is_no_text_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "decisions.csv"
    path.write_bytes(b"\xff\xfe\x00kind")
    with pytest.raises(ConfigurationError, match=r"Cannot read the decisions decisions\.csv"):
        read_decisions(path)
