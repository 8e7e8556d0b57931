"""What destinations that are asked over HTTP have in common: a session, batches halved down to the row at fault."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import httpx

from include.activation.destination import (
    Batch,
    Change,
    Destination,
    NothingAcceptedError,
    Outcome,
    OutcomeUnknownError,
    halved,
)
from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError, RefusedError, ThrottledError, UnreachableError
from include.remote.answers import Fault, Told, by_status
from include.remote.budget import Allowance, Budget
from include.remote.clock import Clock
from include.remote.http import LostPlaceError, Patience, Session, SignIn, Token
from include.remote.sign_in import bearer_key

T = TypeVar("T")

LONGEST_REASON = 200
_PERSONAL = re.compile(r"\S*@\S*|\+?\d[\d ()./-]{5,}\d|\b[0-9a-f]{32,}\b", re.IGNORECASE)
# Within a call only short waits: for longer ones the run is tried later, and its rows wait in the ledger.
PATIENCE = Patience(attempts=5, longest_wait=240)
ONCE = Patience(attempts=1)  # for calls that may not be repeated


def plain(reason: object) -> str:
    """Return a vendor's reason without addresses, numbers and digests, in at most 200 characters."""
    return _PERSONAL.sub("…", f"{reason}".replace("\n", " "))[:LONGEST_REASON] or "no reason given"


class NetworkDestination(Destination):
    """A destination over HTTP. ``allowance``: how often it may be asked, as its vendor says.

    ``first_poll``, ``longest_poll``: seconds between two looks at what it works on; ``patience``: how long it may take.
    """

    allowance: ClassVar[Allowance] = Allowance(at_once=1)
    first_poll: ClassVar[float] = 1.0
    longest_poll: ClassVar[float] = 30.0
    patience: ClassVar[timedelta] = timedelta(hours=2)
    host: ClassVar[str] = ""  # the vendor's, where the connection names none

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        if not self.connection.host:
            self.connection = replace(self.connection, host=self.host)
        budget = Budget(self.declared.destination, self.allowance, self.clock)
        patience = PATIENCE if self.repeatable else ONCE
        self.session = Session(
            self.connection, self.sign_in(), budget, self.clock, patience=patience, explain=self.explain
        )

    def sign_in(self) -> SignIn:
        """Return how the destination learns who asks: by a bearer token, unless its kind says otherwise."""
        return bearer_key

    @abstractmethod
    def send(self, batch: Batch) -> Outcome:
        """Make the changes by one call; what the session raises is understood."""

    def explain(self, response: httpx.Response) -> Told:
        """Return what an answer that is no success means; that a place is not there is no fault of a row."""
        told = by_status(response)
        return Told(Fault.LOST_PLACE, told.code) if response.status_code == httpx.codes.NOT_FOUND else told

    def deliver(self, batch: Batch) -> Outcome:
        """Make the changes; a batch that is refused as a whole is halved until the row at fault stands alone."""
        with accepting():
            return halved(batch, self.send, RefusedError, plain)

    def found(self, path: str, **arguments: Any) -> Any:
        """Return what is at a path, None where nothing is; what else goes wrong is raised."""
        try:
            return self.session.json("GET", path, **arguments)
        except (LostPlaceError, RefusedError):
            return None

    def accepts(self, method: str, path: str, content: Any) -> bool:
        """Whether the vendor would take a request that it is asked to look at only."""
        try:
            self.session.json(method, path, json=content)
        except (LostPlaceError, RefusedError):
            return False
        return True

    def ended(
        self, what: str, ask: Callable[[], Mapping[str, Any]], is_over: Callable[[Mapping[str, Any]], bool]
    ) -> Any:
        """Ask how far something is that the vendor works on, until it is over; the pauses double.

        ``what`` names it, as "A job". Raises OutcomeUnknownError for one that never ends: it may have been accepted.
        """
        pause, deadline = self.first_poll, self.clock.now() + self.patience
        while self.clock.now() < deadline:
            if is_over(state := ask()):
                return state
            self.clock.sleep(pause)
            pause = min(pause * 2, self.longest_poll)
        raise OutcomeUnknownError(f"{what} of {self.declared.destination} does not end; run again later.")

    def close(self) -> None:
        """Give the connections back."""
        self.session.close()


@contextmanager
def accepting() -> Iterator[None]:
    """Say of a call that failed whether it may have been accepted."""
    try:
        yield
    except LostPlaceError as error:
        raise ConfigurationError(f"{error} See that the list is still there.") from None
    except ThrottledError as error:
        raise NothingAcceptedError(str(error)) from None
    except UnreachableError as error:
        raise OutcomeUnknownError(str(error)) from None


def by_rows(
    changes: Sequence[Change], results: Sequence[T], reason: Callable[[T], str | None], *, again: Sequence[str] = ()
) -> Outcome:
    """Return the outcome of a call whose answer has one result a row, in order; no reason is an acceptance.

    ``again``: words in a reason for which the row is tried again.
    """
    refused = {c.key: why for c, result in zip(changes, results, strict=True) if (why := reason(result)) is not None}
    later = {key: plain(why) for key, why in refused.items() if any(word in why for word in again)}
    return Outcome({key: plain(why) for key, why in refused.items() if key not in later}, later)


def by_refresh_token(url: str) -> SignIn:
    """OAuth by a refresh token: login and password are the client's, extra ``refresh_token`` and ``token_url``."""

    def sign_in(connection: Connection, ask: Callable[..., Any], clock: Clock) -> Token:  # noqa: ARG001 - a SignIn
        form = {
            "grant_type": "refresh_token",
            "client_id": connection.needed("login"),
            "client_secret": connection.needed("password"),
            "refresh_token": connection.needed("refresh_token"),
        }
        answer = ask(str(connection.extra.get("token_url") or url), form, token_fault)
        return Token({"Authorization": f"Bearer {answer['access_token']}"})

    return sign_in


def token_fault(response: httpx.Response) -> Told:
    """A token endpoint answers 400 or 401 where it does not know who asks."""
    told = by_status(response)
    return Told(Fault.CREDENTIAL, told.code) if response.status_code in (400, 401) else told
