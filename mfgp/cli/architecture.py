"""The architectures by the names that they have on the command line."""

from __future__ import annotations

from collections.abc import Hashable
from enum import StrEnum
from typing import TYPE_CHECKING

from mfgp.cli.options import pairs, split
from mfgp.errors import ParameterError

if TYPE_CHECKING:
    from mfgp.architectures.estimator import TaskRegressor


class Architecture(StrEnum):
    """How tasks share information."""

    MULTI_TASK = "multi-task"
    DIFFERENCE = "difference"
    LATENT_VARIABLE = "latent-variable"
    INDEPENDENT = "independent"

    def build(self, sources: list[str] | None) -> TaskRegressor:
        """The estimator, with the sources of a difference as the command line states them.

        Raises
        ------
        ParameterError
            Sources are stated for another architecture, or cannot be read.
        """
        from mfgp import DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP

        if self is Architecture.DIFFERENCE:
            edges: dict[Hashable, list[str]] = {
                task: split(text, "--sources") for task, text in pairs(sources, "--sources").items()
            }
            return DifferenceGP(sources=edges or None)
        if sources:
            raise ParameterError(f"--sources is for --architecture difference, not {self}; leave one of them out")
        builders = {
            Architecture.MULTI_TASK: MultiTaskGP,
            Architecture.LATENT_VARIABLE: LatentVariableGP,
            Architecture.INDEPENDENT: IndependentGP,
        }
        return builders[self]()
