"""Effort: how closely measurements are looked at."""

from __future__ import annotations

from typing import NamedTuple

from mfgp.optimization.acquisition.gain import Fineness
from mfgp.optimization.acquisition.worth import Worth


class Effort(NamedTuple):
    """How many rivals a measurement is judged by, at how many inputs, and how finely what has no closed form is."""

    rivals: int
    inputs: int
    fineness: Fineness


COARSE = Effort(8, 1 << 62, Fineness(5, 16))
CLOSED_FORM = Effort(64, 256, Fineness(1, 1))
QUADRATURE = Effort(32, 32, Fineness(21, 32))


def effort_for(worth: Worth) -> Effort:
    """What a close look takes."""
    return QUADRATURE if worth.linear() is None else CLOSED_FORM
