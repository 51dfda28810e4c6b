from __future__ import annotations

import io
import re
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import mfgp
from mfgp.errors import ColumnError, ParameterError
from mfgp.plotting import slices


@cache
def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.uniform(0, 1, 24), "t": rng.uniform(0, 10, 24), "kind": list("ppqq") * 6})
    low = np.sin(6 * X["x"]) + 0.1 * X["t"]
    Y = pd.DataFrame({"low $_{": low, "high": 2 * low, "label": np.where(low > 0.5, "yes", "no")})
    Y.loc[::2, "high"] = np.nan
    return X, Y


@cache
def model() -> Any:
    return mfgp.MultiTaskGP(concentration=0.1).fit(*table())


def test_curves_are_predictions_along_the_input() -> None:
    X, Y = table()
    figure = slices(model(), X, Y, along="x", at={"t": 4.0, "kind": "q"})
    assert [axis.get_title() for axis in figure.axes] == ["low $_{", "high"]  # a label has no slice
    line = figure.axes[1].lines[0]
    there = pd.DataFrame({"x": line.get_xdata(), "t": 4.0, "kind": "q"})
    p = model().predict_distribution(there)
    np.testing.assert_allclose(line.get_ydata(), p.mean["high"])
    band = figure.axes[1].collections[0].get_paths()[0].vertices[:, 1]
    interval = p.interval(0.9)["high"]
    assert band.min() == pytest.approx(interval["lower"].min())
    assert band.max() == pytest.approx(interval["upper"].max())
    assert figure.get_supxlabel() == "at t = 4, kind = q; values fade away from there"
    figure.savefig(io.BytesIO())


def test_values_learned_from_are_shown_and_fade_away_from_the_slice() -> None:
    X, Y = table()
    (axis,) = slices(model(), X, Y, at={"t": 4.0}, tasks=["high"]).axes
    points = axis.collections[-1]
    measured = Y["high"].notna()
    np.testing.assert_allclose(points.get_offsets(), np.column_stack([X["x"], Y["high"]])[measured])
    strength = np.asarray(points.get_alpha())
    away = (X.loc[measured, "t"] - 4.0).abs().to_numpy()
    same = (X.loc[measured, "kind"] == X["kind"].mode()[0]).to_numpy()
    assert (np.diff(strength[same][np.argsort(away[same])]) <= 0).all()
    assert strength.min() < 0.1 < strength.max() <= 1.0


def test_levels_are_places_with_bars() -> None:
    X, Y = table()
    (axis,) = slices(model(), X, Y, along="kind", tasks=["high"], observed=True).axes
    assert [text.get_text() for text in axis.get_xticklabels()] == ["p", "q"]
    there = pd.DataFrame({"x": X["x"].median(), "t": X["t"].median(), "kind": ["p", "q"]})
    p = model().predict_distribution(there, observed=True)
    np.testing.assert_allclose(axis.containers[0].lines[0].get_ydata(), p.mean["high"])
    (bars,) = axis.containers[0].lines[2]
    ends = np.array([path.vertices[:, 1] for path in bars.get_paths()])
    np.testing.assert_allclose(ends, p.interval(0.9)["high"])


def test_axes_of_the_users_own_are_drawn_on() -> None:
    X, Y = table()
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert slices(model(), X, Y, tasks=["high"], ax=right) is figure
    assert right.get_title() == "high"
    assert not left.has_data()
    with pytest.raises(
        ParameterError, match=re.escape("ax is one axes, but there are 2 tasks; write tasks=['low $_{']")
    ):
        slices(model(), X, Y, ax=left)


def test_what_is_not_there_is_refused() -> None:
    X, Y = table()
    for tasks in (["label"], ["other"], []):
        with pytest.raises(ColumnError, match=r"expected some of the tasks that are numbers: 'low \$_\{', 'high'"):
            slices(model(), X, Y, tasks=tasks)
    for options in ({"along": "y"}, {"at": {"y": 1.0}}):
        with pytest.raises(ColumnError, match="X has no input 'y'; the inputs are 'x', 't', 'kind'"):
            slices(model(), X, Y, **options)
    with pytest.raises(ParameterError, match="level=1.5, expected a probability"):
        slices(model(), X, Y, level=1.5)
