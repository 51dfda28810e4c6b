"""How far labels are trusted, and labels that are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import log_loss

from mfgp import CascadeGP, DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.architectures.concentration import GRID, START, choose
from mfgp.data.readings import Readings
from mfgp.data.tasks import Tasks
from mfgp.errors import ParameterError


def table(n: int, spread: float, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Whether a curve is positive, with noise of a spread on it."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.uniform(-1, 1, (n, 2)), columns=["a", "b"])
    return X, pd.Series(np.sin(3 * X.a) + X.b + spread * rng.standard_normal(n) > 0, name="up").map(
        {True: "y", False: "n"}
    )


def test_labels_that_tell_are_trusted_more_than_those_that_do_not() -> None:
    sure, unsure = (IndependentGP().fit(*table(60, spread)) for spread in (0.0, 3.0))
    assert sure.concentration_["up"] <= 0.03
    assert unsure.concentration_["up"] >= 0.3
    for model, spread, other in ((sure, 0.0, 0.3), (unsure, 3.0, 0.03)):
        X_new, y_new = table(300, spread, seed=1)
        fixed = IndependentGP(concentration=other).fit(*table(60, spread))
        assert log_loss(y_new, model.predict_proba(X_new)) < log_loss(y_new, fixed.predict_proba(X_new))


def test_what_is_given_stays() -> None:
    model = MultiTaskGP(concentration=0.2).fit(*table(20, 0.5))
    assert model.concentration_.to_dict() == {"up": 0.2}
    X, _ = table(20, 0.5)
    assert MultiTaskGP().fit(X, X.a).concentration_.empty


def test_each_label_has_its_own() -> None:
    X, sure = table(80, 0.0)
    Y = pd.DataFrame({"sure": sure, "number": X.a, "unsure": np.random.default_rng(0).choice(["p", "q", "r"], 80)})
    found = IndependentGP().fit(X, Y).concentration_
    assert found.index.tolist() == ["sure", "unsure"]
    assert found["sure"] < 0.1 < found["unsure"]


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf, np.nan, "small", True])
def test_a_concentration_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(ParameterError, match="concentration=.*, expected a positive number, such as 0.03, or None to"):
        IndependentGP(concentration=wrong).fit(*table(10, 0.5))


def test_the_choice_is_the_same_in_whatever_order_rows_and_classes_come() -> None:
    X, y = table(40, 0.5)
    order = np.random.default_rng(0).permutation(40)
    first = IndependentGP().fit(X, y)
    second = IndependentGP().fit(X.iloc[order], y.iloc[order].map({"y": "a", "n": "b"}))
    assert first.concentration_.equals(second.concentration_)
    np.testing.assert_allclose(first.predict_proba(X)[:, 1], second.predict_proba(X)[:, 0], atol=1e-4)


def test_the_report_tells_of_both_climbs() -> None:
    report = IndependentGP().fit(*table(40, 0.0)).fit_report_
    assert report.starts[-1].name == "current"
    assert report.evaluations == sum(start.evaluations for start in report.starts)
    assert len(report.starts) > 1


def test_the_best_that_is_within_a_standard_error_is_the_largest() -> None:
    assert START in GRID
    assert choose(lambda e: np.zeros(5)) == max(GRID)
    assert choose(lambda e: np.full(5, -e)) == min(GRID)


def test_a_number_that_decides_makes_labels_trusted() -> None:
    """The inputs tell nothing of the label, so that only labels left out by themselves, the number known, are sure."""
    rng = np.random.default_rng(0)
    X, number = pd.DataFrame({"a": rng.uniform(-1, 1, 80)}), rng.standard_normal(80)
    Y = pd.DataFrame({"number": number, "positive": number > 0})
    for model in (DifferenceGP(), CascadeGP()):
        model.fit(X, Y)
        given = pd.DataFrame({"number": [-1.0, 1.0]})
        low, high = model.predict_proba(pd.DataFrame({"a": [0.1, 0.1]}), given=given)["positive"][True]
        assert low < 0.15, model
        assert high > 0.85, model


@pytest.fixture(scope="module")
def labelled() -> tuple[pd.DataFrame, pd.DataFrame]:
    X, up = table(24, 0.3)
    rng = np.random.default_rng(1)
    size = pd.cut(X.b, [-2.0, -0.4, 0.3, 2.0], labels=["small", "medium", "large"])
    Y = pd.DataFrame({"number": np.sin(3 * X.a) + 0.1 * rng.standard_normal(24), "up": up, "size": size})
    return X, Y.assign(up=Y["up"].where(Y.index % 3 > 0))


@pytest.mark.parametrize("by", ["row", "value", "group"])
@pytest.mark.parametrize("estimator", [MultiTaskGP, DifferenceGP, LatentVariableGP, IndependentGP])
def test_labels_left_out_are_those_of_a_model_that_has_not_seen_them(
    estimator: Any, by: str, labelled: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    """Rows are added, at the same hyperparameters, with what is left out and without it."""
    X, Y = labelled
    old, new = X.index[:12], X.index[12:]
    model = estimator(concentration=0.1).fit(X.loc[old], Y.loc[old])
    groups = pd.Series(X.index % 5, X.index)
    grown = model.condition_on(X.loc[new], Y.loc[new])
    found = grown.predict_proba_left_out(groups.where(X.index >= 12, -1 - groups) if by == "group" else by)
    assert found["up"].isna().all(axis=1).equals(Y["up"].isna())
    for row in (13, 20):
        gone = new == row if by != "group" else groups[new] == groups[row]
        for task in ("up", "size"):
            left = Y.loc[new].copy()
            for name in [task] if by == "value" else Y.columns:
                left.loc[gone, name] = None
            expected = model.condition_on(X.loc[new], left).predict_proba(X.loc[[row]])[task]
            np.testing.assert_allclose(found[task].loc[row].astype(float), expected.loc[row], atol=1e-6)


def test_classes_left_out_are_the_most_probable(labelled: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    X, Y = labelled
    model = MultiTaskGP().fit(X, Y)
    mean, std = model.predict_left_out()
    probabilities = model.predict_proba_left_out()
    known = Y["up"].notna()
    assert mean.loc[known, "up"].astype(str).tolist() == probabilities["up"][known].idxmax(axis=1).tolist()
    assert mean.loc[~known, "up"].isna().all()
    assert mean["size"].astype(str).tolist() == probabilities["size"].idxmax(axis=1).tolist()
    assert mean["number"].notna().all()
    assert std["number"].gt(0).all()
    assert std[["up", "size"]].isna().all(axis=None)
    alone = IndependentGP().fit(X.to_numpy(), Y["size"].astype(str).to_numpy())
    assert alone.predict_proba_left_out().shape == (24, 3)
    assert set(alone.predict_left_out()[0]) <= {"small", "medium", "large"}
    with pytest.raises(AttributeError, match="predict_proba_left_out"):
        IndependentGP().fit(X, Y["number"]).predict_proba_left_out()
    with pytest.raises(ParameterError, match="by is 'rows', expected 'row', 'value' or one label for each of the 24"):
        model.predict_proba_left_out("rows")


@pytest.mark.parametrize("labelled", [6, 30])
def test_a_rare_label_beside_many_numbers_is_not_thinned_away(labelled: int) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-1, 1, (1200, 1)), columns=["a"])
    kind = pd.Series(pd.NA, X.index, dtype="object")
    kind.iloc[1 :: 1200 // labelled] = np.where(X.a.iloc[1 :: 1200 // labelled] > 0, "yes", "no")
    Y = pd.DataFrame({"number": np.sin(3 * X.a) + 0.1 * rng.standard_normal(1200), "kind": kind})
    tasks = Tasks.learn(Y)
    readings = Readings(X.to_numpy(), tasks.read(Y, X), None, torch.device("cpu"))
    few = readings.thinned(200, 1, tasks)
    assert (~np.isnan(few.values[:, 1])).sum() == kind.notna().sum()
    assert 150 < len(few.observations(tasks)) <= 200


def test_a_label_with_a_few_values_keeps_the_first() -> None:
    X, y = table(8, 0.0)
    assert IndependentGP().fit(X, y).concentration_["up"] == START
