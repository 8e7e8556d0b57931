"""Person names: cleaning, parsing a full name, nicknames, phonetic keys. Names keep their script."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import jellyfish
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from nicknames import NickNamer
from text_unidecode import unidecode

from include.matching.records.placeholders import KIN, NAMES_TOO, ROLES, WORDS, is_placeholder

HONORIFICS = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame lord lady rev hon herr frau sr sra dott ing mme mlle".split()
)
GENERATIONS = {  # suffixes that tell father from son: 1 is the eldest of the name
    **dict.fromkeys("sr snr sen senior pere".split(), 1), **dict.fromkeys("jr jnr jun junior fils filho ii".split(), 2),
    **dict.fromkeys("iii neto".split(), 3), "iv": 4,
}  # fmt: skip
SUFFIXES = frozenset("phd md esq mba cpa dds obe mbe".split()) | set(GENERATIONS)
_GENERATION = re.compile(rf"(?<=[^\W\d])[\s,(]+({'|'.join(GENERATIONS)})[.)]*\s*(?:,|$)")
NO_NAMES = frozenset("none null unknown undefined xxx xxxx".split())  # where half of a full name is missing
_NOT_GIVEN = HONORIFICS | NO_NAMES | KIN
PARTICLES = frozenset("van von de der den del della di da dos du la le bin ibn al el ter ten af av zu".split())
ARTICLES = frozenset("o d l".split())  # that are written to their name, or apart from it
_LETTERLIKE = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"}
)
_NOT_NAME = re.compile(r"[^\w\s]|_")
_DIGITS = re.compile(r"\d+")
_JUNK = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_JOINERS = re.compile(r"['’`´]")
_HANDLE = re.compile(r"\S*\d\S*")  # of one word with a number in it, which is part of it
_BRACKETED = re.compile(r"[(\[{\"“].*?[)\]}\"”]")


def fold(text: str) -> str:
    """Lower-case, and strip the marks of Latin letters only: ``Łukasz`` is ``lukasz``, ``王伟`` and ``Нина`` stay."""
    text = text.casefold()
    if text.isascii():
        return text
    out: list[str] = []
    latin = False
    for character in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(character):
            if not latin:
                out.append(character)
        else:
            latin = character < "\u0250" or "\u1e00" <= character <= "\u1eff"
            out.append(character)
    return unicodedata.normalize("NFC", "".join(out).casefold()).translate(_LETTERLIKE)


def _tokens(text: str) -> list[str]:
    text = _JOINERS.sub("", fold(unicodedata.normalize("NFKC", text)))
    return [text] if text.isalpha() else _DIGITS.sub("", _NOT_NAME.sub(" ", text)).split()


def clean_name(text: str, *, last: bool = False) -> str:
    """A first or last name as compared: folded, without titles, suffixes, middle initials; empty when none is left."""
    if text.isascii() and text.isalpha():
        plain = text.lower()
        none = plain in WORDS or (not last and plain in KIN - NAMES_TOO)
        return "" if none or (len(plain) > 2 and len(set(plain)) == 1) else plain
    if is_placeholder(text) or "@" in text or _JUNK.search(text):
        return ""
    tokens = _tokens(_BRACKETED.sub(" ", text))
    if len(tokens) > 1:
        if last and tokens[0] in ARTICLES and len(tokens[1]) > 2:  # O Neil, D Angelo
            tokens = [tokens[0] + tokens[1], *tokens[2:]]
        dropped = SUFFIXES if last else HONORIFICS | SUFFIXES
        tokens = [t for t in tokens if t not in dropped] or tokens
        tokens = [t for t in tokens if len(t) > 1 or not is_initial(t)] or tokens[:1]
    is_name = len(tokens) == 1 and (last or tokens[0] in NAMES_TOO)
    if KIN.issuperset(tokens) and not is_name:
        return ""
    return " ".join(tokens)


def may_say_generation(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Which texts ``generation`` has to read: all that are not plain, and those that end, or have before a comma, in a
    suffix."""
    suffix = rf"(?i)({'|'.join(GENERATIONS)})[^a-z0-9]*(,|$)"
    found = pc.or_(pc.match_substring_regex(texts, suffix), pc.invert(pc.string_is_ascii(texts)))
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False))


