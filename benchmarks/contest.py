"""The contestants' processes: started when first needed, asked in turn, stopped when a fit takes too long."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import numpy as np

from benchmarks.contestants import CONTESTANTS, Array, Predicted, Train

ROOT = Path(__file__).parents[1]
START_LIMIT = 300.0


@dataclass(frozen=True)
class Outcome:
    """What a contestant did with a data set; `status` is "ok", or why there is no prediction."""

    status: str
    predicted: Predicted | None = None
    fit_seconds: float = float("nan")
    fit_cpu_seconds: float = float("nan")
    predict_seconds: float = float("nan")
    peak_mib: float = float("nan")


class MissingError(Exception):
    """A contestant's library is not installed."""


@dataclass
class Contest:
    """Fits data sets by contestants, each module of them in a process of its own.

    Parameters
    ----------
    limit
        Seconds that a fit and its predictions may take.
    pythons
        For modules whose libraries live in another environment, its Python.
    threads
        Threads of each process, None for what its libraries choose.
    warm
        Whether each process fits a few points before it is timed.
    """

    limit: float
    pythons: Mapping[str, str] = field(default_factory=dict)
    threads: int | None = None
    warm: bool = True

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="mfgp-benchmarks-")
        self._workers: dict[str, _Worker] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers.values():
            worker.stop()
        self._folder.cleanup()

    def fit(self, contestant: str, train: Train, x: Array) -> Outcome:
        """Fit and predict; MissingError where the contestant's library is not there."""
        data, out = Path(self._folder.name) / "data.npz", Path(self._folder.name) / "out.npz"
        arrays = {f"x{task}": values for task, values in enumerate(train.x)}
        arrays |= {f"y{task}": values for task, values in enumerate(train.y)}
        np.savez(data, **arrays, tasks=len(train.y), bounds=train.bounds, noisy=train.noisy, x=x)
        module, _ = CONTESTANTS[contestant]
        worker = self._worker(module)
        answer = worker.ask({"contestant": contestant, "data": str(data), "out": str(out)}, self.limit)
        if answer is None:
            del self._workers[module]
            return Outcome(worker.ended(f"more than {self.limit:g} s"))
        if "failed" in answer:
            return Outcome(answer["failed"])
        with np.load(out) as values:
            predicted = Predicted(values["mean"], values["std"], float(values["noise"]))
        return Outcome("ok", predicted, **answer)

    def in_turn(
        self, names: list[str], late: set[str], train: Train, x: Array, note: Callable[[str], None]
    ) -> Iterator[tuple[str, Outcome | None]]:
        """The outcome of each contestant, None for one that was late before.

        Whoever is not installed is noted and taken off the names; whoever takes too long becomes one of the late.
        """
        for name in list(names):
            if name in late:
                yield name, None
                continue
            try:
                outcome = self.fit(name, train, x)
            except MissingError as error:
                note(f"Left out: {error}")
                names.remove(name)
                continue
            if outcome.status.startswith("more than"):
                late.add(name)
            yield name, outcome

    def _worker(self, module: str) -> _Worker:
        if module not in self._workers:
            self._workers[module] = _Worker(module, self.pythons.get(module, sys.executable), self.threads, self.warm)
        return self._workers[module]


class _Worker:
    """A process of benchmarks.worker, and the lines that go to it and come back."""

    def __init__(self, module: str, python: str, threads: int | None, warm: bool) -> None:
        environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        if threads is not None:
            environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        self._stopped_for = ""
        command = [python, "-m", "benchmarks.worker", module, *([] if warm else ["--cold"])]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        greeting = self._read(START_LIMIT)
        if greeting is None or "missing" in greeting:
            self.stop()
            raise MissingError(f"{module}: {(greeting or {}).get('missing', 'its process did not start')}")

    def ask(self, request: dict[str, Any], limit: float) -> dict[str, Any] | None:
        """The answer to a request; None, and the process is gone, where there is none within the limit."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._read(limit)
        if answer is None:
            self.stop()
        return answer

    def ended(self, late: str) -> str:
        """Why there was no answer: the time was over, or the process died by itself."""
        return self._stopped_for or late

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _read(self, limit: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            deadline = time.monotonic() + limit
            if not selector.select(max(deadline - time.monotonic(), 0.0)):
                return None
        line = self._process.stdout.readline()
        if not line:
            self._stopped_for = f"its process ended with status {self._process.wait()}"
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer
