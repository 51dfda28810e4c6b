"""Task embedding: each task is a point in a latent space, near the tasks that behave like it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from torch.nn import Parameter

from mfgp.kernels.priors import PositionsPrior, ScalePrior
from mfgp.kernels.task_kernel import CovarianceGradient, Process, TaskKernel


class TaskEmbeddingKernel(TaskKernel):
    """cov = a_t a_t' k([x, z_t], [x', z_t']): the tasks' positions z are inputs like the others, and learned.

    The latent-variable GP of Zhang, Tao, Chen & Apley (2020, Technometrics 62, 291), with an amplitude a_t for each
    task whose sign is free: a task that is the mirror image of another sits at the same place with the opposite sign.
    A kernel that is not a plain RBF or Matern is multiplied by an RBF of the embedding instead.

    Parameters
    ----------
    input_kernel
        A GPyTorch kernel over the inputs; the embedding needs no lengthscale, its unit is one lengthscale.
    num_tasks
        T, the number of tasks.
    dimension
        Coordinates of each task's position.
    batch_shape
        Shape of a batch of parameter sets, as in every GPyTorch kernel.

    Examples
    --------
    >>> from mfgp.kernels import input_kernel
    >>> kernel = TaskEmbeddingKernel(input_kernel("rbf", 2), num_tasks=2, dimension=1)
    >>> kernel.set_embedding(torch.tensor([[0.0], [1.0]]), amplitude=torch.tensor([1.0, -1.0]))
    >>> round(kernel.task_covariance()[0, 1].item(), 4)
    -0.6065
    """

    def __init__(
        self, input_kernel: Kernel, num_tasks: int, dimension: int, batch_shape: torch.Size = torch.Size()
    ) -> None:
        super().__init__(num_tasks, batch_shape, row_tasks=range(num_tasks) if num_tasks > 1 else ())
        self.input_kernels = torch.nn.ModuleList([input_kernel])
        self.dimension = dimension
        positions = torch.zeros(*batch_shape, num_tasks, dimension, dtype=torch.float64)
        positions[..., 0] = torch.linspace(-0.5, 0.5, num_tasks, dtype=torch.float64)
        self.register_parameter("positions", torch.nn.Parameter(positions))
        self.register_parameter(
            "amplitude", torch.nn.Parameter(torch.ones(*batch_shape, num_tasks, dtype=torch.float64))
        )
        self.register_prior("positions_prior", PositionsPrior(), _positions)
        self.register_prior("amplitude_prior", ScalePrior(1.0), _amplitude)

    def processes(self) -> list[Process]:
        """The one process of all tasks."""
        z = self.positions
        distance = (z.unsqueeze(-3) - z.unsqueeze(-2)).square().sum(-1)
        amplitude = self.amplitude.unsqueeze(-1) * self.amplitude.unsqueeze(-2)
        return [Process(self.input_kernels[0], amplitude, distance)]

    def pull_back(self, gradient: CovarianceGradient) -> Iterator[tuple[Parameter, Tensor]]:
        """Derivatives by the free parameters, from those by the covariance's parts."""
        yield from super().pull_back(gradient)
        part = gradient.processes[0]
        assert part.distance is not None
        yield self.amplitude, (part.amplitude + part.amplitude.T) @ self.amplitude
        pull = 2.0 * (part.distance + part.distance.T)
        yield self.positions, pull.sum(-1, keepdim=True) * self.positions - pull @ self.positions

    @torch.no_grad()
    def set_embedding(self, positions: Tensor, amplitude: Tensor) -> None:
        """Set the positions (T, dimension) and the signed amplitudes (T,)."""
        self.positions.copy_(positions)
        self.amplitude.copy_(amplitude)


def _positions(kernel: TaskEmbeddingKernel) -> Tensor:
    return kernel.positions


def _amplitude(kernel: TaskEmbeddingKernel) -> Tensor:
    return kernel.amplitude
