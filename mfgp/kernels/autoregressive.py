"""Autoregression between tasks: each is a weighted sum of its sources and a difference of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from torch.nn import Parameter

from mfgp.errors import ParameterError
from mfgp.kernels.bounds import Bounds
from mfgp.kernels.priors import NormalPrior, ScalePrior
from mfgp.kernels.task_kernel import CovarianceGradient, Process, TaskKernel


class AutoregressiveKernel(TaskKernel):
    """y_t(x) = sum over sources p of rho[t, p] y_p(x) + delta_t(x), the delta_t independent.

    Kennedy & O'Hagan (2000), equation 1, on any directed acyclic graph of tasks. With the rho in a matrix R and
    L = (I - R)^-1, cov = sum_q s_q^2 L[t, q] L[t', q] k_q(x, x'), where s_q and k_q belong to delta_q. Each source's
    difference may have a row effect too, which is handed on like the rest of it; that of a task without followers
    could not be told from its noise.

    Parameters
    ----------
    input_kernels
        One GPyTorch kernel over the inputs for each task's own difference.
    sources
        For each task that has any, the tasks (by index) that it is computed from.
    batch_shape
        Shape of a batch of parameter sets, as in every GPyTorch kernel.
    followed
        Tasks that others follow outside of this kernel, which have a row effect for that.

    Raises
    ------
    ParameterError
        The graph has a cycle, names a task that does not exist, or a source twice.

    Examples
    --------
    >>> from mfgp.kernels import input_kernel
    >>> kernel = AutoregressiveKernel([input_kernel("rbf", 2), input_kernel("rbf", 2)], sources={1: [0]})
    >>> kernel.set_edges({(1, 0): -2.0})
    >>> kernel.rho.tolist()
    [[0.0, 0.0], [-2.0, 0.0]]
    """

    def __init__(
        self,
        input_kernels: Sequence[Kernel],
        sources: Mapping[int, Sequence[int]],
        batch_shape: torch.Size = torch.Size(),
        followed: Sequence[int] = (),
    ) -> None:
        _check_tasks(sources, len(input_kernels))
        used = sorted({source for several in sources.values() for source in several}.union(followed))
        super().__init__(len(input_kernels), batch_shape, row_tasks=used)
        self.input_kernels = torch.nn.ModuleList(input_kernels)
        self.sources = {task: tuple(sorted(sources.get(task, ()))) for task in range(self.num_tasks)}
        self.order = topological_order(self.sources)
        self._depth = _longest_path(self.sources, self.order)
        self.edges = [(task, source) for task in self.order for source in self.sources[task]]
        self.register_buffer("_edge_matrix", _edge_matrix(self.edges, self.num_tasks), persistent=False)
        weights = torch.ones(*batch_shape, len(self.edges), dtype=torch.float64)
        self.register_parameter("weights", torch.nn.Parameter(weights))
        raw_scale = torch.zeros(*batch_shape, self.num_tasks, dtype=torch.float64)
        self.register_parameter("raw_scale", torch.nn.Parameter(raw_scale))
        self.register_constraint("raw_scale", Bounds(1e-4, 1e2, initial_value=1.0))
        self.register_prior("weights_prior", NormalPrior(10.0), _weights)
        self.register_prior("scale_prior", ScalePrior(3.0, shape=2.0), _scale)

    @property
    def rho(self) -> Tensor:
        """(T, T) weights, rho[t, p] of source p in task t; zero where there is no edge."""
        return (self.weights @ self._edge_matrix).unflatten(-1, (self.num_tasks, self.num_tasks))

    @property
    def scale(self) -> Tensor:
        """(T,) standard deviations s of the differences."""
        return self.raw_scale_constraint.transform(self.raw_scale)

    def propagation(self) -> Tensor:
        """L = (I - R)^-1, (T, T): how much of delta_q reaches task t."""
        reach, rho = self._identity, self.rho
        for _ in range(self._depth):
            reach = self._identity + rho @ reach
        return reach

    def processes(self) -> list[Process]:
        """The differences, and the row effects of the sources."""
        propagation = self.propagation()
        reach = propagation * self.scale.unsqueeze(-2)
        return [
            Process(kernel, reach[..., :, None, q] * reach[..., None, :, q], support=self._descendants(q))
            for q, kernel in enumerate(self.input_kernels)
        ]

    def row_factor(self) -> Tensor:
        """(T, R): each source's row effect, handed on like the rest of its difference."""
        return self.propagation()[..., :, self.row_tasks] * self.row_loadings.unsqueeze(-2)

    def offsets(self) -> Tensor:
        """Each difference has an unknown mean of its own, handed on like the rest of it."""
        reach = self.propagation()
        return self.OFFSET_SCALE**2 * reach @ reach.transpose(-1, -2)

    def pull_back(self, gradient: CovarianceGradient) -> Iterator[tuple[Parameter, Tensor]]:
        """Derivatives by the free parameters, from those by the covariance's parts."""
        yield from self._pull_back_inputs(gradient)
        reach, variance = self.propagation(), self.scale.square()
        amplitude = torch.stack([part.amplitude for part in gradient.processes])  # (q, t, t')
        towards = ((amplitude + amplitude.mT) @ reach.mT.unsqueeze(-1)).squeeze(-1).mT  # (t, q)
        yield self.raw_scale, variance * (reach * towards).sum(0)
        by_reach = towards * variance + self.OFFSET_SCALE**2 * (gradient.offsets + gradient.offsets.T) @ reach
        if self.row_tasks:
            row_reach = reach[:, self.row_tasks]
            rows = (gradient.row_effect + gradient.row_effect.T) @ (row_reach * self.row_loadings)
            yield self.row_loadings, (rows * row_reach).sum(0)
            by_reach[:, self.row_tasks] += rows * self.row_loadings
        yield self.weights, self._edge_matrix @ (reach.T @ by_reach @ reach.T).flatten()

    def groups(self) -> Tensor:
        """Tasks that are connected by edges, in whatever direction."""
        labels = list(range(self.num_tasks))
        for task, source in self.edges:
            labels = [labels[source] if label == labels[task] else label for label in labels]
        return torch.tensor(labels)

    def process_groups(self) -> list[int]:
        """The group of each difference's task."""
        return self.groups().tolist()

    @torch.no_grad()
    def set_edges(self, weights: Mapping[tuple[int, int], float]) -> None:
        """Set rho of each (task, source) named."""
        for edge, weight in weights.items():
            self.weights[..., self.edges.index(edge)] = weight

    @torch.no_grad()
    def set_scale(self, task: int, scale: float) -> None:
        """Set the standard deviation of one task's difference, kept inside its bounds."""
        constraint = self.raw_scale_constraint
        inside = torch.as_tensor(scale, dtype=torch.float64).to(self.raw_scale)
        inside = inside.clamp(2 * constraint.lower_bound, constraint.upper_bound / 2)
        self.raw_scale[..., task] = constraint.inverse_transform(inside)

    def _descendants(self, process: int) -> tuple[bool, ...]:
        reached = {process}
        for task in self.order:
            if reached.intersection(self.sources[task]):
                reached.add(task)
        return tuple(task in reached for task in range(self.num_tasks))


