"""Answers: what an acquisition chose, as the frame that a campaign reads."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mfgp.optimization.acquisition.search import Found
from mfgp.optimization.decision import CHOSEN
from mfgp.optimization.pool import Pool


@dataclass
class Answer:
    """The measurements chosen so far.

    Parameters
    ----------
    space
        That they are chosen from.
    """

    space: object
    _inputs: list[pd.DataFrame] = field(default_factory=list)
    _said: list[tuple[Hashable, float, float, float, str]] = field(default_factory=list)

    def add(
        self, found: Found, task: Hashable, cost: float, why: str, gain: float = np.nan, chance: float = np.nan
    ) -> None:
        """Add a measurement of a task at a row, and what is said of it."""
        self._inputs.append(found.inputs)
        self._said.append((task, gain, cost, chance, why))

    def __len__(self) -> int:
        return len(self._said)

    def frame(self, empty: pd.DataFrame) -> pd.DataFrame:
        """One line a measurement, as :class:`~mfgp.optimization.decision.Acquisition` wants it.

        Parameters
        ----------
        empty
            Inputs (0, d), which are given where nothing was chosen.
        """
        inputs = pd.concat(self._inputs, ignore_index=not isinstance(self.space, Pool)) if self._inputs else empty
        said = pd.DataFrame(self._said, inputs.index, list(CHOSEN))
        return pd.concat([inputs, said], axis=1)
