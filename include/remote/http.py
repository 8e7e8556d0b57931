"""How systems are asked over HTTP: with a token that is renewed, at their pace, and again where that can help.

What a person can mend is told apart: a wrong credential, a missing permission, a host that does not answer. Messages
name the source, the status and the vendor's word for the fault; never an address asked for, nor anything answered.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from include.contracts.connections import Connection
from include.contracts.errors import (
    CredentialError,
    LiveError,
    PermissionDeniedError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from include.remote.answers import Fault, Told, Unreadable, by_status, retry_after
from include.remote.budget import Budget
from include.remote.clock import Clock

logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address that is asked for
log = logging.getLogger("kindred.sources")

T = TypeVar("T")
Read = Callable[[httpx.Response], T]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a system is waited for; the pauses double from ``first_pause`` on."""

    attempts: int = 6
    first_pause: float = 1.0
    longest_pause: float = 60.0
    longest_wait: float = 900.0  # what Retry-After may ask for within a run; for more, the run is tried later
    connect_seconds: float = 10.0
    read_seconds: float = 60.0  # between two pieces of an answer
    answer_seconds: float = 600.0  # for an answer as a whole, so that nobody drips for ever


@dataclass(frozen=True, slots=True)
class Token:
    """What shows who asks; ``url`` is where to ask, where the sign-in says so."""

    headers: Mapping[str, str]
    url: str | None = None

    def __repr__(self) -> str:
        return "Token(…)"


SignIn = Callable[[Connection, Callable[..., Any], Clock], Token]  # gets a token; what it is given posts a form


class LostPlaceError(LiveError):
    """The page that was asked for is no longer there; asking from the start will do."""


