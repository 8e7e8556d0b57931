"""In which encoding a text file is written, and its bytes as UTF-8.

UTF-16 and UTF-32 tell themselves by their first bytes. A file that is no UTF-8 is Windows-1252 when it holds no letter
beyond ASCII that is UTF-8: one that holds both is UTF-8 with a few broken rows. It is judged by its first block, and
whatever is not UTF-8 is said in the log.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterator

from include.contracts.errors import LateSourceError, SourceError

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
NAMES = {"utf-32": "UTF-32", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}
_BEYOND_ASCII = re.compile("[\u0080-\ud7ff\ue000-\U0010ffff]")
_PROBE = 200  # bytes in which UTF-16 without a mark shows by its zeros

log = logging.getLogger("kindred.sources")


def encoding_of(start: bytes) -> str:
    """Return the encoding of a file, by its first block, as Python names it."""
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
    probe = start[:_PROBE]
    if probe.count(0) > len(probe) // 4:
        return "utf-16-le" if probe[1::2].count(0) >= probe[::2].count(0) else "utf-16-be"
    if _BEYOND_ASCII.search(start.decode("utf-8", "surrogateescape")) or _decodes(start, "utf-8"):
        return "utf-8"
    return "cp1252" if _decodes(start, "cp1252") else "utf-8"


def as_utf8(content: Iterator[bytes], file: str) -> Iterator[bytes]:
    """Yield a file's blocks in UTF-8, without a byte order mark; raises SourceError for bytes that are no text."""
    start = next(content, b"")
    encoding = encoding_of(start)
    if encoding == "utf-8":
        yield start.removeprefix(codecs.BOM_UTF8)
        yield from content
        return
    log.warning("%s: it is no UTF-8; it is read as %s.", file, NAMES[encoding])
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    try:
        yield decoder.decode(start).encode()
        for block in content:
            text = decoder.decode(block)
            lines += text.count("\n")
            yield text.encode()
    except UnicodeError:
        problem = f"it holds bytes that are no {NAMES[encoding]}"
        raise SourceError(problem, file=file, line=lines, remedy="Export it as UTF-8.") from None
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        problem = "the file ends in the middle of a character"
        raise LateSourceError(problem, file=file, remedy="Copy or export it again, whole.") from None


def _decodes(start: bytes, encoding: str) -> bool:
    """Whether the bytes are of the encoding, but for a character that their end cuts off."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeError:
        return False
    return True
