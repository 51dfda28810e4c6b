"""How far a label tells the probabilities at its place: the concentration, chosen by leaving labels out in turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Any, NamedTuple, Protocol

import numpy as np

from mfgp.data.observations import Observations
from mfgp.data.readings import Readings
from mfgp.data.tasks import Tasks
from mfgp.errors import ParameterError
from mfgp.inference import FitReport
from mfgp.prediction import NormalPrediction
from mfgp.prediction.labelled import expected_probabilities

START = 0.3
FEWEST_VALUES = 10
OBSERVATIONS = 1000  # at most about so many are looked at
GRID = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
SMALLEST = 1e-12  # a probability below counts as this in a logarithm


class Estimator(Protocol):
    """What knows how to carry a fit over to other observations of the same rows, and to leave labels out."""

    def _carry(self, model: Any, data: Observations) -> Any: ...

    def _climb(self, model: Any, data: Observations, tasks: Tasks) -> tuple[Any, FitReport]: ...

    def _scores_left_out(self, model: Any, data: Observations, tasks: Tasks, label: int) -> list[NormalPrediction]: ...


class Fitted(NamedTuple):
    """A model, how its fit went, and the tasks with the concentrations that it was fitted with."""

    model: Any
    report: FitReport
    tasks: Tasks


def starting_concentration(concentration: Any) -> float:
    """The concentration that was asked for, or the one to begin with where None was.

    Raises
    ------
    ParameterError
        It is neither None nor a positive number.
    """
    if concentration is None:
        return START
    if (
        not isinstance(concentration, Real)
        or isinstance(concentration, bool)
        or not 0.0 < float(concentration) < np.inf
    ):
        raise ParameterError(
            f"concentration={concentration!r}, expected a positive number, such as 0.03, or None to choose it for each "
            "label"
        )
    return float(concentration)


def choose(log_probabilities: Callable[[float], np.ndarray]) -> float:
    """The largest concentration that is not worse than the best by more than a standard error.

    Parameters
    ----------
    log_probabilities
        Of a concentration: (n,) log probabilities of labels that were left out.

    Notes
    -----
    The rule of one standard error (Breiman, Friedman, Olshen & Stone 1984, Classification and Regression Trees, section
    3.4.3), with differences from the best row by row: where labels do not tell, they are trusted less.

    Examples
    --------
    >>> rows = np.where(np.arange(20) % 2, 3.0, -3.0)  # which differ in what suits them
    >>> choose(lambda e: np.full(20, -((np.log10(e) + 1.5) ** 2)))
    0.03
    >>> choose(lambda e: rows * np.log10(e) - (np.log10(e) + 1.5) ** 2)
    0.1
    """
    found = {concentration: log_probabilities(concentration) for concentration in GRID}
    best = max(found.values(), key=np.mean)

    def is_as_good(one: np.ndarray) -> bool:
        behind = best - one
        return bool(behind.mean() <= behind.std() / np.sqrt(len(behind)))

    return max(concentration for concentration, one in found.items() if is_as_good(one))


def concentrate(estimator: Estimator, fitted: Fitted, readings: Readings) -> Fitted:
    """Choose the concentration of each label, and climb on from the hyperparameters before.

    Each label is predicted with itself left out: with its row, and where there are other tasks by itself, both counting
    alike. This is done in closed form, at hyperparameters that were fitted at a large concentration. Those of a small
    one have been fitted to the labels that are left out so closely that it looks better than it is. Fewer than ten
    values of a label, or values of one class, tell nothing of it: it keeps the one that it was fitted with.
    """
    tasks = fitted.tasks
    for label in tasks.labels:
        few = readings.thinned(OBSERVATIONS, label, fitted.tasks)
        codes = few.values[:, label][~np.isnan(few.values[:, label])]
        if len(codes) < FEWEST_VALUES or len(np.unique(codes)) == 1:
            continue
        chosen = choose(partial(_log_probabilities, estimator, fitted._replace(tasks=tasks), few, label))
        tasks = tasks.concentrated({label: chosen})
    if tasks == fitted.tasks:
        return fitted
    model, report = estimator._climb(fitted.model, readings.observations(tasks), tasks)
    return Fitted(model, report.after(fitted.report), tasks)


def _log_probabilities(
    estimator: Estimator, fitted: Fitted, readings: Readings, label: int, concentration: float
) -> np.ndarray:
    """(n,) log probabilities of labels that were left out, the mean over the ways in which they were."""
    tasks = fitted.tasks.concentrated({label: concentration})
    data, codes = readings.observations(tasks), readings.values[:, label]
    codes = codes[~np.isnan(codes)].astype(int)
    found = []
    for scores in estimator._scores_left_out(estimator._carry(fitted.model, data), data, tasks, label):
        probabilities = expected_probabilities(scores, tasks.labels[label])[np.arange(len(codes)), codes]
        found.append(np.log(probabilities.clip(SMALLEST)))
    return np.asarray(np.mean(found, axis=0))
