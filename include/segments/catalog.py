"""The catalog of segments: all definitions checked against each other, the sound ones in the order of evaluation.

A member of an exclusive group leaves out whoever is in a segment of higher priority in it: its condition is
extended by ``not in_segment('higher')``, so one kind of dependency covers references and groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

from include.contracts.configuration import effective
from include.contracts.errors import ConfigurationError
from include.contracts.events import Vocabulary, read_events
from include.contracts.events.kinds import MAIL
from include.contracts.measures import measures_of
from include.contracts.nearest import nearest
from include.contracts.runs import fingerprint
from include.segments import tree
from include.segments.definitions import Definition, Draft, Fault, read
from include.segments.language import traits_of, with_sound_traits

FOLDER = "segments"
ENDINGS = (".yaml", ".yml")
OPENED = MAIL["open"].name


@dataclass(frozen=True, slots=True)
class Segment:
    """A sound definition, its whole condition, and the digest of all that decides who is in it."""

    definition: Definition
    condition: tree.Node
    file: str
    version: str
    above: tuple[str, ...]  # the segments of its exclusive group that win over it
    uses_opens: bool  # itself or through a segment that it refers to: machines distort opens

    @property
    def key(self) -> str:
        """Key of the segment."""
        return self.definition.key

    @property
    def level(self) -> str:
        """What its members are: person or account."""
        return self.definition.level

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures of the member itself that it reads."""
        return tree.measures(self.condition)


