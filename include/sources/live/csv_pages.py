"""Pages of CSV that a system answers: checked to be whole, and joined under one header in the declared names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import httpx
import numpy as np

from include.remote.answers import Unreadable
from include.sources.files import records as scan


def header(names: Sequence[str]) -> bytes:
    """Return the header of the joined pages."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(names)
    return text.getvalue().encode()


def records(rows: Iterable[Sequence[object]]) -> bytes:
    """Return records of a page of JSON as rows: true and false in small letters, nothing as an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([str(said).lower() if isinstance(said, bool) else said for said in row] for row in rows)
    return text.getvalue().encode()


def rows_of(
    response: httpx.Response, fields: Sequence[str], *, records: int | None = None, headed: bool, ended: bool = False
) -> bytes:
    """Return a page's rows without its header; raises Unreadable where it is not whole.

    ``headed`` pages must begin with the header that was asked for; others may, which is taken off too. ``records`` is
    how many the system says there are; where it does not say, the last line of an ``ended`` page must have its end.
    """
    page = response.content.removeprefix(b"\xef\xbb\xbf")
    first, _, rest = page.partition(b"\n")
    names = next(csv.reader([first.decode("utf-8", "replace").strip()]), [])
    is_header = [name.lower() for name in names] == [name.lower() for name in fields]
    if headed and not is_header:
        raise Unreadable("the page has another header than was asked for")
    rows = rest if is_header else page
    if ended and not page.endswith(b"\n"):
        raise Unreadable("the page ends amid a line")
    if rows and not rows.endswith(b"\n"):
        rows += b"\n"
    if records is not None and _whole_records(rows, len(fields)) != records:
        raise Unreadable("the page has fewer or more rows than the system says")
    return rows


def _whole_records(rows: bytes, fields: int) -> int:
    """How many records have all their fields, whatever is in them."""
    faults = scan.find_records(rows, fields, final=True).faults
    return len(faults) - int(np.isin(faults, _BROKEN).sum())


_BROKEN = (scan.STRAY_QUOTE, scan.UNCLOSED_QUOTE, scan.TOO_FEW_FIELDS, scan.TOO_MANY_FIELDS)
