"""When a run moves so much that a person must look."""

import pytest

from include.contracts.errors import ConfigurationError
from include.identity.crosswalk.gate import Movement, breaches, evidence
from include.identity.settings import Limits, read_settings

QUIET = Movement(10_000, 10_010, 30_000, 40, 30, 120, 9, 9)


@pytest.mark.parametrize(
    ("moved", "broken"),
    [
        (QUIET, []),
        (Movement(10_000, 9_000, 30_000, 1_000, 0, 900, 9, 9), ["10.0% of 10,000"]),
        (Movement(10_000, 11_000, 30_000, 0, 600, 600, 9, 9), ["6.0% of 10,000"]),
        (Movement(10_000, 10_000, 30_000, 0, 0, 3_000, 9, 9), ["10.0% of 30,000"]),
        (Movement(0, 10_000, 0, 0, 0, 0, 0, 9), []),
        (Movement(100, 90, 300, 10, 0, 30, 9, 9), []),
    ],
    ids=["quiet", "merges", "splits", "changed records", "first run", "too few to mind"],
)
def test_only_what_exceeds_a_limit_holds_a_run(moved, broken):
    found = breaches(moved, Limits())
    assert len(found) == len(broken)
    assert all(part in sentence for part, sentence in zip(broken, found, strict=True))


def test_the_evidence_names_counts_and_the_change_of_model():
    moved = Movement(10_000, 9_000, 30_000, 1_000, 0, 900, 9, 48)
    text = evidence(moved, breaches(moved, Limits()), "m2", "m1")
    for part in ("1,000 profiles would merge", "| profiles | 10,000 | 9,000 |", "m2 (before: m1)", "| 9 | 48 |"):
        assert part in text


def test_the_settings_say_what_is_wrong_with_them(tmp_path):
    (tmp_path / "stewardship.yaml").write_text("limits: {merged_profile: 0.1}\nlargest_profile: 1\n")
    with pytest.raises(ConfigurationError) as error:
        read_settings(tmp_path)
    assert "limits cannot be used: there is no key 'merged_profile' (did you mean 'merged_profiles'?)" in str(
        error.value
    )
    assert "largest_profile" in str(error.value)


def test_without_a_file_the_defaults_hold(tmp_path):
    assert read_settings(tmp_path).decisions == "decisions.csv"
