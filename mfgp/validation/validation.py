"""The outcome of a cross-validation: every prediction, and scores of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mfgp.validation.scores import all_scores

COLUMNS = ("truth", "mean", "std")


@dataclass(frozen=True, eq=False)
class Validation:
    """Predictions of one task at rows that were not learned from.

    Parameters
    ----------
    task
        The task predicted.
    predictions
        One line a prediction: `row` (its label), `fold`, `repeat`, `truth`, `mean`, `std`, `lower` and `upper`, in the
        task's unit. `std` and the 90% interval are those of a measurement, noise included.
    folds
        One line a fold: its `repeat`; `available` and `learned`, how many values of the task the training rows have and
        how many of them were used; `cheap`, how many values of all other tasks were; `predicted`, how many were
        predicted; and `seconds`, the time of fit and prediction.
    refitted
        Whether hyperparameters were learned anew in each fold. False: they are those of all values, the held-out ones
        among them, so the scores are too good by what the hyperparameters learned from these.
    """

    task: Hashable
    predictions: pd.DataFrame
    folds: pd.DataFrame
    refitted: bool = True

    def scores(self) -> pd.DataFrame:
        """One line a fold, one column for each of :data:`mfgp.validation.scores.SCORES`, and the seconds."""
        lines = {fold: _scores(part) for fold, part in self.predictions.groupby("fold")}
        return pd.DataFrame.from_dict(lines, orient="index").rename_axis("fold").join(self.folds["seconds"])

    def summary(self) -> pd.DataFrame:
        """One line a score: `mean` over the folds, `sd` from fold to fold, `se` of the mean, and `pooled`.

        Folds learn from each other's held-out rows, so the standard error is that of :func:`resampled_error`; NaN of a
        single fold. `pooled` is the score of all predictions of a repeat together, averaged over the repeats: what to
        read where folds have a row or two, whose R2 and ranks mean little.
        """
        scores = self.scores()
        pooled = pd.DataFrame([_scores(part) for _, part in self.predictions.groupby("repeat")]).mean()
        columns = {"mean": scores.mean(), "sd": scores.std(), "se": resampled_error(scores, self.folds)}
        return pd.DataFrame(columns).assign(pooled=pooled)

    def __repr__(self) -> str:
        repeats = self.folds["repeat"].nunique()
        how = f"{len(self.predictions)} predictions in {len(self.folds)} folds"
        often = f" ({repeats} repeats)" if repeats > 1 else ""
        note = "" if self.refitted else ",\nat hyperparameters learned from all values, so better than new rows will be"
        return f"Validation of {self.task!r}: {how}{often}{note}\n{self.summary().round(3)!r}"


def resampled_error(scores: pd.DataFrame, folds: pd.DataFrame) -> pd.Series:
    """Standard error of the mean of each score over folds and repeats.

    Each fold learns from other folds' held-out rows and repeats hold the same rows out again, so the scores are not
    independent: the variance of the mean is (1 / J + n_test / n_train) times that between all J folds of all repeats
    (Nadeau & Bengio 2003, Machine Learning 52, 239, section 3.1; for repeats Bouckaert & Frank 2004, PAKDD, 3), n_train
    counting the values of the task that were learned from, not all that there were.

    Parameters
    ----------
    scores
        (J, S) one line a fold.
    folds
        As :attr:`Validation.folds`.
    """
    share = (folds["predicted"] / folds["learned"]).mean()
    return scores.std() * np.sqrt(1.0 / len(scores) + share)


def _scores(part: pd.DataFrame) -> dict[str, float]:
    return all_scores(*(part[column].to_numpy() for column in COLUMNS))
