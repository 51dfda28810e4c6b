"""Whether single precision is enough, found out on a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from mfgp.architectures.regressor import Regressor
from mfgp.errors import ParameterError
from mfgp.screening.predictor import TaskPredictor
from mfgp.screening.question import Question
from mfgp.screening.scoring import Scorer

Choice: TypeAlias = Literal["auto", "double", "single"]

SAMPLE = 512
WORTH = 0.75  # share of rows for which single has to be enough, as it saves about 0.3 of the time


@dataclass(frozen=True)
class Precision:
    """In what precision a pool was scored. The rows reported are always predicted in double precision.

    Parameters
    ----------
    single
        Whether triangular systems were solved in single precision; chosen by "auto", only of rows where it is enough.
    rows
        How many of the pool's first rows were predicted in both; none where only double was asked for or possible.
    difference
        The largest difference of a mean or a deviation between both there, in standard deviations of the row; where
        single was chosen by "auto", of the rows where it is enough.
    """

    single: bool
    rows: int = 0
    difference: float = 0.0

    def __str__(self) -> str:
        name = "single" if self.single else "double"
        if not self.rows:
            return f"{name} precision"
        told = f"single differs by {self.difference:.1g} standard deviations at most at {self.rows} rows"
        return f"{name} precision ({told})"


def choose(wanted: Choice, model: Regressor, question: Question, sample: pd.DataFrame) -> tuple[Scorer, Precision]:
    """A scorer in the precision that is wanted, or that is enough.

    Parameters
    ----------
    wanted
        "double"; "single"; or "auto" for single in each row where it is enough, as
        :class:`~mfgp.screening.checked.CheckedRows` finds out, if that is so in three quarters of the sample.
    model, question
        What is asked of what.
    sample
        Rows of the pool.

    Raises
    ------
    ParameterError
        "single" was asked of a model that has none, or the word is another one.
    """
    if wanted not in get_args(Choice):
        raise ParameterError(f"precision={wanted!r}, expected 'auto', 'double' or 'single'")
    double = Scorer.of(model, question)
    if not isinstance(double.predictor, TaskPredictor):
        if wanted == "single":
            raise ParameterError(
                f"precision='single' is for tasks that are numbers and kernels with a name, which this "
                f"{type(model).__name__} does not have throughout; leave it out"
            )
        return double, Precision(False)
    if wanted == "double":
        return double, Precision(False)
    rows, _ = double.sieve.part(sample)
    rows = rows.head(SAMPLE)
    gaps = _differences(double, Scorer.of(model, question, "single"), rows)
    if wanted == "single":
        return Scorer.of(model, question, "single"), Precision(True, len(rows), float(gaps.max(initial=0.0)))
    checked = Scorer.of(model, question, "checked")
    assert isinstance(checked.predictor, TaskPredictor)
    enough = ~checked.predictor.needs_double(rows) if len(rows) else np.zeros(0, dtype=bool)
    if not len(rows) or enough.mean() < WORTH:
        return double, Precision(False, len(rows), float(gaps.max(initial=0.0)))
    return checked, Precision(True, len(rows), float(gaps[enough].max(initial=0.0)))


def _differences(double: Scorer, single: Scorer, rows: pd.DataFrame) -> np.ndarray:
    """(n,) the largest difference of a mean or a deviation at each row, in standard deviations."""
    found = np.zeros(len(rows))
    if not len(rows):
        return found
    for one, other in zip(double.predictor.blocks(rows), single.predictor.blocks(rows), strict=True):
        scale = np.where(one.deviations > 0.0, one.deviations, 1.0)
        for gap in (one.means - other.means, one.deviations - other.deviations):
            found = np.maximum(found, np.abs(gap / scale).max(axis=1))
    return found
