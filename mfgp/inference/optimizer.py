"""Climbing the log posterior from one point, by L-BFGS-B."""

from __future__ import annotations

from typing import NamedTuple

from scipy.optimize import minimize

from mfgp.inference.objective import IMPOSSIBLE, Objective


class Climb(NamedTuple):
    """Where a climb ended."""

    log_posterior: float
    status: str


def climb(objective: Objective, evaluations: int, tolerance: float = 1e-8) -> Climb:
    """Maximise the log posterior from the objective's current parameters, which are left at the best point found.

    Parameters
    ----------
    objective
        The objective, at the start.
    evaluations
        At most about so many evaluations of value and gradient.
    tolerance
        Relative improvement of the log posterior below which the climb ends.
    """
    best_value, best_vector = float("inf"), objective.get()
    units = objective.units()

    def tracked(vector):  # type: ignore[no-untyped-def]
        nonlocal best_value, best_vector
        vector = vector * units
        value, gradient = objective.value_and_gradient(vector)
        gradient = gradient * units
        if value < best_value:
            best_value, best_vector = value, vector.copy()
        return value, gradient

    options = {"maxfun": evaluations, "maxiter": evaluations, "ftol": tolerance, "gtol": 1e-4, "maxcor": 20}
    bounds = [(lower / unit, upper / unit) for (lower, upper), unit in zip(objective.bounds(), units, strict=True)]
    result = minimize(tracked, objective.get() / units, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    objective.set(best_vector)
    return Climb(-best_value, _status(best_value, result.success, result.message))


def _status(best_value: float, success: bool, message: str) -> str:
    if best_value >= IMPOSSIBLE:
        return "impossible: the covariance is not positive definite"
    if success:
        return "converged"
    if "EXCEEDS" in message or "LIMIT" in message:
        return "stopped at the limit of evaluations"
    if "ABNORMAL" in message:
        return "stopped where rounding hides further progress"
    return f"stopped: {message.strip(' :').lower()}"
