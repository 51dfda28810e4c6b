"""Categorical inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.architectures.levels import principal_axes
from mfgp.errors import DataError, ParameterError
from mfgp.validation import cross_validate

ARCHITECTURES = [MultiTaskGP(), DifferenceGP(), LatentVariableGP(), IndependentGP()]
HIDDEN = dict(zip("abcdefghij", np.random.default_rng(0).permutation(10) / 4.5 - 1.0, strict=True))


def hidden_order(rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten levels that are points of a line."""
    rng = np.random.default_rng(seed)
    metal, x = rng.choice(list(HIDDEN), rows), rng.uniform(-1.0, 1.0, rows)
    h = np.array([HIDDEN[level] for level in metal])
    low = np.sin(3.0 * x + 2.0 * h) + h * x
    Y = pd.DataFrame({"low": low, "high": 2.0 * low + h**2}) + 0.02 * rng.standard_normal((rows, 2))
    return pd.DataFrame({"x": x, "metal": metal}), Y


def error(model: Any, X: pd.DataFrame, Y: pd.DataFrame) -> pd.Series:
    return np.sqrt(np.square(model.predict(X) - Y).mean())


def test_levels_that_hide_a_line_are_put_in_its_order_and_predicted_better_than_one_hot() -> None:
    (X, Y), (X_new, Y_new) = hidden_order(80, 0), hidden_order(300, 99)
    Y.loc[30:, "high"] = np.nan
    model = MultiTaskGP().fit(X, Y)
    found = model.level_embeddings_.droplevel(["process", "input"])
    assert abs(found["z0"].corr(pd.Series(HIDDEN), method="spearman")) > 0.97
    dummies, dummies_new = (pd.get_dummies(frame, dtype=float) for frame in (X, X_new))
    one_hot = error(MultiTaskGP().fit(dummies, Y), dummies_new, Y_new)
    assert (error(model, X_new, Y_new) < 0.6 * one_hot).all()


@pytest.fixture(scope="module")
def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"x": rng.uniform(-1, 1, 24), "metal": rng.choice(["tin", "lead", "zinc"], 24)})
    level = X.metal.map({"tin": 0.0, "lead": 1.0, "zinc": 1.5})
    Y = pd.DataFrame({"low": np.sin(2 * X.x) + level, "high": np.sin(2 * X.x) + 2 * level}, index=X.index)
    return X, Y + 0.05 * rng.standard_normal(Y.shape)


@pytest.mark.parametrize("estimator", ARCHITECTURES, ids=lambda estimator: type(estimator).__name__)
def test_a_level_not_seen_before_is_predicted_by_the_prior(estimator: Any, table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    model = estimator.fit(X, Y)
    new = pd.DataFrame({"x": [-0.5, 0.5], "metal": ["gold", "gold"]})
    p = model.predict_distribution(new)
    np.testing.assert_allclose(p.mean.iloc[0], p.mean.iloc[1])  # the numbers say nothing without the level
    np.testing.assert_allclose(p.std.iloc[0], p.std.iloc[1])
    scale = np.sqrt(np.diagonal(model.model_.covar_module.task_covariance().detach().numpy()))
    assert (p.std.iloc[0] >= scale * Y.std()).all()
    assert (p.std.iloc[0] > 3 * model.predict_distribution(X).std.max()).all()
    with pytest.raises(DataError, match="holds the levels 'gold' that the fit did not have, which were 'lead', 'tin'"):
        model.set_params(unseen="error").predict(new)
    model.set_params(unseen="prior")


def test_unseen_is_one_of_two_words(table: tuple[pd.DataFrame, ...]) -> None:
    with pytest.raises(ParameterError, match="unseen='ignore', expected 'prior' or 'error'"):
        MultiTaskGP(unseen="ignore").fit(*table)  # type: ignore[arg-type]


def test_a_level_with_no_value_at_all_counts_as_not_seen(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    more = pd.concat([X, pd.DataFrame({"x": [0.0], "metal": ["gold"]})], ignore_index=True)
    model = IndependentGP().fit(more, Y.reindex(more.index))
    assert set(model.level_embeddings_.index.get_level_values("level")) == {"lead", "tin", "zinc"}
    pd.testing.assert_frame_equal(model.predict(X), IndependentGP().fit(X, Y).predict(X))


def test_the_names_of_levels_do_not_matter(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    renamed = X.assign(metal=X.metal.map({"tin": "c", "lead": "b", "zinc": "a"}))
    first, second = (DifferenceGP().fit(inputs, Y).predict(inputs) for inputs in (X, renamed))
    np.testing.assert_allclose(first, second, atol=0.02)


def test_two_levels_are_a_number(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    X = X.assign(metal=np.where(X.metal == "tin", "tin", "other"))
    number = X.assign(metal=(X.metal == "tin").astype(float))
    first, second = (IndependentGP().fit(inputs, Y).predict(inputs) for inputs in (X, number))
    np.testing.assert_allclose(first, second, atol=0.05)


def test_categories_alone_are_inputs_enough(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    model = MultiTaskGP().fit(X[["metal"]], Y)
    by_level = model.predict(X[["metal"]]).groupby(X.metal).first()
    np.testing.assert_allclose(by_level, Y.groupby(X.metal).mean(), atol=0.3)
    assert model.lengthscales_.shape == (1, 0)


def test_lengthscales_are_those_of_numbers_and_positions_have_a_frame(table: tuple[pd.DataFrame, ...]) -> None:
    model = DifferenceGP().fit(*table)
    assert list(model.lengthscales_.columns) == ["x"]
    found = model.level_embeddings_
    assert found.index.names == ["process", "input", "level"]
    assert found.loc[("high", "metal")].index.tolist() == ["lead", "tin", "zinc"]
    np.testing.assert_allclose(found.groupby(level=["process", "input"]).mean(), 0.0, atol=1e-9)
    assert MultiTaskGP().fit(table[0][["x"]], table[1]).level_embeddings_.empty


def test_positions_are_in_lengthscales(table: tuple[pd.DataFrame, ...]) -> None:
    """The correlation between levels is the kernel at the distance of their positions."""
    model = MultiTaskGP(kernel="rbf").fit(*table)
    z = model.level_embeddings_.to_numpy()
    rows = np.column_stack([np.zeros(3), range(3)])
    kernel = model.model_.covar_module.input_kernels[0]
    found = kernel(model._tensor(rows)).to_dense().detach().numpy()
    np.testing.assert_allclose(found, np.exp(-0.5 * np.square(z[:, None] - z[None]).sum(-1)))


def test_principal_axes_keep_distances() -> None:
    z = np.random.default_rng(0).standard_normal((5, 2))
    found = principal_axes(z)
    distances = [np.linalg.norm(part[:, None] - part[None], axis=-1) for part in (z, found)]
    np.testing.assert_allclose(*distances)
    np.testing.assert_allclose(found.T @ found, np.diag(np.diagonal(found.T @ found)), atol=1e-12)


def test_cross_validation_takes_categories(table: tuple[pd.DataFrame, ...]) -> None:
    X, Y = table
    X = X.assign(metal=X.metal.where(X.index != 3, "only once"))
    validation = cross_validate(DifferenceGP(), X, Y, task="high", given=["low"], cv=3)
    assert validation.summary().loc["mae", "mean"] < 0.5
