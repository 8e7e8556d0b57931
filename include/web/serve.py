"""The application by itself, for people and tools that have no Airflow account: keys and sessions decide who calls."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from include.contracts.errors import ConfigurationError
from include.storage.project import Project
from include.web.app import create_app
from include.web.callers import by_key
from include.web.limits import Limiter

CALLS_PER_SECOND = 300.0
CALLS_AT_ONCE = 600


def standalone(project: Project) -> FastAPI:
    """Return the application for callers with API keys, and for browsers that signed in with one."""
    limiter = Limiter(CALLS_PER_SECOND, CALLS_AT_ONCE)
    return create_app(project, by_key(project.warehouse, limiter), secret=session_secret(project.settings.home))


def serve(project: Project, host: str, port: int) -> None:
    """Serve until somebody stops the process; raises ConfigurationError when the port is taken."""
    config = uvicorn.Config(
        standalone(project), host=host, port=port, log_level="warning", server_header=False, date_header=True
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except SystemExit:
        raise ConfigurationError(f"Port {port} on {host} cannot be used; choose another with --port.") from None


def session_secret(home: Path) -> str:
    """Return the secret that signs sessions, made once and readable by its owner alone."""
    place = home / "web.secret"
    home.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return place.read_text("utf-8")
    with os.fdopen(handle, "w", encoding="utf-8") as sink:
        sink.write(secrets.token_urlsafe(32))
    return place.read_text("utf-8")
