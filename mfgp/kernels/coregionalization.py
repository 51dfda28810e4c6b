"""Coregionalization: tasks are mixtures of latent processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from torch.nn import Parameter

from mfgp.kernels.bounds import Bounds
from mfgp.kernels.priors import CauchyPrior, ScalePrior
from mfgp.kernels.task_kernel import CovarianceGradient, Process, TaskKernel


class CoregionalizationKernel(TaskKernel):
    """cov = sum_q B_q[t, t'] k_q(x, x') with B_q = W_q W_q^T + diag(kappa_q), and a row effect of rank one.

    One process is the intrinsic coregionalization model (Bonilla, Chai & Williams 2007), several the linear model of
    coregionalization (Alvarez, Rosasco & Lawrence 2012, section 4.2). The loadings W have free signs, so tasks may be
    mirror images of one another.

    Parameters
    ----------
    input_kernels
        One GPyTorch kernel over the inputs for each process.
    num_tasks
        T, the number of tasks.
    rank
        Columns of each W_q, from 0 (tasks share nothing) to T.
    batch_shape
        Shape of a batch of parameter sets, as in every GPyTorch kernel.

    Examples
    --------
    >>> from mfgp.kernels import input_kernel
    >>> kernel = CoregionalizationKernel([input_kernel("rbf", 2)], num_tasks=2, rank=1)
    >>> kernel.set_task_covariance(torch.tensor([[1.0, -0.6], [-0.6, 1.0]]))
    >>> round(kernel.task_covariance()[0, 1].item(), 4)
    -0.6
    """

    def __init__(
        self,
        input_kernels: Sequence[Kernel],
        num_tasks: int,
        rank: int,
        batch_shape: torch.Size = torch.Size(),
    ) -> None:
        super().__init__(num_tasks, batch_shape, row_tasks=range(num_tasks) if rank and num_tasks > 1 else ())
        self.input_kernels = torch.nn.ModuleList(input_kernels)
        self.rank = rank
        shape = (*batch_shape, len(input_kernels), num_tasks)
        self.register_parameter("loadings", torch.nn.Parameter(torch.ones(*shape, rank, dtype=torch.float64)))
        self.register_parameter("raw_specific", torch.nn.Parameter(torch.zeros(*shape, dtype=torch.float64)))
        self.register_constraint("raw_specific", Bounds(1e-4, 1e2, initial_value=0.3))
        self.register_prior("loadings_prior", CauchyPrior(1.0), _loadings)
        self.register_prior("specific_prior", ScalePrior(1.0), _specific)

    @property
    def specific(self) -> Tensor:
        """(Q, T) standard deviations sqrt(kappa) of each task's own part."""
        return self.raw_specific_constraint.transform(self.raw_specific)

    def processes(self) -> list[Process]:
        """The latent processes."""
        shared = self.loadings @ self.loadings.transpose(-1, -2)
        amplitudes = shared + torch.diag_embed(self.specific.square())
        return [Process(kernel, amplitudes[..., q, :, :]) for q, kernel in enumerate(self.input_kernels)]

    def pull_back(self, gradient: CovarianceGradient) -> Iterator[tuple[Parameter, Tensor]]:
        """Derivatives by the free parameters, from those by the covariance's parts."""
        yield from super().pull_back(gradient)
        amplitude = torch.stack([part.amplitude for part in gradient.processes])
        yield self.loadings, (amplitude + amplitude.mT) @ self.loadings
        yield self.raw_specific, 2.0 * amplitude.diagonal(dim1=-2, dim2=-1) * self.specific.square()

    def groups(self) -> Tensor:
        """One group, unless the rank is zero."""
        return super().groups() if self.rank else torch.arange(self.num_tasks)

    @torch.no_grad()
    def set_task_covariance(self, covariance: Tensor) -> None:
        """Share out a (T, T) covariance between tasks equally over the processes, as nearly as the rank allows.

        Principal factors: the specific variances take what the leading eigenvectors leave of the diagonal.
        """
        covariance = covariance.to(self.loadings) / len(self.input_kernels)
        constraint = self.raw_specific_constraint
        specific = torch.zeros_like(covariance.diagonal())
        loadings = torch.zeros(self.num_tasks, self.rank).to(covariance)
        for _ in range(100 if self.rank < self.num_tasks else 1):
            values, vectors = torch.linalg.eigh(covariance - torch.diag(specific))
            leading = values.flip(0)[: self.rank].clamp_min(0.0).sqrt()
            loadings = vectors.flip(1)[:, : self.rank] * leading
            specific = (covariance.diagonal() - loadings.square().sum(-1)).clamp_min(0.0)
        self.loadings.copy_(loadings.expand_as(self.loadings))
        specific = specific.sqrt().clamp(2 * constraint.lower_bound, constraint.upper_bound / 2)
        self.raw_specific.copy_(constraint.inverse_transform(specific).expand_as(self.raw_specific))


def _loadings(kernel: CoregionalizationKernel) -> Tensor:
    return kernel.loadings


def _specific(kernel: CoregionalizationKernel) -> Tensor:
    return kernel.specific
