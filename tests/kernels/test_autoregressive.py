from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mfgp.errors import ParameterError
from mfgp.kernels import AutoregressiveKernel, input_kernel
from mfgp.kernels.autoregressive import topological_order

GRAPHS = {
    "chain": {1: [0], 2: [1]},
    "several sources into one target": {2: [0, 1]},
    "diamond": {1: [0], 2: [0], 3: [1, 2, 0]},
    "order of the tasks against the order of the graph": {0: [2], 1: [0, 2]},
    "no edge": {},
}


def build(sources: dict[int, list[int]], tasks: int, inputs: int = 2, seed: int = 0) -> AutoregressiveKernel:
    generator = torch.Generator().manual_seed(seed)
    kernels = [input_kernel(name, inputs) for name in ("matern52", "rbf", "matern32", "matern12")[:tasks]]
    kernel = AutoregressiveKernel(kernels, sources)
    with torch.no_grad():
        kernel.weights.copy_(torch.randn(kernel.weights.shape, generator=generator))
        kernel.raw_scale.copy_(0.3 * torch.randn(tasks, generator=generator))
        kernel.set_row_effect(torch.randn(tasks, generator=generator, dtype=torch.float64))
        for inner in kernels:
            inner.lengthscale = 0.5 + torch.rand(1, inputs, generator=generator, dtype=torch.float64)
    return kernel


def difference(kernel: AutoregressiveKernel, task: int, x1: Tensor, x2: Tensor) -> Tensor:
    """Covariance of one task's own difference, its unknown mean and its row effect included."""
    own = kernel.scale[task] ** 2 * kernel.input_kernels[task](x1, x2).to_dense() + kernel.OFFSET_SCALE**2
    if task in kernel.row_tasks:
        loading = kernel.row_loadings[kernel.row_tasks.index(task)]
        own = own + loading**2 * (torch.cdist(x1, x2) < 1e-6)
    return own


def rows(x: Tensor, task: int) -> Tensor:
    return torch.cat([x, torch.full((len(x), 1), float(task)).to(x)], dim=-1)


