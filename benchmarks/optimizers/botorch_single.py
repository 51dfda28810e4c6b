"""BoTorch's SingleTaskGP and LogExpectedImprovement on the high fidelity alone, as in its tutorials."""

from __future__ import annotations

import numpy as np
import torch
from botorch.acquisition import AcquisitionFunction, LogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.model import Model
from botorch.optim import optimize_acqf
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor

from benchmarks.contestants import Array
from benchmarks.optimization_problems import Search
from benchmarks.optimizers import HIGH, Choice, Seen
from benchmarks.optimizers.uniform import measured

CLIMBS = {"num_restarts": 5, "raw_samples": 128, "options": {"batch_limit": 5, "maxiter": 200}}


def fitted(model: SingleTaskGP) -> Model:
    """The model after a fit by BoTorch's own rule."""
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model.eval()


def at_each(acquisition: AcquisitionFunction, points: Tensor) -> Tensor:
    """The acquisition function at points (n, d), one by one."""
    with torch.no_grad():
        return torch.cat([acquisition(part.unsqueeze(-2)) for part in points.split(256)])


class LogEI:
    """The high value with the largest expected improvement on the best one measured."""

    def __init__(self, search: Search, seed: int, batch: int) -> None:
        self._search = search
        torch.manual_seed(seed)

    def choose(self, seen: Seen, left: float) -> Choice:
        """One more high value."""
        pool, x, y = self._search.pool, torch.from_numpy(seen.x), torch.from_numpy(seen.y)
        model = fitted(SingleTaskGP(x, y.unsqueeze(-1)))
        acquisition = LogExpectedImprovement(model, best_f=y.max())
        if pool is None:
            bounds = torch.tensor([[0.0], [1.0]], dtype=x.dtype).expand(2, x.shape[1])
            chosen = optimize_acqf(acquisition, bounds, q=1, **CLIMBS)[0].numpy()
        else:
            open_rows = pool[~measured(pool, seen)]
            chosen = open_rows[[int(at_each(acquisition, torch.from_numpy(open_rows)).argmax())]]
        return Choice(chosen, np.array([HIGH]), likely_best(model, seen.x if pool is None else pool))


def likely_best(model: Model, x: Array) -> Array:
    """The point among some (n, d) with the largest posterior mean."""
    with torch.no_grad():
        return x[int(model.posterior(torch.from_numpy(x).unsqueeze(-2)).mean.argmax())]
