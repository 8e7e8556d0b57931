"""Flaws as vectorised functions on Arrow string arrays: typing errors, case, whitespace, address variants.

Every function takes values and a mask or choices of the same length and returns a new array; nulls stay null.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.names import romanised

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.integer[Any]]

_KEYBOARD = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioopsdfghjkklxcvbnmn", strict=True))
_LOOKALIKES = (("rn", "m"), ("m", "rn"), ("l", "1"), ("o", "0"), ("i", "l"), ("e", "c"), ("u", "v"))


def join(*parts: pa.Array | str) -> pa.Array:
    """The parts of each row in one string; null where any part is null."""
    return pc.binary_join_element_wise(*parts, "")


def choose(mask: Mask, yes: pa.Array | str | None, no: pa.Array | str | None) -> pa.Array:
    """``yes`` where the mask holds, else ``no``."""
    typed = [pa.scalar(v, pa.string()) if v is None or isinstance(v, str) else v for v in (yes, no)]
    return pc.if_else(pa.array(mask), *typed)


def picked(options: Sequence[str | None], codes: Ints) -> pa.Array:
    """The option of each code."""
    return pa.array(list(options), pa.string()).take(pa.array(codes))


def numbered(numbers: Ints, width: int = 0) -> pa.Array:
    """Whole numbers as text, padded with zeros to a width."""
    text = pc.cast(pa.array(numbers), pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def _replace_at(values: pa.Array, at: int, middle: pa.Array, skip: int) -> pa.Array:
    return join(pc.utf8_slice_codeunits(values, 0, at), middle, pc.utf8_slice_codeunits(values, at + skip))


def _transpose(values: pa.Array, at: int) -> pa.Array:
    second = pc.utf8_slice_codeunits(values, at + 1, at + 2)
    return _replace_at(values, at, join(second, pc.utf8_slice_codeunits(values, at, at + 1)), 2)


def _drop(values: pa.Array, at: int) -> pa.Array:
    return join(pc.utf8_slice_codeunits(values, 0, at), pc.utf8_slice_codeunits(values, at + 1))


def _double(values: pa.Array, at: int) -> pa.Array:
    letter = pc.utf8_slice_codeunits(values, at, at + 1)
    return _replace_at(values, at, join(letter, letter), 1)


def _slip(values: pa.Array, at: int) -> pa.Array:
    letter = pc.utf8_slice_codeunits(values, at, at + 1)
    key = pc.index_in(letter, pa.array(list(_KEYBOARD)))
    return _replace_at(values, at, pc.coalesce(pa.array(list(_KEYBOARD.values())).take(key), letter), 1)


def _misread(values: pa.Array, at: int) -> pa.Array:
    pattern, replacement = _LOOKALIKES[at % len(_LOOKALIKES)]
    return pc.replace_substring(values, pattern, replacement, max_replacements=1)


_SLIPS = (_transpose, _drop, _double, _slip, _misread)


def typos(values: pa.Array, mask: Mask, rng: np.random.Generator) -> pa.Array:
    """One typing or reading error (transposition, omission, doubling, neighbouring key, lookalike) where masked.

    Errors fall on the second to sixth character; values shorter than four characters stay as they are.
    """
    lengths = pc.fill_null(pc.utf8_length(values), 0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(mask & (lengths >= 4))
    kinds = rng.integers(len(_SLIPS), size=len(rows))
    places = 1 + (rng.random(len(rows)) * np.minimum(lengths[rows] - 3, 5)).astype(np.int64)
    changed = values.take(pa.array(rows))
    for kind, slip in enumerate(_SLIPS):
        for place in range(1, 6):
            here = (kinds == kind) & (places == place)
            if here.any():
                changed = pc.replace_with_mask(changed, pa.array(here), slip(changed.filter(pa.array(here)), place))
    same = pc.equal(changed, values.take(pa.array(rows)))  # "aa" transposed, no lookalike in the word
    changed = pc.if_else(same, _double(changed, 1), changed)
    full = np.zeros(len(values), dtype=bool)
    full[rows] = True
    return pc.replace_with_mask(values, pa.array(full), changed)


def spaced(values: pa.Array, mask: Mask, rng: np.random.Generator) -> pa.Array:
    """Stray whitespace before, after or around the value where masked."""
    kind = rng.integers(4, size=len(values))
    before, after = picked(["", " ", "  ", ""], kind), picked([" ", "", " ", "\u00a0"], kind)
    return choose(mask, join(before, values, after), values)


def dotted(addresses: pa.Array, mask: Mask) -> pa.Array:
    """Gmail addresses written with another dot, which Gmail ignores, where masked."""
    moved = join(pc.utf8_slice_codeunits(addresses, 0, 2), ".", pc.utf8_slice_codeunits(addresses, 2))
    return choose(mask, pc.replace_substring(pc.replace_substring(moved, "..", "."), ".@", "@"), addresses)


def tagged(addresses: pa.Array, mask: Mask, rng: np.random.Generator) -> pa.Array:
    """Addresses with a plus-tag where masked."""
    tag = picked(["+news@", "+crm@", "+trial@", "+work@", "+2026@"], rng.integers(5, size=len(addresses)))
    local, domain = halves(addresses)
    return choose(mask, join(local, tag, domain), addresses)


def halves(addresses: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Local parts and domains."""
    found = pc.extract_regex(addresses, r"^(?P<local>[^@]*)@(?P<domain>.*)$")
    return pc.struct_field(found, "local"), pc.struct_field(found, "domain")


def ascii_spelling(values: pa.Array, mask: Mask) -> pa.Array:
    """Values in ASCII letters where masked; each distinct value is spelled once."""
    encoded = pc.dictionary_encode(values)
    spelled = [name if name is None or name.isascii() else romanised(name) for name in encoded.dictionary.to_pylist()]
    return choose(mask, pa.array(spelled, pa.string()).take(encoded.indices), values)


def layered(base: pa.Array, *layers: tuple[Mask, pa.Array | str | None]) -> pa.Array:
    """``base`` with each layer laid over it where its mask holds, in order."""
    return reduce(lambda below, layer: choose(layer[0], layer[1], below), layers, base)
