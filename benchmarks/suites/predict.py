"""Predictions from a fitted model: many rows at once, and few at a time with gradients, as acquisition asks for."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from benchmarks.contestants.botorch_models import multi_task_model
from benchmarks.context import Context
from benchmarks.memory import peak_mib
from benchmarks.models import ARCHITECTURES, INPUTS, build_model, evaluation, observations, rows
from benchmarks.timing import Candidate, best_of, in_turn, median_ratio
from mfgp.inference import left_out

SIZE, ROWS, TRIAL_ROWS = 1000, 100_000, 5_000
ROWS_TARGET, ROWS_TARGET_MIB = 1.5, 1024
LEFT_OUT_TARGET = 1.0
BATCHES, ACQUISITION_SIZES, ACQUISITION_TARGET = 512, (100, 500, 1000), 5.0
BLOCKS = (256, 1024, 4096)


def run(context: Context) -> pd.DataFrame:
    """One line a (question, n, architecture)."""
    quick = context.settings.quick
    size, count = (40, 300) if quick else (SIZE, ROWS)
    with context.progress(2 + len(ARCHITECTURES) + len(ACQUISITION_SIZES)) as step:
        step("many rows")
        table = _many_rows(context, size, count)
        for line in table[:1] if quick else table:
            step(f"memory: {line['architecture']}")
            line["peak, MiB"], line["of them before"] = _in_fresh_process(line["architecture"], size, count)
            line["memory target, MiB"] = ROWS_TARGET_MIB
        for n in (40,) if quick else ACQUISITION_SIZES:
            step(f"acquisition, n={n}")
            table += _acquisition(context, n)
        step("leave-one-out")
        table += _leave_one_out(context, size)
    return pd.DataFrame(table)


def _many_rows(context: Context, size: int, count: int) -> list[dict[str, Any]]:
    context.note(
        f"Rows: TaskGP.joint, mean and covariance of both tasks at {count} rows, n={size}, at the initial parameters."
    )
    context.note(
        "Reference for rows: mean and variance of one task with one Matern process in bare torch: the cross-covariance "
        "by one product and the profile in place, its product with the weights, and one triangular solution or product "
        "with the factor's inverse, in blocks; the fastest of solution and inverse, blocks and 1 or 2 threads on a "
        "part of the rows is timed on all. 'Products alone' leaves out the cross-covariance."
    )
    data = observations(size)
    x = torch.rand(count, INPUTS, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 0.9 + 0.1
    bare = _Bare(data.x, build_model("multi-task", data).exact_posterior.lower)
    trial = x[: min(count, TRIAL_ROWS)]
    kinds = {
        f"{kind}, {how}, blocks of {block}, {threads} thread(s)": (kind, how, block, threads)
        for kind in ("with cross-covariance", "products alone")
        for how in ("solution", "inverse")
        for block in (BLOCKS[:1] if context.settings.quick else BLOCKS)
        for threads in (1, 2)
    }
    times = in_turn({name: Candidate(bare.job(trial, *kind[:3]), kind[3]) for name, kind in kinds.items()}, 2)
    chosen = {
        kind: best_of(times, [name for name in kinds if name.startswith(kind)])
        for kind in ("with cross-covariance", "products alone")
    }
    candidates = {name: Candidate(_joint(name, size, x)) for name in ARCHITECTURES}
    candidates |= {name: Candidate(bare.job(x, *kinds[name][:3]), kinds[name][3]) for name in chosen.values()}
    seconds = in_turn(candidates, 2 if context.settings.quick else min(context.settings.rounds, 3))
    for turn, line in enumerate(seconds.to_dict("records")):
        context.record(question="rows", n=size, round=turn, **{str(name): value for name, value in line.items()})
    reference, products = chosen.values()
    table = []
    for name in ARCHITECTURES:
        ratio = median_ratio(seconds, name, reference)
        table.append(
            {
                "question": f"{count} rows",
                "n": size,
                "architecture": name,
                "seconds": seconds[name].median(),
                "reference": reference,
                "reference, s": seconds[reference].median(),
                "ratio": ratio,
                "target": ROWS_TARGET,
                "met": "yes" if ratio <= ROWS_TARGET else "NO",
                "against the products alone": median_ratio(seconds, name, products),
            }
        )
    return table


class _Bare:
    """Mean and variance of a process with unit variance, as bare torch has them."""

    def __init__(self, known: Tensor, lower: Tensor) -> None:
        self.known = known
        self.lower = lower
        self.inverse = torch.linalg.solve_triangular(lower, torch.eye(len(lower), dtype=torch.float64), upper=False)
        self.weights = torch.linspace(-1.0, 1.0, len(lower), dtype=torch.float64)

    def job(self, x: Tensor, kind: str, how: str, block: int) -> Callable[[], Any]:
        """Predict at x (n, d), in blocks."""
        given = self.correlation(x[:block]) if kind == "products alone" else None

        @torch.no_grad()
        def predict() -> tuple[Tensor, Tensor]:
            means, variances = [], []
            for part in x.split(block):
                cross = self.correlation(part) if given is None else given[: len(part)]
                means.append(cross @ self.weights)
                half = self.inverse @ cross.T if how == "inverse" else self.solution(cross.T)
                variances.append(1.0 - half.square_().sum(0))
            return torch.cat(means), torch.cat(variances)

        return predict

    def correlation(self, x: Tensor) -> Tensor:
        """Matern-5/2 with lengthscales of one, (b, n)."""
        r2 = torch.addmm(self.known.square().sum(-1), x, self.known.T, alpha=-2.0)
        r = r2.add_(x.square().sum(-1, keepdim=True)).clamp_min_(0.0).mul_(5.0).sqrt_()
        polynomial = r.square().div_(3.0).add_(r).add_(1.0)
        return r.neg_().exp_().mul_(polynomial)

    def solution(self, right: Tensor) -> Tensor:
        """L^-1 right."""
        return torch.linalg.solve_triangular(self.lower, right, upper=False)


def _joint(architecture: str, size: int, x: Tensor) -> Callable[[], Any]:
    model = build_model(architecture, observations(size))
    return lambda: model.joint(x)


def _in_fresh_process(architecture: str, size: int, count: int) -> tuple[float, float]:
    """Peak memory of a process that predicts many rows, and its peak before it does, in MiB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peaks, architecture, size, count).result()


