from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from mfgp.errors import ColumnError
from mfgp.plotting import parity
from mfgp.validation import Comparison, Validation


def validation(seed: int, noise: float = 0.3) -> Validation:
    rng = np.random.default_rng(seed)
    truth = rng.gamma(2.0, 1.0, 50)
    mean = truth + noise * rng.normal(size=50)
    reach = 1.645 * noise
    columns = {"truth": truth, "mean": mean, "std": noise, "lower": mean - reach, "upper": mean + reach}
    return Validation("gap", pd.DataFrame({"row": range(50), "fold": 0, **columns}), pd.DataFrame())


@pytest.fixture
def comparison() -> Comparison:
    keys = [(situation, name) for situation in ("cold", "given, 50 values") for name in ("one", "two", "three")]
    return Comparison("gap", {key: validation(seed) for seed, key in enumerate(keys)}, "three")


def test_a_validation_is_one_panel_that_shows_every_value() -> None:
    result = validation(0)
    (axis,) = parity(result, unit="eV").axes
    points = [p for p in axis.collections if isinstance(p, PathCollection)]
    shown = np.concatenate([np.asarray(p.get_offsets()) for p in points])
    expected = result.predictions[["truth", "mean"]].to_numpy()
    np.testing.assert_allclose(shown[np.lexsort(shown.T)], expected[np.lexsort(expected.T)])
    outside = (result.predictions["truth"] - result.predictions["mean"]).abs() > 1.645 * 0.3
    assert len(np.asarray(points[1].get_offsets())) == outside.sum()


def test_every_value_is_within_the_axes_and_both_have_one_scale() -> None:
    result = validation(1)
    (axis,) = parity(result).axes
    low, high = axis.get_xlim()
    assert (low, high) == axis.get_ylim()
    values = result.predictions[["truth", "mean"]].to_numpy()
    assert low < values.min() < values.max() < high


def test_values_that_are_all_equal_can_be_shown() -> None:
    line = validation(0).predictions.assign(truth=1.0, mean=1.0, lower=0.5, upper=1.5)
    (axis,) = parity(Validation("gap", line, pd.DataFrame())).axes
    assert axis.get_xlim() == (0.0, 2.0)


def test_a_comparison_is_a_row_of_panels_a_situation(comparison: Comparison) -> None:
    figure = parity(comparison, unit="eV")
    assert len(figure.axes) == 6
    assert [axis.get_title() for axis in figure.axes] == ["one", "two", "three", "", "", ""]
    assert [text.get_text() for text in figure.axes[5].texts][-1] == "given,\n50 values"
    assert figure.get_supxlabel() == "measured gap (eV)"
    assert figure.get_supylabel() == "predicted gap (eV)"


def test_situations_can_be_chosen(comparison: Comparison) -> None:
    assert len(parity(comparison, situations=["given, 50 values"]).axes) == 3


def test_it_can_be_saved(comparison: Comparison) -> None:
    file = io.BytesIO()
    parity(comparison).savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")


def test_it_leaves_the_state_of_pyplot_alone() -> None:
    code = "import sys, mfgp.plotting; print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_unknown_situation_is_refused(comparison: Comparison) -> None:
    with pytest.raises(ColumnError, match="situations='warm', expected some of 'cold', 'given, 50 values'"):
        parity(comparison, situations=["warm"])


def test_names_are_no_mathematics() -> None:
    once = validation(0)
    prices = Comparison(r"price $_{", {(r"a $\nope$ b", r"$x^{$"): once, (r"a $\nope$ b", "other"): once}, "other")
    figure = parity(prices, unit="$")
    figure.savefig(io.BytesIO(), format="png")
    assert figure.axes[0].get_title() == r"$x^{$"
