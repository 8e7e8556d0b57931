"""Salesforce's accounts, contacts and leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.samples import formats
from include.samples.companies import INDUSTRIES, STANDINGS, Companies
from include.samples.flaws import Mask, choose, join, numbered, picked
from include.samples.geography import COUNTRIES, written
from include.samples.people import DEPARTMENTS, Int
from include.samples.roster import Roll
from include.samples.sightings import Sightings
from include.samples.world import DAY, World, lived, spoiled
from include.samples.writing import CsvFile, flags, money, salesforce_ids, stamps

SOURCES = ("Web", "Event", "Partner Referral", "Purchased List", "Word of mouth", "Phone Inquiry", "Other")
IMPOSSIBLE_STAMPS = ("2025-02-30T10:00:00.000Z", "0000-00-00T00:00:00.000Z", "2026-13-01T08:00:00.000Z")
_OWNERS = 25


@dataclass(frozen=True, slots=True)
class Accounts:
    """Which rows of Account.csv are whose: the company of each row, and each company's row (-1 for none)."""

    company: Int
    row: Int
    twin: Int  # the row of a company's second account, else -1


def write_crm_people(world: World) -> Accounts:
    """Write Account.csv, Contact.csv and Lead.csv."""
    accounts = _accounts(world)
    _write_accounts(world, accounts)
    _write_contacts(world, accounts)
    _write_leads(world, accounts)
    return accounts


def audit(created: Int, modified: Int) -> dict[str, pa.Array]:
    """The columns that tell when a row was created and changed."""
    changed = stamps(modified)
    return {"CreatedDate": stamps(created), "LastModifiedDate": changed, "SystemModstamp": changed}


def owners(count: int, rng: np.random.Generator) -> pa.Array:
    """Ids of the company's own people."""
    return salesforce_ids("005", rng.integers(_OWNERS, size=count))


def place(countries: Int, cities: Int) -> tuple[pa.Array, pa.Array]:
    """Names of cities and of their countries."""
    starts = np.concatenate([[0], np.cumsum([len(c.cities) for c in COUNTRIES])[:-1]])
    city = picked(
        [name for c in COUNTRIES for name in c.cities], starts[countries] + cities % _city_counts()[countries]
    )
    return city, picked([c.name for c in COUNTRIES], countries)


def _city_counts() -> Int:
    return np.array([len(c.cities) for c in COUNTRIES])


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
    rng, companies, rows = world.chance("account rows"), world.companies, accounts.company
    count = len(rows)
    take = pa.array(rows)
    twin = accounts.row[rows] != np.arange(count)
    created = (companies.created[rows] * DAY + rng.integers(0, int(DAY), count)).astype(np.int64)
    modified = (created + rng.random(count) * (world.today - created)).astype(np.int64)
    city, country = place(companies.country[rows], companies.city[rows])
    site = join(picked(["https://www.", "www.", ""], rng.integers(3, size=count)), companies.domain.take(take))
    with CsvFile(world.out / "exports" / formats.ACCOUNT.path, formats.ACCOUNT.names) as file:
        file.write({
            "Id": salesforce_ids("001", np.arange(count)),
            "IsDeleted": flags(rng.random(count) < world.rates.source.deleted * twin * 10),
            "MasterRecordId": None,
            "Name": choose(twin, pc.utf8_upper(companies.brand.take(take)), companies.name.take(take)),
            "Type": picked(STANDINGS, companies.standing[rows]),
            "BillingStreet": join(numbered(rng.integers(1, 200, count)), " ", companies.brand.take(take), " Street"),
            "BillingCity": city,
            "BillingPostalCode": numbered(rng.integers(1000, 99999, count), 5),
            "BillingCountry": country,
            "Phone": written(companies.phone.take(take), companies.country[rows], rng.integers(8, size=count)),
            "Website": choose(rng.random(count) < 0.12, None, site),
            "Industry": picked(INDUSTRIES, companies.industry[rows]),
            "AnnualRevenue": money(companies.employees[rows] * rng.uniform(6e4, 3e5, count).round(-3)),
            "NumberOfEmployees": numbered(companies.employees[rows]),
            "AccountSource": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
            "OwnerId": owners(count, rng),
            **audit(created, modified),
        })  # fmt: skip


def account_rows(world: World, accounts: Accounts, seen: Sightings, rng: np.random.Generator) -> Int:
    """The account row of each record's employer; some sit at the company's second account."""
    first, twin = accounts.row[seen.company], accounts.twin[seen.company]
    return np.where((twin >= 0) & (rng.random(len(seen.who)) < 0.3), twin, first)


def _person(world: World, seen: Sightings, rng: np.random.Generator) -> dict[str, pa.Array | str | None]:
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


