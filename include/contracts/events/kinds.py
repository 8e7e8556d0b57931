"""The kinds of event that every company has, by the staged table that tells of them."""

from __future__ import annotations

from collections.abc import Mapping

from include.contracts.events.declaration import EventKind
from include.contracts.tables import Column, integer, number, text

_MAIL = (
    text("mailing", "Number of the list mail that it belongs to"),
    text("name", "Name of the mail, link or form, as the export has it"),
)
_CAMPAIGN = (
    text("campaign", "Name of the campaign"),
    text("type", "Type of the campaign, as the CRM names it"),
    text("status", "Status of the person in it, as the CRM names it"),
)
_OPPORTUNITY = (
    text("type", "Type, as the CRM names it"),
    text("stage", "Stage, as the CRM names it"),
    number("amount", "Amount, in its currency"),
    text("currency", "ISO code of the amount's currency; none where it is the company's"),
)

MAIL: Mapping[str, EventKind] = {
    kind: EventKind(name, description, "email_activity", _MAIL)
    for kind, name, description in (
        ("sent", "Email Sent", "A mail was sent to the person"),
        (
            "open",
            "Email Opened",
            "The person opened a mail; a machine does not count, who cannot be judged is unknown",
        ),
        ("click", "Email Clicked", "The person followed a link of a mail, likewise"),
        ("reply", "Email Replied", "The person answered a mail"),
        ("form", "Form Submitted", "The person sent a form"),
        ("unsubscribe", "Email Unsubscribed", "The person unsubscribed"),
        ("resubscribe", "Email Resubscribed", "The person subscribed again"),
        ("bounce", "Email Bounced", "A mail came back"),
        ("complaint", "Email Complained", "The person marked a mail as spam"),
    )
}
"""By the kind of a staged email activity."""


def _kind(name: str, description: str, table: str, *properties: Column) -> EventKind:
    return EventKind(name, description, table, properties)


SURVEY_ANSWERED = _kind(
    "Survey Answered",
    "The person answered an NPS survey",
    "nps_response",
    integer("score", "Likelihood to recommend, 0 to 10"),
)
CAMPAIGN_JOINED = _kind("Campaign Joined", "The person came into a campaign", "campaign_member", *_CAMPAIGN)
CAMPAIGN_RESPONDED = _kind(
    "Campaign Responded", "The person responded to a campaign, first", "campaign_member", *_CAMPAIGN
)
CONVERSATION_HELD = _kind(
    "Conversation Held",
    "Somebody of the company spoke with the person, as the CRM notes it",
    "conversation",
    text("kind", "How: chat, call, mail, meeting, other"),
)
OPPORTUNITY_CREATED = _kind(
    "Opportunity Created", "An opportunity with the company was opened", "opportunity", *_OPPORTUNITY
)
OPPORTUNITY_WON = _kind("Opportunity Won", "One was closed and won", "opportunity", *_OPPORTUNITY)
OPPORTUNITY_LOST = _kind("Opportunity Lost", "One was closed and not won", "opportunity", *_OPPORTUNITY)
CONTRACT_BEGUN = _kind(
    "Contract Begun", "A contract of the company began", "contract",
    text("contract_type", "How it ends or renews"), number("annual_value", "Value a year, in the company's currency"),
)  # fmt: skip
PRODUCT_DELIVERED = _kind(
    "Product Delivered", "A product that the company bought was installed", "asset",
    text("product", "Name of the product"), integer("seats", "Quantity bought"),
)  # fmt: skip

KINDS: tuple[EventKind, ...] = (
    *MAIL.values(), SURVEY_ANSWERED, CAMPAIGN_JOINED, CAMPAIGN_RESPONDED, CONVERSATION_HELD, OPPORTUNITY_CREATED,
    OPPORTUNITY_WON, OPPORTUNITY_LOST, CONTRACT_BEGUN, PRODUCT_DELIVERED,
)  # fmt: skip
