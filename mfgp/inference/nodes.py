"""Nodes and weights over standard normal coordinates: without evidence, with evidence on one of them, or on several."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import qmc
from torch import Tensor

from mfgp.errors import PrecisionWarning

HERMITE_NODES = {0: 1, 1: 32, 2: 16}
SOBOL_NODES = 512
STRATA = 160
FINE_NODES = 2048
CELLS = 64
REFINEMENTS = 2
POOL = 1024
ROUNDS = 8
LEAST_EFFECTIVE = 0.125  # of the points, on the way
FEWEST_EFFECTIVE = 20  # points, in the end
INFLATION = 1.2
HALVINGS = 100
_REACH, _FARTHEST = 6.0, 40.0
_NARROW = 1e-3


class Nodes(NamedTuple):
    """Points (s, b, l) of l standard normal coordinates at b rows, and their weights (s, b), which sum to one.

    b is one where all rows have the same points.
    """

    points: Tensor
    weights: Tensor

    def pick(self, probability: Tensor) -> Tensor:
        """Points (s, b, l) at probabilities (s, b) of their distribution, in the order of the first coordinate."""
        order = self.points[..., 0].argsort(dim=0)
        total = self.weights.gather(0, order).cumsum(0)
        wanted = (probability * total[-1]).T.contiguous()
        place = torch.searchsorted(total.T.contiguous(), wanted).T.clamp(max=len(order) - 1)
        chosen = order.gather(0, place).unsqueeze(-1).expand(-1, -1, self.points.shape[-1])
        return self.points.gather(0, chosen)


def prior_nodes(coordinates: int, like: Tensor) -> Nodes:
    """Nodes of independent standard normals: Gauss-Hermite for up to two coordinates, quasi-random beyond.

    Examples
    --------
    >>> points, weights = prior_nodes(1, torch.zeros(1, dtype=torch.float64))
    >>> print(round((weights * points[..., 0] ** 4).sum().item(), 8))
    3.0
    """
    points, weights = _rule(coordinates)
    return Nodes(points.to(like).unsqueeze(1), weights.to(like).unsqueeze(1))


def fine_nodes(coordinates: int, like: Tensor) -> Nodes:
    """Nodes of independent standard normals for distributions, where the rules above are for moments.

    For one coordinate, the middles of narrow strata; for several, quasi-random points.

    Examples
    --------
    >>> points, weights = fine_nodes(1, torch.zeros(1, dtype=torch.float64))
    >>> print(round((weights * (points[..., 0] < -1.0)).sum().item(), 2))  # 0.159
    0.16
    """
    if coordinates > 1:
        points = sobol_normals(FINE_NODES, coordinates)
        return Nodes(points.to(like).unsqueeze(1), torch.full((FINE_NODES, 1), 1.0 / FINE_NODES).to(like))
    if coordinates == 0:
        return prior_nodes(0, like)
    edges = torch.linspace(-_REACH, _REACH, STRATA + 1, dtype=torch.float64)
    weights = torch.special.ndtr(edges).diff()
    points = 0.5 * (edges[1:] + edges[:-1])
    return Nodes(points.to(like).view(-1, 1, 1), (weights / weights.sum()).to(like).unsqueeze(-1))


@cache
def _rule(coordinates: int) -> tuple[Tensor, Tensor]:
    if coordinates not in HERMITE_NODES:
        normals = sobol_normals(SOBOL_NODES, coordinates)
        return normals, torch.full((SOBOL_NODES,), 1.0 / SOBOL_NODES, dtype=torch.float64)
    line, mass = np.polynomial.hermite_e.hermegauss(HERMITE_NODES[coordinates])
    grid = np.meshgrid(*[line] * coordinates, indexing="ij")
    weights = np.prod(np.meshgrid(*[mass / mass.sum()] * coordinates, indexing="ij"), axis=0)
    points = np.stack([axis.ravel() for axis in grid], axis=-1) if coordinates else np.zeros((1, 0))
    return torch.from_numpy(points), torch.from_numpy(np.atleast_1d(weights).ravel())


def sobol_normals(size: int, dimension: int) -> Tensor:
    """Standard normals (size, dimension), scrambled Sobol points through the normal's quantiles; always the same ones.

    `size` is a power of two.
    """
    uniform = qmc.Sobol(dimension, rng=0).random(size)
    return torch.special.ndtri(torch.from_numpy(uniform).clamp(1e-12, 1.0 - 1e-12))


class Evidence(NamedTuple):
    """A known value (b,) of variance (b,), and what was predicted of it: mean and variance (s, b)."""

    value: Tensor
    noise: Tensor
    mean: Tensor
    variance: Tensor

    @property
    def deviation(self) -> Tensor:
        """(s, b) standard deviation of the value, as predicted."""
        return (self.variance + self.noise).clamp_min(1e-14).sqrt()

    def log_density(self) -> Tensor:
        """(s, b) log density of the value."""
        deviation = self.deviation
        return -0.5 * ((self.value - self.mean) / deviation).square() - torch.log(deviation)


class Cells:
    """Distribution of one coordinate at b rows: standard normal times the density of what is known.

    Between neighbouring edges, the predicted mean of a known value is taken as linear in the coordinate and its
    density is averaged in closed form, so that no peak falls between edges, however narrow. Edges are added where the
    mass is, twice.

    Parameters
    ----------
    predict
        Gives the evidence for points (s, b) of the coordinate.
    rows
        b.
    like
        A tensor of the type and device wanted.
    """

    def __init__(self, predict: Callable[[Tensor], list[Evidence]], rows: int, like: Tensor) -> None:
        reach = np.arcsinh(_FARTHEST)
        edges = torch.sinh(torch.linspace(-reach, reach, CELLS + 1)).to(like)
        self.edges = edges.unsqueeze(-1).repeat(1, rows)
        self.mass = self._mass(predict)
        for _ in range(REFINEMENTS):
            middles = (torch.arange(CELLS).to(like) + 0.5) / CELLS
            added = self.quantile(middles.unsqueeze(-1).expand(-1, rows))
            self.edges = torch.cat([self.edges, added]).sort(dim=0).values
            self.mass = self._mass(predict)

    def nodes(self) -> Nodes:
        """The cells' middles, weighted by their mass."""
        return Nodes((0.5 * (self.edges[1:] + self.edges[:-1])).unsqueeze(-1), self.mass)

    def quantile(self, probability: Tensor) -> Tensor:
        """Values (s, b) of the coordinate that it stays below with probabilities (s, b)."""
        total = torch.cat([torch.zeros_like(self.mass[:1]), self.mass.cumsum(0)])
        wanted = (probability * total[-1]).T.contiguous()
        cell = torch.searchsorted(total.T.contiguous(), wanted).T.clamp(1, len(self.mass)) - 1
        share = (wanted.T - total.gather(0, cell)) / self.mass.gather(0, cell).clamp_min(1e-300)
        low, high = self.edges.gather(0, cell), self.edges.gather(0, cell + 1)
        return low + share.clamp(0.0, 1.0) * (high - low)

    def _mass(self, predict: Callable[[Tensor], list[Evidence]]) -> Tensor:
        log_mass = _log_interval(self.edges[:-1], self.edges[1:])
        for known in predict(self.edges):
            deviation = 0.5 * (known.deviation[1:] + known.deviation[:-1])
            ends = (known.mean - known.value).expand(len(self.edges), -1)
            log_mass = log_mass + _log_average(ends[:-1] / deviation, ends[1:] / deviation) - torch.log(deviation)
        return torch.softmax(log_mass, dim=0)


