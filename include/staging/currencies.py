"""Amounts of several currencies in one column, brought into the company's, or refused: they cannot be added up.

An amount's currency is the one that stands beside it (€ 12, USD 12), else that of its row where the mapping names a
column for it. Amounts of which nothing tells a currency are in the company's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile
from include.staging import values
from include.staging.numbers import CODES
from include.storage.engine import Engine

_RATE = "_rate_of_"
_NUMBER = r"[\d\s\p{Z}.,'’´`‘ʼ()+−–—-]"  # what an amount may have beside its currency
_SYMBOLS: Mapping[str, str] = MappingProxyType({
    "€": "EUR", "$": "USD", "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD",
    "R$": "BRL", "£": "GBP", "¥": "JPY", "₹": "INR", "RS": "INR", "₺": "TRY", "₪": "ILS", "₩": "KRW", "FR": "CHF",
    "SFR": "CHF", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "KR": "KR",
})  # fmt: skip


def with_rates(engine: Engine, rows: ir.Table, declared: ExportFile, rates: Mapping[str, float]) -> ir.Table:
    """Return the rows with what one of each amount's currency is worth beside it, where that is needed.

    ``rates`` is the declared worth by ISO code, in the company's currency; without it a column may be of one currency.
    Raises SourceError for a column of several, and for a currency whose worth is not declared.
    """
    told = {amount: _currency(rows, amount, column) for amount, column in declared.currencies if amount in rows.columns}
    if not told:
        return rows
    found = _found(engine, rows, told)
    for amount, currencies in found.items():
        _check(declared, amount, currencies, rates)
    if not rates:
        return rows
    known = [(code, ibis.literal(worth)) for code, worth in rates.items()]
    worth = {
        f"{_RATE}{amount}": ibis.cases(*((currency == code, value) for code, value in known), else_=1.0)
        for amount, currency in told.items()
        if found[amount]
    }
    return rows.mutate(**worth) if worth else rows


def worth_of(currency: ir.StringValue, rates: Mapping[str, float]) -> ir.FloatingValue:
    """What one of a currency is worth in the company's; null where ``rates`` does not tell it."""
    known = [(currency == code, ibis.literal(worth, "float64")) for code, worth in rates.items()]
    return ibis.cases(*known, else_=ibis.null("float64")) if known else ibis.null("float64")


def in_one_currency(rows: ir.Table) -> ir.Table:
    """Return the rows with each amount, a number by now, times what ``with_rates`` put beside it."""
    added = [name for name in rows.columns if name.startswith(_RATE)]
    if not added:
        return rows
    amounts = {name.removeprefix(_RATE): rows[name] for name in added}
    changed = {
        amount: ibis.coalesce((values.number(rows[amount]) * rate).cast("string"), rows[amount])
        for amount, rate in amounts.items()
    }
    return rows.mutate(**changed).drop(*added)


def _currency(rows: ir.Table, amount: str, column: str) -> ir.StringValue:
    """The currency of each amount, null where nothing tells it."""
    beside = rows[amount].upper().re_replace(_NUMBER, "")
    symbol = ibis.cases(*((beside == sign, code) for sign, code in _SYMBOLS.items()), else_=beside)
    marked = ibis.ifelse(beside.isin([*_SYMBOLS, *CODES]) | beside.re_search(r"^\p{Sc}$"), symbol, ibis.null("string"))
    if column not in rows.columns:
        return marked
    return ibis.coalesce(marked, rows[column].strip().upper().nullif(""))


def _found(engine: Engine, rows: ir.Table, told: Mapping[str, ir.StringValue]) -> dict[str, list[str]]:
    """The currencies of each column's amounts, sorted."""
    collected = {
        f"c{n}": currency.collect(where=values.given(rows[amount]) & currency.notnull(), distinct=True)
        for n, (amount, currency) in enumerate(told.items())
    }
    (row,) = engine.ibis.to_pyarrow(rows.aggregate(**collected)).to_pylist()
    return {amount: sorted(row[f"c{n}"] or ()) for n, amount in enumerate(told)}


def _check(declared: ExportFile, amount: str, found: list[str], rates: Mapping[str, float]) -> None:
    unknown = [code for code in found if code not in rates]
    if not unknown or (not rates and len(found) == 1):
        return
    worth = "say in sources.yaml what one of each is worth in yours, such as currencies: {EUR: 1, USD: 0.92}"
    if rates:
        problem = f"it has amounts in {', '.join(unknown)}, of which currencies in sources.yaml does not tell the worth"
    else:
        problem = f"its amounts are in several currencies ({', '.join(found)}), which cannot be added up"
    file = ", ".join(declared.places) or declared.path
    raise SourceError(problem, file=file, column=amount, remedy=f"Export them in one currency, or {worth}.")
