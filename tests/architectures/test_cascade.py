"""CascadeGP: what it is equal to, what must not change it, and what it is better at."""

from __future__ import annotations

import pickle
from typing import Any

import gpytorch
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from sklearn.base import clone

from mfgp import CascadeGP, DifferenceGP, IndependentGP, task
from mfgp.cascade import CascadeModel
from mfgp.data import Observations
from mfgp.errors import DataError, NotFittedError, ParameterError

X = pd.DataFrame({"x": np.linspace(0.0, 1.0, 16)}, index=[f"row {i}" for i in range(16)])
LOW = np.sin(9.0 * X.x)
Y = pd.DataFrame({"low": LOW, "high": (LOW**2).where(np.arange(16) % 2 == 0)})
X_NEW = pd.DataFrame({"x": [0.07, 0.41, 0.83]}, index=["a", "b", "c"])


@pytest.fixture(scope="module")
def model() -> CascadeGP:
    return CascadeGP().fit(X, Y)


def test_one_task_is_an_independent_process() -> None:
    ours, theirs = (each.fit(X, Y[["low"]]).predict_distribution(X_NEW) for each in (CascadeGP(), IndependentGP()))
    np.testing.assert_allclose(ours.means, theirs.means, rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.covariance, theirs.covariance, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(ours.quantile(0.9), theirs.quantile(0.9), rtol=0, atol=1e-5)


def test_without_edges_tasks_are_independent(model: CascadeGP) -> None:
    p = CascadeGP(sources={}).fit(X, Y).predict_distribution(X_NEW)
    assert np.abs(p.covariance[:, 0, 1]).max() < 1e-12
    np.testing.assert_allclose(p["low"].means, model.predict_distribution(X_NEW)["low"].means, rtol=0, atol=1e-4)


def test_a_frame_gives_a_frame(model: CascadeGP) -> None:
    mean = model.predict(X_NEW)
    assert list(mean.columns) == ["low", "high"]
    assert list(mean.index) == ["a", "b", "c"]


def test_arrays_give_arrays_of_the_same_numbers(model: CascadeGP) -> None:
    found = CascadeGP().fit(X.to_numpy(), Y.to_numpy()).predict(X_NEW.to_numpy())
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, model.predict(X_NEW).to_numpy())


def test_a_series_gives_a_series_and_a_vector_a_vector() -> None:
    series = CascadeGP().fit(X, Y.low).predict(X_NEW)
    assert isinstance(series, pd.Series)
    assert series.name == "low"
    vector = CascadeGP().fit(X, Y.low.to_numpy()).predict(X_NEW)
    assert vector.shape == (3,)
    np.testing.assert_array_equal(vector, series.to_numpy())


def test_the_order_of_rows_changes_nothing_at_all(model: CascadeGP) -> None:
    order = np.random.default_rng(3).permutation(len(X))
    one, other = (m.predict_distribution(X_NEW) for m in (model, CascadeGP().fit(X.iloc[order], Y.iloc[order])))
    np.testing.assert_array_equal(one.means, other.means)
    np.testing.assert_array_equal(one.covariance, other.covariance)


def test_units_and_offsets_of_the_tasks_change_their_answers_alone(model: CascadeGP) -> None:
    factor, offset = np.array([-8.0, 1e3]), np.array([40.0, -3.0])
    one, other = (m.predict_distribution(X_NEW) for m in (model, CascadeGP().fit(X, Y * factor + offset)))
    spread = Y.std().to_numpy()
    np.testing.assert_allclose((other.means - offset) / factor / spread, one.means / spread, rtol=0, atol=5e-3)
    np.testing.assert_allclose(other.deviations / abs(factor) / spread, one.deviations / spread, rtol=0, atol=5e-3)


def test_the_order_of_tasks_changes_nothing(model: CascadeGP) -> None:
    found = CascadeGP(sources={"high": ["low"]}).fit(X, Y[["high", "low"]]).predict(X_NEW)
    pd.testing.assert_frame_equal(found[["low", "high"]], model.predict(X_NEW), rtol=0, atol=1e-6)


