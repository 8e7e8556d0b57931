"""The text of a condition as sqlglot reads it: one PostgreSQL expression, of bounded length and depth.

Nothing of the text is ever executed.
"""

from __future__ import annotations

from itertools import zip_longest

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from include.contracts.errors import DefinitionError
from include.segments.tree import UNITS

MAX_LENGTH = 10_000
MAX_NESTING = 50


def read(text: str) -> exp.Expr:
    """Return sqlglot's tree of a condition; raises DefinitionError with line and column."""
    if len(text) > MAX_LENGTH:
        raise refusal(f"the condition is longer than {MAX_LENGTH} characters", text, 0)
    found = _expression(text)
    if max((_depth(node) for node in found.walk()), default=0) > MAX_NESTING:
        raise refusal(f"the condition is nested more than {MAX_NESTING} deep", text, 0)
    return found


def refusal(problem: str, text: str, offset: int) -> DefinitionError:
    """Return the error for a problem at an offset of the text; 0 stands for its first visible character."""
    line, column = _place(text, offset)
    return DefinitionError(problem, line=line, column=column)


def _expression(text: str) -> exp.Expr:
    """Let sqlglot read the text as one PostgreSQL expression."""
    dialect = Postgres()
    try:
        tokens = _with_intervals(list(dialect.tokenize(text)))
        for token in tokens:
            if token.token_type is TokenType.SEMICOLON:
                raise refusal("';' is not part of the segment language", text, token.start)
        trees = [tree for tree in dialect.parser().parse(tokens, text) if tree is not None]
    except TokenError:
        raise refusal("the condition cannot be read; is a quote left open?", text, 0) from None
    except ParseError as error:
        raise _unreadable(error) from None
    except RecursionError:
        raise refusal(f"the condition is nested more than {MAX_NESTING} deep", text, 0) from None
    if not trees:
        raise refusal("the condition is empty", text, 0)
    return trees[0]


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


def _unreadable(error: ParseError) -> DefinitionError:
    first = error.errors[0]
    word = str(first["highlight"])
    after = f" at {word!r}" if word else ""
    column = max(int(first["col"]) - len(word) + 1, 1)
    problem = f"the condition cannot be read{after}: {_plain(str(first['description']))}"
    return DefinitionError(problem, line=int(first["line"]), column=column)


def _plain(description: str) -> str:
    return "something is missing" if description.startswith("Required keyword") else description.lower()


def _depth(node: exp.Expr) -> int:
    depth = 0
    while node.parent is not None and depth <= MAX_NESTING:
        # A chain of `and` or `or` leans to the left as deep as it is long; it reads as flat.
        depth += not (type(node) is type(node.parent) and isinstance(node, exp.And | exp.Or))
        node = node.parent
    return depth


def _place(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset; of the first visible character where it is 0."""
    if offset == 0:
        offset = len(text) - len(text.lstrip())
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
