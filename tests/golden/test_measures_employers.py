"""Which account an answer is about: the one that it names as the employer, not where the person works by now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from include.contracts import profiles, staged
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.measures.step import measure
from tests.small_company import AS_OF, SmallCompany, read

Rows = Mapping[str, Mapping[str, Any]]
NAMES = {
    "altor": "Altor Holdings GmbH",
    "calor": "Calor Networks GmbH & Co. KG",
    "delta_1": "Delta Inc",
    "delta_2": "Delta Ltd",
}

# what the answer names, and the account that it is about, of somebody who belongs to calor
EMPLOYERS = {
    "nothing": (None, "calor"),
    "the_same": ("Calor Networks GmbH & Co. KG", "calor"),
    "without_legal_form": ("calor networks", "calor"),
    "misspelt": ("Callor Networks GmbH & Co KG", "calor"),
    "words_in_another_order": ("GmbH & Co. KG Calor-Networks", "calor"),
    "name_in_the_product": ("CLR Workspace", "calor"),
    "another": ("Altor Holdings", "altor"),
    "one_of_two": ("Delta Inc", "delta_1"),
    "either_of_two": ("Delta", None),
    "unknown": ("Zenfield Mechanics", None),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> SmallCompany:
    company = SmallCompany(tmp_path_factory.mktemp("employers"))
    for key, name in NAMES.items():
        company.account(key, name=name)
    company.add(staged.ACCOUNT, account_id="usage.group:1", name="CLR Workspace")
    company.add(profiles.ACCOUNT_LINK, source_account_id="usage.group:1", account_id="calor", reason="domain")
    for person, (employer, _) in EMPLOYERS.items():
        company.person(person, account_id="calor")
        company.answer(person, 9, AS_OF - timedelta(days=9), company=employer)
    company.account("duran", name="Duran Duran GmbH")
    company.person("repeats", account_id="duran")
    company.answer("repeats", 9, AS_OF - timedelta(days=9), company="GmbH Duran-Duran")
    company.person("moved", account_id="altor")
    company.answer("moved", 1, AS_OF - timedelta(days=99), company="Calor Networks")
    company.answer("moved", 10, AS_OF - timedelta(days=9), company="Altor Holdings")
    return company


@pytest.fixture(scope="module")
def report(company: SmallCompany) -> Any:
    return measure(company.project, company.run(), company.save())


@pytest.fixture(scope="module")
def people(company: SmallCompany, report: Any) -> Rows:
    return {row["profile_id"]: row for row in read(company.project, CUSTOMER_360, report)}


@pytest.mark.parametrize("person", EMPLOYERS)
def test_an_answer_is_about_the_employer_that_it_names(people: Rows, person: str) -> None:
    account = EMPLOYERS[person][1]
    row = people[person]
    assert (row["nps_account_id"], row["nps_of_another_account"]) == (account, account != "calor")
    assert row["nps_class"] == "promoter"  # it is the person's answer all the same


def test_a_word_that_an_employer_repeats_counts_once(people: Rows) -> None:
    assert people["repeats"]["nps_account_id"] == "duran"


def test_an_account_keeps_what_people_answered_who_have_left(company: SmallCompany, report: Any) -> None:
    accounts = {row["account_id"]: row for row in read(company.project, ACCOUNT_360, report)}
    about_calor = [person for person, (_, account) in EMPLOYERS.items() if account == "calor"]
    row = accounts["calor"]
    assert (row["nps_answered"], row["nps_detractors"]) == (len(about_calor) + 1, 1)  # of moved, the first answer
    assert row["nps_of_former_people"] == 1
    assert (accounts["altor"]["nps"], accounts["altor"]["nps_answered"]) == (100, 2)
    assert accounts["altor"]["nps_of_former_people"] == 1  # another, who belongs to calor now


def test_a_run_says_how_many_answers_are_about_others(report: Any) -> None:
    assert report.counts["basis.nps"] == len(EMPLOYERS) + 3  # of moved two, of repeats one
    assert report.counts["basis.nps_of_other_accounts"] == 3  # another, one_of_two, and what moved said first
    assert report.counts["basis.nps_of_unknown_employers"] == 2
