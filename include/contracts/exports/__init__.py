"""The source systems: every file and column that Kindred takes in, declared once, a module a system.

The generator of samples writes the files, extraction and staging read them, ``docs/exports.md`` describes them. A new
system is a module here, one of the same name in ``staging/systems``, and an entry in ``sources.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from include.contracts.exports.declaration import ExportColumn, ExportFile, Reference
from include.contracts.systems import System


def _systems() -> Mapping[str, System]:
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    declared = [module.SYSTEM for module in modules if hasattr(module, "SYSTEM")]
    ordered = sorted(declared, key=lambda system: (str(system.part), system.kind))
    return MappingProxyType({system.kind: system for system in ordered})


SYSTEMS: Mapping[str, System] = _systems()
EXPORTS: Mapping[str, tuple[ExportFile, ...]] = MappingProxyType({k: system.files for k, system in SYSTEMS.items()})

__all__ = ["EXPORTS", "SYSTEMS", "ExportColumn", "ExportFile", "Reference"]
