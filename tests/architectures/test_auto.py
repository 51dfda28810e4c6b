from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from mfgp import AutoGP, CascadeGP, DifferenceGP, IndependentGP, MultiTaskGP
from mfgp.architectures.auto import BASELINE, select
from mfgp.errors import NotFittedError, ParameterError

CANDIDATES = {"difference": DifferenceGP()}


def related(n: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": np.sort(rng.random(n))})
    low = np.sin(12 * X.x)
    Y = pd.DataFrame({"low": low, "high": 2 * low + X.x}) + 0.02 * rng.standard_normal((n, 2))
    Y.loc[Y.index % 3 > 0, "high"] = np.nan
    return X, Y


def noise(n: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    X, Y = related(n)
    return X, Y.assign(low=np.random.default_rng(1).standard_normal(n))


def test_it_is_the_architecture_that_it_chose() -> None:
    X, Y = related()
    auto, direct = AutoGP(CANDIDATES, tasks=["high"]).fit(X, Y), DifferenceGP().fit(X, Y)
    assert auto.selection_["chosen"].to_dict() == {"difference": True, BASELINE: False}
    pd.testing.assert_frame_equal(auto.predict(X), direct.predict(X), check_exact=True)
    assert isinstance(auto.chosen_, DifferenceGP)
    pd.testing.assert_frame_equal(auto.chosen_.rho_, direct.rho_, check_exact=True)
    pd.testing.assert_frame_equal(auto.chosen_.predict(X), direct.predict(X), check_exact=True)
    pd.testing.assert_frame_equal(auto.lengthscales_, direct.lengthscales_, check_exact=True)


@pytest.mark.parametrize("by", ["row", "value", "both"])
def test_it_is_the_baseline_where_sharing_does_not_help(by: str) -> None:
    X, Y = noise()
    auto = AutoGP(CANDIDATES, by=by).fit(X, Y)
    assert isinstance(auto.chosen_, IndependentGP)
    pd.testing.assert_frame_equal(auto.predict(X), IndependentGP().fit(X, Y).predict(X), check_exact=True)
    assert auto.selection_.loc[BASELINE, "reason"] == "no sharing is clearly better"
    assert auto.selection_.loc["difference", "reason"] == "its gain is no more than its standard error times 1"


@pytest.mark.parametrize("by", ["row", "value"])
def test_log_densities_are_those_of_values_left_out(by: str) -> None:
    X, Y = related()
    found = AutoGP(CANDIDATES, tasks=["high"], by=by).fit(X, Y).selection_
    for name, estimator in {"difference": DifferenceGP(), BASELINE: IndependentGP()}.items():
        mean, std = estimator.fit(X, Y).predict_left_out(by=by)
        density = norm.logpdf(Y["high"], mean["high"], std["high"])
        unit = np.log(Y["high"].std(ddof=1))
        assert found.loc[name, "log_density"] == pytest.approx(np.nanmean(density) + unit, abs=0.05)


def test_given_values_are_known_to_what_is_chosen_by_value() -> None:
    """A source that is noise in the inputs but tells the target: of use only where it is known."""
    X, Y = noise()
    Y["high"] = Y["low"] + 0.05 * np.sin(9 * X.x)
    cold, known = (AutoGP(CANDIDATES, tasks=["high"], by=by).fit(X, Y).selection_ for by in ("row", "value"))
    assert known.loc["difference", "chosen"]
    assert known.loc["difference", "gain"] > cold.loc["difference", "gain"] + 1.0


def test_one_task_is_the_baseline() -> None:
    X, Y = related()
    auto = AutoGP().fit(X, Y["low"])
    assert auto.selection_.index.tolist() == [BASELINE]
    np.testing.assert_array_equal(auto.predict(X), IndependentGP().fit(X, Y["low"]).predict(X))


def test_labels_are_learned_by_what_is_chosen() -> None:
    X, Y = related()
    Y["sign"] = np.where(Y["low"] > 0, "plus", "minus")
    auto = AutoGP({"multi": MultiTaskGP(rank=1)}, tasks=["sign"], concentration=0.1).fit(X, Y)
    assert set(auto.predict(X)["sign"]) == {"plus", "minus"}


def test_rows_can_be_added() -> None:
    X, Y = related()
    auto = AutoGP(CANDIDATES).fit(X, Y)
    assert len(auto.condition_on(pd.DataFrame({"x": [2.0]}), pd.DataFrame({"high": [1.0]})).predict_left_out()[0]) == 31


def test_a_single_value_cannot_speak_for_sharing() -> None:
    plain = np.zeros(3)
    sizes = {"other": 3, BASELINE: 3}
    assert select({"other": plain + 9.0, BASELINE: plain}, sizes, [np.array([0])], 2.0).loc[BASELINE, "chosen"]


@pytest.mark.parametrize("more, gain", [(0, 0.5), (2, 0.3), (5, 0.0), (-2, 0.5)])
def test_more_hyperparameters_cost_a_nat_each_and_fewer_earn_none(more: int, gain: float) -> None:
    plain = np.zeros(10)
    found = select({"other": plain + 0.5, BASELINE: plain}, {"other": 6 + more, BASELINE: 6}, [np.arange(10)], 1.0)
    assert found.loc["other", "gain"] == pytest.approx(gain)
    assert found.loc["other", "chosen"] == (gain > 0.0)


def test_tasks_count_alike() -> None:
    density = np.array([1.0] * 2 + [0.0] * 98) + np.tile([1e-3, -1e-3], 50)
    parts = [np.arange(2), np.arange(2, 100)]
    found = select({"other": density, BASELINE: np.zeros(100)}, {"other": 3, BASELINE: 3}, parts, 2.0)
    assert found.loc["other", "gain"] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    "parameters, message",
    [
        (
            {"candidates": {"cascade": CascadeGP()}},
            "expected a mapping of names to architectures with one TaskGP, such",
        ),
        ({"candidates": [DifferenceGP()]}, "expected a mapping of names to architectures with one TaskGP, such"),
        ({"candidates": {"auto": AutoGP()}}, "expected a mapping of names to architectures with one TaskGP, such"),
        ({"candidates": {BASELINE: DifferenceGP()}}, "candidates has 'IndependentGP', the name of the baseline; leave"),
        ({"tasks": "high"}, "tasks='high', expected a list with some of 'low', 'high', or None for all"),
        ({"tasks": ["top"]}, "expected a list with some of 'low', 'high', or None for all"),
        ({"by": "column"}, "by='column', expected 'row', 'value' or 'both'"),
        ({"errors": -1.0}, "errors=-1.0, expected a number of standard errors, such as 2.0, zero or more"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        AutoGP(**parameters).fit(*related())  # type: ignore[arg-type]


def test_before_the_fit_nothing_is_chosen() -> None:
    with pytest.raises(NotFittedError, match="so it has no chosen_; call fit"):
        _ = AutoGP().chosen_
