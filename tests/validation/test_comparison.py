from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from mfgp import DifferenceGP, IndependentGP
from mfgp.errors import ColumnError, DataTypeError, ParameterError
from mfgp.validation import Comparison, Situation, compare, cross_validate
from mfgp.validation.comparison import _by_name
from mfgp.validation.scores import SCORES
from tests.validation.estimators import Means

ESTIMATORS = {"shifted": Means(0.5), "plain": Means()}


def test_a_sequence_is_called_by_its_classes() -> None:
    assert list(_by_name([IndependentGP(), DifferenceGP()])) == ["IndependentGP", "DifferenceGP"]
    with pytest.raises(ParameterError, match="some of one name; write a dictionary that names each"):
        _by_name([IndependentGP(), IndependentGP()])


def test_given_tasks_are_a_sequence_of_names() -> None:
    assert Situation(["low"]) == Situation(("low",))
    with pytest.raises(
        DataTypeError, match=re.escape("given='low' is text, expected a sequence of tasks; write given=['low']")
    ):
        Situation("low")


@pytest.fixture
def comparison(X: pd.DataFrame, Y: pd.DataFrame) -> Comparison:
    situations = {"cold": Situation(), "given": Situation(("low",)), "few": Situation(values=4)}
    return compare(ESTIMATORS, X, Y, task="high", situations=situations, cv=3)


def test_it_holds_what_cross_validation_gives(comparison: Comparison, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    alone = cross_validate(Means(0.5), X, Y, task="high", cv=3, values=4)
    pd.testing.assert_frame_equal(comparison["few", "shifted"].predictions, alone.predictions)
    given = cross_validate(Means(), X, Y, task="high", cv=3, given=["low"])
    pd.testing.assert_frame_equal(comparison["given", "plain"].predictions, given.predictions)


def test_all_estimators_predict_the_same_rows_in_the_same_folds(comparison: Comparison) -> None:
    assert comparison.situations == ["cold", "given", "few"]
    assert comparison.estimators == ["shifted", "plain"]
    first, *others = [v.predictions[["row", "fold", "truth"]] for v in comparison.validations.values()]
    for other in others:
        pd.testing.assert_frame_equal(other, first)


def test_situations_that_learn_from_the_same_values_share_a_fit(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    told: list[tuple[int, int]] = []
    situations = {"cold": Situation(), "given": Situation(("low",)), "few": Situation(values=4)}
    compare(
        ESTIMATORS,
        X,
        Y,
        task="high",
        situations=situations,
        cv=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (12, 12)


def test_without_situations_it_is_cold_and_given(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    comparison = compare(ESTIMATORS, X, Y, task="high", cv=3)
    assert comparison.situations == ["cold", "given"]
    given = cross_validate(Means(), X, Y, task="high", cv=3, given=["low"])
    pd.testing.assert_frame_equal(comparison["given", "plain"].predictions, given.predictions)


def test_the_frame_has_a_line_for_every_fold(comparison: Comparison) -> None:
    frame = comparison.to_frame()
    assert frame.index.names == ["situation", "estimator", "fold"]
    assert len(frame) == 3 * 2 * 3
    assert frame.columns.tolist() == [
        "repeat",
        "available",
        "learned",
        "cheap",
        "predicted",
        *SCORES,
        "seconds",
    ]
    few = frame["mae"].sort_index().loc["few", "plain"]
    pd.testing.assert_series_equal(few, comparison["few", "plain"].scores()["mae"])


def test_the_summary_has_a_line_for_each_estimator_and_situation(comparison: Comparison) -> None:
    summary = comparison.summary()
    assert summary.index.names == ["situation", "estimator"]
    assert summary.loc[("cold", "plain"), ("rmse", "sd")] == comparison["cold", "plain"].summary().loc["rmse", "sd"]


def test_predictions_are_stacked(comparison: Comparison) -> None:
    predictions = comparison.predictions()
    assert predictions.columns[:3].tolist() == ["situation", "estimator", "row"]
    assert len(predictions) == sum(len(v.predictions) for v in comparison.validations.values())


def test_differences_are_paired_by_fold(comparison: Comparison) -> None:
    differences = comparison.differences()
    assert differences.index.tolist() == [("cold", "shifted"), ("given", "shifted"), ("few", "shifted")]
    by_fold = comparison["cold", "shifted"].scores()["mae"] - comparison["cold", "plain"].scores()["mae"]
    mean, error = differences.loc[("cold", "shifted"), "mae"]
    assert mean == pytest.approx(by_fold.mean())
    share = np.mean([6 / 10, 5 / 11, 5 / 11])  # 16 values in three folds
    assert error == pytest.approx(by_fold.std() * np.sqrt(1 / 3 + share))


def test_the_error_of_a_difference_counts_the_values_learned_from(comparison: Comparison) -> None:
    by_fold = comparison["few", "shifted"].scores()["mae"] - comparison["few", "plain"].scores()["mae"]
    share = np.mean([6 / 4, 5 / 4, 5 / 4])  # of 16 values in three folds, four are learned from
    error = comparison.differences().loc[("few", "shifted"), ("mae", "se")]
    assert error == pytest.approx(by_fold.std() * np.sqrt(1 / 3 + share))


def test_a_baseline_can_be_named(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    comparison = compare(ESTIMATORS, X, Y, task="high", cv=2, baseline="shifted")
    assert comparison.differences().index.get_level_values("estimator").unique().tolist() == ["plain"]


def test_an_unknown_baseline_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="baseline='best' is no estimator; they are 'shifted', 'plain'"):
        compare(ESTIMATORS, X, Y, task="high", baseline="best")


def test_nothing_to_compare_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="nothing to validate: give at least one estimator and one situation"):
        compare({}, X, Y, task="high")


def test_values_without_names_are_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(DataTypeError, match="Y is a ndarray, expected a pandas.DataFrame"):
        compare(ESTIMATORS, X, Y.to_numpy(), task="high")  # type: ignore[arg-type]


def test_an_unknown_validation_is_refused(comparison: Comparison) -> None:
    with pytest.raises(ColumnError, match=r"there is no validation \('cold', 'best'\); they are \('cold', 'shifted'\)"):
        comparison["cold", "best"]
