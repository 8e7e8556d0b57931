"""Whatever the order in which days are run, run again, refused, lost or rewound, all histories agree.

After each run the events, replayed, give the membership; no membership is younger than its day; each day that was
published and not forgotten has one row; and each member's state on each of those days is what that day's run found.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from include.contracts.errors import EarlierDayError
from include.contracts.measures import CUSTOMER_360, CUSTOMER_HISTORY
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT_EVENT, SEGMENT_HISTORY, SEGMENT_MEMBERSHIP
from include.contracts.tables import Table
from include.segments.step import segment_with
from include.storage import history
from tests.small_company import AS_OF, SmallCompany, publish, rows_at, rows_of, save

pytestmark = pytest.mark.slow
PEOPLE = ("p1", "p2", "p3")
HAPPY = {"key": "happy", "name": "happy", "owner": "x", "purpose": "x", "where": "nps_score >= 9"}
Scores = Mapping[str, int]


@dataclass(frozen=True)
class Step:
    """One run: its day, who there is on it with which score, and whether it rewinds and comes to be published."""

    day: date
    scores: Scores
    rewinds: bool
    is_published: bool = True


@dataclass
class Company:
    """Runs the two steps that remember; ``days`` is what should be known: of each day what its last run found."""

    base: SmallCompany
    days: dict[date, Scores] = field(default_factory=dict)
    refs: dict[str, DatasetRef] = field(default_factory=dict)

    def run(self, step: Step) -> None:
        run = Run(f"run-{step.day}", step.day, rewinds=step.rewinds)
        rows = [
            {"profile_id": id, "as_of": step.day, "identity_confidence": 0.9, **_answer(score)}
            for id, score in step.scores.items()
        ]
        with self.base.project.engine() as engine:
            now = save(engine, CUSTOMER_360, rows_of(CUSTOMER_360, rows))
            inputs = {"customer_360": now.version, "as_of": step.day.isoformat()}
            kept = history.keep(engine, CUSTOMER_HISTORY, engine.read(CUSTOMER_360, now), run, inputs)
        report = segment_with(self.base.project, run, {CUSTOMER_360.name: now}, ())
        if step.is_published:
            self.refs = {**publish(self.base.project, report), kept.dataset: kept}
            self.base.project.lake.point(kept)
            self.days = {day: found for day, found in self.days.items() if day < step.day} | {step.day: step.scores}

    def read(self, table: Table) -> list[dict[str, Any]]:
        return rows_at(self.base.project, table, self.refs[table.name])

    def state_on(self, day: date) -> dict[str, str]:
        with self.base.project.engine() as engine:
            log = engine.read(CUSTOMER_HISTORY, self.refs[CUSTOMER_HISTORY.name])
            rows = history.state_on(CUSTOMER_HISTORY, log, ibis.literal(day)).to_pyarrow().to_pylist()
        return {row["profile_id"]: row["nps_class"] for row in rows if row["is_present"]}


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=5, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))  # each costs seconds
@given(
    st.lists(
        st.builds(
            Step,
            day=st.integers(0, 3).map(lambda n: AS_OF + timedelta(days=n)),
            scores=st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from((3, 9)), min_size=1),
            rewinds=st.booleans(),
            is_published=st.integers(0, 4).map(bool),
        ),
        min_size=2,
        max_size=5,
    )
)
def test_all_histories_agree_under_any_order_of_days(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        company = _company(Path(folder))
        for step in steps:
            if step.day < max(company.days, default=date.min) and not step.rewinds:
                with pytest.raises(EarlierDayError):
                    company.run(step)
            else:
                company.run(step)
            if company.days:
                _agree(company)
        if company.days:  # whatever happened, the newest day can be run again, and the next one too
            newest = max(company.days)
            for day in (newest, newest + timedelta(days=1)):
                company.run(replace(steps[0], day=day, is_published=True, rewinds=False))
                _agree(company)


def _company(folder: Path) -> Company:
    (folder / "config" / "segments").mkdir(parents=True)
    (folder / "config" / "segments" / "happy.yaml").write_text(json.dumps(HAPPY), encoding="utf-8")
    return Company(SmallCompany(folder / "home", folder / "config"))


def _agree(company: Company) -> None:
    newest = max(company.days)
    members = {row["member_id"]: row["since"] for row in company.read(SEGMENT_MEMBERSHIP)}
    assert set(members) == _happy(company.days[newest])
    assert all(since <= newest for since in members.values())
    assert _replayed(company.read(SEGMENT_EVENT)) == set(members)
    sizes = [(row["as_of"], row["size"]) for row in company.read(SEGMENT_HISTORY)]
    assert sizes == [(day, len(_happy(found))) for day, found in sorted(company.days.items())]
    for day, scores in company.days.items():
        assert company.state_on(day) == {id: _answer(score)["nps_class"] for id, score in scores.items()}


def _answer(score: int) -> dict[str, Any]:
    return {"nps_score": score, "nps_class": "promoter" if score >= 9 else "detractor"}


def _happy(scores: Scores) -> set[str]:
    return {id for id, score in scores.items() if score >= 9}


def _replayed(events: list[dict[str, Any]]) -> set[str]:
    order = ("merge", "split", "exit", "entry")
    members: set[str] = set()
    for event in sorted(events, key=lambda row: (row["on_date"], row["sequence"], order.index(row["kind"]))):
        if event["kind"] == "entry":
            assert event["member_id"] not in members, "nobody enters who is in"
            members.add(event["member_id"])
        else:
            members.remove(event["member_id"])  # nobody leaves who is not in
    return members
