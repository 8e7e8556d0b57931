"""In which encoding a text file is written, and its bytes as UTF-8 with lines that end as everywhere.

UTF-16 and UTF-32 tell themselves by their first bytes. A file of whose letters beyond ASCII most are UTF-8 is UTF-8
with a few broken rows. Of the others, one whose words are of ASCII letters for the most part is Windows-1252; one in
another script, such as Arabic or Japanese, is of the encoding in which its words are those of a language. It is judged
by its first block, unless the source declares it, and whatever is not UTF-8 is said in the log.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterator
from itertools import chain, islice

from charset_normalizer import from_bytes

from include.contracts.errors import LateSourceError, SourceError

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
UNDECIDED = ""  # of several encodings each gives words
NAMES = {
    "utf-8": "UTF-8", "utf-32": "UTF-32", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252", "cp1251": "Windows-1251", "cp1253": "Windows-1253", "cp1255": "Windows-1255",
    "cp1256": "Windows-1256", "cp874": "Windows-874", "koi8_r": "KOI8-R", "cp932": "Shift-JIS", "euc_jp": "EUC-JP",
    "gb18030": "GB 18030", "big5": "Big5", "cp949": "Windows-949", UNDECIDED: "an encoding that nothing proves",
}  # fmt: skip
SCRIPTS = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949")
_BEYOND_ASCII = re.compile("[\u0080-\ud7ff\ue000-\U0010ffff]")
_BROKEN = re.compile("[\ud800-\udfff]")
_PROBE = 200  # bytes in which UTF-16 without a mark shows by its zeros
_WORD = re.compile(rb"[^\s,;|\"@.]*[\x80-\xff][^\s,;|\"@.]*")
LOOK_BYTES = 1 << 18  # of which the script is told
LEAST = 12  # words that tell one
_WORDS = 20_000  # that are looked at

log = logging.getLogger("kindred.sources")


def encoding_of(start: bytes) -> str:
    """Return the encoding of a file, by its first block, as Python names it; UNDECIDED where nothing proves it."""
    if marked := _marked(start):
        return marked
    probe = start[:_PROBE]
    if probe.count(0) > len(probe) // 4:
        return "utf-16-le" if probe[1::2].count(0) >= probe[::2].count(0) else "utf-16-be"
    if _decodes(start, "utf-8") or _is_mostly_utf8(start):
        return "utf-8"
    words = list(dict.fromkeys(match.group() for match in islice(_WORD.finditer(start), _WORDS)))
    foreign = sum(2 * len(re.findall(rb"[\x80-\xff]", word)) > len(word) for word in words)
    if len(words) > 2 and 2 * foreign > len(words):
        return _script(start) if len(words) >= LEAST else UNDECIDED
    return "cp1252" if _decodes(start, "cp1252") else "utf-8"


def _is_mostly_utf8(start: bytes) -> bool:
    """Whether no fewer letters beyond ASCII are UTF-8 than bytes are not, as in a file with a few broken rows."""
    text = start.decode("utf-8", "surrogateescape")
    return len(_BEYOND_ASCII.findall(text)) >= max(len(_BROKEN.findall(text)), 1)


def _marked(start: bytes) -> str:
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), "")


def _script(text: bytes) -> str:
    """The encoding in which a text of no Latin script has words of a language."""
    whole = len(text) if len(text) <= LOOK_BYTES else text.rfind(b"\n", 0, LOOK_BYTES) + 1
    found = list(from_bytes(text[:whole], cp_isolation=list(SCRIPTS)))
    rank = [(match.chaos, -match.coherence, not match.multi_byte_usage) for match in found]
    if not found or rank[1:2] == rank[:1]:
        return UNDECIDED
    return found[0].encoding


def as_utf8(content: Iterator[bytes], file: str, declared: str = "") -> Iterator[bytes]:
    """Yield a file's blocks in UTF-8, without a byte order mark, its lines ended by a line feed.

    ``declared`` is the encoding that its source says. Raises SourceError for bytes that are no text of it, and where
    nothing proves which it is.
    """
    start = next(content, b"")
    encoding = _marked(start) or declared or encoding_of(start)
    if encoding == UNDECIDED:
        problem = "it is no UTF-8, and nothing proves in which encoding it is written"
        raise SourceError(problem, file=file, remedy="Export it as UTF-8, or say encoding in sources.yaml.")
    blocks = chain([start], content)
    if codecs.lookup(encoding).name == "utf-8":
        yield from _with_line_feeds(chain([start.removeprefix(codecs.BOM_UTF8)], content))
        return
    if not declared:
        name = NAMES[encoding]
        log.warning("%s: it is no UTF-8; it is read as %s. Say encoding in sources.yaml if it is none.", file, name)
    yield from _with_line_feeds(_decoded(blocks, encoding, file))


def _decoded(content: Iterator[bytes], encoding: str, file: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    try:
        for block in content:
            text = decoder.decode(block)
            lines += text.count("\n")
            yield text.encode()
    except UnicodeError:
        problem = f"it holds bytes that are no {NAMES.get(encoding, encoding)}"
        raise SourceError(problem, file=file, line=lines, remedy="Export it as UTF-8.") from None
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        problem = "the file ends in the middle of a character"
        raise LateSourceError(problem, file=file, remedy="Copy or export it again, whole.") from None


def _with_line_feeds(content: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks of a file whose lines all end in a carriage return, as on old Macs, with line feeds."""
    start = next(content, b"")
    if b"\r" in start and b"\n" not in start:
        start, content = start.replace(b"\r", b"\n"), (block.replace(b"\r", b"\n") for block in content)
    yield start
    yield from content


def _decodes(start: bytes, encoding: str) -> bool:
    """Whether the bytes are of the encoding, but for a character that their end cuts off."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeError:
        return False
    return True
