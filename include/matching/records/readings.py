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
SEEN = pa.schema([("name", pa.int32()), ("other", pa.int32()), ("word", pa.string())])
COMMON = pa.schema([("name", pa.int32()), ("word", pa.string()), ("people", pa.int64())])
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
            seen.append(pa.table([name[at[told]], other[at[told]], words], schema=SEEN))
    return pa.concat_tables(seen)


def in_common(seen: pa.Table) -> pa.Table:
    """Which words enough people of a name have in common, and few others have; all that was seen of a word is here.

    Returns names, words, and how many different other names those people have (``COMMON``). Rows without a word tell
    of how many there are of a name with any word.
    """
    both = (
        seen.group_by(["name", "word", "other"]).aggregate([]).group_by(["name", "word"]).aggregate([([], "count_all")])
    )
    both = both.rename_columns(COMMON.names).cast(COMMON)
    of_word, of_name = (both.group_by(one).aggregate([("people", "sum")]) for one in ("word", "name"))
    found = both.join(of_word, "word")
    own = pc.greater_equal(found["people"], pc.multiply(found["people_sum"], SHARE))
    found = found.filter(pc.and_(own, pc.greater_equal(found["people"], PEOPLE))).select(COMMON.names)
    every = pa.table([of_name["name"], pa.nulls(of_name.num_rows, pa.string()), of_name["people_sum"]], schema=COMMON)
    return pa.concat_tables([found, every])


def readings(told: pa.Table, names: int) -> pa.Array:
    """The word that each of so many names is read as, empty where there is none; ``told`` by ``in_common``."""
    some = pc.is_valid(told["word"])
    every, found = told.filter(pc.invert(some)), told.filter(some)
    of_name = np.bincount(every["name"].to_numpy(), every["people"].to_numpy(), names)
    enough = found["people"].to_numpy() >= SHARE * of_name[found["name"].to_numpy()]
    chosen = found.filter(pa.array(enough)).sort_by([("people", "ascending"), ("word", "descending")])
    read = dict(zip(chosen["name"].to_pylist(), chosen["word"].to_pylist(), strict=True))
    return pa.array([read.get(name, "") for name in range(names)], pa.string())
