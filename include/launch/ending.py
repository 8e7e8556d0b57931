"""Whoever asks a process to end is heard, even where Python or a library would swallow it.

A signal's handler raises, wherever the main thread is at work. Where that is a finalizer or another callback, Python
says "Exception ignored" and goes on as if nobody had asked; a library may do so without a word. What Python ignores is
asked once more, and what a library has is found by whoever heeds it between two waits.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

AGAIN_SECONDS = 0.05  # after which the callback that swallowed it is over

_asked: dict[int, BaseException] = {}  # by signal, what its handler raised


def listen(numbers: Iterable[int], ending: Callable[[int], BaseException]) -> None:
    """Let these signals end the process by the exception that ``ending`` makes of the signal's number.

    To be called by the main thread; a signal that whoever started the process has it ignore is ignored.
    """

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature that signal wants
        raise _asked.setdefault(number, ending(number))

    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    sys.unraisablehook = _ask_again


def heed() -> None:
    """Raise what ends the process if somebody has asked for it; to be called between waits, and never while ending."""
    for asked in _asked.values():
        raise asked


def _ask_again(ignored: UnraisableHookArgs) -> None:
    number = next((number for number, asked in _asked.items() if asked is ignored.exc_value), None)
    if number is None:
        sys.__unraisablehook__(ignored)
        return
    again = threading.Timer(AGAIN_SECONDS, signal.pthread_kill, (threading.main_thread().ident, number))
    again.daemon = True
    again.start()
