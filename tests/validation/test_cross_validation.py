from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, LeaveOneOut

from mfgp.architectures import DifferenceGP
from mfgp.errors import ColumnError, DataError, DataTypeError
from mfgp.validation import Validation, cross_validate
from mfgp.validation.scores import SCORES
from tests.validation.estimators import Means


def predicted(validation: Validation, fold: int) -> pd.DataFrame:
    predictions = validation.predictions
    return predictions.loc[predictions["fold"] == fold, ["row", "mean", "std", "lower", "upper"]]


@pytest.mark.parametrize("changed", ["low", "high"])
def test_nothing_of_a_held_out_row_reaches_its_own_prediction(changed: str, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    before = cross_validate(DifferenceGP(), X, Y, task="high", cv=2, values=6)
    held_out = before.predictions.loc[before.predictions["fold"] == 0, "row"]
    other = Y.copy()
    other.loc[held_out, changed] = 3.0 - 2.0 * other.loc[held_out, changed]
    after = cross_validate(DifferenceGP(), X, other, task="high", cv=2, values=6)
    pd.testing.assert_frame_equal(predicted(after, 0), predicted(before, 0), check_exact=True)
    assert not predicted(after, 1).equals(predicted(before, 1))


def test_a_given_task_is_used_at_its_own_row_alone(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    before = cross_validate(DifferenceGP(), X, Y, task="high", cv=2, given=["low"])
    row = before.predictions.query("fold == 0 and row in @Y.index[@Y.low.notna()]")["row"].iloc[0]
    other = Y.copy()
    other.loc[row, "low"] += 1.0
    after = cross_validate(DifferenceGP(), X, other, task="high", cv=2, given=["low"])
    difference = (predicted(after, 0).set_index("row") - predicted(before, 0).set_index("row"))["mean"]
    assert difference[row] != 0.0
    assert (difference.drop(row) == 0.0).all()


def test_results_are_the_same_each_time_and_in_other_processes(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    results = [cross_validate(Means(), X, Y, task="high", cv=3, values=5, n_jobs=jobs) for jobs in (None, None, 2)]
    for result in results[1:]:
        pd.testing.assert_frame_equal(result.predictions, results[0].predictions, check_exact=True)


def test_every_measured_row_is_predicted_once(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    predictions = cross_validate(Means(), X, Y, task="high", cv=4).predictions
    assert sorted(predictions["row"]) == sorted(Y.index[Y["high"].notna()])
    np.testing.assert_array_equal(predictions["truth"], Y.loc[predictions["row"], "high"])
    assert (predictions["lower"] < predictions["mean"]).all()
    assert (predictions["mean"] < predictions["upper"]).all()


class Recorder(Means):
    """Keeps what it was fitted on, in the order of the fits."""

    seen: ClassVar[list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]]] = []

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame, noise: pd.DataFrame | None = None) -> Recorder:
        self.seen.append((X, Y, noise))
        return super().fit(X, Y, noise)


def test_rows_held_out_lose_all_tasks_and_thinned_ones_the_target_alone(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    Recorder.seen.clear()
    noise = 0.1 * Y.abs()
    validation = cross_validate(Recorder(), X, Y, task="high", cv=2, values=3, noise=noise)
    for fold, (x, y, n) in enumerate(Recorder.seen):
        held_out = validation.predictions.loc[validation.predictions["fold"] == fold, "row"]
        assert set(x.index) == set(Y.index) - set(held_out)
        assert y["high"].notna().sum() == 3
        pd.testing.assert_series_equal(y["low"], Y.loc[y.index, "low"])
        assert n is not None
        pd.testing.assert_frame_equal(n, noise.loc[y.index])
    assert validation.folds["learned"].tolist() == [3, 3]
    assert validation.folds["available"].tolist() == [8, 8]
    assert validation.folds["predicted"].tolist() == [8, 8]


def test_a_value_whose_noise_is_known_is_predicted_with_that(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    noise = pd.DataFrame({"high": np.nan}, index=Y.index)
    row, *_ = Y.index[Y["high"].notna()]
    noise.loc[row, "high"] = 1.2
    std = cross_validate(Means(), X, Y, task="high", cv=2, noise=noise).predictions.set_index("row")["std"]
    assert std[row] == pytest.approx(np.hypot(0.5, 1.2))
    assert std.drop(row).to_numpy() == pytest.approx(1.0)


def test_the_noise_of_given_values_is_handed_on(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    def run(noise: float) -> pd.Series:
        known = pd.DataFrame({"low": noise}, index=Y.index)
        return cross_validate(DifferenceGP(), X, Y, task="high", cv=2, given=["low"], noise=known).predictions["std"]

    assert run(1.0).mean() > run(0.01).mean()


def test_arrays_are_taken_beside_a_frame_with_row_labels(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    noise = 0.1 * Y.abs()
    named = cross_validate(DifferenceGP(), X, Y, task="high", cv=2, given=["low"], noise=noise)
    arrays = cross_validate(DifferenceGP(), X.to_numpy(), Y, task="high", cv=2, given=["low"], noise=noise.to_numpy())
    pd.testing.assert_frame_equal(arrays.predictions, named.predictions)


def test_labels_are_referred_to_their_own_scores(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(
        ColumnError, match="'high' is a label, and these scores are for numbers: use mfgp.validation.cr"
    ):
        cross_validate(Means(), X, Y.assign(high=Y["low"] > 1), task="high", cv=2)


def test_arrays_and_duplicated_labels_are_taken(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    named = cross_validate(Means(), X, Y, task="high", cv=3)
    same = Y.set_axis(["same"] * len(Y))
    unnamed = cross_validate(Means(), X.to_numpy(), same, task="high", cv=3)
    pd.testing.assert_frame_equal(named.scores().drop(columns="seconds"), unnamed.scores().drop(columns="seconds"))


def test_scores_are_one_line_a_fold_and_the_summary_one_line_a_score(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    validation = cross_validate(Means(), X, Y, task="high", cv=KFold(4))
    scores, summary = validation.scores(), validation.summary()
    assert scores.columns.tolist() == summary.index.tolist() == [*SCORES, "seconds"]
    assert len(scores) == 4
    errors = (validation.predictions["truth"] - validation.predictions["mean"]).abs()
    assert summary.loc["mae", "mean"] == pytest.approx(errors.mean())
    assert summary.loc["mae", "sd"] == pytest.approx(scores["mae"].std())
    assert (scores["seconds"] > 0).all()


def test_one_row_a_fold_is_enough(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    assert len(cross_validate(Means(), X, Y, task="high", cv=LeaveOneOut()).scores()) == Y["high"].notna().sum()


def test_progress_is_told_after_each_fit(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    told: list[tuple[int, int]] = []
    cross_validate(Means(), X, Y, task="high", cv=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_unknown_task_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(ColumnError, match="there is no task 'hihg' in Y: its tasks are 'low', 'high'"):
        cross_validate(Means(), X, Y, task="hihg")


def test_an_unknown_given_task_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(ColumnError, match="given names 'lwo', which are no tasks of Y: its tasks are 'low', 'high'"):
        cross_validate(Means(), X, Y, task="high", given=["lwo"])


def test_a_given_task_that_is_text_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(
        DataTypeError, match=r"given='low' is text, expected a sequence of tasks; write given=\['low'\]"
    ):
        cross_validate(Means(), X, Y, task="high", given="low")


def test_the_task_itself_cannot_be_given(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(ColumnError, match="given names 'high', the task to predict: leave it out"):
        cross_validate(Means(), X, Y, task="high", given=["low", "high"])


def test_values_without_names_are_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(
        DataTypeError, match="Y is a ndarray, expected a pandas.DataFrame with one column for each task"
    ):
        cross_validate(Means(), X, Y.to_numpy(), task="high")  # type: ignore[arg-type]


def test_rows_that_differ_are_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="Y has 23 rows and X has 24"):
        cross_validate(Means(), X, Y.iloc[1:], task="high")


def test_tables_are_read_before_the_first_fit(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="noise is negative for 'low'"):
        cross_validate(Means(), X, Y, task="high", noise=-Y[["low"]].abs())
    with pytest.raises(ColumnError, match="column 'a' of X holds numbers as text, for example '1'"):
        cross_validate(Means(), X.assign(a="1"), Y, task="high")


def test_an_estimator_without_a_distribution_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    with pytest.raises(DataTypeError, match="the estimator 'KFold' has no predict_distribution; give one of mfgp's"):
        cross_validate(KFold(), X, Y, task="high")
