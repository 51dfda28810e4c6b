"""Tasks: how they are correlated, and where an embedding has them."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfgp.errors import DataError, DataTypeError
from mfgp.plotting.style import BLUE, LINE, bare, label, panel

CELL = 0.55
NEIGHBOURS = (0.6, 0.1)  # half widths of the axes within which names would hide one another


def task_correlation(result: Any, *, ax: Axes | None = None) -> Figure:
    """Prior correlation between the tasks at one input, as colors and numbers.

    Parameters
    ----------
    result
        A fitted model, or its ``task_correlation_``.
    ax
        Axes to draw on; None for a new figure.

    Returns
    -------
    A figure; save it by ``figure.savefig("correlation.png")``.

    Raises
    ------
    DataTypeError
        The model has no correlation of tasks, as a cascade, in which it changes from input to input.

    Examples
    --------
    >>> figure = task_correlation(pd.DataFrame([[1.0, -0.6], [-0.6, 1.0]], ["low", "high"], ["low", "high"]))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1.00', '\u22120.60', '\u22120.60', '1.00']
    """
    table = _frame(result, "task_correlation_", "in a cascade it changes from input to input")
    names = [str(name) for name in table.columns]
    size = CELL * len(names) + 0.09 * max(map(len, names))
    figure, axis = panel(ax, size + 1.3, size + 0.4)
    values = table.to_numpy()
    image = axis.imshow(values, cmap="PuOr_r", vmin=-1.0, vmax=1.0)
    for (row, column), value in np.ndenumerate(values):
        told = f"{value:.2f}".replace("-", "\u2212")
        color = "white" if abs(value) > 0.6 else "black"
        axis.text(column, row, told, ha="center", va="center", fontsize=8, color=color)
    slanted = max(map(len, names)) > 5
    axis.set_xticks(
        range(len(names)), names, rotation=40 if slanted else 0, ha="right" if slanted else "center", parse_math=False
    )
    axis.set_yticks(range(len(names)), names, parse_math=False)
    axis.tick_params(labelsize=8, length=0)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axis, shrink=0.85, ticks=[-1.0, 0.0, 1.0])
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    bar.set_label("correlation", fontsize=8)
    return figure


def task_embedding(result: Any, *, ax: Axes | None = None) -> Figure:
    """Positions of the tasks of a latent-variable model: near one another where they behave alike.

    Only distances mean something: rotations and reflections of all positions are the same model. The first axis is the
    one along which the tasks differ most. Of more than two coordinates the first two such axes are shown.

    Parameters
    ----------
    result
        A fitted :class:`~mfgp.LatentVariableGP`, or its ``embedding_``.
    ax
        Axes to draw on; None for a new figure.

    Returns
    -------
    A figure; save it by ``figure.savefig("embedding.png")``.

    Raises
    ------
    DataTypeError
        The model has no embedding of tasks.
    DataError
        There is a single task.

    Examples
    --------
    >>> figure = task_embedding(pd.DataFrame({"z0": [-0.3, 0.3], "z1": 0.0}, ["low", "high"]))
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['high', 'low']
    """
    table = _frame(result, "embedding_", "a LatentVariableGP has one")
    if len(table) < 2:
        raise DataError("the embedding has a single task, whose position means nothing; fit two tasks or more")
    centred = table.to_numpy() - table.to_numpy().mean(axis=0)
    vectors, values, _ = np.linalg.svd(centred, full_matrices=False)
    z = np.zeros((len(table), 2))
    shown = min(2, len(values))
    z[:, :shown] = (vectors * values)[:, :shown]
    figure, axis = panel(ax, 3.6, 3.5)
    axis.scatter(z[:, 0], z[:, 1], s=26, color=BLUE, linewidth=0, zorder=3)
    reach = 1.35 * np.abs(z).max() or 1.0
    heights = _heights(z / reach)
    for place in sorted(range(len(table)), key=lambda place: -heights[place]):  # a name hides the lines of higher ones
        axis.annotate(
            str(table.index[place]),
            (z[place, 0], z[place, 1]),
            (0.0, heights[place]),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=LINE,
            parse_math=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            arrowprops={"arrowstyle": "-", "color": LINE, "linewidth": 0.4, "shrinkA": 0.0, "shrinkB": 3.0},
            zorder=4,
        )
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    label(axis, "position in lengthscales\n(up to rotation and reflection)")
    bare(axis)
    return figure


def _heights(z: np.ndarray) -> list[float]:
    """How far, in points, a name is above its place (T, 2), in half widths of the axes, so that none hides another."""
    heights: dict[int, float] = {}
    for place in np.argsort(z[:, 0], kind="stable").tolist():
        beside = [one for one in heights if (np.abs(z[one] - z[place]) < NEIGHBOURS).all()]
        taken = {heights[one] for one in beside}
        heights[place] = next(height for height in count(7.0, 11.0) if height not in taken)
    return [heights[place] for place in range(len(z))]


def _frame(result: Any, attribute: str, where: str) -> pd.DataFrame:
    found = result if isinstance(result, pd.DataFrame) else getattr(result, attribute, None)
    if not isinstance(found, pd.DataFrame):
        raise DataTypeError(
            f"a {type(result).__name__} has no {attribute}: {where}; give a fitted model that has, or the frame"
        )
    return found
