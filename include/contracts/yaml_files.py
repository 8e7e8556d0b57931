"""YAML that a person wrote: its values, and the place at which each setting stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

Keys = tuple[str, ...]  # the names that lead to a setting


class YamlError(ValueError):
    """What is no YAML: the end of a sentence that says why, and the place, which counts from 1."""

    def __init__(self, problem: str, line: int = 1, column: int = 1) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column = problem, line, column


@dataclass(frozen=True)
class Document:
    """A file as read: its text, the values in it and the node that they were made of; nobody may change them.

    marks: line and column of each setting. repeated: those that stand twice, of which YAML takes the last in silence.
    """

    text: str
    values: Any
    node: yaml.Node | None
    marks: Mapping[Keys, tuple[int, int]]
    repeated: tuple[Keys, ...]

    def line(self, keys: Keys) -> int | None:
        """Return the line of a setting, or of the nearest that stands around it; None in an empty file."""
        while keys and keys not in self.marks:
            keys = keys[:-1]
        return self.marks[keys][0] if keys in self.marks else None


@lru_cache(maxsize=512)
def parse(content: bytes) -> Document:
    """Read a file's content, the same content once a process; raises YamlError."""
    try:
        text = content.decode("utf-8")
        loader = _Loader(text)
        node = loader.get_single_node()
        places = [*_places(node)]  # before "<<" is put in place
        values = None if node is None else loader.construct_document(node)
    except UnicodeDecodeError as error:
        line = 1 + content[: error.start].count(b"\n")
        raise YamlError("this is no UTF-8 text; save it as UTF-8", line) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "correct it"
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlError(f"this is no YAML: {why}", *place) from None
    times = Counter(keys for keys, _ in places)
    return Document(text, values, node, dict(places), tuple(keys for keys, count in times.items() if count > 1))


class _Loader(yaml.SafeLoader):
    """A loader that says of a value that does not exist, such as the 31st of February, where it stands."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None


def _places(node: yaml.Node | None, keys: Keys = ()) -> Iterator[tuple[Keys, tuple[int, int]]]:
    if node is not None and not keys:
        yield keys, (node.start_mark.line + 1, node.start_mark.column + 1)
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        yield (*keys, str(name.value)), (name.start_mark.line + 1, name.start_mark.column + 1)
        yield from _places(value, (*keys, str(name.value)))
