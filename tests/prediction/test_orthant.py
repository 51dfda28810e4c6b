from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from mfgp.prediction.orthant import bivariate_cdf, interval_probability, rectangle_probability

BOUNDS = st.sampled_from([-12.0, -3.5, -1.0, -1e-9, 0.0, 0.3, 2.0, 8.0])
CORRELATIONS = st.sampled_from([-1.0 + 1e-9, -0.999, -0.5, 0.0, 1e-7, 0.3, 0.95, 1.0 - 1e-6])


@given(BOUNDS, BOUNDS, CORRELATIONS)
def test_two_variables_as_in_scipy(h: float, k: float, rho: float) -> None:
    expected = multivariate_normal.cdf([h, k], cov=[[1.0, rho], [rho, 1.0]], allow_singular=True)
    assert bivariate_cdf(np.array([h]), np.array([k]), np.array([rho]))[0] == pytest.approx(expected, abs=1e-13)


@given(BOUNDS, BOUNDS)
def test_limits_of_two_variables(h: float, k: float) -> None:
    one, other = np.array([h]), np.array([k])
    infinite = np.array([np.inf])
    assert bivariate_cdf(one, other, np.zeros(1))[0] == pytest.approx(norm.cdf(h) * norm.cdf(k), abs=1e-15)
    assert bivariate_cdf(one, other, np.ones(1))[0] == pytest.approx(norm.cdf(min(h, k)), abs=1e-15)
    opposed = max(norm.cdf(h) - norm.cdf(-k), 0.0)
    assert bivariate_cdf(one, other, -np.ones(1))[0] == pytest.approx(opposed, abs=1e-15)
    assert bivariate_cdf(one, infinite, np.array([0.7]))[0] == pytest.approx(norm.cdf(h), abs=1e-15)
    assert bivariate_cdf(one, -infinite, np.array([0.7]))[0] == pytest.approx(0.0, abs=1e-15)


def test_at_the_origin_it_is_an_arc_sine() -> None:
    rho = np.linspace(-1.0, 1.0, 21)
    np.testing.assert_allclose(
        bivariate_cdf(np.zeros(21), np.zeros(21), rho), 0.25 + np.arcsin(rho) / (2 * np.pi), atol=1e-14
    )


@given(st.lists(BOUNDS, min_size=4, max_size=4), st.sampled_from([-0.99, -0.4, 0.0, 0.8, 1.0]))
def test_a_rectangle_as_in_scipy(bounds: list[float], rho: float) -> None:
    lower, upper = np.sort(np.reshape(bounds, (2, 2)), axis=0)
    covariance = [[1.0, rho], [rho, 1.0]]
    expected = multivariate_normal.cdf(upper, cov=covariance, lower_limit=lower, allow_singular=True)
    found = rectangle_probability(lower[None], upper[None], np.array([rho]))[0]
    assert found == pytest.approx(expected, abs=1e-13)


def test_small_probabilities_keep_their_digits() -> None:
    np.testing.assert_allclose(interval_probability(np.array([9.0]), np.array([10.0])), norm.sf(9) - norm.sf(10))
    far = rectangle_probability(np.array([[7.0, 7.0]]), np.array([[np.inf, np.inf]]), np.zeros(1))
    np.testing.assert_allclose(far, norm.sf(7) ** 2, rtol=1e-3)
