"""Regret against cost, a panel a problem."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.regret import Curve
from mfgp.plotting.style import COLORS, bare, label

STYLES = {
    "mfgp": (COLORS[0], "-"),
    "mfgp, design of the peers": (COLORS[0], ":"),
    "mfgp, design of the peers, max-value entropy": (COLORS[1], ":"),
    "mfgp, design of the peers, knowledge gradient": (COLORS[2], ":"),
    "mfgp, high fidelity alone": (COLORS[0], "--"),
    "BoTorch log EI, high fidelity alone": (COLORS[3], "--"),
    "BoTorch qMFKG": (COLORS[4], "-"),
    "BoTorch qMFMES": (COLORS[5], "-"),
    "BoTorch qMFMES, design of mfgp": (COLORS[5], ":"),
    "random, high fidelity alone": (COLORS[6], "--"),
}
ACROSS = 3


def regret_figure(lines: pd.DataFrame, linear: frozenset[str]) -> Figure:
    """Mean simple regret over the seeds, with bands of one standard error on each side.

    Parameters
    ----------
    lines
        One a run: problem, contestant and the steps of the regret.
    linear
        Problems whose regret is shown on a linear axis.
    """
    problems = list(lines["problem"].unique())
    across = min(ACROSS, len(problems))
    down = -(-len(problems) // across)
    figure = Figure(figsize=(max(4.2 * across, 6.4), 3.1 * down + 0.9), dpi=150, layout="constrained")
    handles: dict[str, Line2D] = {}
    for axis, problem in zip(figure.subplots(down, across, squeeze=False).flat, problems, strict=False):
        here = lines[lines["problem"] == problem]
        smallest = np.inf
        for name, (color, style) in STYLES.items():
            runs = here.loc[here["contestant"] == name, "regret"].tolist()
            if runs:
                curve = Curve.of(runs)
                (drawn,) = axis.step(curve.cost, curve.mean, style, where="post", color=color, lw=1.4)
                band = curve.mean - curve.error, curve.mean + curve.error
                axis.fill_between(curve.cost, *band, step="post", color=color, alpha=0.15, lw=0)
                smallest = min(smallest, curve.mean[curve.mean > 0.0].min(initial=np.inf))
                handles[name] = drawn
        if problem not in linear and np.isfinite(smallest):
            axis.set_yscale("log")
            axis.set_ylim(bottom=smallest / 2.0)
        bare(axis)
        label(axis, "cost, in high-fidelity values", "mean simple regret", problem)
    for axis in figure.axes[len(problems) :]:
        axis.set_axis_off()
    seeds = lines.groupby(["contestant", "problem"]).size()
    names = [f"{name} ({_range(seeds[name])} seed{'s' if seeds[name].max() > 1 else ''})" for name in handles]
    figure.legend(handles.values(), names, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def _range(counts: pd.Series[int]) -> str:
    fewest, most = counts.min(), counts.max()
    return f"{fewest}" if fewest == most else f"{fewest}–{most}"
