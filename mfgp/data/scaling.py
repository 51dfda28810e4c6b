"""Each task in units of its own mean and spread, never pooled."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from botorch.models.transforms.input import AffineInputTransform
from botorch.models.transforms.outcome import OutcomeTransform
from botorch.posteriors import GPyTorchPosterior, Posterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from linear_operator import to_linear_operator
from torch import Tensor

from mfgp.data.task_values import TaskValues
from mfgp.errors import DataTypeError

_APART = math.log(1e6)  # between logarithms of tasks' spreads, beyond which they are in units of their own
_ROUNDING = 1e-12  # of the largest value, a deviation below which is taken for rounding
_FARTHEST = 1e100  # deviations from the mean of an input, beyond which it does not matter how far it is


class TaskStandardize(OutcomeTransform):
    """Subtract each task's mean and divide by its standard deviation; the task is the last column of X.

    Unlike BoTorch's ``StratifiedStandardize`` it also takes a posterior over several tasks back to their units. A
    task whose values do not differ, or that has one only, says nothing of its spread: it is given the geometric mean of
    the other tasks' (one where no task has any), as fidelities of one quantity share a unit. Where the others are more
    than a factor of 1e6 apart there is none that they share, and it is given the size of its own values.

    Parameters
    ----------
    num_tasks
        T.
    task_values
        What stands in the task column for each task; their indices by default.

    Examples
    --------
    >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    >>> y = torch.tensor([[1.0], [3.0], [100.0], [300.0]], dtype=torch.float64)
    >>> standardized, _ = TaskStandardize(2)(y, X=x)
    >>> print([round(value, 4) for value in standardized.flatten().tolist()])
    [-0.7071, 0.7071, -0.7071, 0.7071]
    """

    def __init__(self, num_tasks: int, task_values: TaskValues | None = None) -> None:
        super().__init__()
        self.task_values = TaskValues.indices(num_tasks) if task_values is None else task_values
        self.register_buffer("means", torch.zeros(num_tasks, dtype=torch.float64))
        self.register_buffer("stdvs", torch.ones(num_tasks, dtype=torch.float64))

    def forward(self, Y: Tensor, Yvar: Tensor | None = None, X: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Standardise values (..., n, 1), and divide their noise variances accordingly."""
        task = self._task(X)
        if self.training:
            measured = {index: Y[..., 0][task == index] for index in task.unique().tolist()}
            spreads = {index: _spread(values) for index, values in measured.items()}
            shared = _shared([spread for spread in spreads.values() if spread is not None])
            for index, values in measured.items():
                spread = spreads[index]
                self.means[index] = values.mean()
                self.stdvs[index] = _unit(values, shared) if spread is None else spread
        means, stdvs = self.means[task].unsqueeze(-1), self.stdvs[task].unsqueeze(-1)
        return (Y - means) / stdvs, None if Yvar is None else Yvar / stdvs / stdvs

    def untransform(
        self, Y: Tensor, Yvar: Tensor | None = None, X: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Take standardised values (..., n, 1) and their variances back to the tasks' units."""
        task = self._task(X)
        means, stdvs = self.means[task].unsqueeze(-1), self.stdvs[task].unsqueeze(-1)
        return Y * stdvs + means, None if Yvar is None else Yvar * stdvs * stdvs

    def untransform_posterior(self, posterior: Posterior, X: Tensor | None = None) -> GPyTorchPosterior:
        """Take a Gaussian posterior back to the tasks' units.

        `X` has one row for each entry of the joint vector: (..., q T, d + 1), task by task, for q rows of T outputs.
        """
        if not isinstance(posterior, GPyTorchPosterior):
            raise DataTypeError(
                f"TaskStandardize got a {type(posterior).__name__}, expected a Gaussian posterior of BoTorch "
                "(GPyTorchPosterior); apply your own transform after it"
            )
        task = self._task(X)
        means, stdvs = self.means[task], self.stdvs[task]
        distribution = posterior.distribution
        covariance = to_linear_operator(distribution.covariance_matrix * stdvs.unsqueeze(-1) * stdvs.unsqueeze(-2))
        if not isinstance(distribution, MultitaskMultivariateNormal):
            return GPyTorchPosterior(MultivariateNormal(distribution.mean * stdvs + means, covariance))
        outputs = distribution.event_shape[-1]
        shape = (*means.shape[:-1], outputs, -1)
        mean = distribution.mean * stdvs.reshape(shape).mT + means.reshape(shape).mT
        return GPyTorchPosterior(MultitaskMultivariateNormal(mean, covariance, interleaved=False))

    def subset_output(self, idcs: list[int]) -> TaskStandardize:
        """The same transform: which tasks are outputs does not matter to it."""
        return self

    def _task(self, X: Tensor | None) -> Tensor:
        if X is None:
            raise DataTypeError("TaskStandardize got X=None, expected the inputs with the task as their last column")
        return self.task_values.index(X[..., -1])


def standardize_inputs(X: Tensor, categorical: Collection[int] = ()) -> AffineInputTransform | None:
    """BoTorch transform that standardises each numeric input of X (n, d + 1) by its own mean and deviation.

    The task and the columns of codes named by `categorical` stay as they are. An input that does not vary is divided
    by its size instead. None where there is no numeric input.

    Examples
    --------
    >>> x = torch.tensor([[1.0, 5.0, 0.0], [3.0, 5.0, 1.0]], dtype=torch.float64)
    >>> print([[round(v, 4) for v in row] for row in standardize_inputs(x)(x).tolist()])
    [[-0.7071, 0.0, 0.0], [0.7071, 0.0, 1.0]]
    """
    numbers = [column for column in range(X.shape[-1] - 1) if column not in categorical]
    if not numbers:
        return None
    inputs = X[:, numbers]
    spread = torch.stack([_spread(values) or _size(values) for values in inputs.T])
    size = torch.stack([_size(values) for values in inputs.T])
    centre = (inputs / size).mean(0) * size
    return AffineInputTransform(d=X.shape[-1], coefficient=spread, offset=centre, indices=numbers)


def standardized_inputs(scaling: AffineInputTransform | None, rows: Tensor) -> Tensor:
    """Rows (..., d + 1) as `standardize_inputs` has them, kept where the square of a distance is a float.

    Examples
    --------
    >>> x = torch.tensor([[1e-300, 0.0], [3e-300, 0.0]], dtype=torch.float64)
    >>> standardized_inputs(standardize_inputs(x), torch.tensor([[1.0, 0.0]], dtype=torch.float64)).tolist()
    [[1e+100, 0.0]]
    """
    return rows if scaling is None else scaling(rows).clamp(-_FARTHEST, _FARTHEST)


def _spread(values: Tensor) -> Tensor | None:
    """Standard deviation of values, None where they do not differ beyond rounding."""
    size = _size(values)
    spread = (values / size).std() if values.numel() > 1 else torch.zeros(()).to(values)
    return spread * size if spread > _ROUNDING else None


def _shared(spreads: list[Tensor]) -> float | None:
    """The unit that tasks of these spreads share: one where there is none, None where they are too far apart."""
    if not spreads:
        return 1.0
    logs = torch.stack(spreads).log()
    return logs.mean().exp().item() if logs.max() - logs.min() < _APART else None


def _unit(values: Tensor, shared: float | None) -> Tensor:
    """The unit of values that do not differ: the shared one, or their size, and in no case smaller than rounding."""
    size = _size(values)
    return size if shared is None else (size * _ROUNDING).clamp_min(shared)


def _size(values: Tensor) -> Tensor:
    size = values.abs().max()
    return size if size > 0.0 else torch.ones_like(size)
