"""The words among the arguments of ``did(...)``, put into the form of calls: `at_least 3` is told_at_least(3).

So `did('Report Exported', at_least 3, within_last 14 days, where format = 'pdf')` is one call, as sqlglot reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot.dialects.postgres import Postgres
from sqlglot.tokenizer_core import Token, TokenType

CALLS = (
    "did", "did_not", "times_did", "distinct_did", "sum_did", "average_did", "first_did", "last_did",
)  # fmt: skip
WHERE = "told_where"
WORDS: Mapping[str, tuple[str, ...]] = {
    "told_at_least": ("at_least", "at least"),
    "told_at_most": ("at_most", "at most"),
    "told_exactly": ("exactly",),
    "told_more": ("more_than", "more than"),
    "told_fewer": ("fewer_than", "fewer than", "less_than", "less than"),
    "told_within_last": (
        "within_last", "within the last", "within last", "in the last", "in last", "in the past", "during the last",
    ),
    "told_before_last": ("before_last", "before the last", "older than"),
    "told_during": ("during", "in"),
    "told_before": ("before", "until before"),
    "told_after": ("after",),
    "told_between": ("between",),
    WHERE: ("where", "with"),
}  # fmt: skip
PHRASES = tuple(
    sorted(((tuple(words.split()), form) for form, known in WORDS.items() for words in known), key=lambda p: -len(p[0]))
)


def put(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with the arguments of every call on events as calls themselves."""
    return list(_put(list(tokens)))


def _put(tokens: list[Token]) -> Iterator[Token]:
    place = 0
    while place < len(tokens):
        yield tokens[place]
        is_call = tokens[place].token_type is TokenType.VAR and tokens[place].text.lower() in CALLS
        if is_call and place + 1 < len(tokens) and tokens[place + 1].token_type is TokenType.L_PAREN:
            end = _closing(tokens, place + 1)
            yield tokens[place + 1]
            for number, argument in enumerate(_arguments(tokens[place + 2 : end])):
                if number:
                    yield argument.pop(0)  # the comma
                yield from _argument(argument)
            place = end
        else:
            place += 1


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """The place of the bracket that closes one, or the end."""
    depth = 0
    for place in range(opening, len(tokens)):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[place].token_type, 0)
        if not depth:
            return place
    return len(tokens)


def _arguments(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The arguments, all but the first with the comma before it."""
    depth, part = 0, list[Token]()
    for token in tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if token.token_type is TokenType.COMMA and not depth:
            yield part
            part = []
        part.append(token)
    yield part


def _argument(tokens: list[Token]) -> Iterator[Token]:
    words = [token.text.lower() if token.token_type is not TokenType.STRING else "" for token in tokens]
    for phrase, form in PHRASES:
        if tuple(words[: len(phrase)]) == phrase and len(words) > len(phrase):
            rest = tokens[len(phrase) :]
            if form != WHERE and words[-1] in ("times", "time"):
                rest = rest[:-1]
            yield from _say(f"{form} (", tokens[0])
            yield from _value(form, rest)
            yield from _say(")", tokens[-1])
            return
    if len(words) == 2 and words[1] in ("times", "time"):
        tokens = [*_say("told_times (", tokens[0]), tokens[0], *_say(")", tokens[1])]
    yield from tokens


def _value(form: str, tokens: list[Token]) -> Iterator[Token]:
    """What stands in the brackets: of a period its name in quotes, of a range its ends with a comma, else as it is."""
    if form == "told_during" and tokens[0].token_type is not TokenType.STRING:
        yield from _say("'" + " ".join(token.text.lower() for token in tokens) + "'", tokens[0])
    elif form == "told_between":
        yield from (_said(",", token) if token.text.lower() == "and" else token for token in tokens)
    else:
        yield from _put(tokens)


def _say(words: str, at: Token) -> list[Token]:
    found = Postgres().tokenize(words)
    return [Token(token.token_type, token.text, at.line, at.col, at.start, at.end) for token in found]


def _said(word: str, at: Token) -> Token:
    return _say(word, at)[0]
