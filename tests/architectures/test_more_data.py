"""Rows added to a fitted model, values left out of it, and fits that begin where another ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP, TaskGP
from mfgp.architectures.estimator import TaskRegressor
from mfgp.errors import ColumnError, DataError, NotFittedError, ParameterError

MODELS: dict[str, Callable[[], TaskRegressor]] = {
    "multi-task": MultiTaskGP,
    "difference": DifferenceGP,
    "latent variable": LatentVariableGP,
    "independent": IndependentGP,
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> TaskRegressor:
    return MODELS[request.param]()


def close(found: pd.DataFrame, expected: pd.DataFrame, tolerance: float = 1e-7) -> None:
    pd.testing.assert_frame_equal(found, expected, rtol=tolerance, atol=tolerance)


@pytest.fixture
def more(X_new: pd.DataFrame) -> pd.DataFrame:
    """Values at the new rows, tasks in another order and one of them partly."""
    high = pd.Series([1.0, np.nan, -0.5, 2.0, np.nan, 0.0], X_new.index)
    return pd.DataFrame({"high": high, "low": np.linspace(-1.0, 1.0, 6)}, index=X_new.index)


# Rows added.


def test_one_row_is_given(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    model.fit(X, Y)
    row, value = X_new.iloc[:1], pd.DataFrame({"low": [0.4]}, index=X_new.index[:1])
    grown = model.condition_on(row, value)
    p, q = grown.predict_distribution(row), model.predict_distribution(row, given=value)
    close(p.mean, q.mean)
    np.testing.assert_allclose(p.covariance, q.covariance, rtol=1e-7, atol=1e-9)


def test_rows_may_come_one_after_the_other(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame, more: pd.DataFrame
) -> None:
    model.fit(X, Y)
    at_once, in_turn = model.condition_on(X_new, more), model
    for place in (3, 0, 1, 2, 5, 4):
        in_turn = in_turn.condition_on(X_new.iloc[[place]], more.iloc[[place]])
    p, q = at_once.predict_distribution(X), in_turn.predict_distribution(X)
    close(p.mean, q.mean)
    np.testing.assert_allclose(p.covariance, q.covariance, rtol=1e-6, atol=1e-9)
    for found, expected in zip(at_once.predict_left_out(), in_turn.predict_left_out(), strict=True):
        close(found.loc[X_new.index], expected.loc[X_new.index])


def test_the_model_that_rows_were_added_to_is_as_before(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame, more: pd.DataFrame
) -> None:
    before = model.fit(X, Y).predict(X_new)
    grown = model.condition_on(X_new, more)
    pd.testing.assert_frame_equal(model.predict(X_new), before)
    assert not np.allclose(grown.predict(X_new), before)
    assert grown.fit_report_ is model.fit_report_


def test_noise_of_the_rows_added(X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame, more: pd.DataFrame) -> None:
    model = DifferenceGP().fit(X, Y)
    exact = model.condition_on(X_new, more, noise=0.0 * more)
    vague = model.condition_on(X_new, more, noise=1e6 + 0.0 * more)
    np.testing.assert_allclose(exact.predict(X_new).low, more.low, atol=1e-3)
    close(vague.predict(X_new), model.predict(X_new), 1e-3)
    as_learned = model.condition_on(X_new, more, noise=more[["low"]] * np.nan)
    close(as_learned.predict(X_new), model.condition_on(X_new, more).predict(X_new))


def test_rows_that_cannot_be_added(X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    with pytest.raises(NotFittedError, match="not fitted yet"):
        MultiTaskGP().condition_on(X, Y)
    model = MultiTaskGP().fit(X, Y)
    with pytest.raises(DataError, match="Y has no value at all: give at least one"):
        model.condition_on(X_new, pd.DataFrame({"low": np.nan}, index=X_new.index))
    with pytest.raises(ColumnError, match="no tasks"):
        model.condition_on(X_new, pd.DataFrame({"other": 1.0}, index=X_new.index))


def test_rows_added_where_the_noise_was_known_have_that_noise(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame
) -> None:
    """One row is given, in the units of the tasks, whether its own noise is stated or not."""
    model.fit(X, 50.0 * Y, noise=2.0 + 0.0 * Y.fillna(0.0))
    row, value = X_new.iloc[:1], pd.DataFrame({"low": [20.0], "high": [-30.0]}, index=X_new.index[:1])
    for noise in (None, 0.0 * value + 5.0):
        p = model.condition_on(row, value, noise=noise).predict_distribution(row)
        q = model.predict_distribution(row, given=value, noise=noise)
        close(p.mean, q.mean, 1e-6)
        np.testing.assert_allclose(p.covariance, q.covariance, rtol=1e-5, atol=1e-6)


def test_levels_that_the_fit_did_not_have_cannot_be_added(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with_metal = X.assign(metal=["tin", "lead"] * 11)
    model = MultiTaskGP().fit(with_metal, Y)
    gold = with_metal.head(1).assign(metal="gold")
    with pytest.raises(DataError, match="'gold' that the fit did not have, .* fit anew with them"):
        model.condition_on(gold, Y.head(1))
    assert np.isfinite(model.condition_on(with_metal.head(1), Y.head(1)).predict(gold)).all(axis=None)


def test_predictions_go_on_while_rows_are_added(X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> None:
    model = MultiTaskGP().fit(X, Y)
    expected, row = model.predict(X_new), X_new.head(1)
    with ThreadPoolExecutor(2) as pool:
        adding = [pool.submit(model.condition_on, row, expected.head(1)) for _ in range(20)]
        while not all(job.done() for job in adding):
            pd.testing.assert_frame_equal(model.predict(X_new), expected)
        for job in adding:
            assert len(job.result()._index) == len(X) + 1


# Values left out.


def refitted(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> TaskGP:
    """A BoTorch model of some of the values, at the hyperparameters and in the units of a fitted estimator."""
    whole = model.model_
    task = np.nonzero(Y.notna().to_numpy())[1]
    rows = torch.tensor(np.column_stack([X.to_numpy()[np.nonzero(Y.notna().to_numpy())[0]], task]))
    values = torch.tensor(Y.to_numpy()[Y.notna().to_numpy()]).unsqueeze(-1)
    transforms = {"input_transform": whole.input_scaling, "outcome_transform": None}
    stdvs, means = whole.outcome_transform.stdvs, whole.outcome_transform.means
    part = TaskGP(rows, (values - means[task, None]) / stdvs[task, None], kernel=whole.covar_module, **transforms)
    part.likelihood.load_state_dict(
        {k: v for k, v in whole.likelihood.state_dict().items() if k == "raw_scale"}, strict=False
    )
    return part.eval()


@pytest.mark.parametrize("by", ["row", "value", "label"])
def test_what_was_left_out_is_predicted_from_the_rest(
    model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame, by: str
) -> None:
    model.fit(X, Y)
    labels = np.array(list("abcdefg") * 4)[: len(X)]
    mean, std = model.predict_left_out(labels if by == "label" else by)
    quiet = model.predict_left_out(labels if by == "label" else by, observed=False)[1]
    assert (mean.notna() == Y.notna()).all(axis=None)
    row = X.index[3]
    gone = pd.DataFrame(False, X.index, Y.columns)
    gone.loc[labels == labels[3] if by == "label" else [row]] = True
    if by == "value":
        gone["low"] = False
    part = refitted(model, X, Y.mask(gone))
    found = part.posterior(torch.tensor(X.loc[[row]].to_numpy()))
    stdvs, means = model.model_.outcome_transform.stdvs, model.model_.outcome_transform.means
    expected = (found.mean * stdvs + means).detach().numpy()[0]
    deviation = (found.variance.sqrt() * stdvs).detach().numpy()[0]
    for place, task in enumerate(Y.columns):
        if gone.loc[row, task] and not np.isnan(Y.loc[row, task]):
            assert mean.loc[row, task] == pytest.approx(expected[place], rel=1e-6, abs=1e-8)
            assert quiet.loc[row, task] == pytest.approx(deviation[place], rel=1e-5, abs=1e-7)
            noisy = np.hypot(deviation[place], model.noise_[task])
            assert std.loc[row, task] == pytest.approx(noisy, rel=1e-5, abs=1e-7)


def test_values_left_out_come_in_the_form_of_Y(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    as_array = MultiTaskGP().fit(X.to_numpy(), Y.to_numpy()).predict_left_out()
    as_frame = MultiTaskGP().fit(X, Y).predict_left_out()
    for array, frame in zip(as_array, as_frame, strict=True):
        assert list(frame.index) == list(X.index)
        np.testing.assert_array_equal(array, frame.to_numpy())
    series = MultiTaskGP().fit(X, Y["low"]).predict_left_out()[0]
    assert isinstance(series, pd.Series)
    assert series.name == "low"


def test_groups_that_cannot_be_left_out(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(NotFittedError, match="has no predictions of what was left out"):
        MultiTaskGP().predict_left_out()
    model = MultiTaskGP().fit(X, Y)
    with pytest.raises(ParameterError, match="by is 'rows', expected 'row', 'value' or one label for each of the 22"):
        model.predict_left_out("rows")
    with pytest.raises(ParameterError, match=r"by is of shape \(3,\), expected"):
        model.predict_left_out([1, 2, 3])
    with pytest.raises(ParameterError, match="by lacks a label in 1 rows; give each row one"):
        model.predict_left_out([None, *range(21)])
    with pytest.raises(ParameterError, match="different row labels; write by.loc"):
        model.predict_left_out(pd.Series(range(22), X.index[::-1]))
    by_label = model.predict_left_out(pd.Series(range(22), X.index))
    pd.testing.assert_frame_equal(by_label[0], model.predict_left_out()[0])


# Fits that begin where another ended.


def test_a_warm_start_ends_where_the_fit_before_did(model: TaskRegressor, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    cold = model.set_params(warm_start=True).fit(X, Y)
    evaluations, posterior, mean = cold.fit_report_.evaluations, cold.fit_report_.log_posterior, cold.predict(X)
    warm = cold.fit(X, Y)
    assert [start.name for start in warm.fit_report_.starts] == ["current"]
    assert warm.fit_report_.evaluations < evaluations / 2
    assert warm.fit_report_.log_posterior >= posterior - 1e-9
    np.testing.assert_allclose(warm.predict(X), mean, atol=1e-2)


def test_without_warm_start_a_fit_forgets_the_one_before(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    once = MultiTaskGP().fit(X, Y)
    twice = MultiTaskGP().fit(X.iloc[:8], Y.iloc[:8]).fit(X, Y)
    pd.testing.assert_frame_equal(once.predict(X), twice.predict(X))


@pytest.mark.parametrize("change", ["tasks", "inputs", "order", "levels", "kernel", "processes", "nothing"])
def test_a_warm_start_of_another_kind_of_model_is_a_whole_fit(X: pd.DataFrame, Y: pd.DataFrame, change: str) -> None:
    X = X.assign(metal=["tin", "lead"] * 11)
    model = MultiTaskGP(warm_start=True).fit(X, Y)
    if change == "tasks":
        model.fit(X, Y[["high", "low"]])
    elif change == "inputs":
        model.fit(X[["a", "metal"]], Y)
    elif change == "order":
        model.fit(X[["b", "a", "metal"]], Y)
    elif change == "levels":
        model.fit(X.replace({"metal": {"tin": "gold", "lead": "zinc"}}), Y)
    else:
        model.set_params(**{"kernel": {"kernel": "rbf"}, "processes": {"processes": 2}}.get(change, {})).fit(X, Y)
    assert (len(model.fit_report_.starts) > 1) == (change != "nothing")


def test_a_warm_start_along_other_edges_is_a_whole_fit(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    Y = Y.assign(middle=Y.low + 0.1 * X.a)
    model = DifferenceGP(sources={"high": ["low"]}, warm_start=True).fit(X, Y)
    model.set_params(sources={"high": ["middle"]}).fit(X, Y)
    assert len(model.fit_report_.starts) > 1
