"""The process that forks Spark's Python workers: what every task needs is imported in it once, not in each of them."""

from __future__ import annotations

import gc
from importlib import import_module

from pyspark.daemon import manager

MODULES = ("pandas", "pyspark.worker", "include.matching.spark.resolution")


def main() -> None:
    """Import, and wait for Spark to ask for workers."""
    for name in MODULES:
        import_module(name)
    gc.freeze()  # a worker's collector leaves alone what all of them share
    manager()


if __name__ == "__main__":
    main()
