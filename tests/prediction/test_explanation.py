from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfgp import exp, log, maximum, task
from mfgp.prediction import NormalPrediction
from tests.prediction.predictions import LogNormalPrediction

a, b, c = task("a"), task("b"), task("c")


def prediction(correlated: bool = True) -> NormalPrediction:
    roots = np.random.default_rng(9).standard_normal((4, 3, 3))
    covariance = roots @ roots.transpose(0, 2, 1)
    if not correlated:
        covariance = covariance * np.eye(3)
    return NormalPrediction(("a", "b", "c"), pd.Index(list("wxyz"), name="row"), np.full((4, 3), 0.5), covariance)


WEIGHTS = st.lists(st.sampled_from([-2.0, -1.0, 0.5, 1.0, 3.0]), min_size=3, max_size=3)


@given(WEIGHTS)
def test_shares_of_a_linear_function_are_its_terms(weights: list[float]) -> None:
    p, w = prediction(), np.array(weights)
    function = p.of(w[0] * a + w[1] * b + w[2] * c)
    found = function.explain()
    variance = function.std**2
    for place, name in enumerate("abc"):
        np.testing.assert_allclose(found["task", name], w[place] ** 2 * p.covariance[:, place, place] / variance)
    np.testing.assert_allclose(found[["task", "joint"]].sum(axis=1), 1.0)
    np.testing.assert_allclose(found["joint", "nonlinear"], 0.0, atol=1e-12)
    np.testing.assert_array_equal(found["std", "joint"], function.std)
    own = (w**2 * np.diagonal(p.covariance, axis1=1, axis2=2)).sum(axis=1)
    np.testing.assert_allclose(found["std", "independent"], np.sqrt(own))


def test_what_cancels_is_negative_and_what_adds_up_positive() -> None:
    p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), np.array([[[1.0, 0.8], [0.8, 1.0]]]))
    difference, total = p.of(a - b).explain().iloc[0], p.of(a + b).explain().iloc[0]
    assert difference["joint", "covariance"] == pytest.approx(-4.0)
    assert total["joint", "covariance"] == pytest.approx(1.6 / 3.6)
    assert difference["std", "independent"] == pytest.approx(np.sqrt(2.0))


def test_independent_tasks_claim_what_they_have() -> None:
    p = prediction(correlated=False)
    for expression in (a - 2 * b + c, exp(a / 4) * b + maximum(b, c)):
        found = p.of(expression, tolerance=0.002).explain()
        np.testing.assert_allclose(found["std", "independent"], found["std", "joint"], rtol=0.03)
        np.testing.assert_allclose(found["joint", "covariance"], 0.0, atol=0.03)


def test_a_nonlinear_function_by_the_regression_on_its_tasks() -> None:
    """By Stein's lemma the weights of a * b are the means of b and a, and the product of deviations is the rest."""
    p = prediction()
    found = p.of(a * b).explain()
    C = p.covariance[:, :2, :2]
    m = p.means[:, 1::-1]
    variance = np.einsum("ni,nij,nj->n", m, C, m) + C[:, 0, 0] * C[:, 1, 1] + C[:, 0, 1] ** 2
    np.testing.assert_allclose(found["task", "a"], m[:, 0] ** 2 * C[:, 0, 0] / variance, atol=0.03)
    np.testing.assert_allclose(found["task", "b"], m[:, 1] ** 2 * C[:, 1, 1] / variance, atol=0.03)
    np.testing.assert_allclose(found["joint", "covariance"], 2 * m.prod(1) * C[:, 0, 1] / variance, atol=0.03)
    np.testing.assert_allclose(found[["task", "joint"]].sum(axis=1), 1.0)
    alone = np.sqrt(m[:, 0] ** 2 * C[:, 0, 0] + m[:, 1] ** 2 * C[:, 1, 1] + C[:, 0, 0] * C[:, 1, 1])
    np.testing.assert_allclose(found["std", "independent"], alone, rtol=0.03)
    assert list(found.columns) == [
        ("task", "a"),
        ("task", "b"),
        ("joint", "covariance"),
        ("joint", "nonlinear"),
        ("std", "joint"),
        ("std", "independent"),
    ]
    pd.testing.assert_index_equal(found.index, p.index)


def test_a_linear_function_in_disguise_is_explained_as_itself() -> None:
    p = prediction()
    plain, disguised = p.of(a - b + c).explain(), p.of(log(exp(a - b + c))).explain()
    np.testing.assert_allclose(disguised, plain, atol=0.05, rtol=0.05)
    np.testing.assert_allclose(disguised["joint", "nonlinear"], 0.0, atol=1e-9)


def test_units_do_not_matter() -> None:
    p = prediction()
    far = p.combine(np.diag([1e6, 1e-6, 1.0]), np.zeros(3), p.tasks)
    np.testing.assert_allclose(far.of((a / 1e6) * (b * 1e6)).explain(), p.of(a * b).explain(), rtol=1e-6, atol=1e-9)


def test_tied_tasks_share_alike() -> None:
    p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), np.array([[[1.0, 2.0], [2.0, 4.0]]]))
    found = p.of(exp(a / 10) + b / 1000).explain().iloc[0]
    assert found["task", "a"] == pytest.approx(found["task", "b"])


def test_without_a_variance_there_are_no_shares() -> None:
    p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.ones((1, 2)), np.zeros((1, 2, 2)))
    for expression in (a - b, a * b):
        found = p.of(expression).explain().iloc[0]
        assert found[["task", "joint"]].isna().all()
        np.testing.assert_allclose(found["std"], 0.0, atol=1e-12)


def test_draws_outside_the_domain_are_left_out() -> None:
    p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.array([[0.5, 0.0]]), np.array([[[1.0, 0.3], [0.3, 1.0]]]))
    found = p.of(log(a) + b).explain()
    assert found.notna().all(axis=None)
    assert found[["task", "joint"]].sum(axis=1).item() == pytest.approx(1.0)


def test_another_prediction_is_explained_by_its_moments() -> None:
    p = LogNormalPrediction.from_logarithms(prediction())
    found = p.of(a - b).explain()
    variance = p.of(a - b).std ** 2
    np.testing.assert_allclose(found["task", "a"], p.covariance[:, 0, 0] / variance)
    assert p.of(log(a) * log(b)).explain().notna().all(axis=None)


def test_no_rows_are_explained_by_no_rows() -> None:
    none = prediction().take(np.array([], dtype=int))
    for expression in (a - b, a * b):
        assert none.of(expression).explain().shape == (0, 6)


def test_seeds_reproduce() -> None:
    p = prediction()
    pd.testing.assert_frame_equal(p.of(a * b, seed=1).explain(), p.of(a * b, seed=1).explain(), check_exact=True)
    assert (p.of(a * b, seed=1).explain() != p.of(a * b, seed=2).explain()).any(axis=None)


def test_a_row_that_is_outside_the_domain_has_no_deviation_of_either_kind() -> None:
    p = NormalPrediction(("a",), pd.RangeIndex(2), np.array([[3.0], [-90.0]]), np.tile([[1.0]], (2, 1, 1)))
    parts = p.of("log(a)").explain()
    assert parts.iloc[1].isna().all()
    assert parts.iloc[0].notna().all()
