from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import mfgp
from mfgp.errors import DataError
from mfgp.plotting import expected_hits, score_histogram, screening
from mfgp.screening import Screening


@pytest.fixture(scope="module")
def model() -> mfgp.IndependentGP:
    X = pd.DataFrame({"x": np.linspace(0, 1, 12)})
    return mfgp.IndependentGP().fit(X, pd.Series(np.sin(6 * X["x"]), name="wave"))


@pytest.fixture(scope="module")
def pool() -> pd.DataFrame:
    return pd.DataFrame({"x": np.random.default_rng(0).random(500) * 2})


@pytest.fixture(scope="module")
def result(model: mfgp.IndependentGP, pool: pd.DataFrame) -> Screening:
    return mfgp.screen(model, pool, where="wave > 0.5", top=40)


def test_bars_hold_every_row(result: Screening) -> None:
    (axis,) = score_histogram(result).axes
    (stairs,) = axis.patches
    assert stairs.get_data().values.sum() == 500
    assert axis.lines[0].get_xdata()[0] == result.best["score"].iloc[-1]
    assert axis.get_title() == "500 rows, the best 40 right of the line"


def test_hits_are_those_of_the_result(result: Screening) -> None:
    (axis,) = expected_hits(result).axes
    curve = axis.lines[0]
    assert curve.get_xdata().tolist() == list(range(41))
    np.testing.assert_allclose(curve.get_ydata(), [result.expected_hits(k).mean for k in range(41)])


def test_both_stand_side_by_side_where_there_is_a_condition(
    model: mfgp.IndependentGP, pool: pd.DataFrame, result: Screening
) -> None:
    assert len(screening(result).axes) == 2
    assert len(screening(mfgp.screen(model, pool, rank_by="wave")).axes) == 1
    screening(result).savefig(io.BytesIO())


def test_axes_of_the_users_own_are_drawn_on(result: Screening) -> None:
    axes = Figure().subplots(1, 2)
    assert score_histogram(result, ax=axes[0]) is expected_hits(result, ax=axes[1])


def test_nothing_to_show_is_told(model: mfgp.IndependentGP, pool: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="there is no condition that rows could fulfil, or no row"):
        expected_hits(mfgp.screen(model, pool, rank_by="wave"))
    empty = mfgp.screen(model, pool.assign(x=np.nan), rank_by="wave")
    with pytest.raises(DataError, match="no row of the pool has a score"):
        score_histogram(empty)