def _peaks(architecture: str, size: int, count: int) -> tuple[float, float]:
    x = torch.rand(count, INPUTS, dtype=torch.float64)
    model = build_model(architecture, observations(size))
    model.joint(x[:1])
    before = peak_mib()
    model.joint(x)
    return peak_mib(), before


def _acquisition(context: Context, size: int) -> list[dict[str, Any]]:
    context.note(
        f"Acquisition: posterior at {BATCHES} batches of one row, the second task named in it (BoTorch's model needs "
        "that with StratifiedStandardize); sum of mean + deviation and its gradient by the rows. All models are at "
        "their initial parameters, their caches filled."
    )
    data = observations(size)
    inputs = torch.rand(BATCHES, 1, INPUTS + 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    inputs[..., -1] = 1.0
    candidates = {name: Candidate(_with_gradient(build_model(name, data), inputs)) for name in ARCHITECTURES}
    peer = "BoTorch MultiTaskGP"
    if context.settings.peers:
        candidates[peer] = Candidate(_with_gradient(multi_task_model(rows(data), data.y.unsqueeze(-1)).eval(), inputs))
    seconds = in_turn(candidates, 2 if context.settings.quick else context.settings.rounds)
    for turn, line in enumerate(seconds.to_dict("records")):
        context.record(question="acquisition", n=size, round=turn, **{str(name): value for name, value in line.items()})
    table = []
    for name in ARCHITECTURES:
        line = {"question": "acquisition", "n": size, "architecture": name, "seconds": seconds[name].median()}
        if peer in seconds:
            faster = 1.0 / median_ratio(seconds, name, peer)
            line |= {"reference": peer, "reference, s": seconds[peer].median(), "times faster": faster}
            line |= {"target": ACQUISITION_TARGET, "met": "yes" if faster >= ACQUISITION_TARGET else "NO"}
        table.append(line)
    return table


def _leave_one_out(context: Context, size: int) -> list[dict[str, Any]]:
    context.note(
        "Leave-one-out: mfgp.inference.left_out of every observation by itself, from the factor that a fitted model "
        "keeps, against one evaluation of the log posterior and its gradient, in turn."
    )
    data = observations(size)
    each = torch.arange(size)
    table = []
    for name in ARCHITECTURES:
        posterior = build_model(name, data).exact_posterior
        candidates = {
            "left out": Candidate(lambda posterior=posterior: left_out(posterior, each)),
            "evaluation": Candidate(evaluation(name, data)),
        }
        seconds = in_turn(candidates, 2 if context.settings.quick else context.settings.rounds)
        for turn, line in enumerate(seconds.to_dict("records")):
            context.record(question="leave-one-out", n=size, architecture=name, round=turn, **line)
        ratio = median_ratio(seconds, "left out", "evaluation")
        table.append(
            {
                "question": "leave-one-out",
                "n": size,
                "architecture": name,
                "seconds": seconds["left out"].median(),
                "reference": "one evaluation",
                "reference, s": seconds["evaluation"].median(),
                "ratio": ratio,
                "target": LEFT_OUT_TARGET,
                "met": "yes" if ratio <= LEFT_OUT_TARGET else "NO",
            }
        )
    return table


def _with_gradient(model: Any, inputs: Tensor) -> Callable[[], Any]:
    def acquire() -> Tensor:
        X = inputs.clone().requires_grad_()
        posterior = model.posterior(X)
        value = (posterior.mean + posterior.variance.sqrt()).sum()
        (gradient,) = torch.autograd.grad(value, X)
        if not math.isfinite(gradient.sum().item()):
            raise ArithmeticError("the gradient is not finite")
        return gradient

    return acquire
