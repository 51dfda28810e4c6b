"""Levels of categorical inputs: each is a point in a latent space, near the levels that behave like it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from gpytorch.kernels import Kernel
from gpytorch.module import Module
from torch import Tensor
from torch.nn import Parameter

from mfgp.kernels.priors import PositionsPrior

MOST_COORDINATES = 2


class LevelEmbedding(Module):
    """The learned positions of one categorical input's levels.

    They are in units of a standardised input: a priori around the origin with deviation one. Two coordinates suffice
    for most factors, as Zhang, Tao, Chen & Apley (2020, Technometrics 62, 291, section 3) argue and show.

    Parameters
    ----------
    column
        Of the input, which holds codes 0 to `levels` - 1; any other code is a level not seen before.
    levels
        L.
    dimension
        Coordinates of each position; None for the smaller of 2 and L - 1, but at least one.

    Examples
    --------
    >>> LevelEmbedding(column=0, levels=2).positions.tolist()
    [[-1.0], [1.0]]
    """

    def __init__(self, column: int, levels: int, dimension: int | None = None) -> None:
        super().__init__()
        self.column, self.levels = column, levels
        self.dimension = coordinates(levels) if dimension is None else dimension
        positions = torch.zeros(levels, self.dimension, dtype=torch.float64)
        if self.dimension == 1:
            positions[:, 0] = torch.linspace(-1.0, 1.0, levels, dtype=torch.float64)
        else:
            angle = 2.0 * math.pi / levels * torch.arange(levels, dtype=torch.float64)
            positions[:, :2] = math.sqrt(2.0) * torch.stack([angle.cos(), angle.sin()], dim=-1)
        self.register_parameter("positions", Parameter(positions))
        self.register_prior("positions_prior", PositionsPrior(), _positions)

    def codes(self, x: Tensor) -> Tensor:
        """(...) codes of inputs (..., d); every level not seen before is `levels`."""
        code = x[..., self.column].long()
        return torch.where((code < 0) | (code > self.levels), self.levels, code)

    def forward(self, x: Tensor) -> Tensor:
        """(..., dimension) positions of inputs (..., d); the origin for a level not seen before."""
        return torch.cat([self.positions, torch.zeros_like(self.positions[:1])])[self.codes(x)]

    def related(self, x1: Tensor, x2: Tensor, *, diag: bool = False) -> Tensor | None:
        """Whether inputs (..., n1, d) and (..., n2, d) may be correlated, (..., n1, n2) or (..., n1); None if all may.

        A level not seen before is related to itself only.
        """
        known1, known2 = self.codes(x1) < self.levels, self.codes(x2) < self.levels
        if bool(known1.all()) and bool(known2.all()):
            return None
        level1, level2 = x1[..., self.column], x2[..., self.column]
        if not diag:
            known1, known2 = known1.unsqueeze(-1), known2.unsqueeze(-2)
            level1, level2 = level1.unsqueeze(-1), level2.unsqueeze(-2)
        return (known1 & known2) | (level1 == level2)


class MixedInputKernel(Kernel):
    """k([x, z], [x', z']): numbers as they are, and the positions z of the levels in place of the codes.

    The latent-variable kernel of Zhang, Tao, Chen & Apley (2020). Rows whose level was not seen before are correlated
    with rows of that level only, so that they are predicted with the prior's uncertainty.

    Parameters
    ----------
    base_kernel
        A GPyTorch kernel over the numbers, in their order, followed by the coordinates of each embedding.
    num_inputs
        d, the number of inputs, codes among them.
    embeddings
        One for each column of codes; kernels may share them.

    Examples
    --------
    >>> from gpytorch.kernels import RBFKernel
    >>> kernel = MixedInputKernel(RBFKernel().double(), 2, [LevelEmbedding(column=1, levels=2)])
    >>> kernel.base_kernel.lengthscale = 2.0
    >>> x = torch.tensor([[0.5, 0.0], [0.5, 1.0], [0.5, 7.0]], dtype=torch.float64)
    >>> [round(value, 4) for value in kernel(x).to_dense()[0].tolist()]  # 1, exp(-1/2), 0
    [1.0, 0.6065, 0.0]
    """

    has_lengthscale = False

    def __init__(self, base_kernel: Kernel, num_inputs: int, embeddings: Sequence[LevelEmbedding]) -> None:
        super().__init__()
        self.base_kernel = base_kernel
        self._embeddings = torch.nn.ModuleList(embeddings)
        coded = {embedding.column for embedding in embeddings}
        self.numbers = [column for column in range(num_inputs) if column not in coded]

    @property
    def embeddings(self) -> list[LevelEmbedding]:
        """The embeddings, in the order of their coordinates."""
        return [embedding for embedding in self._embeddings if isinstance(embedding, LevelEmbedding)]

    def expand(self, x: Tensor) -> Tensor:
        """The inputs (..., d) as the base kernel sees them: numbers, then coordinates."""
        return torch.cat([x[..., self.numbers], *(embedding.forward(x) for embedding in self.embeddings)], dim=-1)

    def related(self, x1: Tensor, x2: Tensor, *, diag: bool = False) -> Tensor | None:
        """Whether inputs may be correlated as far as their levels go; None if all may."""
        masks = [embedding.related(x1, x2, diag=diag) for embedding in self.embeddings]
        found = [mask for mask in masks if mask is not None]
        return torch.stack(found).all(0) if found else None

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **params: Any) -> Tensor:
        """Covariance (..., n1, n2), or its diagonal (..., n1)."""
        value = self.base_kernel(self.expand(x1), self.expand(x2), diag=diag, **params)
        value = value if diag else value.to_dense()
        related = self.related(x1, x2, diag=diag)
        return value if related is None else value * related


def coordinates(levels: int) -> int:
    """How many coordinates the positions of so many levels have."""
    return max(1, min(MOST_COORDINATES, levels - 1))


def expanded_columns(num_inputs: int, levels: Mapping[int, int]) -> int:
    """How many columns the input kernels see: the numbers, and the coordinates of each categorical input.

    Parameters
    ----------
    num_inputs
        d, codes among them.
    levels
        The number of levels by column of codes.

    Examples
    --------
    >>> expanded_columns(3, {2: 10})
    4
    """
    return num_inputs - len(levels) + sum(coordinates(count) for count in levels.values())


def plain(kernel: Kernel) -> Kernel:
    """The kernel on numbers: that inside a mixed one, or else the kernel itself."""
    return kernel.base_kernel if isinstance(kernel, MixedInputKernel) else kernel


def embeddings_of(kernel: Kernel) -> list[LevelEmbedding]:
    """The embeddings of an input kernel, none for one on numbers alone."""
    return kernel.embeddings if isinstance(kernel, MixedInputKernel) else []


def _positions(embedding: LevelEmbedding) -> Tensor:
    return embedding.positions
