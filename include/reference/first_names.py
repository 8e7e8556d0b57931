"""``python -m include.reference.first_names``: the list of first names that the engine knows to be names of their own.

From Faker's lists of what people of some eighty countries are called (MIT licence). A name stands in it that three
languages have: one language's list also holds its common slips (Micheal).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import faker.providers.person as persons

from include.matching.records.name_parts import fold, is_latin

FILE = Path(__file__).parents[1] / "matching" / "records" / "first_names.txt"
LISTS = ("first_names", "first_names_male", "first_names_female")
LANGUAGES = 3


def first_names() -> list[str]:
    """Every name of three Latin letters or more that so many languages have, in order."""
    languages: dict[str, set[str]] = {}
    for module in pkgutil.iter_modules(persons.__path__):
        for name in _names(import_module(f"{persons.__name__}.{module.name}").Provider):
            languages.setdefault(name, set()).add(module.name.split("_")[0])
    return sorted(name for name, its in languages.items() if len(its) >= LANGUAGES)


def _names(provider: object) -> Iterator[str]:
    for attribute in LISTS:
        given = getattr(provider, attribute, ())
        for spelling in () if isinstance(given, property) else given:
            plain = fold(spelling)
            if len(plain) > 2 and plain.isalpha() and is_latin(plain):
                yield plain


if __name__ == "__main__":
    FILE.write_text("\n".join(first_names()) + "\n", "utf-8")