@dataclass(frozen=True, slots=True)
class Refused:
    """Definitions of one key that are not evaluated, with all their faults."""

    key: str
    name: str
    level: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The sound segments, each after those it depends on; the refused ones; and files that are no definitions.

    ``vocabulary`` are the events that their conditions may name.
    """

    segments: tuple[Segment, ...]
    refused: tuple[Refused, ...]
    passed_over: tuple[str, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @property
    def traits(self) -> tuple[tree.Traited, ...]:
        """The sound traits that the configuration declares."""
        return traits_of(self.vocabulary)

    def segment(self, key: str) -> Segment:
        """Return the sound segment of that key; raises ConfigurationError."""
        for segment in self.segments:
            if segment.key == key:
                return segment
        for refused in self.refused:
            if refused.key == key:
                raise ConfigurationError("\n".join(map(str, refused.faults)))
        raise ConfigurationError(f"There is no segment {key!r}{nearest(key, [s.key for s in self.segments])}.")


def load(config: Path) -> Catalog:
    """Read all definitions of the configuration folder; where it has no folder of them, the shipped ones."""
    vocabulary = with_sound_traits(read_events(config))
    return replace(check(_saved(config, vocabulary)), passed_over=_passed_over(config), vocabulary=vocabulary)


def _saved(config: Path, vocabulary: Vocabulary) -> list[Draft]:
    files = (path for path in sorted(effective(config / FOLDER).glob("*")) if path.suffix.lower() in ENDINGS)
    return [read(path.name, path.read_bytes(), vocabulary) for path in files if path.is_file()]


def _passed_over(config: Path) -> tuple[str, ...]:
    """The names of what lies among the definitions and is none, hidden files aside."""
    others = (
        path.name
        for path in effective(config / FOLDER).glob("*")
        if path.suffix.lower() not in ENDINGS or path.is_dir()
    )
    return tuple(sorted(name for name in others if not name.startswith(".")))


def load_beside(path: Path, config: Path) -> tuple[Segment, Catalog]:
    """Read one unsaved definition beside the saved ones, whose namesake it replaces.

    Raises ConfigurationError with all its faults.
    """
    if not path.is_file():
        raise ConfigurationError(f"There is no file {path}; give the path of a segment definition.")
    return read_beside(path.name, path.read_bytes(), config)


def read_beside(name: str, content: bytes, config: Path) -> tuple[Segment, Catalog]:
    """Do the same with a definition that is in no file; ``name`` stands for the file in messages."""
    vocabulary = with_sound_traits(read_events(config))
    draft = read(name, content, vocabulary)
    catalog = check([*(other for other in _saved(config, vocabulary) if other.key != draft.key), draft])
    if draft.faults:
        raise ConfigurationError("\n".join(map(str, draft.faults)))
    return catalog.segment(draft.key), catalog


def check(drafts: Iterable[Draft]) -> Catalog:
    """Check drafts against each other, adding to their faults; what depends on a refused one is refused too."""
    found = list(drafts)
    _refuse_repeated_keys(found)
    _refuse_unclear_groups(found)
    while _refuse_references(found) or _refuse_cycles(found):
        pass
    conditions = _conditions(found)
    segments: dict[str, Segment] = {}
    for draft in _ordered(found, conditions):
        segments[draft.key] = _segment(draft, conditions[draft.key], segments, _above(draft, _sound(found)))
    return Catalog(tuple(segments.values()), _refusals(found))


def _segment(draft: Draft, condition: tree.Node, below: Mapping[str, Segment], above: tuple[str, ...]) -> Segment:
    assert draft.definition is not None
    needed = [below[key] for key in tree.segments(condition)]
    traits = sorted(trait.version for trait in tree.named_traits(condition))
    fiscal = tree.fiscal_months(condition)
    versions = [*(segment.version for segment in needed), *traits, *fiscal]
    version = fingerprint(draft.definition.level, str(condition), versions)
    known = {**measures_of("account"), **measures_of("person")}
    asked = (condition, *(inner for _, inner in tree.behind(condition)))
    names = [name for node in asked for name in tree.all_measures(node)]
    opens = any(known[name].uses_opens for name in names) or any(segment.uses_opens for segment in needed)
    opens = opens or any(happened.event == OPENED for happened in tree.counted(condition))
    return Segment(draft.definition, condition, draft.file, version, above, opens)


def _sound(drafts: list[Draft]) -> dict[str, Draft]:
    return {draft.key: draft for draft in drafts if draft.definition is not None and not draft.faults}


def _conditions(drafts: list[Draft]) -> dict[str, tree.Node]:
    """The whole condition of each sound draft, what its exclusive group adds included."""
    sound = _sound(drafts)
    conditions: dict[str, tree.Node] = {}
    for key, draft in sound.items():
        assert draft.tree is not None
        excluded = tuple(tree.Not(tree.InSegment(higher)) for higher in _above(draft, sound))
        own = draft.tree.items if isinstance(draft.tree, tree.And) else (draft.tree,)
        conditions[key] = tree.And((*own, *excluded)) if excluded else draft.tree
    return conditions


def _above(draft: Draft, sound: Mapping[str, Draft]) -> tuple[str, ...]:
    return tuple(sorted(other.key for other in sound.values() if _outranks(other, draft)))


def _outranks(draft: Draft, other: Draft) -> bool:
    mine = draft.definition.exclusive if draft.definition else None
    theirs = other.definition.exclusive if other.definition else None
    return bool(mine and theirs and mine.group == theirs.group and mine.priority > theirs.priority)


def _refuse_repeated_keys(drafts: list[Draft]) -> None:
    for draft in drafts:
        others = [other.file for other in drafts if other is not draft and other.key and other.key == draft.key]
        if others:
            draft.fault(f"the key {draft.key!r} is also that of {', '.join(others)}", "key")


def _refuse_unclear_groups(drafts: list[Draft]) -> None:
    """In an exclusive group every priority is there once, and all segments are of one level."""
    grouped = [d for d in _sound(drafts).values() if d.definition and d.definition.exclusive]
    for draft in grouped:
        for other in grouped:
            mine, theirs = draft.definition, other.definition
            if other is draft or not (mine and theirs and mine.exclusive and theirs.exclusive):
                continue
            if mine.exclusive.group != theirs.exclusive.group:
                continue
            if mine.exclusive.priority == theirs.exclusive.priority:
                draft.fault(f"{other.file} has the same priority in this group", "exclusive", "priority")
            if mine.level != theirs.level:
                draft.fault(f"{other.file} is in this group, and of another level", "exclusive", "group")


def _refuse_references(drafts: list[Draft]) -> bool:
    """Refuse drafts that refer to a segment that is not there, refused, or of the wrong level; tell if any."""
    sound = _sound(drafts)
    levels = {key: draft.definition.level for key, draft in sound.items() if draft.definition}
    keys = {draft.key for draft in drafts if draft.key}
    before = len(sound)
    for draft in sound.values():
        assert draft.tree is not None and draft.definition is not None
        for key in tree.segments(draft.tree):
            if key not in levels:
                known = (
                    f"{key!r} is refused itself" if key in keys else f"there is no segment {key!r}{nearest(key, keys)}"
                )
                draft.fault_at(known, f"'{key}'")
        of_accounts = [tree.asking(draft.tree, of_account=True)]
        of_accounts += [tree.clauses(draft.tree)] if draft.definition.level == "account" else []
        for clause in chain(*of_accounts):
            if isinstance(clause, tree.InSegment) and levels.get(clause.key) == "person":
                draft.fault_at(
                    f"{clause.key!r} is a segment of people; ask any_of_people(in_segment('{clause.key}'))",
                    f"'{clause.key}'",
                )
    return len(_sound(drafts)) < before


def _refuse_cycles(drafts: list[Draft]) -> bool:
    """Refuse the drafts of one cycle; tell if there was one."""
    conditions = _conditions(drafts)
    try:
        _ordered(drafts, conditions)
    except CycleError as error:
        cycle = list(error.args[1])
        sound = _sound(drafts)
        for key in set(cycle):
            sound[key].fault(f"the definition depends on itself: {' -> '.join(reversed(cycle))}", "where")
        return True
    return False


def _ordered(drafts: list[Draft], conditions: Mapping[str, tree.Node]) -> list[Draft]:
    """The sound drafts, each after those it depends on, else by key; raises CycleError."""
    sound = _sound(drafts)
    sorter = TopologicalSorter({key: tree.segments(conditions[key]) for key in sorted(conditions)})
    return [sound[key] for key in sorter.static_order()]


def _refusals(drafts: list[Draft]) -> tuple[Refused, ...]:
    """The faulty drafts by key; a file whose key cannot be read goes by its own name."""
    faulty: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.faults:
            faulty.setdefault(draft.key or draft.file, []).append(draft)
    return tuple(
        Refused(key, _name(group) or key, _level(group), tuple(fault for draft in group for fault in draft.faults))
        for key, group in sorted(faulty.items())
    )


def _name(drafts: list[Draft]) -> str:
    return next((draft.definition.name for draft in drafts if draft.definition), "")


def _level(drafts: list[Draft]) -> str:
    return next((draft.definition.level for draft in drafts if draft.definition), "person")
