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
from mfgp.inference import Known
from mfgp.prediction.combination import CombinedPrediction
from mfgp.prediction.prediction import Prediction


@final
@dataclass(frozen=True, eq=False, repr=False)
class CascadePrediction(Prediction):
    """Joint distribution of a cascade's tasks at each of n rows.

    Moments are averages over the coordinates of the tasks that others are computed from, by quadrature; quantiles and
    densities of a task are those of the same mixture of normals. Draws push standard normals through the cascade.

    Parameters
    ----------
    tasks, index, means, covariance
        As for :class:`Prediction`.
    model
        The fitted cascade.
    x
        (n, d) inputs.
    known
        What is known at the rows, in the tasks' units.
    noise
        (T,) standard deviations of the noise of what is predicted; zero for the underlying quantities.
    """

    model: CascadeModel
    x: Tensor
    known: Known
    noise: Tensor

    @classmethod
    def at(
        cls,
        model: CascadeModel,
        x: Tensor,
        known: Known,
        noise: Tensor,
        tasks: tuple[Hashable, ...],
        index: pd.Index,
    ) -> CascadePrediction:
        """The prediction at inputs (n, d)."""
        joint = model.joint(x, known)
        covariance = joint.covariance + torch.diag(noise.square())
        return cls(tasks, index, joint.mean.cpu().numpy(), covariance.cpu().numpy(), model, x, known, noise)

    @property
    def dimension(self) -> int:
        """One standard normal a task, and one more where noise is added."""
        return len(self.tasks) * (2 if bool(self.noise.any()) else 1)

    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Standard normals (s, n, dimension) or (s, 1, dimension) to draws (s, n, T), task after task."""
        own, *added = torch.from_numpy(normals).to(self.x).split(len(self.tasks), dim=-1)
        draws = self.model.draw(self.x, self.known, own)
        for each in added:
            draws += self.noise * each
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
            self.known.at(places),
            self.noise,
        )

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> CombinedPrediction:
        """The joint distribution of weighted sums of the tasks."""
        return CombinedPrediction.of_sums(self, weights, offsets, names)

    def log_density(self, values: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Log density of values (n, T) in the tasks' order, each task by itself; NaN where a value is NaN.

        It is the density of the mixture, of which mean and deviation tell only the first two moments.

        Raises
        ------
        DataError
            There are not as many values as predictions.
        """
        array = self._one_for_each(values)
        found = self.model.log_density(self.x, self.known, self.noise, torch.from_numpy(array).to(self.x))
        return self._frame(found.cpu().numpy())

    def _quantiles(self, probability: float) -> np.ndarray:
        return self.model.quantile(self.x, self.known, self.noise, probability).cpu().numpy()
