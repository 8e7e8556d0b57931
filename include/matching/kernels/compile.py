"""``python -m include.matching.kernels.compile``: compile the kernels once, at set-up."""

from __future__ import annotations

import importlib

if __name__ == "__main__":
    for kernels in ("strings", "skeletons", "addresses", "comparison", "pairs"):
        importlib.import_module(f"include.matching.kernels.{kernels}")
