"""Calibration: whether what was said to happen with a probability happened as often."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import binom

from mfgp.architectures.checking import fitted_of
from mfgp.data.table import listed
from mfgp.errors import ColumnError, DataError, ParameterError
from mfgp.validation.validation import Validation

Array: TypeAlias = NDArray[np.float64]

LEVELS = tuple((np.arange(1, 20) / 20).tolist())
CONFIDENCE = 0.95
BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """Values of one task with what was predicted of them, and how often intervals held them.

    Parameters
    ----------
    task
        The task predicted.
    predictions
        One line a prediction: `row`, `truth`, `mean` and `std`, in the task's unit, noise included. What is predicted
        is taken to be normal, with this mean and deviation.

    Examples
    --------
    >>> line = pd.DataFrame({"row": range(4), "truth": [-2.0, -0.2, 0.1, 0.7], "mean": 0.0, "std": 1.0})
    >>> Reliability("gap", line).coverage([0.5])[["observed", "lower", "upper"]]
           observed  lower  upper
    level
    0.5         0.5    0.0    1.0
    """

    task: Hashable
    predictions: pd.DataFrame

    @property
    def z(self) -> Array:
        """(n,) errors in deviations."""
        error = (self.predictions["truth"] - self.predictions["mean"]).to_numpy(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = error / self.predictions["std"].to_numpy(float)
        return np.where(error == 0.0, 0.0, z)

    @property
    def pit(self) -> Array:
        """(n,) probability that was given to values below the one measured (PIT): uniform if all is right."""
        return np.asarray(ndtr(self.z))

    @property
    def number(self) -> int:
        """How many different rows there are: a row that is predicted in several repeats counts once in a band."""
        return int(self.predictions["row"].nunique())

    def coverage(self, levels: Sequence[float] = LEVELS, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """One line a level: the share of values `observed` in central intervals, and the band where it belongs.

        The band from `lower` to `upper` holds the observed share with this confidence, level by level, if intervals are
        right and values independent of one another (exact binomial quantiles).

        Parameters
        ----------
        levels
            Probabilities of the intervals.
        confidence
            Of the band.

        Raises
        ------
        ParameterError
            A level, or the confidence, is not between 0 and 1.
        """
        stated = _probabilities(levels, "levels")
        (sure,) = _probabilities([confidence], "confidence")
        inside = np.abs(2.0 * self.pit - 1.0)[:, None] <= stated
        lower, upper = _band(stated, self.number, sure)
        columns = {"observed": inside.mean(axis=0), "lower": lower, "upper": upper}
        return pd.DataFrame(columns, pd.Index(stated, name="level"))

    def histogram(self, bins: int = BINS, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """One line a bin of the PIT: from `start` to `stop`, the `share` of the values, and the band where it belongs.

        A hill in the middle: deviations too large. High ends: too small. A slope: means too high or too low.

        Raises
        ------
        ParameterError
            `bins` is less than 2, or the confidence is not between 0 and 1.
        """
        if not isinstance(bins, int) or bins < 2:
            raise ParameterError(f"bins={bins!r}, expected a whole number of at least 2, such as 10")
        (sure,) = _probabilities([confidence], "confidence")
        counts, edges = np.histogram(self.pit, bins, (0.0, 1.0))
        lower, upper = _band(np.array([1.0 / bins]), self.number, sure)
        share = counts / len(self.predictions)
        return pd.DataFrame(
            {"start": edges[:-1], "stop": edges[1:], "share": share, "lower": lower[0], "upper": upper[0]}
        )

    def to_frame(self) -> pd.DataFrame:
        """:meth:`coverage` at the usual levels."""
        return self.coverage()


def reliability(result: Any, task: Hashable | None = None, *, by: str = "row") -> Reliability:
    """How often intervals held what they were to hold.

    Parameters
    ----------
    result
        A :class:`Validation`; or a fitted estimator, whose values are left out in turn in closed form, at
        hyperparameters that have seen them. These look better than values that were never seen, above all where they
        are few.
    task
        Of an estimator that has several numbers: which.
    by
        Of an estimator: what is left out together, "row" for all tasks of a row or "value" for a value by itself; a
        cascade leaves out by "value", the sources' values being known where they were measured.

    Raises
    ------
    ColumnError
        The estimator has several numbers, and the task is none of them.
    DataTypeError
        The result is neither a validation nor an estimator of this package's.
    ParameterError
        `by` is neither name, or "row" of a cascade.

    Examples
    --------
    >>> from mfgp.architectures import IndependentGP
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 30)})
    >>> y = np.sin(6 * X.x) + 0.1 * np.random.default_rng(0).standard_normal(30)
    >>> reliability(IndependentGP().fit(X, y)).coverage([0.9]).loc[0.9, "observed"].round(2)
    np.float64(0.93)
    """
    if isinstance(result, Validation):
        return Reliability(result.task, result.predictions)
    frame = left_out_frame(result, by)
    tasks = list(dict.fromkeys(frame["task"]))
    if task is None and len(tasks) == 1:
        task = tasks[0]
    if task not in tasks:
        raise ColumnError(f"task={task!r}, expected one of the tasks that are numbers: {listed(tasks)}")
    return Reliability(task, frame[frame["task"] == task].drop(columns="task").reset_index(drop=True))


def left_out_frame(model: Any, by: str = "row") -> pd.DataFrame:
    """One line a value learned from that is a number: `task`, `row`, `truth`, `mean` and `std`, left out in turn."""
    fitted = fitted_of(model)
    found = fitted.left_out(by)
    names = pd.Index(fitted.tasks.latents, tupleize_cols=False)
    return pd.DataFrame(
        {
            "task": names[found.latent],
            "row": fitted.index[found.row],
            "truth": found.truth,
            "mean": found.mean,
            "std": found.std,
        }
    )


@dataclass(frozen=True, eq=False)
class ProbabilityReliability:
    """Probabilities of events, and whether these happened.

    Parameters
    ----------
    probability
        (n,) what was said.
    outcome
        (n,) whether it happened.

    Examples
    --------
    >>> said, happened = np.repeat([0.2, 0.8], 10), np.tile([True, False], 10)
    >>> ProbabilityReliability(said, happened).bins(2)[["probability", "frequency", "count"]]
       probability  frequency  count
    0          0.2        0.5     10
    1          0.8        0.5     10
    """

    probability: Array
    outcome: NDArray[np.bool_]

    def bins(self, number: int = BINS, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """One line a bin of equally many probabilities: their mean, the `frequency`, the `count`, and the band of it.

        The band from `lower` to `upper` holds the frequency with this confidence if the probabilities are right and
        events independent; it is that of events that all have the mean probability, which is a little wide.

        Raises
        ------
        ParameterError
            `number` is less than 2, or the confidence is not between 0 and 1.
        """
        if not isinstance(number, int) or number < 2:
            raise ParameterError(f"number={number!r} of bins, expected a whole number of at least 2, such as 10")
        (sure,) = _probabilities([confidence], "confidence")
        order = np.argsort(self.probability, kind="stable")
        lines = []
        for places in np.array_split(order, min(number, len(order))):
            mean = float(self.probability[places].mean())
            lower, upper = _band(np.array([mean]), len(places), sure)
            lines.append((mean, self.outcome[places].mean(), len(places), lower[0], upper[0]))
        return pd.DataFrame(lines, columns=["probability", "frequency", "count", "lower", "upper"])

    @property
    def error(self) -> float:
        """Calibration error: the mean difference between probability and frequency, over ten bins."""
        bins = self.bins()
        return float((bins["probability"] - bins["frequency"]).abs().mean())

    def to_frame(self) -> pd.DataFrame:
        """:meth:`bins`, ten of them."""
        return self.bins()


def probability_reliability(probabilities: Any, truth: Any) -> ProbabilityReliability:
    """Whether events happened as often as their probabilities say, of conditions and of labels.

    Parameters
    ----------
    probabilities
        (n,) probabilities of a condition, such as ``p.of("high > 2").probability``; or an (n, K) frame of those of a
        label's classes, such as ``model.predict_proba_left_out()["color"]``. Rows without a probability are left out.
    truth
        (n,) True and False for the condition; or the labels, of which missing ones are left out. Of two classes the
        second one's probabilities are looked at, of more all of them together.

    Raises
    ------
    DataError
        There are not as many truths as probabilities, or none that are known; or a probability is not between 0 and 1.
    ColumnError
        A label is no class of the probabilities.

    Examples
    --------
    >>> said = pd.DataFrame({"no": [0.9, 0.2, 0.4], "yes": [0.1, 0.8, 0.6]})
    >>> probability_reliability(said, ["no", "yes", "yes"]).outcome.tolist()
    [False, True, True]
    """
    if len(probabilities) != len(truth):
        raise DataError(
            f"there are {len(probabilities)} rows of probabilities and {len(truth)} of truth; give one truth for each"
        )
    happened = pd.Series(truth).to_numpy(dtype=object)
    said = np.asarray(probabilities, dtype=float)
    known = ~pd.isna(happened) & ~np.isnan(said.reshape(len(said), -1)).any(axis=1)
    said, happened = said[known], happened[known]
    if not known.any() or not ((said >= 0.0) & (said <= 1.0)).all():
        raise DataError(
            "probabilities hold a value outside 0 to 1, or no row has a probability and a truth; give probabilities "
            "and what happened, row by row"
        )
    if isinstance(probabilities, pd.DataFrame):
        classes = list(probabilities.columns)
        strangers = [value for value in dict.fromkeys(happened) if value not in classes]
        if strangers:
            raise ColumnError(f"truth has the labels {listed(strangers)}, expected some of {listed(classes)}")
        outcome = np.array([[value == one for one in classes] for value in happened])
        if len(classes) == 2:
            said, outcome = said[:, 1], outcome[:, 1]
        return ProbabilityReliability(said.ravel(), outcome.ravel())
    return ProbabilityReliability(said.ravel(), happened.astype(bool))


def _probabilities(values: Sequence[float], name: str) -> Array:
    numbers = np.asarray(values, dtype=float)
    if not ((numbers > 0.0) & (numbers < 1.0)).all():
        raise ParameterError(f"{name}={values!r}, expected numbers between 0 and 1, such as 0.9")
    return numbers


def _band(probability: Array, number: int, confidence: float) -> tuple[Array, Array]:
    """Shares between which that of so many independent events of a probability lies."""
    outside = 0.5 * (1.0 - confidence)
    bounds = [binom.ppf(share, number, probability) / number for share in (outside, 1.0 - outside)]
    return np.asarray(bounds[0]), np.asarray(bounds[1])
