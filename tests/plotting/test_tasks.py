from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.spatial.distance import pdist

import mfgp
from mfgp.errors import DataError, DataTypeError
from mfgp.plotting import task_correlation, task_embedding


def test_every_correlation_is_a_number_and_a_color() -> None:
    names = ["low $_{", "high"]
    table = pd.DataFrame([[1.0, -0.25], [-0.25, 1.0]], names, names)
    figure = task_correlation(table)
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.texts] == ["1.00", "\u22120.25", "\u22120.25", "1.00"]
    np.testing.assert_allclose(axis.images[0].get_array(), table)
    assert axis.images[0].get_clim() == (-1.0, 1.0)
    assert [text.get_text() for text in axis.get_yticklabels()] == names
    figure.savefig(io.BytesIO())


def test_a_fitted_model_has_both() -> None:
    x = np.linspace(0, 1, 12)
    Y = pd.DataFrame({"a": np.sin(6 * x), "b": np.sin(6 * x + 0.1), "c": np.cos(5 * x)})
    model = mfgp.LatentVariableGP().fit(x[:, None], Y)
    assert len(task_correlation(model).axes[0].texts) == 9
    assert len(task_embedding(model).axes[0].texts) == 3


def positions(seed: int = 0) -> pd.DataFrame:
    z = np.random.default_rng(seed).standard_normal((5, 2))
    return pd.DataFrame(z, [f"task {i} $_{{" for i in range(5)], ["z0", "z1"])


def test_distances_between_tasks_are_kept_and_a_rotation_changes_nothing() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    shown = [
        np.asarray(task_embedding(frame).axes[0].collections[0].get_offsets())
        for frame in (positions(), positions() @ turn)
    ]
    np.testing.assert_allclose(pdist(shown[0]), pdist(positions()))
    np.testing.assert_allclose(np.abs(shown[0]), np.abs(shown[1]))  # up to the sides that face up
    label = task_embedding(positions()).axes[0].get_xlabel()
    assert label == "position in lengthscales\n(up to rotation and reflection)"


def test_no_name_hides_another() -> None:
    rng = np.random.default_rng(0)
    z = np.vstack([rng.standard_normal((6, 2)) * [1.0, 0.3], [[0.0, 0.0], [0.0, 0.0], [0.001, 0.0]]])
    figure = task_embedding(pd.DataFrame(z, [f"gap functional {i}" for i in range(9)], ["z0", "z1"]))
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]  # without the lines to the places
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]


@pytest.mark.parametrize("plot", [task_correlation, task_embedding])
def test_axes_of_the_users_own_are_drawn_on(plot: object) -> None:
    figure = Figure()
    frame = pd.DataFrame(np.eye(2), ["a", "b"], ["a", "b"])
    assert plot(frame, ax=figure.subplots()) is figure  # type: ignore[operator]
    figure.savefig(io.BytesIO())


def test_what_a_model_does_not_have_is_refused() -> None:
    x = np.linspace(0, 1, 6)
    cascade = mfgp.CascadeGP().fit(x[:, None], np.column_stack([x, x**2]))
    with pytest.raises(DataTypeError, match="a CascadeGP has no task_correlation_: in a cascade it changes from input"):
        task_correlation(cascade)
    with pytest.raises(DataTypeError, match="a CascadeGP has no embedding_: a LatentVariableGP has one; give a fitted"):
        task_embedding(cascade)
    with pytest.raises(DataError, match="the embedding has a single task, whose position means nothing"):
        task_embedding(positions().iloc[:1])
