"""Salesforce's REST API: its version, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from include.remote.answers import Fault, Told, by_status, word

VERSION = "66.0"

_CODES: Mapping[str, Fault] = {
    "INVALID_SESSION_ID": Fault.EXPIRED,
    "REQUEST_LIMIT_EXCEEDED": Fault.USED_UP,
    "TXN_SECURITY_METERING_ERROR": Fault.PASSING,
    "SERVER_UNAVAILABLE": Fault.PASSING,
    "UNABLE_TO_LOCK_ROW": Fault.PASSING,
    "INSUFFICIENT_ACCESS": Fault.PERMISSION,
    "API_DISABLED_FOR_ORG": Fault.PERMISSION,
    "API_CURRENTLY_DISABLED": Fault.PERMISSION,
    "INVALID_TYPE": Fault.PERMISSION,  # what an object is called that the user may not see
    "INVALIDJOB": Fault.LOST_PLACE,
    "INVALID_LOCATOR": Fault.LOST_PLACE,
    "INVALID_QUERY_LOCATOR": Fault.LOST_PLACE,
}


def explain(response: httpx.Response) -> Told:
    """Read Salesforce's errors, `[{message, errorCode}]`."""
    try:
        found = response.json()
        code = str((found[0] if isinstance(found, list) else found).get("errorCode"))
    except (ValueError, LookupError, AttributeError):
        return by_status(response)
    return Told(_CODES.get(code, by_status(response).fault), word(code, response))
