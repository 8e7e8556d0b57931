"""What reports are broken down by: each person and account once in each dimension, `all` among them."""

from __future__ import annotations

import ibis.expr.types as ir

from include.reports.data import Data

_PEOPLE = """
WITH base AS (
    SELECT p.profile_id, c.usage_tier, c.seniority, c.job_function, c.account_industry, c.account_plan,
        date_diff('day', CAST(p.first_seen_at AS DATE), {as_of}) AS tenure
    FROM {profile} p LEFT JOIN {customers} c USING (profile_id)
    WHERE p.profile_id IN (SELECT profile_id FROM {wanted})
), long AS (
    UNPIVOT (
        SELECT profile_id, 'all' AS "all", coalesce(usage_tier, 'unknown') AS usage_tier,
            coalesce(seniority, 'unknown') AS seniority, coalesce(job_function, 'unknown') AS job_function,
            coalesce(account_industry, 'unknown') AS industry, coalesce(account_plan, 'unknown') AS plan,
            CASE WHEN tenure IS NULL THEN 'unknown' WHEN tenure < 183 THEN 'under half a year'
                WHEN tenure < 365 THEN 'half a year to one year' WHEN tenure < 730 THEN 'one to two years'
                ELSE 'over two years' END AS tenure
        FROM base
    ) ON COLUMNS(* EXCLUDE profile_id) INTO NAME dimension VALUE category
)
SELECT profile_id, dimension, category FROM long
UNION ALL
SELECT m.member_id, 'segment', m.segment_key
FROM {membership} m JOIN {segment} s USING (segment_key) WHERE s.level = 'person'
    AND m.member_id IN (SELECT profile_id FROM {wanted})
"""

_ACCOUNTS = """
WITH last_contract AS (
    SELECT account_id, arg_max(contract_type, (start_date, contract_id)) AS contract_type
    FROM {contracts} GROUP BY account_id
), base AS (
    SELECT w.account_id, a.industry, a.plan, a.employees, m.usage_tier, k.contract_type
    FROM (SELECT DISTINCT account_id FROM {wanted}) w LEFT JOIN {account} a USING (account_id)
    LEFT JOIN {accounts} m USING (account_id) LEFT JOIN last_contract k USING (account_id)
), long AS (
    UNPIVOT (
        SELECT account_id, 'all' AS "all", coalesce(industry, 'unknown') AS industry, coalesce(plan, 'unknown') AS plan,
            coalesce(usage_tier, 'unknown') AS usage_tier, coalesce(contract_type, 'unknown') AS contract_type,
            CASE WHEN employees IS NULL THEN 'unknown' WHEN employees < 50 THEN 'under 50'
                WHEN employees < 250 THEN '50 to 249' WHEN employees < 1000 THEN '250 to 999'
                ELSE '1000 and more' END AS employees
        FROM base
    ) ON COLUMNS(* EXCLUDE account_id) INTO NAME dimension VALUE category
)
SELECT account_id, dimension, category FROM long
UNION ALL
SELECT m.member_id, 'segment', m.segment_key
FROM {membership} m JOIN {segment} s USING (segment_key) WHERE s.level = 'account'
    AND m.member_id IN (SELECT account_id FROM {wanted})
"""


def of_people(data: Data, wanted: ir.Table) -> ir.Table:
    """Return profile_id, dimension, category of the profiles in ``wanted``, as they are on the logical date."""
    return data.sql(
        _PEOPLE, wanted=wanted, profile=data.inputs.profile, customers=data.customers,
        membership=data.tables["segment_membership"], segment=data.tables["segment"],
    )  # fmt: skip


def of_accounts(data: Data, wanted: ir.Table) -> ir.Table:
    """Return account_id, dimension, category of the accounts in ``wanted``, as they are on the logical date."""
    return data.sql(
        _ACCOUNTS, wanted=wanted, account=data.inputs.account, accounts=data.accounts, contracts=data.contracts,
        membership=data.tables["segment_membership"], segment=data.tables["segment"],
    )  # fmt: skip
