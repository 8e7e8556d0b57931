"""Whom somebody asks about: by profile or account id, by address or telephone number, by a source's own id."""

from __future__ import annotations

import ibis.expr.types as ir

from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.identity import ALIAS, CROSSWALK
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, ACCOUNT_LINK, PROFILE_IDENTIFIER
from include.contracts.records import key_of
from include.staging.phones import dialled
from include.storage.readers import LakeReader

HINT = {
    "person": "give a profile id, an address, or a source's id",
    "account": "give an account id, a domain, a source's id, or one of its people",
}


def find_member(reader: LakeReader, level: str, given: str) -> str:
    """Return the profile_id, or account_id, of whom ``given`` names; raises UnknownError, or ConfigurationError
    where it names several.

    An id that was merged away stands for its successor, and a person for their account where accounts are asked for.
    """
    person = _one(_people(reader, given), given)
    if level == "person":
        found = person
    else:
        found = _one(_accounts(reader, given), given) or (_account_of(reader, person) if person else None)
    if found is None:
        raise UnknownError(f"There is no {'profile' if level == 'person' else 'account'} {given!r}; {HINT[level]}.")
    return found


def as_kept(given: str) -> list[str]:
    """Return the forms in which an address or a number is kept that people write in many: lower case, E.164."""
    text = given.strip().lower()
    number = e164(text)
    return [text, number] if number else [text]


def e164(given: str) -> str | None:
    """Return a number as it is kept; None for what cannot be dialled, or not without knowing the country."""
    number, _ = dialled(given.strip(), ("ZZ",), frozenset())
    return number


def _people(reader: LakeReader, given: str) -> list[ir.Column]:
    """Where profiles stand under what was given, the surest place first."""
    customers, alias = reader.table(CUSTOMER_360), reader.latest(ALIAS)
    points, crosswalk = reader.latest(PROFILE_IDENTIFIER), reader.input(CROSSWALK)
    return [
        customers.filter(customers.profile_id == given).profile_id,
        alias.filter(alias.alias_id == given).profile_id,
        points.filter(points.value.lower().isin(as_kept(given))).profile_id,
        crosswalk.filter(crosswalk.record_id == given).profile_id,
        crosswalk.filter(key_of(crosswalk.record_id) == given).profile_id,
    ]


def _accounts(reader: LakeReader, given: str) -> list[ir.Column]:
    measured, account, link = reader.table(ACCOUNT_360), reader.latest(ACCOUNT), reader.latest(ACCOUNT_LINK)
    return [
        measured.filter(measured.account_id == given).account_id,
        account.filter(account.domain == given.strip().lower()).account_id,
        link.filter(link.source_account_id == given).account_id,
        link.filter(key_of(link.source_account_id) == given).account_id,
    ]


def _account_of(reader: LakeReader, profile_id: str) -> str | None:
    customers = reader.table(CUSTOMER_360)
    found: list[str | None] = customers.filter(customers.profile_id == profile_id).account_id.to_pyarrow().to_pylist()
    return found[0] if found else None


def _one(places: list[ir.Column], given: str) -> str | None:
    """The one id of the first place that has any."""
    for place in places:
        found = sorted(set(place.to_pyarrow().to_pylist()))
        if len(found) > 1:
            raise ConfigurationError(f"{given!r} is several: {', '.join(found)}; give one of them.")
        if found:
            return str(found[0])
    return None
