"""The text of a condition as sqlglot reads it: one PostgreSQL expression, of bounded length and depth.

Nothing of the text is ever executed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from include.contracts.errors import DefinitionError
from include.segments import event_words, spelling
from include.segments.calendar import UNITS
from include.segments.forms import unreadable
from include.segments.literals import TOO_LARGE
from include.segments.refusal import refusal
from include.segments.words import put

COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot read is told in our own words
MAX_LENGTH = 10_000
MAX_NESTING = 50
MAX_DIGITS = 40
# A database holds no NUL, and nothing half a pair can be sent to one.
_SHORTENED = re.compile(
    r"\b(?:(?:is|are|was|does|do|did|has|have)n['’]t|(?:account|company|person)['’]s)\b", re.IGNORECASE
)
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")


def read(text: str) -> exp.Expr:
    """Return sqlglot's tree of a condition; raises DefinitionError with line and column."""
    if len(text) > MAX_LENGTH:
        raise refusal(f"the condition is longer than {MAX_LENGTH} characters", text, 0)
    if odd := _NO_TEXT.search(text):
        raise refusal("there is a character here that no text has", text, odd.start())
    found = _expression(text)
    if max((_depth(node) for node in found.walk()), default=0) > MAX_NESTING:
        raise refusal(f"the condition is nested more than {MAX_NESTING} deep", text, 0)
    return found


def _expression(text: str) -> exp.Expr:
    """Let sqlglot read the text as one PostgreSQL expression."""
    dialect = Postgres()
    try:
        tokens = list(dialect.tokenize(_straight(text)))
        for token in tokens:
            if token.token_type is TokenType.SEMICOLON:
                raise refusal("';' is not part of the segment language", text, token.start)
        _require_form(tokens, text)
        tokens = _with_intervals(put(event_words.put(spelling.put(tokens, text), text), text))
        _require_numbers(tokens, text)
        trees = [tree for tree in dialect.parser().parse(tokens, text) if tree is not None]
    except TokenError:
        raise _open_quote(text) from None
    except ParseError as error:
        raise unreadable(text, *_place(error)) from None
    except RecursionError:
        raise refusal(f"the condition is nested more than {MAX_NESTING} deep", text, 0) from None
    if not trees:
        raise refusal("the condition is empty", text, 0)
    return trees[0]


def _straight(text: str) -> str:
    """Return the text with curly quotes as straight ones, outside of text in straight quotes, at the same offsets."""
    found, inside, quote = [], "", ""
    for character in text:
        if inside:
            inside = "" if character == inside else inside
            found.append(character)
        elif quote:
            closes = character in "”“’‘„"
            quote = "" if closes else quote
            found.append("'" if closes else character)
        elif character in "“”„‘’":
            quote = character
            found.append("'")
        else:
            inside = character if character in "'\"" else ""
            found.append(" " if character == "\u00a0" else character)
    return "".join(found)


def _require_form(tokens: Sequence[Token], text: str) -> None:
    """Every bracket has its other one, and values in a row have commas between."""
    opened: list[Token] = []
    for token, after in zip_longest(tokens, tokens[1:]):
        if token.token_type is TokenType.L_PAREN:
            opened.append(token)
        elif token.token_type is TokenType.R_PAREN:
            if not opened:
                raise refusal("this bracket closes none; leave it out, or open it with '('", text, token.start)
            opened.pop()
        if after and token.token_type is TokenType.STRING and after.token_type is TokenType.STRING:
            raise refusal("a comma is missing before this text", text, after.start)
    if opened:
        raise refusal("this bracket is never closed; add a ')'", text, opened[-1].start)


def _require_numbers(tokens: Sequence[Token], text: str) -> None:
    """No number is longer than a value can be, and Python reads."""
    for token in tokens:
        if token.token_type is TokenType.NUMBER and len(token.text) > MAX_DIGITS:
            raise refusal(TOO_LARGE, text, token.start)


def _open_quote(text: str) -> DefinitionError:
    """The error for a text of which a quote is left open: the last one that opens."""
    opened, inside = 0, ""
    for offset, character in enumerate(_straight(text)):
        if character == inside:
            inside = ""
        elif character in "'\"" and not inside:
            opened, inside = offset, character
    if short := _SHORTENED.search(text):
        return refusal("an apostrophe opens a text; write is not, does not, of the account", text, short.start())
    problem = "the quote that opens here is never closed; one inside a text is written twice, as in 'O''Reilly'"
    return refusal(problem, text, opened) if inside else refusal("the condition cannot be read", text, 0)


def _with_intervals(tokens: list[Token]) -> list[Token]:
    """Let `90 days` stand for `interval 90 days`."""
    marked: list[Token] = []
    for token, after in zip_longest(tokens, tokens[1:]):
        is_unit = after is not None and f"{after.text.lower().rstrip('s')}s" in UNITS
        after_interval = bool(marked) and marked[-1].token_type is TokenType.INTERVAL
        if token.token_type is TokenType.NUMBER and is_unit and not after_interval:
            marked.append(Token(TokenType.INTERVAL, "interval", token.line, token.col, token.start, token.start))
        marked.append(token)
    return marked


def _place(error: ParseError) -> tuple[int, int]:
    """Line and column at which sqlglot gave up."""
    first = error.errors[0]
    return int(first["line"]), max(int(first["col"]) - len(str(first["highlight"])) + 1, 1)


def _depth(node: exp.Expr) -> int:
    depth = 0
    while node.parent is not None and depth <= MAX_NESTING:
        # A chain of `and` or `or` leans to the left as deep as it is long; it reads as flat.
        depth += not (type(node) is type(node.parent) and isinstance(node, exp.And | exp.Or))
        node = node.parent
    return depth
