"""The outcome of a cross-validation: every prediction, and scores of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import pandas as pd

from mfgp.validation.scores import SCORES


@dataclass(frozen=True, eq=False)
class Validation:
    """Predictions of one task at rows that were not learned from.

    Parameters
    ----------
    task
        The task predicted.
    predictions
        One line a prediction: `row` (its label), `fold`, `truth`, `mean`, `std`, `lower` and `upper`, in the task's
        unit. `std` and the 90% interval are those of a measurement, noise included.
    folds
        One line a fold: `available` and `learned`, how many values of the task the training rows have and how many of
        them were used; `predicted`, how many were predicted; and `seconds`, the time of fit and prediction.
    """

    task: Hashable
    predictions: pd.DataFrame
    folds: pd.DataFrame

    def scores(self) -> pd.DataFrame:
        """One line a fold, one column for each of :data:`mfgp.validation.scores.SCORES`, and the seconds."""
        lines = {}
        for fold, part in self.predictions.groupby("fold"):
            truth, mean, std = (part[column].to_numpy() for column in ("truth", "mean", "std"))
            lines[fold] = {name: score(truth, mean, std) for name, score in SCORES.items()}
        return pd.DataFrame.from_dict(lines, orient="index").rename_axis("fold").join(self.folds["seconds"])

    def summary(self) -> pd.DataFrame:
        """One line a score: `mean` over the folds, and `sd`, the standard deviation from fold to fold."""
        return self.scores().agg(["mean", "std"]).T.rename(columns={"std": "sd"})
