"""Where the levels of categorical inputs start from: levels with like values near one another."""

from __future__ import annotations

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.kernels.levels import LevelEmbedding, MixedInputKernel, embeddings_of

SHRINKAGE = 2.0  # as many observations at the overall mean, for each level


@torch.no_grad()
def place_levels(kernel: Kernel, observations: Observations) -> None:
    """Set the positions of an input kernel's levels from one task's observations.

    A level is described by the mean of its values and by their covariances with the numeric inputs; its position is
    its score on the principal components of these. So the first coordinate tells levels of high values from those of
    low ones, and the order in which levels are named does not matter. Positions that are not learned stay as they are.
    """
    for embedding in embeddings_of(kernel):
        if not embedding.positions.requires_grad:
            continue
        numbers = observations.x[:, kernel.numbers] if isinstance(kernel, MixedInputKernel) else observations.x
        embedding.positions.copy_(_scores(embedding, observations, numbers))


def _scores(embedding: LevelEmbedding, observations: Observations, numbers: Tensor) -> Tensor:
    code, y = embedding.codes(observations.x), observations.y - observations.y.mean()
    numbers = numbers - numbers.mean(0)
    described = torch.cat([y.unsqueeze(-1), y.unsqueeze(-1) * numbers / max(numbers.shape[1], 1) ** 0.5], dim=-1)
    total = described.new_zeros(embedding.levels, described.shape[1]).index_add_(0, code, described)
    counts = torch.bincount(code, minlength=embedding.levels).to(y)
    features = total / (counts + SHRINKAGE).unsqueeze(-1)
    vectors, values, axes = torch.linalg.svd(features - features.mean(0), full_matrices=False)
    leading = axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign().squeeze(1)
    scores = vectors * (values * leading)
    kept = min(embedding.dimension, scores.shape[1])
    positions = torch.zeros_like(embedding.positions)
    positions[:, :kept] = scores[:, :kept]
    size = positions.square().mean().sqrt()
    return torch.where((counts > 0).unsqueeze(-1) & (size > 0.0), positions / size, embedding.positions)
