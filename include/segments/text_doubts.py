"""Doubts about a short text that is looked for within others: `CTO` stands in `Director`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from include.contracts.measures import measures_of
from include.segments import tree
from include.segments.occurring import LISTED, commonest
from include.segments.population import Population

SHORT = 4  # letters; a longer text seldom stands within a word by chance


def within_words(condition: tree.Node, level: str, people: Population) -> Iterator[str]:
    """Yield a sentence for each short text that most often is a part of a longer word, where values may be told."""
    known = measures_of(level)
    for clause in tree.clauses(condition):
        match clause:
            case tree.TextTest(tree.Measured(name), "contains", texts) if not known[name].column.personal:
                for text in texts:
                    if len(text) <= SHORT and text.isalpha():
                        yield from _within(name, text, level, people)


def _within(name: str, text: str, level: str, people: Population) -> Iterator[str]:
    rows = people.of(level)
    found = commonest(rows.filter(rows[name].lower().contains(text.lower())), name, LISTED)
    word = re.compile(rf"(?<![^\W_]){re.escape(text)}(?![^\W_])", re.IGNORECASE)
    longer = [(value, members) for value, members in found if not word.search(value)]
    inside, in_all = (sum(members for _, members in some) for some in (longer, found))
    if 2 * inside > in_all:
        yield (
            f"{name} contains {text!r} finds it in longer words of {inside:,} of {in_all:,}, as in {longer[0][0]!r}; "
            f"for a word of its own write {name} is any of ('{text}') or {name} starts with '{text} ', and so on."
        )
