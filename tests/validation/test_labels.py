from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, log_loss

from mfgp.errors import ColumnError, DataError
from mfgp.validation import LabelValidation, cross_validate_labels

TRUTH = pd.Series(list("aaabbbbbcc") * 3)


def random_method(train: np.ndarray, test: np.ndarray) -> pd.DataFrame:
    rng = np.random.default_rng(test)
    return pd.DataFrame(rng.dirichlet(np.ones(3), len(test)), columns=list("cab"))


def oracle(train: np.ndarray, test: np.ndarray) -> pd.DataFrame:
    assert not set(train) & set(test)
    return pd.get_dummies(TRUTH.iloc[test], dtype=float)


@pytest.fixture(scope="module")
def validation() -> LabelValidation:
    return cross_validate_labels({"oracle": oracle, "random": random_method}, TRUTH, folds=3, repeats=2)


def test_every_row_is_predicted_once_a_repeat_by_every_method(validation: LabelValidation) -> None:
    counts = validation.predictions.groupby(["method", "row"]).size()
    assert (counts == 2).all()
    assert len(counts) == 2 * len(TRUTH)
    folds = validation.predictions.groupby("fold")
    assert all(set(TRUTH.iloc[part["row"]]) == set("abc") for _, part in folds)


def test_scores_are_scikit_learns(validation: LabelValidation) -> None:
    part = validation.predictions.query("method == 'random' and fold == 0")
    found = validation.scores().loc[("random", 0)]
    probabilities = part[["a", "b", "c"]].to_numpy()
    chosen = np.array(list("abc"))[probabilities.argmax(axis=1)]
    assert found["f1"] == pytest.approx(f1_score(part["truth"], chosen, average="macro"))
    assert found["log_loss"] == pytest.approx(log_loss(part["truth"], probabilities))
    assert found["accuracy"] == pytest.approx((part["truth"] == chosen).mean())


def test_what_is_certain_and_right_has_the_best_scores(validation: LabelValidation) -> None:
    best = validation.summary().loc["oracle"]
    assert best[["f1", "accuracy"]].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(best[["log_loss", "brier", "calibration"]].astype(float), 0.0, atol=1e-4)
    assert (validation.summary().loc["random", ["log_loss", "brier", "calibration"]] > 0.05).all()


def test_frequencies_are_calibrated() -> None:
    shares = TRUTH.value_counts(normalize=True)

    def constant(train: np.ndarray, test: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame([shares] * len(test))

    found = cross_validate_labels({"constant": constant}, TRUTH, folds=2, repeats=1).summary()
    assert found.loc["constant", "brier"] == pytest.approx(1.0 - np.square(shares).sum())


def test_labels_that_cannot_be_folded_are_refused() -> None:
    with pytest.raises(DataError, match="0 missing values and a class of 6 rows, expected none missing and at least 7"):
        cross_validate_labels({"oracle": oracle}, TRUTH, folds=7)


def test_a_method_gives_every_class() -> None:
    with pytest.raises(ColumnError, match=r"the method 'short' gives no probability for \['b', 'c'\]"):
        cross_validate_labels({"short": lambda train, test: pd.DataFrame({"a": np.ones(len(test))})}, TRUTH, folds=2)


@pytest.mark.parametrize(
    "truth",
    [
        pd.Series([True, False] * 10),
        pd.Series([2, 1] * 10),
        pd.Series(pd.Categorical(["b", "a"] * 10, categories=["b", "c", "a"], ordered=True)),
    ],
    ids=["bool", "int", "category"],
)
def test_labels_of_every_kind(truth: pd.Series) -> None:
    def certain(train: np.ndarray, test: np.ndarray) -> pd.DataFrame:
        outcome = truth.iloc[test].to_numpy(dtype=object)
        return pd.DataFrame({value: (outcome == value).astype(float) for value in truth.unique()}, index=test)

    found = cross_validate_labels({"certain": certain}, truth, repeats=1).summary().loc["certain"]
    assert found["accuracy"] == found["f1"] == 1.0
    assert found["log_loss"] == pytest.approx(0.0, abs=1e-5)
