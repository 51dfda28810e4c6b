"""Tasks that are labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.prediction import LabelledPrediction, NormalPrediction

ARCHITECTURES = [MultiTaskGP(), DifferenceGP(), LatentVariableGP(), IndependentGP()]
every = pytest.mark.parametrize("estimator", ARCHITECTURES, ids=lambda estimator: type(estimator).__name__)


@pytest.fixture(scope="module")
def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A number, an ordered label of it known for some rows, and whether it is positive."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-1, 1, (50, 2)), columns=["a", "b"])
    gap = np.sin(2 * X.a) + X.b
    size = pd.cut(gap, [-9.0, -0.5, 0.5, 9.0], labels=["small", "medium", "large"]).where(X.index % 2 == 0)
    return X, pd.DataFrame({"gap": gap + 0.05 * rng.standard_normal(50), "size": size, "positive": gap > 0})


@pytest.fixture(scope="module")
def fitted(table: tuple[pd.DataFrame, pd.DataFrame]) -> dict[str, Any]:
    return {type(estimator).__name__: clone(estimator).fit(*table) for estimator in ARCHITECTURES}


@every
def test_labels_are_predicted(estimator: Any, table: tuple[pd.DataFrame, ...], fitted: dict[str, Any]) -> None:
    X, Y = table
    model = fitted[type(estimator).__name__]
    found = model.predict(X)
    assert found["size"].cat.categories.tolist() == ["small", "medium", "large"]
    known = Y["size"].notna()
    assert (found["size"][known].astype(str) == Y["size"][known].astype(str)).mean() > 0.9
    assert (found["positive"].astype(bool) == Y["positive"]).mean() > 0.9
    assert model.score(X, Y) > 0.9
    assert {task: classes.tolist() for task, classes in model.classes_.items()} == {
        "size": ["small", "medium", "large"],
        "positive": [False, True],
    }
    for task, classes in model.classes_.items():
        probabilities = model.predict_proba(X)[task]
        assert probabilities.columns.tolist() == classes.tolist()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
        assert probabilities.idxmax(axis=1).astype(str).tolist() == found[task].astype(str).tolist()
    assert list(model.noise_.index) == ["gap"]
    _, std = model.predict(X, return_std=True)
    assert std["gap"].notna().all()
    assert std["size"].isna().all()
    assert isinstance(model.predict_distribution(X), LabelledPrediction)
    assert "tasks (values): gap (50), size (25), positive (50)" in repr(model)


@pytest.mark.parametrize("estimator", ARCHITECTURES[:3], ids=lambda estimator: type(estimator).__name__)
def test_what_is_known_of_a_row_tells_the_rest(estimator: Any) -> None:
    """The inputs say nothing, but the number decides the label: each tells the other where it is given."""
    rng = np.random.default_rng(0)
    X, gap = pd.DataFrame({"a": rng.uniform(-1, 1, 60)}), rng.standard_normal(60)
    model = estimator.fit(X, pd.DataFrame({"gap": gap, "positive": gap + 0.3 * rng.standard_normal(60) > 0}))
    new = pd.DataFrame({"a": [0.2, 0.2]})
    low, high = model.predict_proba(new, given=pd.DataFrame({"gap": [-1.5, 1.5]}))["positive"][True]
    assert low < 0.1
    assert high > 0.9
    given = pd.DataFrame({"positive": [False, True]})
    low, high = model.predict_distribution(new, given=given).mean["gap"]
    assert low < -0.4  # the mean of the half-normal is 0.8
    assert high > 0.4


def test_only_numbers_have_noise(table: tuple[pd.DataFrame, ...], fitted: dict[str, Any]) -> None:
    X, _ = table
    model = fitted["MultiTaskGP"]
    quiet, noisy = model.predict_distribution(X), model.predict_distribution(X, observed=True)
    np.testing.assert_allclose(noisy.std["gap"] ** 2 - quiet.std["gap"] ** 2, model.noise_["gap"] ** 2)
    pd.testing.assert_frame_equal(noisy.probabilities("size"), quiet.probabilities("size"))


def test_each_score_of_a_label_has_the_labels_sources(fitted: dict[str, Any]) -> None:
    rho = fitted["DifferenceGP"].rho_
    assert rho.index.tolist() == ["gap", "size > small", "size > medium", "positive = True"]
    edges = rho.ne(0.0)
    assert edges.loc[["size > small", "size > medium"]].sum(axis=1).tolist() == [1, 1]
    assert edges.loc["positive = True"].tolist() == [False, True, True, False]


def test_a_single_label_is_a_classifier_to_scikit_learn(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    y = np.where(Y["gap"] > 0, "yes", "no")
    model = IndependentGP().fit(X.to_numpy(), y)
    assert is_classifier(model)
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.predict_proba(X.to_numpy()).shape == (50, 2)
    assert set(model.predict(X.to_numpy())) == {"no", "yes"}
    assert cross_val_score(IndependentGP(), X.to_numpy(), y, scoring="neg_log_loss", cv=3).mean() > -0.4
    assert not is_classifier(IndependentGP().fit(X, Y["gap"]))


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "neg_log_loss"])
@pytest.mark.parametrize("form", ["vector", "text", "bool", "category"])
def test_scorers_of_scikit_learn(table: tuple[pd.DataFrame, ...], form: str, scoring: str) -> None:
    X, Y = table
    positive = Y["gap"] > 0
    text = positive.map({True: "yes", False: "no"})
    y = {"vector": text.to_numpy(), "text": text, "bool": positive, "category": text.astype("category")}[form]
    score = cross_val_score(IndependentGP(), X, y, scoring=scoring, cv=2, error_score="raise").mean()
    assert score > (-0.69 if scoring == "neg_log_loss" else 0.5)


def test_a_frame_of_one_label_is_no_classifier_to_scikit_learn(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    model = IndependentGP().fit(X, Y[["positive"]])
    assert not is_classifier(model)
    assert list(model.predict_proba(X)) == ["positive"]


def test_classes_of_several_types_stay_what_they_are() -> None:
    y = pd.Series([1, "a"] * 8, dtype="object").astype("category")
    model = IndependentGP().fit(np.linspace(0.0, 1.0, 16)[:, None], y)
    assert set(model.classes_.tolist()) == {1, "a"}


def test_the_names_of_classes_do_not_matter(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    first = IndependentGP().fit(X, Y["positive"]).predict_proba(X)
    second = IndependentGP().fit(X, Y["positive"].map({True: "a", False: "b"})).predict_proba(X)
    np.testing.assert_allclose(first[:, 1], second[:, 0], atol=1e-4)


def test_without_labels_there_are_no_probabilities(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    model = IndependentGP().fit(X, Y["gap"])
    assert isinstance(model.predict_distribution(X), NormalPrediction)
    with pytest.raises(AttributeError, match="predict_proba"):
        model.predict_proba(X)
    with pytest.raises(AttributeError, match="classes_ are those of labels, but every task is a number"):
        _ = model.classes_


def test_three_classes_of_wine() -> None:
    X, y = load_wine(return_X_y=True, as_frame=True)
    classes = y.map({0: "first", 1: "second", 2: "third"})
    train = np.random.default_rng(0).permutation(len(X))[:100]
    test = np.setdiff1d(np.arange(len(X)), train)
    model = MultiTaskGP(rank=0).fit(X.iloc[train], classes.iloc[train])
    probabilities = model.predict_proba(X.iloc[test])
    assert -np.log(probabilities[np.arange(len(test)), y.iloc[test]]).mean() < 0.2
