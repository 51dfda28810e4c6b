"""Problems on which multi-fidelity models are known to fail, on the function of Forrester et al. (2007)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mfgp import DifferenceGP, LatentVariableGP, MultiTaskGP
from mfgp.architectures.estimator import TaskRegressor
from mfgp.datasets.functions import forrester

ARCHITECTURES: dict[str, Callable[[], TaskRegressor]] = {
    "multi-task": MultiTaskGP,
    "difference": DifferenceGP,
    "latent variable": LatentVariableGP,
}
GRID = pd.DataFrame({"x": np.linspace(0.0, 1.0, 101)})
LOW = np.linspace(0.0, 1.0, 21)
TRUTH = forrester.truth(GRID)["high"].to_numpy()
RANGE = np.ptp(TRUTH)


@pytest.fixture(params=ARCHITECTURES)
def model(request: pytest.FixtureRequest) -> TaskRegressor:
    return ARCHITECTURES[request.param]()


def high(x: np.ndarray) -> np.ndarray:
    return forrester.truth(pd.DataFrame({"x": x}))["high"].to_numpy()


def measure(low: np.ndarray, x_high: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """21 low values and high ones at other rows, which may or may not have the same inputs."""
    X = pd.DataFrame({"x": np.concatenate([LOW, x_high])})
    Y = pd.DataFrame(np.nan, X.index, ["low", "high"])
    Y.iloc[:21, 0], Y.iloc[21:, 1] = low, high(x_high)
    return X, Y


LOWS = {"equal": (1.0, 0.0), "100 y + 1000": (100.0, 1000.0), "-y": (-1.0, 0.0), "-100 y + 1000": (-100.0, 1000.0)}
NESTED = LOW[[0, 4, 9, 15, 20]]
BETWEEN = np.array([0.07, 0.31, 0.52, 0.73, 0.98])


@pytest.mark.parametrize("x_high", [NESTED, BETWEEN], ids=["nested", "not nested"])
def test_a_low_fidelity_that_says_all_is_believed_in_any_unit(model: TaskRegressor, x_high: np.ndarray) -> None:
    answers = {}
    for name, (factor, offset) in LOWS.items():
        X, Y = measure(factor * high(LOW) + offset, x_high)
        answers[name] = model.fit(X, Y).predict(GRID)["high"].to_numpy()
    for name, answer in answers.items():
        assert np.abs(answer - answers["equal"]).max() < 1e-3 * RANGE, name
        assert np.abs(answer - TRUTH).max() < 0.05 * RANGE, name


def test_a_low_fidelity_that_says_nothing_does_no_harm(model: TaskRegressor) -> None:
    x_high = np.linspace(0, 1, 12)
    X, Y = measure(np.random.default_rng(0).standard_normal(21), x_high)
    answer, deviation = model.fit(X, Y).predict(GRID, return_std=True)
    assert np.sqrt(np.mean((answer["high"] - TRUTH) ** 2)) < 0.1 * RANGE
    assert np.isfinite(deviation).all(axis=None)


def test_forrester(model: TaskRegressor) -> None:
    """Without a seed's luck: the low fidelity of the paper, and five high values spread over the inputs."""
    X, Y = measure(forrester.truth(pd.DataFrame({"x": LOW}))["low"].to_numpy(), np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    p = model.fit(X, Y).predict_distribution(GRID)
    error = (p.mean["high"] - TRUTH) / RANGE
    assert np.isfinite(p.std).all(axis=None)
    assert np.sqrt(np.mean(error**2)) < 0.25
    assert (np.abs(p.mean["high"] - TRUTH) < 4 * p.std["high"] + 0.02 * RANGE).mean() > 0.9


@pytest.mark.parametrize("seed", [0, 1])
def test_forrester_by_differences(seed: int) -> None:
    x_high = (np.arange(5) + np.random.default_rng(seed).random(5)) / 5
    X, Y = measure(forrester.truth(pd.DataFrame({"x": LOW}))["low"].to_numpy(), x_high)
    error = DifferenceGP().fit(X, Y).predict(GRID)["high"] - TRUTH
    assert np.sqrt(np.mean(error**2)) < 0.05 * np.std(TRUTH)


def test_three_fidelities_with_one_high_value_at_each_end(model: TaskRegressor) -> None:
    X = pd.DataFrame({"x": LOW})
    truth = high(LOW)
    Y = pd.DataFrame({"low": 0.5 * truth + 10 * (LOW - 0.5), "middle": 0.9 * truth + 2.0, "high": truth})
    Y.iloc[1::2, 1] = np.nan
    Y.iloc[1:20, 2] = np.nan
    means, deviations = model.fit(X, Y).predict(GRID, return_std=True)
    assert np.isfinite(means).all(axis=None)
    assert (deviations > 0).all(axis=None)
    np.testing.assert_allclose(means["high"].iloc[[0, -1]], TRUTH[[0, -1]], atol=0.1 * RANGE)
    assert np.abs(means["middle"] - (0.9 * TRUTH + 2.0)).max() < 0.2 * RANGE


def test_two_values_are_no_proof_that_a_task_is_a_multiple_of_another(model: TaskRegressor) -> None:
    X, Y = measure(forrester.truth(pd.DataFrame({"x": LOW}))["low"].to_numpy(), np.array([0.0, 1.0]))
    deviation = model.fit(X, Y).predict(GRID, return_std=True)[1]["high"]
    assert deviation[20:80].min() > 0.05 * RANGE


def test_one_value_says_nothing_of_its_task_s_spread(model: TaskRegressor) -> None:
    X, Y = measure(forrester.truth(pd.DataFrame({"x": LOW}))["low"].to_numpy(), np.array([0.5]))
    answer, deviation = model.fit(X, Y).predict(GRID, return_std=True)
    moved, deviation_moved = model.fit(X, Y.add([0.0, 1000.0])).predict(GRID, return_std=True)
    np.testing.assert_allclose(moved["high"] - 1000.0, answer["high"], rtol=0, atol=1e-3 * RANGE)
    np.testing.assert_allclose(deviation_moved["high"], deviation["high"], rtol=1e-2)
    assert (np.abs(answer["high"] - TRUTH) < 6 * deviation["high"]).all()


def test_rows_twice_without_noise(model: TaskRegressor) -> None:
    X, Y = measure(high(LOW), NESTED)
    once = model.fit(X, Y).predict(GRID)["high"]
    noise = Y * 0.0
    twice = pd.concat([X, X], ignore_index=True), pd.concat([Y, Y], ignore_index=True)
    answer = model.fit(*twice, noise=pd.concat([noise, noise], ignore_index=True)).predict(GRID)["high"]
    assert model.fit_report_.jitter > 0.0
    assert "jitter" in str(model.fit_report_)
    assert np.abs(answer - once).max() < 0.05 * RANGE


def test_rows_twice_with_noise(model: TaskRegressor) -> None:
    X, Y = measure(high(LOW), NESTED)
    generator = np.random.default_rng(0)
    X, Y = pd.concat([X, X], ignore_index=True), pd.concat([Y, Y], ignore_index=True)
    Y += 0.5 * generator.standard_normal(Y.shape)
    answer, deviation = model.fit(X, Y).predict(GRID, return_std=True)
    assert model.fit_report_.jitter == 0.0
    assert model.noise_["low"] == pytest.approx(0.5, rel=0.5)
    assert np.sqrt(np.mean((answer["low"] - TRUTH) ** 2)) < 0.05 * RANGE
    assert (deviation > 0).all(axis=None)