class Session:
    """Asks one system; may be used by several threads."""

    def __init__(
        self,
        connection: Connection,
        sign_in: SignIn,
        budget: Budget,
        clock: Clock,
        *,
        patience: Patience = Patience(),
        explain: Callable[[httpx.Response], Told] = by_status,
    ) -> None:
        self.connection, self.clock, self.budget = connection, clock, budget
        self._sign_in, self._patience, self._explain = sign_in, patience, explain
        timeout = httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds)
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=_by_proxy(connection))
        self._token: Token | None = None
        self._lock = threading.Lock()
        self._chance = random.Random()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the system is asked."""
        return (self.token().url or self.connection.url).rstrip("/")

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Ask, and return the answer's JSON."""
        return self.ask(method, path, as_json, **arguments)

    def ask(self, method: str, path: str, read: Read[T], **arguments: Any) -> T:
        """Ask for a path, or for a whole URL, and return what ``read`` makes of the answer once it is whole.

        Raises the LiveError that tells what to do; LostPlaceError where the page is no longer there.
        """
        return self._asked(lambda: self._attempt(method, path, read, arguments))

    def token(self, refused: Token | None = None) -> Token:
        """Return the token at hand, a new one where there is none or it was ``refused``."""
        with self._lock:
            if self._token is None or self._token is refused:
                self._token = self._sign_in(self.connection, self._post_form, self.clock)
            return self._token

    def _attempt(self, method: str, path: str, read: Read[T], arguments: Mapping[str, Any]) -> T | _Failed:
        """Ask once, a second time with a new token where the first was refused."""
        given = dict(arguments)
        headers = given.pop("headers", {})
        failed: _Failed | None = None
        for _ in range(2):
            token = self.token(None if failed is None else self._token)
            url = path if "://" in path else (token.url or self.connection.url).rstrip("/") + path
            outcome = self._send(method, url, read, headers={**token.headers, **headers}, **given)
            if not isinstance(outcome, _Failed) or outcome.told.fault is not Fault.EXPIRED:
                return outcome
            failed = outcome
        assert failed is not None
        return _Failed(Told(Fault.CREDENTIAL, failed.told.code))

    def _post_form(
        self, url: str, form: Mapping[str, str], explain: Callable[[httpx.Response], Told], *, in_json: bool = False
    ) -> Any:
        """Post a form that asks for a token, ``in_json`` where a vendor wants it so; no token goes with it."""

        def attempt() -> Any:
            given: dict[str, Any] = {"json": form} if in_json else {"data": form}
            return self._send("POST", url, as_json, explain=explain, **given)

        return self._asked(attempt)

    def _asked(self, attempt: Callable[[], T | _Failed]) -> T:
        for number in range(1, self._patience.attempts + 1):
            outcome = attempt()
            if not isinstance(outcome, _Failed):
                return outcome
            if outcome.told.fault not in (Fault.PASSING, Fault.THROTTLED) or number == self._patience.attempts:
                raise self._meaning(outcome.told)
            self._wait(outcome, number)
        raise AssertionError("unreachable")

    def _wait(self, failed: _Failed, number: int) -> None:
        self.budget.retried += 1
        self.budget.throttled += failed.told.fault is Fault.THROTTLED
        bound = min(self._patience.longest_pause, self._patience.first_pause * 2 ** (number - 1))
        asked = retry_after(failed.response, self.clock.now())
        if asked is not None and asked > self._patience.longest_wait:
            raise ThrottledError(
                f"{self.budget.source} asks to be left alone for {asked:,.0f} s; the run can be repeated then."
            )
        pause = asked if asked is not None else bound * self._chance.uniform(0.5, 1)
        log.info("%s: %s; asking again in %.1f s.", self.budget.source, failed.told.code, pause)
        self.clock.sleep(pause)

    def _send(
        self,
        method: str,
        url: str,
        read: Read[T],
        *,
        explain: Callable[[httpx.Response], Told] | None = None,
        **arguments: Any,
    ) -> T | _Failed:
        """Ask once; what went wrong comes back as _Failed."""
        try:
            with self.budget.request():
                response = self._whole(method, url, arguments)
            if response.is_success:
                return read(response)
        except Unreadable as error:
            return _Failed(Told(Fault.PASSING, str(error)))
        except httpx.InvalidURL:
            raise RefusedError(f"{self.budget.source}: the host of its connection is no address.") from None
        except httpx.TransportError as error:
            return _Failed(Told(Fault.PASSING, _reason(error)))
        return _Failed((explain or self._explain)(response), response)

    def _whole(self, method: str, url: str, arguments: Mapping[str, Any]) -> httpx.Response:
        """Return an answer with all of its body; raises Unreadable for one that takes too long."""
        deadline = self.clock.seconds() + self._patience.answer_seconds
        with self._client.stream(method, url, **arguments) as response:
            pieces = []
            for piece in response.iter_bytes():
                pieces.append(piece)
                if self.clock.seconds() > deadline:
                    raise Unreadable("the answer took too long")
        headers = [(k, v) for k, v in response.headers.items() if k not in ("content-encoding", "transfer-encoding")]
        return httpx.Response(response.status_code, headers=headers, content=b"".join(pieces), request=response.request)

    def _meaning(self, told: Told) -> LiveError:
        """Return the error that says what a fault means, and what to do."""
        source, name = self.budget.source, self.connection.name
        meanings: Mapping[Fault, tuple[type[LiveError], str]] = {
            Fault.EXPIRED: (CredentialError, f"refuses the credential of the connection {name!r}; renew it"),
            Fault.CREDENTIAL: (CredentialError, f"refuses the credential of the connection {name!r}; renew it"),
            Fault.PERMISSION: (
                PermissionDeniedError,
                f"knows the credential of the connection {name!r}, which lacks a permission; grant it",
            ),
            Fault.THROTTLED: (ThrottledError, "keeps asking for a slower pace; run again later"),
            Fault.USED_UP: (ThrottledError, "allows no more requests today; run again tomorrow"),
            Fault.LOST_PLACE: (LostPlaceError, "no longer has the page that was asked for"),
            Fault.PASSING: (UnreachableError, f"cannot be reached by the connection {name!r}; run again later"),
            Fault.REFUSED: (RefusedError, "says that what it was asked is wrong; see docs/connectors.md"),
        }
        kind, sentence = meanings[told.fault]
        return kind(f"{source} {sentence} ({told.code}).")


@dataclass(frozen=True, slots=True)
class _Failed:
    told: Told
    response: httpx.Response | None = None


def as_json(response: httpx.Response) -> Any:
    """Return an answer's JSON; raises Unreadable where it is none."""
    try:
        return response.json()
    except ValueError:
        raise Unreadable("the answer is no JSON") from None


def as_bytes(response: httpx.Response) -> httpx.Response:
    """Return an answer as it is."""
    return response


def _reason(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "no connection"
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else "the connection broke off"


def _by_proxy(connection: Connection) -> bool:
    """Whether the machine's proxy may stand between: not where the system is on this machine."""
    return not any(place in connection.url for place in ("//127.0.0.1", "//localhost"))
