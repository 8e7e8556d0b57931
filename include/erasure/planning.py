"""What erasing people would do: whom each subject names, and what every place holds of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from include.contracts.errors import ConfigurationError, UnknownError
from include.erasure import lake
from include.erasure.gather import Gathering, Person
from include.erasure.lake import Found
from include.erasure.places import held_outside, rules_of, summed
from include.erasure.traces import Traces, together
from include.storage.project import Project


@dataclass(frozen=True)
class Plan:
    """What would be erased: whom each subject names, how many records they have, and what each place holds of them.

    ``left_out``: why a subject is nobody who can be erased.
    """

    people: Mapping[str, Person]
    records: int
    shared: int
    found: Sequence[Found]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def subjects(self) -> list[str]:
        """The people once each: their living profile, else the address."""
        return list(dict.fromkeys(person.profile or str(person.email) for person in self.people.values()))


def plan(project: Project, now: datetime, subjects: Collection[str]) -> Plan:
    """Say what erasing people would do, and do nothing; a subject is a profile id or an address.

    Raises UnknownError or ConfigurationError where none of them is somebody who can be erased.
    """
    with project.engine() as engine:
        people, left_out = _whom(Gathering(engine, project.suppressed()), subjects)
        traces = Gathering(engine, project.suppressed()).traces(now.date(), people)
        rules = rules_of(project, traces.values())
        found = [what for _, _, what in lake.look(engine, rules)]
    every = together(list(traces.values()))
    found = summed([*found, *held_outside(project, every)])
    for subject in _nobody(project, {name: traces[name] for name in people if not people[name].profile}):
        left_out[subject] = f"Nobody with the address {subject} is known; nothing was done."
        del people[subject]
    if not people:
        raise UnknownError(" ".join(left_out.values()))
    every = together([traces[name] for name in people])
    return Plan(people, len(every.records), every.shared, found, left_out)


def _whom(gathering: Gathering, subjects: Collection[str]) -> tuple[dict[str, Person], dict[str, str]]:
    """Return whom subjects name, and why others name nobody who can be erased; the only one's reason is raised."""
    people, left_out = dict[str, Person](), dict[str, str]()
    for subject in dict.fromkeys(subjects):
        try:
            people[subject] = gathering.named(subject)
        except (UnknownError, ConfigurationError) as error:
            if len(subjects) == 1:
                raise
            left_out[subject] = str(error)
    return people, left_out


def _nobody(project: Project, traces: Mapping[str, Traces]) -> list[str]:
    """Return the addresses of which nothing is found; mostly that is all of them, else each half is looked at."""
    if not traces or not _is_somewhere(project, together(list(traces.values()))):
        return list(traces)
    names, half = list(traces), len(traces) // 2
    halves = ({name: traces[name] for name in part} for part in (names[:half], names[half:]))
    return [name for part in halves for name in _nobody(project, part)] if half else []


def _is_somewhere(project: Project, traces: Traces) -> bool:
    with project.engine() as engine:
        in_lake = any(lake.look(engine, rules_of(project, [traces])))
    return in_lake or bool(held_outside(project, traces))
