"""Learning curves: how an error falls with the number of expensive values, and of cheap ones."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

from mfgp.data.table import listed
from mfgp.errors import ParameterError
from mfgp.validation.folds import Splitter
from mfgp.validation.grid import Progress, validate_grid
from mfgp.validation.scores import LOSSES
from mfgp.validation.situation import Situation
from mfgp.validation.study import Study, check, tasks_of
from mfgp.validation.validation import Validation

KEYS = ["estimator", "n_values", "n_cheap"]
FEWEST_VALUES = 5


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Validations of several estimators that learned from few values and from many, on the same folds.

    Parameters
    ----------
    task
        The task predicted.
    validations
        By (estimator, number of values of the task, number of values of each other task).
    baseline
        The estimator that is asked how many values it would need.
    """

    task: Hashable
    validations: Mapping[tuple[str, int, int], Validation]
    baseline: str

    def to_frame(self) -> pd.DataFrame:
        """One line a fold: `estimator`, `n_values`, `n_cheap`, `fold`, `repeat`, and every score."""
        frames = {key: v.folds[["repeat"]].join(v.scores()) for key, v in self.validations.items()}
        return pd.concat(frames, names=KEYS).reset_index()

    def summary(self) -> pd.DataFrame:
        """One line an (estimator, n_values, n_cheap), columns (score, `mean`) and so on: see Validation.summary."""
        lines = {key: v.summary().stack(future_stack=True) for key, v in self.validations.items()}
        return pd.concat(lines, axis="columns", names=KEYS).T.sort_index()

    def worth(self, score: str = "rmse") -> pd.DataFrame:
        """How many values of the task the baseline would need for what the others reach with fewer.

        The baseline's mean scores are made to fall with the number of values (isotonic regression), and read off
        between them in the logarithm of the number. Nothing is extrapolated, and chance between folds is in it: see the
        standard errors of :meth:`summary`.

        Parameters
        ----------
        score
            One of :data:`~mfgp.validation.scores.LOSSES`.

        Returns
        -------
        By (estimator, n_values, n_cheap): the mean `score`; `equivalent`, the number of values at which the baseline
        reaches it, NaN where that is out of the range that was looked at; and `more_than`, the largest number looked
        at where the baseline does not get so far, else NaN.

        Raises
        ------
        ParameterError
            `score` is no loss.
        """
        if score not in LOSSES:
            raise ParameterError(f"score={score!r}, expected one of {listed(LOSSES)}, of which less is better")
        means = self.summary()[score, "mean"]
        lines = {}
        for key in means.drop(self.baseline, level="estimator").index.tolist():
            known = means.xs((self.baseline, key[2]), level=("estimator", "n_cheap"))
            numbers, losses = known.index.to_numpy(dtype=float), known.to_numpy()
            found, beyond = equivalent_number(float(means[key]), numbers, losses)
            lines[key] = {score: means[key], "equivalent": found, "more_than": beyond}
        return pd.DataFrame.from_dict(lines, orient="index").rename_axis(KEYS)

    def __repr__(self) -> str:
        rmse = self.summary()["rmse", "mean"].unstack(["estimator", "n_cheap"])
        return f"LearningCurve of {self.task!r}, mean RMSE by the number of its values:\n{rmse.round(4)!r}"


def equivalent_number(reached: float, numbers: NDArray[np.float64], losses: NDArray[np.float64]) -> tuple[float, float]:
    """The number at which losses come down to what was reached, and the largest number if they never do; else NaN.

    Parameters
    ----------
    reached
        A loss.
    numbers, losses
        (m,) ascending numbers of values, and the baseline's loss at each.

    Examples
    --------
    >>> numbers, losses = np.array([5.0, 10.0, 20.0]), np.array([3.0, 2.0, 1.0])
    >>> [tuple(round(n, 1) for n in equivalent_number(loss, numbers, losses)) for loss in (2.5, 0.5, 4.0)]
    [(7.1, nan), (nan, 20.0), (nan, nan)]
    """
    falling = isotonic_regression(losses, increasing=False)
    if reached < falling[-1]:
        return float("nan"), float(numbers[-1])
    if reached > falling[0]:
        return float("nan"), float("nan")
    after = int(np.argmax(falling <= reached))
    if after == 0:
        return float(numbers[0]), float("nan")
    share = (falling[after - 1] - reached) / (falling[after - 1] - falling[after])
    return float(np.exp(np.interp(share, [0.0, 1.0], np.log(numbers[after - 1 : after + 1])))), float("nan")


