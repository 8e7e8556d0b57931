"""Names, days and what comes before a condition as people spell them: `Renewal Date`, 2027-01-31, `people who`.

Only what has one meaning is put into the language's own form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from sqlglot.tokenizer_core import Token, TokenType

from include.contracts.measures import measures_of
from include.segments.cursor import QUOTED, said
from include.segments.names import CALLED

MOST_WORDS = 5  # of a measure's name
PEOPLE = ("people", "persons", "users", "contacts", "members", "profiles")
WHO = ("who", "whose", "that", "where", "with")
SINCE = {"since": "today - {}", "until": "{} - today", "till": "{} - today"}
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def put(tokens: Sequence[Token], text: str) -> list[Token]:
    """Return the tokens as the language spells them."""
    return list(_days(_names(_condition(list(tokens))), text))


def _condition(tokens: list[Token]) -> list[Token]:
    """What follows `people who`, or `where`."""
    words = [_word(token) for token in tokens[:2]]
    if words[:1] and words[0] in PEOPLE and words[1:] and words[1] in WHO:
        return tokens[2:]
    return tokens[1:] if words[:1] == ["where"] else tokens


def _names(tokens: list[Token]) -> list[Token]:
    """The words of a measure's name as one, in small letters: `Renewal Date` is renewal_date."""
    found, place = list[Token](), 0
    while place < len(tokens):
        words = [_word(token) for token in tokens[place : place + MOST_WORDS]]
        sizes = range(len(words), 1, -1)
        size = next((size for size in sizes if all(words[:size]) and "_".join(words[:size]) in _known()), 1)
        if size > 1:
            first, last = tokens[place], tokens[place + size - 1]
            found.append(Token(TokenType.VAR, "_".join(words[:size]), first.line, first.col, first.start, last.end))
        else:
            found.append(tokens[place])
        place += size
    return found


@cache
def _known() -> frozenset[str]:
    return frozenset((*measures_of("person"), *measures_of("account"), *(name for name in CALLED if "_" in name)))


def _days(tokens: list[Token], text: str) -> Iterator[Token]:
    """`2027-01-31` as a text; `days since usage_last_on` as (today - usage_last_on)."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        written = text[token.start : tokens[place + 4].end + 1] if place + 4 < len(tokens) else ""
        form = SINCE.get(_word(tokens[place + 1]), "") if place + 2 < len(tokens) and _word(token) == "days" else ""
        if token.token_type is TokenType.NUMBER and DAY.fullmatch(written):
            yield Token(TokenType.STRING, written, token.line, token.col, token.start, tokens[place + 4].end)
            place += 5
        elif form and not (place and tokens[place - 1].token_type is TokenType.NUMBER):
            end = _end(tokens, place + 2)
            before, after = form.split("{}")
            yield from (*said(f"({before}", token), *tokens[place + 2 : end], *said(f"{after})", token))
            place = end
        else:
            yield token
            place += 1


def _end(tokens: list[Token], place: int) -> int:
    """Where the measure, or the call, ends that begins at a place."""
    depth, end = 0, place + 1
    while end < len(tokens) and (depth or (end == place + 1 and tokens[end].token_type is TokenType.L_PAREN)):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[end].token_type, 0)
        end += 1
    return end


def _word(token: Token) -> str:
    """The word, or the number within a name, that a token is, in small letters; nothing where it is none."""
    is_word = token.token_type not in QUOTED and (token.text.isidentifier() or token.text.isdecimal())
    return token.text.lower() if is_word else ""