def generation(text: str) -> int:
    """Which bearer of the name somebody is, by a suffix: Sr. is 1, Jr. and II are 2, III is 3; 0: not said."""
    found = _GENERATION.search(fold(text))
    return GENERATIONS[found[1]] if found else 0


def parse_full_name(text: str) -> tuple[str, str]:
    """First and last name of a full name: ``Dr. Ann B. van Dyke, PhD``, ``Dyke, Ann``, ``王伟``; empty where absent."""
    if is_placeholder(text) or "@" in text or _JUNK.search(text):
        return "", ""
    words = text.split()
    if len(words) == 2 and text.isascii() and words[0].isalpha() and words[1].isalpha():
        given, family = words[0].lower(), words[1].lower()
        if len(given) > 1 and given not in _NOT_GIVEN and family not in SUFFIXES | NO_NAMES:
            return given, family
    text = _BRACKETED.sub(" ", text)
    before, comma, after = text.partition(",")
    tokens = _tokens(before)
    rest = _tokens(after) if comma else []
    if rest and not set(rest) <= SUFFIXES:
        return clean_name(after), clean_name(before, last=True)
    tokens = [t for t in tokens if t not in HONORIFICS and t not in SUFFIXES and t not in NO_NAMES] or tokens
    if len(tokens) < 2:
        return _one_word(tokens[0], text.strip()) if tokens else ("", "")
    at = len(tokens) - 1
    while at > 1 and tokens[at - 1] in PARTICLES:
        at -= 1
    return clean_name(" ".join(tokens[:at])), " ".join(tokens[at:])


def _one_word(token: str, text: str) -> tuple[str, str]:
    """The names of a full name of one word, as it is cleaned and as it is written."""
    if token in ROLES:  # an account of nobody's, such as root
        return "", ""
    if _HANDLE.fullmatch(text):
        return "", fold(text)
    return (token[1:], token[0]) if 2 <= len(token) <= 4 and is_han(token) else ("", token)


def is_initial(value: str) -> bool:
    """Whether a name is a lone letter of a script that has initials."""
    return len(value) == 1 and value.upper() != value.lower()


def is_han(value: str) -> bool:
    """Whether every character is Han or Hangul, where a family name is the first character."""
    return all("\u4e00" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in value)


@cache
def _nicknames() -> NickNamer:
    return NickNamer()


def roots(name: str) -> tuple[str, ...]:
    """The names that ``name`` may stand for, itself first: two first names agree when their roots meet."""
    token = name.split(" ", 1)[0]
    found = {token, *_nicknames().canonicals_of(token)}
    if not name.isascii():
        found.add(romanized(name))
    found.discard(name)
    return (name, *sorted(found))


def romanized(name: str) -> str:
    """The name in Latin letters, for meeting its transliteration; never stored in place of the name."""
    return name if name.isascii() else " ".join(unidecode(name).lower().split()) or name


def is_latin(name: str) -> bool:
    """Whether a folded name is written in Latin letters."""
    return name.isascii() or all(c < "\u0250" or not c.isalpha() for c in name)


@cache
def known_first_names() -> frozenset[str]:
    """First names that several languages have: each is a name of its own, however close another is."""
    return frozenset(Path(__file__).with_name("first_names.txt").read_text("utf-8").split())


_SPELLINGS = (
    (re.compile("ph"), "f"),
    (re.compile("c(?![eiy])"), "k"),
    (re.compile("y"), "i"),
    (re.compile("(?<=.)h"), ""),
)
_DOUBLED = re.compile(r"(.)\1+")


def spoken(name: str) -> str:
    """What spellings of one first name have in common (Sara and Sarah, Erik and Eric); Anna and Hanna differ in it."""
    for written, heard in _SPELLINGS:
        name = written.sub(heard, name)
    return _DOUBLED.sub(r"\1", name)


def sound(name: str) -> str:
    """A phonetic key: metaphone of the name's Latin form, or the name where that is empty."""
    latin = name if name.isascii() else romanized(name)
    return jellyfish.metaphone(latin).replace(" ", "") or name
