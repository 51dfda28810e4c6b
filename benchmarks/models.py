"""Kernels, data and models on which the speed of single steps is measured: two tasks, six inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.problems import six_inputs
from mfgp.data import Observations
from mfgp.inference import TaskNoise
from mfgp.inference.objective import Objective
from mfgp.inference.threads import one_thread
from mfgp.kernels import (
    AutoregressiveKernel,
    CoregionalizationKernel,
    TaskEmbeddingKernel,
    TaskKernel,
    input_kernel,
)
from mfgp.model import TaskGP

INPUTS = 6
ARCHITECTURES = ("difference", "multi-task", "multi-task, 2 processes", "latent variable")


def build_kernel(architecture: str) -> TaskKernel:
    """The kernel over two tasks that an architecture has by default."""
    one, other = input_kernel("matern52", INPUTS), input_kernel("matern52", INPUTS)
    if architecture == "difference":
        return AutoregressiveKernel([one, other], sources={1: [0]})
    if architecture == "latent variable":
        return TaskEmbeddingKernel(one, num_tasks=2, dimension=2)
    return CoregionalizationKernel([one] if architecture == "multi-task" else [one, other], num_tasks=2, rank=2)


def observations(count: int, seed: int = 0) -> Observations:
    """So many noisy observations, a fifth of them of the second task, in standardised units."""
    train = six_inputs(count).draw(seed)
    x = np.vstack(train.x)
    values, _, _ = train.standardized()
    table = np.full((count, 2), np.nan)
    table[: len(values[0]), 0], table[len(values[0]) :, 1] = values
    return Observations.gather((x - x.mean(0)) / x.std(0, ddof=1), table, None)


def evaluation(architecture: str, data: Observations) -> Callable[[], Any]:
    """One evaluation of the log posterior and its gradient, with the threads that a fit has."""
    objective = Objective(build_kernel(architecture), build_noise(data), data)
    vector = objective.get()

    def evaluate() -> Any:
        with one_thread():
            return objective.value_and_gradient(vector)

    return evaluate


def build_noise(data: Observations) -> TaskNoise:
    """Learned noise for each of the two tasks."""
    return TaskNoise(2, data.task, data.noise)


def rows(data: Observations) -> Tensor:
    """Inputs with the task as their last column, as BoTorch has them."""
    return torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)


def build_model(architecture: str, data: Observations) -> TaskGP:
    """A TaskGP at its initial parameters, ready to predict."""
    model = TaskGP(rows(data), data.y.unsqueeze(-1), kernel=build_kernel(architecture))
    return model.eval()
