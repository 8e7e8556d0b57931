"""What the columns of an unknown table may be: by their names, the kinds of their values, and what is known already."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from include.contracts.errors import ConfigurationError
from include.contracts.exports import ExportFile
from include.contracts.exports.declaration import ExportColumn
from include.contracts.systems import Part
from include.contracts.targets import TARGETS
from include.sources.files.places import Place
from include.sources.files.reading import LINE
from include.sources.files.snapshot import Snapshot
from include.sources.files.tables import open_table
from include.sources.recognition.looking import Sight, look_at

MOST = 0.8  # share of the values that have to be of a kind
_KINDS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "address": re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
        "date": re.compile(r"^\s*(\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{4})"),
        "score": re.compile(r"^(10|\d)$"),
        "phone": re.compile(r"^\+?[\d\s()/.-]{5,}(\s*(x|ext\.?)\s*\d+)?$"),
        "number": re.compile(r"^\D{0,4}[+-]?\d[\d.,]*\D{0,4}$"),
        "flag": re.compile(r"(?i)^(true|false|yes|no|y|n|0|1)$"),
        "words": re.compile(r"[^\W\d_]{2}"),
        "text": re.compile(r"\S"),
    }
)
_COMPANY = "company|account|organi[sz]ation|employer|firma|unternehmen|société|entreprise|empresa"
_KEY = re.compile(
    r"(?i)^(id|uuid|guid|key|(kunden|kontakt)[- ]?(nr|nummer)\.?|(customer|contact|user|person)[ _]?(id|no|number))$"
)
_CURRENCY = re.compile(r"(?i)^(currency([ _]?(iso[ _]?)?code)?|w[äa]hrung)$")
# field: the name that its column may have, and the kind of its values
_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "person.email": (r"e-?mail", "address"),
        "person.first_name": (r"^(first|given|fore)[ _]?name$|^vorname$|^prénom$|^nombre$", "text"),
        "person.last_name": (r"^(last|family|sur)[ _]?name$|^(nach|familien)name$|^nom$|^apellidos?$", "text"),
        "person.full_name": (r"^((full|contact|customer|billing)[ _]?)?name$|^(contact|ansprechpartner)$", "words"),
        "person.phone": (r"phone|mobile|telefon|handy|^tel", "phone"),
        "person.title": (r"^(job[ _]?)?(title|role|position)$|^(funktion|poste|cargo)$", "text"),
        "person.company": (rf"^(billing[ _])?({_COMPANY})([ _]?name)?$", "text"),
        "person.street": (r"^(billing |mailing )?(street|address|adresse)|^stra(ß|ss)e|^anschrift$", "text"),
        "person.city": (r"^(billing |mailing )?(city|town)$|^(ort|stadt|ville|ciudad)$", "text"),
        "person.postcode": (r"(zip|post(al)?[ _]?code)$|^(plz|postleitzahl|code postal)$", "text"),
        "person.country": (r"^(billing |mailing )?country([ _]code)?$|^(land|pays|país)$", "text"),
        "person.created_at": (r"^(creat|sign(ed)?[ _]?up|regist|customer since|kunde seit|angelegt|erstellt)", "date"),
        "person.updated_at": (r"^(updat|last[ _]?(modif|updat|chang)|modif|geändert|letzte änderung)", "date"),
        "answer.score": (r"nps|score|rating|how likely|wie wahrscheinlich", "score"),
        "answer.at": (r"(submit|respond|answer|creat|date|time|_at$|datum)", "date"),
        "answer.comment": (r"comment|reason|feedback|why|kommentar|grund", "text"),
        "contract.start": (r"^(contract[ _]?)?(start|begin|from|valid[ _]from)|^(vertrags|laufzeit)?beginn$", "date"),
        "contract.end": (
            r"^(contract[ _]?)?(end|until|to$|valid[ _](to|until)|expir|renew)|^(vertrags|laufzeit)?ende$",
            "date",
        ),
        "contract.annual_value": (r"(annual|yearly|acv|arr|value|jahreswert|vertragswert)", "number"),
        "contract.number": (r"^(contract|agreement)[ _]?(no|number|id)|^vertrags[- ]?(nr|nummer)", "text"),
        "opportunity.stage": (r"^(deal[ _]?|opportunity[ _]?)?stage$", "text"),
        "opportunity.amount": (r"^amount$", "number"),
        "opportunity.close_date": (r"close", "date"),
        "use.event": (r"^(event|action|activity)([ _]?(name|type))?$", "text"),
        "use.at": (r"(time|date|_at$|^at$)", "date"),
        "account.name": (rf"^({_COMPANY}|customer|client|kunde)([ _]?name)?$", "text"),
        "account.domain": (r"domain|web ?site|^url$", "text"),
    }
)
_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "answer": ("answer.score", "answer.at", "person.email"),
        "contract": ("contract.start", "account.name"),
        "opportunity": ("opportunity.stage",),
        "use": ("use.event", "use.at", "person.email"),
        "person": ("person.email",),
        "account": ("account.name",),
    }
)
_NAMED = {"person.first_name", "person.last_name", "person.full_name"}
_HEADS = {"person": "person.email", "account": "account.name"}  # by which they are known
_PARTS = {"answer": Part.SURVEY, "contract": Part.FINANCE, "opportunity": Part.CRM, "use": Part.PRODUCT}
_ABOUT = {"answer": ("person",), "contract": ("person", "account"), "opportunity": ("account",), "use": ("person",)}


@dataclass(frozen=True, slots=True)
class Guess:
    """That a column may be a field, and why."""

    column: str
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping file's content, what each of its columns was taken for, and the columns that were taken for nothing."""

    content: dict[str, Any]
    guesses: tuple[Guess, ...]
    unused: tuple[str, ...]
    rows: pa.Table


