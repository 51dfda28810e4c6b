"""Findings about the hyperparameters: those at their bounds, and those that their prior did not expect."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from gpytorch.constraints import Interval
from gpytorch.module import Module
from gpytorch.priors import Prior
from numpy.typing import NDArray
from scipy.stats import beta, cauchy, norm

from mfgp.diagnostics.finding import FALSE_ALARMS, Finding, not_applicable, some
from mfgp.diagnostics.fitted import Fitted, Part
from mfgp.inference import TaskNoise
from mfgp.kernels import AutoregressiveKernel, CascadeKernel
from mfgp.kernels.levels import plain
from mfgp.kernels.priors import CauchyPrior, LengthscalePrior, NormalPrior, ScalePrior

Array = NDArray[np.float64]

NEAR = 2.0  # times a bound
HARMLESS = {("scale", "lower"), ("specific", "lower"), ("noise", "lower"), ("lengthscale", "upper")}
TASKWISE = {"scale": "scale", "specific": "own part", "amplitude": "amplitude"}


class Parameter(NamedTuple):
    """One number that was fitted: its name, what kind it is, its bounds, and how far out in its prior it is.

    `tail` is the probability a priori of a value at least as far out, NaN where the prior is improper or not known.
    """

    name: str
    kind: str
    value: float
    lower: float
    upper: float
    tail: float

    @property
    def is_bounded(self) -> bool:
        """Whether it has bounds on both sides, so that it is positive."""
        return self.lower > 0.0 and math.isfinite(self.upper)


def parameters(fitted: Fitted) -> list[Parameter]:
    """Every number that was fitted and has bounds or a proper prior of this package's."""
    return [parameter for part in fitted.parts for parameter in _parameters(fitted, part)]


def bounds(fitted: Fitted) -> Finding:
    """Hyperparameters within a factor of two of a bound."""
    found = parameters(fitted)
    bounded = [each for each in found if each.is_bounded]
    if not bounded:
        return not_applicable("bounds", "No hyperparameter has bounds.")
    sides = {each: _side(each) for each in bounded}
    near = [each for each in bounded if sides[each]]
    if not near:
        return Finding("bounds", "passed", f"None of {len(bounded)} hyperparameters is at a bound.", 0.0, 0.0)
    told = [f"{each.name} ({each.value:.2g}, {sides[each]} bound)" for each in near]
    harmful = [each for each in near if (each.kind, sides[each]) not in HARMLESS]
    advice = (
        "Look at the values and units of what is named: the data ask for more than the model allows, or do not "
        "determine it."
        if harmful
        else "Harmless: an exact task has no noise, an input without effect has no lengthscale, and a task that "
        "follows from others has no part of its own."
    )
    return Finding(
        "bounds",
        "issue" if harmful else "tip",
        f"{some(len(near), len(bounded), 'hyperparameters')} at a bound: {_few(told)}.",
        len(near),
        0.0,
        advice,
        tuple(each.name for each in near),
    )


def priors(fitted: Fitted) -> Finding:
    """Hyperparameters where their prior puts next to nothing; the level is shared out over all of them."""
    found = [each for each in parameters(fitted) if not math.isnan(each.tail)]
    if not found:
        return not_applicable("priors", "No hyperparameter has a prior that is known and proper.")
    threshold = FALSE_ALARMS / len(found)
    out = sorted((each for each in found if each.tail < threshold), key=lambda each: each.tail)
    least = min(each.tail for each in found)
    if not out:
        return Finding("priors", "passed", f"All of {len(found)} hyperparameters are where expected.", least, threshold)
    told = [f"{each.name} ({each.value:.2g})" for each in out]
    return Finding(
        "priors",
        "tip",
        f"{some(len(out), len(found), 'hyperparameters')} far from what the prior expects "
        f"(probability {least:.1g}): {_few(told)}.",
        least,
        threshold,
        "The values insist on it: look for outliers, and for an input or a task whose logarithm would be better.",
        tuple(each.name for each in out),
    )


