"""Findings about the inputs: columns that say nothing, rows that come twice, rows far from all others."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import chi2

from mfgp.data.table import listed
from mfgp.diagnostics.finding import FALSE_ALARMS, Finding, not_applicable, some
from mfgp.diagnostics.fitted import Fitted
from mfgp.kernels.levels import MixedInputKernel, plain
from mfgp.kernels.stationary import profile, row_keys

Array = NDArray[np.float64]

FAR = 2.0  # times the largest distance of a row learned from to its neighbour
MOST = 0.5  # of the new rows


def constant_inputs(fitted: Fitted) -> Finding:
    """Inputs that have one value in all rows learned from."""
    names = fitted.inputs.columns
    constant = tuple(name for name, column in zip(names, fitted.x.T, strict=True) if (column == column[0]).all())
    if not constant:
        return Finding("inputs", "passed", f"None of {len(names)} inputs is constant.", 0, 0)
    return Finding(
        "inputs",
        "tip",
        f"{some(len(constant), len(names), 'inputs')} constant: {listed(constant)}.",
        len(constant),
        0,
        "Leave such an input out, or measure at other values of it: predictions there are those of the prior.",
        constant,
    )


def duplicates(fitted: Fitted) -> Finding:
    """Values of one task at equal inputs that differ by more than the noise."""
    chances, ratios = {}, {}
    for name, place in fitted.number_latents.items():
        square, freedom = _within_groups(fitted, place)
        if freedom:
            chances[name], ratios[name] = float(chi2.sf(square, freedom)), float(np.sqrt(square / freedom))
    if not chances:
        return not_applicable("repeats", "No task was measured twice at the same inputs.")
    worst = min(chances, key=lambda name: chances[name])
    threshold = FALSE_ALARMS / len(chances)
    found = f"Values of {worst!r} at equal inputs differ by {ratios[worst]:.1f} times the noise"
    if chances[worst] > threshold:
        return Finding("repeats", "passed", f"{found}, as chance may have it.", chances[worst], threshold)
    return Finding(
        "repeats",
        "issue",
        f"{found} (probability {chances[worst]:.1g}).",
        chances[worst],
        threshold,
        "Add the input that tells these rows apart, or look for wrong values; given noise may be too small.",
        tuple(name for name, chance in chances.items() if chance <= threshold),
    )


def _within_groups(fitted: Fitted, latent: int) -> tuple[float, int]:
    """Sum of squares around the mean of each group of equal inputs, in noise variances, and its degrees of freedom."""
    width, square, freedom = len(fitted.inputs.columns), 0.0, 0
    for part in fitted.parts:
        here = part.latent == latent
        data = part.posterior.observations
        keys = row_keys(data.x[:, :width]).cpu().numpy()[here]
        y, variance = (values.cpu().numpy()[here] for values in (data.y, part.posterior.noise_variance))
        for key in np.unique(keys[np.argsort(keys, kind="stable")]):
            weight = 1.0 / np.maximum(variance[keys == key], np.finfo(float).tiny)
            values = y[keys == key]
            square += float((weight * np.square(values - np.average(values, weights=weight))).sum())
            freedom += len(values) - 1
    return square, freedom


def new_rows(fitted: Fitted) -> Finding:
    """Rows to be predicted that are far from every row learned from, distances being in lengthscales."""
    if fitted.new is None:
        return not_applicable("new rows", "No rows to be predicted were given; write check(X_new).")
    known = np.unique(_scaled(fitted, fitted.x), axis=0)
    unseen = _has_unseen_level(fitted, fitted.new.x)
    if len(known) < 2:
        return not_applicable("new rows", "All rows learned from are at one place.")
    tree = cKDTree(known)
    usual = float(tree.query(known, k=2)[0][:, 1].max())
    ratio = np.where(unseen, np.inf, tree.query(_scaled(fitted, fitted.new.x))[0] / usual)
    order = np.argsort(-ratio, kind="stable")
    far = [place for place in order if ratio[place] > FAR]
    worst = float(ratio[order[0]])
    if not far:
        told = f"The farthest of {len(ratio)} rows is {worst:.1f} times as far from the data as these from one another."
        return Finding("new rows", "passed", told, worst, FAR)
    levels = f", {unseen.sum()} of them with a level that was not seen before" if unseen.any() else ""
    finite = ratio[np.isfinite(ratio)]
    reach = f" (up to {finite.max():.1f} times)" if len(finite) and finite.max() > FAR else ""
    return Finding(
        "new rows",
        "issue" if len(far) > MOST * len(ratio) else "tip",
        f"{some(len(far), len(ratio), 'rows')} more than {FAR:g} times as far from the data "
        f"as these from one another{reach}{levels}; the farthest is {fitted.new.labels[order[0]]!r}.",
        worst,
        FAR,
        "Predictions there are extrapolations, whose deviations rest on the prior: measure nearby before relying on "
        "them.",
        tuple(fitted.new.labels[place] for place in far),
    )


def _has_unseen_level(fitted: Fitted, x: Array) -> NDArray[np.bool_]:
    unseen = np.zeros(len(x), dtype=bool)
    for position, count in fitted.inputs.counts.items():
        unseen |= x[:, position] >= count
    return unseen


def _scaled(fitted: Fitted, x: Array) -> Array:
    """Inputs (n, d) in the shortest of the lengthscales that the processes have along each, levels as positions.

    Standardised inputs where no kernel has lengthscales.
    """
    kernels = [kernel for part in fitted.parts for kernel in part.kernel.input_kernels if profile(kernel) is not None]
    if not kernels:
        return x
    first = kernels[0]
    with torch.no_grad():
        tensor = torch.from_numpy(x).to(plain(first).raw_lengthscale.device)
        wide = first.expand(tensor) if isinstance(first, MixedInputKernel) else tensor
        shortest = torch.stack([plain(kernel).lengthscale.expand(1, wide.shape[-1]) for kernel in kernels]).amin(0)
        return np.asarray((wide / shortest).cpu().numpy())
