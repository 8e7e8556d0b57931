"""How a measure is declared: its column, its family, and where its values come from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from include.contracts.tables import Column

NPS_CLASSES = ("promoter", "passive", "detractor", "unknown")
USAGE_TIERS = ("power", "regular", "low", "inactive", "none")
RENEWAL_BUCKETS = ("overdue", "0-30", "31-60", "61-90", "91-120", "later", "none")
CONTRACT_STATES = ("not_begun", "in_force", "overdue", "ended")
LIVE = ("in_force", "overdue")
FREQUENCY_BUCKETS = ("unsubscribed", "saturated", "on_target", "undersaturated", "insufficient_data")
RISKS = ("unhappy", "declining", "unused", "silent")
SENIORITIES = ("executive", "director", "manager", "staff", "unknown")
JOB_FUNCTIONS = ("marketing", "sales", "engineering", "finance", "operations", "product", "people", "other", "unknown")

BAIN = "Net Promoter System: 0-6 detractor, 7-8 passive, 9-10 promoter"
USAGE = "Breadth, depth and frequency of core actions; thresholds in measures.yaml"
RENEWAL = "Contract terms in the CRM; half-open buckets on the logical date"
ENGAGEMENT = "Human email activity by staging's machine rules"
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "nps_response": "answers to surveys",
        "usage_event": "use of the product",
        "contract": "contracts",
        "email_activity": "email activity",
        "opportunity": "opportunities",
        "campaign_member": "campaign memberships",
        "conversation": "conversations",
        "asset": "products bought",
    }
)
"""Staged tables that measures and events rest on, in words. Where no source feeds one, they are unknown."""

GIVERS: Mapping[str, str] = MappingProxyType(
    {
        "nps_response": "Typeform, SurveyMonkey, Qualtrics or Delighted",
        "usage_event": "Segment, Mixpanel, Amplitude or a table of the product's database",
        "contract": "A spreadsheet of contracts, Stripe or Salesforce",
        "email_activity": "Account Engagement, Mailchimp, Marketing Cloud or HubSpot",
        "opportunity": "Deals of HubSpot or opportunities of Salesforce",
        "campaign_member": "Salesforce",
        "conversation": "Tasks of Salesforce",
        "asset": "Salesforce",
    }
)
"""What gives each of SOURCES; any other table does by a mapping."""

RISK = "One definition for accounts, their contracts and segments; thresholds in measures.yaml"
RELATION = "The golden record (profile, account)"


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of customer_360 or account_360: what it means, and where its values come from.

    ``record`` and ``dated`` name the columns that hold the source row behind the value and that row's date.
    ``default`` is the value of somebody without any source row. ``history`` keeps every change of it. ``beside`` names
    measures without which the value may be misread; an explanation shows them with it. ``until`` names the column that
    holds the day from which spans of a date are counted back, where that is not the logical date. ``needs`` names the
    staged tables that it rests on, of SOURCES: where no source feeds any it is null for everybody, never a zero.
    One whose column is ``personal`` is masked in explanations, previews and evidence, and kept out of histories, traits
    and lists of values. ``spelled`` returns how a value that somebody writes is spelled, and raises
    ValueError for what can be none.
    """

    column: Column
    family: str
    source: str
    unit: str = ""
    window: str = ""
    record: str = ""
    dated: str = ""
    default: str | int | bool | None = None
    history: bool = False
    uses_opens: bool = False
    beside: tuple[str, ...] = ()
    until: str = ""
    needs: tuple[str, ...] = ()
    spelled: Callable[[str], str] | None = None

    def __post_init__(self) -> None:
        if self.column.personal and self.history:
            raise ValueError(f"{self.name} is personal; no history keeps it")
        if self.needs:
            object.__setattr__(self, "column", replace(self.column, required=False))

    def is_known(self, fed: Collection[str]) -> bool:
        """Tell whether sources that feed these staged tables tell anything of it."""
        return not self.needs or any(table in fed for table in self.needs)

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.column.name


NPS_ROW = {"record": "nps_response_id", "dated": "nps_on"}
USAGE_ROW = {"record": "usage_record_id", "dated": "usage_last_on"}
CONTRACT_ROW = {"record": "renewal_contract_id", "dated": "contract_start_on"}
EMAIL_ROW = {"record": "engagement_record_id", "dated": "engagement_last_on"}


def nps(column: Column, unit: str = "", beside: tuple[str, ...] = (), **more: object) -> Measure:
    """A measure of the family nps on a person's latest valid response."""
    window, beside = "latest response of the last nps.window_days", (*beside, "nps_through")
    more = {"needs": ("nps_response",), **NPS_ROW, **more}
    return Measure(column, "nps", BAIN, unit, window, beside=beside, **more)  # type: ignore[arg-type]


def usage(column: Column, unit: str = "", window: str = "", beside: tuple[str, ...] = (), **more: object) -> Measure:
    """A measure of the family usage; one over a window is shown with the day on which the window ends."""
    beside = (*beside, "usage_through") if window else beside
    more = {"needs": ("usage_event",), **USAGE_ROW, **more}
    return Measure(column, "usage", USAGE, unit, window, beside=beside, **more)  # type: ignore[arg-type]


def renewal(column: Column, unit: str = "", **more: object) -> Measure:
    """A measure of the family renewal, of the account's contracts."""
    beside = ("contracts_through",)
    more = {"needs": ("contract",), **CONTRACT_ROW, **more}
    return Measure(column, "renewal", RENEWAL, unit, "on the logical date", beside=beside, **more)  # type: ignore[arg-type]


def engagement(
    column: Column, unit: str = "", window: str = "", beside: tuple[str, ...] = (), **more: object
) -> Measure:
    """A measure of the family engagement, of all the person's addresses; one of opens is shown with what is unknown."""
    beside = (*beside, *(("email_unknown_28",) if more.get("uses_opens") else ()), "email_through")
    more = {"needs": ("email_activity",), **EMAIL_ROW, **more}
    return Measure(column, "engagement", ENGAGEMENT, unit, window, beside=beside, **more)  # type: ignore[arg-type]


def risk(column: Column, **more: object) -> Measure:
    """A measure of the family risk, which other families decide; of accounts with a contract."""
    return Measure(column, "risk", RISK, **{"needs": ("contract",), **more})  # type: ignore[arg-type]


def relation(column: Column, unit: str = "", window: str = "", **more: object) -> Measure:
    """A measure of the family relation: who the person or company is."""
    return Measure(column, "relation", RELATION, unit, window, **more)  # type: ignore[arg-type]
