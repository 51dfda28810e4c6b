"""What is held out reaches no prediction of its fold, not by a single bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

from mfgp.architectures import DifferenceGP, MultiTaskGP
from mfgp.validation import Validation, compare, cross_validate, input_clusters
from mfgp.validation.folds import Splitter

PREDICTED = ["row", "mean", "std", "lower", "upper"]


def of_fold(validation: Validation, fold: int) -> pd.DataFrame:
    predictions = validation.predictions
    return predictions.loc[predictions["fold"] == fold, PREDICTED]


@pytest.fixture
def groups(Y: pd.DataFrame) -> pd.Series:
    """Five materials of about five rows, in each of which some lack the target."""
    return pd.Series(np.arange(24) % 5, Y.index)


@pytest.mark.parametrize("task", ["low", "high"])
@pytest.mark.parametrize("cv", [2, GroupKFold(3), KFold(4), LeaveOneGroupOut()], ids=lambda cv: type(cv).__name__)
def test_no_row_of_a_held_out_group_is_learned_from(
    task: str, cv: int | Splitter, X: pd.DataFrame, Y: pd.DataFrame, groups: pd.Series
) -> None:
    """Neither those predicted nor those that have no target, whatever the splitter does."""
    options = {"task": "high", "groups": groups, "cv": cv}
    before = cross_validate(MultiTaskGP(rank=1), X, Y, **options)
    tested = before.predictions.loc[before.predictions["fold"] == 0, "row"]
    held_out = groups.isin(groups[tested])
    other = Y.copy()
    other.loc[held_out, task] = 5.0 - 3.0 * other.loc[held_out, task]
    after = cross_validate(MultiTaskGP(rank=1), X, other, **options)
    pd.testing.assert_frame_equal(of_fold(after, 0), of_fold(before, 0), check_exact=True)
    assert not of_fold(after, 1).equals(of_fold(before, 1))


def test_without_groups_rows_that_lack_the_target_are_learned_from(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    before = cross_validate(DifferenceGP(), X, Y, task="high", cv=2)
    other = Y.copy()
    other.loc[Y["high"].isna(), "low"] += 1.0
    after = cross_validate(DifferenceGP(), X, other, task="high", cv=2)
    assert not of_fold(after, 0).equals(of_fold(before, 0))


def test_a_region_of_the_inputs_is_held_out_with_all_its_rows(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    regions = input_clusters(X, 3)
    options = {"task": "high", "groups": regions, "cv": LeaveOneGroupOut()}
    before = cross_validate(DifferenceGP(), X, Y, **options)
    tested = before.predictions.loc[before.predictions["fold"] == 0, "row"]
    other = Y.copy()
    other.loc[regions.isin(regions[tested])] += 4.0
    after = cross_validate(DifferenceGP(), X, other, **options)
    pd.testing.assert_frame_equal(of_fold(after, 0), of_fold(before, 0), check_exact=True)


@pytest.mark.parametrize("change", [lambda values: values + 1.0, lambda values: values * np.nan], ids=["moved", "gone"])
def test_in_a_comparison_cold_predictions_do_not_know_what_given_ones_do(
    change: Callable[[pd.Series], pd.Series], X: pd.DataFrame, Y: pd.DataFrame
) -> None:
    estimators = {"difference": DifferenceGP()}
    before = compare(estimators, X, Y, task="high", cv=2)
    fold = before["cold", "difference"].predictions.query("fold == 0")["row"]
    other = Y.copy()
    other.loc[fold, "low"] = change(other.loc[fold, "low"])
    after = compare(estimators, X, other, task="high", cv=2)
    for situation, same in (("cold", True), ("given", False)):
        key = situation, "difference"
        assert of_fold(after[key], 0).equals(of_fold(before[key], 0)) is same


def test_values_that_were_drawn_away_are_not_learned_from(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    """Whether they are of the target or of a cheap task."""
    from mfgp.validation import Situation

    situations = {"few": Situation(values=5, cheap=8)}
    before = compare({"difference": DifferenceGP()}, X, Y, task="high", situations=situations, cv=2)[
        "few", "difference"
    ]
    assert before.folds["learned"].tolist() == [5, 5]
    assert before.folds["cheap"].tolist() == [8, 8]
    unused = 0
    for row in Y.index[:6]:
        other = Y.copy()
        other.loc[row, "low"] += 1.0
        after = compare({"difference": DifferenceGP()}, X, other, task="high", situations=situations, cv=2)
        unused += of_fold(after["few", "difference"], 0).equals(of_fold(before, 0))
    assert 0 < unused < 6
