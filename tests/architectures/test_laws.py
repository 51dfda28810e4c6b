"""What must not change a prediction, and what an architecture is equal to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP, Prediction
from mfgp.architectures.estimator import TaskRegressor
from mfgp.prediction import NormalPrediction

# Of a task's spread. Rounding differs, so the climb of the hyperparameters ends a little elsewhere.
TOLERANCE = 2e-3

ARCHITECTURES: dict[str, Callable[[], TaskRegressor]] = {
    "multi-task": MultiTaskGP,
    "difference": lambda: DifferenceGP(sources={"high": ["low"]}),
    "latent variable": LatentVariableGP,
    "independent": IndependentGP,
}


@pytest.fixture(params=ARCHITECTURES)
def new(request: pytest.FixtureRequest) -> Callable[[], TaskRegressor]:
    return ARCHITECTURES[request.param]


def distribution(model: TaskRegressor, X: Any, Y: Any, X_new: Any, **options: Any) -> Prediction:
    return model.fit(X, Y).predict_distribution(X_new, **options)


def agree(one: Prediction, other: Prediction, Y: pd.DataFrame, tolerance: float = TOLERANCE) -> None:
    """The same distribution, to a part of each task's spread; tasks may stand in another order."""
    spread = Y.std()
    order = [one.tasks.index(task) for task in other.tasks]
    scale = spread[list(other.tasks)].to_numpy()
    np.testing.assert_allclose(one.means[:, order] / scale, other.means / scale, rtol=0, atol=tolerance)
    size = np.outer(scale, scale)
    picked = one.covariance[:, order][:, :, order]
    np.testing.assert_allclose(picked / size, other.covariance / size, rtol=0, atol=tolerance)


def in_units(p: Prediction, factors: dict[str, float], offsets: dict[str, float]) -> NormalPrediction:
    factor = np.array([factors.get(task, 1.0) for task in p.tasks])
    offset = np.array([offsets.get(task, 0.0) for task in p.tasks])
    return NormalPrediction(p.tasks, p.index, p.means * factor + offset, p.covariance * np.outer(factor, factor))


UNITS = {
    "a unit": ({"high": 27.2}, {}),
    "an offset": ({}, {"low": 300.0}),
    "a sign": ({"high": -1.0}, {}),
    "the sign of the other": ({"low": -1.0}, {}),
    "all of it": ({"high": -1e-3, "low": 1e4}, {"high": 1.0, "low": -1e5}),
}


@pytest.mark.parametrize("factors, offsets", UNITS.values(), ids=UNITS.keys())
def test_the_units_of_a_task_change_its_answer_alone(
    new: Callable[[], TaskRegressor], X: Any, Y: Any, X_new: Any, factors: dict[str, float], offsets: dict[str, float]
) -> None:
    before = distribution(new(), X, Y, X_new)
    changed = Y * [factors.get(task, 1.0) for task in Y] + [offsets.get(task, 0.0) for task in Y]
    after = distribution(new(), X, changed, X_new)
    agree(after, in_units(before, factors, offsets), changed)


