"""Categorical inputs of a cascade."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mfgp import CascadeGP, IndependentGP
from mfgp.errors import DataError, ParameterError

HIDDEN = dict(zip("abcdefgh", np.random.default_rng(0).permutation(8) / 3.5 - 1.0, strict=True))


def curved(rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Eight levels that are points of a line, and a task that is the square of another."""
    rng = np.random.default_rng(seed)
    metal, x = rng.choice(list(HIDDEN), rows), rng.uniform(-1.0, 1.0, rows)
    low = np.sin(2.0 * x + 2.0 * np.array([HIDDEN[level] for level in metal]))
    return pd.DataFrame({"x": x, "metal": metal}), pd.DataFrame({"low": low, "high": low**2})


@pytest.fixture(scope="module")
def learned() -> tuple[CascadeGP, pd.DataFrame, pd.DataFrame]:
    X, Y = curved(60, 0)
    Y.loc[12:, "high"] = np.nan
    return CascadeGP().fit(X, Y), X, Y


def test_a_few_values_of_the_task_do_where_its_source_places_the_levels(learned: tuple[CascadeGP, ...]) -> None:
    model, X, Y = learned
    X_new, truth = curved(200, 9)
    alone = np.abs(IndependentGP().fit(X, Y).predict(X_new) - truth).mean()
    mean, deviation = model.predict(X_new, return_std=True)
    assert np.abs(mean - truth).high.mean() < 0.3 * alone.high
    assert (np.abs(truth - mean).high < 3.0 * deviation.high).mean() > 0.9


def test_levels_of_a_task_are_where_its_source_has_them(learned: tuple[CascadeGP, ...]) -> None:
    model, *_ = learned
    conditionals = model.model_.cascade.conditionals
    (below,) = (conditionals[0].kernel.input_kernels[0].embeddings,)
    for inner in conditionals[1].kernel.input_kernels:
        for embedding, known in zip(inner.embeddings, below, strict=True):
            np.testing.assert_array_equal(embedding.positions.detach(), known.positions.detach())
    table = model.level_embeddings_
    assert table.index.get_level_values("process").unique().tolist() == ["low", "high", "high given its sources"]
    order = table.loc["low"]["z0"].droplevel("input").corr(pd.Series(HIDDEN), method="spearman")
    assert abs(order) > 0.95
    assert list(model.lengthscales_.columns) == ["x"]


def test_levels_that_the_source_did_not_see_are_learned(learned: tuple[CascadeGP, ...]) -> None:
    _, X, Y = learned
    values = Y.copy()
    values.loc[X.metal == "a", "low"] = np.nan
    values["high"] = curved(60, 0)[1]["high"]
    conditionals = CascadeGP().fit(X, values).model_.cascade.conditionals
    (own, *_), (known, *_) = (conditionals[t].kernel.input_kernels[0].embeddings for t in (1, 0))
    assert not np.allclose(own.positions.detach(), known.positions.detach())


def test_a_level_not_seen_before_is_predicted_by_the_prior(learned: tuple[CascadeGP, ...]) -> None:
    model, X, Y = learned
    new = pd.DataFrame({"x": [-0.5, 0.5], "metal": ["gold", "gold"]})
    p = model.predict_distribution(new)
    np.testing.assert_allclose(p.means[0], p.means[1])
    assert (p.std.min() > 3.0 * model.predict_distribution(X).std.median()).all()
    with pytest.raises(DataError, match="holds the levels 'gold' that the fit did not have"):
        CascadeGP(unseen="error").fit(X, Y).predict(new)
    with pytest.raises(ParameterError, match="unseen='ignore', expected 'prior' or 'error'"):
        CascadeGP(unseen="ignore").fit(X, Y)  # type: ignore[arg-type]


def test_categories_alone_are_inputs_too() -> None:
    X = pd.DataFrame({"metal": list("abcdef") * 2, "facet": ["flat"] * 6 + ["step"] * 6})
    low = pd.Series(np.linspace(-1.0, 1.0, 12))
    Y = pd.DataFrame({"low": low, "high": (low**2).where(X.index % 2 == 0)})
    model = CascadeGP().fit(X, Y)
    assert np.abs(model.predict(X) - Y).mean().max() < 0.1
    p = model.predict_distribution(X, given=Y[["low"]])
    assert np.isfinite(p.interval(0.9)).all(axis=None)
    assert model.lengthscales_.empty


def test_names_of_levels_and_the_order_of_rows_do_not_matter(learned: tuple[CascadeGP, ...]) -> None:
    model, X, Y = learned
    names = dict(zip(HIDDEN, ["q", "z", "m", "c", "w", "b", "y", "a"], strict=True))
    rows = np.random.default_rng(0).permutation(len(X))
    other = CascadeGP().fit(X.assign(metal=X.metal.map(names)).iloc[rows], Y.iloc[rows])
    X_new, truth = curved(50, 5)
    found = other.predict(X_new.assign(metal=X_new.metal.map(names)))
    np.testing.assert_allclose(found / truth.std(), model.predict(X_new) / truth.std(), rtol=0, atol=0.03)
