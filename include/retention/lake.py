"""Which files of the lake may go: those of superseded versions, and what writers that were killed have left.

A version stays while readers get it, while it is young, and while one that stays was made from it; versions that one
step wrote together go by one name and stay together. Raw rows stay, since the current version lists every load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from include.storage.lake import POINTER, Lake, Manifest, StoredFile

LINK = "previous"  # the input that names the version before: being followed on keeps nothing alive
OURS = (".parquet", ".json", ".draft")


def removable(lake: Lake, now: datetime, *, versions: timedelta, debris: timedelta) -> list[StoredFile]:
    """Return the files that may go, manifests first, so that no version is ever there by half.

    ``versions`` is for how long superseded versions stay, ``debris`` for how long files that no version lists.
    """
    stored = [file for file in lake.stored() if file.name.endswith(OURS)]
    manifests = {(file.dataset, file.version): file for file in stored if file.version}
    read = {key: found for key in manifests if (found := lake.manifest(*key)) is not None}
    young = {key[1] for key, file in manifests.items() if file.modified > now - versions}
    kept = _with_origins(young | _seen(lake, stored), read.values())
    needed = {(m.dataset, name) for m in read.values() if m.version in kept for name in (f"{m.version}.json", *m.files)}
    going = [file for file in stored if (file.dataset, file.name) not in needed and file.name != f"{POINTER}.json"]
    old = [file for file in going if file.version or file.modified <= now - debris]
    return sorted(old, key=lambda file: (not file.version, file.dataset, file.name))


def _seen(lake: Lake, stored: Iterable[StoredFile]) -> set[str]:
    """The versions that readers get."""
    pointed = {file.dataset for file in stored if file.name == f"{POINTER}.json"}
    return {found.version for dataset in pointed if (found := lake.current(dataset)) is not None}


def _with_origins(versions: set[str], manifests: Iterable[Manifest]) -> set[str]:
    """Add what these versions were made from, and what that was made from, and so on."""
    inputs: dict[str, set[str]] = {}
    for manifest in manifests:
        inputs.setdefault(manifest.version, set()).update(_origins(manifest.inputs))
    kept, added = set(versions), set(versions)
    while added:
        added = {origin for version in added for origin in inputs.get(version, ())} & inputs.keys() - kept
        kept |= added
    return kept


def _origins(inputs: Mapping[str, str]) -> set[str]:
    return {version for name, version in inputs.items() if name != LINK}
