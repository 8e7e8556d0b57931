"""A source that knows nothing of people but their addresses: a mailbox in common that nothing contradicts joins."""

from __future__ import annotations

import pyarrow as pa

from include.matching.engine import resolve
from include.matching.spec import parse_spec

SPEC = parse_spec({
    "id": "id", "source": "source",
    "columns": {"first_name": "first_name", "last_name": "last_name", "email": "email", "phone": "phone"},
})  # fmt: skip


def test_answers_that_carry_an_address_alone_are_their_contacts() -> None:
    people = 60
    last = [f"{a}{b}" for a in ("Ber", "Stran", "Cos", "Wes", "Ree", "Noo", "Hol", "Kla") for b in
            ("gard", "denko", "tavi", "linska", "moor", "rund", "sick", "vanti")][:people]  # fmt: skip
    first = [("Nina", "Ola", "Ana", "Timo", "Eva", "Lars", "Maud", "Igor")[n % 8] for n in range(people)]
    mail = [f"{a}.{b}@firm{n % 9}.example".lower() for n, (a, b) in enumerate(zip(first, last, strict=True))]
    nobody = [None] * people
    records = pa.table(
        {
            "id": [f"c{n}" for n in range(people)] + [f"a{n}" for n in range(people)],
            "source": ["crm"] * people + ["survey"] * people,
            "first_name": first + nobody, "last_name": last + nobody, "email": mail * 2,
            "phone": [f"+49305550{n:03d}" for n in range(people)] + nobody,
        }
    )  # fmt: skip
    found = resolve(records, SPEC).clusters
    cluster = dict(zip(found["id"].to_pylist(), found["cluster"].to_pylist(), strict=True))
    assert all(cluster[f"c{n}"] == cluster[f"a{n}"] for n in range(people))
    assert len(set(cluster.values())) == people
