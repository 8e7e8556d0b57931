"""Defines no DAG: an error here, which `airflow dags list-import-errors` shows, names a variable that is no setting.

It takes no other DAG away.
"""

from __future__ import annotations

import os

from include.contracts.errors import ConfigurationError
from include.contracts.settings import unknown_settings

if unknown := unknown_settings(os.environ):
    raise ConfigurationError(" ".join(unknown))
