"""Ordinary words of a condition, put into the form that the language has: `is any of` is `in`, `80%` is as_percent(80).

Only what has one meaning is put so; what can be read in two ways, or in none, is refused with the form that says it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from include.segments.amounts import PERCENT
from include.segments.cursor import QUOTED
from include.segments.names import ANY
from include.segments.phrases import ANY_PHRASES, PLAIN_PHRASES, TEXT_PHRASES
from include.segments.spans import Spans

PEOPLE = ("people", "persons", "contacts")
OF_ACCOUNT = (("of", "the", "account"), ("of", "an", "account"), ("of", "it"), ("there",))
SIGNS = {"≥": ">=", "≤": "<=", "≠": "!=", "&&": "and", "||": "or", "×": "*", "÷": "/"}
OF_LIST = tuple(
    (*before, *article, "list") for before in (("on",), ("in",), ("member", "of")) for article in ((), ("the",))
)
OF_SEGMENT = (("in", "segment"), ("in", "the", "segment"), ("member", "of"), ("a", "member", "of"))


def put(tokens: Sequence[Token], text: str) -> list[Token]:
    """Return the tokens in the language's own form; raises DefinitionError for what has no one meaning."""
    return _Writer(tokens, text).written()


class _Writer(Spans):
    """Goes through the tokens once, writing them anew."""

    def written(self) -> list[Token]:
        steps = (
            self._filler,
            self._people,
            self._segment,
            self._top,
            self.span,
            self.period,
            self._text,
            self._call,
            self.ago,
            self.number,
            self._any,
            self._plain,
        )
        while self.place < len(self.tokens):
            if not any(step() for step in steps):
                self.copy()
        return self.out

    def _filler(self) -> bool:
        """`either a or b` is a or b, `both a and b` is a and b; `is today` is = today."""
        begins = not self.out or self.out[-1].text.lower() in ("(", "and", "or", "not")
        if begins and self.word() in ("either", "both") and self.at(1) is not None:
            self.place += 1
            return True
        if self.word() == "is" and self.word(1) in ("today", "tomorrow", "yesterday"):
            self.say("=", self.tokens[self.place])
            self.place += 1
            return True
        if self.measure() is not None and (self.word() == "exists" or self.says(("does", "not", "exist"))):
            is_there = self.word() == "exists"
            self.say("is not null" if is_there else "is null", self.tokens[self.place])
            self.place += 1 if is_there else 3
            return True
        return False

    def _people(self) -> bool:
        """`at least 3 people of the account who did(…)` is at_least_of_people(3, did(…))."""
        start = 2 if self.says(("at", "least")) else int(self.word() == "at_least")
        number, whom = self.at(start), self.word(start + 1)
        if not start or number is None or number.token_type is not TokenType.NUMBER or whom not in PEOPLE:
            return False
        ahead = start + 2 + next((len(words) for words in OF_ACCOUNT if self.says(words, start + 2)), 0)
        ahead += int(self.word(ahead) in ("who", "that", "where", "with"))
        begin = ahead if self.word(ahead) == "(" else ahead + 1
        end = self.closing(begin) if self.word(begin) == "(" else None
        if end is None:
            asked = f"at least {number.text} people who (nps_class = 'promoter')"
            raise self.refuse(f"put what is asked of them into brackets, as in {asked}")
        self.say(f"at_least_of_people ( {number.text} ,", number)
        self.out += _Writer(self.tokens[self.place + ahead : self.place + end + 1], self.text).written()
        self.say(")", number)
        self.place += end + 1
        return True

    def _top(self) -> bool:
        """`top 10% by usage_core_actions_28` is in_top(usage_core_actions_28, 10%)."""
        ahead = int(self.word() == "the") + int(self.word() == "in") + int(self.says(("in", "the")))
        number, percent = self.at(ahead + 1), int(self.word(ahead + 2) in PERCENT)
        after = ahead + 2 + percent
        after += int(self.word(after) in (*PEOPLE, "accounts"))
        measure = self.at(after + 1)
        if self.word(ahead) not in ("top", "bottom") or number is None or number.token_type is not TokenType.NUMBER:
            return False
        amount = f"as_percent({number.text})" if percent else number.text
        before, is_named = self.measure(), self.word(after) in ("by", "of")
        if before is not None and ahead and not is_named:  # `nps_score in top 10%`
            self.out.pop()
            self.say(f"in_{self.word(ahead)} (", before)
            self.out.append(before)
            self.say(f", {amount})", before)
            self.place += after
            return True
        if not is_named or measure is None:
            return False
        begin = after + 1
        end = self.closing(begin + 1) if self.word(begin + 1) == "(" else begin
        if end is None:
            return False
        self.say(f"in_{self.word(ahead)} (", measure)
        self.out += _Writer(self.tokens[self.place + begin : self.place + end + 1], self.text).written()
        self.say(f", {amount})", measure)
        self.place += end + 1
        return True

    def _segment(self) -> bool:
        """`is in segment 'champions'` is in_segment('champions'), `on the list 'fair'` is in_list('fair')."""
        ahead = self.negated() or int(self.word() in ("is", "are"))
        words = next((words for words in (*OF_LIST, *OF_SEGMENT) if self.says(words, ahead)), ())
        begin = ahead + len(words)
        is_closed = self.word(begin) == "(" and self.word(begin + 2) == ")"
        key = self.at(begin + is_closed) if words else None
        kinds = (TokenType.STRING, TokenType.VAR) if words and words[-1] in ("segment", "list") else (TokenType.STRING,)
        if key is None or key.token_type not in kinds or self.measure() is not None:
            return False
        self.say(f"{'not ' if self.negated() else ''}{'in_list' if words in OF_LIST else 'in_segment'} (", key)
        self.out.append(key)
        self.say(")", key)
        self.place += begin + 1 + 2 * is_closed
        return True

    def _text(self) -> bool:
        """`title contains 'x'` is text_contains(title, 'x'), and so is contains(title, 'x')."""
        ahead = self.negated()
        for words, form in TEXT_PHRASES:
            if not self.says(words, ahead):
                continue
            measure = self.measure()
            if measure is None and ahead:
                return False  # `not contains(…)`: the not is copied first
            if measure is None and self.word(len(words)) == "(":
                self.say(form, self.tokens[self.place])  # written as a function
                self.place += 1
                return True
            if measure is None:
                raise self.refuse(f"the measure is missing before {words[0]!r}, as in title {' '.join(words)} 'x'")
            self.out.pop()
            self.say(f"{'not ' if ahead else ''}{form} (", measure)
            self.out.append(measure)
            self.place += ahead + len(words)
            self._write_texts(" ".join(words), measure)
            return True
        return False

    def _write_texts(self, words: str, measure: Token) -> None:
        """Write the text that a measure is to contain, or the list of which it is to contain any."""
        if self.says(("any", "of")):
            self.place += 2
        self.say(",", measure)
        token = self.at()
        if self.word() == "(":
            self.place += 1  # its closing bracket closes the call
            self.calls.append("")
        elif token is not None and token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            self.out.append(token)
            self.say(")", token)
            self.place += 1
        else:
            raise self.refuse(f"after '{words}' stands a text in single quotes, as in title {words} 'Director'")

    def _call(self) -> bool:
        """`AND(a, b)` is (a and b)."""
        is_operand = not self.out or self.out[-1].text.lower() in ("(", "and", "or", "not", ",")
        if self.word() in ("and", "or") and self.word(1) == "(" and is_operand:
            self.calls.append(self.word())
            self.out.append(self.tokens[self.place + 1])
            self.place += 2
            return True
        return False

    def _any(self) -> bool:
        """`is any of 'a', 'b'` is in (told_any, 'a', 'b'), in which told_any says that case does not matter."""
        for phrases, mark, least in ((ANY_PHRASES, f"{ANY}, ", 1), (PLAIN_PHRASES, "", 2)):
            for words, form in phrases:
                token = self.at()
                if form in ("in", "not in") and token and token.token_type not in QUOTED and self.says(words):
                    self.place += len(words)
                    self.say(form, token)
                    self._row(mark, least)
                    return True
        return False

    def _row(self, mark: str, least: int) -> None:
        """Write the values of a list, which stand in brackets or, so many at least, in a row."""
        size = 0
        while (token := self.at(size)) is not None and token.token_type in (TokenType.STRING, TokenType.NUMBER):
            comma = self.at(size + 1)
            size += 1
            if comma is None or comma.token_type is not TokenType.COMMA or self.calls:
                break
            size += 1
        if size >= 2 * least - 1:
            self.say(f"( {mark}", self.tokens[self.place])
            self.out += self.tokens[self.place : self.place + size]
            self.say(")", self.tokens[self.place + size - 1])
            self.place += size
        elif self.word() == "(" and mark:
            self.say(f"( {mark}", self.tokens[self.place])
            self.calls.append("")
            self.place += 1

    def _plain(self) -> bool:
        token = self.at()
        if token is None or token.token_type in QUOTED:
            return False
        for words, form in PLAIN_PHRASES:
            if self.says(words) and (form not in ("is null", "is not null") or len(words) > 1):
                self.say(form, token)
                self.place += len(words)
                return True
        following = self.at(1)
        if self.word() == "=" and following is not None and self.word(1) in ("<", ">"):
            self.say(f"{self.word(1)}=", token)  # =< for <=
            self.place += 2
            return True
        is_denied = self.says(("is", "not")) or self.says(("was", "not"))
        compared = self.at(2) if is_denied else following
        if self.word() in ("is", "was") and compared is not None and compared.token_type in (
            TokenType.STRING, TokenType.NUMBER
        ):  # fmt: skip
            self.say("!=" if is_denied else "=", token)
            self.place += is_denied
        elif token.text in SIGNS:
            self.say(SIGNS[token.text], token)
        elif token.text == "=>":
            self.say(">=", token)
        else:
            return False
        self.place += 1
        return True
