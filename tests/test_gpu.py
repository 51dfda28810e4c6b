"""A model on a GPU gives what the same model gives on the CPU, up to the order in which a GPU adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import mfgp
from mfgp.optimization import Box

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

DEVICE = "cuda"
INPUTS = ["a", "b"]
MODELS: dict[str, Any] = {
    "multi-task": mfgp.MultiTaskGP(device=DEVICE),
    "difference": mfgp.DifferenceGP(device=DEVICE),
    "latent variable": mfgp.LatentVariableGP(device=DEVICE),
    "cascade": mfgp.CascadeGP(device=DEVICE),
    "independent": mfgp.IndependentGP(device=DEVICE),
    "chosen": mfgp.AutoGP(device=DEVICE),
    "draws": mfgp.DifferenceGP(device=DEVICE, hyperparameters="posterior", random_state=0),
}


def table(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.random(rows), "b": rng.random(rows)})
    low = np.sin(7 * frame["a"]) + frame["b"] ** 2
    return frame.assign(low=low, high=low + 0.3 * frame["a"] + 0.05 * rng.standard_normal(rows))


def measured(rows: int = 24) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = table(rows)
    return frame[INPUTS], frame[["low", "high"]].assign(high=frame["high"].where(np.arange(rows) % 3 > 0))


@pytest.fixture(params=MODELS)
def on_gpu(request: pytest.FixtureRequest) -> Any:
    return MODELS[request.param].fit(*measured())


@pytest.fixture
def on_cpu(on_gpu: Any, tmp_path: Path) -> Any:
    """The same hyperparameters."""
    on_gpu.save(tmp_path / "model.mfgp")
    return mfgp.load(tmp_path / "model.mfgp")


def test_predictions(on_gpu: Any, on_cpu: Any) -> None:
    assert on_gpu._fitted_on.type == DEVICE
    new = table(200).tail(50)
    for options in ({}, {"observed": True}, {"given": new[["low"]]}):
        found, expected = (model.predict_distribution(new[INPUTS], **options) for model in (on_gpu, on_cpu))
        np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-5, atol=1e-6)
        for of in ("high - low", "maximum(high, low)"):
            np.testing.assert_allclose(found.of(of).mean, expected.of(of).mean, atol=1e-5)


def test_values_left_out_and_findings(on_gpu: Any, on_cpu: Any) -> None:
    assert list(on_gpu.check().to_frame()["status"]) == list(on_cpu.check().to_frame()["status"])
    if not isinstance(on_gpu, mfgp.CascadeGP):
        for found, expected in zip(on_gpu.predict_left_out(), on_cpu.predict_left_out(), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_screening(on_gpu: Any, on_cpu: Any) -> None:
    pool = table(20_000)[INPUTS]
    for precision in ("auto", "double") if isinstance(on_gpu, mfgp.CascadeGP) else ("auto", "double", "single"):
        options = {"where": "1.3 < high < 1.4", "precision": precision, "top": 20, "least_probability": 0.0}
        found, expected = (mfgp.screen(model, pool, **options) for model in (on_gpu, on_cpu))
        np.testing.assert_allclose(found.best["probability"], expected.best["probability"], rtol=0.02)
        assert len(set(found.best["row"]) & set(expected.best["row"])) >= 15


def test_factors_of_a_recalibration(tmp_path: Path) -> None:
    on_gpu = mfgp.MultiTaskGP(device=DEVICE).fit(*measured())
    on_gpu.save(tmp_path / "model.mfgp")
    found, expected = (mfgp.recalibrate(m).to_frame() for m in (on_gpu, mfgp.load(tmp_path / "model.mfgp")))
    np.testing.assert_allclose(found["factor"], expected["factor"], rtol=1e-4)


def test_rows_that_are_best_together(tmp_path: Path) -> None:
    on_gpu = mfgp.DifferenceGP(device=DEVICE).fit(*measured())
    on_gpu.save(tmp_path / "model.mfgp")
    pool = table(3_000)
    for options in ({}, {"given": "low"}, {"observed": True}):
        found, expected = (
            mfgp.screen(model, pool, where="1.3 < high < 1.4", top=20, diverse=5, **options)
            for model in (on_gpu, mfgp.load(tmp_path / "model.mfgp"))
        )
        np.testing.assert_allclose(found.diverse["together"], expected.diverse["together"], rtol=1e-3)


@pytest.mark.parametrize("acquisition", ["gain", "log_ei", "log_nei", "mf_mes", "mf_kg"])
@pytest.mark.parametrize("space", ["pool", "box"])
def test_campaigns_ask_alike(acquisition: str, space: str) -> None:
    X, Y = measured(12)
    asked = []
    for device in (DEVICE, None):
        campaign = mfgp.Campaign(
            mfgp.DifferenceGP(device=device),
            table(60)[INPUTS].tail(40) if space == "pool" else Box({"a": (0.0, 1.0), "b": (0.0, 1.0)}),
            mfgp.maximize("high"),
            {"low": 1, "high": 8},
            storage="sqlite://",
            acquisition=acquisition,
            data=X.join(Y),
        )
        asked.append(campaign.ask(3))
        assert np.isfinite(campaign.best()["mean"]).all()
    if acquisition in ("gain", "log_ei"):  # the others draw, or stop a climb where rounding ends it
        assert list(asked[0]["task"]) == list(asked[1]["task"])
        np.testing.assert_allclose(asked[0][INPUTS].astype(float), asked[1][INPUTS].astype(float), atol=0.02)


def test_campaigns_of_several_objectives_with_constraints() -> None:
    X, Y = measured(12)
    campaign = mfgp.Campaign(
        mfgp.MultiTaskGP(device=DEVICE),
        table(60)[INPUTS].tail(40),
        [mfgp.maximize("high"), mfgp.minimize("low")],
        {"low": 1, "high": 2},
        constraints=["high - low < 0.3"],
        storage="sqlite://",
        data=X.join(Y),
    )
    assert len(campaign.ask(2)) == 2


def test_cross_validation_is_the_same() -> None:
    X, Y = measured()
    found, expected = (
        mfgp.cross_validate(mfgp.MultiTaskGP(device=device), X, Y, task="high", cv=3).summary().drop(index="seconds")
        for device in (DEVICE, None)
    )
    np.testing.assert_allclose(found, expected, rtol=0.01, atol=1e-3)


def test_known_noise_and_labels() -> None:
    X, Y = measured()
    noisy = mfgp.MultiTaskGP(device=DEVICE).fit(X, Y, noise=Y * 0.0 + 0.1)
    assert np.isfinite(noisy.predict(X)).all(axis=None)
    colours = pd.DataFrame({"colour": np.where(Y["low"] > 1.0, "red", "blue"), "low": Y["low"]})
    labelled = mfgp.MultiTaskGP(device=DEVICE).fit(X, colours)
    assert (labelled.predict(X)["colour"] == colours["colour"]).mean() > 0.8


def test_models_of_botorch_are_built_there() -> None:
    X, Y = measured()
    rows = torch.from_numpy(np.column_stack([X, np.zeros(len(X))])).to(DEVICE)
    model = mfgp.TaskGP(rows, torch.tensor(Y[["low"]].to_numpy()).to(DEVICE))
    model.fit()
    assert model.posterior(rows).mean.device.type == DEVICE
