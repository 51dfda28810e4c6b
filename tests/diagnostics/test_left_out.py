from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import chi2

from mfgp.architectures.checking import fitted_of
from mfgp.diagnostics.left_out import values_left_out
from mfgp.diagnostics.parameters import _tails
from mfgp.inference import ExactPosterior
from mfgp.kernels.priors import CauchyPrior, LengthscalePrior, LightPrior, NormalPrior, ScalePrior
from mfgp.kernels.training import training_covariance
from tests.diagnostics.fits import fit


@pytest.mark.parametrize("by", ["row", "value"])
@pytest.mark.parametrize("name", ["MultiTaskGP", "DifferenceGP"])
def test_it_is_what_the_estimator_says_of_values_left_out(name: str, by: str) -> None:
    model = fit(name)
    found = fitted_of(model).left_out(by)
    mean, std = model.predict_left_out(by)
    np.testing.assert_allclose(found.mean, mean.to_numpy()[found.row, found.latent], rtol=1e-8)
    np.testing.assert_allclose(found.std, std.to_numpy()[found.row, found.latent], rtol=1e-8)


def linear_map(posterior: ExactPosterior, group: np.ndarray) -> np.ndarray:
    """The matrix M of z = M y, column by column: of weights that are those of unit vectors."""
    columns, weights = [], posterior.weights
    for unit in torch.eye(len(weights), dtype=torch.float64):
        posterior.weights = torch.cholesky_solve(unit.unsqueeze(-1), posterior.lower).squeeze(-1)
        none = np.zeros(len(weights), dtype=int)
        found = values_left_out(posterior, group, none, none)
        columns.append((posterior.observations.y.numpy() - found.mean) / found.std)
    posterior.weights = weights
    return np.array(columns).T


@pytest.mark.parametrize("by", ["row", "value"])
def test_correlation_is_that_of_values_drawn_from_the_model(by: str) -> None:
    (part,) = fitted_of(fit("DifferenceGP")).parts
    group = part.rows if by == "row" else np.arange(len(part.rows))
    data = part.posterior.observations
    with torch.no_grad():
        covariance = training_covariance(part.kernel, data.x, data.task)
        covariance = torch.tril(covariance) + torch.tril(covariance, -1).T + torch.diag(part.posterior.noise_variance)
    m = linear_map(part.posterior, group)
    found = values_left_out(part.posterior, group, part.rows, part.latent)
    np.testing.assert_allclose(found.correlation, m @ covariance.numpy() @ m.T, atol=1e-6)
    np.testing.assert_allclose(np.diagonal(found.correlation), 1.0, atol=1e-6)
    np.testing.assert_allclose(found.z, m @ data.y.numpy(), atol=1e-8)


def test_mean_squares_of_a_right_model_are_nearly_chi_squared() -> None:
    """In 4000 draws of z, the smallest and the largest hundredth of them where the effective number has them."""
    found = fitted_of(fit("DifferenceGP")).left_out("row").of([1])
    root = np.linalg.cholesky(found.correlation + 1e-12 * np.eye(len(found)))
    draws = root @ np.random.default_rng(0).standard_normal((len(found), 4000))
    freedom = found.effective_number
    assert 1.0 < freedom < len(found)
    chance = chi2.cdf(freedom * np.square(draws).mean(axis=0), freedom)
    assert 0.003 < np.mean(chance < 0.01) < 0.025
    assert 0.003 < np.mean(chance > 0.99) < 0.025


@pytest.mark.parametrize(
    "prior, one_sided",
    [
        (LengthscalePrior(1), True),
        (ScalePrior(1.0), True),
        (ScalePrior(3.0, shape=2.0), True),
        (CauchyPrior(1.0), False),
        (NormalPrior(10.0), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, LightPrior) else "",
)
@pytest.mark.parametrize("value", [0.05, 2.0, 60.0])
def test_tails_are_integrals_of_the_priors(prior: LightPrior, one_sided: bool, value: float) -> None:
    def density(x: float) -> float:
        return float(np.exp(prior.log_prob_and_slope(np.array([[np.exp(x) if one_sided else x]]))[0]))

    if one_sided:  # a density over the logarithm
        whole = quad(density, -40.0, 40.0, points=[0.0], limit=200)[0]
        above = quad(density, np.log(value), 40.0, limit=200)[0] / whole
        expected = 2.0 * min(above, 1.0 - above)
    else:
        whole = quad(density, -np.inf, np.inf)[0]
        expected = 2.0 * quad(density, value, np.inf)[0] / whole
    assert _tails(prior, np.array([[value]])).item() == pytest.approx(expected, rel=1e-4, abs=1e-12)
