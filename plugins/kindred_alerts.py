"""How Airflow tells of an alert: in the log, and by the notifiers that alerts.yaml names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from airflow.sdk import get_current_context

from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from include.operations.alerts import Change
from include.operations.settings import FILE, read_settings

log = logging.getLogger(__name__)


def teller(settings: Settings) -> Callable[[Change], None]:
    """Return what tells of one change. Raises ConfigurationError for a notifier that there is not."""
    notifiers = [(one, _class_of(one.notifier)) for one in read_settings(settings.config).notifiers]

    def tell(change: Change) -> None:
        log.log(logging.INFO if change.is_over else logging.ERROR, "%s", change.sentence)
        for declared, kind in notifiers:
            kind(**filled(declared.arguments, change))(get_current_context())

    return tell


def filled(arguments: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Return a notifier's arguments with the alert's words in them."""
    words = {"kind": change.alert.kind, "sentence": change.sentence, "remedy": change.alert.remedy}
    return {name: _filled(value, words) for name, value in arguments.items()}


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace("{" + name + "}", word)
        return value
    if isinstance(value, Mapping):
        return {name: _filled(inner, words) for name, inner in value.items()}
    return [_filled(inner, words) for inner in value] if isinstance(value, list | tuple) else value


def _class_of(place: str) -> Callable[..., Callable[[Any], None]]:
    module, _, name = place.rpartition(".")
    try:
        found: Callable[..., Callable[[Any], None]] = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise ConfigurationError(
            f"{FILE}: there is no notifier {place}; install what it comes with, or name another."
        ) from None
    return found
