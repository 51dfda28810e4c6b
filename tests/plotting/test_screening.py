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
    assert axis.get_title() == "500 rows"
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["rank 40"]


def test_rows_that_are_not_probable_enough_are_told(model: mfgp.IndependentGP, pool: pd.DataFrame) -> None:
    some = mfgp.screen(model, pool, where="wave > 0.5", rank_by="wave")
    assert 0 < some.ranked < 500
    assert score_histogram(some).axes[0].get_title() == f"500 rows, {some.ranked} probable enough"
    none = score_histogram(mfgp.screen(model, pool.head(1), where="wave > 50", rank_by="wave")).axes[0]
    assert none.get_title() == "1 row, 0 probable enough"
    assert none.get_legend() is None


def test_probabilities_end_at_one(model: mfgp.IndependentGP, pool: pd.DataFrame) -> None:
    sure = mfgp.screen(model, pool, where="wave > -50")
    assert (sure.best["probability"] == 1.0).all()
    assert sure.histogram.to_frame(64)["upper"].iloc[-1] > 1.0
    either = mfgp.screen(model, pool, where="wave > 0.5")
    bars = score_histogram(either).axes[0].patches[0].get_data()
    assert bars.edges.max() <= 1.0
    assert bars.values.sum() == 500


def test_few_hits_can_be_seen(model: mfgp.IndependentGP, pool: pd.DataFrame) -> None:
    rare = mfgp.screen(model, pool, where="0.9 < wave < 0.901", top=200)
    (axis,) = expected_hits(rare).axes
    reached = sum(rare.expected_hits(200))
    assert reached < axis.get_ylim()[1] <= max(1.0, 1.2 * reached) < 200


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
