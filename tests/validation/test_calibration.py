from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from mfgp import CascadeGP, IndependentGP, MultiTaskGP, task
from mfgp.errors import ColumnError, DataError, DataTypeError, NotFittedError, ParameterError
from mfgp.validation import (
    ProbabilityReliability,
    Reliability,
    cross_validate,
    probability_reliability,
    reliability,
)
from tests.validation.estimators import Means


def drawn(factor: float, n: int = 2000, shift: float = 0.0) -> Reliability:
    """Standard normal values, predicted with a deviation of this factor."""
    truth = np.random.default_rng(0).standard_normal(n)
    return Reliability("y", pd.DataFrame({"row": range(n), "truth": truth, "mean": shift, "std": factor}))


def is_inside(frame: pd.DataFrame, column: str) -> pd.Series:
    return (frame["lower"] <= frame[column]) & (frame[column] <= frame["upper"])


def test_right_predictions_stay_in_their_bands() -> None:
    right = drawn(1.0)
    assert is_inside(right.coverage(), "observed").mean() > 0.9
    assert is_inside(right.histogram(), "share").mean() >= 0.8
    assert abs(right.pit.mean() - 0.5) < 0.02


@pytest.mark.parametrize("factor, side", [(0.5, -1.0), (2.0, 1.0)])
def test_wrong_deviations_leave_them(factor: float, side: float) -> None:
    found = drawn(factor).coverage()
    assert not is_inside(found, "observed").any()
    assert (side * (found["observed"] - found.index) > 0).all()
    share = drawn(factor).histogram()["share"].to_numpy()
    assert side * (share[4:6].mean() - share[[0, -1]].mean()) > 0  # a hill, or high ends


def test_wrong_means_give_a_slope() -> None:
    share = drawn(1.0, shift=0.5).histogram(4)["share"]
    assert share.is_monotonic_decreasing


def test_bands_are_those_of_the_binomial_distribution() -> None:
    """And they hold the share of independent events as often as they say."""
    found = drawn(1.0, n=37).coverage([0.3, 0.9], confidence=0.8)
    np.testing.assert_allclose(found["lower"] * 37, binom.ppf(0.1, 37, [0.3, 0.9]))
    np.testing.assert_allclose(found["upper"] * 37, binom.ppf(0.9, 37, [0.3, 0.9]))
    draws = binom.rvs(37, 0.3, size=4000, random_state=0) / 37
    assert np.mean((draws >= found.loc[0.3, "lower"]) & (draws <= found.loc[0.3, "upper"])) >= 0.79


def test_rows_that_come_again_do_not_make_bands_narrower() -> None:
    once = drawn(1.0, n=50)
    thrice = Reliability("y", pd.concat([once.predictions] * 3))
    pd.testing.assert_frame_equal(once.coverage(), thrice.coverage())


def test_exact_predictions_have_no_deviation() -> None:
    frame = pd.DataFrame({"row": [0, 1], "truth": [1.0, 2.0], "mean": [1.0, 1.0], "std": 0.0})
    exact = Reliability("y", frame)
    assert exact.z.tolist() == [0.0, np.inf]
    assert exact.coverage([0.9]).loc[0.9, "observed"] == 0.5


