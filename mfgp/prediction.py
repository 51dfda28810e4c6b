"""The joint distribution over tasks at each row, in the user's names and units."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
import torch
from scipy.stats import norm

from mfgp.errors import ColumnError, DataError, ParameterError


@dataclass(frozen=True, eq=False)
class Prediction:
    """Normal distribution of all T tasks at each of n rows; rows are taken one by one, tasks jointly.

    Parameters
    ----------
    tasks
        Names of the tasks.
    index
        Labels of the rows.
    means
        (n, T) means, in each task's unit.
    covariance
        (n, T, T) covariances between the tasks at each row.

    Examples
    --------
    >>> p = Prediction(("a", "b"), pd.RangeIndex(1), np.array([[1.0, 2.0]]), np.array([[[4.0, 1.0], [1.0, 9.0]]]))
    >>> p.std
         a    b
    0  2.0  3.0
    >>> p.interval(0.9).round(2)
           a            b
       lower upper  lower upper
    0  -2.29  4.29  -2.93  6.93
    """

    tasks: tuple[Hashable, ...]
    index: pd.Index
    means: np.ndarray
    covariance: np.ndarray

    @property
    def mean(self) -> pd.DataFrame:
        """(n, T) means."""
        return self._frame(self.means)

    @property
    def std(self) -> pd.DataFrame:
        """(n, T) standard deviations."""
        return self._frame(self._deviations())

    def interval(self, level: float = 0.9) -> pd.DataFrame:
        """Central interval of each task, columns (task, "lower") and (task, "upper").

        Parameters
        ----------
        level
            Probability that the value lies inside, between 0 and 1.

        Raises
        ------
        ParameterError
            The level is no number between 0 and 1.
        """
        if not isinstance(level, Real) or not 0.0 < level < 1.0:
            raise ParameterError(f"level={level!r}, expected a probability between 0 and 1, for example 0.9")
        reach = norm.ppf(0.5 + level / 2.0) * self._deviations()
        bounds = np.stack([self.means - reach, self.means + reach], axis=-1)
        columns = pd.MultiIndex.from_product([pd.Index(self.tasks, tupleize_cols=False), ["lower", "upper"]])
        return pd.DataFrame(bounds.reshape(len(self.index), -1), self.index, columns)

    def sample(self, size: int, seed: int | None = None) -> np.ndarray:
        """Draws (size, n, T), tasks jointly within a row and rows independently.

        Examples
        --------
        >>> p = Prediction(("a",), pd.RangeIndex(2), np.zeros((2, 1)), np.ones((2, 1, 1)))
        >>> p.sample(1000, seed=0).shape
        (1000, 2, 1)
        """
        values, vectors = np.linalg.eigh(self.covariance)
        roots = vectors * np.sqrt(values.clip(min=0.0))[:, None, :]
        draws = np.random.default_rng(seed).standard_normal((size, *self.means.shape))
        return self.means + np.einsum("nij,snj->sni", roots, draws)

    def __getitem__(self, task: Hashable) -> Prediction:
        """The prediction of one task alone."""
        if not isinstance(task, Hashable):
            raise ColumnError(f"{task!r} is no name of a task; take one task at a time, or columns of p.mean and p.std")
        if task not in self.tasks:
            raise ColumnError(f"there is no task {task!r}; the tasks are {list(self.tasks)}")
        place = self.tasks.index(task)
        here = slice(place, place + 1)
        return Prediction((task,), self.index, self.means[:, here], self.covariance[:, here, here])

    def __len__(self) -> int:
        return len(self.index)

    def to_frame(self, level: float = 0.9) -> pd.DataFrame:
        """A flat table: mean, std, lower and upper of each task in columns named "<task>_mean" and so on."""
        interval = self.interval(level)
        columns = {}
        for place, task in enumerate(self.tasks):
            columns[f"{task}_mean"] = self.means[:, place]
            columns[f"{task}_std"] = self._deviations()[:, place]
            columns[f"{task}_lower"] = interval[(task, "lower")].to_numpy()
            columns[f"{task}_upper"] = interval[(task, "upper")].to_numpy()
        return pd.DataFrame(columns, index=self.index)

    def __repr__(self) -> str:
        return f"Prediction of {len(self)} rows, tasks {list(self.tasks)}:\n{self.to_frame()!r}"

    def _deviations(self) -> np.ndarray:
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2).clip(min=0.0))

    def _frame(self, values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, self.index, pd.Index(self.tasks, tupleize_cols=False))


def condition(
    means: np.ndarray, covariance: np.ndarray, values: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Update each row's joint distribution by the tasks known there: T x T algebra, row by row.

    Rasmussen & Williams (2006), equation A.6; the same as adding the values to the training data and predicting that
    row again, at the same hyperparameters.

    Parameters
    ----------
    means, covariance
        (n, T) and (n, T, T) before.
    values
        (n, T) known values, NaN where a task is not known.
    variance
        (n, T) noise variances of the known values.

    Returns
    -------
    (n, T) means and (n, T, T) covariances after.

    Examples
    --------
    >>> mean, cov = np.zeros((1, 2)), np.array([[[1.0, 0.8], [0.8, 1.0]]])
    >>> after, spread = condition(mean, cov, np.array([[2.0, np.nan]]), np.zeros((1, 2)))
    >>> after[0, 1].item(), round(spread[0, 1, 1].item(), 4)
    (1.6, 0.36)
    """
    if values.shape != means.shape:
        raise DataError(f"the given values have shape {values.shape}, expected {means.shape} (rows, tasks)")
    known = ~np.isnan(values)
    if not known.any():
        return means, covariance
    touched = known.any(axis=1)
    total = np.diagonal(covariance, axis1=1, axis2=2) + variance
    scale = np.sqrt(np.where(total > 0.0, total, 1.0))[touched]
    mask = known[touched].astype(float)
    prior = covariance[touched] / scale[:, :, None] / scale[:, None, :]
    system = prior * mask[:, :, None] * mask[:, None, :]
    diagonal = np.arange(values.shape[1])
    system[:, diagonal, diagonal] = np.where(known, total > 0.0, 1.0)[touched]
    gain = _solve(system, prior * mask[:, :, None])
    surprise = np.where(known, values - means, 0.0)[touched] / scale
    after_means, after_covariance = means.copy(), covariance.copy()
    after_means[touched] += scale * np.einsum("nkt,nk->nt", gain, surprise)
    reduction = np.einsum("nkt,nks->nts", gain, prior * mask[:, :, None])
    after_covariance[touched] -= reduction * scale[:, :, None] * scale[:, None, :]
    return after_means, after_covariance


def _solve(system: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve positive definite systems of unit diagonal, those of perfectly tied tasks with a jitter of 1e-10."""
    matrices = torch.from_numpy(system)
    lower, failure = torch.linalg.cholesky_ex(matrices)
    tied = failure > 0
    if tied.any():
        eye = 1e-10 * torch.eye(system.shape[-1], dtype=torch.float64)
        lower[tied] = torch.linalg.cholesky(matrices[tied] + eye)
    return torch.cholesky_solve(torch.from_numpy(right), lower).numpy()
