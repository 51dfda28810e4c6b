"""Screening: rows a second against the bare matrix products and BoTorch, memory, and a run of ten million rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.special import ndtr
from torch import Tensor

import mfgp
from benchmarks.contestants.botorch_models import multi_task_model
from benchmarks.context import Context
from benchmarks.memory import peak_mib
from benchmarks.timing import Candidate, best_of, in_turn, median_ratio, threads
from mfgp.inference.triangular import solve_lower
from mfgp.screening import Screening

SIZE, INPUTS = 1000, 20
ROWS, PEER_ROWS, MILLIONS = 1_000_000, 20_000, 10_000_000
RATE_TARGET, PEER_TARGET, MEMORY_TARGET_MIB = 0.6, 10.0, 1536
SLICES = 10
BLOCK, PEER_CHUNKS = 512, (100, 1000)
WINDOW = (0.5, 0.7)
WHERE = f"{WINDOW[0]} < high < {WINDOW[1]}"
NAMES = [f"x{place}" for place in range(INPUTS)]


def run(context: Context) -> pd.DataFrame:
    """One line a question."""
    quick = context.settings.quick
    rows, size = (1500, 30) if quick else (ROWS, SIZE)
    with context.progress(3) as step, tempfile.TemporaryDirectory() as folder:
        step("rate")
        table = _rate(context, rows, size)
        step("memory")
        table.append(_memory(rows, size))
        if not quick:
            step("large pool")
            table += _large(context, Path(folder), MILLIONS, size)
    return pd.DataFrame(table)


def _rate(context: Context, count: int, size: int) -> list[dict[str, Any]]:
    context.note(
        f"Rate: mfgp.screen of {count} rows in memory, {INPUTS} inputs, MultiTaskGP of two tasks fitted to n={size}; "
        "mean, deviation and probability of a two-sided window of one task at each row. Bare products: the product of "
        "the rows with the observations' inputs and one triangular solution for each row in double precision (BLAS, "
        f"blocks of {BLOCK}); no kernel, no mean, no variance. 'bare, single' is the same with the solution in single "
        f"precision. All with one thread, in turn, {SLICES} slices of the rows one after the other; ratios are medians "
        "over the slices of CPU seconds, which a busy machine disturbs less."
    )
    model, pool = fitted(size), rows_of(count, seed=1)
    lines = []
    for place in range(SLICES):
        part = pool.iloc[place * count // SLICES : (place + 1) * count // SLICES].reset_index(drop=True)
        x = torch.from_numpy(part.to_numpy(copy=True))
        line = {}
        for name, job in {
            "double": partial(_screen, model, part, "double"),
            "auto": partial(_screen, model, part, "auto"),
            "bare": _products(model, x, torch.float64),
            "bare, single": _products(model, x, torch.float32),
        }.items():
            with threads(1):
                began, clock = time.process_time(), time.perf_counter()
                job()
                line[name], line[f"{name}, wall"] = time.process_time() - began, time.perf_counter() - clock
        context.record(question="rate", n=size, rows=len(part), slice=place, **line)
        lines.append(line)
    seconds = pd.DataFrame(lines)
    precision = str(_screen(model, pool.head(1000), "auto").precision)
    context.note(f"'auto' was {precision}.")
    table = []
    for name in ("double", "auto"):
        share = 1.0 / median_ratio(seconds, name, "bare")
        table.append(
            {
                "question": f"rate, {name}",
                "rows": count,
                "rows/s": count / seconds[name].sum(),
                "reference": "bare products",
                "reference rows/s": count / seconds["bare"].sum(),
                "ratio": share,
                "target": RATE_TARGET,
                "met": "yes" if share >= RATE_TARGET else "NO",
                "of bare, single": 1.0 / median_ratio(seconds, name, "bare, single"),
            }
        )
    if context.settings.peers:
        table.append(_peer(context, model, size, min(PEER_ROWS, count)))
    return table


def _peer(context: Context, model: mfgp.MultiTaskGP, size: int, count: int) -> dict[str, Any]:
    context.note(
        f"BoTorch: MultiTaskGP at its initial parameters on the same data, posterior mean and variance of the second "
        f"task in chunks of {PEER_CHUNKS} rows, caches filled, window by the normal distribution; the fastest counts. "
        f"Batches of one row each, without the covariance between rows, were slower still. {count} rows for both."
    )
    pool = rows_of(count, seed=2)
    X, Y = data(size)
    inputs = torch.from_numpy(
        np.vstack(
            [
                np.column_stack([X[Y[name].notna()], np.full(Y[name].notna().sum(), place)])
                for place, name in enumerate(Y)
            ]
        )
    )
    values = torch.from_numpy(np.concatenate([Y[name].dropna() for name in Y])).unsqueeze(-1)
    peer = multi_task_model(inputs, values).eval()
    rows = torch.from_numpy(np.column_stack([pool, np.ones(count)]))

    @torch.no_grad()
    def predict(chunk: int) -> np.ndarray:
        found = []
        for part in rows.split(chunk):
            posterior = peer.posterior(part)
            mean, std = posterior.mean.flatten().numpy(), posterior.variance.sqrt().flatten().numpy()
            found.append(ndtr((WINDOW[1] - mean) / std) - ndtr((WINDOW[0] - mean) / std))
        return np.concatenate(found)

    candidates = {"auto": Candidate(lambda: _screen(model, pool, "auto"))}
    candidates |= {f"BoTorch, chunks of {chunk}": Candidate(partial(predict, chunk)) for chunk in PEER_CHUNKS}
    seconds = in_turn(candidates, 2)
    best = best_of(seconds, list(candidates)[1:])
    for turn, line in enumerate(seconds.to_dict("records")):
        context.record(question="peer", n=size, rows=count, round=turn, **{str(k): v for k, v in line.items()})
    faster = 1.0 / median_ratio(seconds, "auto", best)
    return {
        "question": "times faster than BoTorch",
        "rows": count,
        "rows/s": count / seconds["auto"].median(),
        "reference": best,
        "reference rows/s": count / seconds[best].median(),
        "ratio": faster,
        "target": PEER_TARGET,
        "met": "yes" if faster >= PEER_TARGET else "NO",
    }


def _memory(count: int, size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        write_pool(Path(folder) / "pool.parquet", count)
        told = _process(Path(folder), size, "state").communicate()[0].split()
    peak = float(told[-1])
    return {
        "question": "peak memory from Parquet, MiB",
        "rows": count,
        "ratio": peak,
        "target": MEMORY_TARGET_MIB,
        "met": "yes" if peak <= MEMORY_TARGET_MIB else "NO",
    }


def _large(context: Context, folder: Path, count: int, size: int) -> list[dict[str, Any]]:
    context.note(
        f"Large pool: {count} rows from Parquet with a checkpoint, in a process of its own, stopped by SIGKILL when "
        "half is done, and resumed; then once more without a stop. Peak memory is that of the process after a "
        "tenth of the rows and at the end. The answers have to be equal to the last bit."
    )
    write_pool(folder / "pool.parquet", count)
    began = time.perf_counter()
    first = _process(folder, size, "resumed")
    done = 0
    assert first.stdout is not None
    while done < count // 2:
        done = int(first.stdout.readline().split()[0])
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = _process(folder, size, "resumed")
    lines = second.communicate()[0].splitlines()
    stopped = time.perf_counter() - began
    repeated = done + int(lines[-2].split()[1]) - count
    through = _process(folder, size, "through").communicate()[0].splitlines()
    same = pd.read_pickle(folder / "resumed.pickle").equals(pd.read_pickle(folder / "through.pickle"))
    early, late = (float(through[place].split()[2]) for place in (len(through) // 10, -2))
    context.record(question="large", rows=count, seconds=stopped, repeated=repeated, same=same, early=early, late=late)
    return [
        {
            "question": "rows repeated after SIGKILL",
            "rows": count,
            "ratio": repeated,
            "target": 1 << 15,
            "met": "yes" if repeated <= 1 << 15 else "NO",
        },
        {"question": "same answer after SIGKILL", "rows": count, "met": "yes" if same else "NO"},
        {
            "question": "peak MiB at the end, over that after a tenth",
            "rows": count,
            "rows/s": count / stopped,
            "ratio": late / early,
            "target": 1.1,
            "met": "yes" if late <= 1.1 * early else "NO",
        },
    ]


def data(size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two related tasks at different rows, a fifth of them of the second."""
    generator = np.random.default_rng(0)
    X = rows_of(size, seed=0)
    low = _truth(X) + 0.05 * generator.standard_normal(size)
    high = 1.3 * _truth(X) + 0.2 * X["x1"] + 0.05 * generator.standard_normal(size)
    later = np.arange(size) >= 4 * size // 5
    return X, pd.DataFrame({"low": low.where(~later), "high": high.where(later)})


