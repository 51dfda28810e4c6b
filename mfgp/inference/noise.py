"""The likelihood: each observation carries normal noise, known for it or learned for its task."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from gpytorch.likelihoods.gaussian_likelihood import _GaussianLikelihoodBase
from gpytorch.likelihoods.noise_models import HomoskedasticNoise
from linear_operator.operators import DiagLinearOperator
from torch import Tensor
from torch.nn import Parameter

from mfgp.data.task_values import TaskValues
from mfgp.kernels.bounds import Bounds
from mfgp.kernels.priors import NoisePrior, RelatedNoisePrior


class TaskNoise(_GaussianLikelihoodBase):
    """Normal noise with a learned standard deviation per task, or a known one per observation.

    Parameters
    ----------
    num_tasks
        T.
    task
        (N,) task of each training observation.
    known
        (N,) known noise standard deviation of each training observation, NaN where it is to be learned; None when
        all are to be learned.
    groups
        (T,) label of each task's group of related tasks, whose noise levels are a priori alike; None when each task
        stands alone.
    related
        (m,) noise levels that are known already, of tasks related to the one task here; None for none.
    task_values
        What stands in the task column of rows for each task; their indices by default.

    Examples
    --------
    >>> task, known = torch.tensor([0, 0, 1]), torch.tensor([0.1, 0.1, float("nan")])
    >>> noise = TaskNoise(num_tasks=2, task=task, known=known)
    >>> noise.learned.tolist(), round(noise.task_variance()[0].item(), 4)
    ([False, True], 0.01)
    """

    BOUNDS = (1e-5, 1e1)

    def __init__(
        self,
        num_tasks: int,
        task: Tensor,
        known: Tensor | None = None,
        groups: Tensor | None = None,
        related: Tensor | None = None,
        task_values: TaskValues | None = None,
    ) -> None:
        super().__init__(noise_covar=HomoskedasticNoise())
        del self.noise_covar
        self.num_tasks = num_tasks
        self.task_values = TaskValues.indices(num_tasks) if task_values is None else task_values
        known = torch.full(task.shape, torch.nan, device=task.device) if known is None else known
        self.register_buffer("known_variance", known.to(torch.float64).square())
        learned, typical = _summary(num_tasks, task, self.known_variance)
        self.register_buffer("learned", learned)
        self.register_buffer("typical_variance", typical)
        self.register_parameter("raw_scale", Parameter(torch.zeros(num_tasks, dtype=torch.float64)))
        self.register_constraint("raw_scale", Bounds(*self.BOUNDS, initial_value=0.1))
        prior = NoisePrior(_groups(groups, learned)) if related is None else RelatedNoisePrior(related)
        self.register_prior("scale_prior", prior, _scale)
        self.to(task.device)

    @property
    def scale(self) -> Tensor:
        """(T,) learned standard deviations."""
        return self.raw_scale_constraint.transform(self.raw_scale)

    @torch.no_grad()
    def set_scale(self, scale: Tensor) -> None:
        """Set the learned standard deviations (T,), kept inside their bounds."""
        lower, upper = self.BOUNDS
        self.raw_scale.copy_(self.raw_scale_constraint.inverse_transform(scale.clamp(1.5 * lower, upper / 1.5)))

    def task_variance(self) -> Tensor:
        """(T,) variance of a new observation's noise: learned, or the mean of the known ones where all are known."""
        return torch.where(self.learned, self.scale.square(), self.typical_variance)

    def variance(self, task: Tensor, known_variance: Tensor) -> Tensor:
        """Variance of each training observation's noise: the known one, or the learned one of its task."""
        return torch.where(known_variance.isnan(), self.scale.square()[task], known_variance)

    def pull_back(self, by_variance: Tensor, task: Tensor, known_variance: Tensor) -> tuple[Parameter, Tensor]:
        """Derivatives by the free parameter, from those by the variance of each training observation."""
        by_scale = torch.where(known_variance.isnan(), by_variance, 0.0)
        by_task = torch.zeros_like(self.raw_scale).index_add_(0, task, by_scale)
        return self.raw_scale, 2.0 * by_task * self.scale.square()

    def get_fantasy_likelihood(self, *, noise: Tensor, **kwargs: Any) -> TaskNoise:
        """A copy for the training observations followed by new ones, whose noise variances (..., m) are given."""
        likelihood = deepcopy(self)
        batch = torch.broadcast_shapes(self.known_variance.shape[:-1], noise.shape[:-1])
        parts = [known.expand(*batch, -1) for known in (self.known_variance, noise)]
        likelihood.known_variance = torch.cat(parts, dim=-1)
        return likelihood

    def _shaped_noise_covar(
        self, base_shape: torch.Size, *params: Any, noise: Tensor | None = None, **kwargs: Any
    ) -> DiagLinearOperator:
        """Noise of the rows in `params`, the task being their last column.

        As in GPyTorch's fixed-noise likelihood, the known noise is used when the rows are the training rows.
        """
        if noise is not None:
            return DiagLinearOperator(noise)
        rows = params[0][0] if isinstance(params[0], (list, tuple)) else params[0]
        task = self.task_values.index(rows[..., -1])
        if task.shape[-1] == self.known_variance.shape[-1]:
            return DiagLinearOperator(self.variance(task, self.known_variance))
        return DiagLinearOperator(self.task_variance()[task])


def _summary(num_tasks: int, task: Tensor, known_variance: Tensor) -> tuple[Tensor, Tensor]:
    """Which tasks have noise to learn, and the mean known variance of each task."""
    is_known = ~known_variance.isnan()
    known_count = torch.bincount(task[is_known], minlength=num_tasks)
    total = torch.bincount(task[is_known], weights=known_variance[is_known], minlength=num_tasks)
    learned = torch.bincount(task, minlength=num_tasks) > known_count
    typical = total.to(known_variance) / known_count.clamp_min(1)  # bincount of nothing is of another type
    return learned | (known_count == 0), typical


def _groups(groups: Tensor | None, learned: Tensor) -> Tensor:
    """Groups in which only tasks with noise to learn have company."""
    alone = -1 - torch.arange(len(learned), device=learned.device)
    return alone if groups is None else torch.where(learned, groups.to(alone), alone)


def _scale(noise: TaskNoise) -> Tensor:
    return noise.scale
