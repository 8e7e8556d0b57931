"""The code as an input: a digest of what a stage does, so that an edited rule never finds yesterday's result."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from include.contracts.settings import ROOT

# Where things are kept and how they are reached; not what they say.
PLACES = (
    "include.contracts.settings",
    "include.storage.code",
    "include.storage.control",
    "include.storage.lake",
    "include.storage.postgres.embedded",
    "include.storage.postgres.warehouse",
    "include.storage.project",
)


@cache
def code_of(module: str, root: Path = ROOT) -> str:
    """Return a digest of a module's statements and of those of all modules of the project that it imports.

    Comments, docstrings, layout, line endings and the version of Python do not count, nor do PLACES. ``root`` is the
    folder that holds ``include``. Takes some 3 ms a module, once a process.
    """
    digest = hashlib.sha256()
    for name, place in sorted(reached(module, root).items()):
        digest.update(f"{name}:{said(place)}\n".encode())
    return digest.hexdigest()[:16]


def said(place: Path) -> str:
    """Return what a module does, as text; see code_of for what does not count."""
    return _read(place)[0]


@cache
def reached(module: str, root: Path = ROOT) -> dict[str, Path]:
    """Return the files of the module and of what it imports, directly or not, within functions too, but for PLACES."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        place = _place(name, root)
        if name not in found and place is not None and not _is_within(name, PLACES):
            found[name] = place
            waiting += _read(place)[1]
    return found


def _place(name: str, root: Path) -> Path | None:
    path = root.joinpath(*name.split("."))
    places = (path / "__init__.py", path.with_suffix(".py"))
    return next((place for place in places if place.is_file()), None)


def _is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cache
def _read(place: Path) -> tuple[str, tuple[str, ...]]:
    """What a module does, as text, and what it may import; its tree is not kept, for a hundred of them are large."""
    tree = ast.parse(place.read_bytes())
    return _said(tree), tuple(dict.fromkeys(_imported(tree)))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Every name that may be a module of the project: of ``from a import b`` both a and a.b."""
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement within a node; expressions are not looked through."""
    for block in _BLOCKS:
        for statement in getattr(node, block, ()):
            yield statement
            yield from _statements(statement)


def _said(node: object) -> str:
    """Write a syntax tree as text: what is empty or has no meaning is left out, for versions of Python differ in it."""
    if isinstance(node, list):
        return f"[{','.join(map(_said, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = vars(node)
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False):
        fields = {**fields, "body": node.body[1:]}
    said = [
        f"{name}={_said(fields[name])}"
        for name in node._fields
        if name not in _MEANINGLESS and fields.get(name) is not None and fields[name] != []
    ]
    return f"{type(node).__name__}({','.join(said)})"


_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
_MEANINGLESS = frozenset({"ctx", "kind"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
