"""Live progress: a table on a terminal, a line a change elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType

from rich.console import Console, JustifyMethod
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from include.launch.api import TaskInstance

MARKS: Mapping[str, tuple[str, str]] = {
    "success": ("✓", "green"),
    "failed": ("✗", "red"),
    "upstream_failed": ("–", "dim"),
    "up_for_retry": ("↻", "yellow"),
    "skipped": ("‖", "yellow"),
}
WORDS: Mapping[str, str] = {
    "running": "begins",
    "success": "done",
    "up_for_retry": "failed, will be tried again",
    "skipped": "held for a person",
}
RUNNING = Spinner("dots", style="cyan")  # one for all, so that it turns on from table to table
QUIET = frozenset({"waiting", "scheduled", "queued", "upstream_failed"})
MOST_COUNTS = 4

Counts = Mapping[str, int]
_JUSTIFY: tuple[JustifyMethod, ...] = ("left", "left", "left", "right", "left")


class Progress:
    """Shows tasks as they go; a context on the console it writes to."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=False) if console.is_terminal else None
        self._seen: dict[tuple[str, str, str], str] = {}
        self._started = console.get_time()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live and self._live.is_started:
            self._live.stop()

    def say(self, text: str) -> None:
        """Tell what the launcher itself is doing."""
        self._console.print(
            f"[dim]{self._console.get_time() - self._started:5.1f} s[/]  {text}", highlight=False, soft_wrap=True
        )

    def show(self, tasks: Iterable[tuple[TaskInstance, Counts]], now: datetime) -> None:
        """Show how the tasks stand."""
        if self._live is None:
            self._print_changes(tasks)
            return
        if not self._live.is_started:
            self._live.start()
        self._live.update(_table(tasks, now))

    def _print_changes(self, tasks: Iterable[tuple[TaskInstance, Counts]]) -> None:
        for task, counts in tasks:
            state = f"{task.state} {task.attempt}"
            if task.state in QUIET or self._seen.get(task.key) == state:
                continue
            self._seen[task.key] = state
            took = f"  {task.seconds:.1f} s" if task.seconds is not None and task.state != "running" else ""
            self.say(f"{task.dag}.{task.task}  {_word(task.state)}{took}  {spell(counts)}".rstrip())


def spell(counts: Counts) -> str:
    """Return counts as words, those of several objects added up; zero says nothing."""
    totals: Counter[str] = Counter()
    for name, count in counts.items():
        if ".unknown." in name:
            totals["columns not used"] += 1  # the count is that of the rows that carry it
        else:
            totals[name.rpartition(".")[2].replace("_", " ")] += count
    told = [f"{name} {count:,}" for name, count in sorted(totals.items(), key=_by_size) if count]
    return ", ".join(told[:MOST_COUNTS])


def _by_size(total: tuple[str, int]) -> tuple[int, str]:
    return -total[1], total[0]


def _table(tasks: Iterable[tuple[TaskInstance, Counts]], now: datetime) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in _JUSTIFY:
        table.add_column(justify=justify)
    before = ""
    for task, counts in tasks:
        dag = task.dag if task.dag != before else ""
        before = task.dag
        table.add_row(_mark(task), Text(dag, "bold"), task.task, _seconds(task, now), Text(spell(counts), "dim"))
    return table


def _mark(task: TaskInstance) -> Spinner | Text:
    if task.state == "running":
        return RUNNING
    return Text(*MARKS.get(task.state, ("·", "dim")))


def _seconds(task: TaskInstance, now: datetime) -> str:
    if task.started is None or task.state in QUIET:
        return ""
    seconds = task.seconds if task.seconds is not None else (now - task.started).total_seconds()
    return f"{max(seconds, 0.0):.1f} s"


def _word(state: str) -> str:
    return WORDS.get(state, state)
