"""Spans and periods of the calendar as people write them: `older than 30 days`, `in next quarter`, `30 days ago`."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token

from include.segments.amounts import COMPARING, Amounts
from include.segments.calendar import PERIODS, WHICH
from include.segments.phrases import SPAN_PHRASES


class Spans(Amounts):
    """A place among the tokens at which a span may stand."""

    def negated(self) -> int:
        """How many of the words ahead deny what follows them: `not`, `is not`, `does not`, `was not`."""
        for words in (("is", "not"), ("does", "not"), ("do", "not"), ("was", "not"), ("not",)):
            if self.says(words):
                return len(words)
        return 0

    def span(self) -> bool:
        """`usage_last_on older than 30 days` is before_last(usage_last_on, 30 days)."""
        day = self.day()
        if not day and not (self.out and self.out[-1].text == ")"):
            return False
        for start in dict.fromkeys((0, self.negated(), int(self.word() in ("is", "was")))):
            for words, form, after in SPAN_PHRASES:
                ahead = start + len(words)
                if not (self.says(words, start) and self.says(after, ahead + 2)):
                    continue
                if self.word(ahead + 1) in ("hour", "hours", "minute", "minutes"):
                    raise self.refuse("a span is a whole number of days or more; write 2 days for 36 hours")
                if self.is_span(ahead) and not day:
                    span = f"{self.word(ahead)} {self.word(ahead + 1)}"
                    raise self.refuse(f"put what stands before into brackets, as in {form}(last_did('…'), {span})")
                if self.is_span(ahead):
                    self._write_span(day, form, ahead, len(after), is_negated=start > 0 and start == self.negated())
                    return True
        return False

    def _write_span(self, day: list[Token], form: str, ahead: int, after: int, *, is_negated: bool) -> None:
        del self.out[-len(day) :]
        self.say(f"{'not ' if is_negated else ''}{form} (", day[0])
        self.out += day
        self.say(", interval", day[0])
        self.out += self.tokens[self.place + ahead : self.place + ahead + 2]
        self.say(")", day[0])
        self.place += ahead + 2 + after

    def period(self) -> bool:
        """`renewal_date in next quarter` is during(renewal_date, 'next quarter')."""
        day, negated = self.day(), self.negated()
        ahead = negated or int(self.word() in ("is", "was"))
        if not day or self.word(ahead) not in ("in", "during", "within", *WHICH):
            return False
        ahead += int(self.word(ahead) not in WHICH)
        has_article = self.word(ahead) == "the"
        ahead += int(has_article)
        which = {"current": "this", "previous": "last", "coming": "next"}.get(self.word(ahead), self.word(ahead))
        what, fiscal = self.word(ahead + 1), self.word(ahead + 1) == "fiscal"
        if fiscal:
            what = f"fiscal {self.word(ahead + 2)}"
        if which not in WHICH or what not in PERIODS:
            return False
        if has_article and which == "last" and not fiscal:
            spans = {"quarter": "3 months"}.get(what, f"1 {what}")
            raise self.refuse(
                f"this can be read in two ways; write in last {what} for that of the calendar, or in the last {spans}"
            )
        del self.out[-len(day) :]
        self.say(f"{'not ' if negated else ''}during (", day[0])
        self.out += day
        self.say(f", '{which} {what}')", day[0])
        self.place += ahead + 2 + fiscal
        return True

    def ago(self) -> bool:
        """`30 days ago` is today - 30 days; after < or > it can be read in two ways."""
        if not self.is_span(0):
            return False
        for words, sign in ((("ago",), "-"), (("from", "now"), "+")):
            if self.says(words, 2):
                span = f"{self.word()} {self.word(1)}"
                if self.out and self.out[-1].text in COMPARING:
                    near, far = ("within_last", "before_last") if sign == "-" else ("within_next", "after_next")
                    raise self.refuse(
                        f"this can be read in two ways; write {near}(…, {span}) for up to {span} {' '.join(words)}, "
                        f"or {far}(…, {span}) for longer"
                    )
                self.say(f"today {sign} interval", self.tokens[self.place])
                self.out += self.tokens[self.place : self.place + 2]
                self.place += 2 + len(words)
                return True
        return False
