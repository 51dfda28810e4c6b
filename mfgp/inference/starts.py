"""Points to start the optimisation from, each from a different reading of how the tasks are related.

They are computed from the data alone, in a way that a change of a task's unit, offset or sign, or of the order of rows,
tasks or inputs carries over to; nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import singledispatch
from typing import NamedTuple

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.estimates import TaskEstimate, correlation, estimate_task
from mfgp.inference.noise import TaskNoise
from mfgp.kernels import (
    AutoregressiveKernel,
    CascadeKernel,
    CoregionalizationKernel,
    TaskEmbeddingKernel,
    TaskKernel,
    input_kernel,
)
from mfgp.kernels.levels import LevelEmbedding, MixedInputKernel, embeddings_of, plain
from mfgp.kernels.priors import LengthscalePrior
from mfgp.kernels.stationary import LENGTHSCALE_BOUNDS, profile

_SHORT = 0.15  # of the usual lengthscales: a task that goes up and down several times looks like noise from there
_ALIKE = 0.98  # correlation of tasks that a start takes to be nearly the same
_LITTLE = 0.3  # standard deviation of a part of the kernel that a start leaves out


@singledispatch
def starting_points(kernel: TaskKernel, noise: TaskNoise, observations: Observations) -> Iterator[str]:
    """Set the parameters to one start after the other, and give each one's name.

    A kernel of the user's own starts from its current parameters only.
    """
    yield "current"


@starting_points.register
def _(kernel: CoregionalizationKernel, noise: TaskNoise, observations: Observations) -> Iterator[str]:
    yield "current"
    for reading in _readings(kernel, observations):
        _set_noise(kernel, noise, reading.noise, _signs(reading.correlations))
        for q, inner in enumerate(kernel.input_kernels):
            stretch = 3.0 ** (q - (len(kernel.input_kernels) - 1) / 2)
            _set_lengthscale(inner, reading.lengthscale, stretch)
        kernel.set_task_covariance(torch.outer(reading.scales, reading.scales) * reading.correlations)
        yield reading.name


@starting_points.register
def _(kernel: TaskEmbeddingKernel, noise: TaskNoise, observations: Observations) -> Iterator[str]:
    yield "current"
    for reading in _readings(kernel, observations):
        signs = _signs(reading.correlations)
        _set_noise(kernel, noise, reading.noise, signs)
        _set_lengthscale(kernel.input_kernels[0], reading.lengthscale)
        positions = _positions(reading.correlations.abs(), kernel.dimension)
        kernel.set_embedding(positions, amplitude=signs * reading.scales)
        yield reading.name


@starting_points.register
def _(kernel: AutoregressiveKernel, noise: TaskNoise, observations: Observations) -> Iterator[str]:
    yield "current"
    tasks = [observations.of_task(task) for task in range(kernel.num_tasks)]
    columns = range(observations.x.shape[-1])
    estimates = {task: estimate_task(_fresh(kernel.input_kernels[task]), tasks[task]) for task in kernel.order}
    for trend in (False, True) if kernel.edges else (False,):
        residuals = dict(estimates)
        for task in kernel.order:
            sources = kernel.sources[task]
            if sources:
                predictions = torch.stack([estimates[source].predict(tasks[task].x) for source in sources], dim=-1)
                numbers = tasks[task].x[:, [column for column in columns if column not in kernel.levels]]
                weights = _regress(tasks[task].y, predictions, numbers if trend else None)
                kernel.set_edges({(task, source): w for source, w in zip(sources, weights.tolist(), strict=True)})
                rest = replace(tasks[task], y=tasks[task].y - predictions @ weights)
                residuals[task] = estimate_task(_fresh(kernel.input_kernels[task]), rest)
        _set_differences(kernel, noise, residuals)
        yield "low fidelity first, then the differences" + (" with a trend" if trend else "")
    if kernel.edges:
        kernel.set_edges(dict.fromkeys(kernel.edges, 0.0))
        _set_differences(kernel, noise, estimates)
        yield "tasks unrelated"
    elif kernel.num_tasks == 1:
        inner = kernel.input_kernels[0]
        _set_lengthscale(inner, _fresh(inner).lengthscale if profile(inner) else None, _SHORT)
        kernel.set_scale(0, 1.0)
        noise.set_scale(torch.full_like(noise.scale, _LITTLE))
        yield "short lengthscales"


@starting_points.register
def _(kernel: CascadeKernel, noise: TaskNoise, observations: Observations) -> Iterator[str]:
    yield "current"
    d, k = kernel.num_inputs, kernel.num_sources
    over_inputs, over_values = _fresh(kernel.own.inner), _fresh(kernel.relation.values)
    inputs, values = observations.x[:, :d], observations.x[:, d : d + k]
    usual = plain(over_inputs).lengthscale if profile(over_inputs) else None
    placed = [(embedding, embedding.positions.detach().clone()) for embedding in embeddings_of(kernel.own.inner)]

    def begin(curve: float, slopes: Tensor, stretch: float, lengthscale: Tensor | None, explained: Tensor) -> None:
        rest = estimate_task(deepcopy(over_inputs), replace(observations, x=inputs, y=observations.y - explained))
        _replace_levels(placed)
        kernel.set_scales(rest.scale, curve, slopes + _LITTLE)
        _set_lengthscale(kernel.own.inner, rest.lengthscale)
        _set_lengthscale(kernel.relation.inner, usual, stretch)
        _set_lengthscale(kernel.relation.values, lengthscale)
        noise.set_scale(rest.noise.scale.detach())

    none = torch.zeros_like(values[0])
    begin(_LITTLE, none, 1.0, over_values.lengthscale, explained=torch.zeros_like(observations.y))
    yield "task alone"
    of_values = replace(observations, x=values)
    slopes = _regress(observations.y, values, None)
    begin(_LITTLE, slopes.abs(), 10.0, over_values.lengthscale, explained=values @ slopes)
    yield "linear in its sources"
    alone = estimate_task(deepcopy(over_values), of_values)
    begin(alone.scale, none, 2.0, alone.lengthscale, explained=alone.predict(values))
    yield "a curve over its sources"
    _replace_levels(placed)
    expanded = torch.cat([_expanded(kernel.own.inner, inputs), values], dim=-1)
    both = estimate_task(input_kernel("rbf", expanded.shape[-1]), replace(observations, x=expanded))
    lengthscales = torch.as_tensor(both.lengthscale)
    kernel.set_scales(_LITTLE, both.scale, none + _LITTLE)
    _set_lengthscale(kernel.relation.inner, lengthscales[:, :-k])
    _set_lengthscale(kernel.relation.values, lengthscales[:, -k:])
    noise.set_scale(both.noise.scale.detach())
    yield "a surface over its inputs and sources"


@torch.no_grad()
def _replace_levels(placed: Sequence[tuple[LevelEmbedding, Tensor]]) -> None:
    for embedding, positions in placed:
        embedding.positions.copy_(positions)


@torch.no_grad()
def _expanded(inner: Kernel, inputs: Tensor) -> Tensor:
    return inner.expand(inputs) if isinstance(inner, MixedInputKernel) else inputs


class _Reading(NamedTuple):
    """What a start takes the tasks to be: correlations (T, T), deviations and noise (T,), lengthscales (1, d)."""

    name: str
    correlations: Tensor
    scales: Tensor
    noise: Tensor
    lengthscale: Tensor | None


def _readings(kernel: CoregionalizationKernel | TaskEmbeddingKernel, observations: Observations) -> Iterator[_Reading]:
    """Readings of tasks that share processes; at each the levels of their inputs are placed anew."""
    tasks = [observations.of_task(task) for task in range(kernel.num_tasks)]
    estimates = [estimate_task(_fresh(kernel.input_kernels[0]), task) for task in tasks]
    related = correlation(estimates, tasks)
    scales = torch.tensor([estimate.scale for estimate in estimates], dtype=torch.float64)
    noise = torch.cat([estimate.noise.scale.detach() for estimate in estimates])
    lengthscale = _typical_lengthscale(estimates)
    richest = max(range(len(tasks)), key=lambda task: (len(tasks[task]), -noise[task].item()))
    signs = _signs(related)
    alone = [_Reading("task alone", related, scales, noise, lengthscale)]
    several = [
        _Reading("each task alone, then their correlation", related, scales, noise, lengthscale),
        _Reading("tasks unrelated", _damped(related, 0.1), scales, noise, lengthscale),
        _Reading(
            "tasks alike, as the one with the most values is",
            _damped(torch.outer(signs, signs), _ALIKE),
            scales[richest].expand_as(scales),
            noise[richest].expand_as(noise),
            estimates[richest].lengthscale,
        ),
    ]
    for reading in several if kernel.num_tasks > 1 else alone:
        _set_levels(kernel, dict(enumerate(estimates)))
        yield reading


def _set_differences(kernel: AutoregressiveKernel, noise: TaskNoise, residuals: dict[int, TaskEstimate]) -> None:
    for task, residual in residuals.items():
        kernel.set_scale(task, residual.scale)
        lengthscale = residual.lengthscale
        if lengthscale is not None:
            _set_lengthscale(kernel.input_kernels[task], lengthscale)
    _set_levels(kernel, residuals)
    scale = torch.cat([residuals[task].noise.scale.detach() for task in range(kernel.num_tasks)])
    _set_noise(kernel, noise, scale, torch.ones_like(scale))


def _regress(y: Tensor, predictions: Tensor, numbers: Tensor | None) -> Tensor:
    """Least-squares weights of the sources' predictions, beside a constant and a linear trend in numbers, if given."""
    columns = [predictions, torch.ones(len(y), 1).to(predictions)]
    if numbers is not None and len(y) > predictions.shape[-1] + 1 + numbers.shape[-1]:
        columns.append(numbers - numbers.mean(0))
    design = torch.cat(columns, dim=-1)
    ridge = 1e-6 * max(len(y), 1) * torch.eye(design.shape[-1]).to(design)
    weights = torch.linalg.solve(design.T @ design + ridge, design.T @ y)
    return weights[: predictions.shape[-1]].clamp(-10.0, 10.0)


