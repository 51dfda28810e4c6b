from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from mfgp.errors import ColumnError
from mfgp.plotting import comparison
from mfgp.validation import Comparison, Validation


def validation(seed: int) -> Validation:
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal(40)
    columns = {"truth": truth, "mean": truth + 0.3 * rng.standard_normal(40), "std": 0.3}
    line = pd.DataFrame({"row": range(40), "fold": np.repeat(range(4), 10), **columns})
    folds = pd.DataFrame({"learned": 30, "predicted": 10, "seconds": 0.1}, pd.RangeIndex(4, name="fold"))
    return Validation("gap", line, folds)


@pytest.fixture
def result() -> Comparison:
    keys = [(situation, name) for situation in ("cold", "given $_{") for name in ("one $x^{$", "two", "alone")]
    return Comparison("gap", {key: validation(seed) for seed, key in enumerate(keys)}, "alone")


def test_every_difference_is_shown_with_its_errors(result: Comparison) -> None:
    (axis,) = comparison(result, score="mae", unit="eV").axes
    found = result.differences()["mae"]
    points = [each for each in axis.collections if isinstance(each, PathCollection)]
    shown = np.concatenate([np.asarray(each.get_offsets()) for each in points])
    np.testing.assert_allclose(shown[:, 0], found["mean"])
    assert (np.diff(shown[:, 1]) > 0).all()
    lines = [each for each in axis.collections if not isinstance(each, PathCollection)]
    ends = np.concatenate([[path.vertices[:, 0] for path in each.get_paths()] for each in lines[::2]])
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 4.0 * found["se"])
    assert axis.get_xlabel() == "mae of gap, difference from alone (eV)\nleft of the line: better than alone"
    assert [text.get_text() for text in axis.get_yticklabels()] == ["one $x^{$", "two"] * 2
    assert [text.get_text() for text in axis.texts] == ["cold", "given $_{"]


def test_what_is_better_is_said_of_scores_of_which_it_is_known(result: Comparison) -> None:
    assert "better" not in comparison(result, score="coverage90").axes[0].get_xlabel()


def test_axes_of_the_users_own_are_drawn_on(result: Comparison) -> None:
    figure = Figure()
    assert comparison(result, ax=figure.subplots()) is figure
    figure.savefig(io.BytesIO())


def test_what_is_not_there_is_refused(result: Comparison) -> None:
    with pytest.raises(ColumnError, match="there is no score 'bias'; the scores are 'mae', 'rmse'"):
        comparison(result, score="bias")
    alone = Comparison("gap", {("cold", "alone"): validation(0)}, "alone")
    with pytest.raises(ColumnError, match="there is no estimator beside the baseline 'alone'; compare with another"):
        comparison(alone)