def read_sample(path: Path) -> tuple[Sight, pa.Table]:
    """Return a file's table and its first rows as text; raises ConfigurationError, SourceError."""
    if not path.is_file():
        raise ConfigurationError(f"There is no file {path}; give the path of a table.")
    sights = list(look_at(path, path.name))
    sight = next((one for one in sights if any(one.columns)), None)
    if sight is None:
        raise ConfigurationError(sights[0].fault if sights and sights[0].fault else f"{path.name} has no header.")
    columns = tuple(ExportColumn(name, "") for name in sight.columns if name)
    declared = ExportFile(sight.name, "", "a row", columns, object="row", key="", changed="", personal=())
    place = Place.find(path.parent, sight.name)
    assert place is not None
    with Snapshot.of(place, sight.name) as snapshot:
        block = next(open_table(snapshot, declared).blocks())
    return sight, block.rows.drop_columns([LINE])


def propose(path: Path, known: Mapping[str, Collection[str]]) -> Proposal:
    """Propose what the columns of a table are; raises ConfigurationError where they tell nothing.

    ``known`` holds what values of fields are known already, in lower case: a column that has them is that field.
    """
    sight, rows = read_sample(path)
    guesses = tuple(_as_company(list(_guesses(rows, known))))
    by_field = {guess.field: guess.column for guess in guesses}
    chosen = next((t for t, needed in _NEEDED.items() if all(field in by_field for field in needed)), None)
    if chosen is None:
        raise ConfigurationError(
            f"The columns of {path.name} ({', '.join(sight.columns)}) tell of no person, account, contract, "
            "opportunity, answer or use; write a mapping by hand (docs/own-data.md)."
        )
    about = {part for part in _ABOUT.get(chosen, ()) if _HEADS[part] in by_field}
    if chosen == "contract" and not _NAMED & set(by_field):
        about.discard("person")  # an address alone may be that of the contract's owner, who is none of the customer's
    parts = (*sorted(about, reverse=True), chosen)
    file: dict[str, Any] = {"row": f"a row of {path.name}", "path": sight.name}
    used = [guess for guess in guesses if guess.field.split(".")[0] in parts]
    file["needs"] = list(dict.fromkeys(guess.column for guess in used))
    for part in parts:
        file[part] = {g.field.split(".")[1]: g.column for g in used if g.field.startswith(f"{part}.")}
    _price(file, chosen, rows.column_names)
    _refer(file, chosen, by_field, _key(rows, by_field["person.email"] if chosen == "person" else None))
    content = {"title": path.name, "part": _PARTS.get(chosen, Part.CRM).value, "files": {chosen: file}}
    taken = {guess.column for guess in used}
    return Proposal(content, tuple(used), tuple(name for name in rows.column_names if name not in taken), rows)


