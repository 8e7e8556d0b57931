"""Members of a Salesforce campaign: in and out, known by the CRM's ids, whatever happens to the calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from include.samples.servers.trouble import Kind
from tests.audience import Audience, MovedClock
from tests.contract.test_destination_vendors import VendorPlace
from tests.destination_suite import SuiteBase
from tests.vendor_servers import TOKEN, CampaignServer

ANN, BOB, LEAD = "003000000000001AAA", "003000000000002AAA", "00Q000000000003AAA"


class CampaignPlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "salesforce_campaign", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {
        "purpose": "none", "key": {"Id": "crm_id"}, "fields": {}, "settings": {"campaign_id": "701000000000001AAA"},
    }  # fmt: skip
    server: CampaignServer

    @property
    def connection(self) -> Connection:
        return Connection("tool", host=self.server.url, login="client", password=TOKEN)

    def held(self) -> set[str]:
        return set(self.server.members.values())


@pytest.fixture
def campaign(new_database, tmp_path: Path) -> Iterator[SuiteBase]:
    suite = SuiteBase()
    with new_database() as url, CampaignServer() as server:
        suite.place_, suite.audience_ = CampaignPlace(server), Audience(url, tmp_path)
        suite.clock = server.clock = MovedClock()
        suite.audience_.declare(**suite.place_.file, sync=suite.place_.sync)
        for person, crm_id in (("ann", ANN), ("bob", BOB), ("cleo", LEAD)):
            suite.audience_.person(person)
            suite.audience_._add("profile_identifier", profile_id=person, type="crm_id", value=crm_id, is_primary=True)
        yield suite
        suite.audience_.project.close()


def test_contacts_and_leads_come_and_go(campaign: SuiteBase) -> None:
    campaign.audience_.person("nobody")  # of whom the CRM knows nothing
    report = campaign.run()
    assert campaign.place_.held() == {ANN, BOB, LEAD}
    assert report.difference.withheld == {"no key": 1}
    campaign.audience_.leave("bob")
    campaign.run()
    assert campaign.place_.held() == {ANN, LEAD}
    assert campaign.run().counts["planned"] == 0


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CUT_OFF, Kind.ERROR, Kind.TOO_FAST])
def test_trouble_doubles_nobody_and_leaves_nobody_out(campaign: SuiteBase, kind: Kind) -> None:
    campaign.place_.server.trouble.plan(kind, path="composite")
    assert campaign.run().counts["rejected"] == 0
    campaign.audience_.leave("ann")
    campaign.place_.server.trouble.plan(kind, path="composite")
    campaign.run()
    assert sorted(campaign.place_.server.members.values()) == [BOB, LEAD]


def test_a_record_that_is_not_there_is_rejected_alone(campaign: SuiteBase) -> None:
    campaign.place_.server.poison.add(BOB)
    report = campaign.run()
    assert (campaign.place_.held(), report.counts["rejected"]) == ({ANN, LEAD}, 1)


def test_what_others_change_is_found_page_by_page_and_mended(campaign: SuiteBase) -> None:
    campaign.audience_.declare(**campaign.place_.file, sync={**campaign.place_.sync, "drift": "ours wins"})
    campaign.run()
    members = campaign.place_.server.members
    members.pop(next(id_ for id_, who in members.items() if who == BOB))
    members["00v99"] = "003000000000009AAA"
    assert (campaign.run().drift.removed, campaign.place_.held()) == (1, {ANN, BOB, LEAD})


def test_a_campaign_that_is_not_there_and_fields_are_told(campaign: SuiteBase) -> None:
    campaign.place_.server.gone = True
    campaign.audience_.declare(**campaign.place_.file, sync={**campaign.place_.sync, "fields": {"Title": "title"}})
    with pytest.raises(ConfigurationError, match=r"has no fields here.*; .*Salesforce has no campaign 701"):
        campaign.once()
