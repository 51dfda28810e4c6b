"""Reliability: what happened against what was said, with the band in which right predictions lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mfgp.errors import DataError
from mfgp.plotting.style import BAND, BLUE, COLORS, LINE, MARKERS, ORANGE, bare, label, legend, panel
from mfgp.validation import ProbabilityReliability, Reliability


def reliability(
    result: Reliability | ProbabilityReliability | Mapping[str, Reliability], *, ax: Axes | None = None
) -> Figure:
    """How often intervals held values, or events happened, against the probability that was said.

    Below the diagonal intervals hold too little, as deviations are too small. Of right predictions 95 in a hundred
    points lie in the band, each by itself.

    Parameters
    ----------
    result
        Of :func:`mfgp.validation.reliability` or :func:`mfgp.validation.probability_reliability`; or several of the
        first by name, with the band of the one with the fewest rows.
    ax
        Axes to draw on; None for a new figure.

    Returns
    -------
    A figure; save it by ``figure.savefig("reliability.png")``.

    Raises
    ------
    DataError
        There is no result to show.

    Examples
    --------
    >>> import pandas as pd
    >>> line = pd.DataFrame({"row": range(3), "truth": [0.0, 1.0, 2.0], "mean": 1.0, "std": 1.0})
    >>> reliability(Reliability("gap", line)).axes[0].get_xlabel()
    'probability of the interval'
    """
    figure, axis = panel(ax, 3.4, 3.3)
    axis.axline((0.0, 0.0), slope=1.0, color=LINE, linewidth=0.8, zorder=1)
    if isinstance(result, ProbabilityReliability):
        _draw_events(axis, result)
        label(axis, "probability", "frequency")
    else:
        several = {"": result} if isinstance(result, Reliability) else dict(result)
        if not several:
            raise DataError("there is no reliability to show; give at least one")
        _draw_intervals(axis, several)
        label(axis, "probability of the interval", "values inside")
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(PercentFormatter(1.0))
    axis.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), aspect="equal")
    bare(axis)
    return figure


def pit_histogram(result: Reliability, *, bins: int = 10, ax: Axes | None = None) -> Figure:
    """Shares of the values in bins of the probability that was given to smaller ones (PIT).

    Flat if predictions are right. High ends: deviations are too small. A hill: they are too large. A slope: means are
    too high (the left is high) or too low. Shares outside the band of 95 % stand out.

    Parameters
    ----------
    result
        Of :func:`mfgp.validation.reliability`.
    bins
        How many.
    ax
        Axes to draw on; None for a new figure.

    Returns
    -------
    A figure.

    Raises
    ------
    ParameterError
        `bins` is less than 2.

    Examples
    --------
    >>> import pandas as pd
    >>> line = pd.DataFrame({"row": range(3), "truth": [0.0, 1.0, 2.0], "mean": 1.0, "std": 1.0})
    >>> len(pit_histogram(Reliability("gap", line), bins=4).axes[0].containers[0])
    4
    """
    figure, axis = panel(ax, 3.6, 2.8)
    found = result.histogram(bins)
    start, stop, share, lower, upper = (found[name].to_numpy() for name in found.columns)
    colors = np.where((share < lower) | (share > upper), ORANGE, BLUE)
    axis.axhspan(lower[0], upper[0], color=BAND, linewidth=0, zorder=0)
    axis.bar(start, share, stop - start, align="edge", color=colors.tolist(), edgecolor="white", alpha=0.85, zorder=2)
    axis.axhline(1.0 / bins, color=LINE, linewidth=0.8, zorder=3)
    axis.set(xlim=(0.0, 1.0), ylim=(0.0, 1.15 * max(share.max(), upper[0])))
    axis.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    label(axis, "probability given to smaller values", f"values of {result.task}")
    bare(axis)
    return figure


def _draw_intervals(axis: Axes, several: Mapping[str, Reliability]) -> None:
    band = min(several.values(), key=lambda each: each.number).coverage()
    axis.fill_between(band.index, band["lower"], band["upper"], color=BAND, linewidth=0, zorder=0)
    for place, (name, each) in enumerate(several.items()):
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        found = each.coverage()["observed"]
        look: dict[str, Any] = {"color": color, "marker": marker, "markersize": 3.5, "linewidth": 1.2}
        axis.plot(found.index, found, **look, label=name, zorder=2, clip_on=False)
    if len(several) > 1:
        legend(axis, loc="upper left")
    else:
        (only,) = several.values()
        note = f"{only.task}\n{only.number} values"
        axis.text(0.05, 0.95, note, transform=axis.transAxes, va="top", fontsize=8, color=LINE, parse_math=False)


def _draw_events(axis: Axes, result: ProbabilityReliability) -> None:
    found = result.bins()
    axis.vlines(found["probability"], found["lower"], found["upper"], color=BAND, linewidth=5.0, zorder=0)
    axis.plot(
        found["probability"], found["frequency"], color=BLUE, marker="o", markersize=4, linewidth=1.0, clip_on=False
    )
    note = f"{len(result.outcome)} events\ncalibration error {result.error:.2f}"
    axis.text(0.05, 0.95, note, transform=axis.transAxes, va="top", fontsize=8, color=LINE)
