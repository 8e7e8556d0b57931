"""Whether a master can be given work at all, asked before anything starts, for Spark itself may wait for long."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

MASTERS = "spark://host:7077, yarn, k8s://https://host:443 or local[*]"
PORTS = {"spark": 7077, "k8s": 443}
PATIENCE = 5.0  # seconds that a master may take to take a connection
MANAGER = "yarn.resourcemanager."  # how the names of YARN's settings begin that say where it is
_THIS_MACHINE = re.compile(r"local(-cluster)?(\[[\d*, ]+\])?")


def unreachable(master: str) -> str | None:
    """Why no work can be given to a master, in one sentence; None where it can."""
    kind, _, rest = master.partition("://")
    if kind == "sc":
        return (
            f"Kindred does not work over Spark Connect ({master}), which has no broadcast values and no checkpoints: "
            f"name the master behind it, {MASTERS}."
        )
    if master == "yarn":
        return _without_yarn()
    if kind in PORTS and rest:
        places = [f"//{one.rpartition('//')[2]}" for one in rest.split(",")]
        if any(_answers(place, PORTS[kind]) for place in places):
            return None
        return f"No Spark master answers at {master}: start it, or name another."
    return None if _THIS_MACHINE.fullmatch(master) else f"{master!r} is no master of Spark: name {MASTERS}."


def _answers(place: str, port: int) -> bool:
    try:
        at = urlsplit(place)
        socket.create_connection((at.hostname or "", at.port or port), PATIENCE).close()
    except (OSError, ValueError):
        return False
    return True


def _without_yarn() -> str | None:
    """Why YARN cannot be reached: Spark would ask a quarter of an hour for it."""
    folders = [folder for name in ("HADOOP_CONF_DIR", "YARN_CONF_DIR") if (folder := os.environ.get(name))]
    if not folders:
        return "YARN is found by HADOOP_CONF_DIR or YARN_CONF_DIR: set one of them."
    sites = [site for folder in folders if (site := Path(folder, "yarn-site.xml")).is_file()]
    if not sites:
        return f"YARN is found by a yarn-site.xml, and there is none in {' or '.join(folders)}."
    try:
        places = list(_managers(dict(_settings(sites[-1]))))
    except (ElementTree.ParseError, OSError) as error:
        return f"{sites[-1]}, which says where YARN is, cannot be read: {error}."
    if any("$" in place or _answers(f"//{place}", 8032) for place in places):
        return None
    return f"No YARN answers at {', '.join(places)}, which {sites[-1]} names: start it, or name another."


def _settings(site: Path) -> Iterator[tuple[str, str]]:
    for one in ElementTree.parse(site).iter("property"):
        yield (one.findtext("name") or "").strip(), (one.findtext("value") or "").strip()


def _managers(settings: Mapping[str, str]) -> Iterator[str]:
    """Where YARN's resource managers are, of which there may be several."""
    several = settings.get(f"{MANAGER}ha.rm-ids")
    for which in [f".{one.strip()}" for one in several.split(",")] if several else [""]:
        yield settings.get(f"{MANAGER}address{which}") or settings.get(f"{MANAGER}hostname{which}") or "0.0.0.0"
