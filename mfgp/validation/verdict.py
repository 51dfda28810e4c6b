"""Does sharing help? Tests of several estimators against one baseline, over folds that are not independent."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import multivariate_t, t

HELPS, HARMS, OPEN = "helps", "harms", "cannot be told"

LEVEL = 0.025  # of each one-sided test: 5% for both
LARGEST_CORRELATION = 0.999  # of two estimators, so that their matrix stays positive definite


def judge(differences: pd.DataFrame, share: float) -> pd.DataFrame:
    """Test whether each estimator's losses are smaller, or larger, than the baseline's.

    The statistic is the mean difference over its standard error, with the variance of the mean that folds have which
    learn from each other's held-out rows (Nadeau & Bengio 2003, Machine Learning 52, 239), and one degree of freedom
    less than there are folds (Bouckaert & Frank 2004, PAKDD, 3). Several estimators are several chances to be lucky,
    but lucky together: the probabilities are those of the largest of correlated t variables (Dunnett 1955, J. Am.
    Stat. Assoc. 50, 1096), whose correlations are those of the differences.

    Parameters
    ----------
    differences
        (J, E) loss less the baseline's, one line a fold and one column an estimator.
    share
        Number of values predicted over number of values learned from, n_test / n_train.

    Returns
    -------
    One line an estimator: `mean`, `se`, `t`, `p_helps` and `p_harms`, the probabilities of a mean as far below or above
    zero if there were no difference, and `verdict`. All but the mean are NaN of a single fold.

    Examples
    --------
    >>> folds = pd.DataFrame({"better": [-0.9, -1.0, -1.1, -1.0, -1.0], "as good": [0.1, -0.2, 0.0, 0.2, -0.1]})
    >>> judge(folds, share=0.25)["verdict"].tolist()
    ['helps', 'cannot be told']
    """
    folds = len(differences)
    mean = differences.mean()
    se = differences.std() * np.sqrt(1.0 / folds + share)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = mean / se
    below, above = (_largest(sign * statistic.to_numpy(), differences, folds - 1) for sign in (-1.0, 1.0))
    found = pd.DataFrame({"mean": mean, "se": se, "t": statistic, "p_helps": below, "p_harms": above})
    verdict = np.where(found["p_helps"] < LEVEL, HELPS, np.where(found["p_harms"] < LEVEL, HARMS, OPEN))
    return found.assign(verdict=verdict)


def _largest(statistics: NDArray[np.float64], differences: pd.DataFrame, freedom: int) -> NDArray[np.float64]:
    """(E,) probability that the largest of E correlated t variables exceeds each statistic; NaN where it is none."""
    usable = np.flatnonzero(np.isfinite(statistics))
    found = np.full(len(statistics), np.nan)
    if freedom < 1 or not len(usable):
        return found
    if len(usable) == 1:
        found[usable] = t.sf(statistics[usable], freedom)
        return found
    correlation = np.corrcoef(differences.iloc[:, usable].to_numpy(), rowvar=False)
    correlation = np.where(np.eye(len(usable), dtype=bool), 1.0, LARGEST_CORRELATION * correlation)
    for place in usable:
        bound = np.full(len(usable), statistics[place])
        found[place] = 1.0 - multivariate_t.cdf(bound, shape=correlation, df=freedom, random_state=0)
    return found
