"""Scores and verdicts of the accuracy suite, on figures made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from benchmarks.contest import Outcome
from benchmarks.contestants import Predicted
from benchmarks.suites.accuracy import scores, summarise


def lines(ours: list[float], peer: list[float]) -> pd.DataFrame:
    table = [
        {"problem": "p", "contestant": name, "seed": seed, "seconds": 1.0, "cpu_seconds": 1.0, "nrmse": error}
        | {"log_density": -error, "log_density_observed": -error, "coverage90": 0.9}
        for name, errors in (("DifferenceGP", ours), ("SMT MFK", peer))
        for seed, error in enumerate(errors)
    ]
    return pd.DataFrame(table)


def verdict(ours: list[float], peer: list[float]) -> str:
    summary = summarise(lines(ours, peer)).set_index("contestant")
    assert summary.loc["SMT MFK", "error against the best peer"] == ""
    return str(summary.loc["DifferenceGP", "error against the best peer"])


def test_scores_of_a_known_prediction() -> None:
    truth = np.array([0.0, 2.0])
    found = scores(Outcome("ok", Predicted(truth + 0.5, np.array([1.0, 0.1]), noise=1.0)), truth, truth + 1.0)
    assert found["nrmse"] == pytest.approx(0.5)
    assert found["coverage90"] == 0.5
    assert found["log_density"] == pytest.approx((norm.logpdf(0.5) + norm.logpdf(0.5, scale=0.1)) / 2)
    wide = (norm.logpdf(0.5, scale=2**0.5) + norm.logpdf(0.5, scale=1.01**0.5)) / 2
    assert found["log_density_observed"] == pytest.approx(wide)


def test_no_prediction_has_no_scores() -> None:
    assert scores(Outcome("more than 1 s"), np.zeros(2), np.zeros(2)) == {}


def test_larger_errors_on_every_seed_fall_short() -> None:
    assert verdict([0.2, 0.4, 0.3], [0.1, 0.2, 0.14]).startswith("FALLS SHORT")


def test_larger_errors_on_some_seeds_are_within_the_spread() -> None:
    assert verdict([0.2, 0.1, 0.1], [0.1, 0.11, 0.09]).startswith("within the spread")


def test_smaller_errors_are_better() -> None:
    assert verdict([0.1, 0.1], [0.2, 0.1]).startswith("better by")


def test_errors_that_are_as_good_as_none_are_equal() -> None:
    assert verdict([5e-4, 9e-4], [1e-9, 1e-8]).startswith("better by 0 than")


def test_a_peer_without_a_result_on_every_seed_is_held_to_those_it_has() -> None:
    figures = lines([0.2, 0.2], [0.1, np.nan])
    summary = summarise(figures).set_index("contestant")
    verdict = summary.loc["DifferenceGP", "error against the best peer"]
    assert verdict == "FALLS SHORT: 0.69 ± 0 behind SMT MFK on 1 of 2 seeds"
    assert summary.loc["SMT MFK", "seeds"] == 1


def test_a_seed_without_a_result_is_a_failure() -> None:
    summary = summarise(lines([0.2, np.nan], [0.3, 0.3])).set_index("contestant")
    assert summary.loc["DifferenceGP", "error against the best peer"] == "FAILED on 1 of 2 seeds"
