"""Functions of three tasks at many rows: seconds, memory, and whether the errors asked for are reached."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.context import Context
from benchmarks.memory import peak_mib
from mfgp.errors import PrecisionWarning
from mfgp.prediction import ConditionPrediction, NormalPrediction

ROWS, QUICK_ROWS = 100_000, 200
SECONDS_TARGET, MIB_TARGET = 30.0, 1024.0
FUNCTIONS = (
    "a - b + 2 * c",
    "a * b - c",
    "exp(a - b) / (1 + abs(c))",
    "maximum(a, b, c)",
    "log(a) + sqrt(abs(b * c))",
    "1 < a - b < 2 and c > 1",
    "a > 1 and b > 1 and c > 1",
    "a * b > c",
)


def run(context: Context) -> pd.DataFrame:
    """One line a function."""
    quick = context.settings.quick
    rows, functions = (QUICK_ROWS, FUNCTIONS[1::5]) if quick else (ROWS, FUNCTIONS)
    context.note(
        f"{rows} rows with random means around 3 and random covariances, deviations from about 0.1 to 0.6. Each "
        "function in a process of its own, by one thread, at the default tolerance: mean and deviation, or "
        "probability; then, of a quantity, its 90% interval as well."
    )
    context.note("CPU seconds say more than seconds where other processes share the machine.")
    table = []
    with context.progress(len(functions)) as step:
        for text in functions:
            step(text)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                line = pool.submit(measure, text, rows).result()
            context.record(function=text, rows=rows, **line)
            met = line["seconds"] <= SECONDS_TARGET and line["peak, MiB"] <= MIB_TARGET
            targets = {"target, s": SECONDS_TARGET, "target, MiB": MIB_TARGET, "met": "yes" if met else "NO"}
            table.append({"function": text, "rows": rows, **line, **targets})
    return pd.DataFrame(table)


def measure(text: str, rows: int) -> dict[str, Any]:
    """One function in this process."""
    warnings.simplefilter("ignore", PrecisionWarning)
    p = prediction(rows)
    _ = p.take(slice(0, 2)).of(text).to_frame()  # what is loaded at first use
    before, found = peak_mib(), p.of(text)
    line: dict[str, Any] = {}
    if isinstance(found, ConditionPrediction):
        line["seconds"], line["CPU s"] = _timed(lambda: found.probability)
    else:
        line["seconds"], line["CPU s"] = _timed(lambda: (found.mean, found.std))
        line["interval, s"], line["interval, CPU s"] = _timed(found.interval)
    settled = 100.0 * found.settled.mean()
    return line | {"peak, MiB": peak_mib(), "of them before": before, "rows within tolerance, %": settled}


def prediction(rows: int) -> NormalPrediction:
    """Three tasks that are correlated by about 0.7."""
    generator = np.random.default_rng(0)
    roots = 0.1 * generator.standard_normal((rows, 3, 3)) + 0.2 * np.tril(np.ones((3, 3)))
    means = 3.0 + generator.standard_normal((rows, 3))
    return NormalPrediction(("a", "b", "c"), pd.RangeIndex(rows), means, roots @ roots.transpose(0, 2, 1))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and those of the processor."""
    seconds, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - seconds, time.process_time() - processor
