"""Stationary kernels on the inputs: their profile as a function of the squared distance, and the default kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import torch
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel
from torch import Tensor

from mfgp.errors import ParameterError
from mfgp.kernels.bounds import Bounds
from mfgp.kernels.levels import plain
from mfgp.kernels.priors import LengthscalePrior

LENGTHSCALE_BOUNDS = (1e-2, 1e4)
_SMALLEST = 1e-30
_COINCIDENT = 1e-12  # squared distance below which the cusp of Matern-1/2 would multiply rounding by its slope


class Profile(NamedTuple):
    """A stationary correlation as a function of the squared scaled distance r2, with its derivative.

    ``value(r2)`` is differentiable by autograd, also at r2 = 0; ``value_and_slope(r2)`` gives the value and its
    derivative with respect to r2 from one exponential, without a graph; ``overwrite(r2)`` gives the value and spoils
    r2, with as few passes through memory as there can be.
    """

    value: Callable[[Tensor], Tensor]
    value_and_slope: Callable[[Tensor], tuple[Tensor, Tensor]]
    overwrite: Callable[[Tensor], Tensor]


def _rbf(r2: Tensor) -> Tensor:
    return torch.exp(-0.5 * r2)


def _rbf_with_slope(r2: Tensor) -> tuple[Tensor, Tensor]:
    value = r2.mul(-0.5).exp_()
    return value, value * -0.5


def _rbf_in_place(r2: Tensor) -> Tensor:
    return r2.mul_(-0.5).exp_()


def _matern12(r2: Tensor) -> Tensor:
    apart = r2 > _COINCIDENT
    return torch.where(apart, torch.exp(-torch.sqrt(torch.where(apart, r2, 1.0))), 1.0)


def _matern12_with_slope(r2: Tensor) -> tuple[Tensor, Tensor]:
    apart = r2 > _COINCIDENT
    r = torch.where(apart, r2, 1.0).sqrt_()
    value = torch.where(apart, torch.exp(-r), 1.0)
    return value, value.div(r).mul_(-0.5).masked_fill_(~apart, 0.0)


def _matern12_in_place(r2: Tensor) -> Tensor:
    return r2.masked_fill_(r2 <= _COINCIDENT, 0.0).sqrt_().neg_().exp_()


def _matern32(r2: Tensor) -> Tensor:
    s = math.sqrt(3.0) * torch.sqrt(r2 + _SMALLEST)
    return (1.0 + s) * torch.exp(-s)


def _matern32_with_slope(r2: Tensor) -> tuple[Tensor, Tensor]:
    s = r2.mul(3.0).sqrt_()
    decay = torch.exp(-s)
    return s.add_(1.0).mul_(decay), decay.mul(-1.5)


def _matern32_in_place(r2: Tensor) -> Tensor:
    minus_s = r2.sqrt_().mul_(-math.sqrt(3.0))
    decay = minus_s.exp()
    return decay.addcmul_(decay, minus_s, value=-1.0)


def _matern52(r2: Tensor) -> Tensor:
    s = math.sqrt(5.0) * torch.sqrt(r2 + _SMALLEST)
    return (1.0 + s + s.square() / 3.0) * torch.exp(-s)


def _matern52_with_slope(r2: Tensor) -> tuple[Tensor, Tensor]:
    s = r2.mul(5.0).sqrt_()
    decay = torch.exp(-s)
    slope = s.add_(1.0).mul(decay)  # (1 + s) e^-s
    value = decay.mul_(r2).mul_(5.0 / 3.0).add_(slope)
    return value, slope.mul_(-5.0 / 6.0)


def _matern52_in_place(r2: Tensor) -> Tensor:
    minus_s = r2.sqrt().mul_(-math.sqrt(5.0))
    minus_rest = torch.sub(minus_s, r2, alpha=5.0 / 3.0, out=r2)  # -(s + s^2/3)
    decay = minus_s.exp_()
    return decay.addcmul_(decay, minus_rest, value=-1.0)


_RBF = Profile(_rbf, _rbf_with_slope, _rbf_in_place)
_MATERN = {
    0.5: Profile(_matern12, _matern12_with_slope, _matern12_in_place),
    1.5: Profile(_matern32, _matern32_with_slope, _matern32_in_place),
    2.5: Profile(_matern52, _matern52_with_slope, _matern52_in_place),
}


def row_keys(x: Tensor) -> Tensor:
    """Integers (..., n) that are equal where two rows (..., n, d) have the same inputs, to the last bit.

    They are sums of the inputs' bit patterns times odd numbers, without regard to overflow; two different rows have the
    same key by an accident of chance 2^-64.

    Examples
    --------
    >>> keys = row_keys(torch.tensor([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]], dtype=torch.float64))
    >>> bool(keys[0] == keys[1]), bool(keys[0] == keys[2])
    (True, False)
    """
    bits = (x.detach().to(torch.float64) + 0.0).contiguous().view(torch.int64)
    return ((bits ^ (bits >> 29)) * _odd_numbers(x.shape[-1]).to(bits.device)).sum(-1)


@cache
def _odd_numbers(count: int) -> Tensor:
    return 2 * torch.randint(2**62, (count,), generator=torch.Generator().manual_seed(0)) + 1


def profile(kernel: Kernel) -> Profile | None:
    """The profile of a plain RBF or Matern kernel, on numbers or on levels too, or None for any other kernel.

    Examples
    --------
    >>> import torch
    >>> from gpytorch.kernels import LinearKernel, RBFKernel
    >>> print(round(profile(RBFKernel()).value(torch.tensor(1.0)).item(), 4), profile(LinearKernel()))
    0.6065 None
    """
    kernel = plain(kernel)
    if kernel.active_dims is not None:
        return None
    if type(kernel) is RBFKernel:
        return _RBF
    if type(kernel) is MaternKernel:
        return _MATERN[kernel.nu]
    return None


def squared_distance(x1: Tensor, x2: Tensor) -> Tensor:
    """Squared Euclidean distances between rows, (..., n1, d) and (..., n2, d) to (..., n1, n2), never negative."""
    centre = x2.detach().mean(dim=-2, keepdim=True)
    x1, x2 = x1 - centre, x2 - centre
    norms = x1.square().sum(-1).unsqueeze(-1) + x2.square().sum(-1).unsqueeze(-2)
    return (norms - 2.0 * x1 @ x2.transpose(-1, -2)).clamp_min(0.0)


def input_kernel(
    kernel: str | Kernel, num_inputs: int, batch_shape: torch.Size = torch.Size(), stretch: float = 1.0
) -> Kernel:
    """The kernel k(x, x') on the inputs: a named one with a lengthscale per input, or a copy of the user's own.

    A named kernel has unit variance (amplitudes belong to the tasks) and carries the dimension-scaled
    :class:`~mfgp.kernels.priors.LengthscalePrior`.

    Parameters
    ----------
    kernel
        "matern52", "matern32", "matern12", "rbf", or any GPyTorch kernel over the d inputs.
    num_inputs
        d, the number of inputs; with levels among them, :func:`~mfgp.kernels.levels.expanded_columns`.
    batch_shape
        Shape of a batch of parameter sets.
    stretch
        Of a named kernel's prior: how many times longer lengthscales are than usual.

    Raises
    ------
    ParameterError
        The name is unknown, the object is no GPyTorch kernel, or it is one for other inputs or for a batch.

    Examples
    --------
    >>> input_kernel("matern52", 3).lengthscale.shape
    torch.Size([1, 3])
    """
    if isinstance(kernel, Kernel):
        _check_usable(kernel, num_inputs, batch_shape)
        return deepcopy(kernel)
    smoothness = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}
    if not isinstance(kernel, str) or (kernel != "rbf" and kernel not in smoothness):
        raise ParameterError(
            f"kernel={kernel!r} is not known; write one of 'matern52', 'matern32', 'matern12', 'rbf', "
            "or give a GPyTorch kernel such as gpytorch.kernels.RQKernel()"
        )
    prior = LengthscalePrior(num_inputs, stretch)
    constraint = Bounds(*LENGTHSCALE_BOUNDS, initial_value=prior.median)
    options: dict[str, Any] = {
        "ard_num_dims": num_inputs,
        "batch_shape": batch_shape,
        "lengthscale_prior": prior,
        "lengthscale_constraint": constraint,
    }
    named = (RBFKernel(**options) if kernel == "rbf" else MaternKernel(nu=smoothness[kernel], **options)).double()
    named.lengthscale = prior.median  # what the constructor set was rounded to torch's default type
    return named


@torch.no_grad()
def _check_usable(kernel: Kernel, num_inputs: int, batch_shape: torch.Size) -> None:
    """Raise ParameterError unless the kernel gives one covariance between rows of the inputs."""
    trial = deepcopy(kernel).double()
    device = next((parameter.device for parameter in trial.parameters()), None)
    try:
        shape = trial(torch.ones(1, num_inputs, dtype=torch.float64, device=device)).evaluate_kernel().shape
    except (RuntimeError, IndexError) as error:
        raise ParameterError(
            f"the {type(kernel).__name__} cannot be used on {num_inputs} inputs ({error}); "
            f"write ard_num_dims={num_inputs} or leave it out, and active_dims from 0 to {num_inputs - 1}"
        ) from error
    if shape[-2:] != (1, 1) or shape[:-2] not in (torch.Size(), batch_shape):
        raise ParameterError(
            f"the {type(kernel).__name__} gives a covariance of shape {tuple(shape)} for one row, expected "
            f"{(*batch_shape, 1, 1)}; write a kernel on the inputs alone, without batch_shape"
        )
