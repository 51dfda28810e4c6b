"""TaskGPEnsemble: one TaskGP at each of several draws of the hyperparameters, as a BoTorch model."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, cast

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from botorch.posteriors import Posterior
from botorch.posteriors.fully_bayesian import MCMC_DIM, GaussianMixturePosterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from torch import Tensor

from mfgp.errors import ParameterError
from mfgp.inference.objective import Objective
from mfgp.inference.posterior import Joint
from mfgp.inference.report import SamplingReport
from mfgp.inference.sampling import sample
from mfgp.model.task_gp import TaskGP

MEMBERS = 32


class TaskGPEnsemble(Model):
    """The same data and kernel at K draws of the hyperparameters, all of which count alike.

    Its posterior has a batch dimension of K before the last two, as those of BoTorch's fully Bayesian models have, so
    acquisition functions average over the draws.

    Parameters
    ----------
    maximum
        A fitted model, whose hyperparameters are the most probable ones.
    members
        Copies of it at draws of the hyperparameters.

    Examples
    --------
    >>> x = torch.linspace(0, 1, 8, dtype=torch.float64).unsqueeze(-1)
    >>> model = TaskGP(torch.cat([x, 0 * x], -1), torch.sin(6 * x))
    >>> report = model.fit()
    >>> ensemble, sampling = TaskGPEnsemble.sampled(model, seed=0, members=4)
    >>> ensemble.posterior(x[:3]).mean.shape, len(ensemble.members), sampling.chains
    (torch.Size([4, 3, 1]), 4, 4)
    """

    _is_ensemble = True

    def __init__(self, maximum: TaskGP, members: Sequence[TaskGP]) -> None:
        super().__init__()
        self.maximum = maximum
        self._members = torch.nn.ModuleList(members)

    @classmethod
    def sampled(cls, maximum: TaskGP, seed: int, members: int = MEMBERS) -> tuple[TaskGPEnsemble, SamplingReport]:
        """An ensemble at draws from the posterior of the hyperparameters, and how they were drawn."""
        kernel, likelihood = deepcopy(maximum.covar_module), deepcopy(maximum.likelihood)
        objective = Objective(kernel, likelihood, maximum.exact_posterior.observations)
        draws = sample(objective, seed)
        found = []
        for vector in draws.thinned(members):
            objective.set(vector)
            in_place_of = {id(maximum.covar_module): deepcopy(kernel), id(maximum.likelihood): deepcopy(likelihood)}
            member = deepcopy(maximum, {**in_place_of, id(maximum._exact): None})
            found.append(member.eval())
        return cls(maximum, found), draws.report

    @property
    def members(self) -> list[TaskGP]:
        """The K models."""
        return cast(list[TaskGP], list(self._members))

    @property
    def num_outputs(self) -> int:
        """Number of output tasks."""
        return self.maximum.num_outputs

    @property
    def batch_shape(self) -> torch.Size:
        """(K,)."""
        return torch.Size([len(self.members)])

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: PosteriorTransform | None = None,
    ) -> Posterior:
        """Posterior (..., K, q, m) at rows (..., q, d) or (..., q, d + 1), as of each member.

        Parameters
        ----------
        X, output_indices, observation_noise, posterior_transform
            As for :meth:`TaskGP.posterior`.
        """
        found = [member.posterior(X, output_indices, observation_noise) for member in self.members]
        distributions = [each.distribution for each in found]
        mean = torch.stack([each.mean for each in distributions], dim=MCMC_DIM if _several(found) else -2)
        covariance = torch.stack([each.covariance_matrix for each in distributions], dim=-3)
        if _several(found):
            joint: MultivariateNormal = MultitaskMultivariateNormal(
                mean, covariance, interleaved=distributions[0]._interleaved
            )
        else:
            joint = MultivariateNormal(mean, covariance)
        posterior = GaussianMixturePosterior(joint)
        return posterior if posterior_transform is None else posterior_transform(posterior=posterior, X=X)

    def joints(self, X: Tensor) -> list[Joint]:
        """Mean (n, T) and covariance (n, T, T) of all tasks at each of the inputs (n, d), of each member."""
        return [member.joint(X) for member in self.members]

    def joint(self, X: Tensor) -> Joint:
        """The same of the mixture of all members."""
        joints = self.joints(X)
        means = torch.stack([joint.mean for joint in joints])
        gaps = means - means.mean(0)
        within = torch.stack([joint.covariance for joint in joints]).mean(0)
        return Joint(means.mean(0), within + torch.einsum("knt,knu->ntu", gaps, gaps) / len(joints))

    def mean(self, X: Tensor) -> Tensor:
        """Mean (n, T) of all tasks at the inputs (n, d)."""
        return torch.stack([member.mean(X) for member in self.members]).mean(0)

    def noise_scale(self) -> Tensor:
        """(T,) standard deviation of a new observation's noise: the root of the mean variance."""
        return torch.stack([member.noise_scale().square() for member in self.members]).mean(0).sqrt()

    def condition_on_observations(self, X: Tensor, Y: Tensor, **kwargs: Any) -> TaskGPEnsemble:
        """An ensemble whose members have learned from more rows (m, d + 1), at the same hyperparameters.

        Members count by how well they foresaw the new values (m, 1): they are drawn anew in proportion to that, so that
        those that foresaw them best may come several times.
        """
        if X.dim() > 2:
            raise ParameterError(
                f"X has the shape {tuple(X.shape)}, but an ensemble learns from rows (m, d + 1) alone; "
                "use the model at the maximum, .maximum, for batches of fantasies"
            )
        foreseen = torch.stack([_log_density(member, X, Y, kwargs.get("noise")) for member in self.members])
        kept = _resampled(torch.softmax(foreseen, dim=0))
        grown = [self.members[place].condition_on_observations(X, Y, **kwargs) for place in kept]
        return TaskGPEnsemble(self.maximum.condition_on_observations(X, Y, **kwargs), grown)

    def subset_output(self, idcs: list[int]) -> TaskGPEnsemble:
        """A copy that gives only some of the outputs, by their place among the output tasks."""
        return TaskGPEnsemble(self.maximum.subset_output(idcs), [member.subset_output(idcs) for member in self.members])


@torch.no_grad()
def _log_density(member: TaskGP, X: Tensor, Y: Tensor, noise: Tensor | None) -> Tensor:
    """Log density of new values (m, 1), whose noise variances are NaN where the noise is that of their task."""
    typical = member.likelihood.task_variance()[X[:, -1].long()].unsqueeze(-1)
    variance = typical if noise is None else torch.where(noise.isnan(), typical, noise)
    return member.posterior(X, observation_noise=variance).distribution.log_prob(Y.squeeze(-1))


def _resampled(weights: Tensor) -> list[int]:
    """As many places as there are weights, each about as often as its weight says (systematic resampling)."""
    steps = (torch.arange(len(weights)).to(weights) + 0.5) / len(weights)
    found: list[int] = torch.searchsorted(weights.cumsum(0), steps).clamp_max(len(weights) - 1).tolist()
    return found


def _several(posteriors: list[Any]) -> bool:
    return isinstance(posteriors[0].distribution, MultitaskMultivariateNormal)
