"""Reads docker-compose.yml as Compose does: variables are put in, and missing ones refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

COMPOSE = Path("docker-compose.yml")
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[A-Z_]+)(?:(?P<kind>:[-?])(?P<rest>(?:[^{}]|\{[^{}]*\})*))?\}")


def services(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the services with the variables put in; KeyError for a required one that is missing."""
    return _filled(yaml.safe_load(COMPOSE.read_text("utf-8")), variables)["services"]


def configs(variables: Mapping[str, str]) -> dict[str, Any]:
    return _filled(yaml.safe_load(COMPOSE.read_text("utf-8")), variables)["configs"]


def variables_used(text: str) -> Iterator[tuple[str, str]]:
    """Yield each variable, also of a default, with ``:?`` where it is required and ``:-`` where it has a default."""
    for found in VARIABLE.finditer(text):
        if found["name"]:
            yield found["name"], found["kind"] or ""
            yield from variables_used(found["rest"] or "")


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    return _text(value, variables) if isinstance(value, str) else value


def _text(text: str, variables: Mapping[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return "$"
        if variables.get(name):
            return variables[name]
        if found["kind"] == ":-":
            return _text(found["rest"], variables)
        raise KeyError(name)

    return VARIABLE.sub(put, text)
