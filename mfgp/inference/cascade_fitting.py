"""Fitting of a cascade: task after task, each after its sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.inference.cascade import Cascade, Known
from mfgp.inference.conditional import Conditional
from mfgp.inference.fitting import fit
from mfgp.inference.noise import TaskNoise
from mfgp.inference.report import FitReport
from mfgp.kernels import AutoregressiveKernel, CascadeKernel, TaskKernel


@dataclass(frozen=True)
class _Fitted:
    """A task's kernel and noise, fitted to its observations."""

    kernel: TaskKernel
    noise: TaskNoise
    observations: Observations
    report: FitReport


def fit_cascade(
    observations: Observations,
    sources: Mapping[int, Sequence[int]],
    order: Sequence[int],
    new_kernel: Callable[[], Kernel],
) -> tuple[Cascade, dict[int, FitReport]]:
    conditionals: dict[int, Conditional] = {}
    fitted: dict[int, _Fitted] = {}
    for task in order:
        own = observations.of_task(task)
        several = sources[task]
        if several:
            before = _ancestors(task, sources)
            cascade = Cascade({t: conditionals[t] for t in order if t in before}, len(order))
            d = own.x.shape[-1]
            own = replace(own, x=_with_sources(cascade, own.x, several))
            kernel = CascadeKernel(new_kernel(), new_kernel(), d, len(several))
            levels = [fitted[t].noise.scale.detach() for t in before if fitted[t].noise.learned]
            related = torch.cat(levels) if levels else None
        else:
            kernel, related = AutoregressiveKernel([new_kernel()], sources={}), None
        kernel.to(own.x.device)
        noise = TaskNoise(1, own.task, own.noise, related=related)
        report = fit(kernel, noise, own)
        fitted[task] = _Fitted(kernel, noise, own, report)
        conditionals[task] = Conditional(kernel, noise, own, several)
    return Cascade(conditionals, len(order)), {task: fitted[task].report for task in order}


def _ancestors(task: int, sources: Mapping[int, Sequence[int]]) -> frozenset[int]:
    return frozenset(sources[task]).union(*(_ancestors(source, sources) for source in sources[task]))


def _with_sources(cascade: Cascade, x: Tensor, sources: Sequence[int]) -> Tensor:
    """Rows (n, d + 2k) of a cascade kernel: inputs, means and variances of the sources there."""
    joint = cascade.joint(x, Known.nothing(len(x), cascade.num_tasks, x))
    variance = joint.covariance.diagonal(dim1=-2, dim2=-1)
    places = list(sources)
    return torch.cat([x, joint.mean[:, places], variance[:, places].clamp_min(0.0)], dim=-1)
