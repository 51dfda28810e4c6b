"""Learning curve: a score against the number of values learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from mfgp.data.table import listed
from mfgp.errors import ColumnError
from mfgp.plotting.style import COLORS, MARKERS, bare, label, legend, panel, with_unit

KEYS = ("estimator", "n_values", "n_cheap", "fold", "repeat")
STYLES = ("-", "--", ":", "-.")


def learning_curve(
    result: Any, *, score: str = "rmse", unit: str = "", log: bool = False, ax: Axes | None = None
) -> Figure:
    """Mean of a score over folds and repeats against the number of values, one line an estimator.

    Bars are one standard error on each side, as if folds were independent of one another. Numbers of cheap values have
    a style of line each.

    Parameters
    ----------
    result
        A learning curve, or its frame: columns `estimator`, `n_values`, `n_cheap`, `fold`, `repeat` and scores;
        `n_cheap` and `repeat` may be missing.
    score
        A column of it.
    unit
        Of the score.
    log
        Whether the axis of the score is logarithmic, as for errors that fall by factors.
    ax
        Axes to draw on; None for a new figure.

    Returns
    -------
    A figure; save it by ``figure.savefig("learning_curve.png")``.

    Raises
    ------
    ColumnError
        The frame lacks a column.

    Examples
    --------
    >>> frame = pd.DataFrame({"estimator": "alone", "n_values": [5, 5, 20, 20], "fold": [0, 1] * 2, "rmse": 0.5})
    >>> learning_curve(frame, unit="eV").axes[0].get_ylabel()
    'rmse (eV)'
    """
    frame = result if isinstance(result, pd.DataFrame) else result.to_frame()
    frame = frame.reset_index() if any(name in KEYS for name in frame.index.names) else frame
    missing = [name for name in ("estimator", "n_values", score) if name not in frame.columns]
    if missing:
        raise ColumnError(f"the learning curve lacks the columns {listed(missing)}; it has {listed(frame.columns)}")
    cheap = frame["n_cheap"] if "n_cheap" in frame.columns else pd.Series(0, frame.index)
    numbers = sorted(cheap.unique())
    figure, axis = panel(ax, 4.4, 3.2)
    for place, (name, part) in enumerate(frame.groupby("estimator", sort=False)):
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        for style, number in enumerate(numbers):
            here = part.loc[cheap.loc[part.index] == number]
            if here.empty:
                continue
            found = here.groupby("n_values")[score].agg(["mean", "sem"])
            told = f"{name}, {number:g} cheap" if len(numbers) > 1 else str(name)
            axis.errorbar(
                found.index.to_numpy(float) * (1.0 + 0.012 * (place - 1)),  # so that bars do not hide one another
                found["mean"].to_numpy(),
                found["sem"].fillna(0.0).to_numpy(),
                color=color,
                marker=marker,
                markersize=4,
                linewidth=1.2,
                elinewidth=0.9,
                linestyle=STYLES[style % len(STYLES)],
                label=told,
            )
    counts = np.unique(frame["n_values"])
    axis.set_xscale("log")
    axis.set_xticks(counts, [f"{count:g}" for count in counts])
    axis.xaxis.set_minor_locator(NullLocator())
    if log:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_locator(NullLocator())
    label(axis, "values learned from", with_unit(score, unit))
    legend(axis)
    bare(axis)
    return figure
