from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import LeaveOneGroupOut

from mfgp.errors import ColumnError, DataError, ParameterError
from mfgp.validation import HighestValues, cross_validate, input_clusters
from mfgp.validation.groups import read_groups
from tests.validation.estimators import Means


@pytest.mark.parametrize("share, count", [(0.25, 4), (0.01, 1), (0.99, 15)])
def test_the_highest_values_are_held_out(share: float, count: int, X: pd.DataFrame, Y: pd.DataFrame) -> None:
    validation = cross_validate(Means(), X, Y, task="high", cv=HighestValues(share))
    highest = Y["high"].dropna().nlargest(count)
    assert sorted(validation.predictions["row"]) == sorted(highest.index)
    assert validation.folds["learned"].tolist() == [16 - count]
    assert HighestValues(share).get_n_splits() == 1


def test_of_a_single_fold_there_is_no_standard_error(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    summary = cross_validate(Means(), X, Y, task="high", cv=HighestValues()).summary()
    assert summary["se"].isna().all()
    assert summary.loc["rmse", "mean"] == pytest.approx(summary.loc["rmse", "pooled"])


@pytest.mark.parametrize("share", [0.0, 1.0, "some"])
def test_a_share_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(ParameterError, match=f"share={share!r}, expected a number between 0 and 1, for example 0.2"):
        HighestValues(share)


def test_clusters_are_what_lies_together_in_inputs_of_any_unit() -> None:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 60)
    centres = np.array([[0.0, 0.0], [0.0, 3000.0], [5e-3, 0.0]])
    x = centres[kind] + rng.normal(scale=[2e-4, 100.0], size=(60, 2))
    found = input_clusters(pd.DataFrame(x, columns=["a", "b"]), 3)
    assert pd.crosstab(found, kind).gt(0).to_numpy().sum() == 3
    pd.testing.assert_series_equal(found, input_clusters(pd.DataFrame(x, columns=["a", "b"]), 3))


def test_categories_make_clusters_as_well() -> None:
    X = pd.DataFrame({"metal": ["tin", "lead"] * 6, "x": np.linspace(0, 0.1, 12)})
    found = input_clusters(X, 2)
    assert found.index.equals(X.index)
    assert found[X["metal"] == "tin"].nunique() == found[X["metal"] == "lead"].nunique() == 1


@pytest.mark.parametrize("n_clusters", [1, 25, "few"])
def test_there_are_as_many_clusters_as_rows_at_most(n_clusters: int, X: pd.DataFrame) -> None:
    message = f"n_clusters={n_clusters!r}, expected a whole number from 2 to 24, the rows of X"
    with pytest.raises(ParameterError, match=message):
        input_clusters(X, n_clusters)


def test_groups_come_as_a_column_of_X_or_as_labels(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    labels = pd.Series(np.arange(24) % 4, X.index)
    X = X.assign(site=labels.map({0: "a", 1: "b", 2: "c", 3: "d"}))
    results = [
        cross_validate(Means(), X, Y, task="high", groups=groups, cv=LeaveOneGroupOut()).predictions
        for groups in ("site", labels, labels.to_numpy(), labels.tolist())
    ]
    assert results[0]["fold"].nunique() == 4
    for result in results[1:]:
        pd.testing.assert_frame_equal(result, results[0])


def test_groups_that_are_no_column_are_refused(X: pd.DataFrame) -> None:
    with pytest.raises(ColumnError, match="groups='site' is no column of X: its columns are 'a', 'b'; or give one"):
        read_groups("site", X)
    with pytest.raises(ColumnError, match="groups='site' is no column of X: it has no named columns"):
        read_groups("site", X.to_numpy())


def test_groups_have_a_label_for_each_row(X: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"groups has the shape \(3,\), expected \(24,\): give one label for each row"):
        read_groups([1, 2, 3], X)
    with pytest.raises(DataError, match="groups lacks a label in 1 rows; give each row one"):
        read_groups([None, *range(23)], X)
    with pytest.raises(DataError, match="groups and X have different row labels; write groups.loc"):
        read_groups(pd.Series(range(24)), X)
