"""The joint distribution of a cascade: against closed forms, against draws and against importance sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mfgp.cascade import CascadeModel
from mfgp.data import Observations
from mfgp.errors import PrecisionWarning
from mfgp.inference import Known
from mfgp.inference.cascade import Cascade
from mfgp.inference.conditional import Conditional
from mfgp.inference.nodes import Cells, Evidence, fine_nodes, pooled_nodes, prior_nodes, sobol_normals
from mfgp.inference.noise import TaskNoise
from mfgp.kernels import AutoregressiveKernel, CascadeKernel, TaskKernel, input_kernel

CHAIN: dict[int, list[int]] = {0: [], 1: [0], 2: [1]}
FORK: dict[int, list[int]] = {0: [], 1: [0], 2: [0, 1]}
X_NEW = torch.tensor([[-0.9], [0.35], [1.6]], dtype=torch.float64)
NOISE = 0.1
NAN = math.nan


def make_cascade(sources: dict[int, list[int]]) -> Cascade:
    """Six values of each task, and hyperparameters that nobody fitted."""
    x = torch.linspace(-1.5, 1.5, 6, dtype=torch.float64).unsqueeze(-1)
    low = torch.sin(2.0 * x)
    values = torch.cat([low, low.square() - 0.4 * x, 0.5 * torch.cos(3.0 * low) + low], dim=-1)
    conditionals = {}
    for task, several in sources.items():
        kernel: TaskKernel = AutoregressiveKernel([input_kernel("matern52", 1)], sources={})
        rows = x
        if several:
            kernel = CascadeKernel(input_kernel("matern52", 1), input_kernel("matern52", 1), 1, len(several))
            kernel.set_scales(own=0.3, curve=0.8, slopes=torch.full((len(several),), 0.6))
            rows = torch.cat([x, values[:, several], torch.zeros(6, len(several), dtype=torch.float64)], dim=-1)
        count = torch.zeros(6, dtype=torch.long)
        observations = Observations(rows, count, values[:, task], torch.full((6,), NOISE).double(), torch.arange(6))
        noise = TaskNoise(1, count, observations.noise)
        conditionals[task] = Conditional(kernel, noise, observations, several)
    return Cascade(conditionals, 3)


@pytest.fixture(scope="module", params=[CHAIN, FORK], ids=["chain", "fork"])
def cascade(request: pytest.FixtureRequest) -> Cascade:
    return make_cascade(request.param)


# Which tasks are known, each half a deviation from its mean, and the share of their variance that is noise.
KNOWN: dict[str, tuple[list[int], float]] = {
    "nothing": ([], 0.0),
    "the first": ([0], 0.3),
    "the first exactly": ([0], 0.0),
    "the second": ([1], 0.3),
    "the second exactly": ([1], 0.0),
    "the last": ([2], 0.3),
    "the last exactly": ([2], 0.0),
    "the last two": ([1, 2], 0.3),
}


def make_known(cascade: Cascade, name: str) -> Known:
    tasks, share = KNOWN[name]
    nothing = Known.nothing(len(X_NEW), 3, X_NEW)
    joint = cascade.joint(X_NEW, nothing)
    spread = joint.covariance.diagonal(dim1=1, dim2=2)
    is_known = torch.isin(torch.arange(3), torch.tensor(tasks))
    return Known(torch.where(is_known, joint.mean + 0.5 * spread.sqrt(), NAN), share * spread)


@pytest.fixture(params=KNOWN)
def known(cascade: Cascade, request: pytest.FixtureRequest) -> Known:
    return make_known(cascade, request.param)


def importance_sampling(cascade: Cascade, known: Known, size: int = 2**14) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the tasks: each drawn after its sources, weighted by the densities of what is known."""
    normals = sobol_normals(size, 3).unsqueeze(1)
    values = torch.zeros(size, len(X_NEW), 3, dtype=torch.float64)
    log_weight = torch.zeros(size, len(X_NEW), dtype=torch.float64)
    for task, conditional in cascade.conditionals.items():
        mean, variance = conditional.at(X_NEW, values[..., list(conditional.sources)])
        value, noise = known.value[:, task], known.variance[:, task]
        if not value.isnan().any():
            total = variance + noise
            log_weight += -0.5 * (value - mean).square() / total - 0.5 * torch.log(total)
            mean, variance = mean + variance / total * (value - mean), variance * noise / total
        values[..., task] = mean + variance.sqrt() * normals[..., task]
    weight = torch.softmax(log_weight, dim=0)
    assert bool((1.0 / weight.square().sum(0) > 1000).all())  # enough of them count
    mean = (weight.unsqueeze(-1) * values).sum(0)
    centred = values - mean
    return mean, torch.einsum("sb,sbi,sbj->bij", weight, centred, centred)


