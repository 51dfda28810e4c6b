"""The log posterior density of the hyperparameters as a function of one flat vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from botorch.utils.constraints import LogTransformedInterval
from gpytorch.module import Module
from gpytorch.priors import Prior
from torch import Tensor
from torch.nn import Parameter

from mfgp.data.observations import Observations
from mfgp.errors import NumericsError
from mfgp.inference.evidence import evidence_and_gradient, log_evidence
from mfgp.inference.noise import TaskNoise
from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, TaskEmbeddingKernel
from mfgp.kernels.levels import plain
from mfgp.kernels.priors import LightPrior
from mfgp.kernels.stationary import profile
from mfgp.kernels.task_kernel import TaskKernel
from mfgp.kernels.training import TrainingCovariance, training_covariance

UNBOUNDED = 50.0
_LEAST_UNIT = 1e-6
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
        self._covariance = TrainingCovariance(observations.x, observations.task, kernel.num_tasks)
        self._priors = [*_priors(kernel), *_priors(noise)]
        self._closed_form = _is_closed_form(kernel, self._priors)

    def log_evidence(self) -> float:
        """Log evidence of the observations at the current parameters."""
        data = self.observations
        with torch.no_grad():
            covariance = training_covariance(self.kernel, data.x, data.task)
            variance = self.noise.variance(data.task, self._known_variance)
            value, jitter = log_evidence(covariance, variance, data.y)
        self.jitter = max(self.jitter, jitter)
        return value.item()

    def log_prior(self) -> Tensor:
        """Log prior density at the current parameters."""
        total = torch.zeros((), dtype=torch.float64, device=self.observations.y.device)
        for prior, owner, _, read in self._priors:
            total = total + prior.log_prob(read(owner)).sum()
        return total

    def value_and_gradient(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Negative log posterior and its gradient at a flat vector; IMPOSSIBLE where no factorisation succeeds."""
        self.set(vector)
        self.evaluations += 1
        try:
            value, gradients = self._by_hand() if self._closed_form else self._by_autograd()
        except NumericsError:
            return IMPOSSIBLE, np.zeros_like(vector)
        return -value, -np.concatenate([gradients[parameter].reshape(-1) for parameter in self.parameters])

    @torch.no_grad()
    def _by_hand(self) -> tuple[float, dict[Parameter, np.ndarray]]:
        """Log posterior and its gradient without a graph."""
        data, kernel, noise = self.observations, self.kernel, self.noise
        processes, offsets, row_effect = kernel.processes(), kernel.offsets(), kernel.row_effect()
        variance = noise.variance(data.task, self._known_variance)

        def fill() -> Tensor:
            covariance = self._covariance.fill(processes, offsets, row_effect)
            covariance.diagonal().add_(variance)
            return covariance

        evidence = evidence_and_gradient(fill, data.y)
        self.jitter = max(self.jitter, evidence.jitter)
        by_variance = evidence.by_covariance.diagonal().clone()
        by_parts = self._covariance.gradient(processes, evidence.by_covariance)
        gradients: dict[Parameter, np.ndarray] = {}
        by_noise = noise.pull_back(by_variance, data.task, self._known_variance)
        for parameter, by_parameter in (*kernel.pull_back(by_parts), by_noise):
            slope = by_parameter.numpy(force=True)
            gradients[parameter] = gradients[parameter] + slope if parameter in gradients else slope
        value = evidence.value
        for prior, owner, parameter, read in self._priors:
            x = read(owner)
            array = x.numpy(force=True)
            log_prob, slope = prior.log_prob_and_slope(array)
            value += log_prob
            gradients[parameter] = gradients[parameter] + (slope if x is parameter else slope * array)
        return value, gradients

    def _by_autograd(self) -> tuple[float, dict[Parameter, np.ndarray]]:
        """The same for kernels and priors of the user's own, through a graph of n x n steps."""
        data = self.observations
        rows = torch.cat([data.x, data.task.unsqueeze(-1).to(data.x)], dim=-1)
        variance = self.noise.variance(data.task, self._known_variance)
        evidence, jitter = log_evidence(self.kernel.forward(rows, rows), variance, data.y)
        self.jitter = max(self.jitter, jitter)
        value = evidence + self.log_prior()
        gradients = torch.autograd.grad(value, self.parameters, allow_unused=True, materialize_grads=True)
        arrays = [gradient.numpy(force=True) for gradient in gradients]
        return value.item(), dict(zip(self.parameters, arrays, strict=True))

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

    @torch.no_grad()
    def invariants(self) -> np.ndarray:
        """What the current parameters mean: logarithms of lengthscales, noise and tasks' deviations, and correlations.

        Unlike the flat vector it is the same where loadings turn or signs of tasks that go together flip.
        """
        lengthscales = [
            torch.as_tensor(plain(inner).lengthscale).log().flatten()
            for inner in self.kernel.input_kernels
            if profile(inner) is not None
        ]
        covariance = self.kernel.task_covariance(self.observations.x)
        covariance = covariance if covariance.dim() == 2 else covariance.mean(0)
        deviations = covariance.diagonal().sqrt()
        first, second = torch.tril_indices(len(covariance), len(covariance), offset=-1)
        correlations = (covariance / torch.outer(deviations, deviations))[first, second]
        return torch.cat([*lengthscales, self.noise.scale.log(), deviations.log(), correlations]).cpu().numpy()

    @torch.no_grad()
    def units(self) -> np.ndarray:
        """What a step of each entry of the flat vector is measured in: one, or the noise where it is a row effect.

        A row effect is a standard deviation with a sign, so it is in the vector itself and not its logarithm. It
        may be as small as the noise, where steps of one overshoot.
        """
        units = [torch.ones_like(parameter) for parameter in self.parameters]
        for unit, parameter in zip(units, self.parameters, strict=True):
            if self.kernel.row_tasks and parameter is self.kernel.row_loadings:
                noise = self.noise.scale[self.kernel.row_tasks]
                unit.copy_(torch.maximum(noise, parameter.abs()).clamp(_LEAST_UNIT, 1.0))
        return torch.cat([unit.reshape(-1).cpu() for unit in units]).numpy()

    def bounds(self) -> list[tuple[float, float]]:
        """Bounds of each entry of the flat vector."""
        by_parameter = dict(_bounds(self.kernel)) | dict(_bounds(self.noise))
        return [
            by_parameter.get(id(parameter), (-UNBOUNDED, UNBOUNDED))
            for parameter in self.parameters
            for _ in range(parameter.numel())
        ]


