"""Salesforce's accounts, contacts and leads."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.exports import salesforce
from include.samples.companies import INDUSTRIES, STANDINGS
from include.samples.figures import Leads
from include.samples.flaws import Mask, choose, join, numbered, picked
from include.samples.geography import place, written
from include.samples.names import Floats, Int
from include.samples.people import DEPARTMENTS
from include.samples.roster import Roll
from include.samples.sightings import Sightings
from include.samples.world import DAY, World, lived, rarely, spoiled
from include.samples.writing import CsvFile, dates, flags, money, salesforce_ids, stamps

Columns = dict[str, pa.Array | str | None]
SOURCES = ("Web", "Event", "Partner Referral", "Purchased List", "Word of mouth", "Phone Inquiry", "Other")
IMPOSSIBLE_STAMPS = ("2025-02-30T10:00:00.000Z", "0000-00-00T00:00:00.000Z", "2026-13-01T08:00:00.000Z")
_OWNERS = 25


@dataclass(frozen=True, slots=True)
class Accounts:
    """Which rows of Account.csv are whose: the company of each row, and each company's row (-1 for none)."""

    company: Int
    row: Int
    twin: Int  # the row of a company's second account, else -1


def write_crm_people(world: World) -> tuple[Accounts, Leads]:
    """Write Account.csv, Contact.csv and Lead.csv; returns what became of leads in truth as well."""
    accounts = _accounts(world)
    _write_accounts(world, accounts)
    _write_contacts(world, accounts)
    return accounts, _write_leads(world, accounts)


def audit(created: Int, modified: Int) -> dict[str, pa.Array]:
    """The columns that tell when a row was created and changed."""
    changed = stamps(modified)
    return {"CreatedDate": stamps(created), "LastModifiedDate": changed, "SystemModstamp": changed}


def owners(count: int, rng: np.random.Generator) -> pa.Array:
    """Ids of the company's own people."""
    return salesforce_ids("005", rng.integers(_OWNERS, size=count))


def _accounts(world: World) -> Accounts:
    rng, companies = world.chance("accounts"), world.companies
    known = np.flatnonzero((companies.standing == 0) | (rng.random(len(companies)) < 0.8))
    twins = known[rng.random(len(known)) < world.rates.source.account_twice]
    company = rng.permutation(np.concatenate([known, twins]))
    row, twin = np.full(len(companies), -1), np.full(len(companies), -1)
    row[company] = np.arange(len(company))
    again = np.flatnonzero(row[company] != np.arange(len(company)))
    twin[company[again]] = again
    return Accounts(company, row, twin)


def _write_accounts(world: World, accounts: Accounts) -> None:
    with CsvFile(world.out / "exports" / salesforce.ACCOUNT.path, salesforce.ACCOUNT.names) as file:
        file.write(_account_columns(world, accounts, world.chance("account rows")))


def _account_columns(world: World, accounts: Accounts, rng: np.random.Generator) -> Columns:
    companies, rows = world.companies, accounts.company
    count, take = len(rows), pa.array(accounts.company)
    twin = accounts.row[rows] != np.arange(count)
    name, brand = companies.name.take(take), companies.brand.take(take)
    created = (companies.created[rows] * DAY + rng.integers(0, int(DAY), count)).astype(np.int64)
    modified = (created + rng.random(count) * (world.today - created)).astype(np.int64)
    city, state, country = place(companies.country[rows], companies.city[rows])
    site = join(picked(["https://www.", "www.", ""], rng.integers(3, size=count)), companies.domain.take(take))
    parent = np.where(rng.random(count) < 0.05, rng.integers(50, size=count), -1)
    return {
        "Id": salesforce_ids("001", np.arange(count)),
        "IsDeleted": flags(twin & (rng.random(count) < 0.15)),
        "MasterRecordId": None,
        "Name": choose(twin, pc.utf8_upper(brand), name),
        "Type": picked(STANDINGS, companies.standing[rows]),
        "BillingStreet": join(numbered(rng.integers(1, 200, count)), " ", brand, " Street"),
        "BillingCity": city,
        "BillingState": state,
        "BillingPostalCode": numbered(rng.integers(1000, 99999, count), 5),
        "BillingCountry": country,
        "Phone": written(companies.phone.take(take), companies.country[rows], rng.integers(8, size=count)),
        "Website": choose(rng.random(count) < 0.12, None, site),
        "Industry": picked(INDUSTRIES, companies.industry[rows]),
        "AnnualRevenue": money(companies.employees[rows] * rng.uniform(6e4, 3e5, count).round(-3)),
        "NumberOfEmployees": numbered(companies.employees[rows]),
        "ParentId": salesforce_ids("001", parent),
        "AccountSource": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
        "OwnerId": owners(count, rng),
        **audit(created, modified),
    }


