"""Which company a source account stands for, and which company a person belongs to."""

from include.profiles.accounts import belonging, corporate_domains, link_accounts, unified_accounts
from include.profiles.members import member_records
from include.profiles.settings import DomainRules
from tests.people import account, accounts, crosswalk, found, on, people, person

ACME = account("crm.account:0015g00000AcmeAAA1", name="Acme", domain="acme.example", industry="Mills")


def linked(*others):
    return {
        row["source_account_id"]: (row["account_id"], row["reason"]) for row in found(link_accounts(accounts(*others)))
    }


def test_a_crm_account_stands_for_itself_and_a_deleted_one_for_nothing():
    gone = account("crm.account:2", name="Gone", is_deleted=True)
    assert linked(ACME, gone) == {ACME["account_id"]: (ACME["account_id"], "itself")}


def test_a_workspace_is_joined_by_key_then_domain_then_name():
    by_key = account("usage.group:1", crm_id="0015g00000AcmeA", name="other", domain="other.example")
    by_domain = account("usage.group:2", domain="acme.example", name="other")
    by_name = account("usage.group:3", name=" ACME ")
    alone = account("usage.group:4", name="Bolt")
    assert linked(ACME, by_key, by_domain, by_name, alone) == {
        ACME["account_id"]: (ACME["account_id"], "itself"),
        "usage.group:1": (ACME["account_id"], "crm_id"),
        "usage.group:2": (ACME["account_id"], "domain"),
        "usage.group:3": (ACME["account_id"], "name"),
        "usage.group:4": ("usage.group:4", "itself"),
    }


def test_a_domain_shared_by_a_family_of_accounts_stands_for_its_root():
    child = account("crm.account:2", name="Acme UK", domain="acme.example", parent_id=ACME["account_id"])
    workspace = account("usage.group:2", domain="acme.example")
    assert linked(ACME, child, workspace)["usage.group:2"] == (ACME["account_id"], "domain")


def test_a_domain_shared_by_strangers_stands_for_nobody():
    other = account("crm.account:2", name="Bolt", domain="acme.example")
    workspace = account("usage.group:2", domain="acme.example")
    assert linked(ACME, other, workspace)["usage.group:2"] == ("usage.group:2", "itself")


def test_gaps_of_an_account_are_filled_from_its_workspaces():
    known = accounts(ACME, account("usage.group:1", domain="acme.example", plan="pro", industry="Other"))
    (row,) = found(unified_accounts(known, link_accounts(known)))
    assert (row["plan"], row["industry"], row["name"]) == ("pro", "Mills", "Acme")


def belongs(records, *companies):
    known = accounts(ACME, *companies)
    links = link_accounts(known)
    profiles = {f"P{i}": record["record_id"] for i, record in enumerate(records)}
    members = member_records(crosswalk(**profiles), people(*records), ("crm.contact",))
    domains = corporate_domains(members, unified_accounts(known, links), links, DomainRules())
    return {
        row["profile_id"]: (row["account_id"], row["account_reason"])
        for row in found(belonging(members, links, domains))
    }


def test_a_person_belongs_by_crm_then_workspace_then_mail_domain():
    records = [
        person("crm.contact:1", account_id=ACME["account_id"], email="a@gmail.example"),
        person("usage.user:2", account_id="usage.group:9", email="b@acme.example"),
        person("nps.respondent:3", email="c@acme.example"),
        person("nps.respondent:4", email="d@gmail.example"),
    ]
    assert belongs(records, account("usage.group:9", name="Bolt")) == {
        "P0": (ACME["account_id"], "crm"),
        "P1": ("usage.group:9", "workspace"),
        "P2": (ACME["account_id"], "corporate_domain"),
    }


def test_a_domain_is_learned_from_the_people_whom_the_crm_puts_into_one_account():
    contacts = [
        person(f"crm.contact:{i}", account_id=ACME["account_id"], email=f"p{i}@acme-mail.example") for i in range(3)
    ]
    assert belongs([*contacts, person("nps.respondent:9", email="x@acme-mail.example")])["P3"] == (
        ACME["account_id"],
        "corporate_domain",
    )


def test_free_mail_stands_for_no_company_even_if_an_account_claims_it():
    companies = [account(f"crm.account:{i}", name=f"Company {i}") for i in range(4)]
    claims = account("crm.account:9", name="Claims it", domain="gmail.example")
    contacts = [
        person(f"crm.contact:{i}", account_id=f"crm.account:{i % 4}", email=f"p{i}@gmail.example") for i in range(12)
    ]
    outsider = person("nps.respondent:9", email="x@gmail.example")
    assert "P12" not in belongs([*contacts, outsider], *companies, claims)


def test_a_job_change_moves_the_person():
    old = person("crm.contact:1", account_id=ACME["account_id"], updated_at=on(2020))
    new = person("crm.contact:2", account_id="crm.account:2", updated_at=on(2025))
    known = accounts(ACME, account("crm.account:2", name="Bolt"))
    links = link_accounts(known)
    members = member_records(crosswalk(P="crm.contact:1 crm.contact:2"), people(old, new), ("crm.contact",))
    domains = corporate_domains(members, unified_accounts(known, links), links, DomainRules())
    (row,) = found(belonging(members, links, domains))
    assert row["account_id"] == "crm.account:2"
