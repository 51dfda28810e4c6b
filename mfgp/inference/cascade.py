"""The joint distribution of a cascade's tasks at each row: standard normals pushed through the tasks in order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from mfgp.inference.conditional import Conditional
from mfgp.inference.nodes import (
    SOBOL_NODES,
    Cells,
    Evidence,
    Nodes,
    fine_nodes,
    pooled_nodes,
    prior_nodes,
    sobol_normals,
)
from mfgp.inference.pattern import UNKNOWN, Known, Pattern, patterns
from mfgp.inference.posterior import Joint

BLOCK = 2**17  # rows times nodes that are worked on at once
NODES = 512  # no fewer than most rows have
BISECTIONS = 50


class Mixture(NamedTuple):
    """Distribution of one task at b rows: normals of centres, variances and weights (s, b)."""

    centre: Tensor
    variance: Tensor
    weight: Tensor

    @property
    def deviation(self) -> Tensor:
        """(s, b) standard deviations, none of them zero."""
        return self.variance.clamp_min(1e-24).sqrt()


class _Walk(NamedTuple):
    """Tasks at b rows for s points: independent normals of centres and variances (s, b, T); and the evidence."""

    centre: Tensor
    variance: Tensor
    evidence: list[Evidence]


class Cascade:
    """Joint distribution of the tasks at each row, each task conditional on its sources.

    A task's underlying value is q_t = mu_t(x, q_sources) + sigma_t(x, q_sources) z_t, the *coordinates* z_t independent
    standard normals. Given the coordinates of the tasks that others are computed from, the others are independent
    normals. So moments are averages over these coordinates only.

    A known value updates its own task as normals are updated, and is evidence on the coordinates of the tasks before
    it, which are then no longer standard normal: see :mod:`mfgp.inference.nodes`.

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
        self.sources = {task: conditional.sources for task, conditional in self.conditionals.items()}

    @property
    def noise_variance(self) -> Tensor:
        """(T,) variance of a new observation's noise."""
        noise = [self.conditionals[task].noise for task in range(self.num_tasks)]
        return torch.cat([each.task_variance().detach() for each in noise])

    def joint(self, x: Tensor, known: Known) -> Joint:
        """Mean (n, T) and covariance (n, T, T) of all tasks at each of the inputs (n, d)."""
        mean = torch.empty_like(known.value)
        covariance = mean.unsqueeze(-1).repeat(1, 1, self.num_tasks)
        for pattern, rows in patterns(self.sources, known, BLOCK // NODES):
            nodes = self._nodes(pattern, pattern.live, x[rows], known.at(rows))
            walk = self._walk(pattern, pattern.live, x[rows], known.at(rows), nodes.points)
            weights = nodes.weights.unsqueeze(-1)
            mean[rows] = (weights * walk.centre).sum(0)
            centred = walk.centre - mean[rows]
            spread = torch.einsum("sbi,sbj->bij", weights * centred, centred)
            covariance[rows] = spread + torch.diag_embed((weights * walk.variance).sum(0))
        return Joint(mean, covariance)

    def draw(self, x: Tensor, known: Known, normals: Tensor) -> Tensor:
        """Draws (s, n, T) from standard normals (s, n, T) or (s, 1, T)."""
        draws = normals.new_empty(len(normals), *known.value.shape)
        for pattern, rows in patterns(self.sources, known, BLOCK // max(len(normals), NODES)):
            mine = normals[:, rows] if normals.shape[1] > 1 else normals.expand(-1, len(rows), -1)
            points = self._points(pattern, pattern.live, x[rows], known.at(rows), mine[..., pattern.live])
            walk = self._walk(pattern, pattern.live, x[rows], known.at(rows), points)
            draws[:, rows] = walk.centre + walk.variance.sqrt() * mine
        return draws

    def quantile(self, task: int, x: Tensor, known: Known, noise: float, probability: float) -> Tensor:
        """(n,) value that a task, with noise of this variance added, stays below with a probability."""
        found = torch.empty_like(x[:, 0])
        for rows, mixture in self._mixtures(task, x, known, noise):
            found[rows] = _quantile(mixture, probability)
        return found

    def log_density(self, task: int, x: Tensor, known: Known, noise: float, value: Tensor) -> Tensor:
        """(n,) log density of values (n,) of a task, with noise of this variance added."""
        found = torch.empty_like(value)
        for rows, mixture in self._mixtures(task, x, known, noise):
            gap = (value[rows] - mixture.centre) / mixture.deviation
            density = -0.5 * gap.square() - torch.log(mixture.deviation) - 0.5 * math.log(2.0 * math.pi)
            found[rows] = torch.logsumexp(density + torch.log(mixture.weight), dim=0)
        return found

    def _mixtures(self, task: int, x: Tensor, known: Known, noise: float) -> Iterator[tuple[Tensor, Mixture]]:
        for pattern, rows in patterns(self.sources, known, BLOCK // NODES):
            coordinates = pattern.coordinates(task)
            nodes = self._nodes(pattern, coordinates, x[rows], known.at(rows), fine=True)
            walk = self._walk(pattern, coordinates, x[rows], known.at(rows), nodes.points, (task,))
            centre, variance = walk.centre[..., task], walk.variance[..., task] + noise
            if coordinates:
                steps = _steps(centre) if len(coordinates) == 1 else _gaps(centre)
                variance = variance + steps.square() / 12.0
            yield rows, Mixture(centre, variance, nodes.weights.expand_as(centre))

    def _nodes(self, pattern: Pattern, coordinates: list[int], x: Tensor, known: Known, fine: bool = False) -> Nodes:
        """Nodes over some coordinates: all of those that are tied, or none of them."""
        tied = set(pattern.tied).intersection(coordinates)
        if not tied and fine:
            return fine_nodes(len(coordinates), x)
        if not tied:
            return prior_nodes(len(coordinates), x)
        if len(coordinates) == 1:
            return self._cells(pattern, x, known).nodes()
        if len(tied) > 1:
            return self._pool(pattern, coordinates, x, known)
        normals = sobol_normals(SOBOL_NODES, len(coordinates)).to(x).unsqueeze(1).expand(-1, len(x), -1)
        points = self._points(pattern, coordinates, x, known, normals)
        return Nodes(points, torch.full_like(points[..., 0], 1.0 / SOBOL_NODES))

    def _points(self, pattern: Pattern, coordinates: list[int], x: Tensor, known: Known, normals: Tensor) -> Tensor:
        """Coordinates (s, b, l) from standard normals (s, b, l): the same ones where there is no evidence."""
        if not pattern.tied:
            return normals
        if len(pattern.tied) > 1:
            return self._pool(pattern, coordinates, x, known).pick(torch.special.ndtr(normals[..., 0]))
        place = coordinates.index(pattern.tied[0])
        points = normals.clone()
        points[..., place] = self._cells(pattern, x, known).quantile(torch.special.ndtr(normals[..., place]))
        return points

    def _cells(self, pattern: Pattern, x: Tensor, known: Known) -> Cells:
        def predict(points: Tensor) -> list[Evidence]:
            return self._walk(pattern, pattern.tied, x, known, points.unsqueeze(-1), ()).evidence

        return Cells(predict, len(x), x)

    def _pool(self, pattern: Pattern, coordinates: list[int], x: Tensor, known: Known) -> Nodes:
        def log_likelihood(points: Tensor) -> Tensor:
            evidence = self._walk(pattern, coordinates, x, known, points, ()).evidence
            return torch.stack([each.log_density() for each in evidence]).sum(0)

        return pooled_nodes(log_likelihood, len(x), len(coordinates), x)

    def _walk(
        self,
        pattern: Pattern,
        coordinates: list[int],
        x: Tensor,
        known: Known,
        points: Tensor,
        wanted: Iterable[int] | None = None,
    ) -> _Walk:
        """All tasks, or the wanted ones and the evidence, at inputs (b, d) for points (s, b, l) or (s, 1, l)."""
        centre = x.new_zeros(len(points), len(x), self.num_tasks)
        variance = torch.zeros_like(centre)
        evidence = []
        for task in self._needed(pattern, self.sources if wanted is None else wanted):
            conditional = self.conditionals[task]
            mean, spread = conditional.at(x, centre[..., list(conditional.sources)])
            if pattern.state[task] != UNKNOWN:
                value, noise = known.value[:, task], known.variance[:, task]
                if pattern.is_evidence(task):
                    evidence.append(Evidence(value, noise, mean, spread))
                gain = torch.where(spread > 0.0, spread / (spread + noise), (noise == 0.0).to(spread))
                mean, spread = mean + gain * (value - mean), gain * noise
            if task in coordinates:
                centre[..., task] = mean + spread.sqrt() * points[..., coordinates.index(task)]
            else:
                centre[..., task], variance[..., task] = mean, spread
        return _Walk(centre, variance, evidence)

    def _needed(self, pattern: Pattern, wanted: Iterable[int]) -> list[int]:
        """Tasks in order that the wanted ones and the evidence depend on."""
        needed = {*wanted, *(task for task in self.sources if pattern.is_evidence(task))}
        for task in reversed(self.sources):
            if task in needed:
                needed.update(self.sources[task])
        return [task for task in self.sources if task in needed]


def _steps(centre: Tensor) -> Tensor:
    """How far (s, b) it is on from the middle before a node to the one after it."""
    gaps = centre.diff(dim=0).abs()
    return 0.5 * (torch.cat([gaps[:1], gaps]) + torch.cat([gaps, gaps[-1:]]))


def _gaps(centre: Tensor) -> Tensor:
    """The same for nodes in no order, by the order of the centres (s, b)."""
    ordered, order = centre.sort(dim=0)
    return torch.empty_like(ordered).scatter_(0, order, _steps(ordered))


def _quantile(mixture: Mixture, probability: float) -> Tensor:
    """(b,) quantiles by bisection."""
    reach = 40.0 * mixture.deviation
    low, high = (mixture.centre - reach).amin(0), (mixture.centre + reach).amax(0)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        below = (mixture.weight * torch.special.ndtr((middle - mixture.centre) / mixture.deviation)).sum(0)
        low, high = torch.where(below < probability, middle, low), torch.where(below < probability, high, middle)
    return 0.5 * (low + high)
