"""How an answer is given: JSON with a strong ETag, so that an unchanged one is not sent twice."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fastapi import Request, Response


def answer(request: Request, value: Any) -> Response:
    """Return a value as JSON, or 304 where the caller has it already (RFC 9110, 13.1.2)."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = {given.strip().removeprefix("W/") for given in request.headers.get("If-None-Match", "").split(",")}
    if request.method == "GET" and tag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _plain(value: object) -> str:
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else str(value)
