"""What `doctor` asks the systems that are asked live: do they answer, do they know who asks, may it see each object?"""

from __future__ import annotations

from collections.abc import Iterator

from include.cli import airflow
from include.cli.finding import Finding
from include.contracts.errors import CredentialError, PermissionDeniedError, RetryableError
from include.contracts.settings import Settings
from include.contracts.sources import SourceSettings, sources_of
from include.sources.live.http import Patience
from include.sources.live.opened import Means, opened

BRIEF = Patience(attempts=2, first_pause=0.5, connect_seconds=5, read_seconds=20, longest_wait=5)


def live(settings: Settings) -> Iterator[Finding]:
    """Do the systems that are asked live answer, and let whoever asks see each object?"""
    for name, source in sources_of(settings).items():
        if source.live is not None:
            yield from _answers(name, source)


def _answers(name: str, source: SourceSettings) -> Iterator[Finding]:
    check, objects = f"source {name}", ", ".join(source.objects)
    try:
        with opened(name, source, Means(airflow.connection, patience=BRIEF)) as access:
            for declared in map(source.system.file, source.objects):
                access.live.check(declared)
        yield Finding(check, "ok", f"answers, and shows {objects}")
    except CredentialError as error:
        yield Finding(check, "fail", f"wrong credential: {error}", "Renew what the connection holds.")
    except PermissionDeniedError as error:
        yield Finding(check, "fail", f"missing permission: {error}", f"Let its user read {objects}.")
    except RetryableError as error:
        yield Finding(check, "fail", f"unreachable: {error}", "Look at the host of the connection, and at the network.")
