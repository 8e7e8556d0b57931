"""docs/contributing.md is true: each addition that it describes, made in a copy of the project with its files alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from include.contracts.settings import ROOT

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "contributing.md"
Edits = Mapping[str, tuple[tuple[str, str], ...]]  # by file, what stands there now and what is to stand there

A_MEASURE: Edits = {
    "include/contracts/measures/person.py": (
        (
            '    nps(date("nps_on",',
            '    nps(boolean("nps_won_back", "A promoter now, a detractor before", required=True), default=False),\n'
            '    nps(date("nps_on",',
        ),
    ),
    "include/measures/nps.py": (
        (
            "        nps_on=latest.day,\n        nps_change",
            "        nps_on=latest.day,\n"
            "        nps_won_back=((latest.score >= 9) & (latest.previous <= 6)).fill_null(False),\n"
            "        nps_change",
        ),
    ),
}
ITS_USE = """
import sys
from datetime import timedelta
from pathlib import Path
from include.contracts.measures import CUSTOMER_360
from include.measures.step import measure
from include.reference.measures import render
from include.segments.language import parse
from tests.small_company import AS_OF, SmallCompany, read

company = SmallCompany(Path(sys.argv[1]))
for name, scores in {"won": (3, 9), "lost": (9, 3), "new": (10,)}.items():
    company.person(name)
    for number, score in enumerate(scores):
        company.answer(name, score, AS_OF - timedelta(days=20 - number))
rows = read(company.project, CUSTOMER_360, measure(company.project, company.run(), company.save()))
assert {row["profile_id"]: row["nps_won_back"] for row in rows} == {"won": True, "lost": False, "new": False}, rows
assert str(parse("nps_won_back", "person")) == "nps_won_back"
assert "`nps_won_back`" in render()
"""

AN_OPERATOR: Edits = {
    "include/segments/clauses.py": (
        (
            "@dataclass(frozen=True, slots=True)\nclass IsNull:",
            "@dataclass(frozen=True, slots=True)\n"
            "class BeginsWith:\n"
            '    """``begins_with(measure, text)``."""\n\n'
            "    measure: Operand\n"
            "    start: str\n\n"
            "    def __str__(self) -> str:\n"
            '        return f"begins_with({self.measure}, {quoted(self.start)})"\n\n\n'
            "@dataclass(frozen=True, slots=True)\nclass IsNull:",
        ),
        ("| TextTest | IsNull |", "| TextTest | BeginsWith | IsNull |"),
    ),
    "include/segments/functions.py": (
        (
            "FUNCTIONS: Mapping",
            "def _begins_with(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:\n"
            '    measure, start = reader.parts.take(node, "expressions")\n'
            "    return clauses.BeginsWith(reader.measure(measure), str(reader.literals.text(start)))\n\n\n"
            "FUNCTIONS: Mapping",
        ),
        ('    "during": _during,', '    "begins_with": _begins_with,\n    "during": _during,'),
    ),
    "include/segments/compared.py": (
        (
            "            case clauses.IsNull():",
            "            case clauses.BeginsWith(_, start):\n"
            "                return value.startswith(start)\n"
            "            case clauses.IsNull():",
        ),
    ),
    "include/reference/segments.py": (
        (
            "| `measure is null`",
            "| `begins_with(measure, 'text')` | text that begins so; case matters |\n| `measure is null`",
        ),
    ),
}
ITS_TEST = """
from datetime import date
import ibis
from include.reference.segments import render
from include.segments import tree
from include.segments.expression import matching
from include.segments.population import Population
from include.segments.language import parse

