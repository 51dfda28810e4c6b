"""What stands in the task column of a table of rows: the tasks' indices, or other numbers such as fidelities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mfgp.errors import DataError


class TaskValues(torch.nn.Module):
    """The number that stands for each task in a task column.

    Parameters
    ----------
    values
        T different numbers, one a task.

    Examples
    --------
    >>> TaskValues([0.5, 0.75, 1.0]).index(torch.tensor([1.0, 0.5])).tolist()
    [2, 0]
    >>> TaskValues([0.5, 0.75, 1.0]).index(torch.tensor([0.6]))
    Traceback (most recent call last):
        ...
    mfgp.errors.DataError: the tasks [0.6] were named, expected some of 0.5, 0.75, 1; ...
    """

    values: Tensor
    TOLERANCE = 1e-6
    OPTIMISERS_CURE = (
        "if an optimiser went between tasks, write optimize_acqf_mixed(..., "
        "fixed_features_list=[{column: task} for task in tasks])"
    )

    def __init__(self, values: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("values", torch.tensor(list(values), dtype=torch.float64))

    @classmethod
    def indices(cls, num_tasks: int) -> TaskValues:
        """Each task's index: 0 to T - 1."""
        return cls(range(num_tasks))

    def __len__(self) -> int:
        return len(self.values)

    def index(self, column: Tensor, cure: str = OPTIMISERS_CURE) -> Tensor:
        """Indices of the tasks, 0 to T - 1, that numbers of any shape stand for.

        Parameters
        ----------
        column
            The numbers.
        cure
            What an error says to write instead.

        Raises
        ------
        DataError
            A number stands for no task.
        """
        gaps = (column.detach().to(self.values).unsqueeze(-1) - self.values).abs()
        closest, index = gaps.min(-1)
        strange = ~(closest <= self.TOLERANCE)
        if bool(strange.any()):
            found = [float(f"{value:.6g}") for value in column[strange].unique().tolist()]
            raise DataError(f"the tasks {found} were named, expected {self._described()}; {cure}")
        return index

    def encode(self, rows: Tensor) -> Tensor:
        """Rows (..., d + 1) with the index of the task in the last column in place of its number."""
        return torch.cat([rows[..., :-1], self.index(rows[..., -1:]).to(rows)], dim=-1)

    def _described(self) -> str:
        if torch.equal(self.values, torch.arange(len(self)).to(self.values)):
            return f"whole numbers from 0 to {len(self) - 1}"
        return "some of " + ", ".join(f"{value:g}" for value in self.values.tolist())
