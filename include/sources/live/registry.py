"""The systems that can be asked live, by the kind of system that they are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from include.sources.live.system import LiveKind
from include.sources.live.systems import account_engagement, salesforce, typeform

LIVE: Mapping[str, LiveKind] = MappingProxyType(
    {"salesforce_export": salesforce.KIND, "pardot_export": account_engagement.KIND, "typeform": typeform.KIND}
)
