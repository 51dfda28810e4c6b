"""Triangular systems for many right-hand sides, by BLAS on the CPU."""

from __future__ import annotations

import torch
from scipy.linalg import get_blas_funcs
from torch import Tensor


def solve_lower(lower: Tensor, rows: Tensor, *, transposed: bool = False, overwrite: bool = False) -> Tensor:
    """L^-1 r for each row r, or L^-T r, without a graph.

    Parameters
    ----------
    lower
        (N, N) lower triangular L.
    rows
        (m, N) right-hand sides.
    transposed
        Solve with the transposed matrix.
    overwrite
        The right-hand sides may be overwritten, which saves a copy of them.

    Examples
    --------
    >>> lower = torch.tensor([[2.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    >>> solve_lower(lower, torch.tensor([[2.0, 3.0]], dtype=torch.float64)).tolist()
    [[1.0, 2.0]]
    """
    if not len(rows):
        return rows.clone()
    if lower.device.type != "cpu":
        matrix = lower.mT if transposed else lower
        return torch.linalg.solve_triangular(matrix, rows.mT, upper=transposed).mT
    factor, right = lower.numpy(), rows.contiguous().numpy().T
    by_columns = factor.flags.f_contiguous
    factor = factor if by_columns else factor.T
    (trsm,) = get_blas_funcs(("trsm",), (factor,))
    options = {"lower": by_columns, "trans_a": transposed == by_columns, "overwrite_b": overwrite}
    solution = trsm(1.0, factor, right, **options)
    return torch.from_numpy(solution.T)
