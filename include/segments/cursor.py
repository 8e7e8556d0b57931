"""Goes through the tokens of a condition once and writes them anew: what stands ahead, what has been written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot.dialects.postgres import Postgres
from sqlglot.tokenizer_core import Token, TokenType

from include.contracts.errors import DefinitionError
from include.segments.calendar import UNITS
from include.segments.refusal import refusal

QUOTED = (TokenType.STRING, TokenType.IDENTIFIER)
DAYS = ("first_did", "last_did", "earliest_did", "latest_did")
RESERVED = ("and", "or", "not", "is", "in", "like", "ilike", "between", "any", "of", "null", "true", "false", "by")


@dataclass
class Cursor:
    """A place among the tokens, and the tokens written so far."""

    tokens: Sequence[Token]
    text: str
    place: int = 0
    out: list[Token] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)  # of each open bracket what its commas become, if anything

    def at(self, ahead: int = 0) -> Token | None:
        """Return the token so many places ahead."""
        place = self.place + ahead
        return self.tokens[place] if 0 <= place < len(self.tokens) else None

    def word(self, ahead: int = 0) -> str:
        """Return the word that stands there, in lower case; nothing where a text does."""
        token = self.at(ahead)
        return token.text.lower() if token and token.token_type not in QUOTED else ""

    def says(self, words: Sequence[str], ahead: int = 0) -> bool:
        """Tell whether these words stand there."""
        return all(self.word(ahead + n) == word for n, word in enumerate(words))

    def is_span(self, ahead: int) -> bool:
        """Tell whether a span stands there, such as 30 days."""
        token = self.at(ahead)
        return token is not None and token.token_type is TokenType.NUMBER and _unit(self.word(ahead + 1)) in UNITS

    def closing(self, ahead: int) -> int | None:
        """Return how far ahead the bracket is closed that opens there; None where it is not."""
        depth = 0
        for n, token in enumerate(self.tokens[self.place + ahead :]):
            depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
            if not depth:
                return ahead + n
        return None

    def measure(self) -> Token | None:
        """Return the measure that was written last, where a phrase about it may begin."""
        last = self.out[-1] if self.out else None
        if last is None or last.token_type is TokenType.STRING or last.text.lower() in RESERVED:
            return None
        return last if last.token_type is TokenType.IDENTIFIER or last.text.isidentifier() else None

    def day(self) -> list[Token]:
        """Return the measure, or the call of a day such as last_did('…'), that was written last; nothing without."""
        measure = self.measure()
        if measure is not None or not self.out or self.out[-1].text != ")":
            return [measure] if measure else []
        depth, place = 0, len(self.out)
        while place and (depth or place == len(self.out)):
            place -= 1
            depth += (self.out[place].text == ")") - (self.out[place].text == "(")
        is_day = place > 0 and self.out[place - 1].text.lower() in DAYS
        return self.out[place - 1 :] if is_day else []

    def copy(self) -> None:
        """Write the token as it is; a comma becomes what the open bracket makes of it."""
        token = self.tokens[self.place]
        if token.token_type is TokenType.L_PAREN:
            self.calls.append("")
        elif token.token_type is TokenType.R_PAREN and self.calls:
            self.calls.pop()
        if token.token_type is TokenType.COMMA and self.calls and self.calls[-1]:
            self.say(self.calls[-1], token)
        else:
            self.out.append(token)
        self.place += 1

    def say(self, words: str, at: Token) -> None:
        """Write words at the place of a token."""
        self.out += said(words, at)

    def refuse(self, problem: str) -> DefinitionError:
        """Return the error for what stands here."""
        token = self.at()
        return refusal(problem, self.text, token.start if token else 0)


def said(words: str, at: Token) -> list[Token]:
    """Return words as tokens at the place of another, where whoever reads of a fault finds what it came from."""
    return [_moved(token, at) for token in Postgres().tokenize(words)]


def _unit(word: str) -> str:
    return f"{word.rstrip('s')}s" if word else ""


def _moved(token: Token, at: Token) -> Token:
    return Token(token.token_type, token.text, at.line, at.col, at.start, at.end)