def _write_contacts(world: World, accounts: Accounts) -> None:
    roll = world.roster.contact
    with CsvFile(world.out / "exports" / salesforce.CONTACT.path, salesforce.CONTACT.names) as file:
        for number, rows in roll.chunks():
            seen, rng = world.sight("contact", roll, number, rows)
            ids = salesforce_ids("003", np.arange(rows.start, rows.stop))
            deleted, invalid = _fate(world, seen, roll.second[rows], rng)
            file.write({
                "Id": ids,
                "IsDeleted": flags(deleted),
                "MasterRecordId": _merged_into("003", roll, rows, deleted, len(world.people)),
                "AccountId": salesforce_ids("001", _account_rows(accounts, seen, rng)),
                **_person(world, seen, rng),
                **_contact_columns(world, seen, invalid, rng),
            })  # fmt: skip
            world.confess("crm.contact", ids, seen)


def _contact_columns(world: World, seen: Sightings, invalid: Mask, rng: np.random.Generator) -> Columns:
    """The columns that only contacts have; invalid ones were created on impossible days."""
    count, people, who = len(seen.who), world.people, pa.array(seen.who)
    created, modified = lived(world, count, rng)
    bounced = people.bounced[seen.who] & (rng.random(count) < 0.8)
    city, state, country = place(people.country[seen.who], people.city[seen.who])
    address = rng.random(count) < 0.55
    times = audit(created, modified)
    return {
        "Salutation": picked([None, "Mr.", "Ms.", "Dr.", None], rng.integers(5, size=count)),
        "Department": picked([*DEPARTMENTS, None, None], rng.integers(len(DEPARTMENTS) + 2, size=count)),
        "Birthdate": choose(rng.random(count) < 0.12, dates(people.born[seen.who]), None),
        "MailingStreet": choose(address, people.street.take(who), None),
        "MailingCity": choose(address, city, None),
        "MailingState": choose(address, state, None),
        "MailingPostalCode": choose(address, people.postcode.take(who), None),
        "MailingCountry": choose(rng.random(count) < 0.85, country, None),
        "EmailBouncedReason": choose(bounced, "550 5.1.1 user unknown", None),
        "EmailBouncedDate": stamps(np.where(bounced, modified, -1)),
        "LastActivityDate": stamps(np.where(rng.random(count) < 0.6, modified, -1), "date"),
        **times,
        "CreatedDate": spoiled(invalid, times["CreatedDate"], IMPOSSIBLE_STAMPS, rng),
    }


def _write_leads(world: World, accounts: Accounts) -> Leads:
    parts: list[Leads] = []
    roll, contact_row = world.roster.lead, world.roster.contact.first_row(len(world.people))
    with CsvFile(world.out / "exports" / salesforce.LEAD.path, salesforce.LEAD.names) as file:
        for number, rows in roll.chunks():
            seen, rng = world.sight("lead", roll, number, rows)
            ids = salesforce_ids("00Q", np.arange(rows.start, rows.stop))
            deleted, invalid = _fate(world, seen, roll.second[rows], rng)
            account = _account_rows(accounts, seen, rng)
            told = {**_person(world, seen, rng), **_lead_columns(world, seen, rng)}
            career, qualified = _career(world, seen, (account, contact_row[seen.who]), invalid, rng)
            parts.append(qualified)
            file.write({
                "Id": ids,
                "IsDeleted": flags(deleted),
                "MasterRecordId": _merged_into("00Q", roll, rows, deleted, len(world.people)),
                **told,
                **career,
            })  # fmt: skip
            world.confess("crm.lead", ids, seen)
    return Leads(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Leads)))


def _lead_columns(world: World, seen: Sightings, rng: np.random.Generator) -> Columns:
    """Employer and address, often left out."""
    count, people, who = len(seen.who), world.people, pa.array(seen.who)
    city, state, country = place(people.country[seen.who], people.city[seen.who])
    known = rng.random(count)
    return {
        "Company": seen.organization,
        "Street": choose(known < 0.3, people.street.take(who), None),
        "City": choose(known < 0.5, city, None),
        "State": choose(known < 0.5, state, None),
        "PostalCode": choose(known < 0.4, people.postcode.take(who), None),
        "Country": choose(known < 0.8, country, None),
        "Website": choose(rng.random(count) < 0.4, world.companies.domain.take(pa.array(seen.company)), None),
        "Industry": picked(INDUSTRIES, world.companies.industry[seen.company]),
        "Rating": picked(["Hot", "Warm", "Cold", None], rng.integers(4, size=count)),
    }


