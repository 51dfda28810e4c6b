"""Positions of the levels of categorical inputs, as a fitted model has them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from gpytorch.kernels import Kernel
from numpy.typing import NDArray

from mfgp.data.inputs import Inputs
from mfgp.kernels.levels import embeddings_of, plain
from mfgp.kernels.stationary import profile

INDEX = ["process", "input", "level"]


def level_positions(kernels: Mapping[Hashable, Kernel], inputs: Inputs) -> pd.DataFrame:
    """Positions in lengthscales: rows (process, input, level), columns the coordinates; empty without categories.

    Parameters
    ----------
    kernels
        The input kernel of each process by name.
    inputs
        Those of the fit.
    """
    frames = []
    for process, kernel in kernels.items():
        first = len(inputs.columns) - len(inputs.levels)
        for embedding in embeddings_of(kernel):
            here = slice(first, first + embedding.dimension)
            first += embedding.dimension
            positions = embedding.positions.detach().cpu().numpy()
            if profile(kernel) is not None:
                lengthscale = plain(kernel).lengthscale.detach().cpu().numpy()
                positions = positions / (lengthscale if lengthscale.shape[-1] == 1 else lengthscale[:, here])
            z = principal_axes(positions)
            rows = _rows(process, inputs.columns[embedding.column], inputs.levels[embedding.column].values)
            frames.append(pd.DataFrame(z, rows, [f"z{i}" for i in range(z.shape[1])]))
    if not frames:
        return pd.DataFrame(index=_rows("", "", ()), columns=["z0", "z1"], dtype=float)
    return pd.concat(frames)


def principal_axes(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (L, m) around their mean, on their principal axes, the farthest point of each axis on its upper side.

    Examples
    --------
    >>> principal_axes(np.array([[1.0, 0.0], [1.0, -4.0], [1.0, 1.0]])).round(6).tolist()
    [[-1.0, 0.0], [3.0, 0.0], [-2.0, 0.0]]
    """
    centred = positions - positions.mean(axis=0)
    vectors, values, _ = np.linalg.svd(centred, full_matrices=False)
    scores = np.zeros_like(centred)
    scores[:, : len(values)] = vectors * values
    farthest = np.take_along_axis(scores, np.abs(scores).argmax(axis=0)[None, :], axis=0)
    return scores * np.where(farthest < 0.0, -1.0, 1.0) + 0.0


def _rows(process: Hashable, name: Hashable, levels: Sequence[Hashable]) -> pd.MultiIndex:
    parts = [[process] * len(levels), [name] * len(levels), levels]
    return pd.MultiIndex.from_arrays([pd.Index(part, tupleize_cols=False) for part in parts], names=INDEX)
