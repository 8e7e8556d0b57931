"""Delivery: an open plan's changes are made, call by call, until all are settled or the time for today is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from include.activation.book import Book
from include.activation.destination import (
    Batch,
    Destination,
    NothingAcceptedError,
    OutcomeUnknownError,
)
from include.contracts.errors import FatalError, RetryableError
from include.remote.clock import Clock

PATIENCE = timedelta(minutes=5)  # longest wait, within one run, for rows that may be tried again
UNKNOWN = "its answer was lost, and it may not be sent twice"

Watch = Callable[[str], None]


def unwatched(step: str) -> None:
    """Hear of each step, and do nothing."""


@dataclass
class Delivery:
    """The delivery of the book's plan; ``watch`` hears of each step."""

    book: Book
    destination: Destination
    clock: Clock
    watch: Watch = unwatched

    def run(self) -> None:
        """Make the changes, and close the plan when all of them are settled.

        Raises RetryableError where something is left for a later run, and whatever the destination raises; what was
        settled by then stays settled.
        """
        deadline = self.book.planned_at() + timedelta(hours=self.destination.sync.deadline_hours)
        try:
            self._resume()
            self._pass()
            while self.clock.now() < deadline and self._waited():
                self._pass()
        except (RetryableError, FatalError):
            if self.clock.now() < deadline or self.book.unsettled():
                raise
        if waiting := self.book.waiting():
            if self.clock.now() < deadline:
                name = self.destination.declared.name
                raise RetryableError(f"{waiting:,} rows of {name} were refused for now; run it again later.")
            self.book.give_up(self.clock.now())
        self.destination.finish(self.book.plan_id)
        self.watch("finished")
        self.book.end(self.clock.now())
        self.watch("ended")

    def _resume(self) -> None:
        """Settle the calls of a run that was stopped; they may have been accepted."""
        for batch in self.book.unsettled():
            found = self.destination.settled(batch)
            if found is not None:
                self.book.settle(batch, found, self.clock.now())
            elif not self.destination.repeatable:
                self.book.doubt(batch, UNKNOWN, self.clock.now())
            elif repeated := self.book.without_withheld(batch, self.clock.now()):
                self._call(repeated)

    def _pass(self) -> None:
        """Make all changes that may be made now, once."""
        after = 0
        while batch := self.book.claim(after, self.destination.batch_rows, self.clock.now()):
            self.watch("written down")
            self._call(batch)
            after = batch.changes[-1].position

    def _call(self, batch: Batch) -> None:
        try:
            outcome = self.destination.deliver(batch)
        except OutcomeUnknownError:
            found = self.destination.settled(batch)
            if found is None:
                raise
            outcome = found
        except (NothingAcceptedError, FatalError):
            self.book.release(batch)
            raise
        self.watch("called")
        self.book.settle(batch, outcome, self.clock.now())
        self.watch("settled")

    def _waited(self) -> bool:
        """Wait until something may be tried again, if that is soon."""
        at = self.book.next_retry()
        if at is None:
            return False
        wait = at - self.clock.now()
        if wait > PATIENCE:
            return False
        self.clock.sleep(max(wait.total_seconds(), 0))
        return True
