from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import betaprime, chisquare, gamma, kstest, norm

from mfgp.data import Observations
from mfgp.inference import TaskNoise
from mfgp.inference.objective import IMPOSSIBLE, UNBOUNDED, Objective
from mfgp.inference.sampling import sample
from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, TaskKernel, input_kernel


class Density:
    """What sampling needs of an objective, for a density that is known."""

    def __init__(
        self,
        loss: Callable[[np.ndarray], tuple[float, np.ndarray]],
        start: list[float],
        bounds: list[tuple[float, float]] | None = None,
    ) -> None:
        self.loss, self.vector, self.evaluations = loss, np.array(start), 0
        self._bounds = bounds or [(-UNBOUNDED, UNBOUNDED)] * len(start)

    def value_and_gradient(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        self.evaluations += 1
        return self.loss(vector)

    def get(self) -> np.ndarray:
        return self.vector

    def set(self, vector: np.ndarray) -> None:
        self.vector = vector

    def bounds(self) -> list[tuple[float, float]]:
        return self._bounds

    def invariants(self) -> np.ndarray:
        return self.vector


def draws_of(density: Density, **options: int) -> np.ndarray:
    return sample(density, seed=0, **options).vectors.reshape(-1, len(density.vector))  # type: ignore[arg-type]


COVARIANCE = np.array([[4.0, 1.5, 0.0], [1.5, 1.0, -0.2], [0.0, -0.2, 0.25]])
PRECISION = np.linalg.inv(COVARIANCE)


def test_a_normal_has_its_moments() -> None:
    centre = np.array([1.0, -2.0, 0.5])
    density = Density(
        lambda v: (0.5 * (v - centre) @ PRECISION @ (v - centre), PRECISION @ (v - centre)), [0.0, 0.0, 0.0]
    )
    draws = draws_of(density, draws=600)
    deviations = np.sqrt(np.diagonal(COVARIANCE))
    np.testing.assert_array_less(np.abs(draws.mean(axis=0) - centre), 0.15 * deviations)
    np.testing.assert_array_less(np.abs(np.cov(draws.T) - COVARIANCE), 0.2 * np.outer(deviations, deviations))


def test_a_uniform_density_within_bounds_is_drawn_evenly() -> None:
    density = Density(lambda v: (0.0, np.zeros_like(v)), [0.5], [(0.0, 1.0)])
    draws = draws_of(density, draws=500)[::5, 0]
    assert kstest(draws, "uniform").pvalue > 0.01


def test_a_density_that_ends_at_its_bound() -> None:
    """An exponential cut off at 2, against its own distribution function."""
    density = Density(lambda v: (float(v.sum()), np.ones_like(v)), [0.3], [(0.0, 2.0)])
    draws = draws_of(density, draws=500)[::5, 0]
    assert kstest(draws, lambda x: (1.0 - np.exp(-x)) / (1.0 - np.exp(-2.0))).pvalue > 0.01


def test_where_nothing_can_be_factorised_is_not_gone_to() -> None:
    def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
        return (IMPOSSIBLE, np.zeros_like(v)) if v[0] < 0.0 else (0.5 * float(v @ v), v.copy())

    draws = draws_of(Density(loss, [0.5]), draws=500)[::5, 0]
    assert draws.min() >= 0.0
    assert kstest(draws, lambda x: 2.0 * norm.cdf(x) - 1.0).pvalue > 0.01


def test_chains_that_found_different_maxima_are_told() -> None:
    def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
        near, far = -0.5 * (v - 8.0) ** 2, -0.5 * (v + 8.0) ** 2
        share = 1.0 / (1.0 + np.exp(far - near))
        return float(-np.logaddexp(near, far).sum()), share * (v - 8.0) + (1.0 - share) * (v + 8.0)

    density = Density(loss, [0.0])
    report = sample(density, seed=1).report  # type: ignore[arg-type]
    assert report.rhat > 1.5
    assert report.effective_size < 50


def two_tasks() -> tuple[TaskKernel, Observations]:
    x = np.linspace(-1.5, 1.5, 8)[:, None]
    y = np.column_stack([np.sin(2.0 * x[:, 0]), np.where(np.arange(8) % 2 == 0, np.cos(x[:, 0]), np.nan)])
    return CoregionalizationKernel([input_kernel("rbf", 1)], 2, 1), Observations.gather(x, y, None)


def test_draws_are_the_same_bit_for_bit_and_the_objective_is_left_where_it_was() -> None:
    kernel, data = two_tasks()
    objective = Objective(kernel, TaskNoise(2, data.task), data)
    before = objective.get()
    first = sample(objective, seed=3, chains=2, warm_up=6, draws=5)
    np.testing.assert_array_equal(objective.get(), before)
    second = sample(objective, seed=3, chains=2, warm_up=6, draws=5)
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert not np.array_equal(first.vectors, sample(objective, seed=4, chains=2, warm_up=6, draws=5).vectors)
    assert first.report.evaluations > 0
    assert first.thinned(4).shape == (4, len(before))


def test_draws_have_the_moments_that_integration_over_a_grid_gives() -> None:
    data = Observations.gather(np.linspace(-1.5, 1.5, 7)[:, None], np.sin(np.arange(7.0))[:, None], None)
    objective = Objective(AutoregressiveKernel([input_kernel("rbf", 1)], sources={}), TaskNoise(1, data.task), data)
    drawn = sample(objective, seed=1, chains=4, warm_up=100, draws=200).vectors.reshape(-1, 3)
    low, high = np.array(objective.bounds()).T
    ends = np.maximum(drawn.min(axis=0) - 1.0, low), np.minimum(drawn.max(axis=0) + 1.0, high)
    axes = [np.linspace(*pair, 17)[:-1] + (pair[1] - pair[0]) / 32 for pair in zip(*ends, strict=True)]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=-1)
    loss = np.array([objective.value_and_gradient(point)[0] for point in grid])
    weight = np.exp(loss.min() - loss)
    mean = np.average(grid, axis=0, weights=weight)
    spread = np.sqrt(np.average(np.square(grid - mean), axis=0, weights=weight))
    np.testing.assert_array_less(np.abs(drawn.mean(axis=0) - mean), 0.4 * spread)
    np.testing.assert_array_less(np.abs(drawn.std(axis=0) / spread - 1.0), 0.25)


