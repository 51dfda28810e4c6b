"""Weak priors on the parameters of kernels and noise, evaluated without the overhead of torch.distributions.

Each is a GPyTorch prior, so GPyTorch's own marginal likelihood adds it as ours does. Densities are stated up to
their constant where it does not depend on the parameter.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TypeAlias

import numpy as np
import torch
from gpytorch.priors import Prior
from numpy.typing import NDArray
from torch import Tensor

Array: TypeAlias = NDArray[np.float64]

_SAME_PLACE = 1e-12  # squared distance at which positions count as one, so that the density is finite


class LightPrior(Prior):
    """A prior that is only its log density, and that density's slope.

    The slope is for arrays and not for tensors: parameters are few, and a step of numpy takes a quarter of the time.
    """

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)

    @abstractmethod
    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density summed over a single set of parameters x, and its derivative by x."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class LengthscalePrior(LightPrior):
    """Log-normal lengthscales, correlated so that inputs share one scale unless the data say otherwise.

    log l = log(median) + c + e with one shared c ~ N(0, shared^2) and e_j ~ N(0, own^2) per input. The median
    grows with the square root of the number of inputs, as distances do (Hvarfner, Hellsten & Nardi 2024,
    arXiv:2402.02229). The density is taken over log l, so its mode is the median whatever the dimension.

    Parameters
    ----------
    num_inputs
        d, the number of inputs; inputs are standardised.
    stretch
        How many times longer the median is than usual, for what changes more slowly than a task itself.

    Examples
    --------
    >>> prior = LengthscalePrior(4)
    >>> prior.log_prob(torch.full((1, 4), prior.median)).item()
    -0.0
    """

    MEDIAN, SHARED, OWN = 1.5, 1.0, 0.5

    def __init__(self, num_inputs: int, stretch: float = 1.0) -> None:
        super().__init__()
        self.num_inputs = num_inputs
        self.median = self.MEDIAN * math.sqrt(num_inputs) * stretch

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density of lengthscales (..., 1, d), summed over the inputs."""
        z = torch.log(x / self.median)
        d = z.shape[-1]
        common = z.mean(-1, keepdim=True)
        shared_variance = self.SHARED**2 * d + self.OWN**2
        return -0.5 * ((z - common).square().sum(-1) / self.OWN**2 + d * common.squeeze(-1).square() / shared_variance)

    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density summed over a single set of parameters x, and its derivative by x."""
        z = np.log(x / self.median)
        shared_variance = self.SHARED**2 * z.shape[-1] + self.OWN**2
        towards = z.mean() * (1.0 / self.OWN**2 - 1.0 / shared_variance) - z / self.OWN**2
        return 0.5 * float((z * towards).sum()), towards / x


class ScalePrior(LightPrior):
    """Density of a standard deviation that is never zero for want of values, and heavy-tailed upwards.

    Over log s the log density is shape log(s / scale) - (shape + 1) / 2 log(1 + (s / scale)^2): a half-t with shape 1
    is a half-Cauchy (Gelman 2006, Bayesian Analysis 1, 515). Density over s itself would be flat towards zero, and its
    maximum with few values at zero, where tasks are taken to be copies of one another; that over log s avoids the
    boundary (Chung, Rabe-Hesketh, Dorie, Gelman & Liu 2013, Psychometrika 78, 685), and many values overrule it.

    Parameters
    ----------
    scale
        Where the density turns from rising to falling.
    shape
        How steeply it rises: 1 or more.

    Examples
    --------
    >>> prior = ScalePrior(2.0)
    >>> print(round(prior.log_prob(torch.tensor(2.0)).item(), 4))  # -log 2
    -0.6931
    """

    def __init__(self, scale: float, shape: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.shape = shape

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density over the logarithm, elementwise; of the size of x where that has a sign."""
        square = (x / self.scale).square()
        return 0.5 * (self.shape * torch.log(square) - (self.shape + 1.0) * torch.log1p(square))

    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density summed over a single set of parameters x, and its derivative by x."""
        square = np.square(x / self.scale)
        density = self.shape * np.log(square) - (self.shape + 1.0) * np.log1p(square)
        return 0.5 * float(density.sum()), (self.shape - (self.shape + 1.0) * square / (1.0 + square)) / x


class PositionsPrior(LightPrior):
    """Density of the tasks' positions: normal around the origin, and no two at one place for want of values.

    The density is over the logarithms of the distances, which adds the dimension times the logarithm of the distance
    for T - 1 of the T (T - 1) / 2 pairs, all sharing alike. Tasks that many values prove alike come as near as they
    have to; compare :class:`ScalePrior`.

    Examples
    --------
    >>> print(round(PositionsPrior().log_prob(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).item(), 4))  # 2 log 2 - 1
    0.3863
    """

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density of positions (..., T, dimension)."""
        tasks, dimension = x.shape[-2:]
        first, second = torch.triu_indices(tasks, tasks, offset=1, device=x.device)
        apart = (x[..., first, :] - x[..., second, :]).square().sum(-1)
        return dimension / tasks * torch.log(apart + _SAME_PLACE).sum(-1) - 0.5 * x.square().sum((-1, -2))

    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density summed over a single set of parameters x, and its derivative by x."""
        tasks, dimension = x.shape
        steps = x[:, None, :] - x
        apart = np.square(steps).sum(axis=-1) + _SAME_PLACE
        density = dimension / tasks * np.log(apart[np.triu_indices(tasks, 1)]).sum() - 0.5 * np.square(x).sum()
        return float(density), 2.0 * dimension / tasks * (steps / apart[:, :, None]).sum(axis=1) - x


class NoisePrior(LightPrior):
    """Density of noise standard deviations, in units of their tasks, that are alike where tasks are related.

    With m the mean of log s over a group of related tasks, the log density is
    sum over groups of m / 2, less sum over tasks of s^2 / 2 + log(1 + (log s - m)^2).

    It falls slowly towards zero, so that a few values which can be interpolated are no proof of exactness, while many
    values of a deterministic simulator are. The last term has heavy tails: exact simulations together with noisy
    experiments cost little more than noise levels a factor of ten apart.

    Parameters
    ----------
    groups
        (T,) label of each task's group; tasks of one group are related.

    Examples
    --------
    >>> prior = NoisePrior(torch.tensor([0, 0, 1]))
    >>> round(prior.log_prob(torch.tensor([1.0, 1.0, 1.0])).item(), 4)
    -1.5
    """

    def __init__(self, groups: Tensor) -> None:
        super().__init__()
        together = (groups.unsqueeze(0) == groups.unsqueeze(1)).to(torch.float64)
        self.register_buffer("averaging", together / together.sum(0))

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density of standard deviations (..., T), summed over the tasks."""
        averaging = self.averaging.to(x)
        logs = torch.log(x)
        own = logs - logs @ averaging
        level = 0.5 * averaging.diagonal() * logs
        return (level - 0.5 * x.square() - torch.log1p(own.square())).sum(-1)

    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density summed over a single set of parameters x, and its derivative by x."""
        averaging = self.averaging.numpy(force=True)
        logs = np.log(x)
        own = logs - logs @ averaging
        heavy = 1.0 + np.square(own)
        pull = 2.0 * own / heavy
        level = 0.5 * averaging.diagonal()
        density = level * logs - 0.5 * np.square(x) - np.log(heavy)
        return float(density.sum()), (level - pull + pull @ averaging.T) / x - x


class RelatedNoisePrior(LightPrior):
    """:class:`NoisePrior` of one task whose related tasks have noise levels that are known already.

    Parameters
    ----------
    levels
        (m,) noise standard deviations of the related tasks, in units of these tasks.

    Examples
    --------
    >>> prior = RelatedNoisePrior(torch.tensor([1.0]))
    >>> round(prior.log_prob(torch.tensor([1.0])).item(), 4)
    -1.0
    """

    def __init__(self, levels: Tensor) -> None:
        super().__init__()
        self.register_buffer("levels", levels.to(torch.float64))
        self.together = NoisePrior(torch.zeros(len(levels) + 1))

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density of standard deviations (..., 1)."""
        return self.together.log_prob(self._beside(x))

    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density of a single standard deviation x, (1,), and its derivative by x."""
        density, slope = self.together.log_prob_and_slope(np.concatenate([self.levels.numpy(force=True), x]))
        return density, slope[-1:]

    def _beside(self, x: Tensor) -> Tensor:
        return torch.cat([self.levels.to(x).expand(*x.shape[:-1], -1), x], dim=-1)


class NormalPrior(LightPrior):
    """Normal density around zero of a parameter that may have either sign.

    Examples
    --------
    >>> NormalPrior(0.5).log_prob(torch.tensor(-0.5)).item()
    -0.5
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density, elementwise."""
        return -0.5 * (x / self.scale).square()

    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density summed over a single set of parameters x, and its derivative by x."""
        slope = x / -(self.scale**2)
        return 0.5 * float((x * slope).sum()), slope


class CauchyPrior(LightPrior):
    """Cauchy density around zero of a parameter that may have either sign and may be large.

    Examples
    --------
    >>> print(round(CauchyPrior(0.5).log_prob(torch.tensor(-0.5)).item(), 4))  # -log 2
    -0.6931
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density, elementwise."""
        return -torch.log1p((x / self.scale).square())

    def log_prob_and_slope(self, x: Array) -> tuple[float, Array]:
        """The log density summed over a single set of parameters x, and its derivative by x."""
        heavy = 1.0 + np.square(x / self.scale)
        return -float(np.log(heavy).sum()), -2.0 * x / (self.scale**2 * heavy)
