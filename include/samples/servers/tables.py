"""The rows of a simulated system: all text, each known by its key; how they are deleted and merged is each vendor's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from include.contracts.exports import ExportFile


def moment_text(moment: datetime) -> str:
    """A moment as the systems write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Rows:
    """An object's rows."""

    declared: ExportFile
    table: pa.Table
    fields: dict[str, str] = field(default_factory=dict)  # what the system calls their kinds

    @classmethod
    def of(cls, declared: ExportFile, rows: Iterable[Mapping[str, str | None]] = ()) -> Rows:
        """Hold rows; a column that a row does not name is empty."""
        given = list(rows)
        columns = {name: pa.array([row.get(name) or None for row in given], pa.string()) for name in declared.names}
        return cls(declared, pa.table(columns))

    @classmethod
    def read(cls, declared: ExportFile, exports: Path) -> Rows:
        """Hold the rows of an export's CSV file."""
        place = exports / declared.path
        table = pa_csv.read_csv(
            place,
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in declared.names}, strings_can_be_null=True, null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
        return cls(declared, table.select([name for name in declared.names if name in table.column_names]))

    @property
    def names(self) -> list[str]:
        """The columns that there are."""
        return list(self.table.column_names)

    def changed(self, column: str, since: str | None, until: str | None) -> pa.Table:
        """Return the rows whose column lies in [since, until), as moments to the second."""
        table = self.table
        if since is None and until is None:
            return table
        moments = pc.replace_substring(pc.utf8_slice_codeunits(table[column], 0, 19), " ", "T")
        kept = pc.is_valid(moments)
        if since is not None:
            kept = pc.and_kleene(kept, pc.greater_equal(moments, since[:19]))
        if until is not None:
            kept = pc.and_kleene(kept, pc.less(moments, until[:19]))
        return table.filter(kept)

    def put(self, *rows: Mapping[str, str | None]) -> None:
        """Add rows, in the place of those of the same key."""
        key = self.declared.key
        new = pa.array([row[key] for row in rows], pa.string())
        kept = self.table.filter(pc.invert(pc.is_in(self.table[key], new)))
        columns = {name: pa.array([row.get(name) or None for row in rows], pa.string()) for name in self.names}
        self.table = pa.concat_tables([kept, pa.table(columns)])

    def row(self, key: str) -> dict[str, str | None]:
        """Return the row of a key."""
        found: dict[str, str | None] = self.table.filter(pc.equal(self.table[self.declared.key], key)).to_pylist()[0]
        return found

    def without(self, *keys: str) -> None:
        """Forget rows, as a system does that tells nothing of them afterwards."""
        self.table = self.table.filter(pc.invert(pc.is_in(self.table[self.declared.key], pa.array(keys, pa.string()))))

    def lose(self, column: str) -> None:
        """Have one column less."""
        self.table = self.table.drop_columns([column])

    def gain(self, column: str, value: str) -> None:
        """Have one column more."""
        self.table = self.table.append_column(column, pa.repeat(pa.scalar(value), len(self.table)))


def as_csv(table: pa.Table, names: Iterable[str], *, header: bool = True) -> bytes:
    """A table as CSV, each value quoted, what is empty left empty."""
    sink = pa.BufferOutputStream()
    options = pa_csv.WriteOptions(include_header=header, quoting_style="all_valid")
    pa_csv.write_csv(table.rename_columns(list(names)), sink, options)
    return bytes(sink.getvalue().to_pybytes())
