"""Ends what a launcher started, when the launcher itself was killed.

It reads the launcher's pipe: `session PID` names a session to end, `ended PID` one that has ended, `server HOME` an
embedded PostgreSQL. The word `done` says that nothing is left to end; an end of the pipe without it says that the
launcher is dead.
"""

from __future__ import annotations

import sys
from pathlib import Path

from include.launch.processes import end_sessions


def main() -> None:
    """Read the launcher's pipe to its end."""
    sessions: set[int] = set()
    homes: set[Path] = set()
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "session":
            sessions.add(int(rest))
        elif word == "ended":
            sessions.discard(int(rest))
        elif word == "server":
            homes.add(Path(rest))
        elif word == "done":
            return
    end_sessions(sessions)
    for home in homes:
        _let_go(home)


def _let_go(home: Path) -> None:
    """Use the server for a moment: the last user of a server that nobody wants to keep stops it."""
    from include.storage.postgres import embedded  # noqa: PLC0415 - the watchdog has to be small, and rarely needs it

    if embedded.is_running(home):
        with embedded.running(home):
            pass


if __name__ == "__main__":
    main()
