"""Campaigns: progress against cost, where the money went, and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from botorch.utils.multi_objective.pareto import is_non_dominated
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataError
from mfgp.optimization import Objective
from mfgp.plotting.style import BLUE, COLORS, LINE, MARKERS, ORANGE, bare, label, legend, panel, with_unit

STRIP = 0.06  # of the height, for the dots of one task


def progress(history: Any, *, unit: str = "", unit_of_cost: str = "", ax: Axes | None = None) -> Figure:
    """Best measured value and incumbent against what was spent; a strip of dots below says what was measured when.

    The incumbent's value is the mean of the objective at the row that was best under the posterior, each time that
    something was asked for. It may fall: the model may change its mind.

    Parameters
    ----------
    history
        A campaign, or its ``history``.
    unit, unit_of_cost
        Of the objective and of the costs.
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
    >>> history = pd.DataFrame(
    ...     {"task": ["low", "high"], "state": "measured", "total": [1, 11], "best_measured": [np.nan, 0.5],
    ...      "incumbent_value": np.nan}
    ... )
    >>> progress(history, unit="eV").axes[0].get_ylabel()
    'objective (eV)'
    """
    frame = _frame(history, "task", "state", "total", "best_measured", "incumbent_value")
    figure, axis = panel(ax, 4.8, 3.4)
    seen = frame.dropna(subset="incumbent_value").groupby("total")["incumbent_value"].last()
    axis.step(seen.index, seen, where="post", color=ORANGE, linewidth=1.2, label="incumbent, predicted")
    axis.step(frame["total"], frame["best_measured"], where="post", color=BLUE, linewidth=1.6, label="best measured")
    tasks = list(dict.fromkeys(frame["task"]))
    axis.set_xlim(0.0, 1.03 * frame["total"].max())
    low, high = axis.get_ylim()
    room = STRIP * (len(tasks) + 1)
    axis.set_ylim(low - (high - low) * room / (1.0 - room), high)
    for place, task in enumerate(tasks):
        here = frame[(frame["task"] == task) & (frame["state"] != "withdrawn")]
        height = np.full(len(here), STRIP * (len(tasks) - place - 0.3))
        axis.scatter(
            here["total"],
            height,
            s=9,
            color=COLORS[(place + 2) % len(COLORS)],
            marker=MARKERS[place % len(MARKERS)],
            linewidth=0,
            transform=axis.get_xaxis_transform(),
            label=str(task),
        )
    label(axis, with_unit("cost", unit_of_cost), with_unit("objective", unit))
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
    frame = _frame(history, "task", "total")
    cost = frame["total"].diff().fillna(frame["total"]).to_numpy()
    tasks = list(dict.fromkeys(frame["task"]))
    parts = np.stack([np.cumsum(np.where(frame["task"] == task, cost, 0.0)) for task in tasks])
    whole = parts[:, -1].sum()
    shares = parts[:, -1] / (whole if whole else 1.0)
    names = [f"{tasks[k]}, {parts[k, -1]:.4g} ({shares[k]:.0%})" for k in range(len(tasks))]
    figure, axis = panel(ax, 4.8, 3.2)
    colors = [COLORS[(place + 2) % len(COLORS)] for place in range(len(tasks))]
    trials = np.arange(1, len(frame) + 1)
    axis.stackplot(trials, parts, labels=names, colors=colors, alpha=0.75, step="post", linewidth=0)
    axis.set_xlim(1, max(len(frame), 2))
    axis.set_ylim(0.0, None)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    label(axis, "trials", with_unit("cost", unit_of_cost))
    legend(axis, loc="upper left", reverse=True)
    bare(axis)
    return figure


def pareto_front(
    history: Any, objectives: Sequence[Objective], *, units: tuple[str, str] = ("", ""), ax: Axes | None = None
) -> Figure:
    """Measured rows in the plane of two objectives, with the front of those that no other is better than in both.

    Parameters
    ----------
    history
        A campaign, or its ``history``.
    objectives
        Two. Rows count at which all tasks of both are measured, by their last values.
    units
        Of the two.
    ax
        Axes to draw on; None for a new figure.

    Raises
    ------
    ColumnError
        It lacks a column.
    DataError
        There are not two objectives, or no row is measured at all tasks of both.

    Examples
    --------
    >>> import mfgp
    >>> history = pd.DataFrame({"x": [1, 1, 2, 2], "task": ["a", "b"] * 2, "state": "measured", "value": [1, 2, 3, 4]})
    >>> figure = pareto_front(history, [mfgp.maximize("a"), mfgp.minimize("b")])
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('a, to be maximised', 'b, to be minimised')
    """
    if len(objectives) != 2:
        raise DataError(f"a front is drawn in a plane, but {len(objectives)} objectives came; give two of them")
    frame = _frame(history, "task", "state", "value")
    keys = list(frame.columns[: frame.columns.get_loc("task")])
    wide = frame[frame["state"] == "measured"].groupby([*keys, "task"], sort=False)["value"].last().unstack("task")
    asked = list(dict.fromkeys(name for each in objectives for name in each.quantity.tasks))
    if not set(asked) <= set(wide.columns) or wide[asked].dropna().empty:
        raise DataError(f"there is no front to draw: measure some row at all of {listed(asked)} first")
    table = wide[asked].dropna()
    values = {name: torch.tensor(table[name].to_numpy(dtype=float)) for name in asked}
    shown = np.stack([each.quantity.evaluate(values).numpy() for each in objectives])
    utility = torch.stack([each.utility.evaluate(values) for each in objectives], dim=-1)
    best = is_non_dominated(utility).numpy()
    figure, axis = panel(ax, 4.2, 3.6)
    if not best.all():
        axis.scatter(shown[0, ~best], shown[1, ~best], s=16, color=LINE, alpha=0.55, linewidth=0, label="measured")
    front = shown[:, best][:, np.argsort(shown[0, best], kind="stable")]
    axis.plot(front[0], front[1], color=ORANGE, linewidth=1.0, linestyle=":", zorder=1)
    axis.scatter(front[0], front[1], s=26, color=ORANGE, linewidth=0, zorder=3, label="no other is better in both")
    wanted = [_wanted(each, unit) for each, unit in zip(objectives, units, strict=True)]
    label(axis, *wanted)
    legend(axis, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    bare(axis)
    return figure


def _wanted(objective: Objective, unit: str) -> str:
    name = with_unit(repr(objective.quantity), unit)
    if objective.value is not None:
        return f"{name}, to be near {objective.value:g}"
    return f"{name}, to be {'maximised' if objective.direction == 'maximize' else 'minimised'}"


def _frame(history: Any, *columns: str) -> pd.DataFrame:
    frame: pd.DataFrame = history if isinstance(history, pd.DataFrame) else history.history
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ColumnError(f"the history lacks the columns {listed(missing)}; give campaign.history as it is")
    if frame.empty:
        raise DataError("the history has no trial yet; ask, measure and tell first")
    return frame
