"""docs/settings.md, from the declaration: `python -m include.reference` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from include.contracts.settings import PREFIX, ROOT, Settings

PLACE = ROOT / "docs" / "settings.md"
INTRODUCTION = """# Settings

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

Each setting is an environment variable; all have a default. They hold for `make`, for the command line and for
Airflow's tasks alike; under Compose they stand in `.env`, and the folder that `KINDRED_DATA` names there is the host's.
A value that cannot be used is refused with one sentence. A name that is no setting is, too, by the command line; in
Airflow it takes no DAG away, but shows as an import error of `check_settings.py`.

| variable | what it is | default |
|---|---|---|
"""


def render() -> str:
    """Return the page: every setting, with its meaning, its bounds and its default."""
    return INTRODUCTION + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{PREFIX}{name.upper()}` | {field.description}{_bounds(field)} | {_default(field)} |\n"


def _bounds(field: FieldInfo) -> str:
    words = {"gt": "more than", "ge": "at least", "le": "at most"}
    found = [f"{words[w]} {getattr(rule, w):,}" for rule in field.metadata for w in words if hasattr(rule, w)]
    allowed = [f"`{value}`" for value in get_args(field.annotation) if isinstance(value, str)]
    return "".join(f"; {bound}" for bound in [*found, *([" or ".join(allowed)] if allowed else [])])


def _default(field: FieldInfo) -> str:
    if isinstance(field.default, Path):
        return f"`{field.default.relative_to(ROOT)}`"
    return "none" if field.default is None else f"`{field.default}`"


def write(place: Path = PLACE) -> None:
    """Write the page."""
    place.write_text(render(), encoding="utf-8")
