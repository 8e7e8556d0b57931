"""Measures of where a person can be reached, who knows the person, and the campaigns that the person is in."""

from __future__ import annotations

from include.contracts.measures.declaration import Measure
from include.contracts.tables import Column, boolean, count, date, text
from include.contracts.time_zones import spelled
from include.contracts.vocabulary import CONSENT_STATUSES

CONTACT = "Contact points of the golden record; human email activity by staging's machine rules"
UNTIL = {"until": "email_through"}
CAMPAIGN = "Campaign memberships in the CRM, over all the person's records"


def _contact(column: Column, unit: str = "", window: str = "", **more: object) -> Measure:
    return Measure(column, "contact", CONTACT, unit, window, **more)  # type: ignore[arg-type]


def _mailed(column: Column, unit: str = "", window: str = "", **more: object) -> Measure:
    return _contact(column, unit, window, needs=("email_activity",), **more)


def _campaign(column: Column, unit: str = "", **more: object) -> Measure:
    row = {"record": "campaign_member_id", "dated": "campaign_last_on", "needs": ("campaign_member",)}
    return Measure(column, "campaign", CAMPAIGN, unit, "all time", **row, **more)  # type: ignore[arg-type]


CONTACT_MEASURES: tuple[Measure, ...] = (
    _contact(text("email_domain", "Domain of the best address")),
    _contact(boolean("email_is_private", "That domain is a mail provider's (contact.private_domains), no company's")),
    _contact(boolean("has_phone", "There is a number to call", required=True), default=False),
    _contact(text("phone_consent", "Strictest consent to marketing calls", allowed=CONSENT_STATUSES)),
    _contact(text("first_name", "Given name", personal=True)),
    _contact(text("last_name", "Family name", personal=True)),
    _contact(text("city", "City")),
    _contact(text("region", "State or province")),
    _contact(text("time_zone", "Time zone, by its IANA name"), spelled=spelled),
    _contact(text("source_names", "Sources that know the person, by name, with commas between")),
    _contact(count("identity_sources", "How many they are"), "sources"),
    _mailed(count("email_sent", "Emails sent, over all the person's addresses"), "emails", "all time", default=0),
    _mailed(count("email_opens", "Opens by the person"), "opens", "all time", default=0, uses_opens=True),
    _mailed(count("email_clicks", "Clicks by the person"), "clicks", "all time", default=0),
    _mailed(date("email_sent_on", "Day of the last email sent"), window="all time", **UNTIL),
    _mailed(date("email_opened_on", "Day of the last open by them"), window="all time", uses_opens=True, **UNTIL),
    _mailed(date("email_clicked_on", "Day of the last click by the person"), window="all time", **UNTIL),
    _mailed(
        date("email_engaged_on", "Day of the last open or click by the person"),
        window="all time",
        uses_opens=True,
        **UNTIL,
    ),
)

CAMPAIGN_MEASURES: tuple[Measure, ...] = (
    _campaign(count("campaigns", "Campaigns that the person is in"), "campaigns", default=0),
    _campaign(count("campaign_responses", "Of these, those that the person responded to"), "campaigns", default=0),
    _campaign(text("campaign_last", "Name of the campaign that the person came into last")),
    _campaign(text("campaign_last_status", "Status in it, as the CRM names it")),
    _campaign(date("campaign_last_on", "Day the person came into it")),
    _campaign(date("campaign_responded_on", "Day of the latest response to any")),
    _campaign(text("campaign_member_id", "The membership (staged/campaign_member)")),
)
