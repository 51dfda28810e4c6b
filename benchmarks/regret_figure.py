"""Regret against cost, a panel a problem."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.optimizers import OPTIMIZERS
from benchmarks.regret import Curve
from mfgp.plotting.style import COLORS, bare, label, legend

STYLES = {name: "--" if name.endswith("alone") else "-" for name in OPTIMIZERS}
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
    figure = Figure(figsize=(4.3 * across, 3.2 * down + 0.6), dpi=150, layout="constrained")
    for axis, problem in zip(figure.subplots(down, across, squeeze=False).flat, problems, strict=False):
        here = lines[lines["problem"] == problem]
        smallest = np.inf
        for color, name in zip(COLORS, OPTIMIZERS, strict=False):
            runs = here.loc[here["contestant"] == name, "regret"].tolist()
            if runs:
                curve = Curve.of(runs)
                named = f"{name} ({len(runs)})"
                axis.step(curve.cost, curve.mean, STYLES[name], where="post", color=color, lw=1.4, label=named)
                band = curve.mean - curve.error, curve.mean + curve.error
                axis.fill_between(curve.cost, *band, step="post", color=color, alpha=0.15, lw=0)
                smallest = min(smallest, curve.mean[curve.mean > 0.0].min(initial=np.inf))
        if problem not in linear and np.isfinite(smallest):
            axis.set_yscale("log")
            axis.set_ylim(bottom=smallest / 2.0)
        bare(axis)
        label(axis, "cost, in high-fidelity values", "mean simple regret", problem)
        legend(axis)
    for axis in figure.axes[len(problems) :]:
        axis.set_axis_off()
    return figure
