from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gpytorch.kernels import RQKernel
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mfgp import AutoGP, CascadeGP, DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP

ESTIMATORS = [MultiTaskGP(), DifferenceGP(), LatentVariableGP(), CascadeGP(), IndependentGP(), AutoGP()]
EXPECTED_TO_FAIL: dict[str, str] = {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda _: EXPECTED_TO_FAIL)
def test_scikit_learns_own_checks(estimator: BaseEstimator, check: Callable[[BaseEstimator], None]) -> None:
    check(estimator)


def problem(n: int = 16) -> tuple[pd.DataFrame, pd.DataFrame]:
    x = np.linspace(0, 1, n)
    X = pd.DataFrame({"a": x, "b": np.cos(9 * x)}, index=[f"row {i}" for i in range(n)])
    Y = pd.DataFrame({"low": np.sin(6 * X.a) + 0.2 * X.b, "high": 2 * np.sin(6 * X.a) + X.a}, index=X.index)
    Y.loc[X.index[1::3], "high"] = np.nan
    return X, Y


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_a_clone_has_the_parameters_and_nothing_learned(estimator: Any) -> None:
    X, Y = problem()
    fitted = clone(estimator).fit(X, Y)
    copy = clone(fitted)
    assert copy.get_params() == estimator.get_params()
    assert not hasattr(copy, "model_")
    pd.testing.assert_frame_equal(copy.fit(X, Y).predict(X), fitted.predict(X))


def test_a_kernel_of_the_users_own_is_left_as_it_was() -> None:
    kernel = RQKernel()
    before = kernel.alpha.item()
    model = MultiTaskGP(kernel=kernel).fit(*problem())
    assert model.kernel is kernel
    assert kernel.alpha.item() == before
    assert clone(model).kernel.alpha.item() == before


def test_parameters() -> None:
    assert MultiTaskGP(rank=1, processes=2).get_params() == {
        "processes": 2,
        "rank": 1,
        "kernel": "matern52",
        "device": None,
        "warm_start": False,
        "unseen": "prior",
        "concentration": None,
        "hyperparameters": "map",
        "random_state": 0,
    }
    assert DifferenceGP().set_params(sources={"a": ["b"]}).sources == {"a": ["b"]}
    assert LatentVariableGP(dimension=3).get_params()["dimension"] == 3
    own = {"kernel", "device", "warm_start", "unseen", "concentration", "hyperparameters", "random_state"}
    assert set(IndependentGP().get_params()) == own


def test_in_a_pipeline() -> None:
    X, Y = problem()
    pipeline = make_pipeline(StandardScaler(), MultiTaskGP(rank=1)).fit(X, Y)
    found = pipeline.predict(X)
    assert list(found.columns) == ["low", "high"]
    direct = MultiTaskGP(rank=1).fit(X, Y).predict(X)
    np.testing.assert_allclose(found, direct, atol=1e-3)
    assert pipeline.score(X, Y) > 0.99


@pytest.mark.parametrize("ranks", [[0, 1], np.array([0, 1])], ids=["int", "numpy"])
def test_in_a_grid_search(ranks: Any) -> None:
    X, Y = problem(12)
    search = GridSearchCV(
        MultiTaskGP(), {"rank": ranks}, cv=KFold(2, shuffle=True, random_state=0), error_score="raise"
    )
    search.fit(X, Y)
    assert search.best_params_["rank"] in (0, 1)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert list(search.predict(X).columns) == ["low", "high"]


def test_in_a_cross_validation() -> None:
    X, Y = problem()
    scores = cross_val_score(DifferenceGP(), X.to_numpy(), Y.to_numpy(), cv=KFold(2, shuffle=True, random_state=0))
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