def _few(told: Sequence[str]) -> str:
    return ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def _side(parameter: Parameter) -> str:
    if parameter.value < NEAR * parameter.lower:
        return "lower"
    return "upper" if parameter.value > parameter.upper / NEAR else ""


def _parameters(fitted: Fitted, part: Part) -> Iterator[Parameter]:
    names = [fitted.tasks.latents[latent] for latent in part.latents]
    for module in (part.kernel, part.noise):
        for path, owner, prior, read, _ in module.named_priors():
            stem = path.rpartition(".")[-1].removesuffix("_prior")
            values = read(owner).detach().cpu().numpy()
            learned = part.noise.learned.cpu().numpy() if module is part.noise else np.ones(values.shape, bool)
            lower, upper = _bounds(owner, stem)
            tails = _tails(prior, values)
            for place in np.argwhere(learned):
                index = tuple(place.tolist())
                name = _name(fitted, part, owner, stem, index, names)
                one = Parameter(name, _kind(owner, stem), values[index].item(), lower, upper, tails[index].item())
                if one.is_bounded or not math.isnan(one.tail):
                    yield one


def _kind(owner: Module, stem: str) -> str:
    return "noise" if isinstance(owner, TaskNoise) else stem


def _bounds(owner: Module, stem: str) -> tuple[float, float]:
    constraint = getattr(owner, f"raw_{stem}_constraint", None)
    if not isinstance(constraint, Interval):
        return 0.0, math.inf
    return float(constraint.lower_bound), float(constraint.upper_bound)


def _tails(prior: Prior, values: Array) -> Array:
    """Probability of a value at least as far out, on the side where it is, twice."""
    if isinstance(prior, LengthscalePrior):
        return np.asarray(2.0 * norm.sf(np.abs(np.log(values / prior.median)), scale=np.hypot(prior.SHARED, prior.OWN)))
    if isinstance(prior, ScalePrior):
        square = np.square(values / prior.scale)
        share = beta(0.5 * prior.shape, 0.5)  # of s^2 / (1 + s^2), where log s has the density of the prior
        return np.asarray(2.0 * np.minimum(share.cdf(square / (1.0 + square)), share.sf(square / (1.0 + square))))
    if isinstance(prior, CauchyPrior):
        return np.asarray(2.0 * cauchy.sf(np.abs(values), scale=prior.scale))
    if isinstance(prior, NormalPrior):
        return np.asarray(2.0 * norm.sf(np.abs(values), scale=prior.scale))
    return np.full(values.shape, np.nan)


def _name(
    fitted: Fitted, part: Part, owner: Module, stem: str, index: tuple[int, ...], names: Sequence[Hashable]
) -> str:
    """What a number is called: its kind, and the input, task or process that it is of."""
    kernel, last = part.kernel, index[-1]
    inner = [plain(each) for each in kernel.input_kernels]
    if owner in inner and stem == "lengthscale":
        numbers = [name for place, name in enumerate(fitted.inputs.columns) if place not in fitted.inputs.levels]
        what = repr(numbers[last]) if last < len(numbers) else f"level coordinate {last - len(numbers)}"
        return f"lengthscale of {what} ({part.processes[inner.index(owner)]})"
    if isinstance(kernel, CascadeKernel) and owner is not kernel and not isinstance(owner, TaskNoise):
        what = f"lengthscale over source {last}" if stem == "lengthscale" else f"slope {last}" if last else "curve"
        return f"{what} of {names[0]!r}"
    if isinstance(owner, TaskNoise):
        return f"noise of {names[last]!r}"
    if stem == "row_loadings":
        return f"row effect of {names[kernel.row_tasks[last]]!r}"
    if stem == "weights" and isinstance(kernel, AutoregressiveKernel):
        task, source = kernel.edges[last]
        return f"weight of {names[source]!r} in {names[task]!r}"
    if stem == "loadings":
        return f"loading {last} of {names[index[-2]]!r}"
    if stem in TASKWISE:
        return f"{TASKWISE[stem]} of {names[last]!r}"
    return f"{stem} {', '.join(map(str, index))}"
