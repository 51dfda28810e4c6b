"""Covariance over (input, task): what every architecture's kernel is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from torch.nn import Parameter

from mfgp.kernels.levels import LevelEmbedding, MixedInputKernel, embeddings_of, plain
from mfgp.kernels.priors import NormalPrior
from mfgp.kernels.stationary import Profile, profile, row_keys, squared_distance


@dataclass(frozen=True)
class Process:
    """One latent process q: its covariance is amplitude[t, t'] times k_q between x at task t and x' at task t'.

    Parameters
    ----------
    kernel
        k_q, a GPyTorch kernel over the inputs.
    amplitude
        (T, T), the covariance that the process contributes between tasks at one input.
    distance
        (T, T) squared distances between the tasks' embeddings, or None. A stationary k_q adds them to the squared
        scaled distance of the inputs; any other kernel is multiplied by exp(-distance / 2).
    support
        For each task, whether the process can reach it at all; None for all.
    """

    kernel: Kernel
    amplitude: Tensor
    distance: Tensor | None = None
    support: tuple[bool, ...] | None = None

    @cached_property
    def lengthscale(self) -> Tensor:
        """(1, d) or (1, 1) lengthscales of a kernel that has them."""
        return torch.as_tensor(plain(self.kernel).lengthscale)

    def expand(self, x: Tensor) -> Tensor:
        """Inputs (..., d) as the lengthscales see them: positions in place of the codes of levels."""
        return self.kernel.expand(x) if isinstance(self.kernel, MixedInputKernel) else x

    def related(self, x1: Tensor, x2: Tensor) -> Tensor | None:
        """Whether inputs (n1, d) and (n2, d) may be correlated as far as their levels go; None if all may."""
        return self.kernel.related(x1, x2) if isinstance(self.kernel, MixedInputKernel) else None

    def numbers(self, num_inputs: int) -> list[int]:
        """Columns of the d inputs that are numbers: the first ones that :meth:`expand` gives."""
        return self.kernel.numbers if isinstance(self.kernel, MixedInputKernel) else list(range(num_inputs))


class ProcessGradient(NamedTuple):
    """Derivatives of a function of the covariance by what a process is made of.

    (1, d), (T, T), (T, T) or None, and (levels, dimension) for each embedding of levels.
    """

    log_lengthscale: Tensor
    amplitude: Tensor
    distance: Tensor | None
    positions: Sequence[Tensor] = ()


class CovarianceGradient(NamedTuple):
    """Derivatives of a function of the covariance by its parts: each process, the offsets and the row effect (T, T)."""

    processes: list[ProcessGradient]
    offsets: Tensor
    row_effect: Tensor


class TaskKernel(Kernel, ABC):
    """Covariance between (x, t) and (x', t'), the task index t being the last input column.

    cov = sum_q amplitude_q[t, t'] k_q(x, x') + rows[t, t'] 1[x = x'] + offsets[t, t'].

    The second term is a row effect: what the inputs do not tell about a row but its tasks share, as two computed band
    gaps of one compound do. Rows are one where their inputs are equal to the last bit. Its loadings are zero unless a
    fit sets them. The last term is the covariance of the tasks'
    unknown means: each is normal around zero (tasks are standardised) with standard deviation `OFFSET_SCALE`, and
    integrated out (Rasmussen & Williams 2006, section 2.7). Architectures differ only in how their parameters make
    the amplitudes.

    Parameters
    ----------
    num_tasks
        T, the number of tasks.
    batch_shape
        Shape of a batch of parameter sets, as in every GPyTorch kernel.
    row_tasks
        The tasks that have a loading of the row effect; none where there is no row effect.
    """

    has_lengthscale = False
    input_kernels: torch.nn.ModuleList
    OFFSET_SCALE = 1.0

    def __init__(self, num_tasks: int, batch_shape: torch.Size = torch.Size(), row_tasks: Sequence[int] = ()) -> None:
        super().__init__(batch_shape=batch_shape)
        self.num_tasks = num_tasks
        self.row_tasks = list(row_tasks)
        self.register_buffer("_identity", torch.eye(num_tasks, dtype=torch.float64), persistent=False)
        if self.row_tasks:
            loadings = torch.zeros(*batch_shape, len(self.row_tasks), dtype=torch.float64)
            self.register_parameter("row_loadings", Parameter(loadings))
            self.register_prior("row_loadings_prior", NormalPrior(1.0), _row_loadings)

    @abstractmethod
    def processes(self) -> list[Process]:
        """The latent processes at the current parameters."""

    def row_factor(self) -> Tensor:
        """(T, R) factor F of the row effect's covariance F F^T: one effect, a loading for each task."""
        return self.row_loadings.unsqueeze(-1)

    def row_effect(self) -> Tensor | None:
        """Prior covariance (T, T) of the row effect, None where there is none."""
        if not self.row_tasks:
            return None
        factor = self.row_factor()
        return factor @ factor.mT

    def pull_back(self, gradient: CovarianceGradient) -> Iterator[tuple[Parameter, Tensor]]:
        """Derivatives by the free parameters, from those by the covariance's parts.

        For input kernels as :func:`~mfgp.kernels.input_kernel` makes them and without a batch of parameters. Here are
        those of the input kernels and of a row effect that is one effect; the others are each subclass's own. What
        comes for one parameter more than once is to be added up.
        """
        yield from self._pull_back_inputs(gradient)
        if self.row_tasks:
            yield self.row_loadings, (gradient.row_effect + gradient.row_effect.T) @ self.row_loadings

    def _pull_back_inputs(self, gradient: CovarianceGradient) -> Iterator[tuple[Parameter, Tensor]]:
        for inner, part in zip(self.input_kernels, gradient.processes, strict=True):
            yield plain(inner).raw_lengthscale, part.log_lengthscale
            for embedding, positions in zip(embeddings_of(inner), part.positions, strict=True):
                yield embedding.positions, positions

    @torch.no_grad()
    def set_row_effect(self, scale: Tensor) -> None:
        """Set the row effect's standard deviation in each task, (T,), signed where tasks go opposite ways."""
        if self.row_tasks:
            self.row_loadings.copy_(scale[self.row_tasks])

    def offsets(self) -> Tensor:
        """Prior covariance (T, T) of the tasks' means: independent ones, where the architecture says nothing else."""
        return self.OFFSET_SCALE**2 * self._identity

    def groups(self) -> Tensor:
        """(T,) label of each task's group: tasks of different groups share nothing, whatever the parameters."""
        return torch.zeros(self.num_tasks, dtype=torch.long)

    def embed_levels(self, num_inputs: int, levels: Mapping[int, int]) -> None:
        """Read columns of the inputs as codes of levels, whose positions are learned.

        Input kernels that tasks of one group use share the positions, and each has lengthscales of its own along the
        coordinates. They have to be kernels over :func:`~mfgp.kernels.levels.expanded_columns`.

        Parameters
        ----------
        num_inputs
            d, codes among them.
        levels
            The number of levels by column of codes.
        """
        if not levels:
            return
        shared: dict[int, list[LevelEmbedding]] = {}
        mixed = []
        for label, inner in zip(self.process_groups(), self.input_kernels, strict=True):
            if label not in shared:
                shared[label] = [LevelEmbedding(column, count) for column, count in levels.items()]
            mixed.append(MixedInputKernel(inner, num_inputs, shared[label]))
        self.input_kernels = torch.nn.ModuleList(mixed)

    @property
    def levels(self) -> dict[int, int]:
        """The number of levels by column of codes."""
        return {embedding.column: embedding.levels for embedding in embeddings_of(self.input_kernels[0])}

    def process_groups(self) -> list[int]:
        """A label for each process: those of different labels reach different groups of tasks."""
        return [0] * len(self.input_kernels)

    def task_covariance(self, x: Tensor | None = None) -> Tensor:
        """Prior covariance of the tasks at one input, the unknown means left out.

        It is (T, T) where all input kernels have unit variance, as the named ones have. Any other kernel's variance is
        taken at each of the inputs x (n, d), which makes it (n, T, T), or as one where x is None.
        """
        parts = [process.amplitude * _at_one_input(process, x) for process in self.processes()]
        rows = self.row_effect()
        return sum(parts[1:], start=parts[0]) if rows is None else sum(parts, start=rows)

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: Any) -> Tensor:
        """Covariance (..., n1, n2), or its diagonal (..., n1), of rows whose last column is the task."""
        inputs1, task1 = x1[..., :-1], x1[..., -1].long()
        inputs2, task2 = x2[..., :-1], x2[..., -1].long()
        pair = task1 * self.num_tasks + task2 if diag else task1.unsqueeze(-1) * self.num_tasks + task2.unsqueeze(-2)
        pair_dims = 1 if diag else 2
        total = _look_up(self.offsets(), pair, pair_dims)
        for process in self.processes():
            distance = None if process.distance is None else _look_up(process.distance, pair, pair_dims)
            correlation = correlate(process.kernel, inputs1, inputs2, distance, diag=diag)
            total = total + _look_up(process.amplitude, pair, pair_dims) * correlation
        rows = self.row_effect()
        if rows is not None:
            same = identical(inputs1, inputs2, diag=diag)
            total = total + _look_up(rows, pair, pair_dims) * same
        return total


def _row_loadings(kernel: TaskKernel) -> Tensor:
    return kernel.row_loadings


def plain_profile(process: Process) -> Profile:
    """The profile of a process whose kernel is known to be a plain RBF or Matern kernel."""
    shape = profile(process.kernel)
    assert shape is not None
    return shape


def correlate(kernel: Kernel, x1: Tensor, x2: Tensor, distance: Tensor | None, *, diag: bool = False) -> Tensor:
    """k_q between inputs, with the squared distance between their tasks' embeddings where there is one."""
    if isinstance(kernel, MixedInputKernel):
        value = correlate(kernel.base_kernel, kernel.expand(x1), kernel.expand(x2), distance, diag=diag)
        related = kernel.related(x1, x2, diag=diag)
        return value if related is None else value * related
    shape = profile(kernel)
    if shape is None:
        value = kernel(x1, x2, diag=True) if diag else kernel(x1, x2).to_dense()
        return value if distance is None else value * torch.exp(-0.5 * distance)
    u1, u2 = x1 / kernel.lengthscale, x2 / kernel.lengthscale
    r2 = (u1 - u2).square().sum(-1) if diag else squared_distance(u1, u2)
    return shape.value(r2 if distance is None else r2 + distance)


def identical(x1: Tensor, x2: Tensor, *, diag: bool = False) -> Tensor:
    """Indicator (..., n1, n2), or its diagonal (..., n1), of equal inputs (..., n1, d) and (..., n2, d)."""
    keys1, keys2 = row_keys(x1), row_keys(x2)
    return keys1 == keys2 if diag else keys1.unsqueeze(-1) == keys2.unsqueeze(-2)


def _look_up(table: Tensor, pair: Tensor, pair_dims: int) -> Tensor:
    """Entries of tables (..., T, T) at pairs t T + t' of shape (..., n) or (..., n1, n2), batches broadcast."""
    flat = table.flatten(-2)
    if flat.dim() == 1:
        return flat[pair]
    batch = torch.broadcast_shapes(flat.shape[:-1], pair.shape[:-pair_dims])
    index = pair.expand(*batch, *pair.shape[-pair_dims:])
    return flat.expand(*batch, -1).gather(-1, index.flatten(-pair_dims)).reshape(index.shape)


def _at_one_input(process: Process, x: Tensor | None) -> Tensor | float:
    shape, distance = profile(process.kernel), process.distance
    if shape is not None:
        return 1.0 if distance is None else shape.value(distance)
    variance = 1.0 if x is None else process.kernel(x, diag=True).unsqueeze(-1).unsqueeze(-1)
    return variance if distance is None else variance * torch.exp(-0.5 * distance)
