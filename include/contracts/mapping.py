"""A source that a mapping file describes: which column of a table is which declared field, and what its values mean.

``include/config/sources/<kind>.yaml``, and the folder ``sources`` of a company's own configuration, hold one each. A
mapping makes a ``System``, as a module of ``contracts/exports`` does, and ``staging/systems/mapped.py`` stages it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from include.contracts.configuration import Section, place_of, read_configuration
from include.contracts.errors import ConfigurationError
from include.contracts.exports.declaration import ExportColumn, ExportFile, Reference
from include.contracts.field_mapping import FieldMapping, Fields
from include.contracts.nearest import nearest
from include.contracts.settings import SHIPPED
from include.contracts.systems import ROW_KEY, Feed, Part, Refusal, System
from include.contracts.targets import TARGETS, Kind, Target

FOLDER = "sources"
MODULE = "mapped"  # of staging/systems


class FileMapping(Section):
    """One object of a source: its table, and what its rows are."""

    row: str = Field(min_length=1, description="What a row is, such as: a contact")
    path: str = Field(description="Where it lies under the folder of exports, where nothing else says so")
    key: FieldMapping | None = Field(default=None, description="What makes a row unique; none: all that it says")
    changed: str = Field(default="", description="Column that tells when a row was last changed")
    needs: tuple[str, ...] = Field(default=(), description="Columns by which the table is recognised: it has them all")
    called: Mapping[str, str] = Field(
        default_factory=dict, description="Columns whose names differ: a regular expression on the name in the file"
    )
    beside: Mapping[str, str] = Field(
        default_factory=dict,
        description="Columns known by one beside them, which has their name and this ending",
    )
    headers: int = Field(default=1, ge=1, le=3, description="Rows that are headers; the first one names the columns")
    person: Fields = Field(default_factory=dict, description="Who the row is about, or who did what it tells")
    account: Fields = Field(default_factory=dict, description="A company")
    membership: Fields = Field(default_factory=dict, description="That a person belongs to an account")
    activity: Fields = Field(default_factory=dict, description="What became of an email")
    use: Fields = Field(default_factory=dict, description="What somebody did in the product")
    contract: Fields = Field(default_factory=dict, description="A contract or a subscription")
    opportunity: Fields = Field(default_factory=dict, description="A possible sale")
    entered: Fields = Field(
        default_factory=dict, description="When the possible sale came into each stage, by its name"
    )
    change: Fields = Field(default_factory=dict, description="That a possible sale came into a stage")
    lead: Fields = Field(default_factory=dict, description="The days of a person's way to sales")
    score: Fields = Field(default_factory=dict, description="What somebody's interest and fit are held to be")
    response: Fields = Field(default_factory=dict, description="That a person is in a campaign, and responded to it")
    conversation: Fields = Field(default_factory=dict, description="That the company spoke with somebody")
    answer: Fields = Field(default_factory=dict, description="An answer to a survey, 0 to 10")
    consent: Fields = Field(default_factory=dict, description="That somebody may be written to or called, or not")

    @field_validator("called")
    @classmethod
    def _expressions(cls, called: Mapping[str, str]) -> Mapping[str, str]:
        for pattern in called.values():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression ({error})") from None
        return called

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.targets:
            raise ValueError(f"it says of no {', '.join(TARGETS)} what its columns are")
        for name, target, fields in self.parts():
            _check(name, target, fields)
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """What its rows are, of TARGETS."""
        return tuple(name for name in TARGETS if getattr(self, name))

    def parts(self) -> Iterator[tuple[str, Target, Fields]]:
        """Yield each thing that its rows are, with what its fields come from."""
        for name in self.targets:
            yield name, TARGETS[name], getattr(self, name)

    def fields(self) -> Iterator[tuple[str, FieldMapping]]:
        """Yield ``target.field`` and its mapping, the key first."""
        if self.key:
            yield "key", self.key
        for name, _, fields in self.parts():
            yield from ((f"{name}.{field}", mapping) for field, mapping in fields.items())


class Mapped(Section):
    """A mapping file."""

    title: str = Field(min_length=1, description="What it is, such as: HubSpot CSV exports")
    part: Part = Field(description="Part that the system plays: crm, mail, product, survey, finance")
    files: Mapping[str, FileMapping] = Field(min_length=1, description="Each object of it, by its name")

    @model_validator(mode="after")
    def _known_objects(self) -> Self:
        for name, file in self.files.items():
            if not name.isidentifier():
                raise ValueError(f"{name!r} cannot name an object; use letters, digits and underscores")
            for place, mapping in file.fields():
                if mapping.of and mapping.of not in self.files:
                    raise ValueError(f"{name}.{place} is of {mapping.of!r}, which is no object of it"
                                     f"{nearest(mapping.of, self.files)}")  # fmt: skip
        return self


def read_mapped(config: Path) -> Mapping[str, System]:
    """Return the systems that mapping files describe, a company's own before the shipped ones, by kind.

    Raises ConfigurationError naming file and setting.
    """
    folders = dict.fromkeys((SHIPPED / FOLDER, config / FOLDER))
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    return {kind: read_system(path) for kind, path in sorted(files.items())}


def read_system(path: Path) -> System:
    """Return the system that one mapping file describes; raises ConfigurationError."""
    if not path.stem.isidentifier():
        raise ConfigurationError(f"{path.name} cannot name a kind of source; use letters, digits and underscores.")
    return system(path.stem, read_configuration(path, Mapped), place_of(path))


def system(kind: str, mapped: Mapped, place: str) -> System:
    """Return the system that a mapping describes; ``place`` names its file in messages."""
    files = tuple(_file(mapped, name, file) for name, file in mapped.files.items())
    feeds = dict.fromkeys(
        feed
        for name, file in mapped.files.items()
        for part, target, fields in file.parts()
        for feed in (
            Feed(name, target.table, each=target.each and _is_each(file, part)),
            *(Feed(name, table, each=False) for field, table in target.also.items() if field in fields),
        )
    )
    refusals = tuple(
        Refusal(name, _first(fields[said]), point, _first(fields[point]))  # type: ignore[arg-type]
        for name, file in mapped.files.items()
        for fields in (file.person,)
        for said, point in (("email_opt_out", "email"), ("phone_opt_out", "phone"))
        if said in fields and point in fields and fields[said].column
    )
    return System(kind, mapped.part, "table", files, tuple(feeds), refusals, MODULE, place, mapped)


def _is_each(file: FileMapping, target: str) -> bool:
    """Whether each row is one of the target: it has the row's own key, and is not folded from several rows."""
    fields: Fields = getattr(file, target)
    return "key" not in fields or fields["key"] == file.key


