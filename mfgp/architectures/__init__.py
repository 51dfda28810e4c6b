"""One architecture a file: its parameters, and the kernel that it builds."""

from mfgp.architectures.auto import AutoGP
from mfgp.architectures.cascade import CascadeGP
from mfgp.architectures.difference import DifferenceGP
from mfgp.architectures.independent import IndependentGP
from mfgp.architectures.latent_variable import LatentVariableGP
from mfgp.architectures.multi_task import MultiTaskGP
from mfgp.architectures.saving import load

__all__ = ["AutoGP", "CascadeGP", "DifferenceGP", "IndependentGP", "LatentVariableGP", "MultiTaskGP", "load"]
