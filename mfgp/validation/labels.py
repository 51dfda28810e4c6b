"""Cross-validation of a label, and scores of probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.utils.parallel import Parallel, delayed

from mfgp.errors import ColumnError, DataError

Rows: TypeAlias = NDArray[np.intp]
Method: TypeAlias = Callable[[Rows, Rows], pd.DataFrame]

SMALLEST = 1e-6  # probabilities below count as this in a logarithm
BINS = 5


@dataclass(frozen=True, eq=False)
class LabelValidation:
    """Predicted probabilities of a label at rows that were not learned from.

    Parameters
    ----------
    predictions
        One line a prediction, columns `method`, `fold`, `row` (its place), `truth`, and one for each class.
    classes
        The classes.
    """

    predictions: pd.DataFrame
    classes: list[str]

    def scores(self) -> pd.DataFrame:
        """One line a (method, fold): macro F1, accuracy, log loss, Brier score.

        The Brier score is the sum over the classes of the squared difference between probability and outcome
        (Brier 1950), between 0 and 2.
        """
        lines = {key: self._score(part) for key, part in self.predictions.groupby(["method", "fold"], sort=False)}
        return pd.DataFrame(lines).T.rename_axis(["method", "fold"])

    def summary(self) -> pd.DataFrame:
        """One line a method: means over the folds, and the calibration error of all predictions together.

        The calibration error is the mean difference between probability and frequency over bins of equally many
        probabilities, those of all classes together.
        """
        means = self.scores().groupby(level="method", sort=False).mean()
        found = {name: self._calibration_error(part) for name, part in self.predictions.groupby("method", sort=False)}
        return means.assign(calibration=pd.Series(found))

    def _probabilities(self, part: pd.DataFrame) -> NDArray[np.float64]:
        raw = part.iloc[:, -len(self.classes) :].to_numpy(dtype=float).clip(SMALLEST, 1.0)
        return raw / raw.sum(axis=1, keepdims=True)

    def _score(self, part: pd.DataFrame) -> pd.Series[Any]:
        probabilities, truth = self._probabilities(part), part["truth"].to_numpy(dtype=object)
        outcome = truth[:, None] == np.array(self.classes, dtype=object)
        codes, chosen = outcome.argmax(axis=1), probabilities.argmax(axis=1)
        labels = range(len(self.classes))
        return pd.Series(
            {
                "f1": f1_score(codes, chosen, labels=labels, average="macro", zero_division=0.0),
                "accuracy": float((codes == chosen).mean()),
                "log_loss": -float(np.log(probabilities[outcome]).mean()),
                "brier": float(np.square(probabilities - outcome).sum(axis=1).mean()),
            }
        )

    def _calibration_error(self, part: pd.DataFrame) -> float:
        probabilities = self._probabilities(part)
        outcome = part["truth"].to_numpy(dtype=object)[:, None] == np.array(self.classes, dtype=object)
        order = np.argsort(probabilities, axis=None, kind="stable")
        bins = np.array_split(np.stack([probabilities.ravel(), outcome.ravel()])[:, order], BINS, axis=1)
        return float(np.mean([abs(np.subtract(*several.mean(axis=1))) for several in bins]))


def cross_validate_labels(
    methods: Mapping[str, Method],
    truth: pd.Series[Any],
    *,
    folds: int = 5,
    repeats: int = 5,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> LabelValidation:
    """Predict a label at rows held out in turn, in repeated stratified folds that are the same for every method.

    Parameters
    ----------
    methods
        By name, functions of the places of the rows to learn from and of those to predict that give the (n, K)
        probabilities, a frame with the classes as columns. So a method may learn from other tables, too.
    truth
        (n,) labels, none missing.
    folds, repeats
        How many.
    random_state
        Seed of the folds.
    n_jobs
        Processes; None for this one, -1 for as many as there are cores.

    Raises
    ------
    DataError
        A label is missing, or a class has fewer rows than there are folds.
    ColumnError
        A method gives no probability for a class.

    Examples
    --------
    >>> truth = pd.Series(["a", "b"] * 10)
    >>> def even(train, test):
    ...     return pd.DataFrame(0.5, test, ["a", "b"])
    >>> cross_validate_labels({"even": even}, truth, repeats=1).summary()[["log_loss", "brier"]].round(2)
          log_loss  brier
    method
    even      0.69    0.5
    """
    counts = truth.astype(object).value_counts()
    if truth.isna().any() or counts.min() < folds:
        raise DataError(
            f"labels have {truth.isna().sum()} missing values and a class of {counts.min()} rows, "
            f"expected none missing and at least {folds}, one a fold; leave rows out, or join classes"
        )
    declared = truth.cat.categories if isinstance(truth.dtype, pd.CategoricalDtype) else sorted(counts.index, key=str)
    classes = [value for value in declared if value in counts.index]
    splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=random_state)
    splits = list(splitter.split(np.zeros(len(truth)), truth.astype(str)))
    jobs = [(name, fold) for fold in range(len(splits)) for name in methods]
    found = Parallel(n_jobs=n_jobs)(delayed(methods[name])(*splits[fold]) for name, fold in jobs)
    parts = []
    for (name, fold), probabilities in zip(jobs, found, strict=True):
        columns = probabilities.columns.tolist()
        missing = [value for value in classes if value not in columns]
        if missing:
            raise ColumnError(f"the method {name!r} gives no probability for {missing}; give a column for each class")
        test = splits[fold][1]
        part = probabilities.iloc[:, [columns.index(value) for value in classes]].reset_index(drop=True)
        part.insert(0, "truth", truth.to_numpy(dtype=object)[test])
        part.insert(0, "row", test)
        part.insert(0, "fold", fold)
        part.insert(0, "method", name)
        parts.append(part)
    return LabelValidation(pd.concat(parts, ignore_index=True), classes)
