"""From a chunk of a pool to its scores: a pure function that can be sent to another process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mfgp.architectures.regressor import Regressor
from mfgp.prediction import Prediction
from mfgp.screening.bad_rows import UNDEFINED, Sieve
from mfgp.screening.predictor import Predictor, Used, predictor
from mfgp.screening.question import MOMENTS, Question
from mfgp.screening.ranking import rounded


@dataclass(frozen=True)
class Scored:
    """What a chunk came to.

    Parameters
    ----------
    figures
        One line a row that has a score: "row" in the chunk, "score", and "probability" where there is a condition.
    rows
        The columns that were read, of the same rows.
    bad
        "row", "column", "problem" and "value" of the rows without a score.
    """

    figures: pd.DataFrame
    rows: pd.DataFrame
    bad: pd.DataFrame


@dataclass(frozen=True)
class Scorer:
    """Model and question together.

    Parameters
    ----------
    question
        What is asked.
    sieve
        What tells rows that cannot be predicted.
    predictor
        What predicts the others.
    """

    question: Question
    sieve: Sieve
    predictor: Predictor

    @classmethod
    def of(cls, model: Regressor, question: Question, used: Used = "double") -> Scorer:
        """The scorer of a fitted model."""
        columns = question.given_numbers, question.noise.values(), question.criterion.columns
        sieve = Sieve(
            model._inputs, model.unseen == "error", *columns, classes=question.classes, origins=question.origins
        )
        return cls(question, sieve, predictor(model, question, used))

    def __call__(self, frame: pd.DataFrame, moments: bool = False) -> Scored:
        """Scores of the rows of a chunk.

        Parameters
        ----------
        frame
            Columns as the question asks for them.
        moments
            Whether mean and deviation are told as well.
        """
        rows, bad = self.sieve.part(frame)
        parts = [self._figures(part, some, moments) for part, some in self._predicted(rows)]
        if not parts:
            return Scored(self.no_figures(MOMENTS[:2] if moments else ()), rows, bad)
        figures = pd.concat(parts, ignore_index=True)
        figures.insert(0, "row", rows.index.to_numpy())
        figures["score"] = rounded(figures["score"].to_numpy())
        undefined = ~np.isfinite(figures["score"].to_numpy())
        if undefined.any():
            lost = figures.loc[undefined, ["row"]].assign(column="score", problem=UNDEFINED, value="")
            bad = pd.concat([bad, lost]).sort_values("row", ignore_index=True) if len(bad) else lost
            figures, rows = figures[~undefined], rows[~undefined]
        return Scored(figures.reset_index(drop=True), rows.reset_index(drop=True), bad)

    def details(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Score, mean, deviation and interval of each subject, and probability, at rows that have been read."""
        parts = [self._figures(part, some, True, self.question.level) for part, some in self._predicted(rows)]
        found = pd.concat(parts, ignore_index=True)
        return found.assign(score=rounded(found["score"].to_numpy()))

    def in_double(self, model: Regressor) -> Scorer:
        """The same in double precision."""
        return self if self.predictor.used == "double" else replace(self, predictor=predictor(model, self.question))

    def _predicted(self, rows: pd.DataFrame) -> list[tuple[Prediction, pd.DataFrame]]:
        if not len(rows):
            return []
        found, start = [], 0
        for part in self.predictor.blocks(rows):
            found.append((part, rows.iloc[start : start + len(part)]))
            start += len(part)
        return found

    def no_figures(self, moments: Sequence[str]) -> pd.DataFrame:
        """The figures of no row, with these of "mean", "std", "lower" and "upper"."""
        names = ["score", *(f"{before}{moment}" for before in self.question.subjects for moment in moments)]
        if self.question.where is not None:
            names.append("probability")
        return pd.DataFrame({"row": pd.Series(dtype=int), **{name: pd.Series(dtype=float) for name in names}})

    def _figures(
        self, prediction: Prediction, rows: pd.DataFrame, moments: bool, level: float | None = None
    ) -> pd.DataFrame:
        question = self.question
        probability = None if question.where is None else prediction.of(question.where).probability.to_numpy()
        found = {"score": question.criterion.score(prediction, probability, rows)}
        for before, quantity in question.subjects.items() if moments else ():
            of = prediction.of(quantity)
            found |= {f"{before}mean": of.mean.to_numpy(), f"{before}std": of.std.to_numpy()}
            if level is not None:
                interval = of.interval(level)
                found |= {f"{before}{end}": interval[end].to_numpy() for end in ("lower", "upper")}
        if probability is not None:
            found["probability"] = probability
        return pd.DataFrame(found)
