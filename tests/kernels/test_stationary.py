from __future__ import annotations

import pytest
import torch
from gpytorch.kernels import (
    Kernel,
    LinearKernel,
    MaternKernel,
    MultitaskKernel,
    PolynomialKernel,
    RBFKernel,
    RQKernel,
    ScaleKernel,
)

from mfgp.errors import ParameterError
from mfgp.kernels import input_kernel
from mfgp.kernels.stationary import LENGTHSCALE_BOUNDS, profile, row_keys, squared_distance

NAMES = ["matern12", "matern32", "matern52", "rbf"]
R2 = torch.tensor([0.0, 1e-11, 1e-4, 0.3, 2.0, 50.0, 1e4], dtype=torch.float64)


@pytest.mark.parametrize("name", NAMES)
def test_profile_is_gpytorchs_kernel(name: str) -> None:
    kernel = input_kernel(name, 1)
    kernel.lengthscale = 1.0
    shape = profile(kernel)
    assert shape is not None
    expected = kernel(torch.zeros(1, 1).double(), R2.sqrt().unsqueeze(-1)).to_dense()[0]
    torch.testing.assert_close(shape.value(R2), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_the_derivative_of_the_value(name: str) -> None:
    shape = profile(input_kernel(name, 1))
    assert shape is not None
    r2 = R2[1:].clone().requires_grad_()
    (derivative,) = torch.autograd.grad(shape.value(r2).sum(), r2)
    value, slope = shape.value_and_slope(R2[1:].clone())
    torch.testing.assert_close(value, shape.value(R2[1:]), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(slope, derivative, rtol=1e-6, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_breaks_at_distance_zero(name: str) -> None:
    shape = profile(input_kernel(name, 1))
    assert shape is not None
    r2 = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    value = shape.value(r2)
    (derivative,) = torch.autograd.grad(value.sum(), r2)
    assert value.item() == pytest.approx(1.0, abs=1e-14)
    assert torch.isfinite(derivative).all()
    value, slope = shape.value_and_slope(torch.zeros(1, dtype=torch.float64))
    assert value.item() == pytest.approx(1.0, abs=1e-14)
    assert torch.isfinite(slope).all()


class Descendant(RBFKernel):
    """A class that may compute something else than its parent."""


@pytest.mark.parametrize(
    "kernel",
    [LinearKernel(), RQKernel(), RBFKernel(active_dims=[0]), Descendant(), ScaleKernel(RBFKernel())],
    ids=lambda kernel: type(kernel).__name__,
)
def test_other_kernels_have_no_profile(kernel: Kernel) -> None:
    assert profile(kernel) is None


def test_squared_distance_is_cdist_and_never_negative() -> None:
    generator = torch.Generator().manual_seed(0)
    x1 = torch.randn(2, 7, 3, generator=generator, dtype=torch.float64)
    x2 = torch.cat([x1[:, :2], torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)], dim=1)
    for shift in (0.0, 1e3):
        found = squared_distance(x1 + shift, x2 + shift)
        torch.testing.assert_close(found, torch.cdist(x1, x2) ** 2, rtol=1e-9, atol=1e-9)
        assert (found >= 0.0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_named_kernel_has_a_lengthscale_for_each_input_and_unit_variance(name: str) -> None:
    kernel = input_kernel(name, 3, batch_shape=torch.Size([2]))
    assert kernel.lengthscale.shape == (2, 1, 3)
    assert kernel.lengthscale.dtype == torch.float64
    assert LENGTHSCALE_BOUNDS[0] < kernel.lengthscale.min() <= kernel.lengthscale.max() < LENGTHSCALE_BOUNDS[1]
    variance = kernel(torch.rand(2, 4, 3).double(), diag=True)
    torch.testing.assert_close(variance, torch.ones(2, 4).double())


def test_names_are_the_smoothness() -> None:
    kernels = [input_kernel(name, 1) for name in NAMES]
    assert [getattr(kernel, "nu", None) for kernel in kernels] == [0.5, 1.5, 2.5, None]
    assert [type(kernel) for kernel in kernels] == [MaternKernel] * 3 + [RBFKernel]


def test_the_users_own_kernel_is_copied() -> None:
    own = RQKernel()
    copy = input_kernel(own, 5)
    assert type(copy) is RQKernel
    assert copy is not own
    copy.alpha = 7.0
    assert own.alpha.item() != pytest.approx(7.0)


def test_keys_are_equal_where_rows_are() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 7, (2000, 4), generator=generator).double() / 3.0 - 1.0
    same = (x.unsqueeze(1) == x.unsqueeze(0)).all(-1)
    keys = row_keys(x)
    assert torch.equal(keys.unsqueeze(1) == keys.unsqueeze(0), same)
    assert torch.equal(row_keys(x[17:31].clone()), keys[17:31])


def test_keys_tell_the_last_bit_and_the_column_but_not_the_sign_of_zero() -> None:
    one = torch.ones((), dtype=torch.float64)
    x = torch.tensor([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [0.0, 2.0], [-0.0, 2.0]]).double()
    x[2, 0] = torch.nextafter(one, 2 * one)
    keys = row_keys(x).tolist()
    assert len(set(keys)) == 4
    assert keys[3] == keys[4]


@pytest.mark.parametrize("wrong", ["matern", "RBF", "", 3, None, RBFKernel, ["rbf"], {"rbf"}])
def test_anything_else_is_refused(wrong: object) -> None:
    with pytest.raises(ParameterError, match="is not known; write one of 'matern52', .* or give a GPyTorch kernel"):
        input_kernel(wrong, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kernel",
    [
        RBFKernel(ard_num_dims=2),
        RBFKernel(active_dims=[1]),
        PolynomialKernel(2),
        ScaleKernel(RQKernel(ard_num_dims=1, active_dims=[0]) + LinearKernel()),
    ],
    ids=lambda kernel: type(kernel).__name__,
)
def test_a_kernel_that_suits_the_inputs_is_left_as_it_is(kernel: Kernel) -> None:
    copy = input_kernel(kernel, 2)
    for name, value in kernel.state_dict().items():
        torch.testing.assert_close(copy.state_dict()[name], value, rtol=0, atol=0)


@pytest.mark.parametrize(
    "kernel",
    [RBFKernel(ard_num_dims=3), ScaleKernel(RQKernel(ard_num_dims=3)), RBFKernel(active_dims=[0, 5])],
    ids=["more", "more within", "absent"],
)
def test_a_kernel_for_other_inputs_is_refused(kernel: Kernel) -> None:
    message = (
        f"the {type(kernel).__name__} cannot be used on 2 inputs .*write ard_num_dims=2 or leave it out, and activ"
    )
    with pytest.raises(ParameterError, match=message):
        input_kernel(kernel, 2)


@pytest.mark.parametrize(
    "kernel, shape",
    [
        (RBFKernel(batch_shape=torch.Size([3])), r"\(3, 1, 1\)"),
        (ScaleKernel(RQKernel(), batch_shape=torch.Size([3])), r"\(3, 1, 1\)"),
        (MultitaskKernel(RBFKernel(), num_tasks=2), r"\(2, 2\)"),
    ],
    ids=["batch", "batch of scales", "tasks of its own"],
)
def test_a_kernel_that_gives_more_than_one_covariance_is_refused(kernel: Kernel, shape: str) -> None:
    message = rf"gives a covariance of shape {shape} for one row, expected \(1, 1\); write a kernel on the inputs al"
    with pytest.raises(ParameterError, match=message):
        input_kernel(kernel, 2)


def test_a_batched_kernel_for_a_batch() -> None:
    batch = torch.Size([3])
    assert input_kernel(RBFKernel(batch_shape=batch), 2, batch).batch_shape == batch
    assert input_kernel(RBFKernel(), 2, batch).batch_shape == torch.Size()
