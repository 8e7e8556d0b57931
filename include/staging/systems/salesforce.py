"""Salesforce objects: accounts, contacts, leads, and what is sold to them. Contracts have a module of their own."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.staged import (
    ACCOUNT,
    ASSET,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    CONTRACT,
    CONVERSATION,
    DEPARTURE,
    LEAD_STEP,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    OPPORTUNITY_STAGE,
    PERSON_RECORD,
)
from include.staging import values
from include.staging.currencies import worth_of
from include.staging.desk import Desk, Staged, shaped
from include.staging.faults import Rule
from include.staging.people import all_usable, person
from include.staging.row_rules import (
    day_rules,
    flag_rules,
    is_deleted,
    key_rules,
    moment_rules,
    number_rules,
    presence_rules,
)
from include.staging.systems.salesforce_contracts import contracts
from include.staging.systems.salesforce_history import conversations, departures, opportunity_stages
from include.staging.systems.salesforce_leads import lead_steps, told_steps


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Salesforce export gives to the staged tables."""
    yield from desk.each(
        ("contact", PERSON_RECORD, _contacts),
        ("lead", PERSON_RECORD, _leads),
        ("lead", LEAD_STEP, lead_steps),
        ("lead_history", LEAD_STEP, told_steps),
        ("account", ACCOUNT, _accounts),
        ("contract", CONTRACT, contracts),
        ("asset", ASSET, _assets),
        ("opportunity", OPPORTUNITY, _opportunities),
        ("opportunity_contact_role", OPPORTUNITY_CONTACT_ROLE, _roles),
        ("campaign", CAMPAIGN, _campaigns),
        ("campaign_member", CAMPAIGN_MEMBER, _members),
        ("contact_history", DEPARTURE, departures),
        ("opportunity_history", OPPORTUNITY_STAGE, opportunity_stages),
        ("task", CONVERSATION, conversations),
    )


def _times(desk: Desk, rows: ir.Table, name: str) -> dict[str, ir.Value]:
    return {
        "created_at": desk.moment(rows, "CreatedDate", name),
        "updated_at": desk.moment(rows, "SystemModstamp", name),
    }


def _contacts(desk: Desk) -> ir.Table:
    raw = desk.raw("contact")
    t = raw.rows
    rules = (
        *key_rules(t, "Id"),
        *flag_rules(t, "IsDeleted"),
        *moment_rules(t, desk.zone, "CreatedDate", "SystemModstamp"),
    )
    rows = desk.good(raw, "contact", rules)
    says = {
        "first_name": rows.FirstName, "last_name": rows.LastName, "email": rows.Email,
        "phone": all_usable(desk, "phone", rows.MobilePhone, rows.Phone), "title": rows.Title,
        "street": rows.MailingStreet,
        "city": rows.MailingCity, "region": rows.MailingState, "postcode": rows.MailingPostalCode,
        "country": rows.MailingCountry,
    }  # fmt: skip
    knows = {
        "birth_date": values.day(rows.Birthdate),
        "crm_id": ibis.coalesce(rows.MasterRecordId, rows.Id),
        "merged_into": desk.key("contact", rows.MasterRecordId),
        "account_id": desk.key("account", rows.AccountId),
        "is_deleted": is_deleted(rows),
        **_times(desk, rows, "contact"),
    }
    contacts = person(desk, rows, "contact", rows.Id, says=says, knows=knows)
    return _employed(contacts, _account_names(desk))


def _employed(contacts: ir.Table, names: ir.Table) -> ir.Table:
    """Contacts name no employer; their account does."""
    joined = contacts.drop("company", "company_received").left_join(names, contacts.account_id == names._account)
    return joined.select(*PERSON_RECORD.names)


def _account_names(desk: Desk) -> ir.Table:
    rows = desk.raw("account").rows
    return rows.filter(rows.Id.notnull()).select(
        _account=desk.key("account", rows.Id),
        company=values.text(rows.Name, desk.staging.placeholders.text),
        company_received=values.received(rows.Name),
    )


