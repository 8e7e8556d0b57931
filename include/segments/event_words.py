"""The words among the arguments of ``did(...)``, put into the form of calls: `at_least 3` is told_at_least(3).

So `did('Report Exported', at_least 3, within_last 14 days, where format = 'pdf')` is one call, as sqlglot reads it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

from include.segments.calendar import PERIODS, WHICH
from include.segments.cursor import said
from include.segments.refusal import refusal

CALLS = (
    "did", "did_not", "times_did", "distinct_did", "sum_did", "average_did", "first_did", "last_did", "changed",
    "most_frequent_did", "earliest_did", "latest_did", "anniversary_of",
)  # fmt: skip
WHERE, SINCE, ON = "told_where", "told_since", "told_on"
OFTEN = ("told_at_least", "told_at_most", "told_exactly", "told_more", "told_fewer")
TIMES = ("times", "time")
ALWAYS = ("ever", "at any time", "all time", "anytime", "since ever")
ONCE: Mapping[str, str] = {"once": "1", "twice": "2"}
SPANS = ("told_within_last", "told_within_next", "told_before_last")
THEN = (("then",), ("and", "then"), ("followed", "by"))
INSIDE = "how often, when and which stand inside the brackets, as in did('Signed In', at_least 3, within_last 14 days)"
IN_ORDER = "one thing after another is written did('A') then did('B'), or did('A') then within 7 days did('B')"
WORD = "did is followed by brackets, as in did('Signed In', at_least 3), did_not('Signed In'), last_did('Signed In')"
WORDS: Mapping[str, tuple[str, ...]] = {
    "told_at_least": ("at_least", "at least"),
    "told_at_most": ("at_most", "at most"),
    "told_exactly": ("exactly",),
    "told_more": ("more_than", "more than"),
    "told_fewer": ("fewer_than", "fewer than", "less_than", "less than"),
    "told_within_last": (
        "within_last", "within the last", "within last", "in the last", "in last", "in the past", "during the last",
        "last", "the last", "past", "the past", "within",
    ),
    "told_within_next": ("within_next", "within the next", "within next", "in the next", "in next"),
    "told_before_last": ("before_last", "before the last", "older than"),
    "told_during": ("during", "in"),
    "told_before": ("before", "until before"),
    "told_after": ("after",),
    "told_between": ("between",),
    SINCE: ("since", "on or after"),
    ON: ("on",),
    WHERE: ("where", "with"),
}  # fmt: skip
PHRASES = tuple(
    sorted(((tuple(words.split()), form) for form, known in WORDS.items() for words in known), key=lambda p: -len(p[0]))
)


def put(tokens: Sequence[Token], text: str) -> list[Token]:
    """Return the tokens with the arguments of every call on events as calls themselves, and sequences as one call.

    Raises DefinitionError for a sequence that lacks a step.
    """
    return list(_Words(text).put(list(tokens)))


@dataclass(frozen=True)
class _Words:
    """Goes through tokens, and through those inside of calls."""

    text: str

    def put(self, tokens: list[Token]) -> Iterator[Token]:
        place = 0
        while place < len(tokens):
            if not _is_call(tokens, place):
                yield self.plain(tokens, place)
                place += 1
                continue
            end = _closing(tokens, place + 1) + 1
            if _then(tokens, end):
                place = yield from self.chain(tokens, place, end)
            else:
                self.require_inside(tokens, place, end)
                yield from self.call(tokens[place:end])
                place = end

    def plain(self, tokens: list[Token], place: int) -> Token:
        """What is no call; `never` before one is `not`."""
        if _word(tokens, place) == "never" and _is_call(tokens, place + 1):
            return _said("not", tokens[place])
        if _word(tokens, place) in ("did", "did_not") and tokens[place].token_type is TokenType.VAR:
            raise refusal(WORD, self.text, tokens[place].start)
        if _word(tokens, place) == "changed" and place:
            form = f"changed({tokens[place - 1].text}, from 'a' to 'b', within_last 90 days)"
            raise refusal(f"a change is written {form}", self.text, tokens[place - 1].start)
        return tokens[place]

    def require_inside(self, tokens: list[Token], place: int, end: int) -> None:
        """Refuse `did('Signed In') at least 3 times`."""
        if _word(tokens, place) not in ("did", "did_not"):
            return
        words = tuple(_word(tokens, ahead) for ahead in range(end, end + 3))
        if words[0] in ("before", "after") and _is_call(tokens, end + 1):
            raise refusal(IN_ORDER, self.text, tokens[end].start)
        asked = any(words[: len(phrase)] == phrase for phrase, form in PHRASES if form != WHERE)
        if asked or words[0] in ("once", "twice") or words[1] in TIMES:
            raise refusal(INSIDE, self.text, tokens[end].start)

    def call(self, tokens: list[Token]) -> Iterator[Token]:
        """One call on events, with its brackets."""
        yield from tokens[:2]
        for number, argument in enumerate(_arguments(tokens[2:-1])):
            if number:
                yield argument.pop(0)  # the comma
            if _word(tokens, 0) == "anniversary_of" and _word(argument, 0) == "within" and _word(argument, 1).isdigit():
                raise refusal("write within_next 14 days, or within_last 14 days", self.text, argument[0].start)
            if _word(tokens, 0) == "changed" and not number and _word(argument, 1) in ("from", "to"):
                yield from (argument.pop(0), *said(",", argument[0]))
            yield from self.argument(argument)
        yield tokens[-1]

    def chain(self, tokens: list[Token], place: int, end: int) -> Generator[Token, None, int]:
        """`did(…) then within 7 days did(…)` as in_order(did(…), told_then(7 days, did(…))); returns where it ends."""
        yield from said("in_order (", tokens[place])
        yield from self.call(tokens[place:end])
        while ahead := _then(tokens, end):
            at, end = tokens[end], end + ahead
            yield from said(", told_then (", at)
            if _word(tokens, end) == "within":
                yield from tokens[end + 1 : end + 3]
                yield from said(",", at)
                end += 3
            step, end = self.step(tokens, end, at)
            yield from self.call(step)
            if _word(tokens, end) == "within":
                yield from (*said(",", at), *tokens[end + 1 : end + 3])
                end += 3
            if _word(tokens, end) == "without":
                barred, end = self.step(tokens, end + 1, at)
                end += _word(tokens, end) == "between"
                yield from (*said(", told_without (", at), *self.call(barred), *said(")", at))
            yield from said(")", at)
        yield from said(")", tokens[place])
        return end

    def step(self, tokens: list[Token], place: int, at: Token) -> tuple[list[Token], int]:
        """The call that stands at a place, and where it ends."""
        if not _is_call(tokens, place):
            form = "did('…') then within 7 days did('…') without did('…') between"
            raise refusal(f"a step of a sequence is missing; it is written {form}", self.text, at.start)
        end = _closing(tokens, place + 1) + 1
        return tokens[place:end], end

    def argument(self, tokens: list[Token]) -> Iterator[Token]:
        if _word(tokens, 0) in ("from", "to"):
            yield from self.turn(tokens)
            return
        words = [token.text.lower() if token.token_type is not TokenType.STRING else "" for token in tokens]
        if words in (["today"], ["yesterday"]):
            yield from said(f"told_during ('{'this' if words == ['today'] else 'last'} day')", tokens[0])
            return
        if words[:1] and words[0] in WHICH and " ".join(words[1:]) in PERIODS:
            tokens, words = [_said("during", tokens[0]), *tokens], ["during", *words]
        self.require_one_meaning(tokens, words)
        for phrase, form in PHRASES:
            if tuple(words[: len(phrase)]) == phrase and len(words) > len(phrase) and _fits(form, tokens[len(phrase)]):
                yield from self.told(form, tokens[0], tokens[len(phrase) :])
                return
        if words[1:2] == ["+"] or words[1:3] == ["or", "more"]:  # `3+ times`, `3 or more times`
            rest = [tokens[0], *tokens[2 + (words[1] == "or") :]]
            yield from self.told("told_at_least", tokens[0], rest)
            return
        if " ".join(words) in ALWAYS:
            raise refusal(
                "leave this out: without a span all the days count of which events are kept", self.text, tokens[0].start
            )
        if len(words) == 2 and words[1] in TIMES:
            tokens = [*said("told_times (", tokens[0]), tokens[0], *said(")", tokens[1])]
        yield from tokens

    def require_one_meaning(self, tokens: list[Token], words: list[str]) -> None:
        """Refuse `in the last month`, which is that of the calendar or the last 30 days."""
        if words[1:3] == ["the", "last"] and words[0] in ("in", "within", "during") and words[-1] in PERIODS[:5]:
            which = f"{words[0]} last {words[-1]} for that of the calendar, or within_last and a number of days"
            raise refusal(f"this can be read in two ways; write {which}", self.text, tokens[0].start)

    def told(self, form: str, at: Token, rest: list[Token]) -> Iterator[Token]:
        """One argument as a call, and another that follows how often without a comma."""
        more: list[Token] = []
        if form in OFTEN:
            ahead = 1 + (_word(rest, 1) in TIMES)
            rest, more = [_number(rest[0])], rest[ahead:]
        yield from said(f"{'told_between' if form in (SINCE, ON) else form} (", at)
        yield from self.value(form, rest)
        if form == ON:
            yield from (*said(",", at), *rest)
        yield from said(", today )" if form == SINCE else ")", rest[-1])
        if more:
            yield from said(",", at)
            yield from self.argument(more)

    def turn(self, tokens: list[Token]) -> Iterator[Token]:
        """`from 'a' to 'b'` as told_from('a'), told_to('b'); either may stand alone."""
        starts = [place for place, token in enumerate(tokens) if token.text.lower() in ("from", "to")]
        for number, (start, end) in enumerate(pairwise([*starts, len(tokens)])):
            yield from said(", " if number else "", tokens[start])
            yield from said(f"told_{_word(tokens, start)} (", tokens[start])
            yield from tokens[start + 1 : end]
            yield from said(")", tokens[start])

    def value(self, form: str, tokens: list[Token]) -> Iterator[Token]:
        """What stands in the brackets: a period in quotes, the ends of a range with a comma, all else as it is."""
        if form == "told_during" and tokens[0].token_type is not TokenType.STRING:
            words = [token.text.lower() for token in tokens]
            yield from said("'" + " ".join(words[words[0] == "the" :]) + "'", tokens[0])
        elif form == "told_between":
            yield from (_said(",", token) if token.text.lower() == "and" else token for token in tokens)
        else:
            yield from self.put(tokens)


def _number(token: Token) -> Token:
    """The token, of `once` and `twice` the number."""
    return _said(ONCE.get(token.text.lower(), ""), token) if token.text.lower() in ONCE else token


def _word(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].text.lower() if place < len(tokens) else ""


def _then(tokens: Sequence[Token], place: int) -> int:
    """How many words there say that another step follows."""
    found = (len(words) for words in THEN if all(_word(tokens, place + n) == word for n, word in enumerate(words)))
    return next(found, 0)


def _fits(form: str, first: Token) -> bool:
    """Whether what follows the words can be theirs: a span begins with a number, `in last month` is a period."""
    return form not in SPANS or first.token_type is TokenType.NUMBER


def _is_call(tokens: Sequence[Token], place: int) -> bool:
    is_name = place + 1 < len(tokens) and tokens[place].token_type is TokenType.VAR
    return is_name and _word(tokens, place) in CALLS and tokens[place + 1].token_type is TokenType.L_PAREN


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
    for place, token in enumerate(tokens):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if token.token_type is TokenType.COMMA and not depth and not _is_thousand(tokens, place):
            yield part
            part = []
        part.append(token)
    yield part


def _is_thousand(tokens: Sequence[Token], place: int) -> bool:
    """Whether a comma stands within a number: `10,000`."""
    before, after = tokens[place - 1], tokens[min(place + 1, len(tokens) - 1)]
    is_number = before.token_type is TokenType.NUMBER and after.token_type is TokenType.NUMBER
    is_close = before.end + 1 == tokens[place].start == after.start - 1
    return is_number and is_close and len(after.text.partition(".")[0]) == 3


def _said(word: str, at: Token) -> Token:
    return said(word, at)[0]