def _price(file: dict[str, Any], chosen: str, columns: list[str]) -> None:
    """Give amounts the column of their currency."""
    currency = next((column for column in columns if _CURRENCY.search(column)), None)
    for field in ("annual_value", "amount"):
        if currency and field in file[chosen]:
            file[chosen][field] = {"column": file[chosen][field], "currency": currency}


def _key(rows: pa.Table, address: str | None) -> str | None:
    """The column that makes a row unique, by its name and its values; None where there is none.

    Rows of which several have an ``address`` are no people, so an id of theirs is none of a person.
    """

    def is_unique(column: str) -> bool:
        given = [value for value in rows[column].to_pylist() if value]
        return len({value.lower() for value in given}) == len(given)

    if address is not None and not is_unique(address):
        return None
    keys = (column for column in rows.column_names if _KEY.search(column))
    return next((column for column in keys if not rows[column].null_count and is_unique(column)), None)


def _refer(file: dict[str, Any], chosen: str, by_field: Mapping[str, str], own: str | None) -> None:
    """Give people and accounts their keys, and what is about them their references; ``own`` is the rows' own key."""
    for part, column in _HEADS.items():
        if part in file:
            key: Any = {"column": by_field[column], "lower": True}
            if chosen == part:
                file["key"] = key = own or key
            elif part in TARGETS[chosen].fields:
                file[chosen][part] = key
            file[part] = {"key": key, **file[part]}
    if chosen not in _HEADS and own:
        file["key"] = own
    if "person" in file and "account" in file:
        file["person"]["account"] = file["account"]["key"]


def _as_company(guesses: list[Guess]) -> Iterator[Guess]:
    """Take a name beside a domain, where nobody's address is, for a company's."""
    fields = {guess.field for guess in guesses}
    is_company = "account.domain" in fields and not fields & {"account.name", "person.email"}
    for guess in guesses:
        if is_company and guess.field == "person.full_name":
            yield Guess(guess.column, "account.name", "a name beside a domain")
        else:
            yield guess


def _guesses(rows: pa.Table, known: Mapping[str, Collection[str]]) -> Iterator[Guess]:
    """Yield for each field the first column that may be it; a column may be one field of each part."""
    given: set[str] = set()
    for column in rows.column_names:
        values = [value for value in rows[column].to_pylist() if value and value.strip()]
        parts: set[str] = set()
        for field, (pattern, kind) in _NAMES.items():
            part = field.split(".")[0]
            why = _why(column, values, pattern, kind, known.get(field, ()))
            if why and field not in given and part not in parts:
                given.add(field)
                parts.add(part)
                yield Guess(column, field, why)


def _why(column: str, values: list[str], pattern: str, kind: str, known: Collection[str]) -> str:
    """Why a column is a field, or nothing."""
    is_of_kind = bool(values) and _share(values, kind) >= MOST
    alike = sum(value.strip().lower() in known for value in values)
    if alike and alike >= MOST * len(values) / 2:
        return f"{alike} of {len(values)} values are known"
    if not is_of_kind:
        return ""
    if re.search(pattern, column, re.IGNORECASE):
        return "by its name" if kind == "text" else f"by its name, and its values are of the kind {kind}"
    return "its values are addresses" if kind == "address" else ""


def _share(values: list[str], kind: str) -> float:
    return sum(bool(_KINDS[kind].search(value)) for value in values) / len(values)
