"""What is global stays as it was, and does not matter: generators, default types, threads, filters of warnings."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from threadpoolctl import threadpool_info

import mfgp
from mfgp.architectures.regressor import Regressor
from mfgp.validation import cross_validate
from tests.numerics.tables import KINDS, table


def state() -> dict[str, Any]:
    """Everything global that a library of numbers might leave changed."""
    return {
        "random": random.getstate(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002 it is the legacy generator that must not be touched
        "numpy errors": np.geterr(),
        "torch": torch.get_rng_state().tolist(),
        "default type": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
        "pools": sorted((pool["filepath"], pool["num_threads"]) for pool in threadpool_info()),
        "warnings": list(warnings.filters),
        "rows shown": pd.get_option("display.max_rows"),
    }


@pytest.fixture
def untouched() -> Iterator[None]:
    fitted = mfgp.DifferenceGP().fit(*table())  # libraries that are loaded at the first use
    fitted.predict(table()[0])
    before = state()
    yield
    after = state()
    assert {name for name in before if before[name] != after[name]} == set()


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_and_predictions_leave_no_trace(kind: Callable[..., Regressor], tmp_path: Path) -> None:
    X, Y = table()
    model = kind().fit(X, Y)
    model.predict(X, return_std=True)
    p = model.predict_distribution(X, given=Y[["low"]], observed=True)
    p.sample(3, seed=0)
    p.interval(0.9)
    p.of(mfgp.exp(mfgp.task("low")) * mfgp.task("high"))
    model.save(tmp_path / "model.mfgp")
    mfgp.load(tmp_path / "model.mfgp").predict(X)


@pytest.mark.usefixtures("untouched")
def test_averages_over_the_hyperparameters_leave_no_trace() -> None:
    X, Y = table()
    mfgp.DifferenceGP(hyperparameters="posterior").fit(X, Y).predict(X)


@pytest.mark.usefixtures("untouched")
def test_validation_and_screening_leave_no_trace() -> None:
    X, Y = table()
    cross_validate(mfgp.IndependentGP(), X, Y, task="high", cv=2)
    mfgp.screen(mfgp.IndependentGP().fit(X, Y), X, where="high > 0", rank_by="high", top=2)


def asked(acquisition: str) -> pd.DataFrame:
    """What a campaign asks for next."""
    X, Y = table()
    pool = pd.DataFrame({"x": np.linspace(0.0, 1.0, 17)})
    costs = {"low": 1, "high": 10}
    campaign = mfgp.Campaign(
        mfgp.DifferenceGP(), pool, mfgp.maximize("high"), costs, acquisition=acquisition, storage="sqlite://"
    )
    campaign.tell(pd.concat([X, Y], axis="columns"))
    return campaign.ask(1)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("acquisition", ["gain", "log_nei", "random"])
def test_a_campaign_leaves_no_trace(acquisition: str) -> None:
    asked(acquisition)


def test_what_a_campaign_asks_does_not_depend_on_seeds_of_others() -> None:
    torch.manual_seed(1)
    one = asked("log_nei")
    torch.manual_seed(2)
    other = asked("log_nei")
    pd.testing.assert_frame_equal(one[["x", "task", "gain"]], other[["x", "task", "gain"]], check_exact=True)


@pytest.mark.usefixtures("untouched")
def test_an_error_leaves_no_trace() -> None:
    X, Y = table()
    with pytest.raises(mfgp.errors.DataError):
        mfgp.DifferenceGP().fit(X, Y * 1e300)


@pytest.fixture
def single_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if before == torch.float64 else torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="module")
def expected() -> dict[str, pd.DataFrame]:
    X, Y = table()
    return {kind.__name__: kind().fit(X, Y).predict(X) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_type_of_torch_does_not_matter(
    kind: Callable[..., Regressor], expected: dict[str, pd.DataFrame], single_precision: None
) -> None:
    X, Y = table()
    pd.testing.assert_frame_equal(kind().fit(X, Y).predict(X), expected[kind.__name__], check_exact=True)


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_of_others_do_not_matter(kind: Callable[..., Regressor], expected: dict[str, pd.DataFrame]) -> None:
    X, Y = table()
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    pd.testing.assert_frame_equal(kind().fit(X, Y).predict(X), expected[kind.__name__], check_exact=True)
