"""Comparison: differences of a score from the baseline's, with standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mfgp.data.table import listed
from mfgp.errors import ColumnError
from mfgp.plotting.style import BLUE, LINE, bare, label, panel, with_unit
from mfgp.validation import Comparison

WIDTH, LINE_HEIGHT = 4.6, 0.26
LOWER_IS_BETTER = {"mae", "rmse", "nlpd", "crps", "interval_score", "seconds"}


def comparison(result: Comparison, *, score: str = "nlpd", unit: str = "", ax: Axes | None = None) -> Figure:
    """Difference of each estimator's score from that of the baseline, by situation.

    The thick line is one standard error on each side, the thin one two.

    Parameters
    ----------
    result
        Of :func:`mfgp.validation.compare`.
    score
        A column of its scores, such as "nlpd", "mae" or "rmse".
    unit
        Of the score.
    ax
        Axes to draw on; None for a new figure.

    Returns
    -------
    A figure; save it by ``figure.savefig("comparison.png")``.

    Raises
    ------
    ColumnError
        There is no such score, or no estimator beside the baseline.

    Examples
    --------
    >>> from mfgp.validation import Validation
    >>> line = pd.DataFrame({"row": [0, 1], "fold": [0, 1], "truth": [0.0, 1.0], "mean": [0.1, 0.8], "std": 0.2})
    >>> folds = pd.DataFrame({"learned": [4, 4], "predicted": [1, 1], "seconds": 0.0})
    >>> one = Validation("gap", line, folds)
    >>> figure = comparison(Comparison("gap", {("cold", "new"): one, ("cold", "old"): one}, "old"), score="mae")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['new']
    """
    if len(result.estimators) < 2:
        raise ColumnError(f"there is no estimator beside the baseline {result.baseline!r}; compare with another one")
    differences = result.differences()
    scores = list(dict.fromkeys(differences.columns.get_level_values(0)))
    if score not in scores:
        raise ColumnError(f"there is no score {score!r}; the scores are {listed(scores)}")
    found = differences[score]
    groups = {name: found.loc[name] for name in result.situations}
    places, start = {}, 0.0
    for name, lines in groups.items():
        places[name] = start + np.arange(len(lines))
        start = places[name][-1] + 1.8
    figure, axis = panel(ax, WIDTH, LINE_HEIGHT * start + 1.1)
    axis.axvline(0.0, color=LINE, linewidth=0.8, zorder=1)
    for name, lines in groups.items():
        _draw(axis, places[name], lines)
        if len(groups) > 1:
            axis.text(
                0.0,
                places[name][0] - 0.55,
                name,
                transform=axis.get_yaxis_transform(),
                fontsize=8,
                color=LINE,
                style="italic",
                va="bottom",
                parse_math=False,
            )
    names = [str(name) for lines in groups.values() for name in lines.index]
    axis.set_yticks(np.concatenate(list(places.values())), names, parse_math=False)
    axis.set_ylim(start - 1.0, -1.2 if len(groups) > 1 else -0.7)
    axis.xaxis.set_major_locator(MaxNLocator(6))
    better = f"\nleft of the line: better than {result.baseline}" if score in LOWER_IS_BETTER else ""
    name = with_unit(f"{score} of {result.task}, difference from {result.baseline}", unit)
    label(axis, name + better)
    bare(axis)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    return figure


def _draw(axis: Axes, places: np.ndarray, lines: pd.DataFrame) -> None:
    mean, error = lines["mean"].to_numpy(), lines["se"].to_numpy()
    axis.hlines(places, mean - 2.0 * error, mean + 2.0 * error, color=BLUE, linewidth=1.0, zorder=2)
    axis.hlines(places, mean - error, mean + error, color=BLUE, linewidth=3.0, alpha=0.5, zorder=2)
    axis.scatter(mean, places, s=22, color=BLUE, linewidth=0, zorder=3)
