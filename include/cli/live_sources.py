"""What `doctor` asks the systems that are asked live: do they answer, do they know who asks, may it see each object?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from include.cli import airflow
from include.cli.finding import Finding
from include.contracts.errors import CredentialError, LateSourceError, PermissionDeniedError, RetryableError
from include.contracts.settings import Settings
from include.contracts.sources import SourceSettings, sources_of
from include.remote.http import Patience
from include.sources.live.opened import Means, opened
from include.sources.live.store import Store

BRIEF = Patience(attempts=2, first_pause=0.5, connect_seconds=5, read_seconds=20, longest_wait=5)


def live(settings: Settings) -> Iterator[Finding]:
    """Do the systems that are asked live answer, and let whoever asks see each object?"""
    for name, source in sources_of(settings).items():
        if source.live is not None:
            yield from _told(name, partial(_ask, name, source), "answers, and shows", source)
        elif source.stored is not None:
            yield from _told(name, partial(_look, name, source), "can be fetched:", source)


def _ask(name: str, source: SourceSettings) -> None:
    with opened(name, source, Means(airflow.connection, patience=BRIEF)) as access:
        for declared in map(source.system.file, source.objects):
            access.live.check(declared)


def _look(name: str, source: SourceSettings) -> None:
    assert source.stored is not None
    store = Store(name, source.stored, Means(airflow.connection, patience=BRIEF))
    for declared in map(source.system.file, source.objects):
        store.find(declared)


def _told(name: str, call: Callable[[], None], well: str, source: SourceSettings) -> Iterator[Finding]:
    check, objects = f"source {name}", ", ".join(source.objects)
    try:
        call()
        yield Finding(check, "ok", f"{well} {objects}")
    except CredentialError as error:
        yield Finding(check, "fail", f"wrong credential: {error}", "Renew what the connection holds.")
    except PermissionDeniedError as error:
        yield Finding(check, "fail", f"missing permission: {error}", f"Let its user read {objects}.")
    except LateSourceError as error:
        yield Finding(check, "warn", str(error))
    except RetryableError as error:
        yield Finding(check, "fail", f"unreachable: {error}", "Look at the host of the connection, and at the network.")
