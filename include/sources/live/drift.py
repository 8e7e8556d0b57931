"""What has become of an object's fields: new ones are told and passed by, lost or changed ones stop the object."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping

from include.contracts.errors import DriftError
from include.contracts.exports import ExportFile
from include.contracts.nearest import nearest
from include.sources.loads import Load

log = logging.getLogger("kindred.sources")


def known_fields(loads: Iterable[Load]) -> Mapping[str, str]:
    """Return the fields, with their kinds, that the latest load tells of."""
    telling = sorted((load for load in loads if load.fields), key=lambda load: (load.extracted_at, load.load_id))
    found: dict[str, str] = json.loads(telling[-1].fields or "{}") if telling else {}
    return found


def check_fields(source: str, declared: ExportFile, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Tell of new fields; raises DriftError for one that staging reads and that is gone, or of another kind."""
    if not now:
        return
    for name in declared.names:
        if name not in now and (name in before or name in declared.required):
            state = "is gone" if name in before else "is not there, or may not be read"
            raise DriftError(
                f"{source}: the field {name} of {declared.object} {state}{nearest(name, now)}; nothing of "
                f"{declared.object} was taken in. Give it back, or name its successor under live.columns."
            )
        if name in before and name in now and before[name] != now[name]:
            raise DriftError(
                f"{source}: the field {name} of {declared.object} is a {now[name]} now and was a {before[name]}; "
                f"nothing of {declared.object} was taken in. Change it back, or name another under live.columns."
            )
    new = sorted(now.keys() - before.keys()) if before else []
    if new:
        log.info("%s: %s has new fields, which are not used: %s.", source, declared.object, ", ".join(new))
