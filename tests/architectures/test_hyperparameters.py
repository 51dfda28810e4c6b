from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import torch
from botorch.acquisition.logei import qLogExpectedImprovement
from gpytorch.kernels import LinearKernel
from scipy.stats import norm

import mfgp.inference.sampling as sampling
from mfgp import DifferenceGP, IndependentGP, recalibrate, task
from mfgp.architectures import hyperparameters
from mfgp.errors import ParameterError
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.prediction import MixturePrediction, NormalPrediction

X_NEW = pd.DataFrame({"x": [0.05, 0.45, 1.4]})


@pytest.fixture(scope="module")
def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    x = np.linspace(0.0, 1.0, 10)
    Y = pd.DataFrame({"low": np.sin(7.0 * x), "high": 2.0 * np.sin(7.0 * x) + x})
    Y.loc[[0, 2, 3, 5, 6, 8], "high"] = np.nan
    return pd.DataFrame({"x": x}), Y


@pytest.fixture(scope="module")
def short() -> object:
    """Fewer draws, as these tests are not about how good they are."""
    patch = pytest.MonkeyPatch()
    patch.setattr(sampling.sample, "__defaults__", (2, 20, 20))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def model(table: tuple[pd.DataFrame, pd.DataFrame], short: object) -> DifferenceGP:
    return DifferenceGP(hyperparameters="posterior", random_state=1).fit(*table)


def members(model: DifferenceGP) -> list[TaskGP]:
    assert isinstance(model.predictive_model_, TaskGPEnsemble)
    return model.predictive_model_.members


def test_a_prediction_is_the_average_over_the_draws(model: DifferenceGP) -> None:
    x = torch.tensor(X_NEW.to_numpy())
    means = torch.stack([member.joint(x).mean for member in members(model)])
    assert means.std(0).max() > 1e-3
    np.testing.assert_allclose(model.predict(X_NEW), means.mean(0))
    p = model.predict_distribution(X_NEW)
    assert isinstance(p, MixturePrediction)
    np.testing.assert_allclose(p.mean, means.mean(0))
    _, std = model.predict(X_NEW, return_std=True)
    np.testing.assert_allclose(p.std, std)
    within = torch.stack([member.joint(x).covariance.diagonal(dim1=1, dim2=2) for member in members(model)])
    np.testing.assert_allclose(std**2, within.mean(0) + means.var(0, unbiased=False))


def test_a_function_of_tasks_is_averaged_too(model: DifferenceGP) -> None:
    p = model.predict_distribution(X_NEW)
    difference = p.of(task("high") - 2 * task("low"))
    parts = [part.of(task("high") - 2 * task("low")).mean for part in p.components]
    np.testing.assert_allclose(difference.mean, np.mean(parts, axis=0))


def test_draws_count_by_how_well_they_foresaw_what_is_given(model: DifferenceGP) -> None:
    given = pd.DataFrame({"low": [0.3, np.nan, -2.0]})
    p = model.predict_distribution(X_NEW, given=given)
    x = torch.tensor(X_NEW.to_numpy())
    noise = model.noise_["low"]
    joints = [member.joint(x) for member in members(model)]
    deviations = [np.hypot(joint.covariance[:, 0, 0].sqrt().numpy(), noise) for joint in joints]
    density = np.array([norm.pdf(given.low, j.mean[:, 0], s) for j, s in zip(joints, deviations, strict=True)])
    np.testing.assert_allclose(p.weights[:, 1], 1.0 / len(joints))
    np.testing.assert_allclose(p.weights[:, [0, 2]], (density / density.sum(axis=0))[:, [0, 2]])


def test_what_is_observed_has_each_draw_s_noise(model: DifferenceGP) -> None:
    plain, noisy = (model.predict_distribution(X_NEW, observed=observed) for observed in (False, True))
    added = np.mean([member.noise_scale().square().numpy() for member in members(model)], axis=0)
    np.testing.assert_allclose(noisy.std**2 - plain.std**2, np.tile(added, (3, 1)))
    np.testing.assert_allclose(model.noise_**2, added)


