from __future__ import annotations

import numpy as np
import pytest

from mfgp.validation.scores import SCORES, coverage90, mae, nlpd, rmse

RNG = np.random.default_rng(0)
TRUTH, MEAN, STD = RNG.normal(size=200), RNG.normal(size=200), RNG.uniform(0.5, 2.0, 200)


def test_a_perfect_mean_has_no_error() -> None:
    assert mae(TRUTH, TRUTH, STD) == rmse(TRUTH, TRUTH, STD) == 0.0


def test_errors_are_the_usual_ones() -> None:
    truth, mean = np.array([0.0, 0.0]), np.array([3.0, -4.0])
    assert mae(truth, mean, STD[:2]) == 3.5
    assert rmse(truth, mean, STD[:2]) == pytest.approx(np.sqrt(12.5))


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_a_change_of_unit_scales_errors_shifts_the_density_and_leaves_coverage(factor: float) -> None:
    scaled = factor * TRUTH, factor * MEAN, factor * STD
    assert mae(*scaled) == pytest.approx(factor * mae(TRUTH, MEAN, STD))
    assert rmse(*scaled) == pytest.approx(factor * rmse(TRUTH, MEAN, STD))
    assert nlpd(*scaled) == pytest.approx(nlpd(TRUTH, MEAN, STD) + np.log(factor))
    assert coverage90(*scaled) == coverage90(TRUTH, MEAN, STD)


def test_normal_values_are_covered_nine_times_in_ten() -> None:
    draws = np.random.default_rng(1).normal(3.0, 2.0, 100_000)
    assert coverage90(draws, np.full_like(draws, 3.0), np.full_like(draws, 2.0)) == pytest.approx(0.9, abs=0.005)


def test_the_density_is_best_at_the_deviation_of_the_errors() -> None:
    spread = np.full_like(TRUTH, rmse(TRUTH, MEAN, STD))
    assert nlpd(TRUTH, MEAN, spread) < min(nlpd(TRUTH, MEAN, 0.9 * spread), nlpd(TRUTH, MEAN, 1.1 * spread))


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_a_number_that_does_not_depend_on_the_order(name: str) -> None:
    order = RNG.permutation(len(TRUTH))
    score = SCORES[name](TRUTH, MEAN, STD)
    assert type(score) is float
    assert SCORES[name](TRUTH[order], MEAN[order], STD[order]) == pytest.approx(score)
