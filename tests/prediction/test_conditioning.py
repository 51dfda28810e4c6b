from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from mfgp.errors import DataError
from mfgp.prediction import NormalPrediction, condition
from mfgp.prediction.conditioning import log_density_of_known
from tests.prediction.predictions import random_prediction

NAN = float("nan")
MASKS = st.lists(st.booleans(), min_size=12, max_size=12)


def direct(p: NormalPrediction, values: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The textbook formula, row by row."""
    means, covariance = p.means.copy(), p.covariance.copy()
    for row in range(len(p)):
        k = ~np.isnan(values[row])
        if k.any():
            system = p.covariance[row][np.ix_(k, k)] + np.diag(variance[row, k])
            gain = p.covariance[row][:, k] @ np.linalg.inv(system)
            means[row] += gain @ (values[row, k] - p.means[row, k])
            covariance[row] -= gain @ p.covariance[row][k]
    return means, covariance


@given(mask=MASKS, exact=st.booleans())
def test_conditioning_is_the_textbook_formula(mask: list[bool], exact: bool) -> None:
    p, generator = random_prediction(), np.random.default_rng(5)
    values = np.where(np.reshape(mask, (4, 3)), generator.standard_normal((4, 3)), np.nan)
    variance = np.zeros((4, 3)) if exact else generator.uniform(0.01, 1.0, (4, 3))
    means, covariance = condition(p.means, p.covariance, values, variance)
    expected_means, expected_covariance = direct(p, values, variance)
    np.testing.assert_allclose(means, expected_means, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(covariance, expected_covariance, rtol=1e-7, atol=1e-7)


@given(mask=MASKS, second=MASKS)
def test_the_order_of_conditioning_does_not_matter(mask: list[bool], second: list[bool]) -> None:
    p, generator = random_prediction(), np.random.default_rng(6)
    chosen, first = np.reshape(mask, (4, 3)), np.reshape(second, (4, 3))
    values, variance = generator.standard_normal((4, 3)), generator.uniform(0.1, 1.0, (4, 3))
    at_once = condition(p.means, p.covariance, np.where(chosen, values, np.nan), variance)
    for part in (first, ~first):
        in_turn = condition(p.means, p.covariance, np.where(chosen & part, values, np.nan), variance)
        in_turn = condition(*in_turn, np.where(chosen & ~part, values, np.nan), variance)
        for one, other in zip(in_turn, at_once, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8)


def test_nothing_known_changes_nothing() -> None:
    p = random_prediction()
    means, covariance = condition(p.means, p.covariance, np.full((4, 3), NAN), np.ones((4, 3)))
    np.testing.assert_array_equal(means, p.means)
    np.testing.assert_array_equal(covariance, p.covariance)


def test_what_is_given_is_left_as_it_was() -> None:
    p = random_prediction()
    before = p.means.copy(), p.covariance.copy()
    condition(p.means, p.covariance, np.ones((4, 3)), np.ones((4, 3)))
    np.testing.assert_array_equal(p.means, before[0])
    np.testing.assert_array_equal(p.covariance, before[1])


def test_an_exact_value_is_met_and_certain() -> None:
    p = random_prediction()
    values = np.full((4, 3), NAN)
    values[:, 1] = 5.0
    means, covariance = condition(p.means, p.covariance, values, np.zeros((4, 3)))
    np.testing.assert_allclose(means[:, 1], 5.0)
    np.testing.assert_allclose(covariance[:, 1], 0.0, atol=1e-12)


def test_units_far_apart_do_not_matter() -> None:
    p, units = random_prediction(), np.array([1e-9, 1.0, 1e9])
    values, variance = np.where([True, False, True], 0.7, NAN) * np.ones((4, 3)), np.full((4, 3), 0.01)
    means, covariance = condition(p.means, p.covariance, values, variance)
    far = condition(p.means * units, p.covariance * np.outer(units, units), values * units, variance * units**2)
    np.testing.assert_allclose(far[0] / units, means, rtol=1e-9)
    np.testing.assert_allclose(far[1] / np.outer(units, units), covariance, rtol=1e-7, atol=1e-9)


def test_tasks_that_are_tied_without_noise() -> None:
    covariance = np.array([[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]])
    means, after = condition(np.zeros((1, 3)), covariance, np.array([[2.0, 2.0, NAN]]), np.zeros((1, 3)))
    np.testing.assert_allclose(means, 2.0, rtol=1e-6)
    np.testing.assert_allclose(after, 0.0, atol=1e-6)


def test_a_task_that_is_certain_already() -> None:
    covariance = np.array([[[0.0, 0.0], [0.0, 4.0]]])
    means, after = condition(np.array([[1.0, 0.0]]), covariance, np.array([[1.0, NAN]]), np.zeros((1, 2)))
    np.testing.assert_array_equal(means, [[1.0, 0.0]])
    np.testing.assert_array_equal(after, covariance)


def test_values_of_another_shape() -> None:
    p = random_prediction()
    with pytest.raises(DataError, match=r"given values have shape \(4, 2\), expected \(4, 3\) \(rows, tasks\)"):
        condition(p.means, p.covariance, np.zeros((4, 2)), np.zeros((4, 2)))


def test_conditioning_agrees_with_draws() -> None:
    """Draws whose first task comes out near the given value have the conditional mean and spread."""
    p = random_prediction(1, seed=3)
    draws = p.sample(400_000, seed=0)[:, 0]
    width = 0.02 * np.sqrt(p.covariance[0, 0, 0])
    value = p.means[0, 0] + 0.5 * np.sqrt(p.covariance[0, 0, 0])
    near = draws[np.abs(draws[:, 0] - value) < width]
    means, covariance = condition(p.means, p.covariance, np.array([[value, NAN, NAN]]), np.zeros((1, 3)))
    scale = np.sqrt(np.diagonal(p.covariance[0]))
    np.testing.assert_allclose(near.mean(0) / scale, means[0] / scale, atol=0.04)
    np.testing.assert_allclose(np.cov(near.T)[1:, 1:], covariance[0, 1:, 1:], atol=0.06 * scale.max() ** 2)


def test_the_density_of_what_is_known_is_the_multivariate_normal_one() -> None:
    generator = np.random.default_rng(3)
    roots, means = generator.standard_normal((5, 3, 3)), generator.standard_normal((5, 3))
    covariance, variance = roots @ roots.transpose(0, 2, 1), generator.uniform(0.0, 1.0, (5, 3))
    values = np.where(generator.uniform(size=(5, 3)) < 0.5, np.nan, generator.standard_normal((5, 3)))
    values[0], values[1] = np.nan, 0.0
    found = log_density_of_known(means, covariance, values, variance)
    assert found[0] == 0.0
    for row in range(1, 5):
        seen = ~np.isnan(values[row])
        of_seen = (covariance[row] + np.diag(variance[row]))[np.ix_(seen, seen)]
        expected = multivariate_normal.logpdf(values[row, seen], means[row, seen], of_seen) if seen.any() else 0.0
        assert found[row] == pytest.approx(expected)


def test_densities_of_what_is_known_obey_the_chain_rule() -> None:
    roots = np.random.default_rng(4).standard_normal((3, 2, 2))
    means, covariance = np.zeros((3, 2)), roots @ roots.transpose(0, 2, 1)
    both, noise = np.ones((3, 2)), np.full((3, 2), 0.1)
    first, second = np.array([[1.0, np.nan]] * 3), np.array([[np.nan, 1.0]] * 3)
    after = condition(means, covariance, first, noise)
    np.testing.assert_allclose(
        log_density_of_known(means, covariance, both, noise),
        log_density_of_known(means, covariance, first, noise) + log_density_of_known(*after, second, noise),
    )


def test_rounding_that_makes_a_covariance_indefinite_is_not_divided_by() -> None:
    covariance = 1e-15 * np.array([[[1.0, 1.1], [1.1, 1.0]]])
    values = np.array([[1e-9, -1e-9]])
    means, after = condition(np.zeros((1, 2)), covariance, values, np.zeros((1, 2)))
    assert np.abs(means).max() < 1e-7
    assert np.isfinite(log_density_of_known(np.zeros((1, 2)), covariance, values, np.zeros((1, 2)))).all()
    assert (np.diagonal(after, axis1=1, axis2=2) >= 0.0).all()