def _fresh(inner: Kernel) -> Kernel:
    """A copy of an input kernel, at the median of its prior where it is one of ours."""
    copy = deepcopy(inner)
    if profile(copy) is not None:
        numeric = plain(copy)
        prior = getattr(numeric, "lengthscale_prior", None)
        if isinstance(prior, LengthscalePrior):
            numeric.lengthscale = torch.full_like(numeric.lengthscale, prior.median)
    return copy


def _set_lengthscale(inner: Kernel, lengthscale: Tensor | None, stretch: float = 1.0) -> None:
    if lengthscale is None or profile(inner) is None:
        return
    lower, upper = LENGTHSCALE_BOUNDS
    numeric = plain(inner)
    numeric.lengthscale = (lengthscale * stretch).clamp(1.5 * lower, upper / 1.5).expand_as(numeric.lengthscale)


@torch.no_grad()
def _set_levels(kernel: TaskKernel, estimates: dict[int, TaskEstimate]) -> None:
    """Positions of levels as the task with the most observations has them, in each group of tasks."""
    groups = kernel.groups().tolist()
    for label, inner in zip(kernel.process_groups(), kernel.input_kernels, strict=True):
        group = [task for task in estimates if groups[task] == label] or list(estimates)
        richest = max(group, key=lambda task: len(estimates[task].observations))
        found = embeddings_of(estimates[richest].kernel.input_kernels[0])
        for embedding, source in zip(embeddings_of(inner), found, strict=True):
            embedding.positions.copy_(source.positions)


