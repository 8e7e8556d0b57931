"""The code as an input: what a stage does names its versions, so an edited rule never finds yesterday's result."""

from pathlib import Path

import pytest

from include.identity.plan import ESTIMATE
from include.storage.code import code_of, reached

STAGES = ("staging", "identity", "profiles", "measures", "segments", "reports", "quality")

STEP = '''"""A stage."""

from include.rules import LIMIT  # shared

def judge(score: int) -> str:
    """Say how good a score is."""
    from include.words import GOOD
    return f"{GOOD} {score!r:>3}" if score > LIMIT else "bad"
'''


@pytest.fixture
def code(tmp_path: Path):
    """Write modules of a project; returns the digest of its stage, as a process that begins now sees it."""
    here = iter(range(100))

    def of(**changed: str) -> str:
        root = tmp_path / str(next(here))
        modules = {
            "step": STEP,
            "rules": "LIMIT = 8\n",
            "words": "GOOD = 'good'\n",
            "other": "X = 1\n",
        } | changed
        for name, text in modules.items():
            place = root / "include" / f"{name}.py"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
        return code_of("include.step", root)

    return of


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("step", STEP.replace("score > LIMIT", "score >= LIMIT")),
        ("step", STEP.replace(":>3", ":>4")),
        ("rules", "LIMIT = 7\n"),
        ("words", "GOOD = 'fine'\n"),
    ],
    ids=["its own rule", "a format", "what it imports", "what it imports when it runs"],
)
def test_an_edited_rule_is_other_code(code, module, text):
    assert code(**{module: text}) != code()


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("step", STEP.replace('"""A stage."""', '"""A stage of mine."""').replace("# shared", "# by two stages")),
        ("step", STEP.replace("Say how good", "Tell how good")),
        ("step", STEP.replace("\n", "\r\n")),
        ("step", STEP.replace("(score: int)", "(\n    score: int,\n)").replace('"bad"', "'bad'")),
        ("other", "X = 2\n"),
    ],
    ids=["comments", "docstrings", "line endings", "layout", "what it does not import"],
)
def test_what_changes_nothing_that_is_done_is_the_same_code(code, module, text):
    assert code(**{module: text}) == code()


def test_the_digest_is_the_same_on_every_machine_and_python(code):
    assert code() == "d9c37a482f2e93f4"


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("staging.values", {"staging"}),
        ("matching.weights.fit", {"identity"}),
        ("identity.crosswalk.guard", {"identity"}),
        ("profiles.consent", {"profiles"}),
        ("measures.nps", {"measures", "reports"}),
        ("segments.guards", {"segments"}),
        ("quality.expectations", {"quality"}),
        ("storage.postgres.ddl", {"quality"}),
        ("contracts.profiles", {"profiles", "measures", "segments", "reports", "quality"}),
        ("storage.engine", set(STAGES)),
        ("reports.churn", {"reports"}),
        ("storage.postgres.embedded", set()),
        ("cli.run", set()),
    ],
)
def test_each_stage_is_named_by_what_it_does(module: str, stages: set[str]):
    assert {name for name in STAGES if f"include.{module}" in reached(f"include.{name}.step")} == stages


def test_a_model_is_named_by_how_its_weights_are_learned():
    assert {"include.matching.weights.fit", "include.matching.records.person_names"} <= reached(ESTIMATE).keys()
