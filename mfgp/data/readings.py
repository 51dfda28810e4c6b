"""Readings: the inputs and values of a table, before its labels become observations of scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mfgp.data.observations import Observations
from mfgp.data.table import Array
from mfgp.data.tasks import Tasks


@dataclass(frozen=True)
class Readings:
    """n rows as they were read.

    Parameters
    ----------
    x
        (n, d) inputs.
    values
        (n, T) values, NaN where not measured; of a label, its code.
    noise
        (n, T) known standard deviations, NaN where unknown, or None.
    device
        Where observations go.
    """

    x: Array
    values: Array
    noise: Array | None
    device: torch.device

    def observations(self, tasks: Tasks) -> Observations:
        """The measured values, and the scores of the labels at their concentrations."""
        latents, deviations = tasks.observe(self.values, self.noise)
        return Observations.gather(self.x, latents, deviations, self.device)

    def thinned(self, observations: int, tasks: Tasks) -> Readings:
        """Every so many rows, in the order of their inputs, so that they have at most about so many observations."""
        step = -(-len(self.observations(tasks)) // observations)
        rows = np.lexsort(self.x.T[::-1])[::step]
        return Readings(self.x[rows], self.values[rows], None if self.noise is None else self.noise[rows], self.device)
