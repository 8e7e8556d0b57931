"""``python -m include.identity.compile``: compile the kernels once, at set-up."""

from __future__ import annotations

import importlib

if __name__ == "__main__":
    importlib.import_module("include.identity.kernels")