def test_ranks_of_what_the_data_were_made_with_are_uniform() -> None:
    """Simulation-based calibration (Talts et al. 2018): parameters from the prior, data from these parameters."""
    rng, x = np.random.default_rng(0), np.linspace(-1.5, 1.5, 7)[:, None]
    thinned, ranks = 7, []
    for seed in range(24):
        kernel = AutoregressiveKernel([input_kernel("rbf", 1)], sources={})
        prior = kernel.input_kernels[0].lengthscale_prior
        spread = np.hypot(prior.SHARED, prior.OWN)
        lengthscale = prior.median * np.exp(spread * rng.standard_normal())
        scale = kernel.scale_prior.scale * np.sqrt(betaprime.rvs(1.0, 0.5, random_state=rng))
        noise = np.sqrt(2.0 * gamma.rvs(0.25, random_state=rng))
        truth = np.log([scale, lengthscale, noise])
        bounds = np.log([(1e-4, 1e2), (1e-2, 1e3), TaskNoise.BOUNDS])
        if ((truth < bounds[:, 0]) | (truth > bounds[:, 1])).any():
            continue
        covariance = scale**2 * np.exp(-0.5 * np.square((x - x.T) / lengthscale)) + 1.0 + noise**2 * np.eye(len(x))
        y = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(x))) @ rng.standard_normal(len(x))
        data = Observations.gather(x, y[:, None], None)
        objective = Objective(kernel, TaskNoise(1, data.task), data)
        objective.set(truth)
        drawn = sample(objective, seed, chains=1, warm_up=30, draws=32).thinned(thinned)
        ranks.append((drawn < truth).sum(axis=0))
    for column in np.array(ranks).T:
        counts = np.histogram(column, bins=4, range=(-0.5, thinned + 0.5))[0]
        assert chisquare(counts).pvalue > 0.01
