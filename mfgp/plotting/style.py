"""What all plots look like: colors that can be told apart by everyone, sizes, and bare axes."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfgp.errors import DataTypeError

BLUE, ORANGE, LINE, BAND = "#1f5a8c", "#d9571e", "#4d4d4d", "#e3e6ea"
# Okabe & Ito's palette, in an order of falling contrast with white; each with a marker of its own.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#56b4e9", "#4d4d4d")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def panel(ax: Axes | None, width: float, height: float) -> tuple[Figure, Axes]:
    """The axes given and their figure, or new ones of a size in inches.

    Raises
    ------
    DataTypeError
        What was given is no axes.
    """
    if ax is None:
        figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
        return figure, figure.subplots()
    if not isinstance(ax, Axes):
        raise DataTypeError(f"ax is a {type(ax).__name__}, expected one matplotlib Axes, such as figure.subplots()")
    whole = ax.get_figure(root=True)
    assert whole is not None
    return whole, ax


def bare(axis: Axes) -> None:
    """Axes without the box, with small ticks."""
    axis.tick_params(labelsize=8, color=LINE)
    axis.spines[["top", "right"]].set_visible(False)


def label(axis: Axes, x: Any = None, y: Any = None, title: Any = None) -> None:
    """Plain labels, in which a dollar sign is one."""
    if x is not None:
        axis.set_xlabel(str(x), fontsize=9, parse_math=False)
    if y is not None:
        axis.set_ylabel(str(y), fontsize=9, parse_math=False)
    if title is not None:
        axis.set_title(str(title), fontsize=10, fontweight="bold", parse_math=False)


def legend(axis: Axes, **options: Any) -> None:
    """A legend without a frame whose names are no mathematics, where there is anything to name."""
    handles, names = axis.get_legend_handles_labels()
    if handles:
        for text in axis.legend(handles, names, frameon=False, fontsize=8, **options).get_texts():
            text.set_parse_math(False)


def with_unit(name: Any, unit: str) -> str:
    """A name with its unit, if there is one."""
    return f"{name} ({unit})" if unit else str(name)
