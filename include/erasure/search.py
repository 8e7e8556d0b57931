"""Where values stand within a text: one definition for the lake, for PostgreSQL and for the bytes of any file.

RE2, in DuckDB and in Arrow, tells quickly where one may stand, many values at once. What is before and behind it then
tells whether it stands by itself: ``ann@x.example`` is not in ``joann@x.example``, ``rg@x.example`` not in
``jörg@x.example``, and ``crm.contact:1`` not in ``crm.contact:12``.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

BLANK = "erased"  # what stands where a value stood in a row of somebody else
FILL = b"x"  # what stands there where as many bytes have to stay
LOT = (
    8_000  # characters of one expression; of much longer ones RE2 gives up its automaton, and is a hundred times slower
)
REACH = 4_096  # bytes of the longest value, however it is written, and of what stands around it
MARGIN = 64  # bytes around a value that tell whether it stands by itself

_PLAIN = frozenset("-._~")  # written as they are everywhere, as letters and digits of ASCII are
_BEFORE = (  # some escapes end in letters
    r"(?:^|[^a-z0-9]|\\[bfnrt]|\\u[0-9a-f]{4}|\\[0-3][0-7]{2}|\\x[0-9a-f]{2}|%[0-9a-f]{2})"
)
_AFTER = r"(?:$|[^a-z0-9])"
_JOINS_BEFORE, _JOINS_AFTER = frozenset("._%+'-"), frozenset("._-")  # part of an address between letters, else not
_ESCAPED = (
    r"\\+['bfnrt]|\\+u[0-9a-f]{4}|(?:%(?:25)*[0-9a-f]{2})+|(?:\\+[0-3][0-7]{2})+|(?:\\+x[0-9a-f]{2})+|"
    r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});"
)
_ESCAPED_BEFORE = re.compile(f"(?:{_ESCAPED})$".encode())
_OPENED_BEFORE = re.compile(rb"(?<![a-z0-9\x80-\xff])b\\*'$")  # as Python opens bytes
_ESCAPED_AFTER = re.compile(_ESCAPED.encode())
_END = ""


class Search:
    """Looks for values as others may write them: in capitals, composed or not, escaped as JSON, URLs and HTML do."""

    def __init__(self, values: Collection[str]) -> None:
        words = {tuple(map(_written, unicodedata.normalize("NFC", value))) for value in values if value}
        self._words = sorted(words)

    def __bool__(self) -> bool:
        return bool(self._words)

    @cached_property
    def expressions(self) -> Sequence[str]:
        """Expressions of RE2, in small letters, that together find wherever a value stands, and perhaps more."""
        return [f"{_BEFORE}{found}{_AFTER}" for found in self.anywhere]

    @cached_property
    def anywhere(self) -> Sequence[str]:
        """Those that find a value also within others."""
        lots, size = list[list[tuple[str, ...]]](), LOT
        for word in self._words:
            length = sum(map(len, word))
            if size + length > LOT:
                lots.append([])
                size = 0
            lots[-1].append(word)
            size += length
        return [_either(lot) for lot in lots]

    @cached_property
    def _exactly(self) -> re.Pattern[bytes]:
        return re.compile(f"{_either(self._words)}(?![a-z0-9])".encode())

    def spans(self, content: bytes) -> Iterator[tuple[int, int]]:
        """Yield where values stand by themselves, from and to, in order; none overlaps another."""
        if not self._words:
            return
        lowered, at = content.lower(), 0
        while match := self._exactly.search(lowered, at):
            start, end = match.span()
            before, after = _letters_before(lowered, start, is_url=b"%" in match[0]), _letters_after(lowered, end)
            if _is_free(before, _JOINS_BEFORE) and _is_free(after, _JOINS_AFTER):
                yield start, end
                at = end
            else:
                at = start + 1

    def is_in(self, text: str | None) -> bool:
        """Whether a value stands in a text."""
        return text is not None and any(self.spans(_bytes(text)))

    def blanked(self, text: str) -> str:
        """Return a text with BLANK where a value stood."""
        content, parts, at = _bytes(text), list[bytes](), 0
        for start, end in self.spans(content):
            parts += [content[at:start], BLANK.encode()]
            at = end
        return b"".join([*parts, content[at:]]).decode("utf-8", "surrogatepass") if parts else text

    def overwritten(self, content: bytes) -> bytes:
        """Return bytes with as many letters where a value stood."""
        changed = bytearray(content)
        for start, end in self.spans(content):
            changed[start:end] = FILL * (end - start)
        return bytes(changed)

    def blanked_json(self, text: str) -> str:
        """Return a text of JSON likewise; it stays JSON, also where a value stood there as a number."""
        blanked = self.blanked(text)
        try:
            json.loads(blanked)
        except ValueError:
            return json.dumps(self._blanked_leaf(json.loads(text)), ensure_ascii=False)
        return blanked

    def _blanked_leaf(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.blanked(key): self._blanked_leaf(leaf) for key, leaf in value.items()}
        if isinstance(value, list):
            return [self._blanked_leaf(leaf) for leaf in value]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        blanked = self.blanked(str(value))
        return blanked if isinstance(value, str) or blanked != str(value) else value


def _written(letter: str) -> str:
    """Return the expression of a letter in all the ways in which it is written; ASCII is looked at in small letters."""
    if letter.isascii() and (letter.isalnum() or letter in _PLAIN):
        return re.escape(letter.lower())
    cased = {form for form in (letter, letter.lower(), letter.upper()) if len(unicodedata.normalize("NFC", form)) == 1}
    written = {unicodedata.normalize(way, form) for form in cased | {letter} for way in ("NFC", "NFD")}
    ways = {re.escape(form.lower() if form.isascii() else form) for form in written}
    for form in written:
        octets = form.encode("utf-8", "surrogatepass")
        ways.add("".join(_octet(octet, f"%(?:25)*{octet:02x}") for octet in octets))
        ways.add("".join(_octet(unit, rf"\\+u{unit:04x}") for one in form for unit in _units(one)))
        if not form.isascii():
            ways.add("".join(_octet(octet, rf"\\+{octet:03o}") for octet in octets))
            ways.add("".join(_octet(octet, rf"\\+x{octet:02x}") for octet in octets))
    if letter in "\"'&<>":
        ways.add(re.escape(html.escape(letter)))
    if letter in "'\"\\/":
        ways.add(rf"\\+{re.escape(letter)}")
    if letter == "'":
        ways |= {"''", "&#0?39;", "&apos;"}
    if letter == " ":
        ways.add(r"\+")
    return f"(?:{'|'.join(sorted(ways, key=lambda way: (-len(way), way)))})"


def _octet(octet: int, escaped: str) -> str:
    """A letter of ASCII, which nobody escapes, as it is; anything else escaped."""
    return chr(octet).lower() if octet < 128 and chr(octet).isalnum() else escaped


def _units(letter: str) -> Sequence[int]:
    """The code units of UTF-16, which JSON escapes."""
    octets = letter.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(octets[at : at + 2]) for at in range(0, len(octets), 2)]


def _either(words: Collection[tuple[str, ...]]) -> str:
    """Return the expression of any of the words, the longest first, what words begin with in common told once."""
    beginning: dict[str, Any] = {}
    for word in words:
        node = beginning
        for letter in word:
            node = node.setdefault(letter, {})
        node[_END] = {}
    return _expression(beginning)


def _expression(node: dict[str, Any]) -> str:
    alone = ""
    while len(node) == 1 and _END not in node:
        ((letter, node),) = node.items()
        alone += letter
    branches = [letter + _expression(rest) for letter, rest in sorted(node.items()) if letter != _END]
    if not branches:
        return alone
    return f"{alone}(?:{'|'.join(branches)}){'?' if _END in node else ''}"


def _is_free(beside: Iterable[str], joins: Collection[str]) -> bool:
    """Whether letters on one side of a value, the next first, leave it by itself; ``joins`` are part of an address."""
    for letter in beside:
        if _is_letter(letter):
            return False
        if letter not in joins:
            return True
    return True


def _letters_before(text: bytes, at: int, *, is_url: bool) -> Iterator[str]:
    while at:
        if is_url and text[at - 1 : at] == b"+":  # a space, where signs are escaped
            yield " "
        if text[at - 1 : at] == b"'" and _OPENED_BEFORE.search(text, max(0, at - MARGIN), at):
            yield " "
        letter, at = _letter_before(text, at)
        yield letter


def _letters_after(text: bytes, at: int) -> Iterator[str]:
    while at < len(text):
        letter, at = _letter_after(text, at)
        yield letter


def _is_letter(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


def _letter_before(text: bytes, at: int) -> tuple[str, int]:
    """The letter that ends at a place, and where it begins."""
    if escaped := _ESCAPED_BEFORE.search(text, max(0, at - MARGIN), at):
        return _meant(escaped[0])[-1], escaped.start()
    start = at - 1
    while start > max(0, at - 4) and 0x80 <= text[start] < 0xC0:
        start -= 1
    return _decoded(text[start:at]), start


def _letter_after(text: bytes, at: int) -> tuple[str, int]:
    if escaped := _ESCAPED_AFTER.match(text, at, at + MARGIN):
        return _meant(escaped[0])[0], escaped.end()
    end = at + 1
    while end < min(len(text), at + 4) and 0x80 <= text[end] < 0xC0:
        end += 1
    return _decoded(text[at:end]), end


def _meant(escaped: bytes) -> str:
    """What an escape means; one letter or more."""
    told = escaped.decode()
    if told.startswith("&"):
        return html.unescape(told)
    if told.startswith("%"):
        return _decoded_all(bytes.fromhex(re.sub("%(?:25)*", "", told)))
    bare = told.lstrip("\\")
    if bare == "'":
        return bare
    if bare.startswith("x"):
        return _decoded_all(bytes.fromhex(re.sub(r"\\+x", "", told)))
    if bare.startswith("u"):
        return chr(int(bare[1:], 16))
    return _decoded_all(bytes(int(octal, 8) for octal in told.split("\\") if octal)) if bare[0].isdigit() else "\n"


def _decoded_all(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _decoded(octets: bytes) -> str:
    """The one letter that bytes are; what is no letter of UTF-8 parts what is beside it."""
    try:
        return octets.decode()[-1]
    except UnicodeDecodeError:
        return "\0"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
