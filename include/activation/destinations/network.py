"""What destinations that are asked over HTTP have in common: a session, batches halved down to the row at fault."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
from include.contracts.errors import RefusedError, ThrottledError, UnreachableError
from include.sources.live.answers import Told, by_status
from include.sources.live.budget import Allowance, Budget
from include.sources.live.http import Patience, Session, SignIn

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
    """A destination over HTTP. ``allowance``: how often it may be asked, which each subclass takes from its vendor."""

    allowance: ClassVar[Allowance] = Allowance(at_once=1)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        budget = Budget(self.declared.destination, self.allowance, self.clock)
        patience = PATIENCE if self.repeatable else ONCE
        self.session = Session(
            self.connection, self.sign_in(), budget, self.clock, patience=patience, explain=self.explain
        )

    @abstractmethod
    def sign_in(self) -> SignIn:
        """Return how the destination learns who asks."""

    @abstractmethod
    def send(self, batch: Batch) -> Outcome:
        """Make the changes by one call; what the session raises is understood."""

    def explain(self, response: httpx.Response) -> Told:
        """Return what an answer that is no success means."""
        return by_status(response)

    def deliver(self, batch: Batch) -> Outcome:
        """Make the changes; a batch that is refused as a whole is halved until the row at fault stands alone."""
        with accepting():
            return halved(batch, self.send, RefusedError, plain)

    def close(self) -> None:
        """Give the connections back."""
        self.session.close()


@contextmanager
def accepting() -> Iterator[None]:
    """Say of a call that failed whether it may have been accepted."""
    try:
        yield
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
