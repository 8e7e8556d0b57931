"""Authors of commits as code bases have them: full names beside handles, addresses of a code host and of machines.

How often each way of writing occurs was counted in four public code bases; of their people nothing is kept.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benchmarks.identity import noise
from benchmarks.identity.people import ERAS, People, Population, Strings, plain

COLUMNS = {"full_name": "full_name", "email": "email"}
POPULATION = Population(
    {"en_US": 0.45, "de_DE": 0.15, "fr_FR": 0.12, "es_ES": 0.1, "pl_PL": 0.08, "sv_SE": 0.05, "zh_CN": 0.05},
    zipf=0.6, rare_surnames=0.35, free_mail=0.6, moves=0.35, together=False, firms=6,
)  # fmt: skip
NAMES = {"full": 0.7, "handle": 0.15, "first": 0.06, "numbered": 0.035, "together": 0.025, "initial": 0.01,
         "lower": 0.008, "turned": 0.004, "address": 0.003, "nobody": 0.003, "at work": 0.002}  # fmt: skip
ADDRESSES = {"private": 0.42, "work": 0.34, "hidden": 0.16, "handle": 0.04, "machine": 0.03, "repository": 0.01}
HOSTS = (".local", ".lan", ".(none)", ".localdomain", "")
NOBODY = ("root", "unknown", "(no author)", "admin")


def make(people: int, seed: int) -> pa.Table:
    """A table with ``record_id``, ``source``, the columns and ``person``; its rows shuffled."""
    random = np.random.default_rng(seed)
    world = People(people, POPULATION, random)
    who = np.repeat(np.arange(people), np.minimum(random.geometric(1 / 1.35, people), 12))
    era = random.integers(0, ERAS, len(who))
    handle = world.handles()[who]
    email = _addresses(world, who, era, handle)
    name = _names(world, who, handle, email)
    name = noise.apply(noise.apply(name, "unmarked", 0.1, random), "typing", 0.01, random)
    shuffled = random.permutation(len(who))
    columns = {"source": ["log"] * len(who), "full_name": list(name), "email": list(email)}
    texts = {column: pa.array(values, pa.string()) for column, values in columns.items()}
    ids = pa.array([f"r{i}" for i in random.permutation(len(who))])
    return pa.table({"record_id": ids, **texts, "person": pa.array(who)}).take(pa.array(shuffled))


def _addresses(world: People, who: np.ndarray, era: np.ndarray, handle: Strings) -> Strings:
    """Each record's address: one's own or the employer's, one that the code host gives, or a machine's."""
    random, out = world.random, np.empty(len(who), object)
    ways = random.choice(list(ADDRESSES), len(who), p=list(ADDRESSES.values()))
    for k, (p, e, way) in enumerate(zip(who, era, ways, strict=True)):
        host = f"{world.pick(('laptop', 'ubuntu', 'desktop', 'mac'), 1)[0]}{world.pick(HOSTS, 1)[0]}"
        out[k] = {
            "private": world.private[e, p], "work": world.work[e, p],
            "hidden": f"{10_000 + 7919 * int(p)}+{handle[k]}@users.noreply.github.com",
            "handle": f"{handle[k]}@users.noreply.github.com",
            "machine": f"{(handle[k], plain(world.first[p]))[k % 2]}@{host}",
            "repository": f"{handle[k]}@5d38ab1c-83a2-4c32-ae41-0f4c2e5d7f10",
        }[way]  # fmt: skip
    return out


def _names(world: People, who: np.ndarray, handle: Strings, email: Strings) -> Strings:
    """Each record's name, as a person set it on one machine or another."""
    random, out = world.random, np.empty(len(who), object)
    ways = random.choice(list(NAMES), len(who), p=np.array(list(NAMES.values())) / sum(NAMES.values()))
    for k, (p, way) in enumerate(zip(who, ways, strict=True)):
        first, last = world.first[p], world.last[p]
        out[k] = {
            "full": f"{first} {last}", "handle": handle[k], "first": first, "numbered": f"{plain(first)}{p % 9999}",
            "together": f"{first}{last}", "initial": f"{first[0]}. {last}", "lower": f"{first} {last}".lower(),
            "turned": f"{last}, {first}", "address": email[k], "nobody": world.pick(NOBODY, 1)[0],
            "at work": f"{first} {last} ({world.firm_names[world.firm[0, p]]})",
        }[way]  # fmt: skip
    return out
