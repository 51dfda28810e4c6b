"""The architectures by the names that they have on the command line."""

from __future__ import annotations

from collections.abc import Hashable
from enum import StrEnum
from typing import TYPE_CHECKING

from mfgp.cli.options import pairs, split
from mfgp.errors import ParameterError

if TYPE_CHECKING:
    from mfgp.architectures.regressor import Regressor


class Architecture(StrEnum):
    """How tasks share information."""

    MULTI_TASK = "multi-task"
    DIFFERENCE = "difference"
    LATENT_VARIABLE = "latent-variable"
    CASCADE = "cascade"
    INDEPENDENT = "independent"

    @property
    def has_sources(self) -> bool:
        """Whether tasks are computed from others, which the command line can name."""
        return self in (Architecture.DIFFERENCE, Architecture.CASCADE)

    def build(self, sources: list[str] | None) -> Regressor:
        """The estimator, with the sources of a difference or a cascade as the command line states them.

        Raises
        ------
        ParameterError
            Sources are stated for another architecture, or cannot be read.
        """
        from mfgp import CascadeGP, DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP

        if self.has_sources:
            edges: dict[Hashable, list[str]] = {
                task: split(text, "--sources") for task, text in pairs(sources, "--sources").items()
            }
            with_sources = DifferenceGP if self is Architecture.DIFFERENCE else CascadeGP
            return with_sources(sources=edges or None)
        if sources:
            raise ParameterError(
                f"--sources is for --architecture difference or cascade, not {self}; leave one of them out"
            )
        builders: dict[Architecture, type[Regressor]] = {
            Architecture.MULTI_TASK: MultiTaskGP,
            Architecture.LATENT_VARIABLE: LatentVariableGP,
            Architecture.INDEPENDENT: IndependentGP,
        }
        return builders[self]()