def moments(draws: Tensor) -> tuple[Tensor, Tensor]:
    centred = draws - draws.mean(0)
    return draws.mean(0), torch.einsum("sbi,sbj->bij", centred, centred) / len(draws)


def agree(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor], tolerance: float) -> None:
    """Means and covariances to a part of the deviations."""
    scale = other[1].diagonal(dim1=1, dim2=2).clamp_min(1e-8).sqrt()
    assert ((one[0] - other[0]).abs() / scale).max() < tolerance
    assert ((one[1] - other[1]).abs() / (scale.unsqueeze(-1) * scale.unsqueeze(-2))).max() < 2.0 * tolerance


def test_the_joint_is_that_of_importance_sampling(cascade: Cascade, known: Known) -> None:
    agree(tuple(cascade.joint(X_NEW, known)), importance_sampling(cascade, known), 0.03)


def test_draws_have_the_moments_of_the_joint(cascade: Cascade, known: Known) -> None:
    normals = sobol_normals(2**12, 3).unsqueeze(1)
    agree(moments(cascade.draw(X_NEW, known, normals)), tuple(cascade.joint(X_NEW, known)), 0.03)


def test_draws_of_rows_have_normals_of_their_own(cascade: Cascade) -> None:
    normals = torch.randn(50, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    known = make_known(cascade, "the last")
    together = cascade.draw(X_NEW, known, normals)
    for row in range(3):
        alone = cascade.draw(X_NEW[[row]], known.at(torch.tensor([row])), normals[:, [row]])
        torch.testing.assert_close(together[:, [row]], alone, rtol=0, atol=1e-6)


def test_a_source_known_exactly_is_plugged_in() -> None:
    cascade = make_cascade(CHAIN)
    known = make_known(cascade, "the second exactly")
    joint = cascade.joint(X_NEW, known)
    mean, variance = cascade.conditionals[2].at(X_NEW, known.value[None, :, 1:2])
    torch.testing.assert_close(joint.mean[:, 2], mean[0])
    torch.testing.assert_close(joint.covariance[:, 2, 2], variance[0])
    torch.testing.assert_close(joint.mean[:, 1], known.value[:, 1])
    assert joint.covariance[:, 1].abs().max() < 1e-12


def test_a_known_value_of_much_noise_says_nothing(cascade: Cascade) -> None:
    joint = cascade.joint(X_NEW, make_known(cascade, "nothing"))
    vague = cascade.joint(
        X_NEW, Known(make_known(cascade, "the last two").value, torch.full((3, 3), 1e9, dtype=torch.float64))
    )
    agree(tuple(vague), tuple(joint), 0.01)


def test_rows_that_know_different_things_are_taken_one_by_one(cascade: Cascade) -> None:
    chosen = [make_known(cascade, "nothing"), make_known(cascade, "the last"), make_known(cascade, "the first exactly")]
    mixed = Known(*(torch.stack([each[part][row] for row, each in enumerate(chosen)]) for part in range(2)))
    joint = cascade.joint(X_NEW, mixed)
    for row, each in enumerate(chosen):
        alone = cascade.joint(X_NEW[[row]], each.at(torch.tensor([row])))
        torch.testing.assert_close(joint.mean[row], alone.mean[0], rtol=0, atol=1e-7)
        torch.testing.assert_close(joint.covariance[row], alone.covariance[0], rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["nothing", "the first", "the last"])
@pytest.mark.parametrize("task", [0, 1, 2])
def test_densities_integrate_to_the_moments_and_to_the_quantiles(cascade: Cascade, name: str, task: int) -> None:
    known, noise = make_known(cascade, name), 0.01
    joint = cascade.joint(X_NEW, known)
    mean, deviation = joint.mean[:, task], (joint.covariance[:, task, task] + noise).sqrt()
    steps = torch.linspace(-7.0, 7.0, 141, dtype=torch.float64)
    at = mean + steps.unsqueeze(-1) * deviation
    many = Known(known.value.repeat(len(steps), 1), known.variance.repeat(len(steps), 1))
    x = X_NEW.repeat(len(steps), 1)
    density = cascade.log_density(task, x, many, noise, at.flatten()).exp().view_as(at)
    width = deviation * (steps[1] - steps[0])
    torch.testing.assert_close((density * width).sum(0), torch.ones(3, dtype=torch.float64), rtol=0, atol=5e-3)
    torch.testing.assert_close(
        (density * width * (at - mean)).sum(0) / deviation, torch.zeros_like(mean), rtol=0, atol=0.02
    )
    spread = (density * width * (at - mean).square()).sum(0) / deviation.square()
    torch.testing.assert_close(spread, torch.ones_like(mean), rtol=0, atol=0.04)
    for probability in (0.05, 0.5, 0.9):
        quantile = cascade.quantile(task, X_NEW, known, noise, probability)
        below = (density * width * torch.clamp((quantile - at) / width + 0.5, 0.0, 1.0)).sum(0)
        torch.testing.assert_close(below, torch.full_like(mean, probability), rtol=0, atol=0.01)


def test_quantiles_and_densities_of_the_last_of_three_are_those_of_its_draws() -> None:
    """Tasks that hardly differ from functions of the tasks before them, so that nodes would show as lumps."""
    x = torch.linspace(0.0, 1.0, 41, dtype=torch.float64).unsqueeze(-1)
    x = x[(x[:, 0] < 0.3) | (x[:, 0] > 0.8)]
    first = torch.sin(8.0 * x)
    model = CascadeModel(
        Observations.gather(x.numpy(), torch.cat([first, first**2, torch.sin(3.0 * first**2)], -1).numpy(), None),
        {0: [], 1: [0], 2: [1]},
    )
    x_new, nothing = torch.tensor([[0.5], [0.6]], dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    known = Known.nothing(2, 3, x_new)
    draws = model.draw(x_new, known, sobol_normals(2**14, 3).unsqueeze(1).expand(-1, 2, -1))
    for probability in (0.05, 0.5, 0.95):
        quantile = model.quantile(x_new, known, nothing, probability)
        below = (draws < quantile).double().mean(0)
        torch.testing.assert_close(below, torch.full_like(below, probability), rtol=0, atol=0.01)
    at = draws[::512].clone()
    density = torch.stack([model.log_density(x_new, known, nothing, each) for each in at])
    width = 0.02 * draws.std(0)
    counted = torch.stack([((draws - each).abs() < width).double().mean(0) for each in at]) / (2.0 * width)
    torch.testing.assert_close(density.mean(0), counted.log().mean(0), rtol=0, atol=0.3)


@pytest.mark.parametrize("sources", [CHAIN, FORK], ids=["chain", "fork"])
def test_a_conditional_of_many_values_is_that_of_each(sources: dict[int, list[int]]) -> None:
    conditional = make_cascade(sources).conditionals[2]
    values = 2.0 * sobol_normals(512, len(sources[2])).unsqueeze(1).expand(-1, 3, -1)
    mean, variance = conditional.at(X_NEW, values)
    few = [conditional.at(X_NEW, part) for part in values[:40].split(4)]
    torch.testing.assert_close(mean[:40], torch.cat([part[0] for part in few]), rtol=0, atol=1e-7)
    torch.testing.assert_close(variance[:40], torch.cat([part[1] for part in few]), rtol=0, atol=1e-7)


def test_values_that_differ_by_rounding_alone_are_one_value() -> None:
    conditional = make_cascade(CHAIN).conditionals[2]
    for value in np.random.default_rng(0).uniform(0.1, 0.9, 20):
        mean, _ = conditional.at(X_NEW, torch.full((1, 3, 1), value, dtype=torch.float64))
        values = torch.full((99, 3, 1), value, dtype=torch.float64)
        values[::2] = np.nextafter(value, 1.0)
        many, _ = conditional.at(X_NEW, values)
        torch.testing.assert_close(many, mean.expand(99, -1), rtol=0, atol=1e-9)


LIKE = torch.zeros(1, dtype=torch.float64)


@pytest.mark.parametrize("degree", range(11))
def test_nodes_of_one_coordinate_integrate_polynomials(degree: int) -> None:
    points, weights = prior_nodes(1, LIKE)
    expected = 0.0 if degree % 2 else float(math.prod(range(degree - 1, 0, -2)))
    assert (weights * points[..., 0] ** degree).sum().item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "powers, expected", [((0, 0), 1.0), ((2, 2), 1.0), ((4, 2), 3.0), ((3, 2), 0.0), ((6, 4), 45.0)]
)
def test_nodes_of_two_coordinates_integrate_polynomials(powers: tuple[int, int], expected: float) -> None:
    points, weights = prior_nodes(2, LIKE)
    found = (weights * points[..., 0] ** powers[0] * points[..., 1] ** powers[1]).sum()
    assert found.item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_nodes_of_no_and_of_many_coordinates() -> None:
    points, weights = prior_nodes(0, LIKE)
    assert points.shape == (1, 1, 0)
    assert weights.tolist() == [[1.0]]
    points, weights = prior_nodes(4, LIKE)
    second = torch.einsum("sb,sbi,sbj->ij", weights, points, points)
    torch.testing.assert_close(second, torch.eye(4, dtype=torch.float64), rtol=0, atol=0.03)


def test_strata_are_of_a_standard_normal() -> None:
    points, weights = fine_nodes(1, LIKE)
    assert weights.sum().item() == pytest.approx(1.0)
    for place in (-1.5, 0.0, 0.75):
        assert (weights * (points[..., 0] < place)).sum().item() == pytest.approx(
            torch.special.ndtr(torch.tensor(place)).item(), abs=0.01
        )


@pytest.mark.parametrize("noise", [1.0, 1e-2, 1e-6, 0.0])
@pytest.mark.parametrize("value", [0.3, -4.0])
def test_evidence_that_is_straight_in_one_coordinate_has_a_closed_form(value: float, noise: float) -> None:
    slope, own = 2.0, 1e-6

    def predict(points: Tensor) -> list[Evidence]:
        full = torch.full((1,), value, dtype=torch.float64)
        return [Evidence(full, torch.full_like(full, noise), 0.5 + slope * points, torch.full_like(points, own))]

    variance = 1.0 / (1.0 + slope**2 / (noise + own))
    mean = variance * slope * (value - 0.5) / (noise + own)
    cells = Cells(predict, 1, LIKE)
    points, weights = cells.nodes()
    assert weights.sum().item() == pytest.approx(1.0)
    found = (weights * points[..., 0]).sum().item()
    assert found == pytest.approx(mean, abs=0.02 * variance**0.5)
    spread = (weights * (points[..., 0] - found).square()).sum().item()
    assert spread == pytest.approx(variance, rel=0.06)  # cells have a width
    quantile = cells.quantile(torch.tensor([[0.5], [0.841344746]], dtype=torch.float64)).flatten().tolist()
    assert quantile == pytest.approx([mean, mean + variance**0.5], abs=0.02 * variance**0.5)


@pytest.mark.parametrize("noise", [1.0, 1e-2, 1e-4])
def test_evidence_that_is_straight_in_two_coordinates_has_a_closed_form(noise: float) -> None:
    slopes, value = torch.tensor([1.0, -2.0], dtype=torch.float64), 1.5

    def log_likelihood(points: Tensor) -> Tensor:
        return -0.5 * (value - points @ slopes).square() / noise

    covariance = torch.linalg.inv(torch.eye(2, dtype=torch.float64) + torch.outer(slopes, slopes) / noise)
    mean = covariance @ slopes * value / noise
    nodes = pooled_nodes(log_likelihood, 1, 2, LIKE)
    found = (nodes.weights.unsqueeze(-1) * nodes.points).sum(0)
    centred = nodes.points - found
    spread = torch.einsum("sb,sbi,sbj->ij", nodes.weights, centred, centred)
    torch.testing.assert_close(found[0], mean, rtol=0, atol=0.03)
    torch.testing.assert_close(spread, covariance, rtol=0, atol=0.03)
    picked = nodes.pick((torch.arange(2000, dtype=torch.float64).unsqueeze(-1) + 0.5) / 2000)
    torch.testing.assert_close(picked.mean(0)[0], mean, rtol=0, atol=0.04)


def test_nodes_of_a_row_do_not_depend_on_the_rows_beside_it() -> None:
    noise = torch.tensor([1.0, 1e-4], dtype=torch.float64)  # the second takes more rounds

    def log_likelihood(points: Tensor, noise: Tensor) -> Tensor:
        return -0.5 * (points.sum(-1) - 1.5).square() / noise

    together = pooled_nodes(lambda points: log_likelihood(points, noise), 2, 2, LIKE)
    for row in range(2):
        alone = pooled_nodes(lambda points, row=row: log_likelihood(points, noise[row]), 1, 2, LIKE)
        torch.testing.assert_close(together.points[:, row], alone.points[:, 0])
        torch.testing.assert_close(together.weights[:, row], alone.weights[:, 0])


def test_what_leaves_a_pool_nearly_empty_is_blurred_and_keeps_both_of_its_places() -> None:
    def two_needles(points: torch.Tensor) -> torch.Tensor:
        return -0.5 * ((points[..., 0].abs() - 1.5) / 1e-7).square()

    message = "2 of 2 rows: what is known of a task singles out fewer than 20 of 1024.*times its deviation"
    with pytest.warns(PrecisionWarning, match=message):
        nodes = pooled_nodes(two_needles, 2, 2, LIKE)
    right = (nodes.weights * (nodes.points[..., 0] > 0.0)).sum(0)
    place = (nodes.weights * nodes.points[..., 0].abs()).sum(0)
    torch.testing.assert_close(right, torch.full((2,), 0.5, dtype=torch.float64), rtol=0, atol=0.2)
    torch.testing.assert_close(place, torch.full((2,), 1.5, dtype=torch.float64), rtol=0, atol=0.05)
