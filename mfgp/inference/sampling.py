"""Draws of the hyperparameters from their posterior, by Hamiltonian Monte Carlo on the evidence and its gradient."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import expit, logit

from mfgp.inference.diagnostics import effective_size, split_rhat
from mfgp.inference.objective import IMPOSSIBLE, UNBOUNDED, Objective
from mfgp.inference.report import SamplingReport
from mfgp.inference.threads import one_thread

CHAINS = 4
WARM_UP, DRAWS = 150, 150  # of each chain
TARGET_ACCEPTANCE = 0.8
LONGEST = np.pi / 2  # of a trajectory, in deviations: a quarter of the period of a normal
LEAST_CURVATURE = 0.25  # where the posterior is flat, the metric takes a deviation of two
DIVERGED = 1000.0  # change of the energy on a trajectory that has lost its way (Betancourt 2017, section 6.2)
NEAR_A_BOUND = 1e-3  # share of the range between bounds
MOST_STEPS = 32  # of a trajectory
STEP = 1e-3  # of the finite differences of the gradient


@dataclass(frozen=True)
class HyperparameterDraws:
    """Draws of an objective's flat vector.

    Parameters
    ----------
    vectors
        (chains, draws, D).
    report
        How the sampling went.
    """

    vectors: np.ndarray
    report: SamplingReport

    def thinned(self, count: int) -> np.ndarray:
        """(count, D) of the draws, at even steps through all chains."""
        flat = self.vectors.reshape(-1, self.vectors.shape[-1])
        return flat[np.linspace(0, len(flat) - 1, min(count, len(flat))).round().astype(int)]


def sample(
    objective: Objective, seed: int, chains: int = CHAINS, warm_up: int = WARM_UP, draws: int = DRAWS
) -> HyperparameterDraws:
    """Draw from the posterior of the hyperparameters, beginning around the objective's current parameters.

    Hamiltonian Monte Carlo with trajectories of random length (Neal 2011, section 5.4; Betancourt 2017). The metric is
    the inverse curvature at the start, later on the draws' covariance together with it; the step follows Hoffman &
    Gelman (2014, section 3.2). Chains take turns and share step and metric. The objective is left where it was.

    Parameters
    ----------
    objective
        Its density is that of the flat vector, within its bounds.
    seed
        Of everything random.
    chains, warm_up, draws
        How many chains, and of each how many steps are given up to adaptation and how many are kept.

    Examples
    --------
    >>> from mfgp.data import Observations
    >>> from mfgp.inference import TaskNoise
    >>> from mfgp.kernels import AutoregressiveKernel, input_kernel
    >>> data = Observations.gather(np.linspace(-1, 1, 8)[:, None], np.linspace(-1, 1, 8)[:, None] ** 2, None)
    >>> kernel = AutoregressiveKernel([input_kernel("rbf", 1)], sources={})
    >>> found = sample(Objective(kernel, TaskNoise(1, data.task), data), seed=0, warm_up=30, draws=10)
    >>> found.vectors.shape, found.thinned(5).shape
    ((4, 10, 3), (5, 3))
    """
    began, evaluations = time.perf_counter(), objective.evaluations
    start = objective.get()
    with one_thread():
        target = _Target(objective)
        begin = target.coordinates(start)
        metric = target.metric(begin)
        states = [target.begin(begin, metric, np.random.default_rng([seed, chain])) for chain in range(chains)]
        step = _Step()
        path = np.empty((chains, warm_up + draws, len(start)))
        quality = np.empty((chains, warm_up + draws))
        adaptations = {warm_up // 3, 2 * warm_up // 3}
        for turn in range(warm_up + draws):
            for chain, state in enumerate(states):
                acceptance = state.move(step.size, metric)
                path[chain, turn], quality[chain, turn] = state.z, -state.loss
                if turn < warm_up:
                    step.adapt(acceptance)
            if turn in adaptations:
                metric = metric.learn(path[:, turn // 2 : turn + 1].reshape(-1, len(start)))
                step.restart()
            if turn == warm_up - 1:
                step.settle()
                for state in states:
                    state.divergences = 0
        path = target.vector(path)
        summaries = np.array([[target.summary(vector) for vector in chain] for chain in path[:, warm_up:]])
        objective.set(start)
    summaries = np.concatenate([quality[:, warm_up:, None], summaries], axis=-1)
    report = SamplingReport(
        chains=chains,
        draws=draws,
        rhat=float(split_rhat(summaries).max()),
        effective_size=float(effective_size(summaries).min()),
        divergences=int(sum(state.divergences for state in states)),
        step=step.size,
        evaluations=objective.evaluations - evaluations,
        seconds=time.perf_counter() - began,
    )
    return HyperparameterDraws(path[:, warm_up:], report)


class _Metric:
    """A covariance that whitens the posterior, as its Cholesky factor."""

    def __init__(self, covariance: np.ndarray) -> None:
        self.covariance = covariance
        self.lower = np.linalg.cholesky(covariance)

    def momentum(self, normals: np.ndarray) -> np.ndarray:
        """A draw of the momentum, whose covariance is the inverse."""
        return solve_triangular(self.lower, normals, trans="T", lower=True)

    def kinetic(self, momentum: np.ndarray) -> float:
        """Energy of a momentum."""
        return 0.5 * float(np.square(self.lower.T @ momentum).sum())

    def learn(self, draws: np.ndarray) -> _Metric:
        """The covariance of draws, in which the metric before counts as a few draws more."""
        count, prior = len(draws), draws.shape[1] + 5
        together = (count * np.cov(draws, rowvar=False, ddof=0) + prior * self.covariance) / (count + prior)
        return _Metric(np.atleast_2d(together))


class _Target:
    """The negative log posterior of coordinates without bounds: entries that have some are logistic in theirs."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.low, self.high = np.array(objective.bounds()).T
        self.bounded = self.high - self.low < 2.0 * UNBOUNDED

    def __call__(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """Loss and gradient; the loss is infinite where nothing can be factorised."""
        share = expit(z)
        vector, slope = self.vector(z), np.where(self.bounded, (self.high - self.low) * share * (1.0 - share), 1.0)
        if not slope.all() or np.abs(vector).max() > UNBOUNDED:
            return np.inf, np.zeros_like(z)
        loss, gradient = self.objective.value_and_gradient(vector)
        if loss >= IMPOSSIBLE:
            return np.inf, gradient
        by_slope = np.where(self.bounded, 1.0 - 2.0 * share, 0.0)
        return loss - np.log(slope).sum(), gradient * slope - by_slope

    def vector(self, z: np.ndarray) -> np.ndarray:
        """The objective's flat vector at coordinates (..., D)."""
        return np.where(self.bounded, self.low + (self.high - self.low) * expit(z), z)

    def coordinates(self, vector: np.ndarray) -> np.ndarray:
        """Coordinates of a flat vector, of one at a bound those of one near it."""
        share = ((vector - self.low) / (self.high - self.low)).clip(NEAR_A_BOUND, 1.0 - NEAR_A_BOUND)
        return np.where(self.bounded, logit(share), vector)

    def metric(self, z: np.ndarray) -> _Metric:
        """The inverse of the curvature at a point, by differences of the gradient."""
        steps = STEP * np.eye(len(z))
        curvature = np.array([(self(z + e)[1] - self(z - e)[1]) / (2.0 * STEP) for e in steps])
        values, directions = np.linalg.eigh((curvature + curvature.T) / 2.0)
        return _Metric((directions / values.clip(min=LEAST_CURVATURE)) @ directions.T)

    def begin(self, z: np.ndarray, metric: _Metric, rng: np.random.Generator) -> _State:
        """A chain that begins near a point, where the density is not much less than there."""
        here = self(z)[0]
        for shrink in 0.5 ** np.arange(1, 10):
            trial = z + shrink * metric.lower @ rng.standard_normal(len(z))
            loss, gradient = self(trial)
            if loss < here + 2.0 * len(z):
                return _State(self, trial, loss, gradient, rng)
        return _State(self, z, *self(z), rng)

    def summary(self, vector: np.ndarray) -> np.ndarray:
        """What draws are compared by: what does not change where factors turn or signs flip together."""
        self.objective.set(vector)
        return self.objective.invariants()


class _State:
    """Where a chain is."""

    def __init__(
        self, target: _Target, z: np.ndarray, loss: float, gradient: np.ndarray, rng: np.random.Generator
    ) -> None:
        self.target, self.z, self.loss, self.gradient, self.rng = target, z, loss, gradient, rng
        self.divergences = 0

    def move(self, size: float, metric: _Metric) -> float:
        """Follow one trajectory of leapfrog steps of about a size; the probability that its end was accepted."""
        momentum = metric.momentum(self.rng.standard_normal(len(self.z)))
        length, step = LONGEST * self.rng.uniform(0.3, 1.0), size * self.rng.uniform(0.8, 1.2)
        before = self.loss + metric.kinetic(momentum)
        z, loss, gradient = self.z, self.loss, self.gradient
        momentum = momentum - 0.5 * step * gradient
        steps = min(max(1, round(length / step)), MOST_STEPS)
        for turn in range(steps):
            z = z + step * (metric.covariance @ momentum)
            loss, gradient = self.target(z)
            if not np.isfinite(loss):
                self.divergences += 1
                return 0.0
            momentum = momentum - (step if turn < steps - 1 else 0.5 * step) * gradient
        change = loss + metric.kinetic(momentum) - before
        self.divergences += change > DIVERGED
        acceptance = float(np.exp(min(0.0, -change)))
        if self.rng.uniform() < acceptance:
            self.z, self.loss, self.gradient = z, loss, gradient
        return acceptance


class _Step:
    """The size of leapfrog steps, by dual averaging towards an acceptance."""

    def __init__(self) -> None:
        self.size = 0.4
        self.restart()

    def restart(self) -> None:
        """Forget the acceptances so far."""
        self._towards, self._turns, self._short, self._average = np.log(4.0 * self.size), 0, 0.0, np.log(self.size)

    def adapt(self, acceptance: float) -> None:
        """Learn from a trajectory's acceptance."""
        self._turns += 1
        rate = 1.0 / (self._turns + 10.0)
        self._short += rate * (TARGET_ACCEPTANCE - acceptance - self._short)
        trial = np.clip(self._towards - np.sqrt(self._turns) / 0.05 * self._short, -7.0, 0.0)
        weight = self._turns**-0.75
        self._average = weight * trial + (1.0 - weight) * self._average
        self.size = float(np.exp(trial))

    def settle(self) -> None:
        """Take the average of the trials."""
        self.size = float(np.exp(self._average))
