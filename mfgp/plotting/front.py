"""Fronts: the measured rows of several objectives that no other is better than in all, and how they grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataError
from mfgp.expressions import Condition
from mfgp.optimization import Objective
from mfgp.optimization.history import is_feasible
from mfgp.plotting.style import BLUE, LINE, ORANGE, bare, label, legend, panel, with_unit

Row: TypeAlias = dict[Hashable, Any]  # a tensor for each task that is measured, or its class


def pareto_front(
    history: Any,
    objectives: Sequence[Objective],
    *,
    constraints: Sequence[Condition] = (),
    best: pd.DataFrame | None = None,
    units: tuple[str, str] = ("", ""),
    ax: Axes | None = None,
) -> Figure:
    """Measured rows in the plane of two objectives, with the front of those that no other is better than in both.

    The steps bound what is known to be possible: below them, as the objectives go, there is a measured row. An
    objective with a target has no such side, so there are no steps then.

    Parameters
    ----------
    history
        A campaign, or its ``history``.
    objectives
        Two. Rows count at which all tasks of both are measured, by their last values.
    constraints
        Conditions on tasks, where a frame is the history: ``campaign.constraints``. A campaign has its own. Rows at
        which one is measured not to hold are crosses, and not of the front.
    best
        What :meth:`Campaign.best <mfgp.optimization.campaign.Campaign.best>` gave: the front that is predicted, with
        90% intervals; None to leave it out.
    units
        Of the two.
    ax
        Axes to draw on; None for a new figure.

    Raises
    ------
    ColumnError
        The history, or `best`, lacks a column.
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
    if not isinstance(history, pd.DataFrame):
        constraints = history.constraints
    measured = list(_whole_rows(trials_of(history, "task", "state", "value"), objectives)[-1].values())
    rows = [row for row in measured if is_feasible(constraints, row)]
    if not rows:
        where = ", where no constraint is broken" if measured else ""
        raise DataError(
            f"there is no front to draw: measure some row at all of {listed(_asked(objectives))} first{where}"
        )
    shown = _shown(rows, objectives)
    front = is_non_dominated(_utilities(rows, objectives)).numpy()
    figure, axis = panel(ax, 4.2, 3.6)
    if len(rows) < len(measured):
        broken = _shown([row for row in measured if not is_feasible(constraints, row)], objectives)
        axis.scatter(
            broken[0], broken[1], s=16, color=LINE, alpha=0.55, marker="x", linewidth=0.8, label="breaks a constraint"
        )
    if not front.all():
        axis.scatter(shown[0, ~front], shown[1, ~front], s=16, color=LINE, alpha=0.55, linewidth=0, label="measured")
    found = shown[:, front][:, np.argsort(shown[0, front], kind="stable")]
    if all(each.value is None for each in objectives):
        side = "steps-pre" if objectives[0].direction == "maximize" else "steps-post"
        axis.plot(found[0], found[1], color=ORANGE, linewidth=1.0, linestyle=":", drawstyle=side, zorder=1)
    axis.scatter(found[0], found[1], s=26, color=ORANGE, linewidth=0, zorder=3, label="no other is better in both")
    if best is not None:
        _predicted(axis, best, objectives)
    wanted = [_wanted(each, unit) for each, unit in zip(objectives, units, strict=True)]
    label(axis, *wanted)
    legend(axis, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    bare(axis)
    return figure


def volumes(frame: pd.DataFrame, objectives: Sequence[Objective], constraints: Sequence[Condition] = ()) -> np.ndarray:
    """Hypervolume (trials,) of the measured front after each trial, in the product of the objectives' units.

    It is measured from each objective's reference, or from its worst measured value where it has none (Zitzler & Thiele
    1998, PPSN V, 292). NaN before a row is measured at all tasks. A row at which a constraint is measured not to hold
    is not of the front.

    Parameters
    ----------
    frame
        A campaign's history.
    objectives
        At least two.
    constraints
        Conditions on tasks.

    Examples
    --------
    >>> import mfgp
    >>> tasks = {"x": [1, 1, 2, 2], "task": ["a", "b"] * 2, "state": "measured", "value": [3.0, 1.0, 1.0, 2.0]}
    >>> volumes(pd.DataFrame(tasks), [mfgp.maximize("a", reference=0), mfgp.maximize("b", reference=0)])
    array([nan,  3.,  3.,  4.])
    """
    after = [[row for row in rows.values() if is_feasible(constraints, row)] for rows in _whole_rows(frame, objectives)]
    found = np.full(len(frame), np.nan)
    if not any(after):
        return found
    worst = _utilities([row for rows in after for row in rows], objectives).amin(0)
    said = [each.reference_utility for each in objectives]
    reference = [low if given is None else given for given, low in zip(said, worst.tolist(), strict=True)]
    volume = Hypervolume(torch.tensor(reference, dtype=torch.float64))
    for place, rows in enumerate(after):
        if rows and place and rows == after[place - 1]:
            found[place] = found[place - 1]
        elif rows:
            utilities = _utilities(rows, objectives)
            found[place] = volume.compute(utilities[is_non_dominated(utilities)])
    return found


def trials_of(history: Any, *columns: str) -> pd.DataFrame:
    """The history of a campaign, or the frame that it is.

    Raises
    ------
    ColumnError
        It lacks a column.
    DataError
        It has no trial.
    """
    frame: pd.DataFrame = history if isinstance(history, pd.DataFrame) else history.history
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ColumnError(f"the history lacks the columns {listed(missing)}; give campaign.history as it is")
    if frame.empty:
        raise DataError("the history has no trial yet; ask, measure and tell first")
    return frame


def _asked(objectives: Sequence[Objective]) -> list[Hashable]:
    return list(dict.fromkeys(name for each in objectives for name in each.quantity.tasks))


def _whole_rows(frame: pd.DataFrame, objectives: Sequence[Objective]) -> list[dict[Hashable, Row]]:
    """After each trial the last values of the rows that are measured at all tasks of the objectives."""
    asked, keys = set(_asked(objectives)), list(frame.columns[: frame.columns.get_loc("task")])
    known: dict[Hashable, Row] = defaultdict(dict)
    whole: dict[Hashable, Row] = {}
    after = []
    parts = (frame[keys].itertuples(index=False, name=None), frame["task"], frame["state"], frame["value"])
    for key, task, state, value in zip(*parts, strict=True):
        if state == "measured":
            is_label = isinstance(value, str | bool)
            known[key] = known[key] | {task: value if is_label else torch.tensor(float(value), dtype=torch.float64)}
            if asked <= set(known[key]):
                whole = whole | {key: known[key]}
        after.append(whole)
    return after


def _shown(rows: Sequence[Row], objectives: Sequence[Objective]) -> np.ndarray:
    """(objectives, rows)."""
    return np.array([[float(each.quantity.evaluate(row)) for each in objectives] for row in rows]).T


def _utilities(rows: Sequence[Row], objectives: Sequence[Objective]) -> torch.Tensor:
    """(rows, objectives)."""
    values = [[float(each.utility.evaluate(row)) for each in objectives] for row in rows]
    return torch.tensor(values, dtype=torch.float64)


def _predicted(axis: Axes, best: pd.DataFrame, objectives: Sequence[Objective]) -> None:
    names = [[f"{each.quantity!r} {part}" for part in ("mean", "lower", "upper")] for each in objectives]
    missing = [name for several in names for name in several if name not in best.columns]
    if missing:
        raise ColumnError(f"best lacks the columns {listed(missing)}; give campaign.best() of the same objectives")
    x, y = (best[several].to_numpy(dtype=float).T for several in names)
    axis.errorbar(
        x[0],
        y[0],
        xerr=(x[0] - x[1], x[2] - x[0]),
        yerr=(y[0] - y[1], y[2] - y[0]),
        fmt="o",
        markersize=3,
        color=BLUE,
        elinewidth=0.6,
        alpha=0.7,
        zorder=2,
        label="predicted front, 90% intervals",
    )


def _wanted(objective: Objective, unit: str) -> str:
    name = with_unit(repr(objective.quantity), unit)
    if objective.value is not None:
        return f"{name}, to be near {objective.value:g}"
    return f"{name}, to be {'maximised' if objective.direction == 'maximize' else 'minimised'}"
