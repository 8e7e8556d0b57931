"""Where the launcher keeps things: one home an installation, one installation a folder of exports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.contracts.errors import ConfigurationError
from include.contracts.settings import ROOT, Settings

PORT = 8080  # of Airflow under `make up`, where it is free


@dataclass(frozen=True, slots=True)
class Layout:
    """The files and folders of one installation's home."""

    home: Path

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.home / "airflow"

    @property
    def logs(self) -> Path:
        """One file a process; the tasks' logs are in ``tasks``."""
        return self.home / "logs"

    @property
    def task_logs(self) -> Path:
        """Airflow's tree of task logs."""
        return self.logs / "tasks"

    @property
    def lock(self) -> Path:
        """Held by the one launcher at work; it says who that is."""
        return self.home / "launch.lock"

    @property
    def secrets(self) -> Path:
        """Keys that Airflow's processes share, generated once."""
        return self.airflow / "secrets.json"

    @property
    def passwords(self) -> Path:
        """The passwords file of Airflow's SimpleAuth."""
        return self.airflow / "passwords.json"

    @property
    def migrated(self) -> Path:
        """The Airflow version that the metadata database was last migrated to."""
        return self.airflow / "migrated"

    def task_log(self, dag: str, run: str, task: str, attempt: int) -> Path:
        """Return the log of one attempt at a task."""
        return self.task_logs / f"dag_id={dag}" / f"run_id={run}" / f"task_id={task}" / f"attempt={attempt}.log"


def settings_for(data: Path | None, *, schedules: bool) -> Settings:
    """Return the settings of the sample's installation, or of the one that belongs to a folder of exports.

    ``schedules`` lets DAGs start by the clock; the sample's never do, as nothing new ever comes to it. Raises
    ConfigurationError when the folder does not exist.
    """
    settings = Settings.of(data)
    if settings.data is not None and not settings.data.is_dir():
        raise ConfigurationError(f"There is no folder {settings.data}; DATA names the folder that holds your exports.")
    is_scheduled = schedules and settings.data is not None
    changes: dict[str, object] = {"schedules": "on" if is_scheduled else "off", "home": settings.home.resolve()}
    return settings.model_copy(update=changes)


def homes() -> list[Path]:
    """Return the homes of all installations of this checkout."""
    home = Settings.from_environment().home.resolve()
    return [home, *sorted((ROOT / ".kindred" / "data").glob("*"))]
