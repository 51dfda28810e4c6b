"""The BoTorch model that joins a kernel over (input, task), a likelihood and the inference."""

from mfgp.model.ensemble import TaskGPEnsemble
from mfgp.model.task_gp import TaskGP

__all__ = ["TaskGP", "TaskGPEnsemble"]