def _file(mapped: Mapped, name: str, file: FileMapping) -> ExportFile:
    needed = {*file.needs, *(c for _, target, fields in file.parts() for f in target.required if f in fields
                             for c in fields[f].column[:1] if len(fields[f].column) == 1)}  # fmt: skip
    needed |= set(file.key.column) if file.key and len(file.key.column) == 1 else set()
    where: dict[str, str] = {}
    for place, mapping in file.fields():
        for column in mapping.column:
            where.setdefault(column, place)
        if mapping.currency:
            where.setdefault(mapping.currency, f"currency of {place}")
    for column in (*file.needs, *([file.changed] if file.changed else [])):
        where.setdefault(column, "recognition")
    columns = tuple(
        ExportColumn(
            column,
            place,
            required=column in needed,
            pattern=file.called.get(column, ""),
            beside=file.beside.get(column, ""),
        )
        for column, place in where.items()
    )
    key = _first(file.key) if file.key else ROW_KEY
    return ExportFile(
        file.path, mapped.title, file.row, columns, object=name, key=key, changed=file.changed or key,
        personal=tuple(sorted(_personal(file))), references=tuple(_references(file)), dates=tuple(sorted(_dates(file))),
        numbers=tuple(sorted(_numbers(file, Kind.NUMBER, Kind.WHOLE))),
        whole_numbers=tuple(sorted(_numbers(file, Kind.WHOLE))), people=tuple(dict.fromkeys(_people(file))),
        currencies=tuple(_currencies(file)), key_lower=file.key is not None and file.key.lower,
    )  # fmt: skip


def _first(mapping: FieldMapping) -> str:
    return mapping.column[0] if mapping.column else ""


def _personal(file: FileMapping) -> set[str]:
    return {
        column
        for _, target, fields in file.parts()
        for field, mapping in fields.items()
        if target.fields[field].personal or mapping.lower
        for column in mapping.column
    }


def _people(file: FileMapping) -> Iterator[str]:
    """Columns that hold keys of people as they stand: that of the person, and those of people of no other object."""
    for name, target, fields in file.parts():
        for field, mapping in fields.items():
            is_own = (name, field) == ("person", "key") or target.fields[field].kind is Kind.PERSON
            if is_own and not (mapping.path or (mapping.split and name != "opportunity")):
                yield from mapping.column


def _dates(file: FileMapping) -> set[str]:
    return {
        column
        for _, target, fields in file.parts()
        for field, mapping in fields.items()
        if target.fields[field].kind in (Kind.DAY, Kind.MOMENT) and not mapping.unit and not mapping.path
        for column in mapping.column
    }


def _numbers(file: FileMapping, *kinds: Kind) -> set[str]:
    """Columns whose text is a number as it stands, rather than a word for one or a place in JSON."""
    return {
        column
        for _, target, fields in file.parts()
        for field, mapping in fields.items()
        if target.fields[field].kind in kinds and not (mapping.values or mapping.path or mapping.split)
        for column in mapping.column
    }


def _currencies(file: FileMapping) -> Iterator[tuple[str, str]]:
    """The columns of amounts, each with that of its currency: every number that counts nothing is one."""
    for column in sorted(_numbers(file, Kind.NUMBER)):
        told = (m.currency for _, m in file.fields() if m.currency and column in m.column)
        yield column, next(told, "")


def _references(file: FileMapping) -> Iterator[Reference]:
    for name, target, fields in file.parts():
        for field, mapping in fields.items():
            if mapping.of and len(mapping.column) == 1 and not (mapping.split or mapping.lower or mapping.path):
                yield Reference(mapping.column[0], mapping.of, needed=name == "contract" and field in target.required)


def _check(name: str, target: Target, fields: Fields) -> None:
    for field in fields:
        if field not in target.fields:
            raise ValueError(f"{name} has no field {field!r}{nearest(field, target.fields)}")
        words = target.fields[field].words
        for meaning in fields[field].values if words else ():
            if meaning not in words:
                raise ValueError(f"{name}.{field} is none of {', '.join(words)}: {meaning!r}{nearest(meaning, words)}")
        constant = fields[field].constant
        if words and constant is not None and constant not in words:
            raise ValueError(f"{name}.{field} is none of {', '.join(words)}: {constant!r}{nearest(constant, words)}")
    for field, mapping in fields.items():
        if mapping.currency and target.fields[field].kind is not Kind.NUMBER:
            raise ValueError(f"{name}.{field} is no amount, so it has no currency")
    for field in target.required:
        if field not in fields:
            raise ValueError(f"{name} needs {field}: {target.fields[field].description}")
