"""Whether a fit stops at the most probable hyperparameters or averages over their posterior."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Literal, get_args

import torch

from mfgp.data.observations import Observations
from mfgp.errors import ParameterError
from mfgp.inference.left_out_fits import density_at_maximum, density_of_draws, some_of_scarcest
from mfgp.kernels.stationary import profile
from mfgp.model import TaskGP, TaskGPEnsemble

Hyperparameters = Literal["map", "posterior", "auto"]

FEW_VALUES = 50  # of the task that has fewest: the maximum is narrow where there are no more
MANY_OBSERVATIONS = 200  # of all tasks: more than a few seconds beyond


def check_choice(hyperparameters: Any, random_state: Any) -> None:
    """Raise ParameterError unless both are usable."""
    if hyperparameters not in get_args(Hyperparameters):
        raise ParameterError(f"hyperparameters={hyperparameters!r}, expected 'map', 'posterior' or 'auto'")
    if not isinstance(random_state, Integral) or random_state < 0:
        raise ParameterError(f"random_state={random_state!r}, expected a whole number from 0 on")


def may_average(hyperparameters: Hyperparameters, data: Observations) -> bool:
    """Whether an average over the hyperparameters is tried for these observations.

    "auto" tries it where a task has fewer than 50 values and all of them together are no more than 200: where the
    maximum may be too sure of itself, and draws take seconds.

    Examples
    --------
    >>> data = Observations.gather(torch.zeros(60, 1).numpy(), torch.zeros(60, 1).numpy(), None)
    >>> may_average("posterior", data), may_average("auto", data), may_average("map", data)
    (True, False, False)
    """
    if hyperparameters != "auto":
        return hyperparameters == "posterior"
    fewest = int(torch.unique(data.task, return_counts=True)[1].min())
    return fewest < FEW_VALUES and len(data) <= MANY_OBSERVATIONS


def check_kernels(model: TaskGP) -> None:
    """Raise ParameterError unless the density of all hyperparameters is known in the coordinates they are drawn in."""
    foreign = [type(kernel).__name__ for kernel in model.covar_module.input_kernels if profile(kernel) is None]
    if foreign:
        raise ParameterError(
            "hyperparameters are drawn for the named kernels, whose priors are known, but this model uses "
            f"{foreign[0]}; write hyperparameters='map', or kernel='matern52' or another name"
        )


def gain_of_average(model: TaskGP, ensemble: TaskGPEnsemble) -> float:
    """By how much the average predicts values of the scarcest task better that were left out, in nats a value.

    For the maximum the model is fitted anew without each of them: at the parameters that all values chose, its
    leave-one-out densities would be as sure of themselves as it is.
    """
    observations = model.exact_posterior.observations
    places = some_of_scarcest(observations)
    at_maximum = density_at_maximum(model.covar_module, model.likelihood, observations, places)
    averaged = density_of_draws([member.exact_posterior for member in ensemble.members], places)
    return float((averaged - at_maximum).mean())
