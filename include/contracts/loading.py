"""Importing what is large without the garbage collector's walking through it, again and again."""

from __future__ import annotations

import atexit
import gc
import sys
from importlib import import_module
from types import ModuleType


def load(name: str) -> ModuleType:
    """Import a module, and let the garbage collector pass over all that is there by then, for modules stay.

    It would walk through them some hundred times while more are imported, and again in each full collection, which
    takes a quarter of a run on which nothing has changed.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.collect()  # what is garbage by now would be kept for ever
    was_on = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        atexit.unregister(gc.unfreeze)
        atexit.register(gc.unfreeze)  # compiled modules complain where they are not taken down at the end
        if was_on:
            gc.enable()
