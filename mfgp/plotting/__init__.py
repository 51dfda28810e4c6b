"""A plot is a function of a result, and gives a matplotlib Figure."""

from mfgp.plotting.parity import parity

__all__ = ["parity"]
