"""What happened to a person, in words."""

from datetime import date

import pytest

from include.answers.timeline import Happening
from include.web.wording import in_words


@pytest.mark.parametrize(
    ("kind", "about", "times", "words"),
    [
        ("answered", "3", 1, "answered 3 of 10 to the survey"),
        ("open", "8120", 2, "opened the mail 8120, 2 times"),
        ("open machine", "8120", 1, "a machine opened the mail 8120"),
        ("click unknown", None, 1, "they or a machine clicked in a mail"),
        ("segment entry", "lapsed", 1, "came into the segment Lapsed users"),
        ("changed", "title: Clerk", 1, "changed title: Clerk"),
        ("lost", "deleted at the source", 1, "lost a record: deleted at the source"),
        ("ended", "deleted at the source", 1, "ended with the last record: deleted at the source"),
        ("of a kind not known yet", "x", 1, "of a kind not known yet x"),
    ],
)
def test_a_happening_is_told_in_words(kind: str, about: str | None, times: int, words: str) -> None:
    one = Happening(date(2026, 1, 1), kind, about, None, times)
    assert in_words(one, {"lapsed": "Lapsed users"}) == words
