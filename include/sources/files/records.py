"""Where each record of a CSV file begins and ends, and whether it is whole.

A compiled scan walks the bytes once, by RFC 4180. It exists because neither DuckDB's nor Arrow's reader gives the
physical line of a record with line breaks inside quotes, DuckDB drops a last record whose quote is never closed
without a word, and both let one unclosed quote swallow the records behind it (docs/decisions/0007).
Arrow parses what the scan has found to be whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

WHOLE, STRAY_QUOTE, UNCLOSED_QUOTE, TOO_LONG, NOT_UTF8, NUL_BYTE, TOO_FEW_FIELDS, TOO_MANY_FIELDS = range(8)

MAX_RECORD_BYTES = 4 << 20  # Salesforce's longest text field holds 131,072 characters
MAX_QUOTED_BYTES = 16 << 20  # a quote open for longer was never meant to be

_QUOTE, _NEWLINE, _RETURN, _ZERO = 34, 10, 13, 0
_AT_START, _PLAIN, _QUOTED = 0, 1, 2
_ENDED, _OPEN, _CUT_OFF, _CUT_OFF_OPEN = 0, 1, 2, 3  # what becomes of a record; open: a quote of it is not closed


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a block: byte offsets, first lines relative to the block's, and the fault of each."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    faults: npt.NDArray[np.uint8]
    consumed: int
    newlines: int

    @property
    def whole(self) -> npt.NDArray[np.bool_]:
        """Which records have no fault."""
        return np.equal(self.faults, WHOLE)


def find_records(block: bytes, fields: int, *, final: bool, delimiter: str = ",") -> Records:
    """Find the records of ``fields`` fields, parted by an ASCII ``delimiter``, in ``block``, which begins with one.

    Blank lines are no records. Unless ``final``, a record that the block's end cuts off is left for the next
    block: ``consumed`` tells how many bytes are done with.
    """
    data = np.frombuffer(block, dtype=np.uint8)
    room = int(np.count_nonzero(data == _NEWLINE)) + 1
    starts, ends, lines = (np.empty(room, np.int64) for _ in range(3))
    faults = np.empty(room, np.uint8)
    count, consumed, newlines = _scan(data, ord(delimiter), fields, final, starts, ends, lines, faults)
    records = Records(starts[:count], ends[:count], lines[:count], faults[:count], consumed, newlines)
    _mark_bytes(block, data, records)
    return records


def _mark_bytes(block: bytes, data: npt.NDArray[np.uint8], records: Records) -> None:
    """Mark records that hold a NUL or bytes that are no UTF-8."""
    if block.find(b"\0", 0, records.consumed) >= 0:
        _mark(records, np.flatnonzero(data[: records.consumed] == _ZERO), NUL_BYTE)
    position = 0
    while position < records.consumed:
        try:
            str(memoryview(block)[position : records.consumed], "utf-8")
            return
        except UnicodeDecodeError as error:
            index = _mark(records, np.array([position + error.start]), NOT_UTF8)
            position = int(records.ends[index])


def _mark(records: Records, offsets: npt.NDArray[np.int64], fault: int) -> int:
    """Mark the records that hold the offsets, and return the last one's index."""
    indices = np.searchsorted(records.starts, offsets, side="right") - 1
    records.faults[indices] = fault
    return int(indices[-1])


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _scan(data, comma, fields, final, starts, ends, lines, faults):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Fill the arrays and return (records, bytes consumed, newlines consumed)."""
    count = start = line = 0
    while start < len(data):
        end, fate, commas, newlines, first_line_end, has_stray = _walk(data, comma, start)
        if fate >= _CUT_OFF and not final:
            break
        is_unclosed = fate in (_OPEN, _CUT_OFF_OPEN)
        if is_unclosed and first_line_end > 0:
            end, newlines = first_line_end, 1  # set the line aside, begin anew behind it
        width = _width(data, start, end)
        if width > 0:
            starts[count], ends[count], lines[count] = start, end, line
            faults[count] = _fault(is_unclosed, has_stray, width, commas + 1 - fields)
            count += 1
        line += newlines
        start = end
    return count, start, line


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _walk(data, comma, start):  # type: ignore[no-untyped-def]  # noqa: C901, PLR0912
    """Go to a record's end; return (end, its fate, commas, newlines, end of its first line or -1, stray quote)."""
    i, state, commas, newlines, first_line_end = start, _AT_START, 0, 0, -1
    broken_field = has_stray = False
    while i < len(data):
        byte = data[i]
        i += 1
        if state == _QUOTED:
            if byte == _NEWLINE:
                newlines += 1
                broken_field = True
                if first_line_end < 0:
                    first_line_end = i
                if i - start > MAX_QUOTED_BYTES:
                    return i, _OPEN, commas, newlines, first_line_end, has_stray
            elif byte == _QUOTE:
                following = data[i] if i < len(data) else _NEWLINE
                if following == _QUOTE:
                    i += 1
                elif following in (comma, _NEWLINE, _RETURN):
                    state = _PLAIN
                elif broken_field:  # text follows the quote: it opened a field further down
                    return i, _OPEN, commas, newlines, first_line_end, has_stray
                else:
                    has_stray = True
                    state = _QUOTED if _closes_later(data, comma, i) else _PLAIN
        elif byte == _NEWLINE:
            return i, _ENDED, commas, newlines + 1, first_line_end, has_stray
        elif byte == comma:
            commas += 1
            state = _AT_START
            broken_field = False
        elif byte == _QUOTE and state == _AT_START:
            state = _QUOTED
        else:
            state = _PLAIN
    fate = _CUT_OFF_OPEN if state == _QUOTED else _CUT_OFF
    return i, fate, commas, newlines, first_line_end, has_stray


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _width(data, start, end):  # type: ignore[no-untyped-def]
    """Return the bytes of a record without its line end."""
    width = end - start
    if data[end - 1] != _NEWLINE:
        return width
    return width - 2 if width > 1 and data[end - 2] == _RETURN else width - 1


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _fault(is_unclosed, has_stray, width, surplus):  # type: ignore[no-untyped-def]
    """Return what is wrong with a record; ``surplus`` is how many fields it has too many."""
    if is_unclosed:
        return UNCLOSED_QUOTE
    if has_stray:
        return STRAY_QUOTE
    if width > MAX_RECORD_BYTES:
        return TOO_LONG
    if surplus:
        return TOO_MANY_FIELDS if surplus > 0 else TOO_FEW_FIELDS
    return WHOLE


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _closes_later(data, comma, start):  # type: ignore[no-untyped-def]
    """Whether the field goes on to a closing quote: then the quote just met stands inside it."""
    for i in range(start, len(data)):
        if data[i] in (comma, _NEWLINE, _RETURN):
            return data[i - 1] == _QUOTE
    return False
