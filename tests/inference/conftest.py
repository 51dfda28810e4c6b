"""A small problem of two related tasks, and a kernel of each architecture for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mfgp.data import Observations
from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, TaskEmbeddingKernel, TaskKernel, input_kernel

KERNELS: dict[str, Callable[[], TaskKernel]] = {
    "coregionalization": lambda: CoregionalizationKernel([input_kernel("matern52", 2)], 2, 2),
    "autoregression": lambda: AutoregressiveKernel([input_kernel("matern52", 2) for _ in range(2)], {1: [0]}),
    "embedding": lambda: TaskEmbeddingKernel(input_kernel("matern52", 2), 2, 2),
}


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest) -> TaskKernel:
    return KERNELS[request.param]()


@pytest.fixture
def observations() -> Observations:
    return make_observations()


@pytest.fixture
def many_observations() -> Observations:
    return make_observations(low=240, high=20)


def make_observations(low: int = 20, high: int = 8) -> Observations:
    generator = np.random.default_rng(0)
    x = generator.uniform(-1.5, 1.5, (low, 2))
    y = np.column_stack([np.sin(2 * x[:, 0]) + x[:, 1], -np.sin(2 * x[:, 0]) - 0.6 * x[:, 1] + 0.3 * x[:, 0]])
    y += 0.05 * generator.standard_normal(y.shape)
    y[high:, 1] = np.nan
    return Observations.gather(x, y, None)
