"""Definitions in their files: every fault is named with its place, and the others are still taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.contracts.errors import ConfigurationError
from include.segments.catalog import Catalog, load, load_beside

GOOD = "key: {key}\nname: A segment\nowner: marketing\npurpose: A test.\nwhere: {where}\n"


def folder(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "segments").mkdir(exist_ok=True)
    for name, content in files.items():
        (tmp_path / "segments" / f"{name}.yaml").write_text(content, encoding="utf-8")
    return tmp_path


def good(key: str, where: str = "has_email", more: str = "") -> str:
    return GOOD.format(key=key, where=where) + more


def faults(catalog: Catalog) -> dict[str, list[str]]:
    return {refused.key: list(map(str, refused.faults)) for refused in catalog.refused}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (good("bad", "nps_clas = 'x'"), "bad.yaml:5:8: 'nps_clas' is no measure of a person (did you mean"),
        (good("bad", "|\n  has_email\n  and nps_score = 'x'"), "bad.yaml:7:19: nps_score is a whole number"),
        (good("bad", ">-\n  has_email\n  and nps_scor = 1"), "bad.yaml:7:7: 'nps_scor' is no measure"),
        (good("bad", "\"nps_class = 'x'\""), "bad.yaml:5:21: 'x' is no value of nps_class"),
        (good("bad", "has_email; drop table profile"), "bad.yaml:5:17: ';' is not part of the segment language."),
        (good("bad", more="ownr: me\n"), "bad.yaml:6:1: 'ownr' is no setting of a segment (did you mean 'owner'?)."),
        (good("bad", more="holdout: 0.9\n"), "bad.yaml:6:1: 'holdout': input should be less than or equal to 0.5."),
        (good("bad", more="expected: {min: 5, max: 2}\n"), "bad.yaml:6:1: 'expected'"),
        (good("bad", more="movement:\n  limt: 2\n"), "bad.yaml:7:3: 'limt' is no setting of a segment"),
        (good("bad", more="owner: other\n"), "'owner' is set twice"),
        (good("bad", more="level: company\n"), "bad.yaml:6:1: 'level'"),
        (good("Bad Key"), "bad.yaml:1:1: 'key' takes lower-case letters"),
        ("key: bad\nname: x\n", "'where' is missing"),
        ("key: [unclosed\n", "bad.yaml:2:1: this is no YAML:"),
        ("just text", "bad.yaml:1:1: a definition is a list of settings"),
        ("", "bad.yaml:1:1: a definition is a list of settings"),
        (good("bad", "in_segment('sond')"), "bad.yaml:5:19: there is no segment 'sond' (did you mean 'sound'?)."),
        (good("bad", "in_segment('bad')"), "the definition depends on itself: bad -> bad"),
    ],
)  # fmt: skip
def test_a_faulty_definition_is_named_and_the_others_are_taken(tmp_path: Path, content: str, fault: str) -> None:
    catalog = load(folder(tmp_path, bad=content, sound=good("sound")))
    assert [segment.key for segment in catalog.segments] == ["sound"]
    (refused,) = catalog.refused
    assert any(fault in str(found) for found in refused.faults), list(map(str, refused.faults))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    config = folder(tmp_path, sound=good("sound"))
    (config / "segments" / "bad.yaml").write_bytes(b"key: bad\nname: \xff\xfe\n")
    assert faults(load(config)) == {"bad.yaml": ["bad.yaml:2:1: this is no UTF-8 text; save it as UTF-8."]}


def test_yml_is_read_like_yaml_and_what_is_no_definition_is_named(tmp_path: Path) -> None:
    config = folder(tmp_path, a=good("a"))
    (config / "segments" / "b.yml").write_text(good("b"))
    for name in ("notes.txt", "c.yaml.bak", ".hidden"):
        (config / "segments" / name).write_text("x")
    catalog = load(config)
    assert [segment.key for segment in catalog.segments] == ["a", "b"]
    assert catalog.passed_over == ("c.yaml.bak", "notes.txt")


def test_two_segments_with_one_key_are_both_refused(tmp_path: Path) -> None:
    catalog = load(folder(tmp_path, one=good("twin"), two=good("twin"), sound=good("sound")))
    assert faults(catalog) == {
        "twin": [
            "one.yaml:1:1: the key 'twin' is also that of two.yaml.",
            "two.yaml:1:1: the key 'twin' is also that of one.yaml.",
        ]
    }
    assert [segment.key for segment in catalog.segments] == ["sound"]


def test_a_cycle_is_refused_and_so_is_what_depends_on_it(tmp_path: Path) -> None:
    catalog = load(
        folder(
            tmp_path,
            a=good("a", "in_segment('b')"),
            b=good("b", "in_segment('c') and has_email"),
            c=good("c", "not in_segment('a')"),
            d=good("d", "in_segment('a')"),
            e=good("e"),
        )
    )
    assert [segment.key for segment in catalog.segments] == ["e"]
    found = faults(catalog)
    assert found["a"] == ["a.yaml:5:1: the definition depends on itself: a -> b -> c -> a."]
    assert found["d"] == ["d.yaml:5:19: 'a' is refused itself."]


def test_segments_come_after_those_they_refer_to(tmp_path: Path) -> None:
    catalog = load(folder(tmp_path, a=good("a", "in_segment('c')"), b=good("b"), c=good("c", "in_segment('b')")))
    assert [segment.key for segment in catalog.segments] == ["b", "c", "a"]


def test_an_exclusive_group_leaves_out_whoever_a_higher_priority_has(tmp_path: Path) -> None:
    low = good("low", "has_email or nps_score = 1", "exclusive: {group: programme, priority: 1}\n")
    high = good("high", more="exclusive: {group: programme, priority: 2}\n")
    catalog = load(folder(tmp_path, low=low, high=high))
    assert [str(segment.condition) for segment in catalog.segments] == [
        "has_email", "(has_email or nps_score = 1) and not in_segment('high')",
    ]  # fmt: skip


def test_equal_priorities_and_mixed_levels_in_a_group_are_refused(tmp_path: Path) -> None:
    more = "exclusive: {{group: programme, priority: {}}}\n"
    catalog = load(
        folder(tmp_path, a=good("a", more=more.format(1)), b=good("b", more=more.format(1)),
               c=good("c", "nps < 0", more.format(2) + "level: account\n"))
    )  # fmt: skip
    assert catalog.segments == ()
    assert "b.yaml has the same priority" in faults(catalog)["a"][0]
    assert "another level" in " ".join(faults(catalog)["c"])


def test_an_account_cannot_be_in_a_segment_of_people(tmp_path: Path) -> None:
    wrong = good("wrong", "in_segment('people')", "level: account\n")
    right = good("right", "any_of_people(in_segment('people'))", "level: account\n")
    catalog = load(folder(tmp_path, people=good("people"), wrong=wrong, right=right))
    assert [segment.key for segment in catalog.segments] == ["people", "right"]
    assert "ask any_of_people(in_segment('people'))" in faults(catalog)["wrong"][0]


def test_the_version_follows_the_meaning_and_not_the_spelling(tmp_path: Path) -> None:
    def versions(where: str) -> dict[str, str]:
        catalog = load(folder(tmp_path, a=good("a", where), b=good("b", "in_segment('a')")))
        return {segment.key: segment.version for segment in catalog.segments}

    first, respelled, changed = versions("nps_score=9"), versions("nps_score  =  9"), versions("nps_score = 8")
    assert first == respelled
    assert first["a"] != changed["a"]
    assert first["b"] != changed["b"]  # what it refers to has changed


def test_a_segment_that_refers_to_one_on_opens_depends_on_opens(tmp_path: Path) -> None:
    catalog = load(folder(tmp_path, a=good("a", "email_opens_28 > 0"), b=good("b", "in_segment('a')"), c=good("c")))
    assert {segment.key: segment.uses_opens for segment in catalog.segments} == {"a": True, "b": True, "c": False}


def test_an_unsaved_definition_is_read_beside_the_saved_ones(tmp_path: Path) -> None:
    config = folder(tmp_path, a=good("a"), b=good("b", "in_segment('a')"))
    draft = tmp_path / "draft.yaml"
    draft.write_text(good("b", "in_segment('a') and nps_score = 9"), encoding="utf-8")
    segment, _ = load_beside(draft, config)
    assert str(segment.condition) == "in_segment('a') and nps_score = 9"
    draft.write_text(good("b", "in_segment('z')"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"draft\.yaml:5:19: there is no segment 'z'"):
        load_beside(draft, config)
    with pytest.raises(ConfigurationError, match="There is no file"):
        load_beside(tmp_path / "nowhere.yaml", config)