condition = parse("not begins_with(title, 'Head') and nps_score > 5", "person")
assert tree.measures(condition) == ("nps_score", "title")
people = ibis.memtable({"profile_id": ["a", "b"], "title": ["Head of IT", "CTO"], "nps_score": [9, 9]})
found = matching(condition, "person", Population(date(2026, 1, 1), people, people, lambda key: ("person", people)))
assert found.profile_id.to_pyarrow().to_pylist() == ["b"]
assert "begins_with" in render()
"""


A_DESTINATION: Edits = {
    "include/activation/destinations/toy.py": (
        (
            "",
            "from include.activation.destination import ACCEPTED, Batch, Destination, Outcome\n\n"
            "HELD = {}\n\n\n"
            "class Toy(Destination):\n"
            "    rekeys = True\n\n"
            "    def deliver(self, batch: Batch) -> Outcome:\n"
            "        for change in batch.changes:\n"
            "            HELD.pop(change.former_key or change.key, None)\n"
            "            if batch.verb == 'write':\n"
            "                HELD[change.key] = change.fields\n"
            "        return ACCEPTED\n",
        ),
    ),
    "include/activation/registry.py": (
        ('        "files": ', '        "toy": "include.activation.destinations.toy:Toy",\n        "files": '),
    ),
}
ITS_DELIVERY = """
import sys
from pathlib import Path
from include.activation.destination import Batch, Change
from include.activation.registry import open_destination
from include.activation.syncs import find_sync
from include.remote.clock import MachineClock

(folder := Path(sys.argv[1]) / "destinations").mkdir(parents=True)
(folder / "shelf.yaml").write_text(
    "kind: toy\\nsyncs: {s: {segment: s, owner: o, purpose: email_marketing, key: {mail: email}}}"
)
shelf = open_destination(find_sync(folder.parent, "s"), lambda name: None, MachineClock())
shelf.deliver(Batch("1", "p", (Change(1, "add", "m", "a@b.test", {"mail": "a@b.test"}),)))
shelf.deliver(Batch("2", "p", (Change(2, "rekey", "m", "c@b.test", {"mail": "c@b.test"}, "a@b.test"),)))
assert sys.modules[type(shelf).__module__].HELD == {"c@b.test": {"mail": "c@b.test"}}
"""


A_COMPARISON: Edits = {
    "include/matching/levels.py": (
        ('    TEXT = "text"\n', '    TEXT = "text"\n    PLATE = "plate"\n'),
        (
            "# fmt: on\n",
            "PLATE = Comparison(\n"
            '    "plate", Text, agrees=(Text.TYPO,), blocks=Blocks(with_name=True, alone=True),\n'
            "    same=prior(Text, equal=0.8, typo=0.1, close=0.05, different=0.05),\n"
            "    strangers=prior(Text, equal=1e-5, typo=1e-4, close=1e-3, different=0.998),\n"
            "    related={HOUSEHOLD: prior(Text, equal=0.5, typo=0.05, close=0.05, different=0.4)},\n"
            ")\n"
            "# fmt: on\n",
        ),
        ("ORGANIZATION, TEXT, SOURCE)\n}", "ORGANIZATION, TEXT, SOURCE, PLATE)\n}"),
    ),
    "include/matching/records/cleaning.py": (
        (
            "    Kind.CODE: _alone(clean_codes),\n",
            "    Kind.CODE: _alone(clean_codes),\n    Kind.PLATE: _alone(clean_codes),\n",
        ),
    ),
}
ITS_PAIRS = """
import pyarrow as pa
from include.matching.engine import resolve
from include.matching.spec import parse_spec
from tests.matching_tables import town

rows = [{"record_id": r["record_id"], "name": r["last_name"], "car": "B-KD %s" % r["record_id"][5:-1]} for r in town()]
for name, car in {"x": "M-XY 1234", "y": "mxy1234", "z": "M-XY 1235"}.items():
    rows.append({"record_id": name, "name": "Oberman", "car": car})