def test_the_order_of_rows_changes_nothing_at_all(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    order = np.random.default_rng(3).permutation(len(X))
    one = distribution(new(), X, Y, X_new)
    other = distribution(new(), X.iloc[order], Y.iloc[order], X_new)
    np.testing.assert_array_equal(one.means, other.means)
    np.testing.assert_array_equal(one.covariance, other.covariance)


def test_the_order_of_new_rows_changes_nothing(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    model = new().fit(X, Y)
    one, other = model.predict(X_new), model.predict(X_new.iloc[::-1])
    pd.testing.assert_frame_equal(one, other.loc[one.index], rtol=1e-10)


def test_the_order_of_tasks_changes_nothing(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    agree(distribution(new(), X, Y, X_new), distribution(new(), X, Y[["high", "low"]], X_new), Y)


def test_the_order_of_inputs_changes_nothing(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    agree(distribution(new(), X, Y, X_new), distribution(new(), X[["b", "a"]], Y, X_new), Y)
    model = new().fit(X, Y)
    pd.testing.assert_frame_equal(model.predict(X_new[["b", "a"]]), model.predict(X_new))


def test_the_unit_and_offset_of_an_input_change_nothing(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    def moved(frame: pd.DataFrame) -> pd.DataFrame:
        return frame * [-0.013, 1.8] + [4.0, 32.0]

    agree(distribution(new(), X, Y, X_new), distribution(new(), moved(X), Y, moved(X_new)), Y)


def test_a_unit_that_is_a_power_of_two_changes_no_digit(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    one, other = distribution(new(), X, Y, X_new), distribution(new(), X * 4.0, Y * 1024.0, X_new * 4.0)
    np.testing.assert_array_equal(one.means * 1024.0, other.means)
    np.testing.assert_array_equal(one.covariance * 1024.0**2, other.covariance)


# One task alone is an ordinary Gaussian process.


@pytest.mark.parametrize("name", ["matern12", "matern32", "matern52", "rbf"])
@pytest.mark.parametrize("architecture", [MultiTaskGP, DifferenceGP, LatentVariableGP, IndependentGP])
def test_one_task_is_scikit_learns_gaussian_process(
    architecture: type[TaskRegressor], name: str, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    x, y = X.to_numpy(), (Y.low.fillna(0.0) * 10 + 3).to_numpy()
    model = architecture(kernel=name).fit(x, y)
    kernel = model.model_.covar_module
    variance, noise = kernel.task_covariance().item(), model.model_.likelihood.task_variance().item()
    lengthscale = kernel.input_kernels[0].lengthscale.detach().numpy()[0]
    nu = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}
    correlation = RBF(lengthscale) if name == "rbf" else Matern(lengthscale, nu=nu[name])
    theirs = ConstantKernel(variance) * correlation + ConstantKernel(kernel.OFFSET_SCALE**2) + WhiteKernel(noise)
    mean, scale = x.mean(0), x.std(0, ddof=1)
    process = GaussianProcessRegressor(theirs, optimizer=None, alpha=0.0).fit(
        (x - mean) / scale, (y - y.mean()) / y.std(ddof=1)
    )
    means, deviations = process.predict((X_new.to_numpy() - mean) / scale, return_std=True)
    found, spread = model.predict(X_new.to_numpy(), return_std=True)
    np.testing.assert_allclose(found, means * y.std(ddof=1) + y.mean(), rtol=0, atol=1e-6)
    observed = model.predict_distribution(X_new.to_numpy(), observed=True).std.to_numpy()[:, 0]
    np.testing.assert_allclose(observed, deviations * y.std(ddof=1), rtol=0, atol=1e-6)
    np.testing.assert_allclose(spread**2, observed**2 - noise * y.var(ddof=1), rtol=0, atol=1e-6)
    assert process.log_marginal_likelihood_value_ == pytest.approx(model.fit_report_.log_evidence, abs=1e-6)


# A value given at a row is a value that was measured there.


@pytest.mark.parametrize("task", [0, 1])
@pytest.mark.parametrize("known", [None, 0.3], ids=["the task's noise", "its own noise"])
def test_given_is_measured(
    new: Callable[[], TaskRegressor],
    X: pd.DataFrame,
    Y: pd.DataFrame,
    X_new: pd.DataFrame,
    task: int,
    known: float | None,
) -> None:
    model = new().fit(X, Y)
    given = pd.DataFrame(np.nan, X_new.index, Y.columns)
    given.iloc[:4, task] = [0.5, -1.0, 2.0, 0.0]
    noise = None if known is None else pd.DataFrame(known, X_new.index, Y.columns)
    found = model.predict_distribution(X_new, given=given, noise=noise)
    before = model.predict_distribution(X_new)
    inside = model.model_
    for row in range(len(X_new)):
        x = torch.tensor(X_new.to_numpy()[row : row + 1])
        if np.isnan(given.iloc[row, task]):
            np.testing.assert_array_equal(found.means[row], before.means[row])
            np.testing.assert_array_equal(found.covariance[row], before.covariance[row])
            continue
        place = torch.cat([x, torch.tensor([[float(task)]]).double()], dim=-1)
        value = torch.tensor([[given.iloc[row, task]]]).double()
        unit = inside.outcome_transform.stdvs[task]
        options = {} if known is None else {"noise": torch.tensor([[known**2]]).double() / unit**2}
        joint = inside.condition_on_observations(place, value, **options).joint(x)
        np.testing.assert_allclose(found.means[row], joint.mean[0], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found.covariance[row], joint.covariance[0], rtol=1e-6, atol=1e-6)


def test_given_at_a_row_that_was_measured_is_a_second_measurement(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame
) -> None:
    model = new().fit(X, Y)
    given = Y[["low"]].iloc[3:4]
    before, after = (model.predict_distribution(X.iloc[3:4], given=g) for g in (None, given))
    assert after.std.loc["row 3", "low"] < before.std.loc["row 3", "low"]
    place = torch.cat([torch.tensor(X.to_numpy()[3:4]), torch.zeros(1, 1).double()], dim=-1)
    conditioned = model.model_.condition_on_observations(place, torch.tensor(given.to_numpy()))
    joint = conditioned.joint(place[:, :-1])
    np.testing.assert_allclose(after.means, joint.mean, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(after.covariance, joint.covariance, rtol=1e-6, atol=1e-6)


def test_given_nothing_changes_nothing(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    model = new().fit(X, Y)
    nothing = pd.DataFrame(np.nan, X_new.index, Y.columns)
    one, other = model.predict_distribution(X_new), model.predict_distribution(X_new, given=nothing)
    np.testing.assert_array_equal(one.means, other.means)
    np.testing.assert_array_equal(one.covariance, other.covariance)


def test_rows_are_conditioned_one_by_one(
    new: Callable[[], TaskRegressor], X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    model = new().fit(X, Y)
    given = pd.DataFrame({"low": np.linspace(-1, 1, len(X_new))}, X_new.index)
    together = model.predict_distribution(X_new, given=given)
    for row in range(len(X_new)):
        alone = model.predict_distribution(X_new.iloc[row : row + 1], given=given.iloc[row : row + 1])
        np.testing.assert_allclose(alone.means[0], together.means[row], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(alone.covariance[0], together.covariance[row], rtol=1e-9, atol=1e-12)


# Independence, mirror images and grouping.


@pytest.mark.parametrize("model", [MultiTaskGP(rank=0), IndependentGP()], ids=["rank 0", "independent"])
def test_tasks_that_share_nothing(model: TaskRegressor, X: Any, Y: Any, X_new: Any) -> None:
    p = distribution(model, X, Y, X_new)
    np.testing.assert_array_equal(p.covariance[:, 0, 1], 0.0)
    given = pd.DataFrame({"low": 5.0}, X_new.index)
    after = model.predict_distribution(X_new, given=given)
    np.testing.assert_array_equal(after.mean["high"], p.mean["high"])
    np.testing.assert_allclose(model.task_correlation_, np.eye(2), atol=1e-12)


def test_independent_is_each_task_by_itself(X: pd.DataFrame, X_new: pd.DataFrame) -> None:
    """But for the inputs' unit, which is that of all values: a deviation over 2 n instead of n."""
    Y = pd.DataFrame({"one": np.sin(3 * X.a), "other": np.cos(X.b / 20) + X.a})
    together = IndependentGP().fit(X, Y).predict_distribution(X_new)
    for task in Y:
        alone = IndependentGP().fit(X, Y[[task]]).predict_distribution(X_new)
        spread = Y[task].std()
        np.testing.assert_allclose(together.mean[task] / spread, alone.mean[task] / spread, rtol=0, atol=1e-2)
        np.testing.assert_allclose(together.std[task] / spread, alone.std[task] / spread, rtol=0, atol=1e-2)


@pytest.mark.parametrize("architecture", ["multi-task", "difference", "latent variable"])
def test_a_mirror_image_is_learned(architecture: str, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    mirror = Y.assign(high=-100 * Y.low).where(Y.notna())
    model = ARCHITECTURES[architecture]().fit(X, mirror)
    assert model.task_correlation_.loc["low", "high"] < -0.95
    after = model.predict_distribution(X_new, given=pd.DataFrame({"low": 1.0}, X_new.index))
    assert (after.mean["high"] < -60).all()


def test_several_sources_into_one_target(X: pd.DataFrame, X_new: pd.DataFrame) -> None:
    def tasks(frame: pd.DataFrame) -> pd.DataFrame:
        a, b = frame.a, (frame.b - 5.0) / 30.0
        return pd.DataFrame({"first": np.sin(4 * a), "second": np.cos(3 * b) * b}).assign(
            target=lambda both: 2.0 * both["first"] - 3.0 * both["second"]
        )

    Y = tasks(X)
    Y.loc[X.index[8:], "target"] = np.nan
    model = DifferenceGP(sources={"target": ["first", "second"]}).fit(X, Y)
    assert model.rho_.loc["target", "first"] == pytest.approx(2.0, abs=0.25)
    assert model.rho_.loc["target", "second"] == pytest.approx(-3.0, abs=0.5)
    assert (model.rho_.loc[["first", "second"]] == 0.0).all(axis=None)
    known = tasks(X_new)
    after = model.predict_distribution(X_new, given=known[["first", "second"]])
    np.testing.assert_allclose(after.mean["target"], known.target, atol=0.3)
    assert (after.std["target"] < model.predict_distribution(X_new).std["target"]).all()


@pytest.mark.parametrize("sources", [None, {"b": ["a"], "c": ["b"]}], ids=["default", "named"])
def test_a_chain_is_the_default(sources: dict[str, list[str]] | None) -> None:
    x = np.linspace(0, 1, 8)
    Y = pd.DataFrame({"a": np.sin(6 * x), "b": np.sin(6 * x) + x, "c": np.cos(4 * x)})
    model = DifferenceGP(sources=sources).fit(pd.DataFrame({"x": x}), Y)
    assert model.model_.covar_module.sources == {0: (), 1: (0,), 2: (1,)}
