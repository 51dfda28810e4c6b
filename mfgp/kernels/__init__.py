"""GPyTorch kernels over (input, task)."""

from mfgp.kernels.autoregressive import AutoregressiveKernel
from mfgp.kernels.cascade import CascadeKernel
from mfgp.kernels.coregionalization import CoregionalizationKernel
from mfgp.kernels.embedding import TaskEmbeddingKernel
from mfgp.kernels.levels import MixedInputKernel
from mfgp.kernels.stationary import input_kernel
from mfgp.kernels.task_kernel import Process, TaskKernel

__all__ = [
    "AutoregressiveKernel",
    "CascadeKernel",
    "CoregionalizationKernel",
    "MixedInputKernel",
    "Process",
    "TaskEmbeddingKernel",
    "TaskKernel",
    "input_kernel",
]
