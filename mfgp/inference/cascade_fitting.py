"""Fitting of a cascade: task after task, each after its sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.cascade import Cascade
from mfgp.inference.conditional import Conditional
from mfgp.inference.fitting import fit, refit
from mfgp.inference.noise import TaskNoise
from mfgp.inference.pattern import Known
from mfgp.inference.report import FitReport
from mfgp.kernels import AutoregressiveKernel, CascadeKernel, TaskKernel, input_kernel
from mfgp.kernels.autoregressive import topological_order
from mfgp.kernels.levels import LevelEmbedding, MixedInputKernel, embeddings_of, expanded_columns

FOLLOWED_SHARE = 0.95  # of the variance that the inputs leave; the rest is noise, so that copies of a row may differ
LEAST_UNEXPLAINED = 1e-3  # deviation of what the inputs leave, below which it does not matter what it is
RELATION_STRETCH = 10.0  # a relation between tasks changes more slowly over the inputs than the tasks do


def fit_cascade(
    observations: Observations,
    sources: Mapping[int, Sequence[int]],
    kernel: str | Kernel = "matern52",
    levels: Mapping[int, int] | None = None,
    before: Cascade | None = None,
    climb: bool = True,
) -> tuple[Cascade, dict[int, FitReport]]:
    """Fit each task's process to its own observations, the sources' values there taken from what is fitted already.

    A source's value at an observation is its posterior given all of the source's own values, that of the same row among
    them: a mean, and a variance with which :class:`~mfgp.kernels.CascadeKernel` weakens what the observation says.
    The task's own value has no part in it. Levels of categorical inputs are where a task before has them, so that a few
    values need not tell them apart. Noise levels of related tasks are a priori alike, as everywhere.

    What the inputs do not tell of a source may be noise of its measurement, or the row's own, a row effect that the
    tasks after it follow. Only these can tell which: both are tried, and the one with the larger evidence is taken.

    Parameters
    ----------
    observations
        Standardised observations of all tasks, sorted by task.
    sources
        For each task, its sources.
    kernel
        k(x, x') on the inputs, as for :func:`~mfgp.kernels.input_kernel`.
    levels
        The number of levels by column of codes, whose positions are learned; None where all inputs are numbers.
    before
        A cascade of the same tasks with other values, whose hyperparameters are right or nearly so; None to look for
        them from several starts.
    climb
        Whether to fit at all, and not to leave the hyperparameters as they were before.

    Returns
    -------
    The cascade, and the report of each task that was fitted.
    """
    levels = levels or {}
    if before is not None:
        return _fit(observations, sources, kernel, levels, before, climb=climb)
    followed = _fit(observations, sources, kernel, levels, share=FOLLOWED_SHARE)
    if not any(_has_row_effect(conditional.kernel) for conditional in followed[0].conditionals.values()):
        return followed
    noisy = _fit(observations, sources, kernel, levels, followed[0], share=0.0)
    if _log_evidence(followed[0]) >= _log_evidence(noisy[0]):
        return followed
    return _fit(observations, sources, kernel, levels, share=0.0)


def _fit(
    observations: Observations,
    sources: Mapping[int, Sequence[int]],
    kernel: str | Kernel,
    levels: Mapping[int, int],
    before: Cascade | None = None,
    share: float | None = None,
    climb: bool = True,
) -> tuple[Cascade, dict[int, FitReport]]:
    """The same with a share of the row effect in what the inputs leave of sources; as before where it is None."""
    conditionals: dict[int, Conditional] = {}
    reports = {}
    inputs = observations.x.shape[-1]
    order = topological_order(sources)
    for task in order:
        own = observations.of_task(task)
        several = sorted(sources[task])
        ancestors = _ancestors(task, sources)
        is_followed = _is_followed(task, sources)
        placed: list[LevelEmbedding] = []
        if several:
            cascade = Cascade({t: conditionals[t] for t in order if t in ancestors}, len(order))
            own = replace(own, x=_with_sources(cascade, own.x, several))
            placed = _placed([conditionals[t] for t in ancestors], levels)
        covariance = kernel_of_task(kernel, inputs, levels, len(several), is_followed, placed)
        covariance.to(own.x.device)
        scales = [_unexplained(conditionals[t]) for t in ancestors if conditionals[t].noise.learned]
        noise = TaskNoise(1, own.task, own.noise, related=torch.cat(scales) if scales else None)
        if is_followed:
            covariance.row_loadings.requires_grad_(False)
        if before is None:
            reports[task] = fit(covariance, noise, own)
        else:
            _hand_on(before.conditionals[task], covariance, noise)
            if climb:
                reports[task] = refit(covariance, noise, own)
        whole = _whole(covariance, noise)
        if share is not None and is_followed and bool(noise.learned) and whole > LEAST_UNEXPLAINED:
            covariance.set_row_effect(whole * share**0.5)
            noise.set_scale(whole * (1.0 - share) ** 0.5)
        conditionals[task] = Conditional(covariance, noise, own, several)
    return Cascade(conditionals, len(order)), {task: reports[task] for task in range(len(order)) if task in reports}


def kernel_of_task(
    kernel: str | Kernel,
    num_inputs: int,
    levels: Mapping[int, int],
    num_sources: int,
    followed: bool,
    placed: Sequence[LevelEmbedding] = (),
) -> TaskKernel:
    """The kernel of one task of a cascade, before it is fitted.

    Parameters
    ----------
    kernel, levels
        As for :func:`fit_cascade`.
    num_inputs
        d, codes among them.
    num_sources
        How many sources the task has.
    followed
        Whether it is a source of other tasks.
    placed
        Of a task with sources, the embeddings of its levels, one for each column of codes.
    """
    width = expanded_columns(num_inputs, levels)
    if not num_sources:
        alone = AutoregressiveKernel([input_kernel(kernel, width)], sources={}, followed=[0] if followed else [])
        alone.embed_levels(num_inputs, levels)
        return alone
    parts = input_kernel(kernel, width), input_kernel(kernel, width, stretch=RELATION_STRETCH)
    if levels:
        parts = MixedInputKernel(parts[0], num_inputs, placed), MixedInputKernel(parts[1], num_inputs, placed)
    return CascadeKernel(*parts, num_inputs, num_sources, followed)


def _is_followed(task: int, sources: Mapping[int, Sequence[int]]) -> bool:
    return any(task in several for several in sources.values())


def _has_row_effect(kernel: TaskKernel) -> bool:
    rows = kernel.row_effect()
    return rows is not None and bool(rows.any())


def _unexplained(conditional: Conditional) -> Tensor:
    """(1,) standard deviation of what the inputs leave of a task, row effect and noise."""
    return _whole(conditional.kernel, conditional.noise)


@torch.no_grad()
def _whole(kernel: TaskKernel, noise: TaskNoise) -> Tensor:
    rows = kernel.row_effect()
    square = noise.scale.square()
    return (square if rows is None else square + rows.diagonal()).sqrt()


@torch.no_grad()
def _log_evidence(cascade: Cascade) -> float:
    """Log evidence of all tasks' values, up to a constant."""
    posteriors = [conditional.posterior for conditional in cascade.conditionals.values()]
    parts = [0.5 * (p.observations.y @ p.weights) + p.lower.diagonal().log().sum() for p in posteriors]
    return -torch.stack(parts).sum().item()


@torch.no_grad()
def _hand_on(before: Conditional, kernel: TaskKernel, noise: TaskNoise) -> None:
    """Give a kernel and a noise the hyperparameters of others of the same kind."""
    for new, old in ((kernel, before.kernel), (noise, before.noise)):
        for parameter, value in zip(new.parameters(), old.parameters(), strict=True):
            parameter.copy_(value)


def _placed(known: Sequence[Conditional], levels: Mapping[int, int]) -> list[LevelEmbedding]:
    """Embeddings with the levels where one of the tasks before has them: the one that saw the most levels and values.

    They stay there, unless it did not see all levels: then they are learned, from there on.
    """

    def seen(conditional: Conditional) -> tuple[int, int]:
        x = conditional.posterior.observations.x
        return sum(len(x[:, column].unique()) for column in levels), len(x)

    richest = max(known, key=seen)
    placed = [LevelEmbedding(column, count) for column, count in levels.items()]
    for new, old in zip(placed, embeddings_of(richest.kernel.input_kernels[0]), strict=True):
        new.positions.requires_grad_(seen(richest)[0] < sum(levels.values()))
        with torch.no_grad():
            new.positions.copy_(old.positions)
    return placed


def _ancestors(task: int, sources: Mapping[int, Sequence[int]]) -> list[int]:
    """The sources of a task, theirs, and so on, each once."""
    return sorted({*sources[task]}.union(*(_ancestors(source, sources) for source in sources[task])))


def _with_sources(cascade: Cascade, x: Tensor, sources: list[int]) -> Tensor:
    """Rows (n, d + 2k) of a cascade kernel: the inputs, and means and variances of the sources there."""
    joint = cascade.joint(x, Known.nothing(len(x), cascade.num_tasks, x))
    variance = joint.covariance.diagonal(dim1=-2, dim2=-1).clamp_min(0.0)
    return torch.cat([x, joint.mean[:, sources], variance[:, sources]], dim=-1)
