"""Comparison of estimators on the same folds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from mfgp.data.table import listed
from mfgp.errors import ColumnError, ParameterError
from mfgp.validation.folds import Splitter
from mfgp.validation.grid import Progress, validate_grid
from mfgp.validation.scores import LOSSES
from mfgp.validation.situation import Situation
from mfgp.validation.study import Study, check, tasks_of
from mfgp.validation.validation import Validation, resampled_error
from mfgp.validation.verdict import HARMS, HELPS, LEVEL, OPEN, judge

KEYS = ["situation", "estimator"]
SAID = {HELPS: "sharing helps", HARMS: "sharing harms", OPEN: "whether sharing helps cannot be told"}


@dataclass(frozen=True, eq=False)
class Comparison:
    """Validations of several estimators in several situations, on the same folds.

    Parameters
    ----------
    task
        The task predicted.
    validations
        By (situation, estimator).
    baseline
        The estimator that the others are measured against.
    """

    task: Hashable
    validations: Mapping[tuple[str, str], Validation]
    baseline: str

    def __getitem__(self, key: tuple[str, str]) -> Validation:
        """The validation of one (situation, estimator)."""
        if key not in self.validations:
            raise ColumnError(f"there is no validation {key!r}; they are {listed(self.validations)}")
        return self.validations[key]

    @property
    def situations(self) -> list[str]:
        """Names of the situations."""
        return list(dict.fromkeys(situation for situation, _ in self.validations))

    @property
    def estimators(self) -> list[str]:
        """Names of the estimators."""
        return list(dict.fromkeys(estimator for _, estimator in self.validations))

    def predictions(self) -> pd.DataFrame:
        """One line a prediction: `situation`, `estimator` and the columns of :attr:`Validation.predictions`."""
        return pd.concat({key: v.predictions for key, v in self.validations.items()}, names=KEYS).reset_index(KEYS)

    def to_frame(self) -> pd.DataFrame:
        """One line a fold, by (situation, estimator, fold): its repeat, the values learned from, and every score."""
        frames = {key: v.folds.drop(columns="seconds").join(v.scores()) for key, v in self.validations.items()}
        return pd.concat(frames, names=KEYS)

    def summary(self) -> pd.DataFrame:
        """One line a (situation, estimator), columns (score, `mean`) and so on: see :meth:`Validation.summary`."""
        return _one_line_each({key: v.summary() for key, v in self.validations.items()})

    def differences(self) -> pd.DataFrame:
        """Each score less the baseline's, fold by fold: columns (score, `mean`) and (score, `se`), its standard error.

        The error is that of :func:`~mfgp.validation.validation.resampled_error`: folds are not independent.
        """
        lines = {}
        for (situation, estimator), validation in self.validations.items():
            if estimator != self.baseline:
                difference = validation.scores() - self[situation, self.baseline].scores()
                error = resampled_error(difference, validation.folds)
                lines[situation, estimator] = pd.DataFrame({"mean": difference.mean(), "se": error})
        return _one_line_each(lines)

    def verdicts(self, score: str = "crps") -> pd.DataFrame:
        """Whether each estimator is better than the baseline, by (situation, estimator).

        Parameters
        ----------
        score
            One of :data:`~mfgp.validation.scores.LOSSES`. Of each but the log density the logarithm is compared, so
            that a fold with large errors weighs no more than the others.

        Returns
        -------
        `change`, the geometric mean over the folds of the score over the baseline's, less 1: -0.3 is 30% less (for
        `nlpd` the mean difference); `lower` and `upper`, its 95% interval; the probabilities `p_helps` and `p_harms`
        of :func:`~mfgp.validation.verdict.judge`, and the `verdict`: "helps" or "harms" if the one or the other is
        below 2.5%, else "cannot be told".

        Raises
        ------
        ParameterError
            `score` is no loss, or there is no other estimator than the baseline.
        """
        if score not in LOSSES:
            raise ParameterError(f"score={score!r}, expected one of {listed(LOSSES)}, of which less is better")
        others = [name for name in self.estimators if name != self.baseline]
        if not others:
            raise ParameterError(f"there is no estimator but the baseline {self.baseline!r}; compare it with others")
        return pd.concat({name: self._judged(name, others, score) for name in self.situations}, names=KEYS)

    def recommendation(self, score: str = "crps") -> pd.DataFrame:
        """One line a situation: whether sharing helps, which estimator to take, and why.

        Sharing `helps` if an estimator does; then the best of those is recommended. It `harms` if even the best that
        shares does. Otherwise the baseline is recommended, since what cannot be told is no reason to share.

        Parameters
        ----------
        score
            As for :meth:`verdicts`.
        """
        lines = {}
        for situation, found in self.verdicts(score).groupby(level="situation", sort=False):
            found = found.droplevel("situation")
            helping = found.index[found["verdict"] == HELPS]
            best = found.loc[helping if len(helping) else found.index, "change"].idxmin()
            verdict = found.loc[best, "verdict"]
            chosen = best if verdict == HELPS else self.baseline
            lines[situation] = {
                "verdict": verdict,
                "recommended": chosen,
                "reason": self._reason(found.loc[best], score),
            }
        return pd.DataFrame.from_dict(lines, orient="index").rename_axis("situation")

    def __repr__(self) -> str:
        estimators = ", ".join(self.estimators)
        head = f"Comparison for {self.task!r} of {estimators}; baseline {self.baseline}"
        if len(self.estimators) == 1:
            return head
        lines = [f"  {name}: {SAID[line['verdict']]}" for name, line in self.recommendation().iterrows()]
        return "\n".join([head, *lines])

    def _judged(self, situation: str, others: list[str], score: str) -> pd.DataFrame:
        relative = score != "nlpd"
        losses = pd.DataFrame({name: self[situation, name].scores()[score] for name in self.estimators})
        if relative:
            losses = losses.where(losses > 0.0).map(np.log)
        folds = self[situation, self.baseline].folds
        share = (folds["predicted"] / folds["learned"]).mean()
        found = judge(losses[others].sub(losses[self.baseline], axis=0).dropna(), share)
        reach = t.ppf(1.0 - LEVEL, max(len(losses) - 1, 1)) * found["se"]
        ends = {"change": found["mean"], "lower": found["mean"] - reach, "upper": found["mean"] + reach}
        changes = pd.DataFrame(ends)
        return (changes.map(np.expm1) if relative else changes).join(found[["p_helps", "p_harms", "verdict"]])

    def _reason(self, best: pd.Series[Any], score: str) -> str:
        form = "{:+.0%}" if score != "nlpd" else "{:+.2f}"
        change, lower, upper = (form.format(best[name]) for name in ("change", "lower", "upper"))
        p = {HELPS: best["p_helps"], HARMS: best["p_harms"]}.get(best["verdict"])
        certain = f"p = {p:.2g}" if p is not None else "so it may as well be chance"
        return (
            f"{score} of {best.name}, the best that shares, against {self.baseline}: {change} "
            f"(95% interval {lower} to {upper}), {certain}"
        )


def _by_name(estimators: Mapping[str, Any] | Sequence[Any]) -> Mapping[str, Any]:
    if isinstance(estimators, Mapping):
        return estimators
    names = [type(estimator).__name__ for estimator in estimators]
    if len(set(names)) < len(names):
        raise ParameterError(f"estimators are {listed(names)}, some of one name; write a dictionary that names each")
    return dict(zip(names, estimators, strict=True))


def _one_line_each(frames: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Frames by (situation, estimator) to one line each, with their rows and columns as columns."""
    stacked = {key: frame.stack(future_stack=True) for key, frame in frames.items()}
    return pd.concat(stacked, axis="columns", names=KEYS).T


