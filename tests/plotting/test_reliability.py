from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mfgp.errors import DataError, DataTypeError, ParameterError
from mfgp.plotting import pit_histogram, reliability
from mfgp.plotting.style import ORANGE
from mfgp.validation import ProbabilityReliability, Reliability


def result(std: float = 1.0, n: int = 60) -> Reliability:
    truth = np.random.default_rng(0).standard_normal(n)
    return Reliability("gap $x^{$", pd.DataFrame({"row": range(n), "truth": truth, "mean": 0.0, "std": std}))


def test_the_curve_and_its_band_are_those_of_the_result() -> None:
    (axis,) = reliability(result()).axes
    coverage = result().coverage()
    curve = axis.lines[-1]
    np.testing.assert_allclose(curve.get_xdata(), coverage.index)
    np.testing.assert_allclose(curve.get_ydata(), coverage["observed"])
    corners = axis.collections[0].get_paths()[0].vertices
    assert corners[:, 1].min() == coverage["lower"].min()
    assert corners[:, 1].max() == coverage["upper"].max()
    assert axis.texts[0].get_text() == "gap $x^{$\n60 values"
    assert axis.get_aspect() == 1.0


def test_several_have_a_name_a_color_and_a_marker_each() -> None:
    (axis,) = reliability({"before $_{": result(0.4), "after": result()}).axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["before $_{", "after"]
    first, second = axis.lines[-2:]
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()


def test_probabilities_of_events_have_a_band_each() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(100)
    events = ProbabilityReliability(said, rng.random(100) < said)
    (axis,) = reliability(events).axes
    bins = events.bins()
    np.testing.assert_allclose(axis.lines[-1].get_ydata(), bins["frequency"])
    bands = np.array([path.vertices for path in axis.collections[0].get_paths()])
    np.testing.assert_allclose(bands[:, :, 1], bins[["lower", "upper"]])
    assert axis.get_xlabel() == "probability"


def test_bins_outside_their_band_stand_out() -> None:
    (axis,) = pit_histogram(result(0.3), bins=5).axes
    found = result(0.3).histogram(5)
    bars = axis.containers[0].patches
    np.testing.assert_allclose([bar.get_height() for bar in bars], found["share"])
    outside = (found["share"] < found["lower"]) | (found["share"] > found["upper"])
    assert [to_rgb(bar.get_facecolor()) == to_rgb(ORANGE) for bar in bars] == outside.tolist()
    assert outside.any()


@pytest.mark.parametrize("plot", [reliability, pit_histogram])
def test_axes_of_the_users_own_are_drawn_on(plot: object) -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot(result(), ax=right) is figure  # type: ignore[operator]
    assert not left.has_data()
    assert right.has_data()
    figure.savefig(io.BytesIO())
    with pytest.raises(DataTypeError, match="ax is a ndarray, expected one matplotlib Axes"):
        plot(result(), ax=figure.subplots(1, 2))  # type: ignore[operator]


def test_nothing_cannot_be_shown() -> None:
    with pytest.raises(DataError, match="there is no reliability to show; give at least one"):
        reliability({})
    with pytest.raises(ParameterError, match="bins=1, expected"):
        pit_histogram(result(), bins=1)
