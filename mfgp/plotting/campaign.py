"""Campaigns: progress against cost, and where the money went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mfgp.errors import DataError
from mfgp.expressions import Condition
from mfgp.optimization import Objective
from mfgp.plotting.front import trials_of, volumes
from mfgp.plotting.style import BLUE, COLORS, MARKERS, ORANGE, bare, label, legend, panel, with_unit

STRIP = 0.06  # of the height, for the dots of one task


def progress(
    history: Any,
    *,
    objectives: Sequence[Objective] = (),
    constraints: Sequence[Condition] = (),
    unit: str = "",
    unit_of_cost: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Best measured value and incumbent against what was spent; a strip of dots below says what was measured when.

    The incumbent's value is the mean of the objective at the row that was best under the posterior, each time that
    something was asked for, drawn from what was spent by then. It may fall: the model may change its mind. Of several
    objectives there is one curve, the hypervolume of the measured front: from each one's reference, or from its worst
    measured value.

    Parameters
    ----------
    history
        A campaign, or its ``history``, which ends with the incumbent of the last question; a campaign is asked for that
        of now.
    objectives
        Several, where a frame is the history of several: ``campaign.objectives``. A campaign has its own.
    constraints
        Of several objectives, where there are any: ``campaign.constraints``. A campaign has its own.
    unit, unit_of_cost
        Of the objective, or of the volume, and of the costs.
    ax
        Axes to draw on; None for a new figure.

    Raises
    ------
    ColumnError
        It lacks a column.
    DataError
        It has no trial, or nothing to draw.

    Examples
    --------
    >>> history = pd.DataFrame(
    ...     {"task": ["low", "high"], "state": "measured", "ask": 0, "total": [1, 11],
    ...      "best_measured": [np.nan, 0.5], "incumbent_value": np.nan}
    ... )
    >>> progress(history, unit="eV").axes[0].get_ylabel()
    'objective (eV)'
    """
    whole = None if isinstance(history, pd.DataFrame) else history
    if whole is not None and len(whole.objectives) > 1:
        objectives, constraints = whole.objectives, whole.constraints
    columns = ("value",) if objectives else ("ask", "best_measured", "incumbent_value")
    frame = trials_of(history, "task", "state", "total", *columns)
    best = pd.Series(volumes(frame, objectives, constraints), frame.index) if objectives else frame["best_measured"]
    seen = pd.Series(dtype=float) if objectives else _incumbents(frame)
    if best.isna().all() and seen.empty:
        raise DataError(
            "there is no curve to draw: no row is measured at all tasks of the objective; measure one first, or for "
            "several objectives write progress(history, objectives=campaign.objectives)"
        )
    figure, axis = panel(ax, 4.8, 3.4)
    if len(seen):
        now = seen.iloc[-1] if whole is None else whole.best()["mean"].iloc[0]
        seen = pd.concat([seen, pd.Series(now, [frame["total"].iloc[-1]])])
        axis.step(seen.index, seen, where="post", color=ORANGE, linewidth=1.2, label="incumbent, predicted")
    if best.notna().any():
        name = "measured front" if objectives else "best measured"
        axis.step(frame["total"], best, where="post", color=BLUE, linewidth=1.6, label=name)
    axis.set_xlim(0.0, 1.03 * frame["total"].max())
    _strips(axis, frame)
    label(axis, with_unit("cost", unit_of_cost), with_unit("hypervolume" if objectives else "objective", unit))
    legend(axis, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    bare(axis)
    return figure


def spending(history: Any, *, unit_of_cost: str = "", ax: Axes | None = None) -> Figure:
    """Where the money went: what each task had cost after each trial, one upon the other.

    Parameters
    ----------
    history
        A campaign, or its ``history``.
    unit_of_cost
        Of the costs.
    ax
        Axes to draw on; None for a new figure.

    Raises
    ------
    ColumnError
        It lacks a column.
    DataError
        It has no trial.

    Examples
    --------
    >>> history = pd.DataFrame({"task": ["low", "high"], "total": [1, 11]})
    >>> [text.get_text() for text in spending(history).axes[0].get_legend().get_texts()]
    ['high, 10 (91%)', 'low, 1 (9%)']
    """
    frame = trials_of(history, "task", "total")
    cost = frame["total"].diff().fillna(frame["total"]).to_numpy()
    tasks = list(dict.fromkeys(frame["task"]))
    parts = np.stack([np.cumsum(np.where(frame["task"] == task, cost, 0.0)) for task in tasks])
    whole = parts[:, -1].sum()
    shares = parts[:, -1] / (whole if whole else 1.0)
    names = [f"{tasks[k]}, {parts[k, -1]:.4g} ({shares[k]:.0%})" for k in range(len(tasks))]
    figure, axis = panel(ax, 4.8, 3.2)
    colors = [COLORS[(place + 2) % len(COLORS)] for place in range(len(tasks))]
    edges, heights = np.arange(len(frame) + 1), np.column_stack([parts, parts[:, -1]])
    axis.stackplot(edges, heights, labels=names, colors=colors, alpha=0.75, step="post", linewidth=0)
    axis.set_xlim(0, len(frame))
    axis.set_ylim(0.0, None)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    label(axis, "trials", with_unit("cost", unit_of_cost))
    legend(axis, loc="upper left", reverse=True)
    bare(axis)
    return figure


def _incumbents(frame: pd.DataFrame) -> pd.Series[float]:
    """The incumbent's value by what was spent when it was known."""
    before = frame["total"].shift(fill_value=0.0)
    first = frame.assign(total=before).dropna(subset="incumbent_value").groupby("ask").first()
    return first.groupby("total")["incumbent_value"].last()


def _strips(axis: Axes, frame: pd.DataFrame) -> None:
    """Dots for the trials of each task, below what is drawn already."""
    tasks = list(dict.fromkeys(frame["task"]))
    low, high = axis.get_ylim()
    room = STRIP * (len(tasks) + 1)
    axis.set_ylim(low - (high - low) * room / (1.0 - room), high)
    for place, task in enumerate(tasks):
        here = frame[(frame["task"] == task) & (frame["state"] != "withdrawn")]
        axis.scatter(
            here["total"],
            np.full(len(here), STRIP * (len(tasks) - place - 0.3)),
            s=9,
            color=COLORS[(place + 2) % len(COLORS)],
            marker=MARKERS[place % len(MARKERS)],
            linewidth=0,
            transform=axis.get_xaxis_transform(),
            label=str(task),
        )