def _leads(desk: Desk) -> ir.Table:
    raw = desk.raw("lead")
    t = raw.rows
    rules = (
        *key_rules(t, "Id"),
        *flag_rules(t, "IsDeleted"),
        *moment_rules(t, desk.zone, "CreatedDate", "SystemModstamp"),
    )
    rows = desk.good(raw, "lead", rules)
    says = {
        "first_name": rows.FirstName, "last_name": rows.LastName, "email": rows.Email,
        "phone": all_usable(desk, "phone", rows.MobilePhone, rows.Phone), "company": rows.Company,
        "title": rows.Title,
        "street": rows.Street, "city": rows.City, "region": rows.State, "postcode": rows.PostalCode,
        "country": rows.Country,
    }  # fmt: skip
    knows = {
        "crm_id": ibis.coalesce(rows.ConvertedContactId, rows.MasterRecordId, rows.Id),
        "merged_into": desk.key("lead", rows.MasterRecordId),
        "account_id": desk.key("account", rows.ConvertedAccountId),
        "is_deleted": is_deleted(rows),
        **_times(desk, rows, "lead"),
    }
    return person(desk, rows, "lead", rows.Id, says=says, knows=knows)


def _accounts(desk: Desk) -> ir.Table:
    raw = desk.raw("account")
    t = raw.rows
    rules = (
        *key_rules(t, "Id"), *flag_rules(t, "IsDeleted"), *moment_rules(t, desk.zone, "CreatedDate", "SystemModstamp"),
    )  # fmt: skip
    rows = desk.good(raw, "account", rules)
    blanks = desk.staging.placeholders.text
    employees = values.whole(rows.NumberOfEmployees)
    found = {
        "account_id": desk.key("account", rows.Id), "source": ibis.literal(desk.source),
        "part": ibis.literal(desk.system.part.value),
        "object": ibis.literal("account"), "source_key": rows.Id, "name": values.text(rows.Name, blanks),
        "domain": values.domain(rows.Website), "parent_id": desk.key("account", rows.ParentId), "crm_id": rows.Id,
        "type": values.text(rows.Type, blanks), "industry": values.text(rows.Industry, blanks),
        "employees": ibis.ifelse(employees >= 0, employees, ibis.null("int64")),
        "annual_revenue": values.number(rows.AnnualRevenue), "country": values.text(rows.BillingCountry, blanks),
        "owner_id": rows.OwnerId, "is_deleted": is_deleted(rows), **_times(desk, rows, "account"),
        **desk.provenance(rows),
    }  # fmt: skip
    return shaped(ACCOUNT, found, rows)


