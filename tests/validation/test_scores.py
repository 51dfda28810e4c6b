from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from mfgp.validation.scores import (
    LOSSES,
    SCORES,
    Score,
    coverage,
    coverage90,
    crps,
    interval_score,
    mae,
    nlpd,
    r2,
    rmse,
    sharpness,
    spearman,
)

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


@pytest.mark.parametrize("truth, mean, std", [(0.3, -1.0, 0.7), (5.0, 1.0, 2.0), (0.0, 0.0, 1.0)])
def test_crps_is_the_squared_distance_of_distribution_functions(truth: float, mean: float, std: float) -> None:
    below = quad(lambda v: norm.cdf(v, mean, std) ** 2, -50, truth)[0]
    above = quad(lambda v: norm.sf(v, mean, std) ** 2, truth, 50)[0]
    assert crps(*(np.array([value]) for value in (truth, mean, std))) == pytest.approx(below + above, abs=1e-6)


def test_a_certain_prediction_has_its_error_as_crps() -> None:
    assert crps(TRUTH, MEAN, np.full_like(TRUTH, 1e-9)) == pytest.approx(mae(TRUTH, MEAN, STD), rel=1e-6)


@pytest.mark.parametrize("score", [crps, nlpd, interval_score])
def test_proper_scores_are_best_for_the_distribution_that_values_come_from(score: Score) -> None:
    draws = np.random.default_rng(1).normal(3.0, 2.0, 100_000)

    def of(mean: float, std: float) -> float:
        return score(draws, np.full_like(draws, mean), np.full_like(draws, std))

    assert of(3.0, 2.0) < min(of(3.2, 2.0), of(2.8, 2.0), of(3.0, 1.8), of(3.0, 2.2))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_intervals_of_every_level_cover_what_they_say(level: float) -> None:
    draws = np.random.default_rng(2).normal(size=100_000)
    assert coverage(draws, np.zeros_like(draws), np.ones_like(draws), level) == pytest.approx(level, abs=0.005)


def test_shares_of_variance_and_ranks_do_not_depend_on_the_unit() -> None:
    assert r2(3 * TRUTH + 1, 3 * MEAN + 1, STD) == pytest.approx(r2(TRUTH, MEAN, STD))
    assert spearman(np.exp(TRUTH), MEAN, STD) == pytest.approx(spearman(TRUTH, MEAN, STD))
    assert r2(TRUTH, np.full_like(TRUTH, TRUTH.mean()), STD) == pytest.approx(0.0, abs=1e-12)
    assert spearman(TRUTH, -TRUTH, STD) == pytest.approx(-1.0)


def test_what_needs_several_values_is_nan_of_few_or_equal_ones() -> None:
    assert np.isnan(r2(TRUTH[:1], MEAN[:1], STD[:1]))
    assert np.isnan(spearman(TRUTH[:2], MEAN[:2], STD[:2]))
    assert np.isnan(spearman(TRUTH, np.zeros_like(TRUTH), STD))


def test_sharpness_knows_nothing_of_the_truth() -> None:
    assert sharpness(TRUTH, MEAN, STD) == sharpness(TRUTH + 9, MEAN, STD) == STD.mean()


def test_losses_are_scores() -> None:
    assert set(LOSSES) < set(SCORES)
