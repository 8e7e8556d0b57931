"""Numbers written as a country writes them, such as 12.000,50 or 12'000.50, brought into the engine's form.

Whether a point or a comma is the decimal sign is the column's, not a value's: what some value proves (it has both, or
no three digits behind the one that it has), or what the company has declared. Where nothing does, the column is
refused: 12.000 read the wrong way is off by a thousand.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile
from include.storage.engine import Engine

DECIMAL_POINT, DECIMAL_COMMA = "decimal_point", "decimal_comma"
SEPARATORS = {DECIMAL_POINT: ("[.]", ","), DECIMAL_COMMA: (",", "[.]")}  # the decimal sign, and what parts thousands
# ISO 4217, list one: three capitals of any other meaning, such as MIO, are no currency but a factor
_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV
    WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CODES = frozenset(_CODES.split())
_CURRENCY = rf"(?:(?:[a-z]{{1,2}})?\p{{Sc}}|{'|'.join(sorted(CODES)).lower()}|s?fr\.?|kr\.?|rs\.?|zł|kč|ft)"
_SIGN = "[+-]"
_BODY = r"[.,]?\d(?:[\d.,' ]*\d)?[.,]?(?:e[+-]?\d{1,3})?"
_WRITTEN = rf"^(\(?)({_SIGN}?) ?(?:{_CURRENCY})? ?({_SIGN}?) ?({_BODY})(-?) ?(?:{_CURRENCY})?(-?)\)?$"
_DIGITS = r"^\d+$"  # what most numbers are, which are spared the rest
_PARTED = r"[1-9]\d{{0,2}}(?:{0}\d{{3}})+|[1-9]\d?(?:{0}\d\d)+{0}\d{{3}}"  # by thousands, or as India does


def _form(decimal: str, thousands: str) -> str:
    whole = "|".join((r"\d+", _PARTED.format("[' ]"), _PARTED.format(thousands)))
    return rf"^(?:(?:{whole})(?:{decimal}\d*)?|{decimal}\d+|\d+(?:{decimal}\d*)?e[+-]?\d+)$"


FORMS = {convention: _form(*separators) for convention, separators in SEPARATORS.items()}


def written_plainly(engine: Engine, rows: ir.Table, declared: ExportFile, convention: str) -> ir.Table:
    """Return the rows with the declared columns of numbers as 12000.5 is, where they are written otherwise.

    Currencies are passed over, (12) and 12- are negative. Text that is no number stays as it is. ``convention`` is the
    declared one, or empty. Raises SourceError for a column whose decimal sign nothing tells.
    """
    columns = [name for name in declared.numbers if name in rows.columns]
    found = _proofs(engine, rows, declared, columns) if columns else {}
    changed = {name: _plain(rows[name], _convention(declared, name, found[name], convention)) for name in columns}
    return rows.mutate(**changed) if changed else rows


def _proofs(engine: Engine, rows: ir.Table, declared: ExportFile, columns: list[str]) -> dict[str, dict[str, int]]:
    """Count of each column the numbers that only one convention can have written, and those that both can."""
    counts: dict[str, ir.Value] = {}
    for n, name in enumerate(columns):
        body = _body(rows[name])
        point, comma = (body.re_search(FORMS[convention]) for convention in (DECIMAL_POINT, DECIMAL_COMMA))
        either = point & comma & body.re_search("[.,]")
        if name in declared.whole_numbers:  # 1.240 is none with a decimal point, 12.000 may be
            parted = either & ~body.re_search("[.,]000$")
            point, comma = point & ~(parted & body.contains(".")), comma & ~(parted & body.contains(","))
            either = either & ~parted
        counts[f"{DECIMAL_POINT}_{n}"] = (point & ~comma).sum()
        counts[f"{DECIMAL_COMMA}_{n}"] = (comma & ~point).sum()
        counts[f"either_{n}"] = either.sum()
    (row,) = engine.ibis.to_pyarrow(rows.aggregate(**counts)).to_pylist()
    kinds = (DECIMAL_POINT, DECIMAL_COMMA, "either")
    return {name: {kind: int(row[f"{kind}_{n}"] or 0) for kind in kinds} for n, name in enumerate(columns)}


def _convention(declared: ExportFile, column: str, found: dict[str, int], said: str) -> str:
    proven = [convention for convention in FORMS if found[convention]]
    if len(proven) == 1:
        return proven[0]
    if said or not (proven or found["either"]):
        return said or DECIMAL_POINT
    problem = "some of its numbers have a decimal point and others a decimal comma"
    if not proven:
        problem = "its numbers are written as 12.000 or 12,000 is, and none proves whether that is 12 or 12 thousand"
    remedy = "Export it with numbers as 12000.00, or say numbers: decimal_point or decimal_comma in sources.yaml."
    raise SourceError(problem, file=", ".join(declared.places) or declared.path, column=column, remedy=remedy)


def _tidy(value: ir.StringValue) -> ir.StringValue:
    """In small letters, with plain spaces, apostrophes and signs, and two zeros for a dash behind the decimal sign."""
    plain = value.lower().re_replace(r"[\s\p{Z}]+", " ").strip()
    plain = plain.re_replace("[’´`‘ʼ]", "'").re_replace("[−–—]", "-")
    return plain.re_replace(r"(\d[.,])--?", r"\100")


def _body(value: ir.StringValue) -> ir.StringValue:
    """A number without currency and sign; empty where it is none."""
    return ibis.ifelse(value.re_search(_DIGITS), value, _tidy(value).re_extract(_WRITTEN, 4))


def _plain(value: ir.StringValue, convention: str) -> ir.StringValue:
    """The same number as the engine reads it; any other text as it is."""
    decimal, thousands = SEPARATORS[convention]
    tidy = _tidy(value)
    signs = [tidy.re_extract(_WRITTEN, group) for group in (1, 2, 3, 5, 6)]
    negative = ibis.literal("").join(signs).re_search("[(-]")
    body = _body(value)
    digits = body.re_replace(f"[' ]|{thousands}", "").re_replace(decimal, ".")
    is_other = ~value.re_search(_DIGITS) & body.re_search(FORMS[convention])
    return ibis.ifelse(is_other, ibis.ifelse(negative, "-", "") + digits, value)