def fitted(size: int) -> mfgp.MultiTaskGP:
    """The model that screens."""
    return mfgp.MultiTaskGP().fit(*data(size))


def rows_of(count: int, seed: int) -> pd.DataFrame:
    """Rows in the unit cube."""
    return pd.DataFrame(np.random.default_rng(seed).random((count, INPUTS)), columns=NAMES)


def write_pool(path: Path, count: int) -> None:
    """Rows as Parquet, a million at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    step = min(count, 1_000_000)
    with pq.ParquetWriter(path, pa.Table.from_pandas(rows_of(1, 0)).schema) as writer:
        for place in range(count // step):
            writer.write_table(pa.Table.from_pandas(rows_of(step, seed=100 + place)), row_group_size=step // 8)


def work(size: str, name: str) -> None:
    """Screen the pool of this folder; say after each chunk how much is done, and at the end the peak memory."""
    path = Path("model.pickle")
    if not path.exists():
        pd.to_pickle(fitted(int(size)), path)
    model = pd.read_pickle(path)
    found = mfgp.screen(
        model,
        "pool.parquet",
        where=WHERE,
        top=100,
        checkpoint=f"{name}.state",
        progress=lambda p: print(p.rows, p.fresh, peak_mib(), flush=True),
    )
    pd.to_pickle(found.best, f"{name}.pickle")
    print(peak_mib(), flush=True)


def _process(folder: Path, size: int, name: str) -> subprocess.Popen[str]:
    code = f"from benchmarks.suites.screen import work; work({str(size)!r}, {name!r})"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )


def _truth(X: pd.DataFrame) -> pd.Series:
    weights = np.random.default_rng(7).standard_normal(INPUTS)
    return np.sin(X @ weights / 3.0) + 0.1 * X["x0"]


def _screen(model: mfgp.MultiTaskGP, pool: pd.DataFrame, precision: Any) -> Screening:
    return mfgp.screen(model, pool, where=WHERE, precision=precision)


def _products(model: mfgp.MultiTaskGP, x: Tensor, dtype: torch.dtype) -> Callable[[], Any]:
    exact = model.model_.exact_posterior
    known, lower = exact.observations.x.T.contiguous(), exact.lower.to(dtype)

    def multiply() -> None:
        for part in x.split(BLOCK):
            solve_lower(lower, (part @ known).to(dtype), overwrite=True)

    return multiply
