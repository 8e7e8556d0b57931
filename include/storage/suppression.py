"""Suppression: erased people are known again by keyed digests, so that no import brings them back.

The digests are a dataset of the lake, and so an input of what is made from raw rows (decision 2); the key lies
elsewhere, in KINDRED_ERASURE_KEY or in the home, so that nobody who has the digests alone can try addresses on them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.contracts.erasure import SUPPRESSED
from include.contracts.errors import ConfigurationError
from include.contracts.quoting import identifier, literal
from include.contracts.runs import DatasetRef, fingerprint
from include.contracts.settings import Settings
from include.storage.addresses import addresses, addresses_of, addresses_within, has_sign, plain_address, without
from include.storage.home import open_home
from include.storage.lake import Lake

KEY_FILE = "erasure.key"
PHONE_DIGITS = 9  # the last digits of a number, which no way of writing it changes
LINE = "_line"
_DIGEST = "sha256('{secret}' || sha256('{secret}' || {text}))"


@dataclass(frozen=True)
class Suppressed:
    """Who was erased, as digests with the day; empty where nobody was."""

    secret: str = field(default="", repr=False)
    days: Mapping[str, date] = field(default_factory=dict, repr=False)

    def erased_on(self, kind: str, value: str) -> date | None:
        """Return the day on which whoever is known by this value was erased, or None."""
        return self.days.get(digest(self.secret, kind, value)) if self.days else None

    def without(
        self, rows: pa.Table, source: str, *, people: Sequence[str], personal: Sequence[str]
    ) -> tuple[pa.Table, int]:
        """Return the raw rows that are of nobody who was erased, and how many are.

        A row is of an erased person if one of the columns ``people`` holds a key that was theirs in the source, or one
        of the ``personal`` ones an address of theirs; where it has no address, a telephone number.
        """
        present = set(rows.column_names)
        people, personal = [c for c in people if c in present], [c for c in personal if c in present]
        if not self.days or not rows.num_rows or not (people or personal):
            return rows, 0
        with duckdb.connect() as connection:
            connection.register("asked", rows.select(list(dict.fromkeys([LINE, *people, *personal]))))
            connection.register("gone", pa.table({"digest": pa.array(list(self.days), pa.string())}))
            lines = connection.sql(_lines(self.secret, source, people, personal)).to_arrow_table()["_line"]
        if not len(lines):
            return rows, 0
        theirs = pc.is_in(rows[LINE], lines.combine_chunks())
        return rows.filter(pc.invert(theirs)), len(lines)

    def is_told(self, line: str) -> bool:
        """Whether a line that could not be read names an address of somebody who was erased."""
        return bool(self.days) and any(self.erased_on("email", found) for found in addresses(line, is_text=True))

    def blanked(self, rows: pa.Table) -> pa.Table:
        """Return raw rows of others without the addresses of erased people, in whatever column somebody wrote them."""
        asked = [field.name for field in rows.schema if field.name != LINE and has_sign(rows[field.name])]
        if not self.days or not asked:
            return rows
        found = f"list_concat({', '.join(addresses_within(identifier(column)) for column in asked)}, [])"
        digests = _DIGEST.format(secret=self.secret, text="'email:' || address")
        query = (
            f"SELECT {LINE}, address FROM (SELECT {LINE}, unnest({found}) AS address FROM asked) "
            f"WHERE {digests} IN (FROM gone)"
        )
        with duckdb.connect() as connection:
            connection.register("asked", rows.select([LINE, *asked]))
            connection.register("gone", pa.table({"digest": pa.array(list(self.days), pa.string())}))
            told = connection.sql(query).to_arrow_table()
        theirs, named = pc.is_in(rows[LINE], told[LINE].combine_chunks()), set(told["address"].to_pylist())
        for column in asked if named else ():
            texts = pa.array(
                [text and without(text, named) for text in rows[column].filter(theirs).to_pylist()], pa.string()
            )
            blanked = pc.replace_with_mask(rows[column].combine_chunks(), theirs.combine_chunks(), texts)
            rows = rows.set_column(rows.schema.get_field_index(column), column, blanked)
        return rows


NOBODY = Suppressed()


def read_suppressed(lake: Lake, settings: Settings) -> Suppressed:
    """Return who was erased; raises ConfigurationError where the digests were made with another key."""
    manifest = lake.current(SUPPRESSED.name)
    if manifest is None:
        return NOBODY
    with lake.fs.open(lake.url(SUPPRESSED.name, manifest.files[0])) as stream:
        rows = pq.read_table(stream, columns=["digest", "erased_on"])
    secret = secret_of(settings, create=False)
    days = dict(zip(rows["digest"].to_pylist(), rows["erased_on"].to_pylist(), strict=True))
    if digest(secret, "secret", "") not in days:
        raise ConfigurationError(
            f"The key of erasures is not the one that erased people were hashed with; put the former one into "
            f"KINDRED_ERASURE_KEY, or back into {settings.home / KEY_FILE}: without it an import would bring them back."
        )
    return Suppressed(secret, days)


@dataclass(frozen=True)
class Gone:
    """Who is erased by one erasure: kinds and values of all by which they would be known again."""

    erasure_id: str
    day: date
    things: Iterable[tuple[str, str]] = field(repr=False)


def suppress(lake: Lake, secret: str, *gone: Gone) -> DatasetRef:
    """Add the digests of erasures to those of earlier ones; the same twice changes nothing."""
    manifest = lake.current(SUPPRESSED.name)
    rows: list[dict[str, object]] = []
    if manifest is not None:
        with lake.fs.open(lake.url(SUPPRESSED.name, manifest.files[0])) as stream:
            rows = pq.read_table(stream).to_pylist()
    known = {row["digest"] for row in rows}
    for one in gone:
        new = {digest(secret, kind, value): kind for kind, value in [*one.things, ("secret", "")]}
        facts = {"erasure_id": one.erasure_id, "erased_on": one.day}
        rows += [{"digest": each, "kind": kind, **facts} for each, kind in new.items() if each not in known]
        known |= new.keys()
    rows.sort(key=lambda row: str(row["digest"]))
    version = fingerprint([row["digest"] for row in rows])
    if manifest is not None and manifest.version == version:
        return manifest.ref  # whoever is killed while writing it anew would leave half of it
    file = f"{version}.parquet"
    with lake.fs.open(lake.url(SUPPRESSED.name, file), "wb") as stream:
        pq.write_table(pa.Table.from_pylist(rows, schema=SUPPRESSED.schema), stream, compression="zstd")
    return lake.commit(SUPPRESSED.name, version, [file], len(rows))


def secret_of(settings: Settings, *, create: bool) -> str:
    """Return the key of the digests, as hex: of the setting, else of a file in the home, which is made if it may be."""
    if settings.erasure_key:
        return hashlib.sha256(settings.erasure_key.encode()).hexdigest()
    place = settings.home / KEY_FILE
    if not place.exists() and create:
        open_home(settings.home)
        draft = place.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}.draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as sink:
            json.dump({"key": secrets.token_hex(32)}, sink)
        draft.replace(place)
    return str(json.loads(place.read_text())["key"]) if place.exists() else ""


def digest(secret: str, kind: str, value: str) -> str:
    """Return the keyed digest of a value: SHA-256 of the key and of the SHA-256 of key and value, as NMAC is built."""
    inner = hashlib.sha256(f"{secret}{kind}:{plain(kind, value)}".encode()).hexdigest()
    return hashlib.sha256(f"{secret}{inner}".encode()).hexdigest()


def plain(kind: str, value: str) -> str:
    """Return a value as it is compared: addresses in small letters and composed, of numbers their last nine digits."""
    if kind == "phone":
        return re.sub(r"\D", "", value)[-PHONE_DIGITS:]
    return plain_address(value) if kind == "email" else value.strip()


def _lines(secret: str, source: str, people: Sequence[str], personal: Sequence[str]) -> str:
    """SQL of the lines of rows one of whose digests is among those of ``gone``."""

    def hashed(kind: str, text: str) -> str:
        return _DIGEST.format(secret=secret, text=f"'{kind}:' || {text}")

    keys = [f"{literal(f'{source}.')} || trim({identifier(column)})" for column in people]
    found = [f"[{', '.join(hashed('key', key) for key in keys)}]"] if keys else []
    if personal:
        written = f"list_concat({', '.join(addresses_of(identifier(column)) for column in personal)}, [])"
        numbers = f"list_filter([{', '.join(_number(column) for column in personal)}], lambda n: n IS NOT NULL)"
        found.append(
            f"CASE WHEN len({written}) > 0 THEN list_transform({written}, lambda a: {hashed('email', 'a')}) "
            f"ELSE list_transform({numbers}, lambda n: {hashed('phone', 'n')}) END"
        )
    hashes = f"SELECT {LINE}, unnest(list_concat({', '.join(found)}, [])) AS digest FROM asked"
    return f"SELECT DISTINCT {LINE} FROM ({hashes}) SEMI JOIN gone USING (digest)"


def _number(column: str) -> str:
    digits = f"regexp_replace({identifier(column)}, '\\D', '', 'g')"
    return f"CASE WHEN length({digits}) >= {PHONE_DIGITS} THEN right({digits}, {PHONE_DIGITS}) END"
