"""Events: what people did and what happened to them, each kind declared once; conditions of segments ask about them.

The kinds of every company are declared in ``kinds.py``, those of its own product in ``config/events.yaml``. Written by
``measure``.
"""

from __future__ import annotations

from include.contracts.events.declaration import EVENT, EVENT_KIND, EventKind
from include.contracts.events.kinds import KINDS
from include.contracts.events.settings import EventSettings, Vocabulary, read_events

HAPPENED = (EVENT, EVENT_KIND)

__all__ = ["EVENT", "EVENT_KIND", "HAPPENED", "KINDS", "EventKind", "EventSettings", "Vocabulary", "read_events"]
