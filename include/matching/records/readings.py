"""How a table writes names in its own addresses where their letters do not tell: 田中 is ``tanaka``, 박 is ``park``.

Where addresses do not spell the names of their owners, a name is read as the word that people of that name and of
different other names have in common there, and few others.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.records.columns import Codes

PEOPLE = 3  # of different other names, who have a name and a word in common
SHARE = 0.1  # of those who bear the name, and of those who go by the word
_WORDS = r"^(?P<one>[^\W\d_]+)[._-]?(?P<two>[^\W\d_]*)[\d._-]*$"


def witnesses(first: Codes, last: Codes, local: Codes, locals_: pa.Array, held: npt.NDArray[np.uint8]) -> pa.Table:
    """Each name of a record, its other name, and each word of its address, where that does not hold its names (1)."""
    at = np.flatnonzero((held != 1) & (local >= 0) & (first >= 0) & (last >= 0))
    asked, said = np.unique(local[at], return_inverse=True)
    found = pc.extract_regex(locals_.take(pa.array(asked)), _WORDS)
    seen = []
    for place in ("one", "two"):
        word = pc.struct_field(found, place)
        word = pc.if_else(pc.greater(pc.utf8_length(word), 2), word, None).take(pa.array(said))
        told = np.flatnonzero(pc.is_valid(word).to_numpy(zero_copy_only=False))
        words = word.take(pa.array(told))
        for name, other in ((first, last), (last, first)):
            seen.append(pa.table({"name": name[at[told]], "other": other[at[told]], "word": words}))
    return pa.concat_tables(seen)


def counted(seen: pa.Table) -> pa.Table:
    """Of each name and word that enough people have in common: how many, and how many have either, in any company."""
    both = (
        seen.group_by(["name", "word", "other"]).aggregate([]).group_by(["name", "word"]).aggregate([([], "count_all")])
    )
    both = both.rename_columns(["name", "word", "people"])
    for one in ("name", "word"):
        of = both.group_by(one).aggregate([("people", "sum")]).rename_columns([one, f"of_{one}"])
        both = both.join(of, one)
    return both.filter(pc.greater_equal(both["people"], PEOPLE))


def readings(common: pa.Table, names: int) -> pa.Array:
    """The word that each of so many names is read as, empty where there is none; ``common`` as ``counted`` gives it."""
    enough = [pc.greater_equal(common["people"], pc.multiply(common[of], SHARE)) for of in ("of_name", "of_word")]
    chosen = common.filter(pc.and_(*enough)).sort_by([("people", "ascending"), ("word", "descending")])
    read = dict(zip(chosen["name"].to_pylist(), chosen["word"].to_pylist(), strict=True))
    return pa.array([read.get(name, "") for name in range(names)], pa.string())
