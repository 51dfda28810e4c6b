"""Acquisitions: ways of choosing the next measurements."""

from mfgp.optimization.acquisition.expected_gain import ExpectedGain
from mfgp.optimization.acquisition.uniform import Uniform

__all__ = ["ExpectedGain", "Uniform"]
