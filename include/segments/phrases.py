"""The phrases of ordinary language that a condition may have, and the language's own form of each."""

from __future__ import annotations

from collections.abc import Mapping

PLAIN: Mapping[str, tuple[str, ...]] = {
    "in": ("in", "is in"),
    "not in": ("not in", "is not in"),
    "is null": ("is unknown", "is not known", "is empty", "is blank", "is not set", "has no value"),
    "is not null": ("is known", "is not unknown", "is not empty", "is not blank", "is set", "has any value"),
    "=": ("is either", "equals", "is equal to", "equal to", "is exactly", "is a", "is an"),
    "and": ("but",),
    "= true": ("= yes", "is yes"),
    "= false": ("= no", "is no"),
    "!=": ("does not equal", "is not equal to", "not equal to"),
    ">": ("is greater than", "greater than", "is more than", "more than", "is above", "above", "is after", "after"),
    ">=": (
        "is at least",
        "at least",
        "is on or after",
        "on or after",
        "since",
        "is greater than or equal to",
        "greater than or equal to",
        "is more than or equal to",
    ),
    "<": ("is less than", "less than", "is fewer than", "fewer than", "is below", "below", "is before", "before"),
    "<=": (
        "is at most",
        "at most",
        "is on or before",
        "on or before",
        "is less than or equal to",
        "less than or equal to",
    ),
    "between": ("is between",),
    "not between": ("is not between",),
}
ANY: Mapping[str, tuple[str, ...]] = {  # of texts, without regard to case
    "in": ("is any of", "is one of", "any of", "one of"),
    "not in": ("is not any of", "is not one of", "is none of", "none of", "not any of"),
}
TEXTS: Mapping[str, tuple[str, ...]] = {
    "text_contains": ("contains", "contain", "includes", "include"),
    "text_starts": ("starts with", "start with", "begins with", "begin with", "startswith"),
    "text_ends": ("ends with", "end with", "endswith"),
}
SPANS: Mapping[tuple[str, str], tuple[str, ...]] = {  # the words before a span, and after it
    ("within_last", ""): (
        "in the last",
        "within the last",
        "in last",
        "within last",
        "in the past",
        "during the last",
        "within_last",
    ),
    ("within_last", "ago"): ("less than", "is less than", "fewer than", "at most"),
    ("within_next", ""): ("in the next", "within the next", "in next", "within next", "during the next", "within_next"),
    ("within_next", "away"): ("less than", "is less than", "at most"),
    ("after_next", "away"): ("more than", "is more than"),
    ("within_next", "from now"): ("less than", "is less than", "at most"),
    ("before_last", ""): ("older than", "is older than", "before the last", "before_last"),
    ("before_last", "ago"): ("more than", "is more than", "over", "longer than"),
    ("after_next", ""): ("after the next", "after_next"),
    ("after_next", "from now"): ("more than", "is more than"),
}


def _longest_first(phrases: Mapping[str, tuple[str, ...]]) -> tuple[tuple[tuple[str, ...], str], ...]:
    pairs = [(tuple(words.split()), form) for form, known in phrases.items() for words in known]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


ANY_PHRASES, PLAIN_PHRASES, TEXT_PHRASES = map(_longest_first, (ANY, PLAIN, TEXTS))
SPAN_PHRASES = tuple(
    (tuple(before.split()), form, tuple(after.split()))
    for (form, after), known in SPANS.items()
    for before in sorted(known, key=len, reverse=True)
)
