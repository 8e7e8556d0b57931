"""What an answer means: whether it can be used, may come right by itself, or tells that something has to be mended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

import httpx

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,60}")  # of an error: a word, so that no value of a person can be in it


class Fault(Enum):
    """What is wrong with an answer."""

    EXPIRED = auto()  # the token; a new one may do
    CREDENTIAL = auto()  # who asks is not known
    PERMISSION = auto()  # who asks may not see it
    THROTTLED = auto()  # too fast; later it will do
    USED_UP = auto()  # the day's requests
    LOST_PLACE = auto()  # the page asked for is no longer there; from the start it will do
    PASSING = auto()  # the system's own trouble
    REFUSED = auto()  # the question is wrong


@dataclass(frozen=True, slots=True)
class Told:
    """A fault, with the word that the system has for it."""

    fault: Fault
    code: str


class Unreadable(Exception):  # noqa: N818 - an answer that is asked for again, never an error that anybody sees
    """An answer of status 200 that is not whole, or not what it should be."""


def by_status(response: httpx.Response) -> Told:
    """Read a fault from the status alone, as most systems mean it."""
    status = response.status_code
    faults = {401: Fault.EXPIRED, 403: Fault.PERMISSION, 408: Fault.PASSING, 429: Fault.THROTTLED}
    fault = faults.get(status, Fault.PASSING if status >= 500 else Fault.REFUSED)
    return Told(fault, f"HTTP {status}")


def word(value: object, response: httpx.Response) -> str:
    """Return an error code of the vendor's with the status; what is no plain word is left out."""
    code = f"{value}" if value is not None and _CODE.fullmatch(f"{value}") else ""
    return f"HTTP {response.status_code}" + (f", {code}" if code else "")


def retry_after(response: httpx.Response | None, now: datetime) -> float | None:
    """Return the seconds that Retry-After asks for, given as a number or as a date; None where it says nothing."""
    given = response.headers.get("Retry-After", "").strip() if response is not None else ""
    if given.replace(".", "", 1).isdigit():
        return float(given)
    try:
        moment = parsedate_to_datetime(given)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
