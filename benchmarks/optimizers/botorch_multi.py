"""BoTorch's SingleTaskMultiFidelityGP with qMFMES and qMFKG, as its tutorial on discrete fidelities joins them.

A batch of low values is chosen one after the other, each as if those before it had come out as predicted. On a pool the
acquisition functions are computed at every open pair of a candidate and a fidelity.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial

import numpy as np
import torch
from botorch.acquisition import (
    AcquisitionFunction,
    FixedFeatureAcquisitionFunction,
    PosteriorMean,
    qMultiFidelityKnowledgeGradient,
    qMultiFidelityMaxValueEntropy,
)
from botorch.acquisition.cost_aware import InverseCostWeightedUtility
from botorch.acquisition.utils import project_to_target_fidelity
from botorch.models import AffineFidelityCostModel, SingleTaskMultiFidelityGP
from botorch.models.model import Model
from botorch.optim import optimize_acqf, optimize_acqf_mixed
from botorch.sampling import SobolQMCNormalSampler
from torch import Tensor

from benchmarks.contestants import Array
from benchmarks.optimization_problems import Search
from benchmarks.optimizers import HIGH, LOW, Choice, Seen
from benchmarks.optimizers.botorch_single import CLIMBS, at_each, fitted, likely_best
from benchmarks.optimizers.uniform import measured

FANTASIES = 64  # BoTorch's default
FANTASIES_IN_BOX = 16  # a step takes 25 s with these, and 40 s with the default
MAXIMA_AMONG = 1000  # points from which qMFMES draws maxima; as in BoTorch's tutorial


class _MultiFidelity(ABC):
    """Points have the fidelity as their last input."""

    def __init__(self, search: Search, seed: int, batch: int) -> None:
        self.search, self.batch, self.d = search, batch, search.inputs
        self.fidelities = np.array([search.fidelity, 1.0])
        weight = (1.0 - search.cost) / (1.0 - search.fidelity)
        self.cost = InverseCostWeightedUtility(AffineFidelityCostModel({self.d: weight}, fixed_cost=1.0 - weight))
        self.project = partial(project_to_target_fidelity, target_fidelities={self.d: 1.0}, d=self.d + 1)
        self.sampling_seed = seed
        torch.manual_seed(seed)

    def choose(self, seen: Seen, left: float) -> Choice:
        """One high value, or low ones as long as these are better."""
        x = self.points(seen.x, seen.task)
        model = fitted(SingleTaskMultiFidelityGP(x, torch.from_numpy(seen.y).unsqueeze(-1), data_fidelities=[self.d]))
        among = seen.x if self.search.pool is None else self.search.pool
        best = likely_best(model, self.points(among, np.full(len(among), HIGH)).numpy())[:-1]
        bought = Seen(np.empty((0, self.d)), np.empty(0, dtype=int), np.empty(0))
        while len(bought.x) < self.batch:
            point, task = self.next(model, seen.and_then(bought))
            if task == HIGH and len(bought.x):
                break
            bought = bought.and_then(Seen(point[None], np.array([task]), np.array([np.nan])))
            if task == HIGH:
                break
            model = as_predicted(model, self.points(point[None], np.array([task])))
        return Choice(bought.x, bought.task, best)

    def next(self, model: Model, known: Seen) -> tuple[Array, int]:
        """The best point (d,) and fidelity that is not known."""
        pool = self.search.pool
        if pool is None:
            point = self.climb(model).numpy()[0]
            return point[:-1], int(np.abs(self.fidelities - point[-1]).argmin())
        pairs = torch.cat([self.points(pool, np.full(len(pool), task)) for task in (LOW, HIGH)])
        value = self.at_pairs(model, pairs).numpy().reshape(2, -1)
        for task in (LOW, HIGH):
            value[task, measured(pool, known.of(task))] = -np.inf
        task, row = np.unravel_index(value.argmax(), value.shape)
        return pool[row], int(task)

    def points(self, x: Array, task: np.ndarray) -> Tensor:
        """Points (n, d) with the fidelity (n,) behind them."""
        return torch.from_numpy(np.column_stack([x, self.fidelities[task]]))

    def best_of_mixed(self, acquisition: AcquisitionFunction) -> Tensor:
        """Where an acquisition function is largest over the cube and the fidelities."""
        bounds = torch.tensor([[0.0], [1.0]], dtype=torch.float64).expand(2, self.d + 1)
        fixed = [{self.d: fidelity} for fidelity in self.fidelities.tolist()]
        return optimize_acqf_mixed(acquisition, bounds, fixed_features_list=fixed, q=1, **CLIMBS)[0]

    @abstractmethod
    def climb(self, model: Model) -> Tensor:
        """The best point (1, d + 1) of the cube."""

    @abstractmethod
    def at_pairs(self, model: Model, pairs: Tensor) -> Tensor:
        """The acquisition function (2N,) at a pool's candidates in the low, then the high fidelity."""


