from __future__ import annotations

import pytest
import torch

from mfgp.inference.triangular import solve_lower


@pytest.mark.parametrize("layout", ["by columns", "by rows", "a corner", "one"])
@pytest.mark.parametrize("transposed", [False, True])
def test_it_solves_whatever_the_layout(layout: str, transposed: bool) -> None:
    size = 1 if layout == "one" else 7
    lower = torch.linalg.cholesky(torch.eye(size, dtype=torch.float64) * 3 + 1)
    assert size == 1 or (lower.mT.is_contiguous() and not lower.is_contiguous())
    if layout == "by rows":
        lower = lower.contiguous()
    if layout == "a corner":
        lower = lower[2:, 2:]
    rows = torch.rand(len(lower), 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).T
    before = rows.clone()
    expected = torch.linalg.solve(lower.mT if transposed else lower, rows.mT).mT
    torch.testing.assert_close(solve_lower(lower, rows, transposed=transposed), expected)
    torch.testing.assert_close(rows, before, rtol=0.0, atol=0.0)


def test_no_rows() -> None:
    assert solve_lower(torch.eye(3, dtype=torch.float64), torch.empty(0, 3, dtype=torch.float64)).shape == (0, 3)