def _longest_path(sources: Mapping[int, Sequence[int]], order: Sequence[int]) -> int:
    """Edges of the longest path: R to a higher power is zero."""
    steps: dict[int, int] = {}
    for task in order:
        steps[task] = max((steps[source] + 1 for source in sources[task]), default=0)
    return max(steps.values())


def _edge_matrix(edges: Sequence[tuple[int, int]], num_tasks: int) -> Tensor:
    matrix = torch.zeros(len(edges), num_tasks * num_tasks, dtype=torch.float64)
    for edge, (task, source) in enumerate(edges):
        matrix[edge, task * num_tasks + source] = 1.0
    return matrix


def _check_tasks(sources: Mapping[int, Sequence[int]], num_tasks: int) -> None:
    unknown = sorted(
        {*sources, *(source for several in sources.values() for source in several)} - set(range(num_tasks))
    )
    if unknown:
        raise ParameterError(
            f"sources name the tasks {unknown}, but there are {num_tasks} tasks; "
            f"write indices from 0 to {num_tasks - 1}"
        )
    repeated = sorted(task for task, several in sources.items() if len(set(several)) < len(several))
    if repeated:
        raise ParameterError(f"sources of the tasks {repeated} name a source more than once; write each once")


def topological_order(sources: Mapping[int, Sequence[int]]) -> list[int]:
    """Tasks in an order in which each comes after its sources.

    Examples
    --------
    >>> topological_order({0: (2,), 1: (0, 2), 2: ()})
    [2, 0, 1]
    """
    try:
        return list(TopologicalSorter(sources).static_order())
    except CycleError as error:
        raise ParameterError(
            f"sources go in a circle: {' -> '.join(map(str, error.args[1]))}; "
            "a task cannot be computed from itself, so leave one of these edges out"
        ) from error


def _weights(kernel: AutoregressiveKernel) -> Tensor:
    return kernel.weights


def _scale(kernel: AutoregressiveKernel) -> Tensor:
    return kernel.scale
