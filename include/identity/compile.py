"""``python -m include.identity.compile``: compile the kernels once, at set-up."""

from __future__ import annotations

import importlib

if __name__ == "__main__":
    for kernels in ("string_kernels", "comparison_kernels", "pair_kernels"):
        importlib.import_module(f"include.identity.{kernels}")
