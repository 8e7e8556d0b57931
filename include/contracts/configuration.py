"""Configuration files: YAML, read into frozen models; whatever is wrong in one is named with its place.

A folder of configuration holds what differs from the shipped one. A file that it lacks is the shipped one; of a file
that it has, the shipped one gives what it leaves out, section by section. Lists, and mappings whose names are a
company's own (its sources, its features), are never mixed: whoever gives one gives all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.settings import SHIPPED
from include.contracts.yaml_files import Document, Keys, YamlError, parse


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
    """A part of a file whose faults are all named at once, each at its line: by the caller, who asks ``told``."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Section)


def read_configuration(path: Path, section: type[S], context: object = None) -> S:
    """Read a YAML file as a section, the shipped one filling what it leaves out.

    ``context`` is what validators of the section are told beside the values.

    Raises ConfigurationError naming the file and every key at fault.
    """
    own, shipped = _values(effective(path)), SHIPPED / path.name
    try:
        filled = _filled(section, _values(shipped), own) if shipped.is_file() else own
        return section.model_validate(filled, context=context)
    except ValidationError as error:
        faults = (_fault(section, fault) for fault in error.errors(include_input=False, include_url=False))
        raise ConfigurationError(f"{path.name}: {'; '.join(faults)}.") from None


def effective(path: Path) -> Path:
    """Return the file that stands at a place of a folder of configuration: its own, else the shipped one."""
    shipped = SHIPPED / path.name
    return path if path.exists() or not shipped.exists() else shipped


def given(path: Path, section: type[Section]) -> tuple[str, ...]:
    """Return the settings that a file gives itself, as ``section.setting``; none where the shipped file stands."""
    return tuple(_names(section, _values(path))) if path.exists() else ()


def place_of(path: Path, *keys: str) -> str:
    """Return the file and the line of the setting at ``keys``, or of the nearest around it, for a message."""
    line = read_document(effective(path)).line(keys)
    return f"{path.name}, line {line}" if line else path.name


def read_document(path: Path, name: str | None = None) -> Document:
    """Read a YAML file; raises ConfigurationError naming it, by ``name`` where it is called something else."""
    name = name or path.name
    try:
        document = parse(path.read_bytes())
    except FileNotFoundError:
        raise ConfigurationError(f"{name} is missing in {path.parent}; put it there.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except YamlError as fault:
        raise ConfigurationError(f"{name}, line {fault.line}: {fault.problem}.") from None
    for keys in document.repeated:
        raise ConfigurationError(f"{name}, line {document.line(keys)}: {'.'.join(keys)!r} is set twice; take one away.")
    return document


def told(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Return one of pydantic's errors in our words, without the value; ``model`` is that of the whole file."""
    keys = keys_of(fault)
    if fault["type"] == "extra_forbidden":
        return f"{keys[-1]!r} is no setting here{nearest(keys[-1], _settings(model, keys[:-1]))}"
    if fault["type"] == "missing":
        return f"{'.'.join(keys)!r} is missing"
    said = fault["msg"].removeprefix("Value error, ")
    if not keys:
        return said if fault["type"] == "value_error" else "it is a list of settings such as 'key: value'"
    return f"{'.'.join(keys)!r}: {said[:1].lower()}{said[1:]}"


def keys_of(fault: Mapping[str, Any]) -> Keys:
    """Return the names that lead to the setting that one of pydantic's errors is about."""
    return tuple(str(part) for part in fault["loc"] if part != "[key]")


def _settings(model: Any, keys: Keys) -> tuple[str, ...]:
    """The names of the settings of the part that keys lead to."""
    for key in keys:
        model, _ = _inside(model, key)
    return tuple(getattr(model, "model_fields", ()))


def _filled(section: type[Section], shipped: Any, own: Any) -> Any:
    """What a file gives, with what it leaves out as it is shipped."""
    if not (isinstance(shipped, dict) and isinstance(own, dict)):
        return own
    filled = {**shipped, **own}
    for name in own.keys() & shipped.keys():
        if inner := _section_at(section, name):
            filled[name] = _filled(inner, shipped[name], own[name])
    return filled


def _names(section: type[Section], own: Any) -> Iterator[str]:
    for name, value in own.items() if isinstance(own, dict) else ():
        inner = _section_at(section, name)
        yield from (f"{name}.{rest}" for rest in _names(inner, value)) if inner else (name,)


def _section_at(section: type[Section], name: str) -> type[Section] | None:
    """The section that a field of another one is; None for a value, a list or a mapping."""
    kind = section.model_fields[name].annotation if name in section.model_fields else None
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _values(path: Path) -> Any:
    return read_document(path).values or {}


def _fault(section: type[Section], fault: Mapping[str, Any]) -> str:
    place, problem = ".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")
    meaning = "".join(f" (it is: {description})" for description in _descriptions(section, fault["loc"]))
    return f"{place} cannot be used: {problem}{meaning}" if place else problem


def _descriptions(kind: Any, location: tuple[int | str, ...]) -> Iterator[str]:
    """Yield the description of the field at a place, where it has one; a mapping's keys name no fields."""
    description = None
    for part in location:
        kind, description = _inside(kind, part)
    if description:
        yield description


def _inside(kind: Any, part: int | str) -> tuple[Any, str | None]:
    """The kind of what stands in a part of a file under a name, and what it is there for."""
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return get_args(kind)[-1], None
    field = getattr(kind, "model_fields", {}).get(part)
    return (field.annotation, field.description) if field else (None, None)
