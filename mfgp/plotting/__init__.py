"""A plot is a function of a result, and gives a matplotlib Figure."""

from mfgp.plotting.levels import level_map
from mfgp.plotting.parity import parity

__all__ = ["level_map", "parity"]
