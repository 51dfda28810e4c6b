from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import mfgp
from mfgp.errors import ColumnError, DataError, ParameterError
from mfgp.prediction import NormalPrediction, ScaledPrediction
from mfgp.prediction.scaled import scale_deviations
from mfgp.validation import Recalibration, recalibrate

NOISE = 0.3


def table(seed: int, rows: int = 25) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each input three times, so that no function explains the noise."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x": np.repeat(np.linspace(0.0, 1.0, rows), 3)})
    low = np.sin(6 * X.x) + NOISE * rng.standard_normal(3 * rows)
    return X, pd.DataFrame({"low": low, "high": 2 * np.sin(6 * X.x) + X.x + NOISE * rng.standard_normal(3 * rows)})


def coverage(prediction: mfgp.Prediction, Y: pd.DataFrame, name: str = "low") -> float:
    interval = prediction.interval(0.9)[name]
    return float(((interval["lower"] <= Y[name]) & (Y[name] <= interval["upper"])).mean())


def test_it_brings_coverage_back_where_the_noise_is_too_small() -> None:
    X, Y = table(0)
    X_new, Y_new = table(1)
    model = mfgp.IndependentGP().fit(X, Y, noise=pd.DataFrame({"low": NOISE / 4}, X.index))
    found = mfgp.recalibrate(model)
    p = model.predict_distribution(X_new, observed=True)
    assert coverage(p, Y_new) < 0.5
    assert 0.82 < coverage(found.apply(p), Y_new) < 0.97
    line = found.table.loc["low"]
    assert line["lower"] > 1.0
    assert line["log_density_after"] > line["log_density_before"] + 1.0
    assert line["coverage90_before"] < 0.5 < 0.82 < line["coverage90_after"]


@pytest.mark.parametrize("estimator", [mfgp.IndependentGP(), mfgp.DifferenceGP()])
def test_it_changes_little_where_all_is_right(estimator: Any) -> None:
    inside = []
    for seed in range(4):
        found = recalibrate(estimator.fit(*table(seed))).table
        inside.append((found["lower"] <= 1.0) & (found["upper"] >= 1.0))
        assert found["factor"].between(0.8, 1.25).all()
    assert np.mean(inside) >= 0.75


@pytest.mark.parametrize("estimator", [mfgp.DifferenceGP(), mfgp.CascadeGP()])
def test_a_right_factor_is_found(estimator: Any) -> None:
    """Of a model that is told four times the noise, nearly a quarter; its interval holds what suits."""
    X, Y = table(2)
    line = recalibrate(estimator.fit(X, Y, noise=pd.DataFrame(4 * NOISE, X.index, Y.columns)), by="value").table
    assert line["factor"].between(0.2, 0.32).all()
    assert (line["lower"] < 0.27).all()
    assert (line["upper"] > 0.25).all()
    assert (line["effective"] <= line["values"]).all()


def test_the_factor_makes_the_log_density_of_values_left_out_largest() -> None:
    X, Y = table(3, rows=8)
    model = mfgp.MultiTaskGP().fit(X, Y)
    mean, std = model.predict_left_out("row")
    factors = recalibrate(model).factors

    def log_density(name: str, factor: float) -> float:
        z = (Y[name] - mean[name]) / std[name] / factor
        return float((-0.5 * z**2 - np.log(factor)).mean())

    for name in Y.columns:
        assert all(log_density(name, factors[name]) > log_density(name, factors[name] * c) for c in (0.98, 1.02))


def test_few_values_give_no_factor() -> None:
    X, Y = table(0, rows=5)
    Y.loc[2:, "high"] = np.nan
    found = recalibrate(mfgp.DifferenceGP().fit(X, Y)).table
    assert found.loc["high", "factor"] == 1.0
    assert np.isnan(found.loc["high", "upper"])
    assert found.loc["high", "values"] == 2


def recalibration(**factors: float) -> Recalibration:
    return Recalibration(pd.DataFrame({"factor": factors}), "row")


def prediction(rows: int = 3) -> NormalPrediction:
    rng = np.random.default_rng(0)
    root = rng.standard_normal((rows, 2, 2))
    return NormalPrediction(("a", "b"), pd.RangeIndex(rows), rng.standard_normal((rows, 2)), root @ root.mT)


