"""Extraction keeps each export under its content and the number of the code that read it, and reads none twice.

Reading all exports again at each edit would keep them all twice, so the number is raised by hand; this asks for it.
"""

from include.contracts.runs import fingerprint
from include.contracts.settings import ROOT
from include.sources.loads import CODE
from include.storage.code import said

READING = (
    "files/csv_file.py", "files/encoding.py", "files/header.py", "files/ndjson_file.py", "files/reading.py",
    "files/records.py", "files/snapshot.py", "loads.py", "span.py",
)  # fmt: skip


def test_how_files_are_read_has_its_number():
    read = fingerprint([said(ROOT / "include" / "sources" / name) for name in READING])
    assert (CODE, read) == (3, "700aeb4a16e969db"), (
        f"How export files are read was edited. Raise CODE in include/sources/loads.py if a file that was taken in "
        f"before would now be read otherwise; then write {read!r} here."
    )
