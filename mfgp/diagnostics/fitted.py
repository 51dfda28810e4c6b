"""What is known of a fit: its processes, its data, and how the optimisation went."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.data.inputs import Inputs
from mfgp.data.tasks import Tasks
from mfgp.diagnostics.left_out import LeftOutValues, values_left_out
from mfgp.errors import ParameterError
from mfgp.inference import ExactPosterior, FitReport, TaskNoise
from mfgp.kernels import TaskKernel

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """One Gaussian process over (input, latent): of all latents, or in a cascade of one.

    Parameters
    ----------
    kernel, noise, posterior
        Fitted, in standardised units.
    latents
        The places, among all latents, of those that the process is of.
    rows
        (N,) row of the table that each observation is of.
    processes
        Names of the kernels over the inputs.
    report
        How the fit went.
    """

    kernel: TaskKernel
    noise: TaskNoise
    posterior: ExactPosterior
    latents: tuple[int, ...]
    rows: NDArray[np.intp]
    processes: tuple[Hashable, ...]
    report: FitReport

    @cached_property
    def latent(self) -> NDArray[np.intp]:
        """(N,) latent that each observation is of, among all."""
        return np.array(self.latents)[self.posterior.observations.task.cpu().numpy()]


class NewRows(NamedTuple):
    """Rows to be predicted: (m, d) standardised inputs, codes for levels, and their labels."""

    x: Array
    labels: pd.Index


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted architecture, as the findings see it.

    Parameters
    ----------
    subject
        What it is called.
    parts
        Its Gaussian processes.
    tasks, inputs
        What they are about.
    index
        Labels of the rows of the table.
    means, stdvs
        (L,) what was subtracted from, and what divides, the values of each latent.
    report
        How the fit went as a whole.
    edges
        Of a cascade, the pairs of a latent and one of its sources; none of a model that is one process.
    new
        Rows that are to be predicted, if any.
    """

    subject: str
    parts: Sequence[Part]
    tasks: Tasks
    inputs: Inputs
    index: pd.Index
    means: Array
    stdvs: Array
    report: FitReport
    edges: Sequence[tuple[int, int]] = ()
    new: NewRows | None = None

    @cached_property
    def x(self) -> Array:
        """(N, d) standardised inputs of all observations, codes for levels."""
        width = len(self.inputs.columns)
        return np.concatenate([part.posterior.observations.x[:, :width].cpu().numpy() for part in self.parts])

    @cached_property
    def latent(self) -> NDArray[np.intp]:
        """(N,) latent of all observations."""
        return np.concatenate([part.latent for part in self.parts])

    @property
    def task(self) -> NDArray[np.intp]:
        """(N,) task of all observations."""
        return self.tasks.of_latents[self.latent]

    @property
    def counts(self) -> dict[Hashable, int]:
        """The number of values of each task."""
        return {
            name: int((self.latent == span.start).sum())
            for name, span in zip(self.tasks.names, self.tasks.spans, strict=True)
        }

    def tasks_of(self, one: int, other: int) -> tuple[Hashable, Hashable]:
        """Names of the tasks that two latents are of."""
        of_latents, names = self.tasks.of_latents, self.tasks.names
        return names[of_latents[one]], names[of_latents[other]]

    @property
    def numbers(self) -> list[int]:
        """Places of the tasks that are numbers."""
        return [task for task in range(len(self.tasks.names)) if task not in self.tasks.labels]

    @property
    def number_latents(self) -> dict[Hashable, int]:
        """The place among the latents of each task that is a number."""
        return {self.tasks.names[task]: self.tasks.spans[task].start for task in self.numbers}

    @cached_property
    def without_value(self) -> LeftOutValues:
        """The values of tasks that are numbers, each predicted from all the others."""
        return self.left_out("value")

    def left_out(self, by: str) -> LeftOutValues:
        """The values of tasks that are numbers, each predicted without its "row" or itself, the "value", alone.

        Raises
        ------
        ParameterError
            `by` is neither name, or "row" of a cascade.
        """
        if by not in ("row", "value"):
            raise ParameterError(f"by={by!r}, expected 'row' or 'value'")
        if by == "row" and self.edges:
            raise ParameterError(
                "by='row', but a cascade leaves out each value by itself only, its sources' values being known where "
                "they were measured; write by='value'"
            )
        count = len(self.tasks.names)
        found = []
        for part in self.parts:
            task = self.tasks.of_latents[part.latent]
            group = part.rows if by == "row" else part.rows * count + task
            found.append(values_left_out(part.posterior, group, part.rows, part.latent))
        chosen = LeftOutValues.joined(found).of(np.flatnonzero(self.tasks.numbers))
        return chosen.in_units(self.means, self.stdvs)
