"""The mail addresses that people own: at work, at a former employer, in private."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.companies import Companies
from include.samples.flaws import Mask, choose, halves, join, layered, numbered, picked
from include.samples.names import Int
from include.samples.naming import slugs

_PROVIDERS = (
    "gmail.com",
    "outlook.com",
    "yahoo.com",
    "hotmail.com",
    "icloud.com",
    "gmx.de",
    "web.de",
    "mail.ru",
    "qq.com",
)
_PROVIDER_SHARES = (0.46, 0.15, 0.12, 0.10, 0.07, 0.04, 0.03, 0.02, 0.01)
_CORPORATE = (0.46, 0.20, 0.10, 0.10, 0.08, 0.06)  # how companies form local parts, as in _local
_PRIVATE = (0.40, 0.15, 0.20, 0.10, 0.10, 0.05)


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Addresses, one position a person; ``private`` is null for those without."""

    work: pa.Array
    former: pa.Array
    private: pa.Array


def make_mailboxes(
    first: pa.Array, last: pa.Array, *, company: Int, former: Int, companies: Companies, private: Mask,
    rng: np.random.Generator,
) -> Mailboxes:  # fmt: skip
    """Invent addresses by each company's own convention; no two people own one mailbox."""
    count = len(company)
    given, family = slugs(first), slugs(last)
    convention = rng.choice(6, size=len(companies), p=_CORPORATE)
    at_work, before = (
        join(_local(given, family, convention[c]), "@", companies.domain.take(pa.array(c))) for c in (company, former)
    )
    provider = picked(_PROVIDERS, rng.choice(len(_PROVIDERS), size=count, p=_PROVIDER_SHARES))
    number = choose(rng.random(count) < 0.55, numbered(rng.integers(1, 99, count), 2), "")
    at_home = join(_local(given, family, rng.choice(6, size=count, p=_PRIVATE)), number, "@", provider)
    own = _distinct(pa.concat_arrays([at_work, before, at_home]))
    return Mailboxes(own[:count], own[count : 2 * count], choose(private, own[2 * count :], None))


def _local(first: pa.Array, last: pa.Array, convention: Int) -> pa.Array:
    initial = pc.utf8_slice_codeunits(first, 0, 1)
    forms = (
        join(first, ".", last),
        join(initial, last),
        join(first, last),
        join(initial, ".", last),
        join(last, ".", first),
        join(first, "_", last),
    )
    return layered(forms[0], *((convention == number, form) for number, form in enumerate(forms)))


def _distinct(addresses: pa.Array) -> pa.Array:
    """Number the local parts of mailboxes that two people would share, seen as Gmail does: without dots."""
    while True:
        local, domain = halves(addresses)
        mailbox = join(pc.replace_substring(local, ".", ""), "@", domain).to_pandas()
        nth = pd.Series(mailbox).groupby(mailbox, sort=False).cumcount().to_numpy()
        if not nth.any():
            return addresses
        addresses = choose(nth > 0, join(local, numbered(nth + 1), "@", domain), addresses)
