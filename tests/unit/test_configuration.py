"""A folder of configuration holds what differs; the shipped one gives the rest, and `doctor` tells them apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.cli.doctor import origins
from include.contracts.configuration import effective, given
from include.contracts.errors import ConfigurationError
from include.contracts.settings import SHIPPED, Settings
from include.contracts.sources import read_limits, read_sources
from include.measures.settings import Thresholds, read_settings
from include.segments.catalog import load


def test_a_file_gives_what_it_says_and_the_shipped_one_the_rest(tmp_path: Path) -> None:
    (tmp_path / "measures.yaml").write_text("nps: {window_days: 90}\nusage: {decline: {chance: 0.05}}\n")
    own, shipped = read_settings(tmp_path), read_settings(SHIPPED)
    assert (own.nps.window_days, own.usage.decline.chance) == (90, 0.05)
    assert own.usage.decline.drop == shipped.usage.decline.drop
    assert own.renewal == shipped.renewal
    assert given(tmp_path / "measures.yaml", Thresholds) == ("nps.window_days", "usage.decline.chance")


def test_an_empty_folder_is_the_shipped_configuration(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == read_settings(SHIPPED)
    assert read_sources(tmp_path) == read_sources(SHIPPED)
    assert load(tmp_path) == load(SHIPPED)
    assert effective(tmp_path / "matching.yaml") == SHIPPED / "matching.yaml"


def test_sources_are_never_mixed_with_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "sources:\n  survey: {kind: delighted_export, path: nps, schedule: '0 2 * * *', owner: me, region: DE,"
        " timezone: UTC, objects: [response]}\n"
    )
    assert list(read_sources(tmp_path)) == ["survey"]
    assert read_limits(tmp_path) == read_limits(SHIPPED)


def test_segments_of_a_companys_own_are_all_there_are(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "happy.yaml").write_text(
        (SHIPPED / "segments" / "lapsed.yaml").read_text().replace("lapsed", "happy")
    )
    assert [segment.key for segment in load(tmp_path).segments] == ["happy"]


def test_what_is_wrong_is_told_of_the_file_that_says_it(tmp_path: Path) -> None:
    (tmp_path / "measures.yaml").write_text("nps: {window_day: 90}\n")
    with pytest.raises(ConfigurationError, match=r"^measures\.yaml: nps cannot be used: .*did you mean 'window_days'"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nps: {}\nusage: {\n", "measures.yaml, line 3: this is no YAML: "),
        (
            "nps: {window_days: 90}\nnps: {window_days: 30}\n",
            "measures.yaml, line 2: 'nps' is set twice; take one away.",
        ),
        ("nps:\n  window_days: 2026-02-31\n", "measures.yaml, line 2: this is no YAML: day is out of range for month"),
        ("nps: \xff", "measures.yaml, line 1: this is no UTF-8 text; save it as UTF-8."),
    ],
)
def test_what_yaml_cannot_say_or_would_pass_over_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "measures.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        read_settings(tmp_path)
    assert str(caught.value).startswith(said)


def test_doctor_tells_which_file_each_setting_comes_from(tmp_path: Path) -> None:
    (tmp_path / "measures.yaml").write_text("nps: {window_days: 90}\n")
    (tmp_path / "matching.yaml").write_text((SHIPPED / "matching.yaml").read_text())
    (tmp_path / "survivorshp.yaml").write_text("")
    said, unread = origins(Settings(config=tmp_path))
    assert said.found == (f"of {tmp_path}: measures.yaml: nps.window_days; all of matching.yaml; all others as shipped")
    assert unread.state == "warn"
    assert "survivorshp.yaml" in unread.found and "survivorship.yaml" in unread.found
