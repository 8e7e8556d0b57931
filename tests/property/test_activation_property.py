"""Whatever happens to people and to calls, a destination ends equal to the segment less those who are withheld."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.activation.step import activate
from include.contracts.connections import Connection
from include.contracts.errors import RetryableError
from include.samples.servers.trouble import Kind
from tests.audience import Audience, MovedClock
from tests.contract.test_destination_webhook import SECRET, Receiver

PEOPLE = ("a", "b", "c", "d")
EVENTS = ("enter", "leave", "opt out", "opt in", "move", "merge", "erase", "run")
FAULTS = (None, Kind.ERROR, Kind.RESET, Kind.CUT_OFF, Kind.TOO_FAST)


class Model:
    """Plain Python's idea of the same people: who is alive, a member, opted out, and by which address."""

    def __init__(self) -> None:
        self.people = {name: {"member": True, "out": False, "email": f"{name}@acme.test"} for name in PEOPLE}
        self.number = 0

    def expected(self) -> set[str]:
        return {one["email"] for one in self.people.values() if one["member"] and not one["out"]}


@pytest.fixture(scope="module")
def audience(new_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audience]:
    with new_database() as url:
        audience = Audience(url, tmp_path_factory.mktemp("audience"))
        yield audience
        audience.project.close()


@given(
    events=st.lists(
        st.tuples(st.sampled_from(EVENTS), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.sampled_from(FAULTS)),
        max_size=12,
    )
)
@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_destination_is_the_segment_less_the_withheld(audience: Audience, events: list) -> None:
    audience.clear()
    audience.declare(kind="webhook", connection="hook", sync={"limits": {"floor": 100}})
    model, clock = Model(), MovedClock()
    for name in PEOPLE:
        audience.person(name)
    with Receiver(SECRET) as server:
        server.clock = clock
        for event, one, other, fault in events:
            happen(audience, model, event, one, other)
            if fault:
                server.trouble.plan(fault)
            if event == "run":
                run(audience, server, clock)
        run(audience, server, clock)
        assert set(server.rows) == model.expected()
        assert set(audience.standing()) == model.expected()
        assert audience.rows("SELECT * FROM control.activation_batch") == []


def happen(audience: Audience, model: Model, event: str, one: str, other: str) -> None:
    """Let it happen to both, where it can."""
    person = model.people.get(one)
    if person is None:
        return
    if event == "enter" and not person["member"]:
        audience.enter(one)
        person["member"] = True
    elif event == "leave":
        audience.leave(one)
        person["member"] = False
    elif event in ("opt out", "opt in"):
        person["out"] = event == "opt out"
        audience.set(one, email_consent="opted_out" if person["out"] else "opted_in")
    elif event == "move":
        model.number += 1
        person["email"] = f"new{model.number}@acme.test"
        audience.set(one, email=person["email"])
    elif event == "erase":
        audience.erase(one)
        del model.people[one]
    elif event == "merge" and other in model.people and other != one:
        audience.merge(one, into=other)
        model.people[other]["member"] |= person["member"]
        del model.people[one]


def run(audience: Audience, server: Receiver, clock: MovedClock) -> None:
    connection = Connection("hook", host=server.url, password=f"whsec_{base64.b64encode(SECRET).decode()}")
    for _ in range(20):
        try:
            counts = activate(audience.project, "to_tool", lambda _: connection, clock=clock).counts
        except RetryableError:
            clock.sleep(600)
        except Exception as error:
            if "nobody of renewing may be contacted" in str(error):
                return
            raise
        else:
            assert counts["planned"] == counts["sent"] + counts["suppressed"]
            return
    raise AssertionError("it never came to its end")
