from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from gpytorch.kernels import RBFKernel, RQKernel
from torch import Tensor

from mfgp.data import Observations
from mfgp.inference import TaskNoise
from mfgp.inference.level_starts import place_levels
from mfgp.inference.objective import Objective
from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, TaskEmbeddingKernel, TaskKernel, input_kernel
from mfgp.kernels.levels import LevelEmbedding, MixedInputKernel, embeddings_of, expanded_columns
from mfgp.kernels.training import training_covariance

LEVELS = {0: 4, 2: 2}
COUNTS = [9, 6, 5]
TASKS = len(COUNTS)


def new() -> MixedInputKernel | RBFKernel:
    return input_kernel("matern52", expanded_columns(4, LEVELS))


KERNELS: dict[str, Callable[[], TaskKernel]] = {
    "two processes": lambda: CoregionalizationKernel([new(), new()], TASKS, 2),
    "chain": lambda: AutoregressiveKernel([new() for _ in COUNTS], {1: [0], 2: [1]}),
    "independent": lambda: AutoregressiveKernel([new() for _ in COUNTS], {}),
    "embedding": lambda: TaskEmbeddingKernel(new(), TASKS, 2),
}


def data() -> Observations:
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(sum(COUNTS), 4, generator=generator, dtype=torch.float64)
    for column, count in LEVELS.items():
        x[:, column] = torch.randint(count, (len(x),), generator=generator).double()
    task = torch.repeat_interleave(torch.arange(TASKS), torch.tensor(COUNTS))
    y = torch.randn(len(x), generator=generator, dtype=torch.float64)
    return Observations(x, task, y, torch.full_like(y, torch.nan), torch.arange(len(x)))


def embedded(name: str) -> TaskKernel:
    kernel = KERNELS[name]()
    kernel.embed_levels(4, LEVELS)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in kernel.parameters():
            parameter.add_(0.4 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return kernel


@pytest.mark.parametrize("name", KERNELS)
def test_it_is_the_kernel_on_numbers_and_positions(name: str) -> None:
    kernel, observations = embedded(name), data()
    z = [embedding.positions[observations.x[:, embedding.column].long()] for embedding in _embeddings(kernel, 0)]
    numbers = torch.cat([observations.x[:, [1, 3]], *z, observations.task.double().unsqueeze(-1)], dim=-1)
    plain = KERNELS[name]()
    plain.load_state_dict({n.replace(".base_kernel", ""): v for n, v in kernel.state_dict().items()}, strict=False)
    rows = torch.cat([observations.x, observations.task.double().unsqueeze(-1)], dim=-1)
    if name != "independent":  # where each task has positions of its own
        torch.testing.assert_close(kernel.forward(rows, rows), plain.forward(numbers, numbers))
    found = training_covariance(kernel, observations.x, observations.task)
    torch.testing.assert_close(found.tril(), kernel.forward(rows, rows).detach().tril(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", KERNELS)
def test_the_gradient_by_hand_is_that_by_autograd(name: str) -> None:
    observations, kernel = data(), embedded(name)
    target = Objective(kernel, TaskNoise(TASKS, observations.task), observations)
    assert target._closed_form
    (value, slopes), (expected, expected_slopes) = target._by_hand(), target._by_autograd()
    assert value == pytest.approx(expected, rel=1e-12)
    for parameter in target.parameters:
        torch.testing.assert_close(slopes[parameter], expected_slopes[parameter], rtol=1e-8, atol=1e-8)


def _embeddings(kernel: TaskKernel, process: int) -> list[LevelEmbedding]:
    return embeddings_of(kernel.input_kernels[process])


def test_related_tasks_share_positions_and_others_do_not() -> None:
    chain, independent = embedded("chain"), embedded("independent")
    assert all(a is b for a, b in zip(_embeddings(chain, 0), _embeddings(chain, 2), strict=True))
    assert all(a is not b for a, b in zip(_embeddings(independent, 0), _embeddings(independent, 2), strict=True))
    assert chain.levels == LEVELS


@pytest.mark.parametrize("base", [RBFKernel(), RQKernel()], ids=["rbf", "rq"])
def test_a_level_not_seen_before_is_related_to_itself_alone(base: RBFKernel | RQKernel) -> None:
    kernel = CoregionalizationKernel([base.double()], 1, 0)
    kernel.embed_levels(2, {1: 3})
    rows = torch.tensor([[0.1, 0.0], [0.1, 3.0], [0.1, 5.0], [0.3, 5.0], [0.1, -1.0]], dtype=torch.float64)
    found = kernel.input_kernels[0](rows).to_dense()
    expected = torch.eye(5, dtype=torch.float64)
    expected[2, 3] = expected[3, 2] = base(rows[2:3, :1], rows[3:4, :1]).to_dense().item()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(kernel.input_kernels[0](rows, diag=True), torch.ones(5, dtype=torch.float64))
    with_task = torch.cat([rows, torch.zeros(5, 1)], dim=-1)
    by_task = kernel.forward(with_task, with_task) - kernel.offsets()
    torch.testing.assert_close(by_task / kernel.task_covariance(), expected)


def test_positions_begin_apart_and_around_the_origin() -> None:
    for count in (1, 2, 3, 9):
        positions = LevelEmbedding(0, count).positions.detach()
        assert positions.shape == (count, 1 if count < 3 else 2)
        torch.testing.assert_close(
            torch.cdist(positions, positions).fill_diagonal_(1.0) > 0.1, torch.ones(count, count) > 0
        )
        if count > 1:
            torch.testing.assert_close(positions.mean(0), torch.zeros_like(positions[0]))


def _placed(code: Tensor, y: Tensor) -> Tensor:
    kernel = MixedInputKernel(RBFKernel().double(), 2, [LevelEmbedding(1, 6)])
    x = torch.stack([torch.linspace(-1, 1, len(y), dtype=torch.float64), code.double()], dim=-1)
    task = torch.zeros(len(y), dtype=torch.long)
    place_levels(kernel, Observations(x, task, y, torch.full_like(y, torch.nan), task))
    return kernel.embeddings[0].positions.detach()


def test_levels_start_in_the_order_of_their_values_whatever_their_names() -> None:
    generator = torch.Generator().manual_seed(1)
    code = torch.arange(48) % 6
    y = code.double() + 0.1 * torch.randn(48, generator=generator, dtype=torch.float64)
    found = _placed(code, y)
    steps = found[1:, 0] - found[:-1, 0]
    assert bool((steps > 0).all()) or bool((steps < 0).all())
    names = torch.randperm(6, generator=generator)
    torch.testing.assert_close(_placed(names[code], y)[names], found)


def test_a_level_without_a_value_starts_apart() -> None:
    found = _placed(torch.arange(40) % 5, torch.randn(40, generator=torch.Generator().manual_seed(1)).double())
    assert (torch.cdist(found[5:], found[:5]) > 0.01).all()
