"""Screening: the scores of a whole pool, and what is to be expected of its best rows."""

from __future__ import annotations

from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mfgp.errors import DataError
from mfgp.plotting.style import BLUE, LINE, ORANGE, bare, label, legend, panel
from mfgp.screening import Probability, Screening

BINS = 64
POINTS = 200  # of the curve of hits
TITLE_WIDTH = 44  # characters


def score_histogram(result: Screening, *, ax: Axes | None = None) -> Figure:
    """How many rows of the pool have which score, on a logarithmic scale, and the score of the last one reported.

    Rows whose condition is not probable enough to be ranked are counted too, and may have a higher score.

    Parameters
    ----------
    result
        Of :func:`mfgp.screen`.
    ax
        Axes to draw on; None for a new figure.

    Raises
    ------
    DataError
        No row has a score.

    Examples
    --------
    >>> import pandas as pd
    >>> import mfgp
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 8)})
    >>> model = mfgp.IndependentGP().fit(X, pd.Series(X.x**2, name="y"))
    >>> score_histogram(mfgp.screen(model, X, rank_by="y", top=3)).axes[0].get_ylabel()
    'rows'
    """
    if not result.histogram.total:
        raise DataError("no row of the pool has a score, so there is nothing to show; see bad_counts")
    figure, axis = panel(ax, 3.6, 2.8)
    bins = result.histogram.to_frame(BINS)
    if isinstance(result.rank_by, Probability) and len(bins) > 1 and bins["lower"].iloc[-1] == 1.0:
        certain = bins.pop("count").to_numpy()  # probabilities of exactly 1, whose bin would lie beyond 1
        bins = bins.iloc[:-1].assign(count=[*certain[:-2], certain[-2:].sum()])
    axis.stairs(bins["count"], [*bins["lower"], bins["upper"].iloc[-1]], fill=True, color=BLUE, alpha=0.8)
    axis.set_yscale("log")
    axis.set_ylim(bottom=0.7)
    total = result.histogram.total
    title = f"{total:,} row{'s' * (total != 1)}"
    if result.ranked < total:
        title += f", {result.ranked:,} probable enough"
    if len(result.best):
        last = f"rank {len(result.best):,}"
        axis.axvline(result.best["score"].iloc[-1], color=ORANGE, linewidth=1.2, label=last)
        legend(axis, loc="upper right")
    label(axis, result.rank_by, "rows", title)
    axis.title.set_fontsize(9)
    bare(axis)
    return figure


def expected_hits(result: Screening, *, ax: Axes | None = None) -> Figure:
    """How many of the best rows are expected to fulfil the condition, and within which deviation.

    The band is one standard deviation on each side.

    Parameters
    ----------
    result
        Of :func:`mfgp.screen`, with a condition.
    ax
        Axes to draw on; None for a new figure.

    Raises
    ------
    DataError
        There is no condition, or no row was ranked.

    Examples
    --------
    >>> import pandas as pd
    >>> import mfgp
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 8)})
    >>> model = mfgp.IndependentGP().fit(X, pd.Series(X.x**2, name="y"))
    >>> expected_hits(mfgp.screen(model, X, where="y > 0.5")).axes[0].get_xlabel()
    'rows made, the best first'
    """
    if result.where is None or not len(result.best):
        raise DataError("there is no condition that rows could fulfil, or no row; screen with where='1.1 < gap < 1.7'")
    figure, axis = panel(ax, 3.6, 2.8)
    counts = np.unique(np.linspace(0, len(result.best), POINTS).astype(int)).tolist()
    mean, std = np.array([result.expected_hits(count) for count in counts]).T
    axis.fill_between(counts, (mean - std).clip(min=0.0), mean + std, color=BLUE, alpha=0.2, linewidth=0)
    axis.plot(counts, mean, color=BLUE, linewidth=1.6)
    axis.plot(counts, counts, color=LINE, linewidth=0.8, linestyle="--", label="all of them")
    legend(axis, loc="lower right")
    axis.set(xlim=(0, len(result.best)), ylim=(0, max(1.0, 1.1 * (mean + std).max())))
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    label(axis, "rows made, the best first", "hits expected", fill(repr(result.where), TITLE_WIDTH))
    axis.title.set_fontsize(9)
    bare(axis)
    return figure


def screening(result: Screening) -> Figure:
    """The scores of the pool and, where there is a condition, the hits to be expected, side by side.

    Parameters
    ----------
    result
        Of :func:`mfgp.screen`.

    Raises
    ------
    DataError
        No row has a score.

    Examples
    --------
    >>> import pandas as pd
    >>> import mfgp
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 8)})
    >>> model = mfgp.IndependentGP().fit(X, pd.Series(X.x**2, name="y"))
    >>> len(screening(mfgp.screen(model, X, where="y > 0.5")).axes)
    2
    """
    panels = 2 if result.where is not None and len(result.best) else 1
    figure = Figure(figsize=(3.6 * panels, 2.9), dpi=150, layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, panels))
    score_histogram(result, ax=axes[0])
    if panels == 2:
        expected_hits(result, ax=axes[1])
    return figure
