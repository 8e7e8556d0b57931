"""`make run` ends with two lists: files in the home, and a webhook on this machine, each declared as anybody would."""

from __future__ import annotations

import csv
from pathlib import Path

from include.activation.syncs import read_syncs
from include.launch.activation import activate_sample
from tests.audience import Audience


def test_the_sample_ends_with_two_lists(warehouse_url: str, tmp_path: Path) -> None:
    audience = Audience(warehouse_url, tmp_path)
    audience.segment("detractors_renewing")
    audience.segment("champions")
    audience.person("ann", enters=False)
    audience.person("bob", enters=False, email_consent="opted_out")
    for key, person in (("champions", "ann"), ("detractors_renewing", "ann"), ("detractors_renewing", "bob")):
        audience.enter(person, segment_key=key)
    settings = audience.project.settings
    said = list(activate_sample(settings, lambda step: None))
    assert said[0].startswith(
        "detractors_to_files: 1 rows sent, 1 of 2 members are there (withheld: 1 opted out). " + str(tmp_path)
    )
    assert said[1].startswith("champions_to_webhook: 1 rows sent, 1 of 1 members are there. http://127.0.0.1:")
    (file,) = tmp_path.rglob("*-write.csv")
    assert [row["Email"] for row in csv.DictReader(file.open())] == ["ann@acme.test"]
    assert set(read_syncs(settings.home / "sample" / "config")) == {"detractors_to_files", "champions_to_webhook"}
    again = list(activate_sample(settings, lambda step: None))
    assert "detractors_to_files: 0 rows sent" in again[0]  # the files are there already
    assert "champions_to_webhook: 1 rows sent" in again[1]  # whoever received it began anew
    audience.project.close()
