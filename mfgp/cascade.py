"""CascadeModel: a fitted cascade of Gaussian processes, in the tasks' units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from botorch.models.transforms.input import AffineInputTransform
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.data.scaling import TaskStandardize, standardize_inputs, standardized_inputs
from mfgp.inference.cascade import Cascade
from mfgp.inference.cascade_fitting import fit_cascade
from mfgp.inference.pattern import Known
from mfgp.inference.posterior import Joint
from mfgp.inference.report import FitReport


class CascadeModel:
    """One Gaussian process a task, over the inputs and the values of its sources; tensors in, tensors out.

    It is no BoTorch model: the tasks at a row are not jointly normal, and rows are taken one by one. Inputs and tasks
    are standardised inside.

    Parameters
    ----------
    observations
        Of all tasks, in their own units.
    sources
        For each task, the tasks whose values are inputs of its process; those without sources are named too.
    kernel
        k(x, x') on the inputs, as for :func:`~mfgp.kernels.input_kernel`.
    levels
        The number of levels by column of codes; None where all inputs are numbers.
    before, climb
        As for :func:`~mfgp.inference.cascade_fitting.fit_cascade`.

    Attributes
    ----------
    sources, levels
        As given.
    cascade
        The :class:`~mfgp.inference.Cascade` of the standardised tasks: `cascade.conditionals[task]` holds the kernel,
        the noise and the posterior of each.
    reports
        For each task, how its fit went.
    input_scaling, outcome_transform
        BoTorch transforms between units; no `input_scaling` where no input is a number.

    Raises
    ------
    ParameterError
        The sources go in a circle.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 1, 12)[:, None]
    >>> data = Observations.gather(x, np.hstack([np.sin(6 * x), np.sin(6 * x) ** 2]), None)
    >>> model = CascadeModel(data, {0: [], 1: [0]})
    >>> model.joint(torch.tensor([[0.2]], dtype=torch.float64)).mean.round(decimals=2).tolist()
    [[0.93, 0.87]]
    """

    def __init__(
        self,
        observations: Observations,
        sources: Mapping[int, Sequence[int]],
        kernel: str | Kernel = "matern52",
        levels: Mapping[int, int] | None = None,
        before: Cascade | None = None,
        climb: bool = True,
    ) -> None:
        self.sources, self.levels = dict(sources), dict(levels or {})
        rows = torch.cat([observations.x, observations.task.unsqueeze(-1).to(observations.x)], dim=-1)
        self.input_scaling = standardize_inputs(rows, categorical=levels or {})
        self.outcome_transform = TaskStandardize(len(sources)).to(rows)
        y, variance = self.outcome_transform(
            observations.y.unsqueeze(-1), observations.noise.square().unsqueeze(-1), rows
        )
        standardized = Observations(
            self._inputs(observations.x),
            observations.task,
            y.squeeze(-1),
            variance.sqrt().squeeze(-1),
            observations.row,
        )
        self.cascade, self.reports = fit_cascade(standardized, sources, kernel, levels, before, climb)

    @classmethod
    def of_parts(
        cls,
        cascade: Cascade,
        reports: Mapping[int, FitReport],
        sources: Mapping[int, Sequence[int]],
        levels: Mapping[int, int],
        input_scaling: AffineInputTransform | None,
        outcome_transform: TaskStandardize,
    ) -> CascadeModel:
        """A model from its attributes, which are fitted already."""
        model = object.__new__(cls)
        model.cascade, model.reports = cascade, dict(reports)
        model.sources, model.levels = dict(sources), dict(levels)
        model.input_scaling, model.outcome_transform = input_scaling, outcome_transform
        return model

    def joint(self, X: Tensor, known: Known | None = None) -> Joint:
        """Mean (n, T) and covariance (n, T, T) of all tasks at each of the inputs (n, d), given what is known there."""
        joint = self.cascade.joint(self._inputs(X), self._standardized(X, known))
        means, stdvs = self._units()
        return Joint(joint.mean * stdvs + means, joint.covariance * torch.outer(stdvs, stdvs))

    def mean(self, X: Tensor) -> Tensor:
        """Mean (n, T) of all tasks at the inputs (n, d); no cheaper than :meth:`joint`."""
        return self.joint(X).mean

    def draw(self, X: Tensor, known: Known | None, normals: Tensor) -> Tensor:
        """Draws (s, n, T) of all tasks, from standard normals (s, n, T), or (s, 1, T) for the same at every row."""
        draws = self.cascade.draw(self._inputs(X), self._standardized(X, known), normals)
        means, stdvs = self._units()
        return draws * stdvs + means

    def quantile(self, X: Tensor, known: Known | None, noise: Tensor, probability: float) -> Tensor:
        """Values (n, T) that each task, with noise (T,) of these deviations added, stays below with a probability."""
        x, given = self._inputs(X), self._standardized(X, known)
        means, stdvs = self._units()
        added = (noise / stdvs).square().tolist()
        found = [self.cascade.quantile(task, x, given, added[task], probability) for task in range(len(added))]
        return torch.stack(found, dim=-1) * stdvs + means

    def log_density(self, X: Tensor, known: Known | None, noise: Tensor, values: Tensor) -> Tensor:
        """Log densities (n, T) of values (n, T) of each task by itself, with noise (T,) of these deviations added."""
        x, given = self._inputs(X), self._standardized(X, known)
        means, stdvs = self._units()
        added, scaled = (noise / stdvs).square().tolist(), (values - means) / stdvs
        found = [self.cascade.log_density(t, x, given, added[t], scaled[:, t]) for t in range(len(added))]
        return torch.stack(found, dim=-1) - torch.log(stdvs)

    def noise_scale(self) -> Tensor:
        """(T,) standard deviation of a new observation's noise."""
        return self.cascade.noise_variance.sqrt() * self._units()[1]

    def _inputs(self, X: Tensor) -> Tensor:
        rows = torch.cat([X, torch.zeros(len(X), 1).to(X)], dim=-1)
        return standardized_inputs(self.input_scaling, rows)[..., :-1]

    def _units(self) -> tuple[Tensor, Tensor]:
        return self.outcome_transform.means, self.outcome_transform.stdvs

    def _standardized(self, X: Tensor, known: Known | None) -> Known:
        means, stdvs = self._units()
        if known is None:
            return Known.nothing(len(X), len(means), X)
        return Known((known.value - means) / stdvs, known.variance / stdvs.square())
