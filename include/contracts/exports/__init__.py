"""The vendors' export formats: every file and column that Kindred takes in, declared once.

The generator of samples writes them, extraction and staging read them, ``docs/exports.md`` describes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from include.contracts.exports import delighted, pardot, salesforce, segment
from include.contracts.exports.declaration import ExportColumn, ExportFile

EXPORTS: Mapping[str, tuple[ExportFile, ...]] = MappingProxyType(
    {
        "salesforce_export": salesforce.FILES,
        "pardot_export": pardot.FILES,
        "segment_export": segment.FILES,
        "delighted_export": delighted.FILES,
    }
)

__all__ = ["EXPORTS", "ExportColumn", "ExportFile"]
