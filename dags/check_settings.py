"""Defines no DAG: an import error here names a variable that is no setting, and takes no other DAG away."""

from __future__ import annotations

from include.contracts.settings import Settings

Settings.from_environment()
