"""Accounts: which company each source account stands for, and which company each profile belongs to."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.records import ordering
from include.contracts.systems import Part
from include.profiles.settings import DomainRules

SALESFORCE_KEY = 15  # characters of a Salesforce id that identify; an 18-character id adds a check sum


def link_accounts(accounts: ir.Table) -> ir.Table:
    """Return account_link: CRM accounts stand for themselves, others for the CRM account with their id, domain or name.

    A domain or a name that several CRM accounts share stands for the only one of them without a parent, if there is
    just one; else it decides nothing. Deleted accounts stand for nothing.
    """
    living = accounts.filter(~accounts.is_deleted)
    crm = living.filter(living.part == Part.CRM)
    others = living.filter(living.part != Part.CRM).mutate(
        key=lambda t: t.crm_id.left(SALESFORCE_KEY), folded=lambda t: _folded(t.name)
    )
    by_key = crm.select(by_key=crm.account_id, key=crm.source_key.left(SALESFORCE_KEY))
    by_domain = _one_each(crm, crm.domain, "by_domain").rename(domain="value")
    by_name = _one_each(crm, _folded(crm.name), "by_name").rename(folded="value")
    joined = others.left_join(by_key, "key").drop("key_right")
    joined = joined.left_join(by_domain, "domain").drop("domain_right")
    joined = joined.left_join(by_name, "folded").drop("folded_right")
    found = joined.select(
        source_account_id=joined.account_id,
        account_id=ibis.coalesce(joined.by_key, joined.by_domain, joined.by_name, joined.account_id),
        reason=ibis.cases(
            (joined.by_key.notnull(), "crm_id"),
            (joined.by_domain.notnull(), "domain"),
            (joined.by_name.notnull(), "name"),
            else_="itself",
        ),
    )
    itself = crm.select(source_account_id=crm.account_id, account_id=crm.account_id, reason=ibis.literal("itself"))
    return itself.union(found)


def unified_accounts(accounts: ir.Table, links: ir.Table) -> ir.Table:
    """Return each account with its own attributes, gaps filled from the latest source account that stands for it."""
    rows = accounts.inner_join(links, accounts.account_id == links.source_account_id)
    rows = rows.mutate(account=links.account_id, itself=accounts.account_id == links.account_id)
    order = [ibis.desc(rows.itself), ibis.desc(rows.updated_at, nulls_first=False), rows.source_account_id]
    filled = (
        "name", "domain", "parent_id", "type", "industry", "employees", "annual_revenue", "country", "owner_id", "plan",
    )  # fmt: skip
    return rows.group_by(account_id=rows.account).aggregate(
        **{name: rows[name].first(order_by=order) for name in filled}, created_at=rows.created_at.min()
    )


def corporate_domains(members: ir.Table, accounts: ir.Table, links: ir.Table, rules: DomainRules) -> ir.Table:
    """Return ``domain, account_id`` of the mail domains that stand for a company.

    The domain of an account's own site does, and one most of whose people the CRM puts into one account; free mail,
    on which no account has a majority, never does.
    """
    people = _domain_people(members, links)
    by_account = people.group_by("domain", "account_id").aggregate(people=people.profile_id.nunique())
    totals = by_account.group_by("domain").aggregate(
        total=by_account.people.sum(),
        largest=by_account.people.max(),
        account_id=by_account.account_id.argmin(
            ibis.struct({"people": -by_account.people, "account": by_account.account_id})
        ),
    )
    share = totals.largest / totals.total
    free = totals.filter((totals.total >= rules.free_mail_people) & (share < rules.free_mail_share)).select("domain")
    learned = totals.filter((totals.total >= rules.corporate_people) & (share >= rules.corporate_share))
    own = _one_each(accounts, accounts.domain, "account_id").rename(domain="value").anti_join(free, "domain")
    return own.select("domain", "account_id").union(learned.anti_join(own, "domain").select("domain", "account_id"))


def belonging(members: ir.Table, links: ir.Table, domains: ir.Table) -> ir.Table:
    """Return ``profile_id, account_id, account_reason``: the CRM's word, else the workspace's, else the mail domain's.

    Among records of equal standing the one that changed last decides, so a job change moves the person.
    """
    attached = _attached(members, links)
    said = attached.select(
        "profile_id", "account_id", "changed_at", "record_id",
        standing=ibis.ifelse(attached.part == Part.CRM, 0, 1),
    )  # fmt: skip
    mailed = members.filter(members.speaks, members.email.notnull()).mutate(domain=lambda t: _domain(t.email))
    guessed = mailed.inner_join(domains, "domain", rname="found_{name}").select(
        "profile_id", "found_account_id", "changed_at", "record_id", standing=ibis.literal(2)
    )
    rows = said.union(guessed.rename(account_id="found_account_id"))
    order = ibis.window(
        group_by="profile_id",
        order_by=[rows.standing, ibis.desc(rows.changed_at), *ordering(rows.record_id), rows.account_id],
    )
    first = rows.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    reason = first.standing.cases((0, "crm"), (1, "workspace"), else_="corporate_domain")
    return first.select("profile_id", "account_id", account_reason=reason)


def _attached(members: ir.Table, links: ir.Table) -> ir.Table:
    """The speaking records that their source attaches to an account, with the account that one stands for."""
    rows = members.filter(members.speaks, members.account_id.notnull()).rename(source_account_id="account_id")
    return rows.inner_join(links.select("source_account_id", "account_id"), "source_account_id")


def _domain_people(members: ir.Table, links: ir.Table) -> ir.Table:
    attached = _attached(members, links)
    mailed = attached.filter(attached.part == Part.CRM, attached.email.notnull())
    return mailed.select("profile_id", "account_id", domain=_domain(mailed.email))


def _domain(email: ir.StringValue) -> ir.StringValue:
    return email.split("@")[-1]


def _folded(name: ir.StringValue) -> ir.StringValue:
    return name.strip().lower()


def _one_each(accounts: ir.Table, value: ir.Value, called: str) -> ir.Table:
    """Return ``value`` and the one account it stands for: the only one that has it, or the only root among several."""
    rows = accounts.select("account_id", "parent_id", value=value)
    rows = rows.filter(rows.value.notnull())
    root = rows.parent_id.isnull()
    counted = rows.group_by("value").aggregate(
        several=rows.account_id.nunique(), only=rows.account_id.min(),
        roots=rows.account_id.nunique(where=root), root=rows.account_id.min(where=root),
    )  # fmt: skip
    clear = counted.filter((counted.several == 1) | (counted.roots == 1))
    return clear.select("value", **{called: ibis.ifelse(clear.several == 1, clear.only, clear.root)})
