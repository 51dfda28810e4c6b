from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from mfgp.errors import DataError
from mfgp.expressions import task
from mfgp.prediction import MixturePrediction
from tests.prediction.predictions import TASKS, random_prediction

WEIGHTS = np.array([[0.2, 0.5, 1.0, 0.0], [0.8, 0.5, 0.0, 1.0]])


@pytest.fixture
def mixture() -> MixturePrediction:
    return MixturePrediction.of_components([random_prediction(seed=0), random_prediction(seed=1)], WEIGHTS)


def test_one_component_is_that_prediction() -> None:
    alone = random_prediction()
    mixture = MixturePrediction.of_components([alone], np.ones((1, 4)))
    np.testing.assert_allclose(mixture.means, alone.means)
    np.testing.assert_allclose(mixture.covariance, alone.covariance)
    np.testing.assert_allclose(mixture.quantile(0.1), alone.quantile(0.1), atol=1e-9)
    density = norm.logpdf(0.0, alone.means, alone.deviations)
    np.testing.assert_allclose(mixture.log_density(np.zeros((4, 3))), density)
    probability = [p.of(task("low") - task("high") > 0.3).probability for p in (mixture, alone)]
    np.testing.assert_allclose(*probability)


def test_draws_have_the_moments_and_the_quantiles(mixture: MixturePrediction) -> None:
    draws = mixture.sample(200_000, seed=1)
    np.testing.assert_allclose(draws.mean(axis=0), mixture.means, atol=0.03)
    for row in range(4):
        np.testing.assert_allclose(np.cov(draws[:, row].T), mixture.covariance[row], atol=0.15)
    np.testing.assert_allclose(np.quantile(draws, 0.2, axis=0), mixture.quantile(0.2), atol=0.05)


def test_rows_with_a_weight_of_one_are_those_of_their_component(mixture: MixturePrediction) -> None:
    np.testing.assert_allclose(mixture.means[2], random_prediction(seed=0).means[2])
    np.testing.assert_allclose(mixture.covariance[3], random_prediction(seed=1).covariance[3])


def test_densities_are_weighted_sums(mixture: MixturePrediction) -> None:
    parts = [norm.pdf(0.5, p.means, p.deviations) for p in mixture.components]
    expected = np.log(WEIGHTS[0][:, None] * parts[0] + WEIGHTS[1][:, None] * parts[1])
    np.testing.assert_allclose(mixture.log_density(np.full((4, 3), 0.5)), expected)


def test_taking_rows_and_summing_tasks_commute(mixture: MixturePrediction) -> None:
    weights, offsets = np.array([[1.0], [-2.0], [0.5]]), np.array([3.0])
    one = mixture.take(slice(1, 3)).combine(weights, offsets, ("sum",))
    other = mixture.combine(weights, offsets, ("sum",)).take(slice(1, 3))
    np.testing.assert_allclose(one.means, other.means)
    np.testing.assert_allclose(one.quantile(0.7), other.quantile(0.7))


def test_functions_and_conditions_agree_with_draws(mixture: MixturePrediction) -> None:
    draws = mixture.sample(200_000, seed=2)
    difference = draws[..., 0] - draws[..., 1]
    found = mixture.of(task("low") - task("high"))
    np.testing.assert_allclose(found.quantile(0.9), np.quantile(difference, 0.9, axis=0), atol=0.05)
    assert (found.error == 0.0).all()
    condition = mixture.of((task("low") > task("high")) & (task("low") < 1.0))
    expected = ((difference > 0.0) & (draws[..., 0] < 1.0)).mean(axis=0)
    np.testing.assert_allclose(condition.probability, expected, atol=0.005)
    assert (condition.error == 0.0).all()
    product = mixture.of(task("low") * task("high"))
    np.testing.assert_allclose(product.mean, (draws[..., 0] * draws[..., 1]).mean(axis=0), atol=0.1)


def test_values_of_another_shape_are_refused(mixture: MixturePrediction) -> None:
    with pytest.raises(DataError, match=re.escape("values have the shape (4, 1), expected (4, 3)")):
        mixture.log_density(pd.DataFrame({TASKS[0]: np.zeros(4)}))
