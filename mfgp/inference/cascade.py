"""The joint distribution of a cascade's tasks at each row: standard normals pushed through the tasks in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.inference.conditional import Conditional
from mfgp.inference.nodes import SOBOL_NODES, Cells, Evidence, Nodes, pooled_nodes, prior_nodes, sobol_normals
from mfgp.inference.posterior import Joint

BLOCK = 2**15  # rows times nodes that are worked on at once
NODES = 256  # about as many as a row has
UNKNOWN, NOISY, EXACT = 0, 1, 2


class Known(NamedTuple):
    """Values (n, T) of tasks that are known at n rows, NaN where not, and the variances (n, T) of their noise."""

    value: Tensor
    variance: Tensor

    @classmethod
    def nothing(cls, rows: int, num_tasks: int, like: Tensor) -> Known:
        """No task is known at any row."""
        return cls(like.new_full((rows, num_tasks), torch.nan), like.new_zeros(rows, num_tasks))

    def at(self, rows: Tensor) -> Known:
        """Those of some of the rows."""
        return Known(self.value[rows], self.variance[rows])


class Cascade:
    """Joint distribution of the tasks, each conditional on its sources.

    At a row, a task's underlying value is q_t = mu_t(x, q_sources) + sigma_t(x, q_sources) z_t, the z_t independent
    standard normals. Tasks that have others computed from them are *inner*; given the coordinates z of these, the
    others are normal and independent. So moments are averages over the inner coordinates only.

    Known values are taken in order: a value updates its own task as between normals, and is evidence on the
    coordinates of the tasks before it, whose distribution is then no longer standard normal.

    Parameters
    ----------
    conditionals
        The tasks' posteriors by task, each after its sources.
    num_tasks
        T; a task that has no conditional is zero everywhere.
    """

    def __init__(self, conditionals: Mapping[int, Conditional], num_tasks: int) -> None:
        self.conditionals = dict(conditionals)
        self.num_tasks = num_tasks
        self.inner = [t for t in self.conditionals if any(t in c.sources for c in self.conditionals.values())]

    @property
    def noise_variance(self) -> Tensor:
        """(T,) variance of a new observation's noise."""
        return torch.cat([self.conditionals[task].noise.task_variance().detach() for task in range(self.num_tasks)])

    def joint(self, x: Tensor, known: Known) -> Joint:
        """Mean (n, T) and covariance (n, T, T) of all tasks at each of the inputs (n, d)."""
        mean = torch.empty_like(known.value)
        covariance = mean.unsqueeze(-1).repeat(1, 1, mean.shape[-1])
        for pattern, rows in self._blocks(known, NODES):
            here = known.at(rows)
            nodes = self._nodes(pattern, x[rows], here)
            walk = self._walk(pattern, x[rows], here, nodes.points)
            weights = nodes.weights.unsqueeze(-1)
            mean[rows] = (weights * walk.centre).sum(0)
            centred = walk.centre - mean[rows]
            spread = torch.einsum("sb,sbi,sbj->bij", nodes.weights.expand(centred.shape[:2]), centred, centred)
            covariance[rows] = spread + torch.diag_embed((weights * walk.variance).sum(0))
        return Joint(mean, covariance)

    def draw(self, x: Tensor, known: Known, normals: Tensor) -> Tensor:
        """Draws (s, n, T) from standard normals (s, n, T) or (s, 1, T)."""
        draws = normals.new_empty(len(normals), *known.value.shape)
        for pattern, rows in self._blocks(known, len(normals)):
            mine = normals[:, rows] if normals.shape[1] > 1 else normals.expand(-1, len(rows), -1)
            points = self._points(pattern, x[rows], known.at(rows), mine)
            walk = self._walk(pattern, x[rows], known.at(rows), points)
            draws[:, rows] = walk.centre + walk.variance.sqrt() * mine
        return draws

    def _blocks(self, known: Known, size: int) -> Iterator[tuple[Pattern, Tensor]]:
        """Places of rows in which the same tasks are known, so many that rows times size are bounded."""
        states = torch.where(known.value.isnan(), UNKNOWN, torch.where(known.variance > 0.0, NOISY, EXACT))
        kinds, kind = torch.unique(states, dim=0, return_inverse=True)
        for number, state in enumerate(kinds.tolist()):
            pattern = Pattern(self, state)
            for rows in torch.nonzero(kind == number).squeeze(-1).split(max(1, BLOCK // size)):
                yield pattern, rows

    def _nodes(self, pattern: Pattern, x: Tensor, known: Known) -> Nodes:
        """Nodes over the live coordinates."""
        if not pattern.tied:
            return prior_nodes(len(pattern.live), x)
        if len(pattern.live) == 1:
            return self._cells(pattern, x, known).nodes()
        if len(pattern.tied) > 1:
            return self._pool(pattern, x, known)
        normals = sobol_normals(SOBOL_NODES, self.num_tasks).to(x).unsqueeze(1).expand(-1, len(x), -1)
        points = self._points(pattern, x, known, normals)
        return Nodes(points, torch.full_like(points[..., 0], 1.0 / SOBOL_NODES))

    def _points(self, pattern: Pattern, x: Tensor, known: Known, normals: Tensor) -> Tensor:
        """Live coordinates (s, b, l) from standard normals (s, b, T): as they are where nothing is known of them."""
        points = normals[..., pattern.live]
        if len(pattern.tied) == 1:
            place = pattern.live.index(pattern.tied[0])
            points[..., place] = self._cells(pattern, x, known).quantile(torch.special.ndtr(points[..., place]))
        elif pattern.tied:
            points = self._pool(pattern, x, known).pick(torch.special.ndtr(points[..., 0]))
        return points

    def _cells(self, pattern: Pattern, x: Tensor, known: Known) -> Cells:
        place = pattern.live.index(pattern.tied[0])

        def predict(points: Tensor) -> list[Evidence]:
            coordinates = points.new_zeros(*points.shape, len(pattern.live))
            coordinates[..., place] = points
            return self._walk(pattern, x, known, coordinates).evidence

        return Cells(predict, len(x), x)

    def _pool(self, pattern: Pattern, x: Tensor, known: Known) -> Nodes:
        def log_likelihood(points: Tensor) -> Tensor:
            evidence = self._walk(pattern, x, known, points).evidence
            return torch.stack([known.log_density() for known in evidence]).sum(0)

        return pooled_nodes(log_likelihood, len(x), len(pattern.live), x)

    def _walk(self, pattern: Pattern, x: Tensor, known: Known, points: Tensor) -> Walk:
        """All tasks at inputs (b, d) for points (s, b, l) or (s, 1, l) of the live coordinates."""
        centre = x.new_zeros(len(points), len(x), self.num_tasks)
        variance = torch.zeros_like(centre)
        evidence = []
        for task, conditional in self.conditionals.items():
            mean, spread = conditional.at(x, centre[..., list(conditional.sources)])
            if pattern.state[task] != UNKNOWN:
                value, noise = known.value[:, task], known.variance[:, task]
                if pattern.reached[task]:
                    evidence.append(Evidence(value, noise, mean, spread))
                gain = torch.where(spread > 0.0, spread / (spread + noise), (noise == 0.0).to(spread))
                mean, spread = mean + gain * (value - mean), gain * noise
            if task in pattern.live:
                centre[..., task] = mean + spread.sqrt() * points[..., pattern.live.index(task)]
            else:
                centre[..., task], variance[..., task] = mean, spread
        return Walk(centre, variance, evidence)


class Walk(NamedTuple):
    """Tasks at b rows for s points: normal and independent with centres and variances (s, b, T); and the evidence."""

    centre: Tensor
    variance: Tensor
    evidence: list[Evidence]


class Pattern:
    """Which tasks are known at a row, and what follows for the others.

    Parameters
    ----------
    cascade
        The cascade.
    state
        For each task, whether it is UNKNOWN, NOISY (known with noise) or EXACT.

    Attributes
    ----------
    live
        Inner tasks whose coordinate matters: those that are not known exactly.
    reached
        For each task, the live tasks that its distribution depends on.
    tied
        Live tasks on whose coordinates there is evidence: what a known task depends on.
    """

    def __init__(self, cascade: Cascade, state: Sequence[int]) -> None:
        self.state = tuple(state)
        self.live = [task for task in cascade.inner if state[task] != EXACT]
        self.reached: dict[int, frozenset[int]] = {}
        for task, conditional in cascade.conditionals.items():
            sources = [source for source in conditional.sources if state[source] != EXACT]
            self.reached[task] = frozenset(sources).union(*(self.reached[source] for source in sources))
        known = [self.reached[task] for task in self.reached if state[task] != UNKNOWN]
        self.tied = sorted(frozenset().union(*known))
