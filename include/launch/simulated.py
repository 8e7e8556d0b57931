"""`make run SOURCES=simulated`: the sample company, asked at its systems instead of read from its exports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from include.contracts.settings import ROOT, Settings
from include.launch.layout import settings_for
from include.samples.servers.company import SHARE, company


def simulated_settings() -> Settings:
    """Return the settings of the installation whose sources are servers on this machine."""
    settings = settings_for(None, schedules=False)
    home = ROOT / ".kindred" / "data" / "simulated"
    return settings.model_copy(update={"home": home, "config": home / "sample" / "config"})


@contextmanager
def served(settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
    """Serve the sample company's systems while the block runs, with their connections in the environment."""
    say(f"Starting the sample company's systems; {SHARE:.0%} of the requests to them go wrong")
    with company(settings.exports, settings.config) as connections:
        os.environ.update(connections)
        try:
            yield
        finally:
            for name in connections:
                os.environ.pop(name, None)
