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

RELATION_STRETCH = 10.0  # a relation between tasks changes more slowly over the inputs than the tasks do


def fit_cascade(
    observations: Observations,
    sources: Mapping[int, Sequence[int]],
    kernel: str | Kernel = "matern52",
    before: Cascade | None = None,
    climb: bool = True,
) -> tuple[Cascade, dict[int, FitReport]]:
    """Fit each task's process to its own observations, the sources' values there taken from what is fitted already.

    A source's value at an observation is its posterior given all of the source's own values, that of the same row among
    them: a mean, and a variance with which :class:`~mfgp.kernels.CascadeKernel` weakens what the observation says.
    The task's own value has no part in it. Noise levels of related tasks are a priori alike, as everywhere.

    Parameters
    ----------
    observations
        Standardised observations of all tasks, sorted by task.
    sources
        For each task, its sources.
    kernel
        k(x, x') on the inputs, as for :func:`~mfgp.kernels.input_kernel`.
    before
        A cascade of the same tasks with other values, whose hyperparameters are right or nearly so; None to look for
        them from several starts.
    climb
        Whether to fit at all, and not to leave the hyperparameters as they were before.

    Returns
    -------
    The cascade, and the report of each task that was fitted.
    """
    conditionals: dict[int, Conditional] = {}
    reports = {}
    inputs = observations.x.shape[-1]
    order = topological_order(sources)
    for task in order:
        own = observations.of_task(task)
        several = sorted(sources[task])
        ancestors = _ancestors(task, sources)
        if several:
            cascade = Cascade({t: conditionals[t] for t in order if t in ancestors}, len(order))
            own = replace(own, x=_with_sources(cascade, own.x, several))
            relation = input_kernel(kernel, inputs, stretch=RELATION_STRETCH)
            covariance: TaskKernel = CascadeKernel(input_kernel(kernel, inputs), relation, inputs, len(several))
        else:
            covariance = AutoregressiveKernel([input_kernel(kernel, inputs)], sources={})
        levels = [conditionals[t].noise.scale.detach() for t in ancestors if conditionals[t].noise.learned]
        noise = TaskNoise(1, own.task, own.noise, related=torch.cat(levels) if levels else None)
        covariance.to(own.x.device)
        if before is not None:
            _hand_on(before.conditionals[task], covariance, noise)
        if climb:
            reports[task] = (fit if before is None else refit)(covariance, noise, own)
        conditionals[task] = Conditional(covariance, noise, own, several)
    return Cascade(conditionals, len(order)), {task: reports[task] for task in range(len(order)) if task in reports}


@torch.no_grad()
def _hand_on(before: Conditional, kernel: TaskKernel, noise: TaskNoise) -> None:
    """Give a kernel and a noise the hyperparameters of others of the same kind."""
    for new, old in ((kernel, before.kernel), (noise, before.noise)):
        for parameter, value in zip(new.parameters(), old.parameters(), strict=True):
            parameter.copy_(value)


def _ancestors(task: int, sources: Mapping[int, Sequence[int]]) -> list[int]:
    """The sources of a task, theirs, and so on, each once."""
    return sorted({*sources[task]}.union(*(_ancestors(source, sources) for source in sources[task])))


def _with_sources(cascade: Cascade, x: Tensor, sources: list[int]) -> Tensor:
    """Rows (n, d + 2k) of a cascade kernel: the inputs, and means and variances of the sources there."""
    joint = cascade.joint(x, Known.nothing(len(x), cascade.num_tasks, x))
    variance = joint.covariance.diagonal(dim1=-2, dim2=-1).clamp_min(0.0)
    return torch.cat([x, joint.mean[:, sources], variance[:, sources]], dim=-1)