def _assets(desk: Desk) -> ir.Table:
    raw = desk.raw("asset")
    t = raw.rows
    rules = (
        *key_rules(t, "Id"), *presence_rules(t, "AccountId"), *number_rules(t, "Quantity"),
        *day_rules(t, "InstallDate", "UsageEndDate"),
    )  # fmt: skip
    rows = desk.good(raw, "asset", rules, gone=is_deleted)
    blanks = desk.staging.placeholders.text
    seats = values.number(rows.Quantity).floor()
    found = {
        "asset_id": desk.key("asset", rows.Id), "account_id": desk.key("account", rows.AccountId),
        "product": values.text(rows.Name, blanks), "seats": ibis.ifelse(seats >= 0, seats, ibis.null("int64")),
        "status": values.text(rows.Status, blanks), "installed_on": values.day(rows.InstallDate),
        "ends_on": values.day(rows.UsageEndDate), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(ASSET, found, rows)


def _opportunities(desk: Desk) -> ir.Table:
    raw = desk.raw("opportunity")
    t = raw.rows
    rules = (
        *key_rules(t, "Id"), *presence_rules(t, "StageName"), *flag_rules(t, "IsClosed", "IsWon"),
        *number_rules(t, "Amount"), *day_rules(t, "CloseDate"), *moment_rules(t, desk.zone, "CreatedDate"),
    )  # fmt: skip
    rows = desk.good(raw, "opportunity", rules, gone=is_deleted)
    blanks = desk.staging.placeholders.text
    stage = values.folded(rows.StageName)
    currency = values.folded(rows.CurrencyIsoCode).upper()
    worth = worth_of(currency, desk.settings.currencies)
    won = ibis.coalesce(values.flag(rows.IsWon), stage.lower() == "closed won")
    found = {
        "opportunity_id": desk.key("opportunity", rows.Id), "account_id": desk.key("account", rows.AccountId),
        "name": values.text(rows.Name, blanks), "type": values.text(rows.Type, blanks), "stage": stage,
        "amount": values.number(rows.Amount) * worth.fill_null(1.0), "is_won": won,
        "is_closed": won | ibis.coalesce(values.flag(rows.IsClosed), stage.lower().startswith("closed")),
        "close_date": values.day(rows.CloseDate), "campaign_id": desk.key("campaign", rows.CampaignId),
        "loss_reason": values.text(rows.Loss_Reason__c, blanks),
        "currency": ibis.ifelse(worth.isnull(), currency, ibis.null("string")), "owner_id": rows.OwnerId,
        "created_at": desk.moment(rows, "CreatedDate", "opportunity"), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(OPPORTUNITY, found, rows)


def _roles(desk: Desk) -> ir.Table:
    raw = desk.raw("opportunity_contact_role")
    t = raw.rows
    rules = (*key_rules(t, "Id"), *presence_rules(t, "OpportunityId", "ContactId"), *flag_rules(t, "IsPrimary"))
    rows = desk.good(raw, "opportunity_contact_role", rules, gone=is_deleted)
    found = {
        "role_id": desk.key("opportunity_contact_role", rows.Id),
        "opportunity_id": desk.key("opportunity", rows.OpportunityId),
        "record_id": desk.key("contact", rows.ContactId),
        "role": values.text(rows.Role, desk.staging.placeholders.text),
        "is_primary": values.flag(rows.IsPrimary).fill_null(False),
        **desk.provenance(rows),
    }
    return shaped(OPPORTUNITY_CONTACT_ROLE, found, rows)


def _campaigns(desk: Desk) -> ir.Table:
    raw = desk.raw("campaign")
    t = raw.rows
    rows = desk.good(raw, "campaign", (*key_rules(t, "Id"), *day_rules(t, "StartDate", "EndDate")), gone=is_deleted)
    blanks = desk.staging.placeholders.text
    found = {
        "campaign_id": desk.key("campaign", rows.Id), "name": values.text(rows.Name, blanks),
        "type": values.text(rows.Type, blanks), "status": values.text(rows.Status, blanks),
        "start_date": values.day(rows.StartDate), "end_date": values.day(rows.EndDate), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(CAMPAIGN, found, rows)


def _members(desk: Desk) -> ir.Table:
    raw = desk.raw("campaign_member")
    t = raw.rows
    nobody = t.ContactId.isnull() & t.LeadId.isnull()
    rules = (
        *key_rules(t, "Id"), *presence_rules(t, "CampaignId"),
        Rule("missing_value", "ContactId", nobody, "Neither ContactId nor LeadId says who the member is."),
        *flag_rules(t, "HasResponded"), *day_rules(t, "FirstRespondedDate"), *moment_rules(t, desk.zone, "CreatedDate"),
    )  # fmt: skip
    rows = desk.good(raw, "campaign_member", rules, gone=is_deleted)
    found = {
        "member_id": desk.key("campaign_member", rows.Id), "campaign_id": desk.key("campaign", rows.CampaignId),
        "record_id": ibis.coalesce(desk.key("contact", rows.ContactId), desk.key("lead", rows.LeadId)),
        "status": values.text(rows.Status, desk.staging.placeholders.text),
        "has_responded": values.flag(rows.HasResponded).fill_null(False),
        "first_responded_on": values.day(rows.FirstRespondedDate),
        "created_at": desk.moment(rows, "CreatedDate", "campaign_member"), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(CAMPAIGN_MEMBER, found, rows)
