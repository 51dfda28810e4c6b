"""Screening: rows a second against the bare matrix products and BoTorch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.linalg import get_blas_funcs
from scipy.special import ndtr
from torch import Tensor

import mfgp
from benchmarks.contestants.botorch_models import multi_task_model
from benchmarks.context import Context
from benchmarks.screening_model import INPUTS, SIZE, WHERE, WINDOW, data, fitted, rows_of
from benchmarks.timing import best_of, median_ratio, threads
from mfgp.screening import Screening

ROWS, PEER_ROWS = 1_000_000, 8_000
RATE_TARGET, PEER_TARGET = 0.6, 10.0
SLICES, SLICE_ROWS, ROUNDS = 10, 100_000, 5
KINDS = {"double": torch.float64, "single": torch.float32}
BLOCK, PEER_CHUNKS, DISCRETE = 512, (100, 400, 1000), 2048


def run(context: Context) -> pd.DataFrame:
    """One line a question."""
    rows, size = (1500, 30) if context.settings.quick else (ROWS, SIZE)
    with context.progress(2) as step:
        step("rate")
        model = fitted(size)
        table = _rate(context, model, size, rows)
        step("BoTorch")
        if context.settings.peers:
            table += _peer(context, model, size, rows)
    return pd.DataFrame(table)


def _rate(context: Context, model: mfgp.MultiTaskGP, size: int, count: int) -> list[dict[str, Any]]:
    context.note(
        f"Rate: mfgp.screen of {count} rows in memory, {INPUTS} inputs, MultiTaskGP of two tasks fitted to n={size}; "
        "mean, deviation and probability of a two-sided window of one task at each row. Bare products: the product of "
        "the rows with the observations' inputs and one triangular solution for each row in double precision, in "
        f"blocks of {BLOCK}, by the quicker of torch's library and SciPy's; no kernel, no mean, no variance. 'bare, "
        "single' is the same with the solution in single precision. All with one thread, in turn, "
        f"{SLICES} slices of the rows one after the other; ratios are medians "
        "over the slices of CPU seconds, which a busy machine disturbs less."
    )
    pool = rows_of(count, seed=1)
    lines = []
    for place in range(SLICES):
        part = pool.iloc[place * count // SLICES : (place + 1) * count // SLICES].reset_index(drop=True)
        x = torch.from_numpy(part.to_numpy(copy=True))
        line = {}
        for name, job in {
            "double": partial(_screen, model, part, "double"),
            "auto": partial(_screen, model, part, "auto"),
            **{
                f"bare, {kind}, {library}": _products(model, x, dtype, solve)
                for kind, dtype in KINDS.items()
                for library, solve in LIBRARIES.items()
            },
        }.items():
            with threads(1):
                began, clock = time.process_time(), time.perf_counter()
                job()
                line[name], line[f"{name}, wall"] = time.process_time() - began, time.perf_counter() - clock
        for kind in KINDS:
            line[f"bare, {kind}"] = min(line[f"bare, {kind}, {library}"] for library in LIBRARIES)
        context.record(question="rate", rows=len(part), slice=place, **line)
        lines.append(line)
    seconds = pd.DataFrame(lines)
    precision = str(_screen(model, pool.head(1000), "auto").precision)
    context.note(f"'auto' was {precision}.")
    table = []
    for name in ("double", "auto"):
        share = 1.0 / median_ratio(seconds, name, "bare, double")
        table.append(
            {
                "question": f"rate, {name}",
                "rows": count,
                "CPU rows/s": count / seconds[name].sum(),
                "reference": "bare products",
                "reference CPU rows/s": count / seconds["bare, double"].sum(),
                "ratio": share,
                "target": RATE_TARGET,
                "met": "yes" if share >= RATE_TARGET else "NO",
                "of bare, single": 1.0 / median_ratio(seconds, name, "bare, single"),
            }
        )
    return table


def _peer(context: Context, model: mfgp.MultiTaskGP, size: int, count: int) -> list[dict[str, Any]]:
    count, many = min(PEER_ROWS, count), min(SLICE_ROWS, count)
    context.note(
        "BoTorch: MultiTaskGP at its initial parameters on the same data, posterior mean and variance of the second "
        f"task, caches filled, window by the normal distribution. In chunks of {PEER_CHUNKS} rows, which work out the "
        f"covariances of all rows of a chunk, the fastest counts; in batches of one row, {DISCRETE} at once, as its "
        f"optimize_acqf_discrete has candidates scored, there are none. {count} rows for BoTorch ({DISCRETE} for the "
        f"batches), {many} for mfgp.screen, setting up included; CPU seconds, {ROUNDS} rounds in turn, with one thread."
    )
    pool = rows_of(many, seed=2)
    X, Y = data(size)
    parts = [np.column_stack([X[Y[name].notna()], np.full(Y[name].count(), place)]) for place, name in enumerate(Y)]
    values = np.concatenate([Y[name].dropna() for name in Y])
    peer = multi_task_model(torch.from_numpy(np.vstack(parts)), torch.from_numpy(values).unsqueeze(-1)).eval()
    rows = torch.from_numpy(np.column_stack([pool.head(count), np.ones(count)]))

    @torch.no_grad()
    def predict(chunks: Sequence[Tensor]) -> None:
        for part in chunks:
            posterior = peer.posterior(part)
            mean, std = posterior.mean.flatten().numpy(), posterior.variance.sqrt().flatten().numpy()
            ndtr((WINDOW[1] - mean) / std) - ndtr((WINDOW[0] - mean) / std)

    ways = {f"BoTorch, chunks of {chunk}": rows.split(chunk) for chunk in PEER_CHUNKS}
    ways["BoTorch, batches of one row"] = (rows[:DISCRETE].unsqueeze(-2),)
    jobs = {"auto": (many, lambda: _screen(model, pool, "auto"))}
    jobs |= {name: (sum(map(len, chunks)), partial(predict, chunks)) for name, chunks in ways.items()}
    lines = []
    with threads(1):
        predict(rows[:1].split(1))
        for turn in range(ROUNDS):
            line = {}
            for name, (done, job) in jobs.items():
                began = time.process_time()
                job()
                line[name] = (time.process_time() - began) / done
            context.record(question="peer", round=turn, **line)
            lines.append(line)
    seconds = pd.DataFrame(lines)
    best = best_of(seconds, list(ways)[:-1])
    table = []
    for name in (best, list(ways)[-1]):
        faster = 1.0 / median_ratio(seconds, "auto", name)
        table.append(
            {
                "question": "times faster than BoTorch",
                "rows": many,
                "CPU rows/s": 1.0 / seconds["auto"].median(),
                "reference": name,
                "reference CPU rows/s": 1.0 / seconds[name].median(),
                "ratio": faster,
                "target": PEER_TARGET,
                "met": "yes" if faster >= PEER_TARGET else "NO",
            }
        )
    return table


def _screen(model: mfgp.MultiTaskGP, pool: pd.DataFrame, precision: Any) -> Screening:
    return mfgp.screen(model, pool, where=WHERE, precision=precision)


def _products(
    model: mfgp.MultiTaskGP, x: Tensor, dtype: torch.dtype, solve: Callable[[Tensor, Tensor], Any]
) -> Callable[[], None]:
    exact = model.model_.exact_posterior
    known, lower = exact.observations.x.T.contiguous(), exact.lower.to(dtype)

    def multiply() -> None:
        for part in x.split(BLOCK):
            solve(lower, (part @ known).to(dtype))

    return multiply


def _by_torch(lower: Tensor, rows: Tensor) -> None:
    torch.linalg.solve_triangular(lower, rows.mT, upper=False, out=rows.mT)


def _by_scipy(lower: Tensor, rows: Tensor) -> None:
    (trsm,) = get_blas_funcs(("trsm",), (lower.numpy(),))
    trsm(1.0, lower.mT.contiguous().mT.numpy(), rows.numpy().T, lower=True, overwrite_b=True)


LIBRARIES = {"torch": _by_torch, "scipy": _by_scipy}
