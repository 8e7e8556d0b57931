"""Each flaw of real exports is in the sample, at its declared rate, and says so in the truth."""

from collections import Counter
from pathlib import Path

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
from rapidfuzz.distance import DamerauLevenshtein

from include.samples import generate
from include.samples.companies import make_companies
from include.samples.flaws import ascii_spelling, dotted, tagged, typos
from include.samples.geography import COUNTRIES, written
from include.samples.mailboxes import Mailboxes
from include.samples.names import CULTURES, nickname, pools, romanised
from include.samples.people import People, make_people
from include.samples.rates import RATES
from include.samples.sightings import FLAWS, Sightings, observe
from include.samples.writing import salesforce_ids, stamps
from tests.sample_reading import csv_rows

COUNT = 20_000
EVERYWHERE = {  # flaws that any record can have, with the rates they are declared at
    "initial": RATES.record.initial * 0.96,  # where the first name is neither missing nor a placeholder
    "missing_first": RATES.record.missing_first,
    "missing_email": RATES.record.missing_email,
    "missing_phone": RATES.record.missing_phone,
    "missing_organization": RATES.record.missing_organization,
    "role_mailbox": RATES.record.role_mailbox,
    "swapped": RATES.record.swapped,
    "full_in_one": RATES.record.full_in_one,
    "plus_tag": RATES.record.plus_tag,
    "typo_email": RATES.record.typo_email,
    "typo_last": RATES.record.typo_last * 0.97,  # of names of four letters or more
    "organization_variant": RATES.record.organization_variant,
    "placeholder": 1 - (1 - RATES.record.placeholder) ** 4,  # in a name, an address, a telephone or an employer
    "private_email": RATES.record.private_email * RATES.people.private_address,
    "old_job": RATES.record.stale * RATES.people.job_change,
    "former_surname": RATES.record.maiden * RATES.people.surname_change,
}


@pytest.fixture(scope="module")
def people() -> People:
    rng = np.random.default_rng(3)
    companies = make_companies(COUNT, 20_757, 0.15, rng)
    return make_people(COUNT, companies, RATES.people, 0.35, rng)


@pytest.fixture(scope="module")
def seen(people: People) -> Sightings:
    rng = np.random.default_rng(3)
    companies = make_companies(COUNT, 20_757, 0.15, rng)
    nobody_twice = np.zeros(COUNT, dtype=bool)
    return observe(np.arange(COUNT), nobody_twice, (people, companies), RATES.record, rng)


def share(seen: Sightings, flaw: str) -> float:
    return float((seen.marks.bits >> FLAWS.index(flaw) & 1).mean())


@pytest.mark.parametrize(("flaw", "rate"), EVERYWHERE.items())
def test_a_flaw_occurs_at_its_declared_rate(seen: Sightings, flaw: str, rate: float) -> None:
    assert share(seen, flaw) == pytest.approx(rate, rel=0.2, abs=0.002)


@pytest.mark.parametrize("flaw", sorted(set(FLAWS) - set(EVERYWHERE) - {"duplicate", "deleted", "invalid"}))
def test_a_flaw_that_few_records_can_have_occurs(seen: Sightings, flaw: str) -> None:
    assert 0.005 < share(seen, flaw) < 0.12


def test_marks_tell_the_truth(seen: Sightings) -> None:
    marked = {flaw: np.flatnonzero(seen.marks.bits >> FLAWS.index(flaw) & 1) for flaw in FLAWS}
    emails = seen.email.to_pylist()
    assert {emails[row] for row in marked["missing_email"]} == {None}
    assert {row for row, email in enumerate(emails) if email and "+" in email} == set(marked["plus_tag"])
    roles = {emails[row].strip().lower().split("@")[0] for row in marked["role_mailbox"]}
    assert roles == {"info", "sales", "office", "contact", "support", "marketing"}
    firsts = seen.first.to_pylist()
    assert {firsts[row] for row in marked["full_in_one"]} == {None}
    assert all(len(firsts[row].strip().removesuffix(".")) == 1 for row in marked["initial"]
               if row not in set(marked["swapped"]) | set(marked["full_in_one"]))  # fmt: skip


def test_exports_have_duplicates_deleted_and_invalid_rows(tmp_path: Path) -> None:
    generate(tmp_path, people=2_000)
    records = csv_rows(tmp_path / "truth" / "records.csv")
    flaws, total = Counter(flaw for row in records for flaw in row["flaws"].split("|")), len(records)
    assert set(flaws) == {*FLAWS, ""}
    assert flaws["duplicate"] / total == pytest.approx(0.05, abs=0.012)
    assert 0.001 < flaws["invalid"] / total < 0.005


def test_no_two_people_own_one_mailbox_but_relatives(people: People) -> None:
    boxes: Mailboxes = people.mailboxes
    owners: dict[str, set[int]] = {}
    for addresses in (boxes.work, boxes.private):
        for person, address in enumerate(addresses.to_pylist()):
            if address:
                local, domain = address.split("@")
                owners.setdefault(f"{local.replace('.', '')}@{domain}", set()).add(person)
    shared = [list(persons) for persons in owners.values() if len(persons) > 1]
    streets, surnames = people.street.to_pylist(), people.last.to_pylist()
    assert shared
    assert all(len({streets[p] for p in persons}) == 1 for persons in shared)
    assert all(len({surnames[p] for p in persons}) == 1 for persons in shared)