class MaxValueEntropy(_MultiFidelity):
    """qMultiFidelityMaxValueEntropy; maxima are drawn among the pool, or among uniform points of the cube."""

    def climb(self, model: Model) -> Tensor:
        """By its gradient, from the best of random points."""
        return self.best_of_mixed(self._acquisition(model, torch.rand(MAXIMA_AMONG, self.d, dtype=torch.float64)))

    def at_pairs(self, model: Model, pairs: Tensor) -> Tensor:
        """At each pair."""
        return at_each(self._acquisition(model, pairs[len(pairs) // 2 :, :-1]), pairs)

    def _acquisition(self, model: Model, among: Tensor) -> AcquisitionFunction:
        return qMultiFidelityMaxValueEntropy(
            model, candidate_set=among, cost_aware_utility=self.cost, project=self.project
        )


class KnowledgeGradient(_MultiFidelity):
    """qMultiFidelityKnowledgeGradient; on a pool with its inner maximum over all candidates."""

    def climb(self, model: Model) -> Tensor:
        """One-shot, as BoTorch does it."""
        mean = FixedFeatureAcquisitionFunction(PosteriorMean(model), d=self.d + 1, columns=[self.d], values=[1.0])
        bounds = torch.tensor([[0.0], [1.0]], dtype=torch.float64).expand(2, self.d)
        _, current = optimize_acqf(
            mean, bounds, q=1, num_restarts=10, raw_samples=1024, options={"batch_limit": 10, "maxiter": 200}
        )
        return self.best_of_mixed(
            qMultiFidelityKnowledgeGradient(
                model,
                num_fantasies=FANTASIES_IN_BOX,
                current_value=current,
                cost_aware_utility=self.cost,
                project=self.project,
            )
        )

    def at_pairs(self, model: Model, pairs: Tensor) -> Tensor:
        """The value at each pair, of the same fantasies, whose means follow from one joint posterior.

        A fantasy y of a measurement moves the means by cov / var (y - mean), so nothing has to be conditioned.
        """
        with torch.no_grad():
            joint = model.posterior(pairs)
            mean, covariance = joint.mean[:, 0], joint.distribution.covariance_matrix
            deviation = model.posterior(pairs.unsqueeze(-2), observation_noise=True).variance[:, 0, 0].sqrt()
            z = fantasies(model, pairs[:1], self.sampling_seed)
            high = slice(len(pairs) // 2, None)
            slopes = covariance[high] / deviation
            gains = torch.stack([(mean[high, None] + slopes * each).amax(0) for each in z]) - mean[high].max()
            return self.cost(X=pairs.unsqueeze(-2), deltas=gains).mean(0)


def fantasies(model: Model, point: Tensor, seed: int) -> Tensor:
    """The standard normals (FANTASIES,) behind the fantasies of one measurement."""
    sampler = SobolQMCNormalSampler(torch.Size([FANTASIES]), seed=seed)
    posterior = model.posterior(point, observation_noise=True)
    return ((sampler(posterior) - posterior.mean) / posterior.variance.sqrt()).flatten()


def as_predicted(model: Model, points: Tensor) -> Model:
    """The model as if measurements had come out as predicted: means stay, deviations shrink."""
    with torch.no_grad():
        return model.condition_on_observations(points, model.posterior(points).mean)
