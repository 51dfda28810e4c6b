"""A process that fits one module's contestants, on request, one at a time: ``python -m benchmarks.worker NAME``.

Requests and answers are lines of JSON on standard input and output; arrays travel as .npz files. So a contestant can be
stopped when its time is over, its memory is its own, and its Python may be another one with its own libraries.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import warnings
from typing import Any

import numpy as np

from benchmarks.contestants import CONTESTANTS, Train, load
from benchmarks.memory import peak_mib

WARM_UP = 12


def _answer(stream: Any, **answer: Any) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def _warm_up(name: str) -> None:
    """One fit of a few points, so that what is loaded or compiled at first use is not timed."""
    x = np.linspace(0.0, 1.0, WARM_UP)[:, None]
    train = Train([x, x[::3]], [np.sin(6 * x[:, 0]), np.cos(6 * x[::3, 0])], np.array([[0.0, 1.0]]), True)
    load(name)(train)(x)


def _work(request: dict[str, Any]) -> dict[str, Any]:
    with np.load(request["data"]) as data:
        tasks = int(data["tasks"])
        train = Train(
            [data[f"x{task}"] for task in range(tasks)],
            [data[f"y{task}"] for task in range(tasks)],
            data["bounds"],
            bool(data["noisy"]),
        )
        x = data["x"]
    fit = load(request["contestant"])
    began, busy = time.perf_counter(), time.process_time()
    predict = fit(train)
    fitted, busy = time.perf_counter(), time.process_time() - busy
    predicted = predict(x)
    ended = time.perf_counter()
    np.savez(request["out"], mean=predicted.mean, std=predicted.std, noise=predicted.noise)
    return {
        "fit_seconds": fitted - began,
        "fit_cpu_seconds": busy,
        "predict_seconds": ended - fitted,
        "peak_mib": peak_mib(),
    }


def main() -> None:
    """Say which contestants are there, then answer one request after the other until the input ends."""
    warnings.simplefilter("ignore")
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not mix with the answers
    module = sys.argv[1]
    warm = "--cold" not in sys.argv
    try:
        for name, (where, _) in CONTESTANTS.items():
            if where == module:
                load(name)
                if warm:
                    _warm_up(name)
    except ImportError as error:
        _answer(stream, missing=str(error))
        return
    _answer(stream, ready=module)
    for line in sys.stdin:
        try:
            _answer(stream, **_work(json.loads(line)))
        except Exception as error:
            traceback.print_exc()
            _answer(stream, failed=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
