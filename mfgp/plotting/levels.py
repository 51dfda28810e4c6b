"""Levels of categorical inputs as points: near one another where they behave alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfgp.errors import DataError

PANEL = 3.0
POINT, LINE = "#1f5a8c", "#4d4d4d"


def level_map(embeddings: pd.DataFrame) -> Figure:
    """The positions of levels, a panel for each input (down) and process (across).

    Parameters
    ----------
    embeddings
        ``level_embeddings_`` of a fitted model, or some of its rows. Both axes are in lengthscales of the process, on
        one scale within a panel, so that a distance of one is the same in every direction.

    Returns
    -------
    A figure; save it by ``figure.savefig("levels.png")``.

    Raises
    ------
    DataError
        There is no level: the model has no categorical input.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["process 0"], ["metal"], ["tin", "lead"]])
    >>> figure = level_map(pd.DataFrame({"z0": [-0.4, 0.4]}, rows.set_names(["process", "input", "level"])))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['tin', 'lead']
    """
    if embeddings.empty:
        raise DataError("there is no level to show: the model has no categorical input; give it a column of text")
    processes, inputs = (embeddings.index.get_level_values(name).unique() for name in ("process", "input"))
    size = (PANEL * len(processes) + 0.4, PANEL * len(inputs) + 0.4)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    axes = figure.subplots(len(inputs), len(processes), squeeze=False)
    groups = dict(list(embeddings.groupby(level=["process", "input"], sort=False)))
    for row, name in zip(axes, inputs, strict=True):
        for axis, process in zip(row, processes, strict=True):
            _draw(axis, groups[process, name])
            axis.set_title(str(process) if axis in axes[0] else "", fontsize=10, fontweight="bold", parse_math=False)
        row[0].set_ylabel(str(name), fontsize=10, parse_math=False)
    figure.supxlabel("position in lengthscales", fontsize=9, color=LINE)
    return figure


def _draw(axis: Axes, positions: pd.DataFrame) -> None:
    z = positions.dropna(axis="columns").to_numpy()
    if z.shape[1] == 1:
        axis.set_yticks([])
    z = np.pad(z[:, :2], [(0, 0), (0, max(0, 2 - z.shape[1]))])
    axis.scatter(z[:, 0], z[:, 1], s=18, color=POINT, linewidth=0, zorder=3)
    for level, (x, y) in zip(positions.index.get_level_values("level"), z.tolist(), strict=True):
        axis.annotate(
            str(level), (x, y), (4, 3), textcoords="offset points", fontsize=8, color=LINE, parse_math=False, zorder=4
        )
    reach = 1.4 * np.abs(z).max() or 1.0
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axis.tick_params(labelsize=8, color=LINE)
    axis.spines[["top", "right"]].set_visible(False)
