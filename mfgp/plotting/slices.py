"""Slices: each task along one input, the others being held."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfgp.data.inputs import Inputs
from mfgp.data.levels import holds_levels
from mfgp.data.table import listed
from mfgp.data.tasks import Tasks
from mfgp.errors import ColumnError, ParameterError
from mfgp.plotting.style import BLUE, LINE, ORANGE, bare, label, panel

POINTS = 200
PANEL = (3.1, 2.5)
FAINTEST, PALE = 0.08, 0.5


def slices(
    model: Any,
    X: pd.DataFrame,
    Y: Any,
    *,
    along: Hashable | None = None,
    at: Mapping[Hashable, Any] | None = None,
    tasks: Sequence[Hashable] | None = None,
    level: float = 0.9,
    observed: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Mean and interval of each task along an input, with the values learned from.

    Values fade with their distance from the slice in the other inputs: half a deviation of these makes them pale.

    Parameters
    ----------
    model
        A fitted estimator.
    X, Y
        (n, d) inputs as a frame and (n, T) values, as for ``fit``; the slice spans those of `along`.
    along
        The input that changes; None for the first.
    at
        Values of others. What is not named is held at its median, categories at the most frequent one.
    tasks
        Those to show, which have to be numbers; None for all that are.
    level
        Probability of the interval.
    observed
        True for the interval of a measurement, noise included.
    ax
        Axes to draw on, for one task; None for a new figure.

    Returns
    -------
    A figure, a panel for each task; save it by ``figure.savefig("slices.png")``.

    Raises
    ------
    ColumnError
        An input or a task does not exist, or a task is a label.
    ParameterError
        One axes was given for several tasks, or the level is not between 0 and 1.

    Examples
    --------
    >>> from mfgp import IndependentGP
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 9)})
    >>> y = pd.Series(np.sin(6 * X.x), name="gap")
    >>> figure = slices(IndependentGP().fit(X, y), X, y)
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_title()
    ('x', 'gap')
    """
    known = Tasks.learn(Y)
    values = pd.DataFrame(known.read(Y, X), X.index, pd.Index(known.names, tupleize_cols=False))
    numbers = [name for place, name in enumerate(known.names) if place not in known.labels]
    shown = numbers if tasks is None else list(tasks)
    wrong = [name for name in shown if name not in numbers]
    if wrong or not shown:
        raise ColumnError(f"tasks={listed(shown)}, expected some of the tasks that are numbers: {listed(numbers)}")
    if ax is not None and len(shown) > 1:
        raise ParameterError(f"ax is one axes, but there are {len(shown)} tasks; write tasks=[{shown[0]!r}]")
    along = X.columns[0] if along is None else along
    held = {name: _middle(X[name]) for name in X.columns} | dict(at or {})
    strangers = [name for name in [along, *held] if name not in X.columns]
    if strangers:
        raise ColumnError(f"X has no input {listed(strangers)}; the inputs are {listed(X.columns)}")
    grid = _grid(X, along, held)
    prediction = model.predict_distribution(grid, observed=observed)
    interval = prediction.interval(level)
    nearness = _nearness(X, along, held)
    if ax is None:
        across = min(3, len(shown))
        down = -(-len(shown) // across)
        figure = Figure(figsize=(PANEL[0] * across, PANEL[1] * down), dpi=150, layout="constrained")
        axes = list(figure.subplots(down, across, squeeze=False).ravel())
        for spare in axes[len(shown) :]:
            spare.set_visible(False)
    else:
        figure, axis = panel(ax, *PANEL)
        axes = [axis]
    for axis, name in zip(axes, shown, strict=False):
        curve = pd.DataFrame({"mean": prediction.mean[name], "lower": interval[name, "lower"]})
        _draw(axis, grid[along], curve.assign(upper=interval[name, "upper"]), X[along], values[name], nearness)
        label(axis, along, title=name)
        bare(axis)
    fixed = ", ".join(f"{name} = {_told(held[name])}" for name in X.columns if name != along)
    if fixed and ax is None:
        figure.supxlabel(f"at {fixed}; values fade away from there", fontsize=8, color=LINE, parse_math=False)
    return figure


def _middle(column: pd.Series[Any]) -> Any:
    return column.mode().iloc[0] if holds_levels(column) else float(column.median())


def _told(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _grid(X: pd.DataFrame, along: Hashable, held: Mapping[Hashable, Any]) -> pd.DataFrame:
    """Rows along an input: over the range of its values, or one for each of its levels."""
    if holds_levels(X[along]):
        steps: Any = list(Inputs.learn(X[[along]]).levels[0].values)
    else:
        low, high = float(X[along].min()), float(X[along].max())
        margin = 0.03 * (high - low) or 1.0
        steps = np.linspace(low - margin, high + margin, POINTS)
    return pd.DataFrame({name: steps if name == along else [held[name]] * len(steps) for name in X.columns})


def _nearness(X: pd.DataFrame, along: Hashable, held: Mapping[Hashable, Any]) -> np.ndarray:
    """(n,) from 0 to 1: how near a row is to the slice in the inputs that are held."""
    square = np.zeros(len(X))
    for name in X.columns:
        if name != along and holds_levels(X[name]):
            square += np.where(X[name] == held[name], 0.0, 4.0)
        elif name != along:
            spread = float(X[name].std()) or 1.0
            square += np.square((X[name].to_numpy(float) - held[name]) / spread)
    return np.asarray(np.exp(-0.5 * square / PALE**2).clip(FAINTEST))


def _draw(
    axis: Axes, steps: pd.Series[Any], curve: pd.DataFrame, inputs: pd.Series[Any], truth: pd.Series[Any], near: Any
) -> None:
    mean, lower, upper = (curve[name].to_numpy() for name in ("mean", "lower", "upper"))
    measured = truth.notna().to_numpy()
    if holds_levels(steps):
        names = steps.tolist()
        places = np.arange(len(names), dtype=float)
        axis.errorbar(places, mean, [mean - lower, upper - mean], fmt="o", color=BLUE, capsize=3, markersize=5)
        axis.set_xticks(places, [str(name) for name in names], parse_math=False)
        axis.set_xlim(-0.5, len(names) - 0.5)
        at = np.array([names.index(value) for value in inputs[measured]]) + 0.15
    else:
        places, at = steps.to_numpy(float), inputs[measured].to_numpy(float)
        axis.fill_between(places, lower, upper, color=BLUE, alpha=0.18, linewidth=0)
        axis.plot(places, mean, color=BLUE, linewidth=1.4)
    axis.scatter(at, truth[measured], s=13, color=ORANGE, alpha=near[measured], linewidth=0, zorder=3)
