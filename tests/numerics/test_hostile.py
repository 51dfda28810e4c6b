"""Tables that are hard on the numerics: each is fitted with sensible predictions, or refused before the fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

import mfgp
from mfgp.architectures.regressor import Regressor
from mfgp.data.exactness import require_consistent
from mfgp.errors import DataError
from mfgp.model import TaskGP
from tests.numerics.tables import KINDS

X = pd.DataFrame({"x": np.linspace(0.0, 1.0, 9)})
WAVE = np.sin(6.0 * X["x"])
each_kind = pytest.mark.parametrize("kind", KINDS[:5])  # AutoGP chooses among these


def fitted(kind: Callable[..., Regressor], X: pd.DataFrame, Y: pd.DataFrame, noise: pd.DataFrame | None = None):  # type: ignore[no-untyped-def]
    """A model whose predictions near and far, with a task given and observed, are finite, with variances above zero."""
    model = kind().fit(X, Y, noise=noise)
    far = X + 1e6 * (np.ptp(X.to_numpy(), axis=0) + 1.0)
    for p in (
        model.predict_distribution(X),
        model.predict_distribution(far),
        model.predict_distribution(X, given=Y.iloc[:, :1]),
        model.predict_distribution(X, observed=True),
    ):
        for values in (p.means, p.covariance, p.std.to_numpy(), p.interval(0.9).to_numpy()):
            assert np.isfinite(values).all()
        assert (np.diagonal(p.covariance, axis1=1, axis2=2) >= 0.0).all()
    assert model.fit_report_.status
    return model


def holds(model: Regressor, X: pd.DataFrame, Y: pd.DataFrame, share: float = 0.01) -> None:
    """Rows learned from are predicted to a share of the width of their tasks, and their intervals are as narrow."""
    width = Y.max() - Y.min()
    p = model.predict_distribution(X)
    measured = Y.notna()
    assert ((p.mean - Y).abs() / width).where(measured).max(axis=None) < share
    assert (p.std / width).where(measured).max(axis=None) < 3.0 * share


@each_kind
def test_values_that_are_said_to_be_exact_are_reproduced(kind: Callable[..., Regressor]) -> None:
    Y = pd.DataFrame({"a": WAVE, "b": WAVE + X["x"]})
    model = fitted(kind, X, Y, noise=0.0 * Y)
    holds(model, X, Y, 1e-3)
    given = model.predict_distribution(X, given=Y)
    np.testing.assert_allclose(given.means, Y, atol=1e-6)


@each_kind
def test_exact_values_that_are_not_said_to_be_are_reproduced(kind: Callable[..., Regressor]) -> None:
    Y = pd.DataFrame({"a": WAVE, "b": 2.0 * WAVE + X["x"]})
    holds(fitted(kind, X, Y), X, Y)


@each_kind
def test_rows_that_differ_by_rounding_are_one_row(kind: Callable[..., Regressor]) -> None:
    twice = pd.concat([X, X + 1e-12], ignore_index=True)
    Y = pd.DataFrame({"a": np.tile(WAVE, 2), "b": np.tile(WAVE + X["x"], 2)})
    holds(fitted(kind, twice, Y), twice, Y)


@each_kind
def test_identical_tasks_are_predicted_alike(kind: Callable[..., Regressor]) -> None:
    Y = pd.DataFrame({"a": WAVE, "b": WAVE})
    means = fitted(kind, X, Y).predict(X + 0.05)
    np.testing.assert_allclose(means["a"], means["b"], atol=0.01)


@each_kind
def test_collinear_tasks_are_fitted(kind: Callable[..., Regressor]) -> None:
    Y = pd.DataFrame({"a": WAVE, "b": 2.0 * WAVE + 1.0, "c": 0.5 - 3.0 * WAVE})
    holds(fitted(kind, X, Y), X, Y)


@each_kind
@pytest.mark.parametrize("constant", [0.0, 1e30])
def test_a_constant_task_is_predicted_constant(kind: Callable[..., Regressor], constant: float) -> None:
    model = fitted(kind, X, pd.DataFrame({"a": WAVE, "b": np.full(9, constant)}))
    np.testing.assert_allclose(model.predict(X + 0.05)["b"], constant, rtol=1e-6, atol=1e-6)


@each_kind
@pytest.mark.parametrize("rows", [1, 2])
def test_very_few_rows_are_fitted(kind: Callable[..., Regressor], rows: int) -> None:
    Y = pd.DataFrame({"a": [3.0, 4.0], "b": [1.0, np.nan]})[:rows]
    p = fitted(kind, X[:rows], Y).predict_distribution(X[:rows])
    assert (p.std > 0.01).all(axis=None)
    assert (p.mean["a"] - Y["a"]).abs().max() < 1.0


@each_kind
def test_a_task_with_one_value_is_predicted_near_it_in_wide_intervals(kind: Callable[..., Regressor]) -> None:
    single = pd.Series([np.nan] * 4 + [5.0] + [np.nan] * 4)
    p = fitted(kind, X, pd.DataFrame({"a": WAVE, "b": single})).predict_distribution(X)
    assert abs(p.mean["b"][4] - 5.0) < 0.5
    assert p.std["b"][0] > 0.05


@pytest.mark.parametrize("kind", KINDS[:4])
def test_more_inputs_than_rows_are_fitted(kind: Callable[..., Regressor]) -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 300)))
    Y = pd.DataFrame({"a": wide[0] + wide[1], "b": (wide[0] + wide[2]).where(wide.index % 2 == 0)})
    fitted(kind, wide, Y)


@each_kind
@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_the_unit_of_an_input_does_not_matter(kind: Callable[..., Regressor], size: float) -> None:
    Y = pd.DataFrame({"a": WAVE, "b": WAVE + X["x"]})
    model = kind().fit(X * size, Y)
    holds(model, X * size, Y)
    far = model.predict_distribution(X * 0.0 + 1e300)
    assert np.isfinite(far.means).all()
    assert np.isfinite(far.covariance).all()


@each_kind
@pytest.mark.parametrize("size", [1e-140, 1e140])
def test_the_unit_of_a_task_does_not_matter(kind: Callable[..., Regressor], size: float) -> None:
    Y = pd.DataFrame({"a": size * WAVE, "b": WAVE + X["x"]})
    holds(fitted(kind, X, Y), X, Y)


@each_kind
def test_values_whose_squares_are_no_floats_are_refused(kind: Callable[..., Regressor]) -> None:
    Y = pd.DataFrame({"a": WAVE, "b": WAVE + X["x"]})
    with pytest.raises(DataError, match=r"'a' of Y holds 9.*e\+299, expected sizes up to 1e\+150, .* a larger unit"):
        kind().fit(X, Y * [1e300, 1.0])
    with pytest.raises(DataError, match=r"of 'b' in Y differ by .*e-300 at most, expected at least 1e-150.*logarithm"):
        kind().fit(X, Y * [1.0, 1e-300])
    with pytest.raises(DataError, match=r"'a' of noise holds 1e\+200, expected sizes up to 1e\+150"):
        kind().fit(X, Y, noise=0.0 * Y + 1e200)


def test_a_task_gp_refuses_values_whose_squares_are_no_floats() -> None:
    rows = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    with pytest.raises(DataError, match=r"train_Y holds 1e\+300, expected sizes up to 1e\+150, .* a larger unit"):
        TaskGP(rows, torch.tensor([[1.0], [1e300]], dtype=torch.float64))


def test_exact_values_that_contradict_each_other_are_refused() -> None:
    again = pd.concat([X, X[:1]], ignore_index=True)
    Y = pd.DataFrame({"a": [*WAVE, 1.0], "b": [*WAVE, 0.0]})
    for noise in (0.0, 1e-200, 1e-8):
        with pytest.raises(DataError, match="Y has 0 and 1 for 'a' at equal inputs, in rows 0 and 9, .* larger noise"):
            mfgp.MultiTaskGP().fit(again, Y, noise=0.0 * Y + noise)
    nearly = again + 1e-13 * np.arange(len(again))[:, None]
    noise = pd.DataFrame({"a": 1e-9, "b": np.where(again.index == 4, 0.1, 0.0)})
    with pytest.raises(DataError, match="Y has 0 and 1 for 'a' at equal inputs, in rows 0 and 9, .* known to 1e-09"):
        mfgp.MultiTaskGP().fit(nearly, Y, noise=noise)
    fitted(mfgp.MultiTaskGP, again, Y, noise=0.0 * Y + np.where(again.index == 9, 0.1, 0.0)[:, None])


def test_a_task_without_spread_has_its_own_unit_where_the_others_share_none() -> None:
    one = pd.Series([np.nan] * 4 + [5.0] + [np.nan] * 4)
    Y = pd.DataFrame({"a": 1e30 * WAVE, "b": 1e-30 * WAVE, "c": one})
    deviation = mfgp.IndependentGP().fit(X, Y).predict_distribution(X).std["c"]
    assert deviation.between(0.1, 100.0).all()


def test_two_exact_values_contradict_each_other_beside_a_noisy_one() -> None:
    x, y, s = np.zeros((3, 1)), np.array([[0.0], [0.5], [1.0]]), np.array([[0.0], [1.0], [0.0]])
    with pytest.raises(DataError, match="Y has 0 and 1 for 'a' at equal inputs, in rows 0 and 2"):
        require_consistent(x, y, s, ["a"])
    require_consistent(x, y, s + np.array([[0.0], [0.0], [1e-3]]), ["a"])
    require_consistent(x + np.arange(3)[:, None], y, s, ["a"])
    require_consistent(x[:0], y[:0], s[:0], ["a"])


def test_a_spread_below_the_rounding_of_its_size_is_none() -> None:
    Y = pd.DataFrame({"a": 1e15 + np.sin(X.x), "b": WAVE})
    prediction = mfgp.DifferenceGP().fit(X, Y).predict(X)
    assert ((prediction.a - 1e15).abs() <= 10.0).all()
    assert (prediction.b - WAVE).abs().max() < 0.01