class _Prior(NamedTuple):
    """A prior, the module and the parameter it belongs to, and how to read from the module what it is a density of."""

    prior: Prior
    owner: Module
    parameter: Any
    read: Callable[[Module], Tensor]


def _priors(module: Module) -> Iterator[_Prior]:
    """Priors by the convention of their names: `scale_prior` is that of `raw_scale`, or else of `scale`."""
    for name, owner, prior, read, _ in module.named_priors():
        stem = name.rpartition(".")[-1].removesuffix("_prior")
        parameter = getattr(owner, f"raw_{stem}", getattr(owner, stem, None))
        yield _Prior(prior, owner, parameter, read)


def _is_closed_form(kernel: TaskKernel, priors: list[_Prior]) -> bool:
    """Whether every gradient is known: a kernel, input kernels and priors of ours."""
    return (
        type(kernel) in (CoregionalizationKernel, AutoregressiveKernel, TaskEmbeddingKernel)
        and not kernel.batch_shape
        and all(
            profile(inner) is not None
            and isinstance(getattr(plain(inner), "raw_lengthscale_constraint", None), LogTransformedInterval)
            for inner in kernel.input_kernels
        )
        and all(isinstance(p.prior, LightPrior) and isinstance(p.parameter, Parameter) for p in priors)
    )


def _bounds(module: Module) -> Iterator[tuple[int, tuple[float, float]]]:
    for name, parameter, constraint in module.named_parameters_and_constraints():
        del name
        if isinstance(constraint, LogTransformedInterval):
            yield id(parameter), (constraint.lower_bound.log().item(), constraint.upper_bound.log().item())
