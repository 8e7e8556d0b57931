"""How values go wrong on their way into a table: each kind of noise turns one text into another.

A kind is a mechanism, not a rate: typing slips to a neighbouring key, what a scanner misreads, what a clerk mishears,
what a form cuts off, what a system without marks drops, and what a person goes by.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from nicknames import NickNamer

Random = np.random.Generator
Noise = Callable[[str, Random], str]
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
OCR = {"rn": "m", "m": "rn", "cl": "d", "d": "cl", "l": "1", "1": "l", "o": "0", "0": "O", "e": "c", "c": "e",
       "h": "b", "b": "h", "i": "l", "s": "5", "5": "S", "g": "q", "vv": "w", "u": "v", "8": "3", "6": "b",
       "n": "ri"}  # fmt: skip
SOUNDS = (("ph", "f"), ("ck", "k"), ("ee", "ea"), ("ie", "y"), ("y", "ie"), ("c", "k"), ("z", "s"), ("s", "z"),
          ("v", "f"), ("ei", "ai"), ("tt", "t"), ("ll", "l"), ("nn", "n"), ("mm", "m"), ("oo", "u"), ("wh", "w"),
          ("sch", "sh"), ("dt", "t"), ("a", "e"), ("i", "y"), ("j", "g"), ("th", "t"), ("k", "ck"))  # fmt: skip


def typing(text: str, random: Random) -> str:
    """One key missed, doubled, hit beside, or changed places with the next."""
    if len(text) < 3:
        return text
    at = int(random.integers(1, len(text)))
    kind = int(random.integers(4))
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    beside = _beside(text[at].lower())
    return text[:at] + (beside[int(random.integers(len(beside)))] if beside else "") + text[at + 1 :]


@cache
def _beside(key: str) -> str:
    for row in KEYS:
        at = row.find(key)
        if at >= 0:
            return row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    return ""


def ocr(text: str, random: Random) -> str:
    """One or two shapes misread."""
    for _ in range(1 + int(random.random() < 0.25)):
        low = text.lower()
        places = [(i, a) for a in OCR for i in range(len(low)) if low.startswith(a, i)]
        if places:
            at, shape = places[int(random.integers(len(places)))]
            text = text[:at] + OCR[shape] + text[at + len(shape) :]
    return text


def phonetic(text: str, random: Random) -> str:
    """Written as it sounds."""
    low = text.lower()
    fitting = [(a, b) for a, b in SOUNDS if a in low[1:]]
    if not fitting:
        return text
    sound, other = fitting[int(random.integers(len(fitting)))]
    at = low.index(sound, 1)
    return text[:at] + other + text[at + len(sound) :]


@cache
def _nicknames() -> NickNamer:
    return NickNamer()


@cache
def _short_for(name: str) -> tuple[str, ...]:
    return tuple(sorted(_nicknames().nicknames_of(name)))


def nickname(text: str, random: Random) -> str:
    """What friends call one."""
    options = _short_for(text.lower())
    return options[int(random.integers(len(options)))].title() if options else text


def initial(text: str, _: Random) -> str:
    """The first letter alone."""
    return text[:1] + "."


def cut(text: str, random: Random) -> str:
    """What fits into a field of six to nine letters."""
    return text[: int(random.integers(6, 10))]


def unmarked(text: str, _: Random) -> str:
    """Without the marks of letters."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def capitals(text: str, _: Random) -> str:
    """In capital letters."""
    return text.upper()


def day_and_month(text: str, _: Random) -> str:
    """A date with its day and month changed places."""
    year, month, day = text.split("-") if text.count("-") == 2 else (text, "", "")
    return f"{year}-{day}-{month}" if day and int(day) <= 12 else text


def year_only(text: str, _: Random) -> str:
    """A date of which the year is known: the first of January."""
    return f"{text[:4]}-01-01"


def digit(text: str, random: Random) -> str:
    """One digit read or typed wrong."""
    places = [i for i, c in enumerate(text) if c.isdigit()]
    if not places:
        return text
    at = places[int(random.integers(len(places)))]
    return text[:at] + str((int(text[at]) + 1 + int(random.integers(9))) % 10) + text[at + 1 :]


KINDS: Mapping[str, Noise] = {
    f.__name__: f
    for f in (typing, ocr, phonetic, nickname, initial, cut, unmarked, capitals, day_and_month, year_only, digit)
}


def apply(values: np.ndarray, kind: str, share: float, random: Random) -> np.ndarray:
    """Put one kind of noise on a share of the values; nulls (None) stay."""
    out = values.copy()
    for i in np.flatnonzero(random.random(len(values)) < share):
        if out[i]:
            out[i] = KINDS[kind](str(out[i]), random) or out[i]
    return out
