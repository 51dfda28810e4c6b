from __future__ import annotations

import io
from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from mfgp.errors import ColumnError
from mfgp.plotting import learning_curve


class Curve:
    """What has such a frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def to_frame(self) -> pd.DataFrame:
        return self.frame


def frame(cheap: tuple[int, ...] = (0, 30)) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = list(product(["a $_{", "b"], [5, 10, 40], cheap, range(3), range(2)))
    keys = pd.DataFrame(rows, columns=["estimator", "n_values", "n_cheap", "fold", "repeat"])
    return keys.assign(rmse=rng.random(len(keys)) + 1.0 / keys["n_values"])


def test_lines_are_means_over_folds_and_repeats_with_standard_errors() -> None:
    (axis,) = learning_curve(Curve(frame((0,))), unit="eV").axes
    for container, (_, part) in zip(axis.containers, frame((0,)).groupby("estimator"), strict=True):
        mean, error = (part.groupby("n_values")["rmse"].agg(how) for how in ("mean", "sem"))
        np.testing.assert_allclose(container.lines[0].get_ydata(), mean)
        (bars,) = container.lines[2]
        ends = np.array([path.vertices[:, 1] for path in bars.get_paths()])
        np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 2.0 * error)
        np.testing.assert_allclose(container.lines[0].get_xdata(), [5, 10, 40], rtol=0.02)
    assert [text.get_text() for text in axis.get_xticklabels()] == ["5", "10", "40"]
    assert axis.get_ylabel() == "rmse (eV)"
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["a $_{", "b"]


def test_numbers_of_cheap_values_have_a_line_each() -> None:
    (axis,) = learning_curve(frame()).axes
    assert len(axis.containers) == 4
    styles = [container.lines[0].get_linestyle() for container in axis.containers]
    assert styles == ["-", "--", "-", "--"]
    assert axis.get_legend().get_texts()[1].get_text() == "a $_{, 30 cheap"


def test_what_is_in_the_index_is_found_and_what_is_one_fold_has_no_bar() -> None:
    once = frame((0,)).query("fold == 0 and repeat == 0").drop(columns=["n_cheap", "repeat"])
    figure = learning_curve(once.set_index(["estimator", "n_values", "fold"]), log=True)
    assert figure.axes[0].get_yscale() == "log"
    figure.savefig(io.BytesIO())


def test_axes_of_the_users_own_are_drawn_on() -> None:
    figure = Figure()
    assert learning_curve(frame(), ax=figure.subplots()) is figure


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(ColumnError, match="the learning curve lacks the columns 'n_values', 'mae'; it has 'estimator'"):
        learning_curve(frame().drop(columns="n_values"), score="mae")
