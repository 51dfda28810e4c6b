"""The posterior at many rows is the one that is known, task by task, whatever kernel and neighbours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import LinearKernel

import mfgp
from mfgp.inference.rows import BLOCK_ROWS, RowPosterior
from mfgp.kernels import input_kernel
from mfgp.kernels.stationary import profile

NAMES = ["matern52", "matern32", "matern12", "rbf"]
ESTIMATORS = [mfgp.MultiTaskGP, mfgp.DifferenceGP, mfgp.LatentVariableGP, mfgp.IndependentGP]


@pytest.mark.parametrize("name", NAMES)
def test_values_in_place_are_the_values(name: str) -> None:
    shape = profile(input_kernel(name, 1))
    assert shape is not None
    r2 = torch.tensor([0.0, 1e-13, 1e-3, 0.5, 2.0, 100.0], dtype=torch.float64)
    torch.testing.assert_close(shape.overwrite(r2.clone()), shape.value(r2), rtol=1e-12, atol=0.0)


@pytest.fixture(scope="module")
def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with both tasks, which makes for a row effect, and a categorical input."""
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"a": generator.random(30), "kind": generator.choice(["x", "y", "z"], 30)})
    low = np.sin(5 * X["a"]) + (X["kind"] == "x")
    Y = pd.DataFrame({"low": low + 0.1 * generator.standard_normal(30), "high": 2 * low + X["a"]})
    Y["high"] += 0.2 * generator.standard_normal(30)
    Y.loc[18:, "high"] = np.nan
    return X, Y


@pytest.mark.parametrize("kernel", NAMES)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_it_is_the_exact_posterior(
    table: tuple[pd.DataFrame, pd.DataFrame], estimator: Callable[..., mfgp.MultiTaskGP], kernel: str
) -> None:
    model = estimator(kernel=kernel).fit(*table)
    exact = model.model_.exact_posterior
    new = exact.observations.x[:40].clone()
    new[5:, 0] += 0.3  # the first five rows are among the observations
    new[7, 1] = 3.0  # a level that is new
    whole = exact.joint(new)
    for tasks in ([0], [1], [0, 1], [1, 0]):
        found = RowPosterior(exact, tasks).joint(new)
        torch.testing.assert_close(found.mean, whole.mean[:, tasks], rtol=1e-7, atol=1e-8)
        torch.testing.assert_close(found.covariance, whole.covariance[:, tasks][:, :, tasks], rtol=1e-7, atol=1e-8)
        single = RowPosterior(exact, tasks, torch.float32).joint(new)
        torch.testing.assert_close(single.mean, found.mean, rtol=0.0, atol=1e-12)
        torch.testing.assert_close(single.covariance, found.covariance, rtol=0.0, atol=1e-4)


def test_rows_do_not_depend_on_their_neighbours(table: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    exact = mfgp.MultiTaskGP().fit(*table).model_.exact_posterior
    new = exact.observations.x.repeat(30, 1)[: BLOCK_ROWS + 77]
    new[:, 0] += torch.linspace(0.0, 1.0, len(new)).to(new)
    posterior = RowPosterior(exact, [1])
    whole = posterior.joint(new)
    parts = [posterior.joint(part) for part in new.split(100)]
    torch.testing.assert_close(torch.cat([part.mean for part in parts]), whole.mean, rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(torch.cat([part.covariance for part in parts]), whole.covariance, rtol=1e-11, atol=1e-13)


def test_kernels_of_the_users_own_are_not_supported(table: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    X, Y = table
    model = mfgp.MultiTaskGP(kernel=LinearKernel()).fit(X[["a"]], Y)
    assert not RowPosterior.supports(model.model_.exact_posterior)
    found = mfgp.screen(model, X[["a"]], rank_by="high", top=30).best.sort_values("row")
    np.testing.assert_allclose(found["score"], model.predict(X[["a"]])["high"], rtol=1e-9)
