"""Target models: a linear function of tasks as one more task of a BoTorch model."""

from __future__ import annotations

from typing import Any

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from botorch.posteriors import GPyTorchPosterior, Posterior
from botorch.sampling import MCSampler
from gpytorch.distributions import MultivariateNormal
from linear_operator import to_linear_operator
from torch import Tensor

from mfgp.expressions.linear import LinearForm
from mfgp.inference import TaskNoise
from mfgp.model import TaskGP


class TargetModel(Model):
    """A TaskGP with one output, and a task more that is a linear function of the others: the target.

    Acquisition functions of several fidelities ask how much a measurement tells of the target, so they want it to be a
    task. Here it may be what is left of one task when another is subtracted, or a task times minus one, so what is
    maximised is the utility always. All tasks are in their standardised units, and the target in units of what its
    deviation would be if these were independent: BoTorch's acquisition functions compare variances with constants.

    Parameters
    ----------
    model
        A fitted model of T tasks, 0 to T - 1, or fantasies of one.
    form
        w and c of the target, sum_t w_t f_t + c, by the number of the task.

    Attributes
    ----------
    target
        T, the number of the target in the last column of rows.
    scale
        The unit of the target, in that of the form.

    Examples
    --------
    >>> x = torch.linspace(0, 1, 9, dtype=torch.float64).unsqueeze(-1)
    >>> rows = torch.cat([torch.cat([x, 0 * x], -1), torch.cat([x, 0 * x + 1], -1)])
    >>> model = TaskGP(rows, torch.cat([x, x + torch.sin(6 * x)]))
    >>> report = model.fit()
    >>> difference = TargetModel(model, LinearForm({0: -1.0, 1: 1.0}, 0.0))
    >>> found = difference.posterior(torch.tensor([[0.25, difference.target]], dtype=torch.float64)).mean
    >>> both = model.posterior(torch.tensor([[0.25]], dtype=torch.float64)).mean
    >>> torch.allclose(found * difference.scale, both[:, 1] - both[:, 0])
    True
    """

    def __init__(self, model: TaskGP, form: LinearForm) -> None:
        super().__init__()
        self.model, self.form, self.target = model, form, model.num_tasks
        units = model.outcome_transform.stdvs
        self.tasks = torch.tensor(sorted(form.weights)).to(units)
        weights = torch.tensor([form.weights[int(task)] for task in self.tasks], dtype=torch.float64).to(units)
        self.scale = (weights * units[self.tasks.long()]).square().sum().sqrt().item()
        self.weights = weights / self.scale

    @property
    def num_outputs(self) -> int:
        """One."""
        return 1

    @property
    def batch_shape(self) -> torch.Size:
        """That of the model."""
        return self.model.batch_shape

    @property
    def train_inputs(self) -> Any:
        """Those of the model: BoTorch's entropy searches draw maxima there too."""
        return self.model.train_inputs

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool = False,
        posterior_transform: PosteriorTransform | None = None,
    ) -> Posterior:
        """Posterior at rows (..., q, d + 1), each of a task or of the target.

        Parameters
        ----------
        X
            Rows that name their task.
        output_indices
            Not used: there is one output.
        observation_noise
            True to add the noise of the rows' tasks; the target has none.
        posterior_transform
            Applied at the end.
        """
        number = X[..., -1].detach().round().long()
        aim, of_model = number == self.target, number.clamp_max(self.target - 1)
        parts = len(self.tasks)
        rows = X.unsqueeze(-2).expand(*X.shape[:-1], parts, X.shape[-1])
        task = torch.where(aim.unsqueeze(-1), self.tasks.to(X), of_model.unsqueeze(-1).to(X))
        rows = torch.cat([rows[..., :-1], task.unsqueeze(-1)], dim=-1).flatten(-3, -2)
        first = (torch.arange(parts, device=X.device) == 0).to(X)
        alone = first / self.model.outcome_transform.stdvs[of_model].unsqueeze(-1)
        weights = torch.where(aim.unsqueeze(-1), self.weights, alone)
        found = self.model.posterior(rows).distribution
        mean = (found.mean.unflatten(-1, (-1, parts)) * weights).sum(-1) + aim * (self.form.offset / self.scale)
        flat = weights.flatten(-2)
        covariance = found.covariance_matrix * flat.unsqueeze(-1) * flat.unsqueeze(-2)
        covariance = covariance.unflatten(-1, (-1, parts)).sum(-1).unflatten(-2, (-1, parts)).sum(-2)
        if observation_noise:
            noise = self.model.likelihood.task_variance().clamp_min(TaskNoise.BOUNDS[0] ** 2)[of_model]
            covariance = covariance + torch.diag_embed(torch.where(aim, 0.0, noise))
        posterior = GPyTorchPosterior(MultivariateNormal(mean, to_linear_operator(covariance)))
        return posterior if posterior_transform is None else posterior_transform(posterior=posterior, X=X)

    def fantasize(self, X: Tensor, sampler: MCSampler, **kwargs: Any) -> TargetModel:
        """The same of fantasies of rows (..., q, d + 1), each of a task of the model."""
        return TargetModel(self.model.fantasize(X, sampler, **kwargs), self.form)

    def expecting(self, X: Tensor) -> TargetModel:
        """As if rows (p, d + 1) had been measured, each with the value that is expected there."""
        values = self.model.posterior(X).mean.detach()
        return TargetModel(self.model.condition_on_observations(X, values), self.form)

    def aimed(self, X: Tensor) -> Tensor:
        """Rows (..., d + 1) of the target in place of their task."""
        return self.at_target(X[..., :-1])

    def at_target(self, rows: Tensor) -> Tensor:
        """Inputs (..., d) with the target as their task."""
        return torch.cat([rows, torch.full_like(rows[..., :1], float(self.target))], dim=-1)
