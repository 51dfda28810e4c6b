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

    def thinned(self, observations: int, label: int, tasks: Tasks) -> Readings:
        """Rows with a label, and as many others as make up at most about so many observations with them.

        Either kind is thinned by taking every so many rows in the order of their inputs, those with the label only
        where they are too many by themselves.
        """
        order = np.lexsort(self.x.T[::-1])
        labelled = ~np.isnan(self.values[order, label])
        kept: list[Array] = []
        for kind in (order[labelled], order[~labelled]):
            left = observations - sum(self._count(rows, tasks) for rows in kept)
            count = self._count(kind, tasks)
            if count and left > 0:
                kept.append(kind[:: -(-count // left)])
        return self._at(np.concatenate(kept))

    def _count(self, rows: Array, tasks: Tasks) -> int:
        return len(self._at(rows).observations(tasks))

    def _at(self, rows: Array) -> Readings:
        noise = None if self.noise is None else self.noise[rows]
        return Readings(self.x[rows], self.values[rows], noise, self.device)
