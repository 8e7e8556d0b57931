"""The environment of Airflow's processes: what they share, and what makes them quick on a small machine."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from include.contracts.settings import PREFIX, ROOT, Settings
from include.launch.layout import Layout

USER = "admin"

# Each line was measured; with Airflow's defaults a chain of small tasks takes three times as long.
TUNING: Mapping[str, str] = MappingProxyType(
    {
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # else a task holds its slot for up to 5 s after its end
        "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }
)

PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "AIRFLOW__CORE__EXECUTOR": "kindred_executor.PreloadedLocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "great_expectations=WARNING",
        "GX_ANALYTICS_ENABLED": "False",
        "PYTHONUNBUFFERED": "1",
    }
)


def airflow_environment(settings: Settings, layout: Layout, *, database: str, port: int) -> dict[str, str]:
    """Return the variables of all of Airflow's processes; of the shell's own, Airflow's settings are left out.

    ``database`` is the SQLAlchemy URL of the metadata database, ``port`` the API server's.
    """
    own = {k: v for k, v in os.environ.items() if not _is_foreign(k)}
    url = f"http://127.0.0.1:{port}"
    return {
        **own,
        **PLAIN,
        **TUNING,
        **_secrets(layout.secrets),
        **_settings_variables(settings),
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)])),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "NO_PROXY": _without_proxy(os.environ.get("NO_PROXY", "")),
        "no_proxy": _without_proxy(os.environ.get("no_proxy", "")),
        "AIRFLOW_HOME": str(layout.airflow),
        "AIRFLOW__CORE__PARALLELISM": str(max(4, os.cpu_count() or 1)),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(layout.task_logs),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(layout.logs / "dags"),
    }


def password(layout: Layout) -> str:
    """Return the password of the one user, generating it at first; only the file's owner may read it."""
    known = _kept(layout.passwords, lambda: {USER: secrets.token_urlsafe(12)})
    return known[USER]


def free_port(*wanted: int) -> int:
    """Return the first of the wanted ports that is free, else any free one."""
    for port in (*wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("port 0 is always free")


def _is_foreign(name: str) -> bool:
    """Whether a variable of the shell would disturb: another Airflow's settings, or no bytecode (it costs seconds)."""
    is_airflow = name.startswith("AIRFLOW_") and not name.startswith(("AIRFLOW_CONN_", "AIRFLOW_VAR_"))
    return is_airflow or name in {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME"} or name.startswith(PREFIX)


def _settings_variables(settings: Settings) -> dict[str, str]:
    return {PREFIX + name.upper(): str(value) for name, value in settings if value is not None}


def _secrets(path: Path) -> dict[str, str]:
    return _kept(
        path,
        lambda: {
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        },
    )


def _kept(path: Path, generate: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Return the JSON object in the file, writing it at first, for the owner's eyes only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(generate(), file)
        draft.replace(path)
    content: dict[str, str] = json.loads(path.read_text("utf-8"))
    return content


def _without_proxy(given: str) -> str:
    return ",".join(dict.fromkeys([*filter(None, given.split(",")), "127.0.0.1", "localhost"]))
