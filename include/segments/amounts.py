"""Numbers as people write them: `$10,000`, `1k`, `80%`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot.tokenizer_core import Token, TokenType

from include.segments.cursor import Cursor

COMPARING = ("<", "<=", ">", ">=")
PERCENT = ("%", "percent")
MILLIONS = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
THOUSANDS = {"k": 10**3, "m": 10**6, "mio": 10**6, "bn": 10**9}


class Amounts(Cursor):
    """A place among the tokens at which a number may stand."""

    def number(self) -> bool:
        """Write `$10,000` as 10000, `1k` as 1000, `80%` as as_percent(80), if that stands here."""
        token = self.at()
        if token is None:
            return False
        if token.token_type is TokenType.PARAMETER and token.text == "$":
            self.place += 1
            return True
        if token.token_type is TokenType.VAR and re.fullmatch(r"[€£¥]\d+(\.\d+)?", token.text):
            token = Token(TokenType.NUMBER, token.text[1:], token.line, token.col, token.start, token.end)
            self.tokens = [*self.tokens[: self.place], token, *self.tokens[self.place + 1 :]]
        if token.token_type is not TokenType.NUMBER:
            return False
        if re.fullmatch(r"[1-9]\d{0,2}\.\d\d0", token.text):
            whole = token.text.replace(".", "")
            raise self.refuse(f"this can be read in two ways; write {whole}, or {float(token.text):g}")
        parts = list(self._digits())
        digits, ahead = "".join(parts), 2 * len(parts) - 1
        after, suffix = self.at(ahead), self.word(ahead)
        if suffix in PERCENT and not self._begins_value(ahead + 1):
            self.say(f"as_percent({digits})", token)
            self.place += ahead + 1
        elif suffix in MILLIONS:
            self.say(f"{float(digits) * MILLIONS[suffix]:.15g}", token)
            self.place += ahead + 1
        elif after and suffix in THOUSANDS and after.start == self.tokens[self.place + ahead - 1].end + 1:
            self.say(f"{float(digits) * THOUSANDS[suffix]:.15g}", token)
            self.place += ahead + 1
        elif ahead > 1:
            self.say(digits, token)
            self.place += ahead
        else:
            return False
        return True

    def _digits(self) -> Iterator[str]:
        """The groups of a number with a comma after each thousand; outside of lists, where commas part values."""
        first, ahead = self.tokens[self.place].text, 1
        yield first
        if not re.fullmatch(r"[1-9]\d{0,2}", first):
            return
        written = self.out[-1].text.lower() if self.out else ""
        while not self.calls or written in (*COMPARING, "=", "!=", "<>", "between", "and"):
            comma, group, before = self.at(ahead), self.at(ahead + 1), self.tokens[self.place + ahead - 1]
            is_group = (
                group is not None
                and group.token_type is TokenType.NUMBER
                and re.fullmatch(r"\d{3}(\.\d+)?", group.text)
            )
            touching = comma and group and comma.start == before.end + 1 and group.start == comma.end + 1
            if not (comma and comma.token_type is TokenType.COMMA and is_group and touching and group):
                return
            yield group.text
            if "." in group.text:
                return
            ahead += 2

    def _begins_value(self, ahead: int) -> bool:
        token = self.at(ahead)
        kinds = (TokenType.NUMBER, TokenType.STRING, TokenType.L_PAREN, TokenType.IDENTIFIER, TokenType.VAR)
        return token is not None and token.token_type in kinds
