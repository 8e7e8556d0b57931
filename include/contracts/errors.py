"""All errors of the project; the type says what to do next.

Messages reach people: one sentence that says what is wrong, where, and what to do, and never a
personal value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


class KindredError(Exception):
    """Base of all errors that a user may see."""

    exit_code = 1


class RetryableError(KindredError):
    """The same call may succeed later (a busy server, a dropped connection)."""

    exit_code = 75


class FatalError(KindredError):
    """Trying again cannot help; somebody has to look."""

    exit_code = 70


class ConfigurationError(FatalError):
    """A setting, a spec or a definition is wrong; fix it and run again."""

    exit_code = 78


class LaterVersionError(ConfigurationError):
    """What is kept was written by a later version of Kindred, which this one must not touch."""

    def __init__(self, what: str, found: object, known: object) -> None:
        super().__init__(
            f"{what} is {found}, of a later version of Kindred; this one knows {known} at most, and changed nothing. "
            "Run that version again, or restore lake and warehouse from the backup of before the upgrade."
        )


class UnknownError(ConfigurationError):
    """Nothing of the name or id that was given is there."""


class ErasedError(UnknownError):
    """Whoever was named has been erased."""


class DefinitionError(ConfigurationError):
    """A condition is not one of the segment language; says where in its text, line and column from 1.

    ``others`` are further faults of the same condition.
    """

    def __init__(self, problem: str, *, line: int, column: int, others: Sequence[DefinitionError] = ()) -> None:
        super().__init__(f"line {line}, column {column}: {problem}.")
        self.problem, self.line, self.column, self.others = problem, line, column, tuple(others)


class ContractError(FatalError):
    """A stage tried to write rows that break their table's declaration."""


class AuditError(FatalError):
    """An audit failed at table level; what was published before stays as it is."""

    exit_code = 65


class HeldError(KindredError):
    """What a run made waits for a person: ``subject`` names it, ``evidence`` is the text to judge it by."""

    exit_code = 69

    def __init__(self, subject: str, evidence: str) -> None:
        first = evidence.splitlines()[0]
        super().__init__(f"{first} Nothing was handed on; approve or reject {subject} and run again.")
        self.subject, self.evidence = subject, evidence


class EarlierDayError(FatalError):
    """A run of a day before the one that readers see; they keep what they have."""

    exit_code = 64

    def __init__(self, day: date, seen: date) -> None:
        super().__init__(
            f"Readers see {seen} already, and a run of {day} would take them back; nothing was done. Run a later day, "
            f'or rewind (`--rewind`; in Airflow the conf {{"as_of": "{day}", "rewind": true}}): then {day} and all '
            "later days are forgotten, and it is run in their place."
        )


class SourceError(FatalError):
    """A source file cannot be taken in as it is; names the file and, where known, line and column."""

    exit_code = 66

    def __init__(
        self, problem: str, *, file: str, line: int | None = None, column: str | None = None, remedy: str
    ) -> None:
        place = file + (f", line {line}" if line is not None else "") + (f", column {column}" if column else "")
        super().__init__(f"{place}: {problem}. {remedy}")
        self.file, self.line, self.column = file, line, column


class LateSourceError(SourceError):
    """A source file is not there, or not whole, and may be so later: a scheduled run waits for it."""


class ChangingSourceError(LateSourceError):
    """A source file changes while it is read."""


class LiveError(KindredError):
    """A system that is asked over the network did not give what was asked; ``system`` names its source."""


class UnreachableError(LiveError, RetryableError):
    """A system does not answer, or not in a way that can be read, however often it is asked."""


class ThrottledError(LiveError, RetryableError):
    """A system, or the budget that was set for it, allows no more requests for now."""


class CredentialError(LiveError, ConfigurationError):
    """A system refuses the credential of its connection."""


class PermissionDeniedError(LiveError, ConfigurationError):
    """A system knows who asks, and does not let them see what is asked for."""


class RefusedError(LiveError, FatalError):
    """A system says that the question itself is wrong."""


class DriftError(LiveError, FatalError):
    """An object of a system has lost or changed a field that it had before."""
