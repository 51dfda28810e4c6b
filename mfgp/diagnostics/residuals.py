"""Findings about values left out in turn: outliers, deviations that are too small or too large, nothing learned."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2, norm

from mfgp.diagnostics.finding import FALSE_ALARMS, Finding, not_applicable, some
from mfgp.diagnostics.fitted import Fitted

FEWEST = 3  # values of a task of which a mean square, or a share explained, says something
_ONLY_LABELS = "There are only labels, which have no residuals."


def outliers(fitted: Fitted) -> Finding:
    """Values that all the others make next to impossible; the level is shared out over all values."""
    found = fitted.without_value
    if not len(found):
        return not_applicable("outliers", _ONLY_LABELS)
    threshold = float(norm.isf(0.5 * FALSE_ALARMS / len(found)))
    sizes = np.abs(found.z)
    order = np.argsort(-sizes, kind="stable")
    out = [place for place in order if sizes[place] > threshold]
    worst = float(sizes[order[0]])
    if not out:
        told = f"The largest of {len(found)} standardised residuals is {worst:.1f} deviations."
        return Finding("outliers", "passed", told, worst, threshold)
    names = fitted.tasks.latents
    row, task = fitted.index[found.row[out[0]]], names[found.latent[out[0]]]
    return Finding(
        "outliers",
        "issue",
        f"{some(len(out), len(found), 'values')} more than {threshold:.1f} deviations from "
        f"what the others predict; the worst is {task!r} of row {row!r}, {worst:.1f} deviations off.",
        worst,
        threshold,
        "Look for a wrong value, unit or input there; if it is right, the kernel does not describe that region.",
        tuple((fitted.index[found.row[place]], names[found.latent[place]]) for place in out),
    )


class _Size(NamedTuple):
    """Root mean square of a task's standardised residuals, the range to be expected, and how unlikely it is."""

    task: Hashable
    figure: float
    lower: float
    upper: float
    chance: float


def calibration(fitted: Fitted) -> Finding:
    """Whether the standardised residuals of each task have a mean square of one, as far as can be told."""
    sizes = _sizes(fitted)
    if not sizes:
        return not_applicable("spread", f"No number has {FEWEST} values or more.")
    worst = min(sizes, key=lambda size: size.chance)
    range_ = f"between {worst.lower:.2f} and {worst.upper:.2f} expected"
    threshold = worst.upper if worst.figure > 1.0 else worst.lower
    if worst.lower <= worst.figure <= worst.upper:
        told = f"Residuals of {worst.task!r} have a root mean square of {worst.figure:.2f}, {range_}."
        return Finding("spread", "passed", told, worst.figure, threshold)
    off = tuple(size.task for size in sizes if not size.lower <= size.figure <= size.upper)
    how = "small" if worst.figure > 1.0 else "large"
    return Finding(
        "spread",
        "issue" if worst.figure > 1.0 else "tip",
        f"Deviations of {worst.task!r} are too {how}: residuals have a root mean square of {worst.figure:.2f}, "
        f"{range_}.",
        worst.figure,
        threshold,
        "Look at outliers and given noise first; then mfgp.recalibrate(model) scales the deviations.",
        off,
    )


def skill(fitted: Fitted) -> Finding:
    """Whether values are predicted better by the others than by the mean of their task."""
    shares = {}
    for task, place in fitted.number_latents.items():
        found = fitted.without_value.of([place])
        if len(found) >= FEWEST:
            without = len(found) / (len(found) - 1) * (found.truth - found.truth.mean())
            spread = np.square(without).sum()
            if spread > 0.0:
                shares[task] = float(1.0 - np.square(found.truth - found.mean).sum() / spread)
    if not shares:
        return not_applicable("skill", f"No number has {FEWEST} different values or more.")
    least = min(shares, key=lambda task: shares[task])
    if shares[least] > 0.0:
        told = f"Left out in turn, values of each task are predicted with an R2 of {shares[least]:.2f} or more."
        return Finding("skill", "passed", told, shares[least], 0.0)
    poor = tuple(task for task, share in shares.items() if share <= 0.0)
    return Finding(
        "skill",
        "issue",
        f"Left out in turn, {some(len(poor), len(shares), 'tasks')} predicted no better "
        f"than by the mean of the task: {', '.join(map(repr, poor[:5]))}.",
        shares[least],
        0.0,
        "The inputs and the other tasks tell nothing of it here: add an input that does, or more values.",
        poor,
    )


def _sizes(fitted: Fitted) -> list[_Size]:
    found = {task: fitted.without_value.of([place]) for task, place in fitted.number_latents.items()}
    found = {task: several for task, several in found.items() if len(several) >= FEWEST}
    sizes = []
    for task, several in found.items():
        square, freedom = float(np.square(several.z).mean()), several.effective_number
        square_of = chi2(freedom, scale=1.0 / freedom)
        share = 0.5 * FALSE_ALARMS / len(found)
        lower, upper = np.sqrt(square_of.ppf(share)), np.sqrt(square_of.isf(share))
        chance = 2.0 * min(square_of.cdf(square), square_of.sf(square))
        sizes.append(_Size(task, square**0.5, float(lower), float(upper), float(chance)))
    return sizes
