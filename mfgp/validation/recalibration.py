"""Recalibration: deviations scaled by a factor for each task, found by leaving values out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from mfgp.architectures.checking import fitted_of
from mfgp.data.table import listed
from mfgp.diagnostics import LeftOutValues
from mfgp.errors import ColumnError, DataError, ParameterError
from mfgp.prediction import Prediction
from mfgp.prediction.labelled import labels_of
from mfgp.prediction.scaled import scale_deviations
from mfgp.validation.scores import LEVEL

FEWEST = 3  # values of a task from which a factor is taken
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class Recalibration:
    """A factor for the deviations of each task, how sure it is, and what it changes.

    Parameters
    ----------
    table
        One line a task that is a number: `factor`; `lower` and `upper`, its 95% interval; `values`, how many it was
        found from, and `effective`, as how many independent ones they count; the mean log density of a value and the
        coverage of 90% intervals before and after. After, each value is judged by the factor that the others give.
    by
        What was left out together, "row" or "value".
    """

    table: pd.DataFrame
    by: str

    @property
    def factors(self) -> pd.Series[float]:
        """The factor of each task; 1 for a task of fewer than three values."""
        return self.table["factor"]

    def apply(self, prediction: Prediction) -> Prediction:
        """The prediction with each task's deviation times its factor; means and correlations stay, labels too.

        The factor is that of a measurement's deviation. That of the underlying quantity is scaled alike, which supposes
        that noise and the rest are wrong by the same factor.

        Raises
        ------
        ColumnError
            The prediction has a task without a factor.
        """
        labels = labels_of(prediction)
        strangers = [task for task in prediction.tasks if task not in labels and task not in self.factors.index]
        if strangers:
            raise ColumnError(
                f"there is no factor for {listed(strangers)}; factors are for {listed(self.factors.index)}: apply them "
                "before tasks are combined"
            )
        factors = [1.0 if task in labels else self.factors.to_dict()[task] for task in prediction.tasks]
        return scale_deviations(prediction, np.array(factors))

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def __repr__(self) -> str:
        return f"Recalibration by leaving out each {self.by}:\n{self.table.round(3).to_string()}"


def recalibrate(model: Any, by: str = "row") -> Recalibration:
    """Find the factor of each task's deviations that suits values left out in turn.

    The factor is the root of the mean square of the standardised errors z of values left out: the one that makes the
    log density of these values largest. With the correlation R of z, as the model has it, its square is uncertain as
    the mean of N^2 / sum(R^2) independent squares, which gives the interval. An interval that holds 1 says that
    there is no reason to recalibrate. Compare the leave-one-out estimate of the variance of Bachoc (2013, Comput.
    Stat. Data Anal. 66, 55).

    It cannot turn a wrong shape into a right one: the means stay, deviations that are too small in one region and too
    large in another get one factor, and tails that are not normal stay normal. Hyperparameters have seen the values
    that are left out, so where few values were fitted by many hyperparameters the factor is too small; an average over
    the hyperparameters, or factors from :func:`cross_validate`, are better there. A few outliers make it large: look
    at ``model.check()`` first.

    Parameters
    ----------
    model
        A fitted estimator.
    by
        What is left out together: "row" for all tasks of a row, as for predictions where nothing is known; "value" for
        a value by itself, as for predictions where the row's other tasks are given. A cascade leaves out by "value".

    Raises
    ------
    DataError
        There is no task that is a number.
    DataTypeError
        The model is no estimator of this package's.
    ParameterError
        `by` is neither name, or "row" of a cascade; or the model averages over its hyperparameters.

    Examples
    --------
    >>> from mfgp.architectures import IndependentGP
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"x": np.repeat(np.linspace(0, 1, 20), 3)})
    >>> y = pd.Series(np.sin(6 * X.x) + 0.3 * rng.standard_normal(60), name="y")
    >>> model = IndependentGP().fit(X, y, noise=np.full(60, 0.1))  # which is too small
    >>> found = recalibrate(model)
    >>> found.factors.round(1).to_dict()
    {'y': 2.4}
    >>> p = model.predict_distribution(pd.DataFrame({"x": [0.5]}), observed=True)
    >>> round(found.apply(p).std.loc[0, "y"] / p.std.loc[0, "y"], 1)
    np.float64(2.4)
    """
    fitted = fitted_of(model)
    if model.predictive_model_ is not model.model_:
        raise ParameterError(
            "this model averages over its hyperparameters, but values are left out at the most probable ones, whose "
            "factors would be too large for it; use it as it is, or recalibrate a fit with hyperparameters='map'"
        )
    if not fitted.numbers:
        raise DataError("all tasks are labels, whose probabilities have no deviations; there is nothing to recalibrate")
    found = fitted.left_out(by)
    lines: dict[Hashable, dict[str, float]] = {
        fitted.tasks.names[task]: _line(found.of([fitted.tasks.spans[task].start])) for task in fitted.numbers
    }
    index = pd.Index(list(lines), tupleize_cols=False, name="task")
    return Recalibration(pd.DataFrame(list(lines.values()), index).astype({"values": int}), by)


def _line(found: LeftOutValues) -> dict[str, float]:
    count = len(found)
    if count < FEWEST:
        return {"factor": 1.0, "lower": np.nan, "upper": np.nan, "values": count}
    squares, freedom = np.square(found.z), found.effective_number
    outside = 0.5 * (1.0 - CONFIDENCE)
    square = squares.mean()
    lower, upper = (square * freedom / chi2.isf(share, freedom) for share in (outside, 1.0 - outside))
    of_others = np.sqrt((squares.sum() - squares) / (count - 1))
    reach = norm.ppf(0.5 + LEVEL / 2)
    return {
        "factor": float(np.sqrt(square)),
        "lower": float(np.sqrt(lower)),
        "upper": float(np.sqrt(upper)),
        "values": count,
        "effective": freedom,
        "log_density_before": float(norm.logpdf(found.truth, found.mean, found.std).mean()),
        "log_density_after": float(norm.logpdf(found.truth, found.mean, found.std * of_others).mean()),
        "coverage90_before": float((np.abs(found.z) <= reach).mean()),
        "coverage90_after": float((np.abs(found.z) <= reach * of_others).mean()),
    }
