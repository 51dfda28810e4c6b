"""Observations: every measured value with its input row, its task and its noise, as tensors."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Observations:
    """N measured values in canonical order: by task, then by the inputs, the value and the noise.

    The order depends on the data alone, so the order of rows in a table cannot change a result.

    Parameters
    ----------
    x
        (N, d) float64 inputs.
    task
        (N,) int64 index of the task, ascending.
    y
        (N,) float64 values.
    noise
        (N,) float64 known standard deviation of each value, NaN where it is to be learned.
    row
        (N,) int64 row of the table that the value came from.
    """

    x: Tensor
    task: Tensor
    y: Tensor
    noise: Tensor
    row: Tensor

    @classmethod
    def gather(
        cls, x: np.ndarray, y: np.ndarray, noise: np.ndarray | None, device: torch.device | str | None = None
    ) -> Observations:
        """Collect the measured entries of a wide table; NaN in `y` means not measured.

        Parameters
        ----------
        x
            (n, d) inputs.
        y
            (n, T) values.
        noise
            (n, T) known standard deviations, NaN where unknown, or None.
        device
            Where the tensors go.

        Examples
        --------
        >>> data = Observations.gather(np.array([[2.0], [1.0]]), np.array([[5.0, 7.0], [6.0, np.nan]]), None)
        >>> data.y.tolist(), data.task.tolist(), data.row.tolist()
        ([6.0, 5.0, 7.0], [0, 0, 1], [1, 0, 0])
        """
        row, task = np.nonzero(~np.isnan(y))
        values = y[row, task]
        inputs = x[row]
        known = np.full(len(values), np.nan) if noise is None else noise[row, task]
        order = np.lexsort((known, values, *inputs.T[::-1], task))
        arrays = (inputs, task, values, known, row)
        return cls(*(torch.from_numpy(np.ascontiguousarray(array[order])).to(device) for array in arrays))

    def __len__(self) -> int:
        return len(self.y)

    def counts(self, num_tasks: int) -> Tensor:
        """(T,) number of observations of each task."""
        return torch.bincount(self.task, minlength=num_tasks)

    def take(self, index: Tensor) -> Observations:
        """The observations at an index or a mask, in their order."""
        return Observations(*(getattr(self, field.name)[index] for field in fields(self)))

    def followed_by(self, more: Observations) -> Observations:
        """These observations and then others."""
        return Observations(*(torch.cat([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self)))

    def of_task(self, task: int) -> Observations:
        """One task's observations, as those of task 0."""
        chosen = self.take(self.task == task)
        return Observations(chosen.x, torch.zeros_like(chosen.task), chosen.y, chosen.noise, chosen.row)
