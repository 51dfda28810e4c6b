"""A situation in which an estimator is asked for a task: what there is to learn from, and what is known already."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from mfgp.errors import DataTypeError


@dataclass(frozen=True)
class Situation:
    """What a prediction may use.

    Parameters
    ----------
    given
        Tasks whose values at the predicted rows are known. None of them: nothing but the inputs is known there.
    values
        Number of measured values of the target to learn from; None for all that the training rows have.
    cheap
        Number of values of each other task to learn from; None for all that the training rows have.

    Raises
    ------
    DataTypeError
        `given` is text, not a sequence of tasks.

    Examples
    --------
    >>> Situation(given=("gap_pbe",), values=50)
    Situation(given=('gap_pbe',), values=50, cheap=None)
    """

    given: Sequence[Hashable] = ()
    values: int | None = None
    cheap: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.given, str):
            raise DataTypeError(
                f"given={self.given!r} is text, expected a sequence of tasks; write given=[{self.given!r}]"
            )
        object.__setattr__(self, "given", tuple(self.given))