def test_a_validation_has_its_own_coverage(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    validation = cross_validate(Means(), X, Y, task="high", cv=3)
    found = reliability(validation)
    assert found.task == "high"
    inside = validation.predictions.eval("lower <= truth <= upper").mean()
    assert found.coverage([0.9]).loc[0.9, "observed"] == pytest.approx(inside)
    pd.testing.assert_frame_equal(found.to_frame(), found.coverage())


def test_values_of_a_model_are_left_out(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    model = MultiTaskGP().fit(X, Y)
    mean, std = model.predict_left_out("value")
    found = reliability(model, "low", by="value").predictions.set_index("row")
    assert len(found) == Y["low"].notna().sum()
    pd.testing.assert_series_equal(found["truth"], Y.loc[found.index, "low"], check_names=False)
    pd.testing.assert_series_equal(found["mean"], mean.loc[found.index, "low"], check_names=False)
    pd.testing.assert_series_equal(found["std"], std.loc[found.index, "low"], check_names=False)


def test_what_cannot_be_looked_at_is_refused(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    model = MultiTaskGP().fit(X, Y)
    with pytest.raises(ColumnError, match="task=None, expected one of the tasks that are numbers: 'low', 'high'"):
        reliability(model)
    with pytest.raises(ParameterError, match="by='fold', expected 'row' or 'value'"):
        reliability(model, "low", by="fold")
    with pytest.raises(
        ParameterError, match="by='row', but a cascade leaves out each value by itself only.*by='value'"
    ):
        reliability(CascadeGP().fit(X, Y), "low")
    with pytest.raises(DataTypeError, match="a DataFrame was given, expected a fitted estimator such as"):
        reliability(X)
    with pytest.raises(NotFittedError, match="has no findings; call fit"):
        reliability(MultiTaskGP())
    for levels in ([1.0], [0.0, 0.5]):
        with pytest.raises(ParameterError, match="levels=.*, expected numbers between 0 and 1"):
            drawn(1.0, 5).coverage(levels)
    with pytest.raises(ParameterError, match="confidence=.*, expected numbers between 0 and 1"):
        drawn(1.0, 5).histogram(confidence=2.0)
    with pytest.raises(ParameterError, match="bins=1, expected a whole number of at least 2"):
        drawn(1.0, 5).histogram(1)


def events(power: float, n: int = 4000) -> ProbabilityReliability:
    """Events whose true probability is a power of the one that was said."""
    rng = np.random.default_rng(1)
    said = rng.random(n)
    return probability_reliability(said, rng.random(n) < said**power)


def test_events_happen_as_often_as_is_said() -> None:
    right, wrong = events(1.0).bins(), events(2.0).bins()
    assert is_inside(right, "frequency").mean() >= 0.9
    assert is_inside(wrong, "frequency").mean() < 0.5
    assert events(1.0).error < 0.03 < events(2.0).error
    assert right["count"].sum() == 4000
    pd.testing.assert_frame_equal(right, events(1.0).to_frame())


def test_conditions_and_labels_are_events() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.uniform(-1, 1, 60)})
    number = np.sin(2 * X.a) + 0.3 * rng.standard_normal(60)
    Y = pd.DataFrame({"number": number, "label": np.where(number + 0.3 * rng.standard_normal(60) > 0, "up", "down")})
    model = MultiTaskGP(concentration=0.1).fit(X, Y)
    left_out = model.predict_proba_left_out()["label"]
    found = probability_reliability(left_out, Y["label"])
    np.testing.assert_allclose(found.probability, left_out["up"])
    assert found.outcome.tolist() == (Y["label"] == "up").tolist()
    p = model.predict_distribution(X, observed=True)
    condition = probability_reliability(p.of(task("number") > 0).probability, number > 0)
    assert condition.outcome.sum() == (number > 0).sum()
    numbers = reliability(model)  # the one number needs no name
    assert numbers.task == "number"


def test_of_several_classes_all_count_and_what_is_missing_does_not() -> None:
    said = pd.DataFrame({"a": [0.2, 0.5, np.nan], "b": [0.3, 0.5, np.nan], "c": [0.5, 0.0, np.nan]})
    found = probability_reliability(said, pd.Series(["c", None, "a"]))
    assert found.probability.tolist() == [0.2, 0.3, 0.5]
    assert found.outcome.tolist() == [False, False, True]


def test_events_that_mean_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="there are 2 rows of probabilities and 1 of truth; give one truth for each"):
        probability_reliability([0.1, 0.2], [True])
    for said in ([1.2], [np.nan]):
        with pytest.raises(DataError, match="probabilities hold a value outside 0 to 1, or no row has a probability"):
            probability_reliability(said, [True])
    with pytest.raises(ColumnError, match="truth has the labels 'c', expected some of 'a', 'b'"):
        probability_reliability(pd.DataFrame({"a": [0.5], "b": [0.5]}), ["c"])
    with pytest.raises(ParameterError, match="number=1 of bins, expected a whole number of at least 2"):
        events(1.0, 5).bins(1)


def test_a_single_task_needs_no_name(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    assert reliability(IndependentGP().fit(X[["a"]], Y["low"].fillna(0.0))).task == "low"
