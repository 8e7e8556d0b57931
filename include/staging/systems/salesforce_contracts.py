"""Contracts: how each stands, and how it ends or renews."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.staged import CONTRACT
from include.staging import values
from include.staging.contract_terms import contract_type, last_day
from include.staging.desk import Desk, shaped
from include.staging.faults import Rule
from include.staging.row_rules import (
    amount_rules,
    day_rules,
    flag_rules,
    is_deleted,
    key_rules,
    number_rules,
    presence_rules,
)


def contracts(desk: Desk) -> ir.Table:
    """Return the rows of staged/contract."""
    raw = desk.raw("contract")
    rows = desk.good(raw, "contract", _rules(desk, raw.rows), gone=is_deleted)
    kind = contract_type(
        values.word(rows.Contract_Type__c, desk.staging.contracts.types),
        term=values.whole(rows.ContractTerm),
        end=values.day(rows.EndDate),
        renews=values.flag(rows.Auto_Renew__c),
    )
    endless = kind == "evergreen"
    end = last_day(values.day(rows.EndDate), values.day(rows.StartDate), values.whole(rows.ContractTerm))
    found = {
        "contract_id": desk.key("contract", rows.Id), "account_id": desk.key("account", rows.AccountId),
        "number": values.folded(rows.ContractNumber),
        "status": values.word(rows.Status, desk.staging.contracts.statuses),
        "contract_type": kind, "start_date": values.day(rows.StartDate),
        "end_date": ibis.ifelse(endless, ibis.null("date"), end),
        "term_months": ibis.ifelse(endless, ibis.null("int64"), values.whole(rows.ContractTerm)),
        "auto_renew": ibis.coalesce(values.flag(rows.Auto_Renew__c), kind.isin(["auto_renew", "month_to_month"])),
        "notice_days": values.whole(rows.Notice_Period_Days__c), "annual_value": values.number(rows.Annual_Value__c),
        **desk.provenance(rows),
    }  # fmt: skip
    return shaped(CONTRACT, found, rows)


def _rules(desk: Desk, rows: ir.Table) -> tuple[Rule, ...]:
    words = desk.staging.contracts
    unknown_type = values.given(rows.Contract_Type__c) & values.word(rows.Contract_Type__c, words.types).isnull()
    ends_early = values.day(rows.EndDate) < values.day(rows.StartDate)
    negative = (number := values.number(rows.ContractTerm)).notnull() & ((number < 0) | (number % 1 != 0))
    return (
        *key_rules(rows, "Id"),
        *presence_rules(rows, "AccountId", "Status", "StartDate"),
        Rule(
            "unknown_value",
            "Status",
            values.word(rows.Status, words.statuses).isnull(),
            "Status is none of those that staging.yaml lists under contracts.statuses.",
        ),
        Rule(
            "unknown_value",
            "Contract_Type__c",
            unknown_type,
            "Contract_Type__c is none of those that staging.yaml lists under contracts.types.",
        ),
        *day_rules(rows, "StartDate", "EndDate"),
        *number_rules(rows, "ContractTerm"),
        *amount_rules(rows, "Notice_Period_Days__c", "Annual_Value__c"),
        Rule("invalid_number", "ContractTerm", negative, "ContractTerm is no whole number of months."),
        Rule("ends_before_start", "EndDate", ends_early, "EndDate lies before StartDate."),
        *flag_rules(rows, "Auto_Renew__c", "IsDeleted"),
    )
