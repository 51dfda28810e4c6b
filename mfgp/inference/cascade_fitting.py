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
from mfgp.inference.fitting import fit
from mfgp.inference.noise import TaskNoise
from mfgp.inference.pattern import Known
from mfgp.inference.report import FitReport
from mfgp.kernels import AutoregressiveKernel, CascadeKernel, TaskKernel, input_kernel
from mfgp.kernels.autoregressive import topological_order
from mfgp.kernels.levels import LevelEmbedding, MixedInputKernel, embeddings_of, expanded_columns

RELATION_STRETCH = 10.0  # a relation between tasks changes more slowly over the inputs than the tasks do


def fit_cascade(
    observations: Observations,
    sources: Mapping[int, Sequence[int]],
    kernel: str | Kernel = "matern52",
    levels: Mapping[int, int] | None = None,
) -> tuple[Cascade, dict[int, FitReport]]:
    """Fit each task's process to its own observations, the sources' values there taken from what is fitted already.

    A source's value at an observation is its posterior given all of the source's own values, that of the same row among
    them: a mean, and a variance with which :class:`~mfgp.kernels.CascadeKernel` weakens what the observation says.
    The task's own value has no part in it. Levels of categorical inputs are where a task before has them, so that a few
    values need not tell them apart. Noise levels of related tasks are a priori alike, as everywhere.

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

    Returns
    -------
    The cascade, and each task's report.
    """
    conditionals: dict[int, Conditional] = {}
    reports = {}
    inputs, levels = observations.x.shape[-1], levels or {}
    width = expanded_columns(inputs, levels)
    order = topological_order(sources)
    for task in order:
        own = observations.of_task(task)
        several = sorted(sources[task])
        before = _ancestors(task, sources)
        if several:
            cascade = Cascade({t: conditionals[t] for t in order if t in before}, len(order))
            own = replace(own, x=_with_sources(cascade, own.x, several))
            parts = input_kernel(kernel, width), input_kernel(kernel, width, stretch=RELATION_STRETCH)
            if levels:
                placed = _placed([conditionals[t] for t in before], levels)
                parts = MixedInputKernel(parts[0], inputs, placed), MixedInputKernel(parts[1], inputs, placed)
            covariance: TaskKernel = CascadeKernel(*parts, inputs, len(several))
        else:
            covariance = AutoregressiveKernel([input_kernel(kernel, width)], sources={})
            covariance.embed_levels(inputs, levels)
        scales = [conditionals[t].noise.scale.detach() for t in before if conditionals[t].noise.learned]
        noise = TaskNoise(1, own.task, own.noise, related=torch.cat(scales) if scales else None)
        reports[task] = fit(covariance.to(own.x.device), noise, own)
        conditionals[task] = Conditional(covariance, noise, own, several)
    return Cascade(conditionals, len(order)), {task: reports[task] for task in range(len(order))}


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
