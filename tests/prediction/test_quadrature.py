from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from mfgp.prediction import quadrature
from mfgp.prediction.quadrature import REPLICATES, Quadrature, blocks, standard_normals
from mfgp.prediction.statistic import Moments, Quantiles, Share


def test_normals_are_standard_normal_in_independent_replicates() -> None:
    normals = standard_normals(3, 256, 0)
    assert normals.shape == (REPLICATES * 256, 3)
    assert np.isfinite(normals).all()
    for column in normals.T:
        assert kstest(column, "norm").statistic < 0.01
    means = normals.reshape(REPLICATES, 256, 3).mean(axis=1)
    assert len(np.unique(means[:, 0])) == REPLICATES
    np.testing.assert_allclose(np.corrcoef(normals.T), np.eye(3), atol=0.02)


def test_rows_get_as_many_draws_as_they_need() -> None:
    """One row is constant, one easy, one hard; each is answered, in its place, and no further than the limit."""
    scale = np.array([0.0, 8.0, 0.1])

    def integrand(rows: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return np.sin(scale[rows, None] * normals[:, 0])

    found = Quadrature(tolerance=0.001, limit=1 << 15).estimate(integrand, Moments(), rows=3, dimension=1, width=1)
    assert found.draws[0] == REPLICATES * 64
    assert found.draws[0] <= found.draws[2] < found.draws[1] <= 1 << 15
    expected = np.sqrt((1 - np.exp(-2 * scale**2)) / 2)
    np.testing.assert_allclose(found.value[:, 1], expected, atol=5e-3)
    assert found.settled[[0, 2]].all()


@pytest.mark.parametrize("limit", [1024, 3000, 5000, 1 << 14])
def test_a_limit_is_no_less_than_what_is_drawn(limit: int) -> None:
    found = Quadrature(1e-9, limit).estimate(
        lambda rows, normals: np.tile(normals[:, 0] ** 3, (len(rows), 1)), Moments(), rows=2, dimension=1, width=1
    )
    assert not found.settled.any()
    assert limit / 2 < found.draws[0] <= limit


def test_blocks_are_bounded_and_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quadrature, "BLOCK", 100)
    places = np.arange(10)
    parts = blocks(places, 30)
    assert [len(part) for part in parts] == [3, 3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(parts), places)
    assert [len(part) for part in blocks(places, 1000)] == [1] * 10
    assert [len(part) for part in blocks(places[:0], 30)] == [0]


def values(valid_share: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    numbers = generator.standard_normal((2, REPLICATES, 128))
    return np.where(generator.random(numbers.shape) < valid_share, numbers, np.nan), np.ones((REPLICATES, 128))


def test_moments_and_quantiles_of_plain_draws_are_those_of_numpy() -> None:
    for share in (1.0, 0.7):
        x, weights = values(share)
        flat = x.reshape(2, -1)
        moments, _, _ = Moments()(x, weights, 0.01)
        np.testing.assert_allclose(moments[:, 0], np.nanmean(flat, axis=1))
        np.testing.assert_allclose(moments[:, 1], np.nanstd(flat, axis=1))
        np.testing.assert_allclose(moments[:, 2], np.isnan(flat).mean(axis=1), atol=1e-12)
        quantiles, _, _ = Quantiles((0.1, 0.5))(x, weights, 0.01)
        np.testing.assert_allclose(quantiles.T, np.nanquantile(flat, [0.1, 0.5], axis=1, method="hazen"))


def test_infinite_values_count_as_none() -> None:
    x, weights = values()
    with_infinite = x.copy()
    with_infinite[:, :, :5] = np.inf
    without = np.where(np.isinf(with_infinite), np.nan, with_infinite)
    for statistic in (Moments(), Quantiles((0.3,))):
        for one, other in zip(statistic(with_infinite, weights, 0.1), statistic(without, weights, 0.1), strict=True):
            np.testing.assert_array_equal(one, other)


def test_errors_are_those_of_the_scatter_of_replicates() -> None:
    x, weights = values()
    _, error, excess = Moments()(x, weights, 0.01)
    np.testing.assert_allclose(error[:, 0], x.mean(axis=2).std(axis=1, ddof=1) / np.sqrt(REPLICATES))
    std = x.reshape(2, -1).std(axis=1)
    np.testing.assert_allclose(excess, np.maximum(error[:, 0], error[:, 1]) / (0.01 * std))
    share = (x > 0.0).astype(float)
    _, error, _ = Share()(share, weights, 0.01)
    np.testing.assert_allclose(error[:, 0], share.mean(axis=2).std(axis=1, ddof=1) / np.sqrt(REPLICATES))


def test_without_any_value_there_is_nothing_and_no_more_is_asked_for() -> None:
    nothing, weights = np.full((1, REPLICATES, 64), np.nan), np.ones((REPLICATES, 64))
    for statistic in (Moments(), Quantiles((0.5,)), Share()):
        value, error, excess = statistic(nothing, weights, 0.01)
        assert np.isnan(value[0, 0])
        assert np.isnan(error[0, 0])
        assert excess[0] == 1.0
