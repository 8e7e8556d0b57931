"""Which record's value a profile shows, and which values lost to it."""

from pathlib import Path

import pytest
import yaml

from include.contracts.errors import ConfigurationError
from include.profiles.members import member_records
from include.profiles.settings import AttributeRules, Rule, read_settings
from include.profiles.survivorship import candidates, lineage, ranked, winners
from tests.people import crosswalk, found, on, people, person

CONFIG = Path("include/config/survivorship.yaml")
SOURCES = ("crm.contact", "usage.user", "email.prospect")
TITLE = AttributeRules(fields=("title",), rules=(Rule.MOST_RECENT, Rule.SOURCE_PRIORITY))


def members(*records):
    ids = " ".join(record["record_id"] for record in records)
    return member_records(crosswalk(P=ids), people(*records), SOURCES)


def survivor(unit, *records, settled=None):
    placed = ranked(candidates(members(*records), unit, settled), unit)
    (row,) = found(winners(placed, unit)) or [{}]
    return row, found(lineage(placed, unit.fields[0]))


CRM = person("crm.contact:1", title="CTO", updated_at=on(2020))
USAGE = person("usage.user:2", title="CEO", updated_at=on(2024))
MAIL = person("email.prospect:3", title="cto", updated_at=on(2022))


@pytest.mark.parametrize(
    ("rules", "winner", "decided_by"),
    [
        ([Rule.SOURCE_PRIORITY], "CTO", "source_priority"),
        ([Rule.MOST_RECENT], "CEO", "most_recent"),
        ([Rule.MOST_FREQUENT, Rule.SOURCE_PRIORITY], "CTO", "source_priority"),
        ([Rule.MOST_FREQUENT, Rule.MOST_RECENT], "cto", "most_recent"),
        ([Rule.MOST_COMPLETE], "CTO", "smallest_record_id"),
    ],
)
def test_each_rule_picks_its_winner_and_the_lineage_says_which_rule_decided(rules, winner, decided_by):
    row, (line,) = survivor(AttributeRules(fields=("title",), rules=tuple(rules)), CRM, USAGE, MAIL)
    assert row["title"] == winner
    assert line["rule"] == decided_by
    assert line["candidates"] == 3
    assert line["losing_values"] == 1


def test_the_lineage_names_the_records_whose_values_lost():
    _, (line,) = survivor(TITLE, CRM, USAGE, MAIL)
    assert (line["record_id"], line["losing_records"]) == ("usage.user:2", '["crm.contact:1", "email.prospect:3"]')


def test_an_empty_value_never_beats_a_value():
    newest = person("usage.user:9", title=None, updated_at=on(2026))
    row, (line,) = survivor(TITLE, CRM, newest)
    assert row["title"] == "CTO"
    assert line["rule"] == "only_value"


def test_a_tie_goes_to_the_smallest_record_id_whatever_the_order():
    same = [person(f"crm.contact:{i}", title=f"title {i}") for i in (3, 1, 2)]
    for order in (same, same[::-1]):
        row, (line,) = survivor(TITLE, *order)
        assert row["title"] == "title 1"
        assert line["rule"] == "smallest_record_id"


def test_an_address_comes_from_one_record_even_if_another_would_fill_its_gaps():
    unit = AttributeRules(fields=("street", "city", "postcode"), rules=(Rule.MOST_COMPLETE, Rule.MOST_RECENT))
    row, _ = survivor(
        unit,
        person("crm.contact:1", street="1 High St", city="Leeds", updated_at=on(2020)),
        person("usage.user:2", city="York", postcode="YO1", updated_at=on(2024)),
    )
    assert (row["street"], row["city"], row["postcode"]) == (None, "York", "YO1")


def test_after_a_job_change_no_title_of_the_old_employer_shows():
    old = person("crm.contact:1", company="Old Ltd", title="CTO", updated_at=on(2020))
    new = person("usage.user:2", company="New Ltd", updated_at=on(2024))
    mail = person("email.prospect:3", company="NEW LTD", title="Head of Data", updated_at=on(2022))
    company = AttributeRules(fields=("company",), rules=(Rule.MOST_RECENT,))
    settled = winners(ranked(candidates(members(old, new, mail), company, None), company), company)
    title = AttributeRules(fields=("title",), rules=(Rule.MOST_RECENT,), within="company")
    assert survivor(title, old, new, mail, settled=settled)[0]["title"] == "Head of Data"


def test_a_deleted_record_says_nothing_while_another_lives():
    gone = person("crm.contact:1", title="CTO", updated_at=on(2026), is_deleted=True)
    assert survivor(TITLE, gone, MAIL)[0]["title"] == "cto"
    assert survivor(TITLE, gone)[0]["title"] == "CTO", "but the last one still does"


def test_names_keep_their_script():
    unit = AttributeRules(fields=("full_name",), rules=(Rule.MOST_COMPLETE,))
    assert survivor(unit, person("crm.contact:1", full_name="王伟"))[0]["full_name"] == "王伟"


def test_the_rules_of_the_project_are_valid():
    rules = read_settings(CONFIG.parent)
    assert dict(rules.units)["address"].fields == ("street", "city", "region", "postcode", "country")
    assert dict(rules.units)["title"].fields == ("title",)


def test_a_file_of_before_time_zones_still_settles_them(tmp_path):
    given = yaml.safe_load(CONFIG.read_text())
    del given["attributes"]["time_zone"]
    (tmp_path / CONFIG.name).write_text(yaml.safe_dump(given))
    assert dict(read_settings(tmp_path).units) == dict(read_settings(CONFIG.parent).units)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attributes": {"company": None}}, "attribute 'company' is given 0 times; give it once"),
        ({"attributes": {"nick": {"rules": ["most_recent"]}}}, "the profile has no attribute 'nick'"),
        ({"attributes": {"company": {"rules": ["newest"]}}}, "attributes.company.rules.0"),
        ({"attributes": {"company": {"rule": ["most_recent"]}}}, "no key 'rule' (did you mean 'rules'?)"),
        ({"attributes": {"title": {"rules": ["most_recent"], "within": "nick"}}}, "'title' is within 'nick'"),
        ({"contact_points": {"fax": {"rules": ["most_recent"]}}}, "there is no contact point 'fax'"),
        ({"source": []}, "there is no key 'source' (did you mean 'sources'?)"),
    ],
)
def test_faulty_rules_are_refused_with_what_is_wrong(tmp_path, change, message):
    given = yaml.safe_load(CONFIG.read_text())
    for key, value in change.items():
        given[key] = {k: v for k, v in {**given[key], **value}.items() if v} if isinstance(value, dict) else value
    (tmp_path / "survivorship.yaml").write_text(yaml.safe_dump(given, sort_keys=False))
    with pytest.raises(ConfigurationError) as error:
        read_settings(tmp_path)
    assert message in str(error.value)