def test_the_maximum_stays_in_reach(model: DifferenceGP, table: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    at_maximum = DifferenceGP().fit(*table)
    np.testing.assert_array_equal(
        model.model_.mean(torch.tensor(X_NEW.to_numpy())), at_maximum.predict(X_NEW).to_numpy()
    )
    pd.testing.assert_frame_equal(model.lengthscales_, at_maximum.lengthscales_)
    assert at_maximum.fit_report_.sampling is None
    assert isinstance(at_maximum.predict_distribution(X_NEW), NormalPrediction)


def test_a_seed_gives_the_same_draws_bit_for_bit(model: DifferenceGP, table: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    again = DifferenceGP(hyperparameters="posterior", random_state=1).fit(*table)
    pd.testing.assert_frame_equal(again.predict(X_NEW), model.predict(X_NEW), check_exact=True)
    other = DifferenceGP(hyperparameters="posterior", random_state=2).fit(*table)
    assert (other.predict(X_NEW) != model.predict(X_NEW)).any(axis=None)


def test_the_report_tells_of_the_draws(model: DifferenceGP) -> None:
    report = model.fit_report_.sampling
    assert (report.chains, report.draws, report.divergences) == (2, 20, 0)
    assert report.rhat > 0.9
    assert np.isnan(report.gain)
    assert "; 2 chains of 20 draws: R-hat" in str(model.fit_report_)


def test_more_rows_are_learned_from_by_every_draw(model: DifferenceGP) -> None:
    more = pd.DataFrame({"low": [0.9], "high": [3.0]}, index=[2])
    grown = model.condition_on(X_NEW.iloc[[2]], more)
    possible = torch.stack(
        [
            member.condition_on_observations(
                torch.tensor([[1.4, 0.0], [1.4, 1.0]], dtype=torch.float64),
                torch.tensor([[0.9], [3.0]], dtype=torch.float64),
            ).mean(torch.tensor(X_NEW.to_numpy()))
            for member in members(model)
        ]
    )
    for member in members(grown):
        found = member.mean(torch.tensor(X_NEW.to_numpy()))
        assert (possible - found).abs().amax(dim=(1, 2)).min() < 1e-6
    assert len(members(grown)) == len(members(model))


def test_acquisition_functions_average_over_the_draws(model: DifferenceGP) -> None:
    ensemble = model.predictive_model_.subset_output([1])
    x = torch.tensor([[[0.3]], [[0.9]]], dtype=torch.float64, requires_grad=True)
    value = qLogExpectedImprovement(ensemble, best_f=1.0)(x)
    assert value.shape == (2,)
    value.sum().backward()
    assert bool(x.grad.isfinite().all())
    assert bool((x.grad != 0.0).all())


def test_auto_keeps_what_predicts_values_left_out_better(
    table: tuple[pd.DataFrame, pd.DataFrame], short: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gain, kind in ((0.5, TaskGPEnsemble), (-0.5, TaskGP)):
        monkeypatch.setattr("mfgp.architectures.estimator.gain_of_average", lambda *_, gain=gain: gain)
        model = DifferenceGP(hyperparameters="auto").fit(*table)
        assert type(model.predictive_model_) is kind
        assert model.fit_report_.sampling.gain == gain
        word = "better" if gain > 0.0 else "worse"
        assert f"0.5 nats {word} than the maximum on values left out" in str(model.fit_report_.sampling)


def test_the_gain_is_that_of_values_left_out(model: DifferenceGP) -> None:
    gain = hyperparameters.gain_of_average(model.model_, model.predictive_model_)
    few = hyperparameters.some_of_scarcest(model.model_.exact_posterior.observations)
    assert len(few) == 4
    assert np.isfinite(gain)
    alone = TaskGPEnsemble(model.model_, [model.model_])
    with_itself = hyperparameters.gain_of_average(model.model_, alone)
    assert with_itself > 0.0  # parameters that saw all values against those that did not


def test_auto_does_not_draw_where_values_are_many(short: object) -> None:
    x = np.linspace(0.0, 1.0, 60)
    model = IndependentGP(hyperparameters="auto").fit(x[:, None], np.sin(9.0 * x))
    assert model.fit_report_.sampling is None
    assert model.predictive_model_ is model.model_


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hyperparameters": "mcmc"}, "hyperparameters='mcmc', expected 'map', 'posterior' or 'auto'"),
        ({"random_state": -1}, "random_state=-1, expected a whole number from 0 on"),
        ({"random_state": None}, "random_state=None, expected a whole number from 0 on"),
    ],
)
def test_what_means_nothing_is_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        IndependentGP(**parameters).fit(np.zeros((3, 1)), np.arange(3.0))


def test_kernels_whose_priors_are_not_known_are_not_drawn_for() -> None:
    model = IndependentGP(kernel=LinearKernel(), hyperparameters="posterior")
    with pytest.raises(ParameterError, match="but this model uses LinearKernel; write hyperparameters='map'"):
        model.fit(np.arange(6.0)[:, None], np.arange(6.0))


@pytest.mark.parametrize("batch", [1, 2, 3])  # there are two members
def test_batches_of_any_size_are_points_and_not_draws(model: DifferenceGP, batch: int) -> None:
    ensemble = TaskGPEnsemble(model.model_, members(model)[:2]).subset_output([1])
    x = torch.rand(batch, 2, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    value = qLogExpectedImprovement(ensemble, best_f=1.0)
    one_by_one = torch.cat([value(rows.unsqueeze(0)) for rows in x])
    torch.testing.assert_close(value(x), one_by_one)


def test_new_rows_make_draws_count_as_given_values_do(model: DifferenceGP) -> None:
    seen = pd.DataFrame({"low": [0.05]}, index=[1])
    given = model.predict_distribution(X_NEW.iloc[[1]], given=seen)
    grown = model.condition_on(X_NEW.iloc[[1]], seen).predict_distribution(X_NEW.iloc[[1]])
    deviation = given.std.high.item()
    assert grown.mean.high.item() == pytest.approx(given.mean.high.item(), abs=0.3 * deviation)
    assert grown.std.high.item() == pytest.approx(deviation, rel=0.3)


def test_an_average_is_not_recalibrated_by_its_maximum(model: DifferenceGP) -> None:
    with pytest.raises(ParameterError, match="this model averages over its hyperparameters, but values are left out"):
        recalibrate(model)


def test_an_ensemble_learns_no_batches(model: DifferenceGP) -> None:
    rows = torch.zeros(2, 1, 2, dtype=torch.float64)
    with pytest.raises(ParameterError, match=re.escape("an ensemble learns from rows (m, d + 1) alone")):
        model.predictive_model_.condition_on_observations(rows, rows[..., :1])
