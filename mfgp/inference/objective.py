"""The log posterior density of the hyperparameters as a function of one flat vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from botorch.utils.constraints import LogTransformedInterval
from gpytorch.module import Module
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.errors import NumericsError
from mfgp.inference.evidence import log_evidence
from mfgp.inference.noise import TaskNoise
from mfgp.kernels.task_kernel import TaskKernel
from mfgp.kernels.training import training_covariance

_UNBOUNDED = 50.0
IMPOSSIBLE = 1e25  # the loss where no factorisation succeeds


class Objective:
    """Negative log posterior of a kernel's and a noise's free parameters, given observations.

    Parameters
    ----------
    kernel, noise
        The modules whose parameters are read and set.
    observations
        Standardised observations, sorted by task.

    Notes
    -----
    The flat vector holds the raw parameters: logarithms of lengthscales and standard deviations, signed loadings and
    weights as they are.
    """

    def __init__(self, kernel: TaskKernel, noise: TaskNoise, observations: Observations) -> None:
        self.kernel, self.noise, self.observations = kernel, noise, observations
        self.parameters = [p for module in (kernel, noise) for p in module.parameters() if p.requires_grad]
        self.evaluations = 0
        self.jitter = 0.0
        self._known_variance = observations.noise.square()
        self._priors = list(_priors(kernel)) + list(_priors(noise))

    def log_evidence(self) -> Tensor:
        """Log evidence of the observations at the current parameters."""
        data = self.observations
        covariance = training_covariance(self.kernel, data.x, data.task)
        variance = self.noise.variance(data.task, self._known_variance)
        value, jitter = log_evidence(covariance, variance, data.y)
        self.jitter = max(self.jitter, jitter)
        return value

    def log_prior(self) -> Tensor:
        """Log prior density at the current parameters."""
        total = torch.zeros((), dtype=torch.float64, device=self.observations.y.device)
        for log_prob, value in self._priors:
            total = total + log_prob(value()).sum()
        return total

    def value_and_gradient(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Negative log posterior and its gradient at a flat vector; huge where no factorisation succeeds."""
        self.set(vector)
        self.evaluations += 1
        try:
            loss = -(self.log_evidence() + self.log_prior())
        except NumericsError:
            return IMPOSSIBLE, np.zeros_like(vector)
        gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        flat = [
            torch.zeros(p.numel(), dtype=torch.float64) if g is None else g.reshape(-1).cpu()
            for p, g in zip(self.parameters, gradients, strict=True)
        ]
        return loss.item(), torch.cat(flat).numpy()

    def get(self) -> np.ndarray:
        """The current parameters as a flat vector."""
        return torch.cat([p.detach().reshape(-1).cpu() for p in self.parameters]).numpy().astype(float)

    @torch.no_grad()
    def set(self, vector: np.ndarray) -> None:
        """Write a flat vector into the parameters."""
        flat = torch.from_numpy(np.asarray(vector, dtype=float))
        position = 0
        for parameter in self.parameters:
            size = parameter.numel()
            parameter.copy_(flat[position : position + size].view_as(parameter))
            position += size

    def bounds(self) -> list[tuple[float, float]]:
        """Bounds of each entry of the flat vector."""
        by_parameter = dict(_bounds(self.kernel)) | dict(_bounds(self.noise))
        return [
            by_parameter.get(id(parameter), (-_UNBOUNDED, _UNBOUNDED))
            for parameter in self.parameters
            for _ in range(parameter.numel())
        ]


def _priors(module: Module) -> Iterator[tuple[Callable[[Tensor], Tensor], Callable[[], Tensor]]]:
    for _, owner, prior, value, _ in module.named_priors():
        yield prior.log_prob, partial(value, owner)


def _bounds(module: Module) -> Iterator[tuple[int, tuple[float, float]]]:
    for name, parameter, constraint in module.named_parameters_and_constraints():
        del name
        if isinstance(constraint, LogTransformedInterval):
            yield id(parameter), (constraint.lower_bound.log().item(), constraint.upper_bound.log().item())
