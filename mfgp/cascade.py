"""CascadeModel: a fitted cascade of Gaussian processes, in the tasks' units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.data.scaling import TaskStandardize, standardize_inputs
from mfgp.inference.cascade import Known
from mfgp.inference.cascade_fitting import fit_cascade
from mfgp.inference.posterior import Joint


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

    Attributes
    ----------
    sources
        As given.
    cascade
        The :class:`~mfgp.inference.Cascade` of the standardised tasks: `cascade.conditionals[task]` holds the kernel,
        the noise and the posterior of each.
    reports
        For each task, how its fit went.
    input_transform, outcome_transform
        BoTorch transforms between units.

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
        self, observations: Observations, sources: Mapping[int, Sequence[int]], kernel: str | Kernel = "matern52"
    ) -> None:
        self.sources = dict(sources)
        rows = torch.cat([observations.x, observations.task.unsqueeze(-1).to(observations.x)], dim=-1)
        self.input_transform = standardize_inputs(rows)
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
        self.cascade, self.reports = fit_cascade(standardized, sources, kernel)

    def joint(self, X: Tensor, values: Tensor | None = None, noise: Tensor | None = None) -> Joint:
        """Mean (n, T) and covariance (n, T, T) of all tasks at each of the inputs (n, d).

        Parameters
        ----------
        X
            (n, d) inputs.
        values
            (n, T) values of tasks that are known there, NaN where not.
        noise
            (n, T) standard deviations of these values; zero where left out.
        """
        joint = self.cascade.joint(self._inputs(X), self._known(X, values, noise))
        means, stdvs = self._units()
        return Joint(joint.mean * stdvs + means, joint.covariance * torch.outer(stdvs, stdvs))

    def draw(self, X: Tensor, normals: Tensor, values: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """Draws (s, n, T) of all tasks, from standard normals (s, n, T), or (s, 1, T) for the same at every row."""
        draws = self.cascade.draw(self._inputs(X), self._known(X, values, noise), normals)
        means, stdvs = self._units()
        return draws * stdvs + means

    def noise_scale(self) -> Tensor:
        """(T,) standard deviation of a new observation's noise."""
        return self.cascade.noise_variance.sqrt() * self._units()[1]

    def _inputs(self, X: Tensor) -> Tensor:
        rows = torch.cat([X, torch.zeros(len(X), 1).to(X)], dim=-1)
        assert self.input_transform is not None  # all inputs are numbers
        return self.input_transform(rows)[..., :-1]

    def _units(self) -> tuple[Tensor, Tensor]:
        return self.outcome_transform.means, self.outcome_transform.stdvs

    def _known(self, X: Tensor, values: Tensor | None, noise: Tensor | None) -> Known:
        means, stdvs = self._units()
        known = Known.nothing(len(X), len(means), X)
        if values is None:
            return known
        variance = known.variance if noise is None else (noise / stdvs).square()
        return Known((values - means) / stdvs, variance)