def compare(
    estimators: Mapping[str, Any] | Sequence[Any],
    X: Any,
    Y: pd.DataFrame,
    *,
    task: Hashable,
    situations: Mapping[str, Situation] | None = None,
    baseline: str | None = None,
    noise: Any = None,
    groups: Any = None,
    cv: int | Splitter = 5,
    repeats: int = 1,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Cross-validate estimators in each of several situations, on the same folds and the same values learned from.

    Situations that learn from the same values share one fit. The verdicts need folds to tell apart what is chance: with
    few values ``repeats=3`` tells more than ``repeats=1``.

    Parameters
    ----------
    estimators
        By name; or a sequence of them, which are called by their classes.
    situations
        By name. None for two: "cold", where nothing but the inputs is known at the predicted rows, and "given", where
        the values of all other tasks are.
    baseline
        The estimator that the others are measured against; None for the last.
    X, Y, task, noise, groups, cv, repeats, random_state, n_jobs, progress
        As for :func:`cross_validate`.

    Raises
    ------
    ParameterError
        `baseline` is no estimator, or two of a sequence have one class; and what :func:`cross_validate` raises.

    Examples
    --------
    >>> from mfgp.architectures import DifferenceGP, IndependentGP
    >>> X = pd.DataFrame({"x": np.linspace(0, 1, 16)})
    >>> Y = pd.DataFrame({"low": np.sin(8 * X.x), "high": 2 * np.sin(8 * X.x) + X.x})
    >>> Y.loc[::2, "high"] = np.nan
    >>> comparison = compare({"difference": DifferenceGP(), "alone": IndependentGP()}, X, Y, task="high", cv=2)
    >>> comparison.differences()["mae", "mean"] < 0
    situation  estimator
    cold       difference    True
    given      difference    True
    Name: (mae, mean), dtype: bool
    """
    estimators = _by_name(estimators)
    if baseline is None:
        baseline = list(estimators)[-1] if estimators else ""
    elif baseline not in estimators:
        raise ParameterError(f"baseline={baseline!r} is no estimator; they are {listed(estimators)}")
    if situations is None:
        others = tuple(name for name in tasks_of(Y) if name != task)
        situations = {"cold": Situation(), "given": Situation(given=others)}
    check(estimators, Y, task, situations)
    study = Study.read(X, Y, task=task, noise=noise, groups=groups, cv=cv, repeats=repeats, random_state=random_state)
    validations = validate_grid(
        estimators, study, situations, random_state=random_state, n_jobs=n_jobs, progress=progress
    )
    return Comparison(task, validations, baseline)