def test_what_is_observed_has_noise(model: CascadeGP) -> None:
    quantity, observed = (model.predict_distribution(X_NEW, observed=o) for o in (False, True))
    np.testing.assert_allclose(
        observed.covariance - quantity.covariance, np.broadcast_to(np.diag(model.noise_**2), (3, 2, 2)), atol=1e-14
    )
    np.testing.assert_array_equal(observed.means, quantity.means)
    assert (observed.dimension, quantity.dimension) == (4, 2)
    gap = observed.sample(4000, seed=0).std(0) / observed.deviations
    np.testing.assert_allclose(gap, 1.0, atol=0.1)


def test_predict_is_the_mean_of_the_distribution(model: CascadeGP) -> None:
    p = model.predict_distribution(X_NEW)
    mean, std = model.predict(X_NEW, return_std=True)
    pd.testing.assert_frame_equal(mean, p.mean)
    pd.testing.assert_frame_equal(std, p.std)
    pd.testing.assert_frame_equal(model.predict(X_NEW), p.mean)


def test_a_given_value_is_kept_and_is_the_sources_value(model: CascadeGP) -> None:
    given = pd.DataFrame({"low": [0.5, 0.5, 0.5]}, index=X_NEW.index)
    p = model.predict_distribution(X_NEW, given=given, noise=given * 0.0 + 1e-12)
    np.testing.assert_allclose(p.means[:, 0], 0.5, atol=1e-6)
    np.testing.assert_allclose(p.means[:, 1], 0.25, atol=0.1)


def test_rows_and_tasks_of_a_prediction_are_parts_of_it(model: CascadeGP) -> None:
    p = model.predict_distribution(X_NEW, observed=True)
    part = p.take(np.array([2, 0]))
    assert list(part.index) == ["c", "a"]
    pd.testing.assert_frame_equal(part.quantile(0.8), p.quantile(0.8).loc[["c", "a"]])
    pd.testing.assert_frame_equal(p["high"].quantile(0.8), p.quantile(0.8)[["high"]])
    np.testing.assert_array_equal(p["high"].sample(5, seed=1)[..., 0], p.sample(5, seed=1)[..., 1])
    swapped = p.combine(np.array([[1.0], [-2.0]]), np.array([3.0]), ("sum",))
    np.testing.assert_allclose(swapped.sample(5, seed=1)[..., 0], p.sample(5, seed=1) @ [1.0, -2.0] + 3.0)


def test_the_mean_of_a_product_is_that_of_the_moments(model: CascadeGP) -> None:
    p = model.predict_distribution(X_NEW, observed=True)
    product = p.of(task("low") * task("high"))
    expected = p.means.prod(axis=1) + p.covariance[:, 0, 1]
    assert (abs(product.mean - expected) < 0.05 * product.std).all()


def test_the_probability_of_a_condition_is_that_of_the_quantile(model: CascadeGP) -> None:
    p = model.predict_distribution(X_NEW, observed=True)
    edge = p.quantile(0.7).high.to_numpy()
    for row, value in enumerate(edge):
        assert p.take(slice(row, row + 1)).of(task("high") < float(value)).probability.item() == pytest.approx(
            0.7, abs=0.03
        )


def test_copies_and_pickles_predict_the_same(model: CascadeGP) -> None:
    restored = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(restored.predict(X_NEW), model.predict(X_NEW))
    new = clone(CascadeGP(sources={"high": ["low"]}, kernel="rbf"))
    expected = {
        "sources": {"high": ["low"]},
        "kernel": "rbf",
        "device": None,
        "unseen": "prior",
        "concentration": None,
    }
    assert new.get_params() == expected
    assert not hasattr(new, "model_")


def test_lengthscales_are_in_the_units_of_inputs_and_of_sources(model: CascadeGP) -> None:
    table = model.lengthscales_
    assert list(table.index) == ["low", "high", "high given its sources"]
    values = model.value_lengthscales_
    assert values.isna().to_numpy().tolist() == [[True, True], [False, True]]
    larger = CascadeGP().fit(X * 4.0, Y * [1024.0, 1.0])  # powers of two change no digit
    pd.testing.assert_frame_equal(larger.lengthscales_, table * 4.0)
    pd.testing.assert_frame_equal(larger.value_lengthscales_, values * 1024.0)


