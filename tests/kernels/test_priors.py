from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Cauchy, HalfCauchy, MultivariateNormal, Normal

from mfgp.kernels.priors import (
    CauchyPrior,
    LengthscalePrior,
    LightPrior,
    NoisePrior,
    NormalPrior,
    PositionsPrior,
    RelatedNoisePrior,
    ScalePrior,
)


def offsets(ours: Tensor, theirs: Tensor) -> Tensor:
    """Differences between two log densities at several points, which ought to be one constant."""
    return (ours - theirs) - (ours - theirs)[:1]


@pytest.mark.parametrize("inputs", [1, 2, 7])
def test_log_lengthscales_are_normal_with_one_shared_part(inputs: int) -> None:
    prior = LengthscalePrior(inputs)
    shared = torch.full((inputs, inputs), prior.SHARED**2, dtype=torch.float64)
    normal = MultivariateNormal(torch.zeros(inputs).double(), shared + prior.OWN**2 * torch.eye(inputs))
    lengthscale = torch.exp(torch.randn(6, 1, inputs, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    theirs = normal.log_prob(torch.log(lengthscale / prior.median))
    ours = prior.log_prob(lengthscale)
    assert ours.shape == theirs.shape
    torch.testing.assert_close(offsets(ours, theirs), torch.zeros(6, 1).double())


def test_a_stretch_is_of_the_median() -> None:
    assert LengthscalePrior(2, stretch=10.0).median == pytest.approx(10.0 * LengthscalePrior(2).median)


def test_the_median_grows_as_distances_do() -> None:
    assert LengthscalePrior(16).median == pytest.approx(4 * LengthscalePrior(1).median)


@pytest.mark.parametrize("scale", [0.3, 2.0])
def test_normal(scale: float) -> None:
    x = torch.tensor([0.1, 0.5, 3.0], dtype=torch.float64)
    theirs = Normal(torch.zeros_like(x), scale).log_prob(-x)
    torch.testing.assert_close(offsets(NormalPrior(scale).log_prob(-x), theirs), torch.zeros_like(x))


@pytest.mark.parametrize("scale", [0.3, 2.0])
def test_cauchy(scale: float) -> None:
    x = torch.tensor([0.1, -0.5, 30.0], dtype=torch.float64)
    theirs = Cauchy(torch.zeros_like(x), scale).log_prob(x)
    torch.testing.assert_close(offsets(CauchyPrior(scale).log_prob(x), theirs), torch.zeros_like(x))


@pytest.mark.parametrize("scale", [0.3, 2.0])
def test_a_scale_is_half_cauchy_over_its_logarithm(scale: float) -> None:
    x = torch.tensor([0.001, 0.5, 3.0, 1000.0], dtype=torch.float64)
    theirs = HalfCauchy(torch.full_like(x, scale)).log_prob(x) + torch.log(x)
    torch.testing.assert_close(offsets(ScalePrior(scale).log_prob(x), theirs), torch.zeros_like(x))


@pytest.mark.parametrize("shape", [1.0, 2.0])
def test_a_scale_falls_by_its_shape_towards_zero_and_by_one_upwards(shape: float) -> None:
    small, large = torch.tensor([1e-6, 1e-5], dtype=torch.float64), torch.tensor([1e5, 1e6], dtype=torch.float64)
    prior, decade = ScalePrior(1.0, shape), torch.log(torch.tensor(10.0)).item()
    assert prior.log_prob(small).diff().item() == pytest.approx(shape * decade, rel=1e-6)
    assert prior.log_prob(large).diff().item() == pytest.approx(-decade, rel=1e-6)


def test_positions_are_apart_and_their_order_does_not_matter() -> None:
    prior = PositionsPrior()
    z = torch.tensor([[0.5, 0.1], [-0.3, 0.2], [0.0, -0.4]], dtype=torch.float64)
    assert prior.log_prob(z[[2, 0, 1]]).item() == pytest.approx(prior.log_prob(z).item())
    together = z.clone()
    together[0] = together[1]
    assert torch.isfinite(prior.log_prob(together))
    assert prior.log_prob(together) < prior.log_prob(z) - 5.0
    batch = torch.stack([z, together])
    assert prior.log_prob(batch).tolist() == [prior.log_prob(z).item(), prior.log_prob(together).item()]


def test_a_sole_position_is_normal() -> None:
    assert PositionsPrior().log_prob(torch.tensor([[1.0, 1.0]])).item() == -1.0


def test_noise_of_one_group_does_not_depend_on_another() -> None:
    s = torch.tensor([0.1, 0.3, 0.02, 0.5], dtype=torch.float64)
    whole = NoisePrior(torch.tensor([0, 1, 0, 1])).log_prob(s)
    parts = [NoisePrior(torch.tensor([0, 0])).log_prob(s[group]) for group in ([0, 2], [1, 3])]
    torch.testing.assert_close(whole, parts[0] + parts[1])


def test_noise_beside_known_levels_is_that_of_one_group() -> None:
    levels, own = torch.tensor([0.1, 0.3], dtype=torch.float64), torch.tensor([[0.02], [0.4]], dtype=torch.float64)
    together = torch.cat([levels.expand(2, -1), own], dim=-1)
    ours = RelatedNoisePrior(levels).log_prob(own)
    torch.testing.assert_close(ours, NoisePrior(torch.zeros(3)).log_prob(together))


def test_noise_levels_alike_are_likelier() -> None:
    prior = NoisePrior(torch.tensor([0, 0]))
    alike, apart = torch.tensor([0.1, 0.1]).double(), torch.tensor([0.01, 1.0]).double()
    assert prior.log_prob(alike) > prior.log_prob(apart)


def test_the_order_of_tasks_does_not_matter_to_noise() -> None:
    groups, s = torch.tensor([0, 1, 0, 2]), torch.tensor([0.1, 0.3, 0.02, 0.5], dtype=torch.float64)
    order = torch.tensor([2, 3, 1, 0])
    torch.testing.assert_close(NoisePrior(groups).log_prob(s), NoisePrior(groups[order]).log_prob(s[order]))


@pytest.mark.parametrize(
    "prior",
    [
        LengthscalePrior(3),
        NormalPrior(1.0),
        CauchyPrior(0.5),
        ScalePrior(1.0),
        ScalePrior(3.0, 2.0),
        NoisePrior(torch.tensor([0, 1, 0])),
    ],
    ids=repr,
)
def test_gradients_are_those_of_the_density(prior: LightPrior) -> None:
    x = torch.tensor([[0.2, 0.7, 1.9]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(prior.log_prob, x)
    (exact,) = torch.autograd.grad(prior.log_prob(x).sum(), x)
    log_prob, slope = prior.log_prob_and_slope(x.detach().numpy())
    np.testing.assert_allclose(slope, exact, rtol=1e-10, atol=1e-12)
    assert log_prob == pytest.approx(prior.log_prob(x).sum().item(), rel=1e-10, abs=1e-12)


def test_the_slope_of_positions() -> None:
    z = torch.tensor([[0.5, 0.1], [-0.3, 0.2], [0.0, -0.4]], dtype=torch.float64, requires_grad=True)
    (exact,) = torch.autograd.grad(PositionsPrior().log_prob(z), z)
    log_prob, slope = PositionsPrior().log_prob_and_slope(z.detach().numpy())
    np.testing.assert_allclose(slope, exact, rtol=1e-10, atol=1e-12)
    assert log_prob == pytest.approx(PositionsPrior().log_prob(z).item(), rel=1e-10)


def test_the_slope_of_noise_beside_known_levels() -> None:
    prior = RelatedNoisePrior(torch.tensor([0.1, 0.3]))
    x = torch.tensor([0.02], dtype=torch.float64, requires_grad=True)
    (exact,) = torch.autograd.grad(prior.log_prob(x), x)
    np.testing.assert_allclose(prior.log_prob_and_slope(x.detach().numpy())[1], exact, rtol=1e-10, atol=1e-12)


def test_a_scale_is_that_of_the_size() -> None:
    x = torch.tensor([0.3, 2.0], dtype=torch.float64)
    prior = ScalePrior(1.0, 2.0)
    torch.testing.assert_close(prior.log_prob(-x), prior.log_prob(x))
    np.testing.assert_allclose(prior.log_prob_and_slope(-x.numpy())[1], -prior.log_prob_and_slope(x.numpy())[1])


def test_a_prior_says_what_it_is() -> None:
    assert repr(NormalPrior(1.0)) == "NormalPrior()"