def _fate(world: World, seen: Sightings, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Which records are deleted and which are invalid, marked as such."""
    count, rates = len(seen.who), world.rates.source
    deleted, invalid = rng.random(count) < rates.deleted, rng.random(count) < rates.invalid
    seen.marks.add("deleted", deleted)
    seen.marks.add("invalid", invalid)
    return deleted, invalid


def _merged_into(prefix: str, roll: Roll, rows: slice, deleted: Mask, count: int) -> pa.Array:
    """For deleted second records, the id of the person's first."""
    first = roll.first_row(count)[roll.who[rows]]
    return salesforce_ids(prefix, np.where(deleted & roll.second[rows], first, -1))


def _write_contacts(world: World, accounts: Accounts) -> None:
    roll, people = world.roster.contact, world.people
    with CsvFile(world.out / "exports" / formats.CONTACT.path, formats.CONTACT.names) as file:
        for number, rows in roll.chunks():
            seen, rng = world.sight("contact", roll, number, rows)
            count, who = len(seen.who), pa.array(seen.who)
            created, modified = lived(world, count, rng)
            deleted, invalid = _fate(world, seen, rng)
            ids = salesforce_ids("003", np.arange(rows.start, rows.stop))
            bounced = people.bounced[seen.who] & (rng.random(count) < 0.8)
            city, country = place(people.country[seen.who], people.city[seen.who])
            address = rng.random(count) < 0.55
            times = audit(created, modified)
            times["CreatedDate"] = spoiled(invalid, times["CreatedDate"], IMPOSSIBLE_STAMPS, rng)
            file.write({
                "Id": ids,
                "IsDeleted": flags(deleted),
                "MasterRecordId": _merged_into("003", roll, rows, deleted, len(people)),
                "AccountId": salesforce_ids("001", account_rows(world, accounts, seen, rng)),
                "Salutation": picked([None, "Mr.", "Ms.", "Dr.", None], rng.integers(5, size=count)),
                **_person(world, seen, rng),
                "Department": picked([*DEPARTMENTS, None, None], rng.integers(len(DEPARTMENTS) + 2, size=count)),
                "MailingStreet": choose(address, people.street.take(who), None),
                "MailingCity": choose(address, city, None),
                "MailingPostalCode": choose(address, people.postcode.take(who), None),
                "MailingCountry": choose(rng.random(count) < 0.85, country, None),
                "EmailBouncedReason": choose(bounced, "550 5.1.1 user unknown", None),
                "EmailBouncedDate": stamps(np.where(bounced, modified, -1)),
                "LastActivityDate": stamps(np.where(rng.random(count) < 0.6, modified, -1), "date"),
                **times,
            })  # fmt: skip
            world.confess("crm.contact", ids, seen)


def _write_leads(world: World, accounts: Accounts) -> None:
    roll, people, companies = world.roster.lead, world.people, world.companies
    contact_row = world.roster.contact.first_row(len(people))
    with CsvFile(world.out / "exports" / formats.LEAD.path, formats.LEAD.names) as file:
        for number, rows in roll.chunks():
            seen, rng = world.sight("lead", roll, number, rows)
            count, who = len(seen.who), pa.array(seen.who)
            created, modified = lived(world, count, rng, 300.0)
            deleted, invalid = _fate(world, seen, rng)
            ids = salesforce_ids("00Q", np.arange(rows.start, rows.stop))
            contact = contact_row[seen.who]
            converted = (contact >= 0) & (rng.random(count) < 0.5)
            city, country = place(people.country[seen.who], people.city[seen.who])
            status = np.where(converted, 2, rng.choice((0, 1, 3), size=count, p=(0.4, 0.35, 0.25)))
            account = account_rows(world, accounts, seen, rng)
            file.write({
                "Id": ids,
                "IsDeleted": flags(deleted),
                "MasterRecordId": _merged_into("00Q", roll, rows, deleted, len(people)),
                "Company": seen.organization,
                **_person(world, seen, rng),
                "Street": choose(rng.random(count) < 0.3, people.street.take(who), None),
                "City": choose(rng.random(count) < 0.5, city, None),
                "PostalCode": choose(rng.random(count) < 0.4, people.postcode.take(who), None),
                "Country": choose(rng.random(count) < 0.8, country, None),
                "Website": choose(rng.random(count) < 0.4, companies.domain.take(pa.array(seen.company)), None),
                "Industry": picked(INDUSTRIES, companies.industry[seen.company]),
                "Status": spoiled(invalid, picked(_STATUSES, status), ("Reheated", "???"), rng),
                "Rating": picked(["Hot", "Warm", "Cold", None], rng.integers(4, size=count)),
                "IsConverted": flags(converted),
                "ConvertedDate": stamps(np.where(converted, modified, -1), "date"),
                "ConvertedAccountId": salesforce_ids("001", np.where(converted, account, -1)),
                "ConvertedContactId": salesforce_ids("003", np.where(converted, contact, -1)),
                "ConvertedOpportunityId": None,
                **_funnel(created, modified, status, people.interest[seen.who], rng),
                **audit(created, modified),
            })  # fmt: skip
            world.confess("crm.lead", ids, seen)


_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")


def _funnel(created: Int, modified: Int, status: Int, interest: Int, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Days on which leads became marketing qualified, were accepted, rejected and recycled, each within their life."""
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
    return {name: stamps(np.where(mask, moment, -1), "date") for name, mask, moment in moments}