def test_means_and_correlations_stay() -> None:
    p = prediction()
    scaled = recalibration(b=3.0, a=0.5).apply(p)
    np.testing.assert_array_equal(scaled.means, p.means)
    np.testing.assert_allclose(scaled.deviations, p.deviations * [0.5, 3.0])
    for one in (p, scaled):
        one_correlation = one.covariance[:, 0, 1] / one.deviations.prod(axis=1)
        np.testing.assert_allclose(one_correlation, p.covariance[:, 0, 1] / p.deviations.prod(axis=1))
    back = recalibration(a=2.0, b=1 / 3).apply(scaled)
    np.testing.assert_allclose(back.covariance, p.covariance)


def test_what_is_not_normal_is_scaled_around_its_mean_as_what_is() -> None:
    p, factors = prediction(), np.array([0.5, 3.0])
    general, normal = ScaledPrediction.of_base(p, factors), scale_deviations(p, factors)
    assert type(normal) is NormalPrediction
    assert general.dimension == normal.dimension
    np.testing.assert_allclose(general.covariance, normal.covariance)
    pd.testing.assert_frame_equal(general.quantile(0.2), normal.quantile(0.2))
    normals = np.random.default_rng(1).standard_normal((5, 3, 2))
    np.testing.assert_allclose(general.draw(normals), normal.draw(normals))
    rows = np.array([2, 0])
    np.testing.assert_allclose(general.take(rows).draw(normals[:, rows]), normal.take(rows).draw(normals[:, rows]))
    one, other = (each.of(mfgp.task("a") - mfgp.task("b")) for each in (general, normal))
    pd.testing.assert_series_equal(one.std, other.std, check_names=False)


def test_a_cascade_is_scaled() -> None:
    X, Y = table(0, rows=8)
    model = mfgp.CascadeGP().fit(X, Y)
    p = model.predict_distribution(X.iloc[::6], observed=True)
    scaled = recalibration(low=1.0, high=2.0).apply(p)
    median = p.quantile(0.5)["high"]
    np.testing.assert_allclose(scaled.std["high"], 2.0 * p.std["high"])
    np.testing.assert_allclose(scaled.quantile(0.5)["high"], p.mean["high"] + 2.0 * (median - p.mean["high"]))
    pd.testing.assert_series_equal(scaled["low"].quantile(0.9)["low"], p["low"].quantile(0.9)["low"])


def test_labels_keep_their_probabilities() -> None:
    X, Y = table(0, rows=8)
    Y["label"] = np.where(Y.low > 0, "up", "down")
    model = mfgp.MultiTaskGP(concentration=0.1).fit(X, Y)
    found = recalibrate(model)
    assert found.factors.index.tolist() == ["low", "high"]
    p = model.predict_distribution(X.iloc[::6])
    scaled = recalibration(low=2.0, high=1.0).apply(p)
    np.testing.assert_allclose(scaled.std["low"], 2.0 * p.std["low"])
    pd.testing.assert_frame_equal(scaled.probabilities("label"), p.probabilities("label"))


def test_what_has_no_factor_is_refused() -> None:
    with pytest.raises(ColumnError, match="there is no factor for 'b'; factors are for 'a': apply them before tasks"):
        recalibration(a=2.0).apply(prediction())
    X, Y = table(0, rows=8)
    labels = pd.Series(np.where(Y.low > 0, "up", "down"))
    with pytest.raises(DataError, match="all tasks are labels, whose probabilities have no deviations"):
        recalibrate(mfgp.IndependentGP(concentration=0.1).fit(X, labels))
    with pytest.raises(ParameterError, match="by='row', but a cascade"):
        recalibrate(mfgp.CascadeGP().fit(X, Y))


def test_it_is_a_table() -> None:
    found = recalibrate(mfgp.IndependentGP().fit(*table(0, rows=5)))
    pd.testing.assert_frame_equal(found.to_frame(), found.table)
    assert repr(found).startswith("Recalibration by leaving out each row:\n")
    assert "factor" in repr(found)
