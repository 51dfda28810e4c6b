"""The prediction of a cascade: tasks that are not jointly normal, as they are functions of one another."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mfgp.cascade import CascadeModel
from mfgp.prediction.combination import CombinedPrediction
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import Prediction


@final
@dataclass(frozen=True, eq=False, repr=False)
class CascadePrediction(Prediction):
    """Joint distribution of a cascade's tasks at each of n rows.

    Moments are averages over the coordinates of the tasks that others are computed from, by quadrature. Draws push
    standard normals through the cascade, and quantiles are those of draws.

    Parameters
    ----------
    tasks, index, means, covariance
        As for :class:`Prediction`.
    model
        The fitted cascade.
    x
        (n, d) inputs.
    values, noise
        (n, T) known values, NaN where a task is not known, and the standard deviations of their noise.
    observed
        (T,) standard deviations of the noise of what is predicted; zero for the underlying quantities.
    """

    model: CascadeModel
    x: Tensor
    values: Tensor
    noise: Tensor
    observed: Tensor

    @classmethod
    def at(
        cls,
        model: CascadeModel,
        tasks: tuple[Hashable, ...],
        index: pd.Index,
        x: Tensor,
        values: Tensor,
        noise: Tensor,
        observed: bool,
    ) -> CascadePrediction:
        """The prediction at inputs (n, d), given known values, of measurements or of the underlying quantities."""
        joint = model.joint(x, values, noise)
        added = model.noise_scale() * float(observed)
        covariance = joint.covariance + torch.diag(added.square())
        return cls(tasks, index, joint.mean.cpu().numpy(), covariance.cpu().numpy(), model, x, values, noise, added)

    @property
    def dimension(self) -> int:
        """One standard normal a task, and one more for the noise of a measurement."""
        return len(self.tasks) * (2 if bool(self.observed.any()) else 1)

    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Standard normals (s, n, dimension) or (s, 1, dimension) to draws (s, n, T), task after task."""
        own, *rest = torch.from_numpy(normals).to(self.x).split(len(self.tasks), dim=-1)
        draws = self.model.draw(self.x, own, self.values, self.noise)
        for noise in rest:
            draws += self.observed * noise
        return draws.cpu().numpy()

    def take(self, rows: slice | np.ndarray) -> CascadePrediction:
        """The prediction at some of the rows, by their places."""
        places = torch.from_numpy(np.arange(len(self))[rows]).to(self.x.device)
        return CascadePrediction(
            self.tasks,
            self.index[rows],
            self.means[rows],
            self.covariance[rows],
            self.model,
            self.x[places],
            self.values[places],
            self.noise[places],
            self.observed,
        )

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> Prediction:
        """The joint distribution of weighted sums of the tasks.

        It is normal where only tasks without sources are summed, and no task is known that is computed from others.
        """
        sums = CombinedPrediction.of_sums(self, weights, offsets, names)
        computed = [task for task, sources in self.model.sources.items() if sources]
        if weights[computed].any() or not bool(self.values[:, computed].isnan().all()):
            return sums
        return NormalPrediction(names, self.index, sums.means, sums.covariance)

    def _quantiles(self, probability: float) -> np.ndarray:
        return np.hstack([self[task]._quantiles(probability) for task in self.tasks])
