"""CascadeModel: the fitted cascade in the user's units, as TaskGP is the one Gaussian process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.data.scaling import TaskStandardize, standardize_inputs
from mfgp.inference.cascade import Cascade, Known
from mfgp.inference.cascade_fitting import fit_cascade
from mfgp.inference.posterior import Joint
from mfgp.inference.report import FitReport
from mfgp.kernels import input_kernel


class CascadeModel:
    """One Gaussian process a task, each with its sources' values among its inputs; tensors in, tensors out.

    It is no BoTorch model: the joint distribution of the tasks at a row is not normal, and rows are taken one by one.
    What is inside is in ``posterior``, in standardised units.

    Parameters
    ----------
    observations
        Of all tasks, in their own units.
    sources
        For each task, the tasks whose values are inputs of its process; each task is named.
    kernel
        k(x, x') on the inputs, as for :func:`~mfgp.kernels.input_kernel`.

    Attributes
    ----------
    posterior
        The :class:`~mfgp.inference.Cascade` of the standardised tasks.
    report
        How the fit went, task by task.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 1, 12)[:, None]
    >>> data = Observations.gather(x, np.hstack([np.sin(6 * x), np.sin(6 * x) ** 2]), None)
    >>> model = CascadeModel(data, {0: [], 1: [0]})
    >>> model.mean(torch.tensor([[0.2]], dtype=torch.float64)).round(decimals=2).tolist()
    [[0.93, 0.87]]
    """

    def __init__(
        self, observations: Observations, sources: Mapping[int, Sequence[int]], kernel: str | Kernel = "matern52"
    ) -> None:
        inputs = observations.x.shape[-1]
        rows = torch.cat([observations.x, observations.task.unsqueeze(-1).to(observations.x)], dim=-1)
        self.input_transform = standardize_inputs(rows)
        self.outcome_transform = TaskStandardize(len(sources)).to(rows)
        ...
