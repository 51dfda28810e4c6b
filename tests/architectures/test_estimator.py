"""Forms in and out, values that are missing, what is learned in the user's units, and complaints."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import Kernel, LinearKernel, PeriodicKernel, RBFKernel, RQKernel, ScaleKernel

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.architectures.estimator import TaskRegressor
from mfgp.errors import ColumnError, DataError, MfgpError, NotFittedError, ParameterError

NEW = {
    "multi-task": MultiTaskGP,
    "difference": DifferenceGP,
    "latent variable": LatentVariableGP,
    "independent": IndependentGP,
}


@pytest.fixture(params=NEW)
def model(request: pytest.FixtureRequest) -> TaskRegressor:
    return NEW[request.param]()


# Forms.


def test_frames_give_frames(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    means, deviations = model.fit(X, Y).predict(X_new, return_std=True)
    for frame in (means, deviations, model.predict(X_new)):
        assert isinstance(frame, pd.DataFrame)
        assert list(frame.columns) == ["low", "high"]
        pd.testing.assert_index_equal(frame.index, X_new.index)
    assert model.tasks_ == ["low", "high"]
    assert list(model.feature_names_in_) == ["a", "b"]
    assert model.n_features_in_ == 2


def test_arrays_give_the_same_as_arrays(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    framed = model.fit(X, Y).predict(X_new, return_std=True)
    plain = model.fit(X.to_numpy(), Y.to_numpy()).predict(X_new.to_numpy(), return_std=True)
    for array, frame in zip(plain, framed, strict=True):
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, frame.to_numpy())
    assert model.tasks_ == ["y0", "y1"]
    assert not hasattr(model, "feature_names_in_")


def test_a_series_gives_a_series(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    means, deviations = model.fit(X, Y["low"]).predict(X_new, return_std=True)
    assert isinstance(means, pd.Series)
    assert isinstance(deviations, pd.Series)
    assert means.name == "low"
    pd.testing.assert_index_equal(means.index, X_new.index)
    vector = model.fit(X.to_numpy(), Y["low"].to_numpy()).predict(X_new.to_numpy())
    assert vector.shape == (len(X_new),)
    np.testing.assert_array_equal(vector, means)


def test_predict_is_the_mean_of_the_distribution(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    p = model.fit(X, Y).predict_distribution(X_new)
    means, deviations = model.predict(X_new, return_std=True)
    pd.testing.assert_frame_equal(model.predict(X_new), p.mean)
    pd.testing.assert_frame_equal(means, p.mean)
    pd.testing.assert_frame_equal(deviations, p.std)
    observed = model.predict_distribution(X_new, observed=True)
    np.testing.assert_allclose(observed.std**2, p.std**2 + model.noise_**2)
    np.testing.assert_array_equal(observed.means, p.means)


def test_a_fit_again_forgets_the_one_before(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    model.fit(X[["a"]], Y[["low"]])
    model.fit(X, Y)
    assert model.tasks_ == ["low", "high"]
    assert model.n_features_in_ == 2
    model.fit(X.to_numpy(), Y.to_numpy())
    assert not hasattr(model, "feature_names_in_")


def test_it_can_be_pickled(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    model.fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(copy.predict(X_new), model.predict(X_new))


def test_a_device_set_after_a_fit_waits_for_the_next(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    before = model.fit(X, Y).predict(X_new, return_std=True)
    after = model.set_params(device="meta").predict(X_new, return_std=True)
    for one, other in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(one, other)


# Values that are missing.


def only(Y: pd.DataFrame, low: slice, high: slice) -> pd.DataFrame:
    kept = pd.DataFrame(np.nan, Y.index, Y.columns)
    for column, rows in enumerate((low, high)):
        kept.iloc[rows, column] = Y.iloc[rows, column].fillna(0.3)
    return kept


PATTERNS = {
    "no row has both": (slice(0, 12), slice(12, 20)),
    "one value of a task": (slice(0, 15), slice(3, 4)),
    "two values of a task": (slice(2, 4), slice(0, 15)),
    "rows with no value at all": (slice(5, 15), slice(8, 12)),
}


@pytest.mark.parametrize("low, high", PATTERNS.values(), ids=PATTERNS.keys())
def test_any_pattern_of_missing_values(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame, low: slice, high: slice
) -> None:
    means, deviations = model.fit(X, only(Y, low, high)).predict(X_new, return_std=True)
    assert np.isfinite(means).all(axis=None)
    assert (deviations > 0.0).all(axis=None)


def test_a_row_without_values_is_no_row(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    before = model.fit(X, Y).predict(X_new)
    empty = pd.DataFrame(np.nan, ["more"], Y.columns)
    after = model.fit(pd.concat([X, X_new.iloc[:1].set_axis(["more"])]), pd.concat([Y, empty])).predict(X_new)
    pd.testing.assert_frame_equal(after, before)


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_values_that_do_not_differ(model: TaskRegressor, X: pd.DataFrame, X_new: pd.DataFrame, value: float) -> None:
    Y = pd.DataFrame({"low": value, "high": np.arange(len(X), dtype=float)}, X.index)
    means = model.fit(X, Y).predict(X_new)
    np.testing.assert_allclose(means["low"], value, atol=1.0)


# Known noise.


def test_known_noise_is_the_noise(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    noise = pd.DataFrame({"low": 0.2}, X.index)
    model.fit(X, Y, noise=noise)
    assert model.noise_["low"] == pytest.approx(0.2)
    assert model.model_.likelihood.learned.tolist() == [False, True]
    by_name = model.noise_.copy()
    model.fit(X, Y, noise=noise.assign(high=np.nan)[["high", "low"]])
    pd.testing.assert_series_equal(model.noise_, by_name)


def test_values_known_less_well_count_less(X: pd.DataFrame) -> None:
    Y = pd.DataFrame({"y": np.sin(3 * X.a)})
    Y.iloc[0] += 3.0
    noise = pd.DataFrame({"y": 0.01}, X.index)
    trusted = MultiTaskGP().fit(X, Y, noise=noise).predict(X.iloc[:1]).to_numpy().item()
    noise.iloc[0] = 10.0
    doubted = MultiTaskGP().fit(X, Y, noise=noise).predict(X.iloc[:1]).to_numpy().item()
    truth = Y.iloc[0, 0] - 3.0
    assert abs(doubted - truth) < 0.5 < abs(trusted - truth)


# What is learned, in the user's units.


def test_learned_attributes_are_in_the_users_units(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    """Powers of two as units, so that not a digit of the fit changes."""
    one = type(model)().fit(X, Y)
    other = model.fit(X * [4.0, 0.125], Y * [2.0, 1024.0])
    np.testing.assert_allclose(other.lengthscales_, one.lengthscales_ * [4.0, 0.125])
    np.testing.assert_allclose(other.noise_, one.noise_ * [2.0, 1024.0])
    pd.testing.assert_frame_equal(other.task_correlation_, one.task_correlation_)
    assert list(one.lengthscales_.columns) == ["a", "b"]
    assert list(one.noise_.index) == list(one.task_correlation_.index) == ["low", "high"]
    if isinstance(model, LatentVariableGP):
        pd.testing.assert_frame_equal(other.embedding_, one.embedding_)
    if isinstance(model, DifferenceGP):
        np.testing.assert_allclose(other.rho_, one.rho_ * np.array([[1.0, 1.0], [512.0, 1.0]]))


def test_a_mirrored_task_has_the_mirrored_attributes(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    mirrored = Y * [1.0, -1.0]
    flips = np.array([[1.0, -1.0], [-1.0, 1.0]])
    for new in NEW.values():
        one, other = new().fit(X, Y).task_correlation_, new().fit(X, mirrored).task_correlation_
        np.testing.assert_allclose(other, one * flips, atol=1e-3)
    rho = [DifferenceGP().fit(X, values).rho_.loc["high", "low"] for values in (Y, mirrored)]
    assert rho[0] == pytest.approx(-rho[1], rel=1e-3)


def test_noise_is_learned(X: pd.DataFrame) -> None:
    x = pd.DataFrame({"x": np.linspace(0, 1, 60)})
    generator = np.random.default_rng(0)
    quiet = np.sin(6 * x.x) + 0.02 * generator.standard_normal(60)
    Y = pd.DataFrame({"quiet": quiet, "loud": 10 * np.cos(5 * x.x) + 2.0 * generator.standard_normal(60)})
    noise = IndependentGP().fit(x, Y).noise_
    assert noise["quiet"] == pytest.approx(0.02, rel=0.4)
    assert noise["loud"] == pytest.approx(2.0, rel=0.4)


def test_tasks_that_behave_alike_lie_together() -> None:
    x = pd.DataFrame({"x": np.linspace(0, 1, 15)})
    Y = pd.DataFrame({"a": np.sin(6 * x.x), "b": np.sin(6 * x.x + 0.2), "c": np.cos(9 * x.x)})
    z = LatentVariableGP(dimension=2).fit(x, Y).embedding_
    assert z.shape == (3, 2)
    np.testing.assert_allclose(z.mean(), 0.0, atol=1e-12)
    assert np.linalg.norm(z.loc["a"] - z.loc["b"]) < np.linalg.norm(z.loc["a"] - z.loc["c"])


def test_names_of_processes(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    assert list(MultiTaskGP(processes=2).fit(X, Y).lengthscales_.index) == ["process 0", "process 1"]
    assert list(DifferenceGP().fit(X, Y).lengthscales_.index) == ["low", "high"]
    assert list(LatentVariableGP().fit(X, Y).lengthscales_.index) == ["all tasks"]


def test_description(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    name = type(model).__name__
    assert repr(model) == f"{name}()"
    text = repr(model.fit(X, Y))
    counts = Y.count()
    assert text.startswith(f"{name}()\n")
    assert f"tasks (values): low ({counts.low}), high ({counts.high})" in text
    assert "inputs: 2" in text
    assert f"fit: {model.fit_report_}" in text


def test_the_report_of_the_fit(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    report = model.fit(X, Y).fit_report_
    assert report.status == "converged"
    assert len(pd.DataFrame(report.starts)) == len(report.starts)


def test_score_is_the_mean_of_the_tasks_r2(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    model = IndependentGP().fit(X, Y)
    each = [model.score(X, Y.assign(**{other: np.nan})) for other in ("high", "low")]
    assert model.score(X, Y) == pytest.approx(np.mean(each))
    once = pd.DataFrame({"low": np.eye(len(X))[0]}, X.index).where(lambda y: y > 0)
    assert np.isnan(model.score(X, once))
    weights = np.arange(1, len(X) + 1)
    assert model.score(X, Y, sample_weight=weights) != model.score(X, Y)


# A kernel of the user's own.

USERS = [
    RQKernel(),
    LinearKernel() + RBFKernel(),
    PeriodicKernel() * RBFKernel(ard_num_dims=2),
    ScaleKernel(RQKernel()),
]


@pytest.mark.parametrize("kernel", USERS, ids=lambda kernel: type(kernel).__name__)
def test_a_kernel_of_the_users_own(
    model: TaskRegressor, kernel: Kernel, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    model.set_params(kernel=kernel).fit(X, Y)
    assert model.score(X, Y) > 0.9
    p = model.predict_distribution(X_new)
    rows = torch.cat([torch.tensor(X_new.to_numpy()), torch.ones(len(X_new), 1).double()], dim=-1)
    posterior = model.model_.posterior(rows)
    np.testing.assert_allclose(p.mean["high"], posterior.mean.detach().squeeze(-1), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(p.std["high"] ** 2, posterior.variance.detach().squeeze(-1), rtol=1e-6, atol=1e-9)
    correlation = model.task_correlation_.to_numpy()
    np.testing.assert_allclose(np.diagonal(correlation), 1.0)
    assert np.abs(correlation).max() <= 1.0 + 1e-9


def test_a_linear_kernel_extrapolates() -> None:
    x = pd.DataFrame({"x": np.linspace(0, 1, 12)})
    model = IndependentGP(kernel=LinearKernel()).fit(x, 3.0 * x.x + 1.0)
    found, deviation = model.predict(pd.DataFrame({"x": [0.0, 5.0]}), return_std=True)
    np.testing.assert_allclose(found, [1.0, 16.0], atol=0.2)
    assert deviation[1] > deviation[0]


# Complaints.


@pytest.mark.parametrize("wanted", ["task_correlation_", "lengthscales_", "noise_"])
def test_attributes_before_fit(model: TaskRegressor, wanted: str) -> None:
    message = rf"this {type(model).__name__} instance is not fitted yet, so it has no {wanted}; call fit\(X, Y\) first"
    with pytest.raises(NotFittedError, match=message):
        getattr(model, wanted)


@pytest.mark.parametrize("method", ["predict", "predict_distribution", "score"])
def test_predictions_before_fit(model: TaskRegressor, method: str, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    message = (
        rf"this {type(model).__name__} instance is not fitted yet, so it has no predictions; call fit\(X, Y\) first"
    )
    with pytest.raises(NotFittedError, match=message):
        getattr(model, method)(*((X, Y) if method == "score" else (X,)))


def test_before_fit_own_attributes() -> None:
    with pytest.raises(
        NotFittedError, match="this DifferenceGP instance is not fitted yet, so it has no rho_; call fit"
    ):
        _ = DifferenceGP().rho_
    with pytest.raises(NotFittedError, match="this LatentVariableGP instance .* has no embedding_; call fit"):
        _ = LatentVariableGP().embedding_


WRONG: list[tuple[TaskRegressor, str]] = [
    (MultiTaskGP(processes=0), "processes=0, expected a whole number of at least 1"),
    (MultiTaskGP(processes=1.5), "processes=1.5, expected a whole number of at least 1"),
    (MultiTaskGP(rank=3), r"rank=3, expected a whole number from 0 \(nothing shared\) to 2, the number of tasks"),
    (MultiTaskGP(rank=-1), r"rank=-1, expected a whole number from 0 \(nothing shared\) to 2, the number of tasks"),
    (MultiTaskGP(rank="full"), "rank='full', expected a whole number from 0"),
    (LatentVariableGP(dimension=0), "dimension=0, expected a whole number of at least 1"),
    (LatentVariableGP(dimension="2"), "dimension='2', expected a whole number of at least 1"),
    (IndependentGP(kernel="matern"), "kernel='matern' is not known; write one of 'matern52'"),
    (IndependentGP(kernel=["rbf"]), r"kernel=\['rbf'\] is not known; write one of 'matern52'"),
    (MultiTaskGP(kernel=RBFKernel(ard_num_dims=3)), "the RBFKernel cannot be used on 2 inputs"),
    (LatentVariableGP(kernel=RBFKernel(batch_shape=[2])), r"the RBFKernel gives a covariance of shape \(2, 1, 1\)"),
    (
        DifferenceGP(sources={"high": ["lwo"]}),
        r"sources name \['lwo'\], which are no tasks; the tasks are \['low', 'high'\]",
    ),
    (DifferenceGP(sources={"hgih": ["low"]}), r"sources name \['hgih'\], which are no tasks; the tasks are"),
    (
        DifferenceGP(sources={"high": ["low"], "low": ["high"]}),
        "sources go in a circle: 'high' -> 'low' -> 'high'; a task cannot be computed from itself, so leave one",
    ),
    (DifferenceGP(sources={"low": ["low"]}), "sources go in a circle: 'low' -> 'low'; a task cannot"),
    (
        DifferenceGP(sources={"high": ["low", "low"]}),
        r"sources of \['high'\] name a task more than once; write each once",
    ),
    (DifferenceGP(sources={"high": [["low"]]}), r"sources name \[\['low'\]\], which are no tasks; the tasks are"),
    (
        DifferenceGP(sources={"high": 1}),
        r"the sources of 'high' are 1, expected a list; write {'high': \[1\]}",
    ),
    (DifferenceGP(sources=["low"]), r"sources=\['low'\], expected a mapping; write {task: \[source, ...\]}"),
    (MultiTaskGP(device="banana"), r"device='banana' cannot be used here \(.*\); write device='cpu', or leave it out"),
    (
        DifferenceGP(sources={"high": "low"}),
        r"the sources of 'high' are 'low', expected a list; write {'high': \['low'\]}",
    ),
]


@pytest.mark.parametrize("model, message", WRONG, ids=lambda value: repr(value)[:50])
def test_parameters_that_mean_nothing(model: TaskRegressor, message: str, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match=message):
        model.fit(X, Y)


def test_lengthscales_of_a_kernel_of_the_users_own(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    model = MultiTaskGP(kernel=RQKernel()).fit(X, Y)
    message = "lengthscales_ are known for the named kernels, but this model uses RQKernel; read its parameters from"
    with pytest.raises(ParameterError, match=message):
        _ = model.lengthscales_


def test_noise_without_given(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    message = "noise= describes the given values, but given= is missing; give both or neither"
    with pytest.raises(ParameterError, match=message):
        MultiTaskGP().fit(X, Y).predict_distribution(X, noise=Y.abs())


def test_data_that_do_not_fit(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    complaints: list[tuple[Any, Any, type[MfgpError], str]] = [
        (X.iloc[:3], Y, DataError, "Y has 22 rows and X has 3"),
        (X.iloc[::-1], Y, DataError, "different row labels"),
        (X, Y.assign(high=np.nan), DataError, "Y has no value at all for 'high'"),
        (X.assign(a=np.nan), Y, DataError, "X holds NaN"),
        (X.assign(a=X.index), Y, ColumnError, "column 'a' of X holds a text of its own in each of the 22 rows"),
        (X, Y.assign(low=np.inf), DataError, "holds infinity"),
    ]
    for inputs, values, error, message in complaints:
        with pytest.raises(error, match=message):
            model.fit(inputs, values)
    model.fit(X, Y)
    with pytest.raises(ColumnError, match="X lacks the columns 'b' of the fit"):
        model.predict(X[["a"]])
    with pytest.raises(ColumnError, match="given has the columns 'middle' that are no tasks"):
        model.predict_distribution(X, given=Y.rename(columns={"low": "middle"}))
    with pytest.raises(DataError, match="noise is negative for 'low'"):
        model.fit(X, Y, noise=Y * 0 - 1)


def test_scores_of_data_that_do_not_fit(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    model = MultiTaskGP().fit(X, Y)
    with pytest.raises(DataError, match="y has 3 rows and X has 22: give one row of y for each row of X"):
        model.score(X, Y.iloc[:3])
    with pytest.raises(ColumnError, match="y has the columns 'middle' that are no tasks"):
        model.score(X, Y.rename(columns={"low": "middle"}))
    message = r"sample_weight has the shape \(3,\), expected \(22,\): give one weight for each row of X"
    with pytest.raises(DataError, match=message):
        model.score(X, Y, sample_weight=[1.0, 2.0, 3.0])


def test_given_may_lack_tasks_and_have_them_in_any_order(X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    model = MultiTaskGP().fit(X, Y)
    known = pd.Series(np.linspace(-1, 1, len(X_new)), X_new.index, name="low")
    one = model.predict_distribution(X_new, given=known)
    for given in (known.to_frame(), pd.DataFrame({"high": np.nan, "low": known})):
        pd.testing.assert_frame_equal(model.predict_distribution(X_new, given=given).mean, one.mean)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    on_cpu = type(model)().fit(X, Y).predict_distribution(X_new)
    on_gpu = model.set_params(device="cuda").fit(X, Y).predict_distribution(X_new)
    np.testing.assert_allclose(on_gpu.means, on_cpu.means, atol=1e-2)
    np.testing.assert_allclose(on_gpu.std, on_cpu.std, atol=1e-2)
    assert model.model_.train_targets.is_cuda