def _career(
    world: World, seen: Sightings, became: tuple[Int, Int], invalid: Mask, rng: np.random.Generator
) -> tuple[Columns, Leads]:
    """What has become of leads; ``became`` holds the account and the contact row of each person, -1 for none."""
    count, (account, contact) = len(seen.who), became
    created, modified = lived(world, count, rng, 300.0)
    converted = (contact >= 0) & (rng.random(count) < 0.5)
    status = np.where(converted, 2, rng.choice((0, 1, 3), size=count, p=(0.4, 0.35, 0.25)))
    state = spoiled(invalid, picked(STATUSES, status), ("Reheated", "???"), rng)
    moments = _funnel(created, modified, status, world.people.interest[seen.who], rng)
    columns: Columns = {
        "Status": state,
        "IsConverted": flags(converted),
        "ConvertedDate": stamps(np.where(converted, modified, -1), "date"),
        "ConvertedAccountId": salesforce_ids("001", np.where(converted, account, -1)),
        "ConvertedContactId": salesforce_ids("003", np.where(converted, contact, -1)),
        "ConvertedOpportunityId": None,
        **{name: stamps(moment, "date") for name, moment in moments.items()},
        **audit(created, modified),
    }
    return columns, Leads(seen.who, status, created, modified, *moments.values())


def _person(world: World, seen: Sightings, rng: np.random.Generator) -> Columns:
    """The columns that contacts and leads share."""
    count = len(seen.who)
    out = world.people.opted_out[seen.who] & (rng.random(count) < 0.7)
    return {
        "FirstName": seen.first,
        "LastName": seen.last,
        "Email": seen.email,
        "Phone": seen.phone,
        "MobilePhone": seen.mobile,
        "Title": seen.title,
        "LeadSource": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
        "HasOptedOutOfEmail": flags(out),
        "DoNotCall": flags(rng.random(count) < 0.02),
        "OwnerId": owners(count, rng),
    }


def _account_rows(accounts: Accounts, seen: Sightings, rng: np.random.Generator) -> Int:
    """The account row of each record's employer; some sit at the company's second account."""
    first, twin = accounts.row[seen.company], accounts.twin[seen.company]
    return np.where((twin >= 0) & (rng.random(len(seen.who)) < 0.3), twin, first)


def _fate(world: World, seen: Sightings, second: Mask, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Which records are deleted and which are invalid, marked as such."""
    count, rates = len(seen.who), world.rates.source
    deleted = rng.random(count) < np.where(second, rates.merged, rates.deleted)
    invalid = rarely(rates.invalid, count, rng)
    seen.marks.add("deleted", deleted)
    seen.marks.add("invalid", invalid)
    return deleted, invalid


def _merged_into(prefix: str, roll: Roll, rows: slice, deleted: Mask, count: int) -> pa.Array:
    """For deleted second records, the id of the person's first."""
    first = roll.first_row(count)[roll.who[rows]]
    return salesforce_ids(prefix, np.where(deleted & roll.second[rows], first, -1))


STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")


def _funnel(created: Int, modified: Int, status: Int, interest: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """Moments at which leads became qualified, accepted, rejected and recycled, within their life; -1 for never."""
    count = len(created)
    qualified = (status == 2) | (rng.random(count) < 0.15 + interest)
    mql = np.minimum(created + rng.exponential(25, count) * DAY, modified)
    decided = np.minimum(mql + rng.exponential(12, count) * DAY, modified)
    accepted = qualified & ((status == 2) | ((status == 1) & (rng.random(count) < 0.5)))
    rejected = qualified & (status == 3)
    recycled = rejected & (rng.random(count) < 0.4)
    back = np.minimum(decided + 5 * DAY, modified)
    moments = (("MQL_Date__c", qualified, mql), ("SQL_Date__c", accepted, decided),
               ("Rejected_Date__c", rejected, decided), ("Recycled_Date__c", recycled, back))  # fmt: skip
    return {name: np.where(mask, moment, -1.0) for name, mask, moment in moments}
