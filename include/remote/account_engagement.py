"""Account Engagement's API v5: where it is, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from include.remote.answers import Fault, Told, by_status, word

HOST = "https://pi.pardot.com"

_CODES: Mapping[str, Fault] = {
    "49": Fault.PERMISSION,  # no ability for it
    "66": Fault.THROTTLED,  # more than five requests at once
    "122": Fault.USED_UP,  # the day's requests
    "181": Fault.CREDENTIAL,  # the business unit
    "182": Fault.CREDENTIAL,
    "184": Fault.EXPIRED,  # the token
}


def explain(response: httpx.Response) -> Told:
    """Read Account Engagement's errors, `{code, message}`."""
    try:
        code = str(response.json()["code"])
    except (ValueError, LookupError, TypeError):
        return by_status(response)
    fault = _CODES.get(code, by_status(response).fault)
    if response.status_code in (404, 410) and "/results/" in response.request.url.path:
        fault = Fault.LOST_PLACE
    return Told(fault, word(f"code-{code}", response))