def test_a_square_is_told_better_than_by_a_difference() -> None:
    generator = np.random.default_rng(0)
    x = pd.DataFrame({"x": generator.uniform(0.0, 1.0, 24)})
    low = np.sin(8.0 * np.pi * x.x)
    high = (low**2).where(np.arange(24) % 3 == 0)
    new = pd.DataFrame({"x": np.linspace(0.02, 0.98, 30)})
    truth = np.sin(8.0 * np.pi * new.x) ** 2
    y = pd.DataFrame({"low": low, "high": high})
    ours = CascadeGP().fit(x, y).predict_distribution(new, observed=True)
    theirs = DifferenceGP(sources={"high": ["low"]}).fit(x, y).predict_distribution(new, observed=True)
    values = np.column_stack([np.full(30, np.nan), truth])
    mine = ours.log_density(values)
    assert mine.low.isna().all()
    assert mine.high.mean() > norm.logpdf(truth, theirs.mean.high, theirs.std.high).mean() + 0.5


def refused(message: str, x: Any = X, y: Any = Y, **options: Any) -> None:
    with pytest.raises(ParameterError, match=message):
        CascadeGP(**options).fit(x, y)


def test_sources_in_a_circle_are_refused() -> None:
    refused(
        "sources go in a circle: .*'low'.* -> .*leave one of these edges out",
        sources={"low": ["high"], "high": ["low"]},
    )
    data = Observations.gather(X.to_numpy(), Y.to_numpy(), None)
    with pytest.raises(ParameterError, match="circle"):
        CascadeModel(data, {0: [1], 1: [0]})


def test_sources_that_are_no_tasks_are_refused() -> None:
    refused(
        r"sources name \['medium'\], which are no tasks; the tasks are \['low', 'high'\]", sources={"high": ["medium"]}
    )


def test_values_of_another_shape_are_refused(model: CascadeGP) -> None:
    p = model.predict_distribution(X_NEW)
    with pytest.raises(DataError, match=r"values have the shape \(2, 2\), expected \(3, 2\): one for each prediction"):
        p.log_density(np.zeros((2, 2)))


def test_before_the_fit_there_is_nothing_to_read() -> None:
    for name in ("lengthscales_", "value_lengthscales_"):
        with pytest.raises(NotFittedError, match=f"this CascadeGP instance is not fitted yet, so it has no {name}"):
            getattr(CascadeGP(), name)


def test_lengthscales_of_a_users_kernel_are_not_known() -> None:
    fitted = CascadeGP(kernel=gpytorch.kernels.RQKernel()).fit(X.iloc[::2], Y.low.iloc[::2])
    with pytest.raises(
        ParameterError, match="lengthscales_ are known for the named kernels, but this model uses RQKernel"
    ):
        _ = fitted.lengthscales_
    assert torch.is_tensor(fitted.model_.mean(torch.zeros(1, 1, dtype=torch.float64)))


def test_the_tasks_after_a_source_tell_its_noise_from_what_is_its_own() -> None:
    """The inputs tell nothing of a source that decides the next task; or it has noise, as that task shows."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.uniform(0.0, 1.0, 60)})
    own, curve = rng.standard_normal(60), 3.0 * np.sin(6.0 * X.x)
    follows = CascadeGP().fit(X, pd.DataFrame({"source": own, "task": np.abs(own)}))
    new = pd.DataFrame({"x": [0.37, 0.37]})
    given = pd.DataFrame({"source": [-2.0, 0.1]})
    far, near = follows.predict_distribution(new, given=given).mean["task"]
    assert far == pytest.approx(2.0, abs=0.4)
    assert near == pytest.approx(0.1, abs=0.4)
    assert follows.noise_["source"] < 0.5
    noisy = CascadeGP().fit(X, pd.DataFrame({"source": curve + own, "task": curve**2}))
    assert noisy.noise_["source"] == pytest.approx(1.0, abs=0.25)
