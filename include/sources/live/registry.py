"""The systems that can be asked live, by the kind of system that they are; and protocols that go with any kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from include.sources.live.system import LiveKind
from include.sources.live.systems import account_engagement, database, hubspot, qualtrics, salesforce, typeform

LIVE: Mapping[str, LiveKind] = MappingProxyType(
    {
        "salesforce_export": salesforce.KIND,
        "pardot_export": account_engagement.KIND,
        "hubspot": hubspot.KIND,
        "typeform": typeform.KIND,
        "qualtrics": qualtrics.KIND,
    }
)

PROTOCOLS: Mapping[str, LiveKind] = MappingProxyType({"database": database.KIND})  # those that go with any kind


def asked_by(kind: str, protocol: str | None) -> LiveKind | None:
    """Return how a source is asked, by its kind and the protocol that it names; None where it cannot be."""
    return PROTOCOLS[protocol] if protocol else LIVE.get(kind)
