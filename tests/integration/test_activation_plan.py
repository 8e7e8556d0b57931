"""What a plan contains: who is withheld and why, what is held for a person, and what each mode does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.activation.step import Report, activate, dry_run
from include.answers import waiting
from include.contracts.errors import ConfigurationError, HeldError
from include.retention.step import retain
from include.storage.control.activation import deliveries, deliveries_of
from tests.audience import Audience, MovedClock


@pytest.fixture(scope="module")
def shared(new_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audience]:
    with new_database() as url:
        audience = Audience(url, tmp_path_factory.mktemp("audience"))
        yield audience
        audience.project.close()


@pytest.fixture
def audience(shared: Audience, tmp_path: Path) -> Audience:
    shared.clear()
    declare(shared, tmp_path)
    return shared


def declare(audience: Audience, folder: Path, **sync: object) -> None:
    audience.declare(kind="files", settings={"url": folder.as_uri()}, sync=sync)


def run(audience: Audience) -> Report:
    return activate(audience.project, "to_tool", clock=MovedClock())


def test_withheld_people_are_counted_by_the_first_reason_that_holds(audience: Audience, tmp_path: Path) -> None:
    declare(audience, tmp_path, min_confidence=0.8, opted_in=True)
    audience.person("fine", email_consent="opted_in")
    audience.person("silent")
    audience.person("no", email_consent="opted_out")
    audience.person("unsure", email_consent="opted_in", confidence=0.5)
    audience.person("desk", "Support@acme.test", email_consent="opted_in")
    audience.person("one", "both@acme.test", email_consent="opted_in")
    audience.person("other", "both@acme.test", email_consent="opted_in", enters=False)
    audience.person("quiet", email_consent="opted_in", enters=False)
    audience.enter("quiet", is_holdout=True)
    report = run(audience)
    assert report.difference.withheld == {
        "consent unknown": 1, "held out": 1, "identity not sure enough": 1, "opted out": 1, "role mailbox": 1,
        "shared contact point": 1,
    }  # fmt: skip
    assert audience.standing() == {"fine@acme.test": "fine"}
    assert report.counts == {"planned": 7, "sent": 1, "suppressed": 6, "rejected": 0, "pending": 0}
    assert run(audience).counts["planned"] == 0  # whoever stays withheld for the same reason is no news


def test_a_share_of_the_members_is_kept_out_and_always_the_same(audience: Audience, tmp_path: Path) -> None:
    declare(audience, tmp_path, holdout=0.4)
    for number in range(30):
        audience.person(f"p{number}")
    first = run(audience)
    kept = set(audience.standing())
    assert 5 < first.difference.withheld["held out"] < 20
    assert (run(audience).counts["planned"], set(audience.standing())) == (0, kept)


def test_two_people_with_one_key_are_both_withheld(audience: Audience, tmp_path: Path) -> None:
    audience.person("a", "Same@acme.test")
    audience.person("b", "same@acme.test")
    assert run(audience).difference.withheld == {"key not unique": 2}


def test_accounts_are_sent_by_their_domain_and_need_no_consent(audience: Audience, tmp_path: Path) -> None:
    audience._do("UPDATE kindred.segment SET level = 'account'")
    for account, domain in (("a1", "Acme.test"), ("a2", "same.test"), ("a3", "same.test"), ("a4", None)):
        audience._add("account", account_id=account, name=account.upper(), domain=domain)
        audience._add("account_360", account_id=account)
        audience.enter(account)
    sync = {"level": "account", "purpose": "none", "key": {"site": "domain"}, "fields": {"name": "name"}}
    declare(audience, tmp_path, **sync)
    report = run(audience)
    assert audience.standing() == {"acme.test": "a1"}
    assert report.difference.withheld == {"key not unique": 2, "no key": 1}


def test_a_contact_point_is_sent_for_its_own_purpose_only(audience: Audience, tmp_path: Path) -> None:
    declare(audience, tmp_path, fields={"phone": "phone"})
    audience.person("a", phone="+4930123456", phone_consent="opted_out")
    run(audience)
    (file,) = tmp_path.rglob("*-write.csv")
    assert file.read_text().splitlines()[1] == '"a@acme.test",'


def test_a_plan_that_removes_too_much_waits_for_a_person(audience: Audience, tmp_path: Path) -> None:
    declare(audience, tmp_path, limits={"removed": 0.5, "floor": 1})
    for person in ("a", "b", "c"):
        audience.person(person)
    run(audience)
    audience.leave("a")
    audience.leave("b")
    with pytest.raises(HeldError, match=r"it would remove 2 of 3 rows from tool") as held:
        run(audience)
    with pytest.raises(HeldError):
        run(audience)
    assert len(audience.standing()) == 3
    subject = held.value.subject
    assert "remove" in waiting.evidence(audience.project, subject)
    assert list(waiting.still_held(audience.project, [subject])) == [subject]
    waiting.answer(audience.project, subject, approved=True, author="Nina", reason="The offer has ended")
    assert run(audience).counts["sent"] == 2
    assert waiting.still_held(audience.project, [subject]) == {}
    assert set(audience.standing()) == {"c@acme.test"}


def test_more_rows_than_there_may_be_wait_for_a_person(audience: Audience, tmp_path: Path) -> None:
    declare(audience, tmp_path, limits={"size": 1})
    audience.person("a")
    audience.person("b")
    with pytest.raises(HeldError, match=r"it would keep 2 rows in tool \(limits.size: 1\)"):
        run(audience)


def test_in_an_upsert_whoever_leaves_stays_until_they_are_withheld_or_erased(
    audience: Audience, tmp_path: Path
) -> None:
    declare(audience, tmp_path, mode="upsert")
    for person in ("a", "b", "c"):
        audience.person(person)
    run(audience)
    audience.leave("a")
    audience.opt_out("b")
    audience.erase("c")
    assert run(audience).difference.removed == {"no longer there": 1, "opted out": 1}
    assert set(audience.standing()) == {"a@acme.test"}
    audience.opt_out("a")  # no member any more, and heard all the same
    assert run(audience).difference.removed == {"opted out": 1}


def test_a_dry_run_shows_counts_a_sample_and_calls_and_keeps_nothing(audience: Audience, tmp_path: Path) -> None:
    audience.person("a")
    audience.person("b", email_consent="opted_out")
    report = dry_run(audience.project, "to_tool")
    assert (dict(report.difference.actions), report.calls) == ({"add": 1, "withhold": 1}, 1)
    assert report.counts == {"planned": 2, "sent": 0, "suppressed": 1, "rejected": 0, "pending": 1}
    assert "acme.test" not in repr(report.difference.sample)
    assert {row["member_id"] for row in report.difference.sample} == {"a", "b"}
    assert audience.rows("SELECT * FROM control.activation_plan") == []
    assert not [*tmp_path.rglob("*.csv")]


def test_what_was_sent_of_a_person_and_why_is_told(audience: Audience) -> None:
    audience.person("a", email_consent="opted_in")
    audience.person("b", email_consent="opted_out")
    run(audience)
    audience.leave("a")
    run(audience)
    (latest, first) = deliveries(audience.project)
    assert (first["sent"], first["suppressed"], latest["sent"]) == (1, 1, 1)
    told = told_of(audience, "a")
    assert [(row["action"], row["reason"], row["consent"]) for row in told["changes"]] == [
        ("remove", "left the segment", None),
        ("add", None, "opted_in"),
    ]
    assert told["standing"] == []
    assert [row["reason"] for row in told_of(audience, "b")["withheld"]] == ["opted out"]


@pytest.mark.parametrize(
    ("sync", "said"),
    [
        ({"segment": "renewign"}, r"line \d+: There is no segment 'renewign' \(did you mean 'renewing'\?\)"),
        ({"level": "account", "purpose": "none", "key": {"id": "account_id"}, "fields": {}},
         "renewing is a segment of the level person"),
    ],
)  # fmt: skip
def test_a_segment_that_cannot_be_sent_is_refused(
    audience: Audience, tmp_path: Path, sync: dict[str, object], said: str
) -> None:
    declare(audience, tmp_path, **sync)
    with pytest.raises(ConfigurationError, match=said):
        run(audience)


def test_a_sync_led_to_another_place_is_refused_while_its_rows_stand(audience: Audience, tmp_path: Path) -> None:
    audience.person("a")
    run(audience)
    declare(audience, tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="leads to another place than before, where 1 of its rows stand"):
        run(audience)
    declare(audience, tmp_path)
    audience.leave("a")
    run(audience)
    declare(audience, tmp_path / "elsewhere")
    audience.enter("a")
    assert run(audience).counts["sent"] == 1


def test_a_purpose_that_nobody_has_consented_to_is_refused(audience: Audience) -> None:
    audience.person("a", email_consent="opted_out")
    with pytest.raises(ConfigurationError, match=r"line \d+: nobody of renewing may be contacted for email_marketing"):
        run(audience)


def test_old_deliveries_go_and_what_stands_stays(audience: Audience, tmp_path: Path) -> None:
    audience.person("a")
    audience.person("b")
    run(audience)
    audience.leave("b")
    run(audience)
    later = datetime.now(UTC) + timedelta(days=401)
    retain(audience.project, later)
    for table in ("activation_plan", "activation_change"):
        assert audience.rows(f"SELECT * FROM control.{table}") == []
    assert set(audience.standing()) == {"a@acme.test"}
    audience.leave("a")
    assert run(audience).counts["sent"] == 1


def told_of(audience: Audience, member: str) -> dict[str, list[dict[str, Any]]]:
    with audience.project.warehouse().begin() as connection:
        return deliveries_of(connection, (member,))
