from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mfgp import task
from mfgp.prediction import NormalPrediction
from mfgp.prediction.draws import values_at
from mfgp.prediction.quadrature import Quadrature
from mfgp.prediction.rotation import reflections, rotated
from mfgp.prediction.statistic import Quantiles

INDEX, MEANS = pd.RangeIndex(2), np.array([[5.0, 4.0], [3.0, -6.0]])
COVARIANCE = np.array([[[1.0, 0.5], [0.5, 1.0]], [[0.5, 0.0], [0.0, 0.8]]])
ROOT = np.array([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.5, 0.3, 0.0]])  # the third task is tied to the others


def prediction(rows: int = 3) -> NormalPrediction:
    means = np.arange(3.0 * rows).reshape(rows, 3)
    return NormalPrediction(("a", "b", "c"), pd.RangeIndex(rows), means, np.tile(ROOT @ ROOT.T, (rows, 1, 1)))


def linear(weights: list[float]):  # type: ignore[no-untyped-def]
    return lambda some, normals: (some.draw(normals[:, None, :]) @ np.array(weights)).T


@pytest.mark.parametrize("direction", [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 2.0, -3.0], [1e300, 1e300, 0.0]])
def test_a_reflection_is_orthogonal_and_begins_with_the_direction(direction: list[float]) -> None:
    found = reflections(np.array([direction]))[0]
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-12)
    if np.isfinite(np.linalg.norm(direction)):
        np.testing.assert_allclose(np.abs(found[:, 0] @ direction), np.linalg.norm(direction))


@pytest.mark.parametrize("nowhere", [0.0, np.nan, np.inf])
def test_where_there_is_no_direction_the_axes_stay(nowhere: float) -> None:
    np.testing.assert_allclose(np.abs(reflections(np.full((1, 3), nowhere))[0]), np.eye(3))


def test_turned_draws_have_the_same_distribution() -> None:
    p = prediction()
    turned = p.turned(reflections(np.random.default_rng(0).standard_normal((3, 3))))
    np.testing.assert_allclose(turned.root @ turned.root.transpose(0, 2, 1), p.covariance, atol=1e-12)
    np.testing.assert_array_equal(turned.means, p.means)
    np.testing.assert_allclose(turned.take(slice(1, 3)).root, turned.root[1:])
    normals = np.random.default_rng(1).standard_normal((5, 1, 3))
    for row in range(3):
        np.testing.assert_allclose(turned.take(np.array([row])).draw(normals)[:, 0], turned.draw(normals)[:, row])


def test_a_linear_function_is_one_of_the_first_normal_alone() -> None:
    weights = [1.0, -2.0, 0.5]
    turned = rotated(prediction(), linear(weights))
    slopes = np.array(weights) @ turned.root
    np.testing.assert_allclose(slopes[:, 1:], 0.0, atol=0.15)
    np.testing.assert_allclose(np.abs(slopes[:, 0]), np.sqrt(np.array(weights) @ ROOT @ ROOT.T @ weights), rtol=0.01)


def test_values_that_are_not_finite_point_nowhere() -> None:
    def values(some: NormalPrediction, normals: np.ndarray) -> np.ndarray:
        found = linear([0.0, 1.0, 0.0])(some, normals)
        return np.where(normals[:, 0] > 1.0, np.nan, found) if len(some) else found

    np.testing.assert_allclose(np.linalg.norm(rotated(prediction(), values).root[:, 1], axis=1), np.sqrt(2.0))
    nothing = rotated(prediction(), lambda some, normals: np.full((len(some), len(normals)), np.inf))
    np.testing.assert_allclose(np.abs(nothing.root), np.abs(prediction().root), atol=1e-12)


def test_fewer_draws_tell_quantiles_and_their_errors_are_the_scatter_over_seeds() -> None:
    p, function, wanted = NormalPrediction(("a", "b"), INDEX, MEANS, COVARIANCE), task("a") * task("b"), (0.05, 0.95)
    found = [p.of(function, seed=seed)._quantiles(*wanted) for seed in range(30)]
    scatter = np.std([each.value for each in found], axis=0)
    stated = np.sqrt(np.mean([each.error**2 for each in found], axis=0))
    np.testing.assert_array_less(scatter, 1.5 * stated)

    def oblique(rows: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return values_at(function, p.tasks, p.take(rows).draw(normals[:, None, :])).T

    plain = Quadrature().estimate(oblique, Quantiles(wanted), rows=len(p), dimension=2, width=2)
    assert (2 * found[0].draws <= plain.draws).all()
    np.testing.assert_array_less(np.abs(found[0].value - plain.value), 5.0 * np.hypot(found[0].error, plain.error))
