"""The sample company's exports: complete, reproducible, in their declared formats, never ahead of their day."""

import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from include.contracts.errors import ConfigurationError
from include.reference.exports import render
from include.samples import generate
from tests.export_files import FILES
from tests.sample_reading import csv_rows, usage_calls

PEOPLE, AS_OF = 2_000, date(2026, 10, 31)
CSV_FILES = [file for file in FILES.values() if not file.is_daily]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    generate(out, people=PEOPLE, as_of=AS_OF)
    return out


def rows(sample: Path, path: str) -> list[dict[str, str]]:
    return csv_rows(sample / "exports" / path)


def truth(sample: Path) -> list[dict[str, str]]:
    return csv_rows(sample / "truth" / "records.csv")


def usage_files(sample: Path) -> list[Path]:
    return sorted((sample / "exports" / "usage").iterdir())


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        generate(tmp_path / name, people=1_000, seed=seed, as_of=AS_OF)
    one, two, three = (digests(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one.keys() == three.keys()
    assert not {name for name in one if one[name] == three[name]}


def test_every_csv_file_has_the_declared_header(sample: Path) -> None:
    for file in CSV_FILES:
        with (sample / "exports" / file.path).open(encoding="utf-8", newline="") as opened:
            names = tuple(name for name in file.names if name != "CurrencyIsoCode")  # the sample has one currency
            assert tuple(next(csv.reader(opened))) == names, file.path


def test_every_field_is_quoted(sample: Path) -> None:
    first = (sample / "exports" / "crm" / "Contact.csv").read_text(encoding="utf-8").splitlines()[1]
    assert all(field.startswith('"') and field.endswith('"') for field in first.split(","))


def test_the_document_is_rendered_from_the_declarations() -> None:
    assert Path("docs/exports.md").read_text(encoding="utf-8") == render()


def test_every_record_is_in_the_truth_exactly_once(sample: Path) -> None:
    known = Counter(record["record_id"] for record in truth(sample))
    assert set(known.values()) == {1}
    identified = {c["userId"] for path in usage_files(sample) for c in usage_calls(path) if c["type"] == "identify"}
    exported = (
        {f"crm.contact:{row['Id']}" for row in rows(sample, "crm/Contact.csv")}
        | {f"crm.lead:{row['Id']}" for row in rows(sample, "crm/Lead.csv")}
        | {f"email.prospect:{row['Prospect Id']}" for row in rows(sample, "email/prospects.csv")}
        | {f"nps.respondent:{row['Person ID']}" for row in rows(sample, "nps/responses.csv")}
        | {f"usage.user:{user}" for user in identified}
    )
    assert exported == set(known)


def test_everybody_has_a_record_and_about_three_on_average(sample: Path) -> None:
    people = Counter(record["person_id"] for record in truth(sample))
    assert len(people) == PEOPLE
    assert 2.7 < sum(people.values()) / PEOPLE < 3.3


def test_references_lead_somewhere(sample: Path) -> None:
    ids = {name: {row["Id"] for row in rows(sample, f"crm/{name}.csv")} for name in
           ("Account", "Contact", "Lead", "Opportunity", "Campaign", "Contract")}  # fmt: skip
    references = {
        "Contact": {"AccountId": "Account", "MasterRecordId": "Contact"},
        "Lead": {"ConvertedAccountId": "Account", "ConvertedContactId": "Contact"},
        "Opportunity": {"AccountId": "Account", "CampaignId": "Campaign", "ContractId": "Contract"},
        "OpportunityContactRole": {"OpportunityId": "Opportunity", "ContactId": "Contact"},
        "CampaignMember": {"CampaignId": "Campaign", "ContactId": "Contact", "LeadId": "Lead"},
        "Contract": {"AccountId": "Account"},
        "Asset": {"AccountId": "Account"},
    }
    for name, columns in references.items():
        for column, target in columns.items():
            found = {row[column] for row in rows(sample, f"crm/{name}.csv")} - {""}
            assert found, (name, column)
            assert found <= ids[target], (name, column)


def test_a_prospect_is_linked_with_its_own_person(sample: Path) -> None:
    person = {record["record_id"]: record["person_id"] for record in truth(sample)}
    prospects = rows(sample, "email/prospects.csv")
    linked = [row for row in prospects if row["CRM Contact FID"] or row["CRM Lead FID"]]
    assert 0.2 < len(linked) / len(prospects) < 0.4
    for row in linked:
        kind, key = ("contact", "CRM Contact FID") if row["CRM Contact FID"] else ("lead", "CRM Lead FID")
        assert person[f"crm.{kind}:{row[key]}"] == person[f"email.prospect:{row['Prospect Id']}"]


def test_nothing_has_happened_on_the_day_of_the_exports_or_later(sample: Path) -> None:
    made = [row["created_at"] for row in rows(sample, "email/visitor_activity.csv")]
    assert max(set(made) - {"soon"}) < "2026-10-31"
    assert max(row["Created At"] for row in rows(sample, "nps/responses.csv")) < "2026-10-31"
    for name in ("Account", "Contact", "Lead", "Opportunity", "CampaignMember", "Contract", "Asset"):
        assert max(row["SystemModstamp"] for row in rows(sample, f"crm/{name}.csv")) < "2026-10-31", name


def test_usage_is_one_file_a_day_up_to_the_day_before(sample: Path) -> None:
    files = usage_files(sample)
    assert len(files) == 120
    assert files[-1].name == "2026-10-30.ndjson.gz"
    assert all(c["receivedAt"].startswith("2026-10-30") for c in usage_calls(files[-1]))
    received = [c["receivedAt"] for c in usage_calls(files[-1]) if c["type"] != "tracks"]
    assert len(received) > 100


def test_gzip_files_carry_no_time(sample: Path) -> None:
    assert usage_files(sample)[0].read_bytes()[4:8] == bytes(4)


def test_the_sample_tells_its_day(sample: Path) -> None:
    about = json.loads((sample / "exports" / "sample.json").read_text())
    assert about == {"as_of": "2026-10-31", "seed": 7, "people": PEOPLE}


@pytest.mark.parametrize("people", [999, 1_000_001])
def test_too_few_or_too_many_people_are_refused(tmp_path: Path, people: int) -> None:
    with pytest.raises(ConfigurationError, match="choose a number from 1,000 to 1,000,000"):
        generate(tmp_path, people=people)


def test_exports_are_never_overwritten(sample: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds a sample already"):
        generate(sample, people=1_000)


def test_the_command_line_writes_a_sample_and_says_what(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "include.samples",
        str(tmp_path / "out"),
        "--people",
        "1000",
        "--as-of",
        "2024-02-29",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1,000 people of 111 companies: ")
    assert (tmp_path / "out" / "exports" / "usage" / "2024-02-28.ndjson.gz").exists()


def test_a_run_that_was_cut_short_is_repeated_whole(tmp_path: Path, sample: Path) -> None:
    left_over = tmp_path / ".unfinished" / "exports" / "crm"
    left_over.mkdir(parents=True)
    (left_over / "Account.csv").write_text("half a ro")
    generate(tmp_path, people=PEOPLE, as_of=AS_OF)
    assert digests(tmp_path) == digests(sample)
