"""Noise that is known for some observations and learned for the others, and what replicates say of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP, from_long
from mfgp.data import Observations
from mfgp.inference import ExactPosterior, TaskNoise
from mfgp.kernels import CoregionalizationKernel, input_kernel

ARCHITECTURES = [MultiTaskGP(), DifferenceGP(), LatentVariableGP(), IndependentGP()]
every = pytest.mark.parametrize("estimator", ARCHITECTURES, ids=lambda estimator: type(estimator).__name__)
PLACES, TIMES = 12, 6


def replicates(seed: int, loud: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tasks measured six times at each of twelve places, with noise of their own."""
    rng = np.random.default_rng(seed)
    x = np.repeat(np.linspace(-1.0, 1.0, PLACES), TIMES)
    quiet = np.sin(3 * x) + 0.05 * rng.standard_normal(len(x))
    return pd.DataFrame({"x": x}), pd.DataFrame(
        {"quiet": quiet, "loud": 2 * np.sin(3 * x) + loud * rng.standard_normal(len(x))}
    )


def within(X: pd.DataFrame, values: pd.Series) -> float:
    """Deviation of replicates from one another, whatever the function is."""
    return float(np.sqrt(values.groupby(X.x).var().mean()))


@every
def test_replicates_teach_the_noise_of_each_task(estimator: Any) -> None:
    X, Y = replicates(0, np.full(PLACES * TIMES, 0.4))
    noise = estimator.fit(X, Y).noise_
    for task in Y:
        assert noise[task] == pytest.approx(within(X, Y[task]), rel=0.1)


@every
def test_what_is_known_of_some_observations_leaves_the_rest_to_be_learned(estimator: Any) -> None:
    precise = np.arange(PLACES * TIMES) % 2 == 0
    X, Y = replicates(1, np.where(precise, 0.1, 1.0))
    known = pd.DataFrame({"loud": np.where(precise, np.nan, 1.0)})
    noise = estimator.fit(X, Y, noise=known).noise_
    assert noise["loud"] == pytest.approx(within(X[precise], Y["loud"][precise]), rel=0.2)
    assert noise["quiet"] == pytest.approx(within(X, Y["quiet"]), rel=0.1)
    without = estimator.fit(X, Y).noise_
    assert without["loud"] > 5 * noise["loud"]  # all observations alike, if nothing is known


def test_observations_of_low_noise_weigh_more() -> None:
    X, Y = pd.DataFrame({"x": np.zeros(8)}), pd.DataFrame({"y": [0.0, 1.0] * 4})
    noise = pd.DataFrame({"y": [0.01, 1.0] * 4})
    assert IndependentGP().fit(X, Y, noise=noise).predict(X)["y"].abs().max() < 0.01


def test_replicates_are_their_mean_with_a_smaller_noise() -> None:
    """With the noise known, the mean of r values and its noise s / sqrt(r) tell all that the r values do."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((5, 2)), rng.standard_normal((5, 4))
    s = np.array([0.1, 0.3, 0.2, 0.5, 0.4])
    kernel = CoregionalizationKernel([input_kernel("rbf", 2)], num_tasks=1, rank=0)

    def joint(x: np.ndarray, y: np.ndarray, s: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        data = Observations.gather(x, y[:, None], s[:, None])
        posterior = ExactPosterior(kernel, TaskNoise(1, data.task, data.noise), data)
        return posterior.joint(torch.from_numpy(np.linspace(-1, 1, 8).reshape(4, 2)))

    single = joint(np.repeat(x, 4, axis=0), y.ravel(), np.repeat(s, 4))
    averaged = joint(x, y.mean(axis=1), s / 2.0)
    torch.testing.assert_close(single[0], averaged[0])
    torch.testing.assert_close(single[1], averaged[1])


def test_replicates_in_a_long_table_teach_the_noise() -> None:
    X, Y = replicates(4, np.full(PLACES * TIMES, 0.4))
    long = X.assign(**Y).melt(id_vars="x", var_name="task", value_name="value")
    X_long, Y_long, _ = from_long(long, inputs=["x"], task="task", value="value")
    noise = DifferenceGP().fit(X_long, Y_long[["quiet", "loud"]]).noise_
    for task in Y:
        assert noise[task] == pytest.approx(within(X, Y[task]), rel=0.1)
