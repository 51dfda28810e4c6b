"""CascadeGP: what it is where tasks are linear in one another, and what it takes of tables and graphs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import RQKernel
from scipy.stats import norm

from mfgp import CascadeGP, DifferenceGP
from mfgp.inference.conditional import Conditional
from mfgp.prediction import CascadePrediction

GENERATOR = np.random.default_rng(0)
X = pd.DataFrame(GENERATOR.uniform(-1.0, 1.0, (30, 2)), columns=["a", "b"])
LOW = np.sin(3.0 * X.a) + X.b
Y = pd.DataFrame({"low": LOW, "high": (2.0 * LOW + 0.4 * X.a).where(np.arange(30) % 2 == 0)})
X_NEW = pd.DataFrame(GENERATOR.uniform(-0.9, 0.9, (8, 2)), columns=["a", "b"])


def test_straight_and_the_same_everywhere_it_is_kennedy_and_ohagans_answer() -> None:
    """A universal kriging of what is left of the task on its source's value, a constant and a Matern process."""
    model = CascadeGP().fit(X, Y).model_
    fitted = model.cascade.conditionals[1]
    kernel, data = fitted.kernel, fitted.posterior.observations
    kernel.set_scales(own=0.7, curve=0.0, slopes=torch.tensor([40.0]))
    with torch.no_grad():
        kernel.own.inner.lengthscale = 0.9
        kernel.relation.inner.lengthscale = 5e3
    straight = Conditional(kernel, fitted.noise, data, [0])

    x, u, y = data.x[:, :2].numpy(), data.x[:, 2].numpy(), data.y.numpy()
    new = model._inputs(torch.tensor(X_NEW.to_numpy())).numpy()
    u_new = np.linspace(-1.0, 1.0, 8)

    def process(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        r = 5.0**0.5 * np.linalg.norm(one[:, None] - other, axis=-1) / 0.9
        return 0.49 * (1.0 + r + r**2 / 3.0) * np.exp(-r) + 1.0  # and the unknown mean

    covariance = process(x, x) + fitted.noise.scale.item() ** 2 * np.eye(len(x))
    inverse = np.linalg.inv(covariance)
    rho = u @ inverse @ y / (u @ inverse @ u)  # generalised least squares
    cross = process(new, x) @ inverse
    mean = rho * u_new + cross @ (y - rho * u)
    left = u_new - cross @ u
    variance = np.diag(process(new, new) - cross @ process(x, new)) + left**2 / (u @ inverse @ u)
    found = straight.at(torch.from_numpy(new), torch.from_numpy(u_new).view(1, -1, 1))
    np.testing.assert_allclose(found[0][0], mean, rtol=0, atol=2e-3)
    np.testing.assert_allclose(found[1][0].sqrt(), np.sqrt(variance), rtol=0.02, atol=2e-3)


NOISY = Y + 0.1 * np.random.default_rng(1).standard_normal(Y.shape)
NOISE = pd.DataFrame(0.1, X.index, Y.columns)


@pytest.fixture(scope="module")
def linear() -> tuple[CascadeGP, DifferenceGP]:
    return CascadeGP().fit(X, NOISY, NOISE), DifferenceGP().fit(X, NOISY, NOISE)


@pytest.mark.parametrize("known", ["nothing", "low", "high"])
def test_of_tasks_that_are_linear_it_says_what_a_difference_says(
    linear: tuple[CascadeGP, DifferenceGP], known: str
) -> None:
    before = linear[1].predict_distribution(X_NEW)
    given = None if known == "nothing" else before.mean[[known]] + before.std[[known]]
    ours, theirs = (model.predict_distribution(X_NEW, given=given) for model in linear)
    scale = NOISY.std().to_numpy()
    np.testing.assert_allclose(ours.means / scale, theirs.means / scale, rtol=0, atol=0.06)
    np.testing.assert_allclose(ours.deviations / scale, theirs.deviations / scale, rtol=0, atol=0.08)


def test_a_known_task_tells_of_its_source(linear: tuple[CascadeGP, DifferenceGP]) -> None:
    moved = []
    for model in linear:
        before = model.predict_distribution(X_NEW)
        after = model.predict_distribution(X_NEW, given=before.mean[["high"]] + 0.5)
        assert (after.std.low < before.std.low).all()
        moved.append((after.mean.low - before.mean.low).mean())
    assert moved[0] > 0.01
    assert moved[0] == pytest.approx(moved[1], rel=0.35)


def test_a_known_square_leaves_both_roots() -> None:
    x = pd.DataFrame({"x": np.linspace(0.0, 1.0, 40)})
    low = np.sin(8.0 * x.x).where(x.x < 0.6)
    y = pd.DataFrame({"low": low, "high": (np.sin(8.0 * x.x) ** 2).where(x.x < 0.6)})
    p = (
        CascadeGP()
        .fit(x, y)
        .predict_distribution(
            pd.DataFrame({"x": [0.95]}), given=pd.DataFrame({"high": [0.64]}), noise=pd.DataFrame({"high": [0.02]})
        )
    )
    assert isinstance(p, CascadePrediction)
    draws = p.sample(4000, seed=0)[:, 0, 0]
    for root in (-0.8, 0.8):
        assert 0.1 < (np.abs(draws - root) < 0.2).mean() < 0.9
    assert (np.abs(draws) < 0.4).mean() < 0.02
    middle, side = (p.log_density(np.array([[value, np.nan]])).low.item() for value in (0.0, 0.8))
    assert side > middle + 3.0


GRAPHS = {
    "a chain": None,
    "a fork": {"b": ["a"], "c": ["a"]},
    "two sources": {"c": ["a", "b"]},
    "a diamond": {"b": ["a"], "c": ["a"], "d": ["b", "c"]},
}


@pytest.mark.parametrize("sources", GRAPHS.values(), ids=GRAPHS.keys())
def test_any_graph_and_any_pattern_of_values(sources: dict[str, list[str]] | None) -> None:
    x = pd.DataFrame({"x": np.linspace(0.0, 1.0, 24)})
    a = np.sin(6.0 * x.x)
    y = pd.DataFrame({"a": a, "b": a**2, "c": np.exp(a), "d": a + a**2})
    y = y.iloc[:, : 4 if sources and "d" in sources else 3]
    for place, column in enumerate(y):
        y.loc[np.arange(24) % 4 == place, column] = np.nan
    model = CascadeGP(sources=sources).fit(x, y)
    assert model.score(x, y) > 0.98
    p = model.predict_distribution(x.iloc[:3], given=y.iloc[:3])
    assert np.isfinite(p.means).all()
    assert np.linalg.eigvalsh(p.covariance).min() > -1e-9
    assert np.isfinite(p.sample(3, seed=0)).all()


def test_rows_of_one_task_each() -> None:
    y = pd.concat([Y.low.iloc[:20], (2.0 * LOW).iloc[20:].rename("high")], axis=1).reindex(X.index)
    mean, deviation = CascadeGP().fit(X, y).predict(X_NEW, return_std=True)
    truth = 2.0 * (np.sin(3.0 * X_NEW.a) + X_NEW.b)
    assert np.isfinite(mean).all(axis=None)
    assert (np.abs(mean.high - truth) < 4.0 * deviation.high).all()


def test_known_noise_is_the_noise() -> None:
    model = CascadeGP().fit(X, Y, NOISE[["low"]] * 2.0)
    assert model.noise_["low"] == pytest.approx(0.2)
    assert model.noise_["high"] != pytest.approx(0.2)


def test_a_fit_again_gives_the_same_bits() -> None:
    one, other = (CascadeGP().fit(X, Y).predict_distribution(X_NEW) for _ in range(2))
    np.testing.assert_array_equal(one.means, other.means)
    np.testing.assert_array_equal(one.quantile(0.3), other.quantile(0.3))
    np.testing.assert_array_equal(one.sample(3, seed=1), other.sample(3, seed=1))


def test_a_kernel_of_the_users_own() -> None:
    kernel = RQKernel()
    before = kernel.alpha.item()
    model = CascadeGP(kernel=kernel).fit(X, Y)
    assert model.score(X, Y) > 0.98
    assert kernel.alpha.item() == before


def test_intervals_and_densities_of_linear_tasks_are_normal(linear: tuple[CascadeGP, DifferenceGP]) -> None:
    p = linear[0].predict_distribution(X_NEW, observed=True)
    assert isinstance(p, CascadePrediction)
    scale = NOISY.std().to_numpy()
    reach = norm.ppf(0.95) * p.deviations
    np.testing.assert_allclose(p.quantile(0.95) / scale, (p.means + reach) / scale, rtol=0, atol=0.02)
    density = p.log_density(p.means + p.deviations)
    np.testing.assert_allclose(density, norm.logpdf(p.deviations, 0.0, p.deviations), rtol=0, atol=0.1)


def test_rows_in_blocks_are_the_rows(monkeypatch: pytest.MonkeyPatch, linear: tuple[CascadeGP, DifferenceGP]) -> None:
    given = pd.DataFrame({"high": [0.3, np.nan, 1.0, np.nan, 0.1, 0.2, np.nan, 0.5]})
    normals = np.random.default_rng(0).standard_normal((40, 8, 2))
    whole = linear[0].predict_distribution(X_NEW, given=given)
    draws = whole.draw(normals)
    monkeypatch.setattr("mfgp.inference.cascade.BLOCK", 512)
    parts = linear[0].predict_distribution(X_NEW, given=given)
    np.testing.assert_allclose(parts.means, whole.means, rtol=0, atol=1e-8)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=0, atol=1e-8)
    np.testing.assert_allclose(parts.draw(normals), draws, rtol=0, atol=1e-6)
