"""Cascade: one task as a function of the inputs and of the values of its source tasks there."""

from __future__ import annotations

from typing import Any

import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from torch.nn import Parameter

from mfgp.kernels.bounds import Bounds
from mfgp.kernels.priors import ScalePrior
from mfgp.kernels.stationary import input_kernel
from mfgp.kernels.task_kernel import Process, TaskKernel, correlate, identical

_BOUNDS = (1e-4, 1e2)


class CascadeKernel(TaskKernel):
    """cov = s^2 k(x, x') + k_rho(x, x') [sum_p w_p^2 u_p u_p' + c^2 k_u(u, u')] of one task, u its sources' values.

    The first part is what the task has of its own. The second is its relation to its sources: slopes of unknown sign
    and size, standard deviation w_p, and a curve with a squared-exponential kernel k_u, both of which change over the
    inputs as k_rho lets them. Without slopes this is the kernel of Perdikaris et al. (2017); with them, that of Cutajar
    et al. (2019, arXiv:1903.07320); with c = 0 and a constant k_rho, the autoregression of Kennedy & O'Hagan (2000)
    with its weight integrated out.

    A source's value may be uncertain: a normal variable of mean m and variance v, independent of the values at other
    rows. The covariance is the expectation over these, so an observation whose source is uncertain counts for less.
    Rows are one, and their sources' values too, where they are equal to the last bit.

    Rows (x, m, v, 0) have the d inputs, the k means, the k variances and the index of the task, which is 0.

    Parameters
    ----------
    own, relation
        GPyTorch kernels k and k_rho over the d inputs.
    num_inputs
        d.
    num_sources
        k, 1 or more.
    followed
        Whether other tasks follow this one, which has a row effect for that.

    Examples
    --------
    >>> kernel = CascadeKernel(input_kernel("rbf", 1), input_kernel("rbf", 1), num_inputs=1, num_sources=1)
    >>> kernel.set_scales(own=0.5, curve=1.0, slopes=torch.tensor([2.0]))
    >>> row = torch.tensor([[0.0, 3.0, 0.1, 0.0]], dtype=torch.float64)
    >>> with torch.no_grad():
    ...     print(round(kernel.forward(row, row, diag=True).item(), 4))  # 0.25 + 4 (9 + 0.1) + 1, and 1 for the mean
    38.65
    """

    def __init__(
        self, own: Kernel, relation: Kernel, num_inputs: int, num_sources: int, followed: bool = False
    ) -> None:
        super().__init__(1, row_tasks=[0] if followed else [])
        self.own = _OnInputs(own, num_inputs)
        self.relation = _Relation(relation, num_inputs, num_sources)
        self.register_parameter("raw_scale", Parameter(torch.zeros(1, dtype=torch.float64)))
        self.register_constraint("raw_scale", Bounds(*_BOUNDS, initial_value=1.0))
        self.register_prior("scale_prior", ScalePrior(3.0, shape=2.0), _scale)

    @property
    def num_inputs(self) -> int:
        """The number of inputs d."""
        return self.relation.num_inputs

    @property
    def num_sources(self) -> int:
        """The number of sources k."""
        return self.relation.num_sources

    @property
    def scale(self) -> Tensor:
        """(1,) standard deviation s of the task's own part."""
        return self.raw_scale_constraint.transform(self.raw_scale)

    @property
    def input_kernels(self) -> list[Kernel]:  # type: ignore[override]  # they are registered in their parts
        """The kernels over the inputs: that of the task's own part, and that of its relation."""
        return [self.own.inner, self.relation.inner]

    @property
    def value_lengthscale(self) -> Tensor:
        """(k,) lengthscales of the curve over the sources' values."""
        return torch.as_tensor(self.relation.values.lengthscale).squeeze(-2)

    def processes(self) -> list[Process]:
        """The task's own part, and its relation to its sources."""
        return [Process(self.own, self.scale.square().unsqueeze(-1)), Process(self.relation, self._identity)]

    @torch.no_grad()
    def set_scales(self, own: float, curve: float, slopes: Tensor) -> None:
        """Set the standard deviations s, c and w (k,), kept inside their bounds."""
        _set(self, torch.as_tensor([own], dtype=torch.float64))
        _set(self.relation, torch.cat([torch.as_tensor([curve], dtype=torch.float64), slopes.cpu()]))


class _OnInputs(Kernel):
    """A kernel over the first d columns of a row, its inputs."""

    def __init__(self, inner: Kernel, num_inputs: int) -> None:
        super().__init__()
        self.inner = inner
        self.num_inputs = num_inputs

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: Any) -> Tensor:
        """Covariance of rows (..., n, d + 2k)."""
        return correlate(self.inner, x1[..., : self.num_inputs], x2[..., : self.num_inputs], None, diag=diag)


class _Relation(_OnInputs):
    """k_rho on the inputs times the expectation, over the sources' values, of slopes and curve."""

    def __init__(self, inner: Kernel, num_inputs: int, num_sources: int) -> None:
        super().__init__(inner, num_inputs)
        self.num_sources = num_sources
        self.values = input_kernel("rbf", num_sources)
        self.register_parameter("raw_scale", Parameter(torch.zeros(1 + num_sources, dtype=torch.float64)))
        self.register_constraint("raw_scale", Bounds(*_BOUNDS, initial_value=1.0))
        self.register_prior("scale_prior", ScalePrior(3.0, shape=2.0), _scale)

    @property
    def scale(self) -> Tensor:
        """(1 + k,) standard deviations of the curve and of the slopes."""
        return self.raw_scale_constraint.transform(self.raw_scale)

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: Any) -> Tensor:
        """Covariance of rows (..., n, d + 2k)."""
        same = identical(x1, x2, diag=diag).unsqueeze(-1)
        left, right = (x1, x2) if diag else (x1.unsqueeze(-2), x2.unsqueeze(-3))
        mean1, variance1 = left[..., self.num_inputs :].tensor_split(2, dim=-1)
        mean2, variance2 = right[..., self.num_inputs :].tensor_split(2, dim=-1)
        product = mean1 * mean2 + torch.where(same, variance1, 0.0)
        wide = torch.as_tensor(self.values.lengthscale).squeeze(-2).square()
        wider = wide + torch.where(same, 0.0, variance1 + variance2)
        distance = ((mean1 - mean2).square() / wider + torch.log(wider / wide)).sum(-1)
        curve, slopes = self.scale[0].square(), self.scale[1:].square()
        expected = (slopes * product).sum(-1) + curve * torch.exp(-0.5 * distance)
        return super().forward(x1, x2, diag=diag) * expected


def _scale(kernel: CascadeKernel | _Relation) -> Tensor:
    return kernel.scale


def _set(kernel: CascadeKernel | _Relation, scale: Tensor) -> None:
    lower, upper = _BOUNDS
    inside = scale.to(kernel.raw_scale).clamp(2.0 * lower, upper / 2.0)
    kernel.raw_scale.copy_(kernel.raw_scale_constraint.inverse_transform(inside))
