"""Alerts in Slack: one message an entry, none twice, whatever happens to the calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from include.contracts.errors import ConfigurationError
from include.samples.servers.trouble import Kind
from tests.audience import Audience, MovedClock
from tests.contract.test_destination_vendors import VendorPlace
from tests.destination_suite import SuiteBase
from tests.vendor_servers import SlackServer

ALERT = {
    "mode": "append", "purpose": "none", "key": {"id": "profile_id"}, "fields": {"company": "company"},
    "settings": {"channel": "C024BE91L", "text": "{company} renews soon."},
}  # fmt: skip


class SlackPlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "slack", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = ALERT
    server: SlackServer

    def texts(self) -> list[str]:
        return sorted(message["text"] for message in self.server.messages)


@pytest.fixture
def slack(new_database, tmp_path) -> Iterator[SuiteBase]:
    suite = SuiteBase()
    with new_database() as url, SlackServer() as server:
        suite.place_, suite.audience_ = SlackPlace(server), Audience(url, tmp_path)
        suite.clock = server.clock = MovedClock()
        suite.audience_.declare(**suite.place_.file, sync=ALERT)
        for person, company in (("ann", "Acme"), ("bob", "Beta"), ("cleo", "Core")):
            suite.audience_.person(person, company=company)
        yield suite
        suite.audience_.project.close()


ALL = ["Acme renews soon.", "Beta renews soon.", "Core renews soon."]


def test_each_entry_is_one_message_and_one_that_comes_again_another(slack: SuiteBase) -> None:
    slack.run()
    assert slack.place_.texts() == ALL
    assert slack.run().counts["planned"] == 0
    slack.audience_.leave("bob")
    slack.run()
    slack.audience_.enter("bob")
    slack.run()
    assert slack.place_.texts() == sorted([*ALL, "Beta renews soon."])


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CUT_OFF, Kind.ERROR, Kind.TOO_FAST])
def test_trouble_posts_nothing_twice_and_leaves_nothing_out(slack: SuiteBase, kind: Kind) -> None:
    for _ in range(2):
        slack.place_.server.trouble.plan(kind, path="postMessage")
    slack.run()
    assert slack.place_.texts() == ALL


def test_killed_at_every_step_nothing_is_posted_twice(slack: SuiteBase) -> None:
    for number in range(40):
        slack.audience_.clear()
        slack.place_.server.messages.clear()
        for person, company in (("ann", "Acme"), ("bob", "Beta"), ("cleo", "Core")):
            slack.audience_.person(person, company=company)
        was_killed = slack._killed_at(number)
        slack._once_free()
        slack.run()
        assert slack.place_.texts() == ALL
        if not was_killed:
            assert number > 8
            return
    raise AssertionError("it never came to its end")


def test_a_message_that_slack_refuses_is_rejected_alone(slack: SuiteBase) -> None:
    slack.place_.server.poison.add("Beta")
    report = slack.run()
    assert (report.counts["sent"], report.counts["rejected"]) == (2, 1)


def test_a_channel_that_is_not_there_and_an_unknown_field_are_told(slack: SuiteBase) -> None:
    slack.place_.server.gone = True
    settings = {**ALERT["settings"], "text": "{compny} renews"}
    slack.audience_.declare(**slack.place_.file, sync={**ALERT, "settings": settings})
    with pytest.raises(ConfigurationError, match=r"asks for .compny.*; .*says of the channel: channel_not_found"):
        slack.once()


def test_a_refused_token_is_told_without_it(slack: SuiteBase) -> None:
    slack.place_.server.expired = True
    with pytest.raises(ConfigurationError, match="Slack refuses the credential of the connection 'tool'"):
        slack.once()


def test_a_mirror_is_refused_for_messages_cannot_be_taken_back(slack: SuiteBase) -> None:
    slack.audience_.declare(**slack.place_.file, sync={**ALERT, "mode": "mirror"})
    with pytest.raises(ConfigurationError, match="slack cannot remove anybody, which a mirror needs"):
        slack.once()


def test_sales_alerts_that_nobody_has_answered_are_sent_once(slack: SuiteBase) -> None:
    alerts = {
        "segment": "sales_alerts", "level": "report", "mode": "append", "purpose": "none", "key": {"id": "alert_id"},
        "fields": {"account": "account_name", "what": "what"},
        "settings": {"channel": "C024BE91L", "text": "{account}: {what}"},
    }  # fmt: skip
    audience = slack.audience_
    audience.declare(**slack.place_.file, sync=alerts)
    audience._add("account", account_id="a1", name="Acme")
    audience.alert("a1/surge/2026-11-16", account_id="a1", alert="surge", what="Four people were active.")
    audience.alert("a1/hand_raise/2026-11-09", account_id="a1", answer="acted")
    slack.run()
    slack.run()
    assert slack.place_.texts() == ["Acme: Four people were active."]


def test_a_list_that_no_report_has_is_named_with_the_nearest(slack: SuiteBase) -> None:
    sync = {**ALERT, "level": "report", "segment": "sales_alert", "key": {"id": "alert_id"}}
    slack.audience_.declare(**slack.place_.file, sync=sync)
    with pytest.raises(ConfigurationError, match=r"no report has a list 'sales_alert' \(did you mean 'sales_alerts'"):
        slack.once()
