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
HALF_WIDTH = 100.0  # of the axes of an embedding, in points, as are the next
LETTER, NAME, DOT = 4.9, 10.0, 4.0  # width of a letter, height of a name, radius of a place and some room


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
    names = [str(name) for name in table.index]
    heights = _heights(HALF_WIDTH * z / reach, names)
    for place in sorted(range(len(names)), key=lambda place: -abs(heights[place])):  # names hide the lines of far ones
        axis.annotate(
            names[place],
            (z[place, 0], z[place, 1]),
            (0.0, heights[place]),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color=LINE,
            parse_math=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.0},
            arrowprops={"arrowstyle": "-", "color": LINE, "linewidth": 0.4, "shrinkA": 0.0, "shrinkB": 3.0},
            zorder=4,
        )
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    label(axis, "position in lengthscales\n(up to rotation and reflection)")
    bare(axis)
    return figure


def _heights(places: np.ndarray, names: list[str]) -> list[float]:
    """How far above its place (T, 2) each name goes, below if negative, so that none hides another or a place.

    All in points; each name in turn, from the lowest place, takes the nearest height that is free.
    """
    taken = [(x - DOT, x + DOT, y - DOT, y + DOT) for x, y in places.tolist()]
    heights = [0.0] * len(names)
    for place in np.argsort(places[:, 1], kind="stable").tolist():
        (x, y), half = places[place].tolist(), 0.5 * LETTER * len(names[place])
        for step in count():
            height = DOT + 2.0 + NAME * (step // 2) if step % 2 == 0 else -DOT - 2.0 - NAME * (step // 2 + 1)
            box = (x - half, x + half, y + height, y + height + NAME)
            if not any(_overlap(box, other) for other in taken):
                break
        heights[place] = height
        taken.append(box)
    return heights


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether boxes (left, right, bottom, top) have an area in common."""
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _frame(result: Any, attribute: str, where: str) -> pd.DataFrame:
    found = result if isinstance(result, pd.DataFrame) else getattr(result, attribute, None)
    if not isinstance(found, pd.DataFrame):
        raise DataTypeError(
            f"a {type(result).__name__} has no {attribute}: {where}; give a fitted model that has, or the frame"
        )
    return found