spec = parse_spec({"id": "record_id", "columns": {"name": "last_name", "car": "plate"}})
pairs = {(p["record_a"], p["record_b"]): p for p in resolve(pa.Table.from_pylist(rows), spec).pairs.to_pylist()}
assert (pairs["x", "y"]["rule"], pairs["x", "y"]["evidence"]) == ("car", "last_name=equal;car=equal"), pairs["x", "y"]
assert "car=typo" in pairs["x", "z"]["evidence"], pairs["x", "z"]
"""

A_PAGE: Edits = {
    "include/web/pages/origins.py": (
        (
            "",
            "from fastapi import APIRouter, Response\n\n"
            "from include.contracts.sources import read_sources\n"
            "from include.web.callers import READ_SEGMENTS, Call\n"
            "from include.web.render import page\n\n"
            "router = APIRouter(include_in_schema=False)\n\n\n"
            '@router.get("/origins")\n'
            "def origins(call: Call = READ_SEGMENTS) -> Response:\n"
            '    return page(call, "origins.html", sources=read_sources(call.project.settings.config))\n',
        ),
    ),
    "include/web/templates/origins.html": (
        (
            "",
            '{% extends "base.html" %}\n{% block title %}Origins{% endblock %}\n{% block main %}\n<h1>Origins</h1>\n'
            "<ul>{% for name, source in sources.items() %}<li>{{ name }}: {{ source.owner }}</li>{% endfor %}</ul>\n"
            "{% endblock %}\n",
        ),
    ),
    "include/web/app.py": (
        ("    known,\n    overview,\n", "    known,\n    origins,\n    overview,\n"),
        ("PAGES = (\n    overview, ", "PAGES = (\n    overview, origins, "),
    ),
    "include/web/templates/base.html": (
        ('("/quality", "Quality")', '("/quality", "Quality"), ("/origins", "Origins")'),
    ),
}
ITS_VISIT = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from include.contracts.access import Scope
from include.contracts.settings import Settings
from include.storage.project import Project
from include.web.app import create_app
from include.web.callers import Caller

def visit(*scopes):
    async def identify(request):
        return Caller("Nina", frozenset(scopes))

    project = Project(Settings(home=Path(sys.argv[1]), warehouse_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    return TestClient(create_app(project, identify, secret="s")).get("/origins")

shown = visit(Scope.SEGMENTS_READ)
assert shown.status_code == 200 and "<li>crm: " in shown.text, shown.text
assert 'href="/origins" aria-current="page"' in shown.text
assert visit().status_code == 403
"""


@pytest.fixture
def added(tmp_path: Path) -> Callable[[Edits, str], None]:
    """Make an addition in a copy of the project and run a script there."""

    def add(edits: Edits, script: str) -> None:
        shutil.copytree(ROOT / "include", tmp_path / "include", ignore=shutil.ignore_patterns("*.pyc.*", "*.tmp.*"))
        (tmp_path / "tests").symlink_to(ROOT / "tests")
        for name, changes in edits.items():
            place = tmp_path / name
            text = place.read_text(encoding="utf-8") if place.exists() else ""
            for now, then in changes:
                assert text.count(now) == 1, f"{name}: {now}"
                text = text.replace(now, then)
            place.write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", script, str(tmp_path / "home")]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr

    return add


def files_of(section: str) -> set[str]:
    """The files that the page's section lists, in its numbered steps."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n### {section}\n")[1].split("\n##")[0]
    return set(re.findall(r"^\d+\. `([^`]+)`", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("section", "edits", "script"),
    [
        ("Add a measure", A_MEASURE, ITS_USE),
        ("Add an operator", AN_OPERATOR, ITS_TEST),
        ("Add a destination", A_DESTINATION, ITS_DELIVERY),
        ("Add a comparison", A_COMPARISON, ITS_PAIRS),
        ("Add a page", A_PAGE, ITS_VISIT),
    ],
    ids=["a measure", "an operator", "a destination", "a comparison", "a page"],
)
def test_an_addition_takes_the_files_that_the_page_names(added, section: str, edits: Edits, script: str) -> None:
    stand_for = {"<family>": "nps", "<level>": "person", "<kind>": "toy", "<page>": "origins"}
    listed = {re.sub(r"<\w+>", lambda name: stand_for[name[0]], file) for file in files_of(section)}
    assert listed == set(edits)
    added(edits, script)


def test_every_path_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:include|tests|docs|dags|plugins|benchmarks)/[\w/.]+)`", PAGE.read_text(encoding="utf-8"))
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]
