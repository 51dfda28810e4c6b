"""One evaluation of the log posterior and its gradient, against the Cholesky factor and the inverse that it needs."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from torch import Tensor

from benchmarks.context import Context
from benchmarks.models import ARCHITECTURES, build_kernel, build_noise, evaluation, observations
from benchmarks.timing import Candidate, best_of, in_turn, median_ratio
from mfgp.data import Observations
from mfgp.kernels.training import training_covariance

SIZES = (100, 500, 2000)
TARGETS = {100: 4.0, 500: 1.8, 2000: 1.4}
PRODUCT_SIZE, PRODUCT_TARGET = 2000, 2.0


def run(context: Context) -> pd.DataFrame:
    """One line a (size, architecture): seconds, and the ratios to the bare linear algebra."""
    context.note(
        "Evaluation: Objective.value_and_gradient within one_thread, as in a fit: one thread for torch and LAPACK."
    )
    context.note(
        "Reference: torch.cholesky_inverse(torch.linalg.cholesky(C)), the better of 1 and 2 threads. "
        "n^3 operations: half the time of torch's product of two n x n matrices (2 n^3), the better of 1 and 2 threads."
    )
    sizes = (40,) if context.settings.quick else SIZES
    table = []
    with context.progress(len(sizes)) as step:
        for size in sizes:
            step(f"n={size}")
            data = observations(size)
            candidates = {name: Candidate(evaluation(name, data)) for name in ARCHITECTURES}
            references = _references(data, with_product=size >= PRODUCT_SIZE or context.settings.quick)
            seconds = in_turn(candidates | references, 2 if context.settings.quick else context.settings.rounds)
            for turn, line in enumerate(seconds.to_dict("records")):
                context.record(n=size, round=turn, **{str(name): value for name, value in line.items()})
            table += [_line(size, name, seconds) for name in ARCHITECTURES]
    return pd.DataFrame(table)


def _references(data: Observations, with_product: bool) -> dict[str, Candidate]:
    covariance = _dense(data)

    def factor_and_inverse() -> Tensor:
        return torch.cholesky_inverse(torch.linalg.cholesky(covariance))

    def product() -> Tensor:
        return covariance @ covariance

    references = {f"Cholesky + inverse, {count} thread(s)": Candidate(factor_and_inverse, count) for count in (1, 2)}
    if with_product:
        references |= {f"matrix product, {count} thread(s)": Candidate(product, count) for count in (1, 2)}
    return references


def _dense(data: Observations) -> Tensor:
    covariance = training_covariance(build_kernel("multi-task"), data.x, data.task)
    with torch.no_grad():
        covariance.diagonal().add_(build_noise(data).variance(data.task, data.noise.square()))
    return covariance.tril() + covariance.tril(-1).T


def _line(size: int, name: str, seconds: pd.DataFrame) -> dict[str, Any]:
    reference = best_of(seconds, [column for column in seconds if str(column).startswith("Cholesky")])
    ratio = median_ratio(seconds, name, reference)
    target = TARGETS.get(size, float("nan"))
    line = {
        "n": size,
        "architecture": name,
        "evaluation, ms": 1e3 * seconds[name].median(),
        "reference": reference,
        "reference, ms": 1e3 * seconds[reference].median(),
        "ratio": ratio,
        "target": target,
        "met": "" if target != target else "yes" if ratio <= target else "NO",
    }
    products = [column for column in seconds if str(column).startswith("matrix product")]
    if products:
        line["against n^3 operations"] = 2.0 * median_ratio(seconds, name, best_of(seconds, products))
        line["its target"] = PRODUCT_TARGET
    return line
