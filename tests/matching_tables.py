"""Small tables for the identity tests: a town of ordinary people, into which a test puts the records it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from include.matching.spec import MatchingSpec, parse_spec

FIRST = (  # noqa: SIM905
    "Alice Robert Carla David Emma Frank Grace Henry Irene Jack Karen Liam Maria Noah Olivia Peter Quinn Rosa Samuel"
    " Tina Ursula Victor Wendy Xavier Yvonne Zachary Bruno Celia Dora Egon"
).split()
LAST = (  # noqa: SIM905
    "Smith Jones Brown Taylor Wilson Evans Thomas Roberts Walker Wright Hughes Green Lewis Hill Clarke Cooper Ward"
    " Turner Parker Baker Novak Kowalski Schneider Dubois Rossi Garcia Silva Jansen Nielsen Virtanen"
).split()
COLUMNS = ("record_id", "source", "first_name", "last_name", "email", "phone", "company", "postcode")
SPEC: MatchingSpec = parse_spec(
    {
        "id": "record_id",
        "source": "source",
        "region": "US",
        "columns": {
            "first_name": "first_name",
            "last_name": "last_name",
            "email": "email",
            "phone": "phone",
            "company": "organization",
            "postcode": "code",
        },
    }
)
Row = Mapping[str, str | None]


def table(rows: Sequence[Row]) -> pa.Table:
    """Rows as a table with every column of the spec; what a row does not name is null."""
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS})


def town(people: int = 300, seed: int = 5) -> list[dict[str, str | None]]:
    """Ordinary people, two records each."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, str | None]] = []
    for i in range(people):
        first, last = FIRST[int(random.integers(len(FIRST)))], LAST[int(random.integers(len(LAST)))]
        firm = int(random.integers(40))
        person = {
            "first_name": first,
            "last_name": last,
            "email": f"{first.lower()}.{last.lower()}{i}@firm{firm}.com",
            "phone": f"+1415{2000000 + int(random.integers(7999999))}",
            "company": f"Firm {firm} Inc",
            "postcode": f"{10000 + firm * 7 + int(random.integers(3))}",
        }
        rows.append({**person, "record_id": f"town-{i}a", "source": "crm"})
        other = {k: v for k, v in person.items() if k in ("first_name", "last_name") or random.random() < 0.7}
        rows.append({**other, "record_id": f"town-{i}b", "source": "email"})
    return rows
