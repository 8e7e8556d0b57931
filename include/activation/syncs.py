"""Syncs as they are declared: one YAML file a destination, with what is to be kept there; faults with file and line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from include.activation.members import LEVEL_OF_ACCOUNT, LEVEL_OF_REPORT, LISTS, PERSON, Members, members
from include.contracts.configuration import Strict, keys_of, read_document, told
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.runs import fingerprint
from include.contracts.yaml_files import Document, Keys

FOLDER = "destinations"
NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
ON_PUBLICATION = "on publication"
PURPOSES = ("email_marketing", "phone_marketing", "none")
CONTACT_POINTS: Mapping[str, str] = MappingProxyType({"email": "email_marketing", "phone": "phone_marketing"})
CONSENTS = ("email_consent", "phone_consent")


class Limits(Strict):
    """What a plan may do before a person is asked."""

    removed: float = Field(default=0.3, ge=0, le=1, description="Share of the rows there that one plan may remove")
    floor: int = Field(default=50, ge=0, description="So few removals are never too many")
    size: int = Field(default=1_000_000, ge=0, description="Most rows that there may be")


class Sync(Strict):
    """One list, and how it is kept at a destination."""

    segment: str = Field(description="Segment whose members are sent; of the level report: a report's list")
    owner: str = Field(min_length=1, description="Who answers for it")
    level: Literal["person", "account", "report"] = Field(default="person", description="What the members are")
    mode: Literal["mirror", "upsert", "append"] = Field(
        default="mirror",
        description="mirror: insert, update, remove; upsert: whoever leaves the segment stays, unless withheld; "
        "append: an event at each entry",
    )
    purpose: Literal["email_marketing", "phone_marketing", "none"] = Field(
        description="What the contact is for; none: nobody is contacted, so no address and no number is sent"
    )
    key: Mapping[str, str] = Field(
        min_length=1, max_length=1, description="The destination's field that says who it is, and our column"
    )
    fields: Mapping[str, str] = Field(default={}, description="Further fields of the destination, and our columns")
    schedule: str = Field(default=ON_PUBLICATION, description="on publication, or a cron expression in UTC")
    min_confidence: float = Field(default=0.0, ge=0, le=1, description="Least confidence of identity")
    holdout: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Share of members kept out, always the same ones, beside the segment's own",
    )
    opted_in: bool = Field(default=False, description="Only who has said yes; else whoever has not said no")
    drift: Literal["report", "ours wins"] = Field(
        default="report", description="What others changed at the destination: report it, or mend it"
    )
    limits: Limits = Field(default=Limits(), description="What a plan may do before a person is asked")
    deadline_hours: float = Field(default=24, gt=0, le=720, description="Hours that a refused row is tried again")
    settings: Mapping[str, Any] = Field(default={}, description="What this kind of destination needs for each list")

    @property
    def members(self) -> Members:
        """What the members are."""
        return members(self.level, self.segment)

    @property
    def key_field(self) -> str:
        """The destination's field that says who it is."""
        return next(iter(self.key))

    @property
    def key_column(self) -> str:
        """Our column that says who it is."""
        return next(iter(self.key.values()))

    @property
    def mapping(self) -> Mapping[str, str]:
        """All fields of the destination, with our columns."""
        return {**self.key, **self.fields}

    @property
    def consent_fields(self) -> frozenset[str]:
        """The destination's fields that tell of a consent: they are only ever written as opted out."""
        return frozenset(name for name, column in self.mapping.items() if column in CONSENTS)

    def setting_of(self, name: str) -> str:
        """Return the setting that names a field of the destination, as a fault's place is given."""
        return "key" if name in self.key else f"fields.{name}"

    def unknown(self, known: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield the setting and the name of each field that a destination which has the ``known`` ones has not."""
        return ((self.setting_of(name), name) for name in self.mapping if name not in known)

    @field_validator("schedule")
    @classmethod
    def _known_schedule(cls, text: str) -> str:
        if text != ON_PUBLICATION and len(text.split()) != 5:
            raise ValueError(f"it is neither '{ON_PUBLICATION}' nor a cron expression of five fields")
        return text


class DestinationFile(Strict):
    """One file of the folder; its name is the destination's."""

    kind: str = Field(description="Kind of destination")
    connection: str | None = Field(default=None, description="Airflow connection with address and credentials")
    settings: Mapping[str, Any] = Field(default={}, description="What this kind of destination needs")
    syncs: Mapping[str, Sync] = Field(min_length=1, description="What is kept there, by name")


@dataclass(frozen=True)
class Declared:
    """A sync with the destination that its file declares."""

    name: str
    destination: str
    kind: str
    connection: str | None
    settings: Mapping[str, Any]
    sync: Sync
    file: str = ""
    document: Document | None = None

    @property
    def target(self) -> str:
        """A digest of where exactly the rows go: another one is another list, of which the ledger knows nothing."""
        return fingerprint(
            self.kind, self.connection, dict(self.settings), dict(self.sync.settings), dict(self.sync.key)
        )

    @property
    def pool(self) -> str:
        """The Airflow pool in which all syncs of the destination take turns."""
        return f"destination_{self.destination}"

    def place(self, *path: str) -> str:
        """Return file and line of a setting of the sync, or of the nearest thing around it."""
        return _place(self.file, self.document, ("syncs", self.name, *path))

    def place_of_destination(self, *path: str) -> str:
        """Return file and line of a setting of the destination."""
        return _place(self.file, self.document, path)


def read_syncs(config: Path) -> Mapping[str, Declared]:
    """Read all syncs of a configuration folder, by name; none where it has no folder ``destinations``.

    Raises ConfigurationError that names every fault with its file and line.
    """
    found: dict[str, Declared] = {}
    faults: list[str] = []
    for path in sorted((config / FOLDER).glob("*.y*ml")):
        for declared in _read(path, faults):
            if declared.name in found:
                other = found[declared.name].place()
                faults.append(f"{declared.place()}: {declared.name!r} is declared at {other} already")
            found[declared.name] = declared
            faults.extend(_faults(declared))
    if faults:
        raise ConfigurationError("; ".join(faults) + ".")
    return found


def find_sync(config: Path, name: str) -> Declared:
    """Return one sync; raises ConfigurationError, also for one that is not declared."""
    known = read_syncs(config)
    if name not in known:
        hint = nearest(name, known) or f"; declare one in {FOLDER}/"
        raise ConfigurationError(f"There is no sync {name!r}{hint}.")
    return known[name]


def _read(path: Path, faults: list[str]) -> Iterator[Declared]:
    name = f"{FOLDER}/{path.name}"
    try:
        document = read_document(path, name)
        file = DestinationFile.model_validate(document.values)
    except ConfigurationError as error:
        faults.append(str(error).removesuffix("."))
        return
    except ValidationError as error:
        faults.extend(f"{_place(name, document, keys_of(f))}: {told(f, DestinationFile)}" for f in error.errors())
        return
    if not NAME.match(path.stem):
        faults.append(f"{name}: a destination's name has lower-case letters, digits and underscores, a letter first")
    for key, sync in file.syncs.items():
        yield Declared(key, path.stem, file.kind, file.connection, file.settings, sync, name, document)


def _faults(declared: Declared) -> Iterator[str]:
    """What is wrong with a sync by itself."""
    sync = declared.sync
    if not NAME.match(declared.name):
        yield f"{declared.place()}: a sync's name has lower-case letters, digits and underscores, a letter first"
    if sync.level == LEVEL_OF_REPORT and sync.segment not in LISTS:
        hint = nearest(sync.segment, LISTS) or f"; there are {', '.join(LISTS)}"
        yield f"{declared.place('segment')}: no report has a list {sync.segment!r}{hint}"
        return
    keys = sync.members.keys
    if sync.key_column not in keys:
        is_of_accounts = sync.level == PERSON and sync.key_column in members(LEVEL_OF_ACCOUNT, sync.segment).keys
        yield (
            f"{declared.place('key')}: {sync.key_column!r} does not say which {sync.level} it is"
            f"{'; of accounts it does, with level: account' if is_of_accounts else nearest(sync.key_column, keys)}"
        )
    if sync.level != "person" and sync.purpose != "none":
        yield f"{declared.place('purpose')}: of the level {sync.level} nobody gives consent; write none"
    for name in sync.fields:
        if name in sync.key:
            yield f"{declared.place('fields', name)}: {name!r} is the key already"
    if sync.purpose == "none" and sync.level == "person":
        for name, column in sync.mapping.items():
            if column in CONTACT_POINTS:
                section = "key" if name in sync.key else "fields"
                yield (
                    f"{declared.place(section, name)}: {column} is a contact point; "
                    f"name the purpose, for example {CONTACT_POINTS[column]}"
                )


def _place(file: str, document: Document | None, keys: Keys) -> str:
    line = document.line(keys) if document else None
    return f"{file}, line {line}" if line else file
