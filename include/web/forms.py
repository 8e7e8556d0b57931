"""Forms: each carries what no other site can know, and is refused without it before anything else is looked at."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from fastapi import Request

from include.web.problems import ProblemError

TOKEN = "token"
_READING = ("GET", "HEAD", "OPTIONS")


def form_token(request: Request, caller: str) -> str:
    """Return what every form of a caller's pages carries."""
    secret: bytes = request.app.state.secret
    return hmac.new(secret, f"form:{caller}".encode(), hashlib.sha256).hexdigest()


async def require_own_form(request: Request, caller: str) -> None:
    """Raise ProblemError 403 for a request that changes something and is no form of the caller's own pages."""
    if request.method in _READING:
        return
    given = (await request.form()).get(TOKEN)
    if not isinstance(given, str) or not hmac.compare_digest(form_token(request, caller).encode(), given.encode()):
        raise ProblemError(403, "This form is not one of your own pages, or it is too old; open the page anew.")


def require_same_origin(request: Request) -> None:
    """Raise ProblemError 403 for a form that another site has sent: its browser says so (Fetch Metadata, Origin)."""
    site, origin = request.headers.get("Sec-Fetch-Site", "same-origin"), request.headers.get("Origin")
    is_own = origin is None or urlsplit(origin).netloc == request.headers.get("Host")
    if site not in ("same-origin", "none") or not is_own:
        raise ProblemError(403, "This form was sent from another site.")