@pytest.mark.parametrize("sources", GRAPHS.values(), ids=GRAPHS.keys())
def test_covariance_follows_from_the_recursion(sources: dict[int, list[int]]) -> None:
    tasks = 1 + max([2, *sources])
    kernel = build(sources, tasks)
    x1 = torch.rand(5, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x2 = torch.cat([x1[2:4], 1.0 - x1[:2]])
    expected: dict[tuple[int, int], Tensor] = {}
    for t in kernel.order:
        for s in kernel.order:  # y_t at x1 with y_s at x2, sources first
            if kernel.order.index(s) > kernel.order.index(t):
                parts = [kernel.rho[s, p] * expected[t, p] for p in sources.get(s, ()) if (t, p) in expected]
                expected[t, s] = sum(parts, torch.zeros(5, 4, dtype=torch.float64))
            else:
                parts = [kernel.rho[t, p] * expected[p, s] for p in sources.get(t, ())]
                own = difference(kernel, t, x1, x2) if s == t else torch.zeros(5, 4, dtype=torch.float64)
                expected[t, s] = sum(parts, own)
    for (t, s), value in expected.items():
        torch.testing.assert_close(kernel(rows(x1, t), rows(x2, s)).to_dense(), value, rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_joint_posterior_is_the_recursion_of_kennedy_and_ohagan_on_nested_data() -> None:
    """Le Gratiet & Garnier (2014), equations 7 and 8: noise-free values, each design inside the one below."""
    kernel = build({1: [0], 2: [1]}, 3)
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(9, 2, generator=generator, dtype=torch.float64)
    new = torch.rand(6, 2, generator=generator, dtype=torch.float64)
    designs = [x, x[:6], x[:3]]
    values = [torch.randn(len(d), generator=generator, dtype=torch.float64) for d in designs]

    known = torch.cat([rows(d, t) for t, d in enumerate(designs)])
    cross = kernel(rows(new, 2), known).to_dense()
    joint_gain = torch.linalg.solve(kernel(known).to_dense(), cross.T).T
    joint_mean = joint_gain @ torch.cat(values)
    joint_covariance = kernel(rows(new, 2)).to_dense() - joint_gain @ cross.T

    mean, covariance = torch.zeros(6).double(), torch.zeros(6, 6).double()
    for t, (design, y) in enumerate(zip(designs, values, strict=True)):
        rho = kernel.rho[t, t - 1] if t else 0.0
        rest = y - rho * (values[t - 1][: len(y)] if t else torch.zeros_like(y))
        k = difference(kernel, t, new, design)
        gain = torch.linalg.solve(difference(kernel, t, design, design), k.T).T
        mean = rho * mean + gain @ rest
        covariance = rho**2 * covariance + difference(kernel, t, new, new) - gain @ k.T
    torch.testing.assert_close(joint_mean, mean, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(joint_covariance, covariance, rtol=1e-8, atol=1e-8)


def test_a_mirror_image_is_in_reach() -> None:
    kernel = build({1: [0]}, 2)
    kernel.set_edges({(1, 0): -1.0})
    kernel.set_scale(0, 1.0)
    kernel.set_scale(1, 0.0)
    kernel.set_row_effect(torch.tensor([0.5, 0.5]))
    covariance = kernel.task_covariance()
    assert covariance[0, 1] / torch.sqrt(covariance[0, 0] * covariance[1, 1]) < -1 + 1e-6


def test_sources_are_independent_unless_an_edge_joins_them() -> None:
    apart, joined = build({2: [0, 1]}, 3), build({1: [0], 2: [0, 1]}, 3)
    assert apart.task_covariance()[0, 1].item() == 0.0
    assert abs(joined.task_covariance()[0, 1].item()) > 1e-3


def test_edges_and_scales_are_set_by_name() -> None:
    kernel = build({2: [0, 1]}, 3)
    kernel.set_edges({(2, 1): 3.0, (2, 0): -2.0})
    kernel.set_scale(1, 0.25)
    np.testing.assert_array_equal(kernel.rho.detach(), [[0, 0, 0], [0, 0, 0], [-2, 3, 0]])
    assert kernel.scale[1].item() == pytest.approx(0.25)


@pytest.mark.parametrize("scale", [0.0, 1e9])
def test_a_scale_beyond_its_bounds_is_kept_inside(scale: float) -> None:
    kernel = build({}, 3)
    kernel.set_scale(0, scale)
    constraint = kernel.raw_scale_constraint
    assert constraint.lower_bound < kernel.scale[0] < constraint.upper_bound


@pytest.mark.parametrize("sources", GRAPHS.values(), ids=GRAPHS.keys())
def test_support_is_where_the_amplitude_can_be_other_than_zero(sources: dict[int, list[int]]) -> None:
    kernel = build(sources, 1 + max([2, *sources]))
    for process in kernel.processes()[: kernel.num_tasks]:
        assert process.support == tuple((process.amplitude.diagonal() != 0).tolist())


def test_only_sources_have_a_row_effect() -> None:
    """That of a task without followers could not be told from its noise."""
    kernel = build({2: [0], 3: [2]}, 4)
    assert kernel.row_tasks == [0, 2]
    kernel.set_row_effect(torch.tensor([0.1, 0.2, 0.3, 0.4]))
    torch.testing.assert_close(kernel.row_loadings, torch.tensor([0.1, 0.3], dtype=torch.float64), check_dtype=False)
    assert not hasattr(build({}, 2), "row_loadings")


def test_each_task_comes_after_its_sources() -> None:
    for sources in GRAPHS.values():
        whole = {task: tuple(sources.get(task, ())) for task in range(1 + max([2, *sources]))}
        order = topological_order(whole)
        assert sorted(order) == list(whole)
        assert all(order.index(source) < order.index(task) for task, several in whole.items() for source in several)


def test_a_circle_is_named() -> None:
    with pytest.raises(ParameterError, match=r"sources go in a circle: (0 -> 1 -> 0|1 -> 0 -> 1); .* leave one"):
        build({0: [1], 1: [0]}, 2)
    with pytest.raises(ParameterError, match="sources go in a circle: 1 -> 1; a task cannot be computed from itself"):
        build({1: [1]}, 2)


def test_an_unknown_source_is_named() -> None:
    with pytest.raises(ParameterError, match=r"sources name the tasks \[5\], but there are 2 tasks; .* from 0 to 1"):
        build({1: [0, 5]}, 2)


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(ParameterError, match=r"sources name the tasks \[7\], but there are 2 tasks; .* from 0 to 1"):
        build({7: [0]}, 2)


def test_a_source_named_twice_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"sources of the tasks \[1\] name a source more than once; write each"):
        build({1: [0, 0]}, 2)


def test_as_many_parameter_sets_as_tasks() -> None:
    """A batch of T matrices T x T is not taken for a stack of vectors."""
    single = [build({1: [0]}, 2, seed=seed) for seed in (0, 1)]
    batch = AutoregressiveKernel([input_kernel("rbf", 2, torch.Size([2])) for _ in range(2)], {1: [0]}, torch.Size([2]))
    with torch.no_grad():
        batch.weights.copy_(torch.stack([kernel.weights for kernel in single]))
    expected = torch.stack([kernel.propagation() for kernel in single])
    torch.testing.assert_close(batch.propagation(), expected)