def _set_noise(kernel: TaskKernel, noise: TaskNoise, unexplained: Tensor, signs: Tensor) -> None:
    """Share what the inputs leave unexplained equally between the row effect and the noise; a held one stays."""
    if kernel.row_tasks and not kernel.row_loadings.requires_grad:
        noise.set_scale(unexplained)
        return
    scale = unexplained / 2.0**0.5
    noise.set_scale(scale)
    kernel.set_row_effect(scale * signs.to(scale))


def _typical_lengthscale(estimates: list[TaskEstimate]) -> Tensor | None:
    """Geometric mean of the tasks' lengthscales, tasks with many observations counting more."""
    if any(estimate.lengthscale is None for estimate in estimates):
        return None
    logs = torch.stack([estimate.lengthscale.log() for estimate in estimates if estimate.lengthscale is not None])
    weights = torch.tensor([float(len(estimate.observations)) for estimate in estimates]).to(logs)
    return (logs * weights.view(-1, 1, 1) / weights.sum()).sum(0).exp()


def _damped(correlations: Tensor, factor: float) -> Tensor:
    identity = torch.eye(len(correlations)).to(correlations)
    return identity + factor * (correlations - identity)


def _signs(correlations: Tensor) -> Tensor:
    """Signs of the leading eigenvector: which tasks go up together."""
    leading = torch.linalg.eigh(correlations).eigenvectors[:, -1]
    return torch.where(leading < 0.0, -1.0, 1.0).to(correlations)


def _positions(similarity: Tensor, dimension: int) -> Tensor:
    """Classical scaling (Torgerson 1952) of the distances at which an RBF kernel has these correlations."""
    count = len(similarity)
    distance = -2.0 * similarity.clamp(0.02, 0.999).log()
    distance.fill_diagonal_(0.0)
    centring = torch.eye(count).to(distance) - 1.0 / count
    values, vectors = torch.linalg.eigh(-0.5 * centring @ distance @ centring)
    positions = torch.zeros(count, dimension).to(distance)
    kept = min(dimension, count)
    positions[:, :kept] = (vectors * values.clamp_min(0.0).sqrt()).flip(1)[:, :kept]
    return positions
