"""Triangular systems for many right-hand sides, by the quicker of two BLAS libraries on the CPU."""

from __future__ import annotations

from functools import cache

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
    if lower.device.type != "cpu" or _by_torch():
        matrix = lower.mT if transposed else lower
        in_place = {"out": rows.mT} if overwrite and rows.is_contiguous() else {}
        return torch.linalg.solve_triangular(matrix, rows.mT, upper=transposed, **in_place).mT
    factor, right = lower.numpy(), rows.contiguous().numpy().T
    by_columns = factor.flags.f_contiguous
    factor = factor if by_columns else factor.T
    (trsm,) = get_blas_funcs(("trsm",), (factor,))
    options = {"lower": by_columns, "trans_a": transposed == by_columns, "overwrite_b": overwrite}
    solution = trsm(1.0, factor, right, **options)
    return torch.from_numpy(solution.T)


@cache
def _by_torch() -> bool:
    """Whether torch's library is the one to use: with AVX-512, SciPy's needs two to four times as long."""
    return torch.backends.mkl.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
