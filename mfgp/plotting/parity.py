"""Parity: what was predicted against what was measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mfgp.data.table import listed
from mfgp.errors import ColumnError
from mfgp.validation import Comparison, Validation
from mfgp.validation.scores import coverage90, mae

PANEL = 2.6
INSIDE, OUTSIDE, LINE = "#1f5a8c", "#d9571e", "#4d4d4d"


def parity(result: Validation | Comparison, *, situations: Sequence[str] | None = None, unit: str = "") -> Figure:
    r"""Predicted against measured values with 90% intervals; values outside their interval stand out.

    Parameters
    ----------
    result
        A validation, or a comparison: one column of panels an estimator, one row a situation.
    situations
        Those of the comparison to show, in this order; None for all.
    unit
        Of the task, for the labels of the axes.

    Returns
    -------
    A figure; save it by ``figure.savefig("parity.png")``.

    Raises
    ------
    ColumnError
        A situation is not one of the comparison's.

    Examples
    --------
    >>> line = pd.DataFrame({"row": ["a"], "fold": [0], "truth": [1.0], "mean": [1.2], "std": [0.1]})
    >>> line = line.assign(lower=line["mean"] - 0.1645, upper=line["mean"] + 0.1645)
    >>> figure = parity(Validation("gap", line, pd.DataFrame()), unit="eV")
    >>> figure.axes[0].texts[0].get_text()
    'MAE 0.2\n0% inside'
    """
    rows = _panels(result, situations)
    height, width = len(rows), max(len(row) for row in rows.values())
    figure = Figure(figsize=(PANEL * width + 0.6, PANEL * height + 0.7), dpi=150, layout="constrained")
    axes = figure.subplots(height, width, sharex=True, sharey=True, squeeze=False)
    for line, (situation, row) in enumerate(rows.items()):
        for axis, (estimator, validation) in zip(axes[line], row.items(), strict=True):
            _draw(axis, validation.predictions)
            if line == 0:
                axis.set_title(estimator, fontsize=10, fontweight="bold", parse_math=False)
        if situation:
            label = situation.replace(", ", ",\n")
            place = {"xycoords": "axes fraction", "rotation": 270, "va": "center", "ha": "left", "ma": "center"}
            axes[line, -1].annotate(label, (1.03, 0.5), fontsize=9, color=LINE, parse_math=False, **place)
    low, high = _limits([v.predictions for row in rows.values() for v in row.values()])
    axes[0, 0].set(xlim=(low, high), ylim=(low, high))
    label = f"{result.task} ({unit})" if unit else str(result.task)
    marks = [Line2D([], [], marker="o", markersize=3, color=color, linewidth=0.9) for color in (INSIDE, OUTSIDE)]
    words = ["inside its 90% interval", "outside"]
    figure.legend(marks, words, loc="outside upper right", ncols=2, frameon=False, fontsize=8)
    figure.supxlabel(f"measured {label}", fontsize=10, parse_math=False)
    figure.supylabel(f"predicted {label}", fontsize=10, parse_math=False)
    return figure


def _panels(result: Validation | Comparison, situations: Sequence[str] | None) -> dict[str, dict[str, Validation]]:
    if isinstance(result, Validation):
        return {"": {"": result}}
    wanted = result.situations if situations is None else list(situations)
    unknown = [name for name in wanted if name not in result.situations]
    if unknown or not wanted:
        raise ColumnError(f"situations={listed(wanted)}, expected some of {listed(result.situations)}")
    return {situation: {name: result[situation, name] for name in result.estimators} for situation in wanted}


def _draw(axis: Axes, predictions: pd.DataFrame) -> None:
    truth, mean, std = (predictions[name].to_numpy() for name in ("truth", "mean", "std"))
    lower, upper = predictions["lower"].to_numpy(), predictions["upper"].to_numpy()
    inside = (lower <= truth) & (truth <= upper)
    axis.axline((0.0, 0.0), slope=1.0, color=LINE, linewidth=0.8, zorder=1)
    for here, color, alpha in ((inside, INSIDE, 0.22), (~inside, OUTSIDE, 0.45)):
        axis.vlines(truth[here], lower[here], upper[here], color=color, alpha=alpha, linewidth=0.7, zorder=2)
        axis.scatter(truth[here], mean[here], s=9, color=color, alpha=0.85, linewidth=0, zorder=3)
    note = f"MAE {mae(truth, mean, std):.3g}\n{coverage90(truth, mean, std):.0%} inside"
    axis.text(0.04, 0.96, note, transform=axis.transAxes, va="top", fontsize=8, color=LINE)
    axis.set_aspect("equal")
    axis.tick_params(labelsize=8, color=LINE)
    axis.spines[["top", "right"]].set_visible(False)


def _limits(predictions: Sequence[pd.DataFrame]) -> tuple[float, float]:
    """What holds every measured and predicted value, with a margin; intervals may reach beyond."""
    values = np.concatenate([part[["truth", "mean"]].to_numpy().ravel() for part in predictions])
    margin = 0.05 * (values.max() - values.min()) or 1.0
    return float(values.min() - margin), float(values.max() + margin)