def _log_interval(low: Tensor, high: Tensor) -> Tensor:
    """Log probability of a standard normal between low and high, precise in both tails."""
    right = low > 0.0
    low, high = torch.where(right, -high, low), torch.where(right, -low, high)
    above, below = torch.special.log_ndtr(high), torch.special.log_ndtr(low)
    return above + torch.log(-torch.expm1(below - above))


def _log_average(one: Tensor, other: Tensor) -> Tensor:
    """Log of the mean standard normal density between two places."""
    width = (one - other).abs()
    middle = -0.25 * (one.square() + other.square()) - 0.5 * np.log(2.0 * np.pi)
    wide = width > _NARROW
    interval = _log_interval(torch.minimum(one, other), torch.where(wide, torch.maximum(one, other), torch.inf))
    return torch.where(wide, interval - torch.log(torch.where(wide, width, 1.0)), middle)


def pooled_nodes(log_likelihood: Callable[[Tensor], Tensor], rows: int, coordinates: int, like: Tensor) -> Nodes:
    """Weighted points of several coordinates at b rows: standard normals times a likelihood.

    Importance sampling with quasi-random points. The proposal is normal and comes nearer round by round, towards a
    likelihood raised to the largest power at which one point in eight still counts (annealed, adaptive importance
    sampling; Cappe, Guillin, Marin & Robert 2004, J. Comput. Graph. Stat. 13, 907). Where the rounds end before that
    power is one, the points are weighted by the largest power at which 20 of them count.

    Parameters
    ----------
    log_likelihood
        Of points (s, b, l), up to a constant: (s, b).
    rows, coordinates
        b and l.
    like
        A tensor of the type and device wanted.

    Warns
    -----
    PrecisionWarning
        At some rows what is known singles out so few of the points that its likelihood was raised to a lower power.
    """
    base = sobol_normals(POOL, coordinates).to(like).unsqueeze(1)
    mean = like.new_zeros(rows, coordinates)
    root = torch.eye(coordinates).to(like).expand(rows, -1, -1)
    for _ in range(ROUNDS):
        points = mean + torch.einsum("bij,sbj->sbi", root, base.expand(-1, rows, -1))
        proposal = -0.5 * base.square().sum(-1) - torch.log(root.diagonal(dim1=-2, dim2=-1)).sum(-1)
        prior = -0.5 * points.square().sum(-1) - proposal
        likelihood = log_likelihood(points)
        power = _power(prior, likelihood, LEAST_EFFECTIVE * POOL)
        weights = torch.softmax(prior + power * likelihood, dim=0)
        done = power == 1.0  # such a row stays as it is, so that it does not matter which rows are beside it
        if bool(done.all()):
            break
        mean = torch.where(done.unsqueeze(-1), mean, (weights.unsqueeze(-1) * points).sum(0))
        centred = points - mean
        spread = torch.einsum("sb,sbi,sbj->bij", weights, centred, centred) * INFLATION**2
        nearer = torch.linalg.cholesky(spread + 1e-10 * torch.eye(coordinates).to(like))
        root = torch.where(done.view(-1, 1, 1), root, nearer)
    power = _power(prior, likelihood, FEWEST_EFFECTIVE)
    blurred = int((power < 1.0).sum())
    if blurred:
        warnings.warn(
            f"{blurred} of {rows} rows: what is known of a task singles out fewer than {FEWEST_EFFECTIVE} of {POOL} "
            f"points of the {coordinates} tasks before it, and is taken as known with up to "
            f"{float(power.min()) ** -0.5:.2g} times its deviation, so that these tasks are uncertain rather than "
            "wrong; give it with noise, or give the tasks before it too",
            PrecisionWarning,
            stacklevel=2,
        )
    return Nodes(points, torch.softmax(prior + power * likelihood, dim=0))


def _power(prior: Tensor, likelihood: Tensor, least: float) -> Tensor:
    """The largest power up to one, for each row, with which so many of the points count, or else as many as can."""
    power, counted = torch.ones_like(prior[0]), torch.zeros_like(prior[0])
    for halvings in range(HALVINGS):
        weights = torch.softmax(prior + 0.5**halvings * likelihood, dim=0)
        effective = 1.0 / weights.square().sum(0)
        better = (counted < least) & (effective > counted)
        power, counted = torch.where(better, 0.5**halvings, power), torch.where(better, effective, counted)
        if bool((counted >= least).all()):
            break
    return power