def test_some_colleagues_have_one_name(people: People) -> None:
    names = Counter(zip(people.company, people.first.to_pylist(), people.last.to_pylist(), strict=True))
    assert sum(count for count in names.values() if count > 1) > COUNT * RATES.people.same_named_colleague


def test_a_few_names_are_common_and_most_are_rare(people: People) -> None:
    surnames = Counter(people.last.to_pylist())
    (_, most), *_ = surnames.most_common(1)
    assert 0.003 < most / COUNT < 0.02
    assert sum(1 for count in surnames.values() if count == 1) > len(surnames) / 3


def test_names_come_in_many_scripts(people: People) -> None:
    letters = {name[0] for name in people.last.to_pylist()}
    for first, last in (("А", "я"), ("一", "龥"), ("ا", "ي"), ("Α", "ω"), ("A", "Z")):
        assert any(first <= letter <= last for letter in letters)
    assert any("ł" in name for name in people.first.to_pylist())


@pytest.mark.parametrize(
    ("name", "spelled"), [("王伟", "Wangwei"), ("Нина", "Nina"), ("Łukasz", "Lukasz"), ("Anne-Sophie", "Anne-Sophie")]
)
def test_names_are_spelled_in_latin_letters(name: str, spelled: str) -> None:
    assert romanised(name).lower().replace(" ", "") == spelled.lower()


def test_nicknames_are_usual_ones() -> None:
    assert {nickname("Robert", pick) for pick in range(12)} >= {"Bob", "Rob", "Bobby"}
    assert nickname("Xqzt", 0) is None


def test_every_culture_has_names() -> None:
    for culture in CULTURES:
        p = pools(culture)
        assert len(p.men_last.names) == len(p.women_last.names)
        assert all(min(len(pool.names), len(pool.latin)) >= 12 for pool in (p.men, p.women, p.men_last))
        assert p.men.draw(np.array([0.0, 0.999999])).tolist() == [0, len(p.men.names) - 1]


def test_typos_are_one_slip_away() -> None:
    words = pa.array(["Schneider", "Müller", "王伟明天", "Bo", None, "Alexander"] * 200)
    slipped = typos(words, np.ones(len(words), dtype=bool), np.random.default_rng(1))
    pairs = list(zip(words.to_pylist(), slipped.to_pylist(), strict=True))
    assert all(slip == word for word, slip in pairs if word in ("Bo", None))
    assert all(DamerauLevenshtein.distance(word, slip) <= 2 for word, slip in pairs if word)
    assert len({slip for word, slip in pairs if word == "Schneider"}) > 10
    assert all(slip[0] == word[0] for word, slip in pairs if word)


def test_typos_leave_other_rows_alone() -> None:
    words = pa.array(["Schneider", "Alexander"])
    assert typos(words, np.array([False, False]), np.random.default_rng(1)).equals(words)


def test_address_variants() -> None:
    every, rng = np.ones(2, dtype=bool), np.random.default_rng(1)
    addresses = pa.array(["nina.berg@gmail.com", None])
    assert dotted(addresses, every).to_pylist() == ["ni.na.berg@gmail.com", None]
    local, domain = tagged(addresses, every, rng)[0].as_py().split("@")
    assert local.startswith("nina.berg+")
    assert domain == "gmail.com"


def test_ascii_spelling_touches_only_what_it_must() -> None:
    values = pa.array(["Łukasz", "anna", None, "Łukasz"])
    assert ascii_spelling(values, np.array([True, True, True, False])).to_pylist() == ["Lukasz", "anna", None, "Łukasz"]


def test_telephones_are_valid_numbers_however_they_are_written(people: People) -> None:
    countries, regions = people.country[:400], [country.code for country in COUNTRIES]
    valid = []
    for style in range(8):
        numbers = written(people.mobile[:400], countries, np.full(400, style)).to_pylist()
        dialled = [f"+{number[2:]}" if number.startswith("00") else number for number in numbers]
        parsed = [phonenumbers.parse(n, regions[country]) for n, country in zip(dialled, countries, strict=True)]
        valid += [phonenumbers.is_valid_number(number) for number in parsed]
    assert np.mean(valid) > 0.97


def checksum(fifteen: str) -> str:
    """Salesforce's own description of its case-safe suffix, letter by letter."""
    suffix = ""
    for start in (0, 5, 10):
        bits = "".join("1" if letter.isupper() else "0" for letter in fifteen[start : start + 5])
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[int(bits[::-1], 2)]
    return suffix


def test_salesforce_ids_end_in_their_checksum() -> None:
    assert checksum("001A0000006Vm9r") == "IAC"  # a published example
    ids = salesforce_ids("00Q", np.array([0, 61, 62, 12_345_678])).to_pylist()
    assert len(set(ids)) == 4
    for found in ids:
        assert found[:3] == "00Q"
        assert found[15:] == checksum(found[:15])


def test_no_number_gives_no_id() -> None:
    assert salesforce_ids("003", np.array([-1])).to_pylist() == [None]


def test_stamps() -> None:
    moments = np.array([1_790_858_096.5, -1.0, np.nan])
    assert stamps(moments).to_pylist() == ["2026-10-01T12:34:56.500Z", None, None]
    assert stamps(moments, "plain")[0].as_py() == "2026-10-01 12:34:56"
    assert stamps(moments, "date")[0].as_py() == "2026-10-01"
