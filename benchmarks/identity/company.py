"""The sample company's person records with their true person, read straight from its exports.

``python benchmarks/identity/company.py EXPORTS TRUTH OUT.parquet``: EXPORTS and TRUTH are what ``include.samples``
writes. Attributes are as received, so that every engine has the same cleaning to do; addresses and numbers beyond a
record's first are left out, for Splink's guide compares one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

RECORDS = """
with account as (select Id, Name from read_csv('{exports}/crm/Account.csv', all_varchar=true)),
contact as (
  select 'crm.contact:' || c.Id as record_id, 'crm' as source, FirstName as first_name, LastName as last_name,
    cast(null as varchar) as full_name, Email as email, coalesce(nullif(Phone, ''), MobilePhone) as phone,
    a.Name as company, MailingPostalCode as postcode, MailingCity as city, Birthdate as birth_date, c.Id as crm_id
  from read_csv('{exports}/crm/Contact.csv', all_varchar=true) c left join account a on a.Id = c.AccountId),
lead as (
  select 'crm.lead:' || Id, 'crm', FirstName, LastName, null, Email, coalesce(nullif(Phone, ''), MobilePhone), Company,
    PostalCode, City, null, Id from read_csv('{exports}/crm/Lead.csv', all_varchar=true)),
prospect as (
  select 'email.prospect:' || "Prospect Id", 'email', "First Name", "Last Name", null, Email, Phone, Company, Zip, City,
    null, coalesce(nullif("CRM Contact FID", ''), "CRM Lead FID")
  from read_csv('{exports}/email/prospects.csv', all_varchar=true)),
identify as (
  select userId, json_extract_string(traits, '$.firstName') as f, json_extract_string(traits, '$.lastName') as l,
    json_extract_string(traits, '$.name') as n, json_extract_string(traits, '$.email') as e,
    json_extract_string(traits, '$.phone') as p, json_extract_string(traits, '$.company.name') as c,
    row_number() over (partition by userId order by timestamp desc) as latest
  from read_json('{exports}/usage/*.ndjson.gz', format='newline_delimited', ignore_errors=true,
    columns={{type: 'VARCHAR', userId: 'VARCHAR', timestamp: 'VARCHAR', traits: 'JSON'}})
  where type = 'identify' and userId is not null),
usage as (
  select 'usage.user:' || userId, 'usage', f, l, n, e, p, c, null, null, null, null from identify where latest = 1),
respondent as (
  select 'nps.respondent:' || "Person ID", 'nps', null, null, Name, Email, "Phone Number", Company, null, null, null,
    null
  from (select *, row_number() over (partition by "Person ID" order by "Created At" desc) as latest
        from read_csv('{exports}/nps/responses.csv', all_varchar=true)) where latest = 1)
select r.*, cast(null as varchar) as other_emails, cast(null as varchar) as other_phones, t.person_id as person from (
  select * from contact union all select * from lead union all select * from prospect union all select * from usage
  union all select * from respondent) r
join read_csv('{truth}/records.csv', all_varchar=true) t using (record_id)
order by record_id
"""


def person_records(exports: Path, truth: Path, out: Path) -> int:
    """Write the records with their truth; returns how many there are."""
    connection = duckdb.connect()
    query = RECORDS.format(exports=exports, truth=truth)
    connection.execute(f"copy ({query}) to '{out}' (format parquet, row_group_size 122880)")
    return int(connection.execute(f"select count(*) from '{out}'").fetchall()[0][0])


if __name__ == "__main__":
    print(person_records(*map(Path, sys.argv[1:4])))
