from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, LeaveOneOut, ShuffleSplit

from mfgp.architectures import CascadeGP, DifferenceGP, IndependentGP
from mfgp.errors import DataTypeError, ParameterError
from mfgp.validation import cross_validate


@pytest.fixture
def fitted(X: pd.DataFrame, Y: pd.DataFrame) -> DifferenceGP:
    return DifferenceGP().fit(X, Y)


def test_cold_folds_are_what_a_model_says_without_their_rows(
    X: pd.DataFrame, Y: pd.DataFrame, fitted: DifferenceGP
) -> None:
    validation = cross_validate(DifferenceGP(), X, Y, task="high", cv=3, refit=False)
    predictions = validation.predictions.set_index("row")
    folds = pd.Series(100 + np.arange(len(Y)), Y.index)
    folds[predictions.index] = predictions["fold"]
    mean, std = fitted.predict_left_out(by=folds)
    np.testing.assert_allclose(predictions["mean"], mean["high"][predictions.index], rtol=1e-9)
    np.testing.assert_allclose(predictions["std"], std["high"][predictions.index], rtol=1e-9)


def test_a_row_left_out_with_its_other_tasks_given_is_a_value_left_out(
    X: pd.DataFrame, Y: pd.DataFrame, fitted: DifferenceGP
) -> None:
    options = {"task": "high", "given": ["low"], "cv": LeaveOneOut(), "refit": False}
    predictions = cross_validate(DifferenceGP(), X, Y, **options).predictions.set_index("row")
    mean, std = fitted.predict_left_out(by="value")
    np.testing.assert_allclose(predictions["mean"], mean["high"][predictions.index], rtol=1e-7)
    np.testing.assert_allclose(predictions["std"], std["high"][predictions.index], rtol=1e-7)


@pytest.mark.parametrize("cv", [KFold(3), ShuffleSplit(3, train_size=8, test_size=6, random_state=0)])
def test_it_holds_out_the_same_rows_as_refitting_does(cv: KFold, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    fast, slow = (cross_validate(IndependentGP(), X, Y, task="high", cv=cv, refit=refit) for refit in (False, True))
    columns = ["row", "fold", "repeat", "truth"]
    pd.testing.assert_frame_equal(fast.predictions[columns], slow.predictions[columns])
    counts = ["repeat", "available", "learned", "cheap", "predicted"]
    pd.testing.assert_frame_equal(fast.folds[counts], slow.folds[counts])


def test_groups_are_left_out_with_the_rows_that_lack_the_target(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    """The far ends of the inputs as one group: what is left says little of them."""
    groups = (X["a"] > 0.5).to_numpy()
    alone, together = (
        cross_validate(DifferenceGP(), X, Y, task="high", cv=2, groups=g, refit=False).summary() for g in (None, groups)
    )
    assert together.loc["sharpness", "mean"] > 1.5 * alone.loc["sharpness", "mean"]


def test_known_noise_is_used_as_in_refitting(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    noise = pd.DataFrame({"low": 0.1, "high": np.where(np.arange(24) % 2, 0.1, 2.0)}, index=Y.index)
    options = {"task": "high", "noise": noise, "given": ["low"], "cv": 4, "refit": False}
    std = cross_validate(DifferenceGP(), X, Y, **options).predictions.set_index("row")["std"]
    assert (std[noise["high"][std.index] == 2.0] > 2.0).all()
    assert (std[noise["high"][std.index] == 0.1] < 2.0).all()


def test_it_says_that_it_is_too_good(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    fast, slow = (cross_validate(IndependentGP(), X, Y, task="high", cv=2, refit=refit) for refit in (False, True))
    assert not fast.refitted
    assert slow.refitted
    assert "at hyperparameters learned from all values, so better than new rows will be" in repr(fast)
    assert "learned from all" not in repr(slow)


def test_what_has_no_closed_form_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    message = "refit=False is a closed form of the architectures with one TaskGP, but the estimator is a CascadeGP"
    with pytest.raises(DataTypeError, match=message):
        cross_validate(CascadeGP(), X, Y, task="high", refit=False)


def test_values_cannot_be_drawn_for_each_fold_of_one_fit(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    message = re.escape("values=5 draws other values in each fold, but refit=False fits once: leave one of them out")
    with pytest.raises(ParameterError, match=message):
        cross_validate(IndependentGP(), X, Y, task="high", values=5, refit=False)
