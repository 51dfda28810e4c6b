from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mfgp.architectures import DifferenceGP, IndependentGP
from mfgp.errors import ParameterError
from mfgp.validation import LearningCurve, Situation, compare, learning_curve
from mfgp.validation.curve import equivalent_number
from mfgp.validation.scores import SCORES
from tests.validation.estimators import Means

ESTIMATORS = {"shifted": Means(0.5), "plain": Means()}


@pytest.fixture
def curve(X: pd.DataFrame, Y: pd.DataFrame) -> LearningCurve:
    return learning_curve(ESTIMATORS, X, Y, task="high", values=[3, 8], cheap=[4, None], cv=2, repeats=2)


def test_the_frame_has_a_line_for_every_fold(curve: LearningCurve) -> None:
    frame = curve.to_frame()
    assert frame.columns.tolist() == ["estimator", "n_values", "n_cheap", "fold", "repeat", *SCORES, "seconds"]
    assert len(frame) == 2 * 2 * 2 * 4
    assert sorted(frame["repeat"].unique()) == [0, 1]


def test_the_summary_has_a_line_for_every_size(curve: LearningCurve) -> None:
    summary = curve.summary()
    assert summary.index.names == ["estimator", "n_values", "n_cheap"]
    by_hand = curve.to_frame().groupby(["estimator", "n_values", "n_cheap"])["rmse"].mean()
    pd.testing.assert_series_equal(summary["rmse", "mean"], by_hand, check_names=False)
    assert "RMSE by the number of its values" in repr(curve)


def test_a_point_is_what_a_comparison_gives_with_as_many_values(
    curve: LearningCurve, X: pd.DataFrame, Y: pd.DataFrame
) -> None:
    situations = {"few": Situation(values=3, cheap=4)}
    few = compare(ESTIMATORS, X, Y, task="high", situations=situations, cv=2, repeats=2)["few", "shifted"]
    pd.testing.assert_frame_equal(curve.validations["shifted", 3, 4].predictions, few.predictions)


def test_all_is_as_many_as_every_fold_has(curve: LearningCurve, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    most = curve.to_frame()["n_cheap"].max()
    folds = curve.validations["plain", 8, most].folds
    assert set(folds["cheap"]) == {most}
    whole = compare(ESTIMATORS, X, Y, task="high", cv=2, repeats=2)["cold", "plain"].folds["cheap"]
    assert whole.min() == most


def test_sizes_double_up_to_what_every_fold_has(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    frame = learning_curve(ESTIMATORS, X, Y, task="high", cv=4).to_frame()
    assert frame["n_values"].unique().tolist() == [5, 10, 12]


def test_a_task_alone_has_no_cheap_values(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    assert set(learning_curve(ESTIMATORS, X, Y[["high"]], task="high", values=[4], cv=2).to_frame()["n_cheap"]) == {0}


def test_cheap_values_are_worth_experiments(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    Y = pd.DataFrame({"low": np.sin(9 * X.a) + X.b, "high": 2 * np.sin(9 * X.a) + 3 * X.b})
    estimators = {"difference": DifferenceGP(), "alone": IndependentGP()}
    worth = learning_curve(estimators, X, Y, task="high", values=[5, 16], cv=3).worth()
    assert worth.loc[("difference", 5), "rmse"].item() < 0.5
    reached = worth.loc[("difference", 5)].iloc[0]
    assert reached["more_than"] == 16 or reached["equivalent"] > 5


def test_the_baseline_is_worth_itself_where_its_errors_fall() -> None:
    numbers, losses = np.array([5.0, 10.0, 40.0]), np.array([3.0, 1.0, 0.2])
    assert [equivalent_number(loss, numbers, losses)[0] for loss in losses] == pytest.approx(numbers.tolist())


def test_errors_that_rise_by_chance_are_levelled() -> None:
    numbers = np.array([5.0, 10.0, 20.0, 40.0])
    found, beyond = equivalent_number(0.8, numbers, np.array([2.0, 1.0, 1.2, 0.5]))
    assert 20.0 < found < 40.0
    assert np.isnan(beyond)


@pytest.mark.parametrize("reached, beyond", [(0.1, 40.0), (9.0, np.nan)])
def test_nothing_is_extrapolated(reached: float, beyond: float) -> None:
    found = equivalent_number(reached, np.array([5.0, 40.0]), np.array([3.0, 0.2]))
    np.testing.assert_equal(found, (np.nan, beyond))


def test_what_cannot_be_asked_is_refused(curve: LearningCurve, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="score='r2', expected one of 'mae', 'rmse', 'nlpd'"):
        curve.worth("r2")
    with pytest.raises(ParameterError, match="baseline='best' is no estimator; they are 'shifted', 'plain'"):
        learning_curve(ESTIMATORS, X, Y, task="high", baseline="best")
    with pytest.raises(ParameterError, match="values=99, but fold 0 has 8 values of the target to learn from"):
        learning_curve(ESTIMATORS, X, Y, task="high", values=[99], cv=2)
