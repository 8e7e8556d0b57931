"""Configuration files: YAML, read into frozen models; whatever is wrong in one is named with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest


class Section(BaseModel):
    """A part of a configuration file; a key that it does not have is refused, naming the nearest that it has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        for key in given if isinstance(given, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(f"there is no key {key!r}{nearest(str(key), cls.model_fields)}")
        return given


class Strict(BaseModel):
    """A part of a file whose faults are all named at once, each at its line: by the caller, who has the lines."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Section)


def read_configuration(path: Path, section: type[S]) -> S:
    """Read a YAML file as a section; raises ConfigurationError naming the file and every key at fault."""
    try:
        return section.model_validate(_content(path))
    except ValidationError as error:
        faults = (_fault(section, fault) for fault in error.errors(include_input=False, include_url=False))
        raise ConfigurationError(f"{path.name}: {'; '.join(faults)}.") from None


def place_of(path: Path, *keys: str) -> str:
    """Return the file and the line on which the value at ``keys`` begins, for a message; the file where it has none."""
    node: Any = yaml.compose(path.read_text("utf-8"))
    for key in keys:
        found = [v for k, v in node.value if k.value == key] if isinstance(node, yaml.MappingNode) else []
        if not found:
            return path.name
        node = found[0]
    return f"{path.name}, line {node.start_mark.line + 1}"


def _content(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8")) or {}
    except FileNotFoundError:
        raise ConfigurationError(f"{path.name} is missing in {path.parent}; put it there.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is no UTF-8 text; save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path.name}{line}: this is no YAML; correct it and run again.") from None


def _fault(section: type[Section], fault: Mapping[str, Any]) -> str:
    place, problem = ".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")
    meaning = "".join(f" (it is: {description})" for description in _descriptions(section, fault["loc"]))
    return f"{place} cannot be used: {problem}{meaning}" if place else problem


def _descriptions(kind: Any, location: tuple[int | str, ...]) -> Iterator[str]:
    """Yield the description of the field at a place, where it has one; a mapping's keys name no fields."""
    description = None
    for part in location:
        if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
            kind, description = get_args(kind)[-1], None
        else:
            field = getattr(kind, "model_fields", {}).get(part)
            kind, description = (field.annotation, field.description) if field else (None, None)
    if description:
        yield description