def learning_curve(
    estimators: Mapping[str, Any],
    X: Any,
    Y: pd.DataFrame,
    *,
    task: Hashable,
    values: Sequence[int] | None = None,
    cheap: Sequence[int | None] = (None,),
    given: Sequence[Hashable] = (),
    baseline: str | None = None,
    noise: Any = None,
    groups: Any = None,
    cv: int | Splitter = 5,
    repeats: int = 1,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> LearningCurve:
    """Cross-validate with few values to learn from and with many, to see what an experiment or a calculation is worth.

    Parameters
    ----------
    estimators
        By name.
    values
        Numbers of values of the task. None for 5, 10, 20 and so on, and as many as every fold has.
    cheap
        Numbers of values of each other task, or None for as many as every fold has. A task with fewer values keeps
        all of its own.
    baseline
        The estimator that :meth:`LearningCurve.worth` asks how many values it would need; None for the last.
    X, Y, task, given, noise, groups, cv, repeats, random_state, n_jobs, progress
        As for :func:`cross_validate`.

    Raises
    ------
    ParameterError
        `baseline` is no estimator, or a number of values is none that every fold has; and what
        :func:`cross_validate` raises.

    Examples
    --------
    >>> from mfgp.architectures import DifferenceGP, IndependentGP
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 24)})
    >>> Y = pd.DataFrame({"low": np.sin(9 * X.x), "high": 2 * np.sin(9 * X.x) + X.x})
    >>> estimators = {"difference": DifferenceGP(), "alone": IndependentGP()}
    >>> curve = learning_curve(estimators, X, Y, task="high", values=[4, 12], given=["low"], cv=2)
    >>> curve.worth().loc[("difference", 4), "more_than"].item()  # alone, 12 values do not do what 4 do here
    12.0
    """
    names = list(estimators)
    if baseline is not None and baseline not in names:
        raise ParameterError(f"baseline={baseline!r} is no estimator; they are {listed(names)}")
    tasks_of(Y)
    check(estimators, Y, task, {"": Situation(given)})
    study = Study.read(X, Y, task=task, noise=noise, groups=groups, cv=cv, repeats=repeats, random_state=random_state)
    most = min(fold.available for fold in study.folds)
    sizes = _doubling(most) if values is None else list(dict.fromkeys(values))
    cheap_sizes = list(dict.fromkeys(_most_cheap(study) if m is None else m for m in cheap))
    situations = {(n, m): Situation(given, n, m or None) for n in sizes for m in cheap_sizes}
    found = validate_grid(
        estimators,
        study,
        {str(key): situation for key, situation in situations.items()},
        random_state=random_state,
        n_jobs=n_jobs,
        progress=progress,
    )
    by_key = {(name, n, m): found[str((n, m)), name] for name in names for n, m in situations}
    return LearningCurve(task, by_key, names[-1] if baseline is None else baseline)


def _doubling(most: int) -> list[int]:
    """5, 10, 20 and so on, and the most that there are."""
    steps = FEWEST_VALUES * 2 ** np.arange(32)
    return [*steps[steps < most].tolist(), most]


def _most_cheap(study: Study) -> int:
    """As many values of another task as every fold has, of the task that has the most; 0 if there is none."""
    counts = [min(int(has[fold.train].sum()) for fold in study.folds) for has in study.measured_others.values()]
    return max(counts, default=0)
