"""How often each flaw of real exports occurs in the sample's: declared once, here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeopleRates:
    """Shares of the people (0 to 1) for whom something is true in life."""

    nickname_user: float = 0.35  # goes by a short name in some systems, where the name has one
    surname_change: float = 0.04
    job_change: float = 0.12
    family: float = 0.04  # shares surname, address and phone with another
    family_mailbox: float = 0.25  # of families: one private mailbox for both
    same_named_colleague: float = 0.004
    private_address: float = 0.70
    opted_out: float = 0.05
    bounced: float = 0.02


@dataclass(frozen=True, slots=True)
class RecordRates:
    """Shares of the records (0 to 1) that carry each flaw, where it can apply."""

    stale: float = 0.45  # the old employer's record of somebody who changed jobs
    maiden: float = 0.50  # the former surname of somebody who changed it
    private_email: float = 0.12  # instead of the work address
    plus_tag: float = 0.02
    gmail_dots: float = 0.30  # of Gmail addresses
    nickname: float = 0.50  # of people who go by one
    initial: float = 0.03
    typo_first: float = 0.02
    typo_last: float = 0.02
    typo_email: float = 0.01
    swapped: float = 0.01
    full_in_one: float = 0.02
    ascii: float = 0.25  # diacritics dropped, or another script spelled in Latin letters
    upper: float = 0.02
    lower: float = 0.02
    whitespace: float = 0.02
    role_mailbox: float = 0.015
    placeholder: float = 0.01
    missing_first: float = 0.03
    missing_email: float = 0.05
    missing_phone: float = 0.30
    missing_organization: float = 0.06
    organization_variant: float = 0.20


@dataclass(frozen=True, slots=True)
class SourceRates:
    """How people spread over the sources, and what goes wrong with whole rows."""

    contact: float = 0.68
    contact_twice: float = 0.05
    lead: float = 0.42
    lead_twice: float = 0.04
    prospect: float = 0.92
    prospect_twice: float = 0.06
    user: float = 0.53
    user_twice: float = 0.05
    respondent: float = 0.30
    respondent_twice: float = 0.06
    deleted: float = 0.015
    merged: float = 0.15  # of a person's further records: deleted, and pointing to the first
    invalid: float = 0.002
    crm_link: float = 0.33  # prospects that know their contact's or lead's id
    account_twice: float = 0.02
    redelivered: float = 0.002  # usage calls sent twice with one messageId
    before_account: float = 0.01  # users whose first events are older than their account
    scanner_company: float = 0.15
    apple_privacy: float = 0.35
    overlapping_contract: float = 0.06


@dataclass(frozen=True, slots=True)
class Rates:
    """All rates of the sample."""

    people: PeopleRates = PeopleRates()
    record: RecordRates = RecordRates()
    source: SourceRates = SourceRates()


RATES = Rates()
