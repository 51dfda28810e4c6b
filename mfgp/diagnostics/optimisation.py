"""Findings about the optimisation: whether it ended, and whether another end would have predicted something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy

import numpy as np
import torch

from mfgp.diagnostics.finding import Finding, not_applicable
from mfgp.diagnostics.fitted import Fitted, Part
from mfgp.errors import NumericsError
from mfgp.inference import ExactPosterior, StartReport
from mfgp.inference.objective import Objective
from mfgp.inference.posterior import Joint

LARGE_JITTER = 1e-8
AS_GOOD = 2.0  # nats of the log posterior: a start so near the best is a rival
DISAGREEMENT = 1.0  # deviations that the predictions of rivals may differ
LEAST_DEVIATION = 0.01  # of a task's spread, below which differences do not matter
BESIDE = 1e-6  # of an input's deviation
LARGEST_RHAT = 1.1
SHARE = 0.9  # of the rows that have to differ by less


def convergence(fitted: Fitted) -> Finding:
    """Whether the optimisation of the hyperparameters came to its end."""
    status = fitted.report.status
    if status == "converged":
        return Finding("fit", "passed", "The optimisation converged.")
    if "impossible" in status:
        return Finding(
            "fit",
            "issue",
            f"The optimisation failed: {status}.",
            advice="Look for repeated rows of an exact task, and give their noise by noise=.",
        )
    return Finding(
        "fit",
        "tip",
        f"The optimisation did not come to its end: {status}.",
        advice="The best point found is used, and most often it is near enough; where this matters, warm_start=True "
        "goes on from it in another fit (a cascade starts anew).",
    )


def sampling(fitted: Fitted) -> Finding:
    """Whether chains of draws of the hyperparameters agree, where there are any."""
    report = fitted.report.sampling
    if report is None:
        return not_applicable("sampling", "The most probable hyperparameters are used alone.")
    figures = (
        f"R-hat is {report.rhat:.2f}, the draws are worth {report.effective_size:.0f} independent ones, and "
        f"{report.divergences} trajectories lost their way."
    )
    if report.rhat <= LARGEST_RHAT:
        return Finding("sampling", "passed", figures, report.rhat, LARGEST_RHAT)
    return Finding(
        "sampling",
        "tip",
        figures,
        report.rhat,
        LARGEST_RHAT,
        "Chains have not found the same, most often because the posterior has several maxima: the average is of those "
        "that were found; see whether another random_state predicts the same.",
    )


def numerics(fitted: Fitted) -> Finding:
    """Whether the covariance of the values could be factorised as it is."""
    jitter = max(fitted.report.jitter, *(part.posterior.jitter for part in fitted.parts))
    if jitter == 0.0:
        return Finding("numerics", "passed", "No jitter was needed.", 0.0, 0.0)
    return Finding(
        "numerics",
        "issue" if jitter > LARGE_JITTER else "tip",
        f"A jitter of {jitter:.0e} of the mean variance was added to the covariance.",
        jitter,
        0.0,
        "Values at equal or nearly equal inputs are taken to be exact: give their noise by noise=, or join them.",
    )


def explanations(fitted: Fitted) -> Finding:
    """Whether starts that ended at nearly the same posterior density predict the same beside the rows learned from."""
    if fitted.tasks.labels:
        return not_applicable("starts", "The starts are those from before the concentrations of labels were chosen.")
    compared = [(part, start) for part in fitted.parts for start in _comparable(part)]
    if not compared:
        return not_applicable("starts", "No second start was carried on with all values.")
    rivals = [(part, start) for part, start in compared if _is_rival(part, start)]
    apart = {start.name: distance for part, start in rivals for distance in _distance(part, start)}
    name, worst = max(apart.items(), key=lambda pair: pair[1], default=("", 0.0))
    found = f"{len(apart)} of {len(compared)} other starts ended within {AS_GOOD:g} nats of the best"
    if worst <= DISAGREEMENT:
        told = f"{found}, and {'predict' if len(apart) > 1 else 'predicts'} the same" if apart else found
        return Finding("starts", "passed", f"{told}.", worst, DISAGREEMENT)
    return Finding(
        "starts",
        "issue",
        f"{found}, and the predictions of '{name}' differ by {worst:.1f} deviations or more at {1 - SHARE:.0%} of the "
        "rows.",
        worst,
        DISAGREEMENT,
        "Several explanations fit the values: measure more of the task with the fewest, or average over them by a "
        "posterior of the hyperparameters.",
        (name,),
    )


def _comparable(part: Part) -> Iterator[StartReport]:
    """Starts other than the best that were carried on with the same values as it."""
    values, chosen = len(part.posterior.observations), part.report.best
    for start in part.report.starts:
        if start.name != chosen and start.observations == values and start.parameters:
            yield start


def _is_rival(part: Part, start: StartReport) -> bool:
    return start.log_posterior > part.report.log_posterior - AS_GOOD


def _distance(part: Part, start: StartReport) -> Iterator[float]:
    """How many deviations the predictions of a start differ from those of the best, but for the worst of the rows."""
    data = part.posterior.observations
    kernel, noise = deepcopy(part.kernel), deepcopy(part.noise)
    objective = Objective(kernel, noise, data)
    if len(objective.get()) != len(start.parameters):
        return
    objective.set(np.array(start.parameters))
    x = _beside(torch.unique(data.x, dim=0), part.kernel.levels)
    try:
        other = ExactPosterior(kernel, noise, data).joint(x)
    except NumericsError:
        return
    chosen = part.posterior.joint(x)
    variance = 0.5 * (_variance(chosen) + _variance(other)) + LEAST_DEVIATION**2
    gaps = (chosen.mean - other.mean).abs() / variance.sqrt()
    yield torch.quantile(gaps, SHARE, dim=0).max().item()


def _beside(x: torch.Tensor, levels: Mapping[int, int]) -> torch.Tensor:
    """New rows next to rows (n, d): what is a row's own there is not known."""
    numbers = [column for column in range(x.shape[-1]) if column not in levels]
    moved = x.clone()
    moved[:, numbers] += BESIDE
    return moved


def _variance(joint: Joint) -> torch.Tensor:
    return joint.covariance.diagonal(dim1=1, dim2=2).clamp_min(0.0)
