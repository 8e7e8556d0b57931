"""Which account an answer is about: the employer that it names, as people move and their answers stay.

The survey tool writes the employer into each answer when it is given. Where that is the person's present account, by
name, the answer is about it; where it is another account that the company knows, about that one; where it is a name
that nobody knows, about none. An answer that names no employer is about the person's present account.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.measures.inputs import Inputs

ALIKE = 0.9  # Jaro-Winkler similarity from which two spellings are one name
TAIL = 3  # words that a name may have more than another: a legal form, such as GmbH & Co. KG


@ibis.udf.scalar.builtin(name="jaro_winkler_similarity")  # type: ignore[untyped-decorator]
def _similarity(a: str, b: str) -> float:  # type: ignore[empty-body]
    """Jaro-Winkler similarity, 0 to 1 (a function of DuckDB)."""


def with_account(inputs: Inputs, answers: ir.Table) -> ir.Table:
    """Add ``home`` (the person's account), ``account_id`` (the answer's) and ``named`` to answers.

    ``named`` is how it was found: present, other, unknown (then account_id is null), or none named.
    """
    rows = answers.left_join(inputs.profile.select("profile_id", home="account_id"), "profile_id")
    rows = rows.drop("profile_id_right").mutate(said=_folded(answers.company))
    names = _names(inputs)
    rows = rows.left_join(_present(rows, names), ["home", "said"], rname="_of_{name}")
    rows = rows.left_join(_others(rows, names), "said", rname="_by_{name}")
    named = ibis.cases(
        (rows.said.isnull(), "none"),
        (rows.is_present.fill_null(False), "present"),
        (rows.other.notnull(), "other"),
        else_="unknown",
    )
    account = ibis.cases(
        (named.isin(("none", "present")), rows.home), (named == "other", rows.other), else_=ibis.null("string")
    )
    kept = [name for name in answers.columns if name != "company"]
    return rows.select(*kept, "home", account_id=account, named=named)


def _names(inputs: Inputs) -> ir.Table:
    """All names that the sources have for each account: account_id, name, first (its first word)."""
    known = inputs.staged_account.filter(~inputs.staged_account.is_deleted & inputs.staged_account.name.notnull())
    sources = inputs.of_account(known.select("account_id", "name"))
    names = sources.select("account_id", "name").union(inputs.account.select("account_id", "name"))
    names = names.mutate(name=_folded(names.name)).filter(lambda t: t.name.notnull()).distinct()
    return names.mutate(first=_first(names.name))


def _present(rows: ir.Table, names: ir.Table) -> ir.Table:
    """The pairs of an account and a name that is its: home, said, is_present."""
    pairs = rows.select("home", "said").distinct().filter(lambda t: t.home.notnull() & t.said.notnull())
    joined = pairs.inner_join(names, pairs.home == names.account_id)
    a, b = joined.said.split(" ").unique(), joined.name.split(" ").unique()
    is_within = a.intersect(b).length() == ibis.least(a.length(), b.length())
    same = joined.filter(is_within | (_similarity(joined.said, joined.name) >= ALIKE))
    return same.select("home", "said", is_present=True).distinct()


def _others(rows: ir.Table, names: ir.Table) -> ir.Table:
    """The one account that each name stands for: said, other; a name that stands for several decides nothing."""
    said = rows.select("said").distinct().filter(lambda t: t.said.notnull())
    said = said.mutate(first=_first(said.said))
    joined = said.inner_join(names, "first")
    is_same = joined.said == joined.name
    a, b = joined.said, joined.name
    longer = ibis.greatest(a.split(" ").length(), b.split(" ").length())
    shorter = ibis.least(a.split(" ").length(), b.split(" ").length())
    begins = (a.startswith(b + " ") | b.startswith(a + " ")) & (longer - shorter <= TAIL)
    found = joined.filter(is_same | begins).mutate(is_same=is_same)
    counted = found.group_by("said").aggregate(
        same=found.account_id.nunique(where=found.is_same),
        exact=found.account_id.min(where=found.is_same),
        some=found.account_id.nunique(),
        near=found.account_id.min(),
    )
    other = ibis.cases((counted.same == 1, counted.exact), (counted.some == 1, counted.near))
    return counted.select("said", other=other).filter(lambda t: t.other.notnull())


def _folded(name: ir.StringValue) -> ir.StringValue:
    """Lower case, with white space for punctuation; null for nothing."""
    return name.lower().re_replace("[[:punct:][:space:]]+", " ").strip().nullif("")


def _first(name: ir.StringValue) -> ir.StringValue:
    return name.split(" ")[0]
