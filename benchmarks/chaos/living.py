"""An installation whose stages are run by processes, and how far a run in it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from include.contracts.settings import ROOT
from include.pipeline import STAGES

Answer = dict[str, Any]
STEPS = (*(f"extract {name}" for name in ("crm", "email", "usage", "nps")), *STAGES)
LOCALE = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
PATIENCE = 900  # seconds that a stage may take


@dataclass
class Worker:
    """A process that forks one for each stage."""

    environment: dict[str, str]
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.chaos.process"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **task: Any) -> Answer:
        assert self.process.stdin is not None and self.process.stdout is not None
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        try:
            print(json.dumps(task), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
            return json.loads(line) if line else {"fault": f"{task['stage']} hung, or its process did not start"}
        finally:
            watch.cancel()


@dataclass
class Home:
    """One installation; ``clock`` is the library that its processes load to have another clock."""

    place: Path
    exports: Path
    clock: Path | None = None
    runs: int = 0
    workers: dict[str, Worker] = field(default_factory=dict)

    def worker(self, name: str) -> Worker:
        """A process by a name, started once; the one that is called locale knows ASCII alone."""
        if name not in self.workers:
            given = {known: os.environ[known] for known in ("PATH", "HOME") if known in os.environ}
            given |= {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(self.place), "KINDRED_DATA": str(self.exports)}
            given |= {"KINDRED_THREADS": "2"} | ({"LD_PRELOAD": str(self.clock)} if self.clock else {})
            self.workers[name] = Worker(given | (LOCALE if name == "locale" else {}))
        return self.workers[name]

    def way(self) -> Way:
        """A new run, at its beginning."""
        self.runs += 1
        return Way(self, f"run {self.runs}")

    def close(self) -> None:
        for worker in self.workers.values():
            worker.process.kill()
            worker.process.wait()


@dataclass
class Way:
    """How far a run is, and by which process and with which variables it goes on."""

    home: Home
    run: str
    step: int = 0
    refs: dict[str, Any] = field(default_factory=dict)
    worker: str = "first"
    variables: dict[str, str] = field(default_factory=dict)

    def ask(self, on: date, **aimed: Any) -> Answer:
        """Run the next stage; ``aimed`` is the fault that happens meanwhile, and at which moment."""
        task = {"stage": STEPS[self.step], "run": self.run, "as_of": on.isoformat(), "refs": self.refs}
        return self.home.worker(self.worker).ask(**task, variables=self.variables, **aimed)

    def go(self, on: date, until: int = len(STEPS)) -> list[Answer]:
        """Go on until a stage, or until one does not go through; returns all answers."""
        answers: list[Answer] = []
        while self.step < until and (not answers or "refs" in answers[-1]):
            answers.append(self.ask(on))
            if "refs" in answers[-1]:
                self.refs, self.step = answers[-1]["refs"], self.step + 1
        return answers


def said(answer: Answer) -> str:
    """What a stage's answer comes to."""
    return "went on" if "refs" in answer else answer.get("sentence") or answer.get("ended") or answer["fault"]
