from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from mfgp.errors import NumericsError
from mfgp.inference.evidence import JITTERS, _on_device, evidence_and_gradient, factorise, log_evidence


def problem(n: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(n, n, generator=generator, dtype=torch.float64)
    noise = torch.rand(n, generator=generator, dtype=torch.float64)
    return root @ root.T / n, noise, torch.randn(n, generator=generator, dtype=torch.float64)


def reference(covariance: Tensor, noise: Tensor, y: Tensor) -> Tensor:
    return MultivariateNormal(torch.zeros_like(y), covariance + torch.diag(noise)).log_prob(y)


def test_it_is_the_log_density_of_the_values() -> None:
    covariance, noise, y = problem()
    value, jitter = log_evidence(covariance.clone(), noise, y)
    assert jitter == 0.0
    torch.testing.assert_close(value, reference(covariance, noise, y), rtol=1e-12, atol=1e-12)


def test_the_upper_triangle_is_not_read() -> None:
    covariance, noise, y = problem()
    spoilt = covariance + torch.full_like(covariance, torch.nan).triu(1).nan_to_num(7.0)
    torch.testing.assert_close(log_evidence(spoilt, noise, y)[0], reference(covariance, noise, y))


def test_gradients_are_those_of_autograd() -> None:
    arguments = [tensor.requires_grad_() for tensor in problem()]
    ours = torch.autograd.grad(log_evidence(arguments[0] + 0.0, *arguments[1:])[0], arguments)
    theirs = torch.autograd.grad(reference(*arguments), arguments)
    torch.testing.assert_close(ours[0], 0.5 * (theirs[0] + theirs[0].T), rtol=1e-10, atol=1e-10)
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_in_place_is_the_same() -> None:
    covariance, noise, y = problem()
    arguments = [covariance.requires_grad_(), noise, y]
    expected = reference(*arguments)
    (slope,) = torch.autograd.grad(expected, covariance)
    found = evidence_and_gradient(lambda: (covariance + torch.diag(noise)).detach(), y)
    assert found.value == pytest.approx(expected.item(), rel=1e-12)
    assert found.jitter == 0.0
    torch.testing.assert_close(found.by_covariance.tril(), (0.5 * (slope + slope.T)).tril(), rtol=1e-10, atol=1e-10)


def test_the_way_of_other_devices_is_the_same() -> None:
    covariance, noise, y = problem()
    whole = covariance + torch.diag(noise)
    outcome = _on_device(whole, y)
    assert outcome is not None
    torch.testing.assert_close(torch.tensor(outcome[0]).double(), 0.5 * torch.logdet(whole))
    torch.testing.assert_close(outcome[1], torch.linalg.solve(whole, y))
    torch.testing.assert_close(outcome[2], torch.linalg.inv(whole))
    assert _on_device(-whole, y) is None


def test_in_place_a_jitter_is_added_to_a_fresh_matrix() -> None:
    ones, y = torch.ones(3, 3, dtype=torch.float64), torch.tensor([0.1, 0.1, 0.1], dtype=torch.float64)
    found = evidence_and_gradient(ones.clone, y)
    expected, jitter = log_evidence(ones.clone(), torch.zeros(3).double(), y)
    assert found.jitter == jitter > 0.0
    assert found.value == pytest.approx(expected.item(), rel=1e-6)
    with pytest.raises(NumericsError, match="is not positive definite even with a jitter of 0.0001"):
        evidence_and_gradient(lambda: torch.tensor([[1.0, 2.0], [2.0, 1.0]], dtype=torch.float64), y[:2])


def test_gradients_against_differences() -> None:
    root = torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    noise, y = (tensor.requires_grad_() for tensor in problem(4)[1:])

    def value(root: Tensor, noise: Tensor, y: Tensor) -> Tensor:
        return 3.0 * log_evidence(root @ root.T, noise, y)[0]

    assert torch.autograd.gradcheck(value, (root, noise, y))


@pytest.mark.parametrize("place", range(1, len(JITTERS)))
def test_the_smallest_jitter_that_works_is_taken_and_reported(place: int) -> None:
    too_small, enough = JITTERS[place - 1], JITTERS[place]
    short = 0.5 * (too_small + enough)  # of a mean diagonal of one
    matrix = torch.diag(torch.tensor([2.0 + short, -short], dtype=torch.float64))
    factor = factorise(matrix)
    assert factor.jitter == enough
    torch.testing.assert_close(factor.lower @ factor.lower.T, matrix + enough * torch.eye(2).double())


def test_the_jitter_is_relative_to_the_diagonal() -> None:
    ones = torch.ones(3, 3, dtype=torch.float64)
    assert factorise(1e12 * ones).jitter == factorise(1e-12 * ones).jitter == factorise(ones).jitter > 0.0


def test_the_evidence_of_a_mended_matrix_is_that_with_the_jitter() -> None:
    ones, y = torch.ones(3, 3, dtype=torch.float64), torch.tensor([0.1, 0.1, 0.1], dtype=torch.float64)
    value, jitter = log_evidence(ones.clone(), torch.zeros(3).double(), y)
    assert jitter > 0.0
    torch.testing.assert_close(value, reference(ones, torch.full((3,), jitter).double(), y), rtol=1e-3, atol=1e-3)


def test_a_matrix_beyond_mending() -> None:
    matrix = torch.tensor([[1.0, 2.0], [2.0, 1.0]], dtype=torch.float64)
    message = "covariance of 2 observations is not positive definite even with a jitter of 0.0001; .* or give noise="
    with pytest.raises(NumericsError, match=message):
        factorise(matrix)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_matrix_that_is_not_finite(value: float) -> None:
    matrix = torch.eye(2, dtype=torch.float64)
    matrix[1, 0] = value
    with pytest.raises(
        NumericsError,
        match="covariance of 2 observations holds values that are not finite; look for values, inputs or noise",
    ):
        factorise(matrix)
