"""What a destination is: one protocol, which each kind of them keeps, and ``tests/destination_suite.py`` proves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, ClassVar, Literal

from include.activation.syncs import Declared
from include.contracts.configuration import Strict
from include.contracts.connections import Connection
from include.contracts.errors import RetryableError
from include.remote.clock import Clock

Verb = Literal["write", "remove"]


class NothingAcceptedError(RetryableError):
    """A call that the destination has certainly not accepted, and that may succeed later."""


class OutcomeUnknownError(RetryableError):
    """A call that the destination may have accepted: its answer was lost."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change at a destination. ``fields`` are what is written, by the destination's names, the key's among them.

    ``former_key`` is the key that the destination has until then, where that changes.
    """

    position: int
    action: str
    member_id: str
    key: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    former_key: str | None = None
    digest: str = ""
    consent: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form; the fields are not copied, for there are many."""
        return {field.name: getattr(self, field.name) for field in _FIELDS}


_FIELDS = fields(Change)


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that are made by one call; ``batch_id`` stays the same however often it is made.

    ``started_at``: when it was written down, before it was first made.
    """

    batch_id: str
    plan_id: str
    changes: tuple[Change, ...]
    started_at: datetime | None = None

    @property
    def verb(self) -> Verb:
        """Whether it writes or removes; one batch does one of both."""
        return "remove" if self.changes[0].action == "remove" else "write"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: by key, what is refused for good and what may be tried again, with the reason.

    All others were accepted; ``receipts`` are given where the destination works on them later, and can be asked then.
    """

    rejected: Mapping[str, str] = field(default_factory=dict)
    again: Mapping[str, str] = field(default_factory=dict)
    receipts: tuple[str, ...] = ()


ACCEPTED = Outcome()


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of a call that a destination worked on later: why it came to nothing, or to a part of it."""

    fault: str | None = None
    in_part: bool = False  # whose rows failed is not told


def halved(
    batch: Batch, send: Callable[[Batch], Outcome], refused: type[Exception], why: Callable[[Exception], str]
) -> Outcome:
    """Send a batch; one that is ``refused`` as a whole is halved until the row at fault stands alone, and is rejected.

    Each part has an id of its own, which follows from the batch's.
    """
    try:
        return send(batch)
    except refused as error:
        if len(batch.changes) == 1:
            return Outcome(rejected={batch.changes[0].key: why(error)})
    middle = len(batch.changes) // 2
    outcomes = [
        halved(replace(batch, batch_id=f"{batch.batch_id}-{number}", changes=part), send, refused, why)
        for number, part in enumerate((batch.changes[:middle], batch.changes[middle:]))
    ]
    return Outcome(
        {key: reason for outcome in outcomes for key, reason in outcome.rejected.items()},
        {key: reason for outcome in outcomes for key, reason in outcome.again.items()},
        tuple(receipt for outcome in outcomes for receipt in outcome.receipts),
    )


class NoSettings(Strict):
    """There is nothing to set."""


class Destination(ABC):
    """A place that lists are sent to.

    ``repeatable``: a batch that was accepted may be sent again and changes nothing. ``rekeys``: it can give a row
    another key. ``removes``: it can take a row out. ``batch_rows``: most changes a call.
    """

    repeatable: ClassVar[bool] = True
    rekeys: ClassVar[bool] = False
    removes: ClassVar[bool] = True
    appends: ClassVar[bool] = False
    batch_rows: ClassVar[int] = 1000
    key_columns: ClassVar[tuple[str, ...]] = ()  # that its key may be; none: any
    Settings: ClassVar[type[Strict]] = NoSettings  # of the destination
    ListSettings: ClassVar[type[Strict]] = NoSettings  # of each sync

    def __init__(self, declared: Declared, connection: Connection, clock: Clock) -> None:
        self.declared, self.sync, self.connection, self.clock = declared, declared.sync, connection, clock
        self.settings: Any = self.Settings.model_validate(declared.settings)
        self.list: Any = self.ListSettings.model_validate(declared.sync.settings)

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield what the destination lacks, each as the setting that asks for it and a sentence.

        It is asked before anything is planned, and by ``doctor``, so it only looks. A setting is one of the sync, such
        as ``fields.NAME``, or one of the destination, such as ``destination.settings.NAME``.
        """
        yield from ()

    @abstractmethod
    def deliver(self, batch: Batch) -> Outcome:
        """Make the changes. Raises NothingAcceptedError, OutcomeUnknownError, or a FatalError that accepted nothing."""

    def settled(self, batch: Batch) -> Outcome | None:  # noqa: ARG002 - who cannot tell needs no batch
        """Ask the destination what became of a batch whose answer was lost; None where it cannot tell."""
        return None

    def receipt(self, receipt: str) -> Worked | None:  # noqa: ARG002 - who gives none is asked for none
        """Ask what became of a call that was taken in; None while it is worked on."""
        return Worked()

    def finish(self, plan_id: str) -> None:  # noqa: B027 - most have nothing to do
        """Do what ends a plan; repeating it changes nothing."""

    def present(self) -> Iterator[str] | None:
        """Yield the keys that the destination has; None where it does not say."""
        return None

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what was opened."""
