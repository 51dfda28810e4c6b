from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import RQKernel
from scipy.optimize import OptimizeResult

from mfgp.data import Observations
from mfgp.inference import ExactPosterior, TaskNoise, fit
from mfgp.inference.objective import Objective
from mfgp.inference.optimizer import climb
from mfgp.inference.starts import starting_points
from mfgp.kernels import AutoregressiveKernel, CoregionalizationKernel, Process, TaskKernel, input_kernel


def new_noise(data: Observations) -> TaskNoise:
    return TaskNoise(2, data.task, data.noise)


def test_a_fit_is_the_same_bit_for_bit(kernel: TaskKernel, observations: Observations) -> None:
    start = {name: value.clone() for name, value in kernel.state_dict().items()}
    reports, states = [], []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002  what must not matter is the global state
        kernel.load_state_dict(start)
        noise = new_noise(observations)
        reports.append(fit(kernel, noise, observations))
        states.append({n: v.clone() for module in (kernel, noise) for n, v in module.state_dict().items()})
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items() if not value.isnan().any())
    assert reports[0].log_evidence == reports[1].log_evidence
    assert reports[0].evaluations == reports[1].evaluations


def test_a_report_describes_the_parameters_that_were_set(kernel: TaskKernel, observations: Observations) -> None:
    noise = new_noise(observations)
    report = fit(kernel, noise, observations)
    objective = Objective(kernel, noise, observations)
    assert report.log_evidence == pytest.approx(objective.log_evidence(), abs=1e-9)
    assert report.log_posterior == pytest.approx(-objective.value_and_gradient(objective.get())[0], abs=1e-9)
    assert report.status == "converged"
    assert report.jitter == 0.0
    assert report.seconds > 0.0
    assert report.log_posterior == max(start.log_posterior for start in report.starts)
    assert report.evaluations == sum(start.evaluations for start in report.starts)
    assert str(report).startswith(f"converged: log evidence {report.log_evidence:.2f} from start '{report.best}' (")


def test_starts_make_a_table(kernel: TaskKernel, observations: Observations) -> None:
    report = fit(kernel, new_noise(observations), observations)
    table = pd.DataFrame(report.starts)
    fields = ["name", "status", "log_posterior", "observations", "evaluations", "seconds", "parameters"]
    assert list(table) == fields
    assert len(table) == len(report.starts) >= 3
    assert report.best in set(table.name)
    assert table.name.is_unique
    assert (table.observations == len(observations)).all()


def test_coarse_to_fine_ends_on_all_the_observations(many_observations: Observations) -> None:
    kernel = AutoregressiveKernel([input_kernel("matern52", 2) for _ in range(2)], {1: [0]})
    noise = new_noise(many_observations)
    report = fit(kernel, noise, many_observations)
    seen = {start.name: start.observations for start in report.starts}
    assert seen.pop(report.best) == len(many_observations)
    assert set(seen.values()) == {200}
    assert report.log_evidence == pytest.approx(Objective(kernel, noise, many_observations).log_evidence(), abs=1e-9)


def test_a_fit_on_more_rows_than_the_subsets_ends_near_the_maximum() -> None:
    x = np.random.default_rng(0).random((330, 2))
    y = np.column_stack(
        [np.sin(5.0 * x[:, 0]) + x[:, 1], np.where(np.arange(330) % 4 == 0, np.cos(4.0 * x[:, 1]), np.nan)]
    )
    y += 0.1 * np.random.default_rng(1).standard_normal(y.shape)
    data = Observations.gather(2.0 * x - 1.0, y, None)
    kernel, noise = CoregionalizationKernel([input_kernel("matern52", 2)], 2, 2), TaskNoise(2, data.task)
    report = fit(kernel, noise, data)
    assert climb(Objective(kernel, noise, data), 200).log_posterior < report.log_posterior + 0.5


def test_a_known_noise_is_used_as_given(observations: Observations) -> None:
    known = torch.where(observations.task == 0, 0.3, torch.nan).double()
    data = replace(observations, noise=known)
    kernel = CoregionalizationKernel([input_kernel("matern52", 2)], 2, 2)
    noise = new_noise(data)
    fit(kernel, noise, data)
    assert noise.learned.tolist() == [False, True]
    assert noise.task_variance()[0].item() == pytest.approx(0.09)
    torch.testing.assert_close(noise.variance(data.task, data.noise**2)[data.task == 0], (known**2)[data.task == 0])


def test_values_without_noise_are_met(kernel: TaskKernel, observations: Observations) -> None:
    exact = replace(observations, noise=torch.zeros_like(observations.noise))
    noise = new_noise(exact)
    fit(kernel, noise, exact)
    mean, covariance = ExactPosterior(kernel, noise, exact).at(
        torch.cat([exact.x, exact.task.unsqueeze(-1).double()], dim=-1)
    )
    torch.testing.assert_close(mean, exact.y, rtol=1e-4, atol=1e-4)
    assert covariance.diagonal().max() < 1e-4


def test_a_jitter_is_reported(observations: Observations) -> None:
    twice = observations.take(torch.cat([torch.arange(len(observations))] * 2).sort().values)
    exact = replace(twice, noise=torch.zeros_like(twice.noise))
    report = fit(CoregionalizationKernel([input_kernel("matern52", 2)], 2, 1), new_noise(exact), exact)
    assert report.jitter > 0.0
    assert f"jitter {report.jitter:g} added" in str(report)


def test_threads_are_as_before(observations: Observations) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit(CoregionalizationKernel([input_kernel("rbf", 2)], 2, 1), new_noise(observations), observations)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_kernel_of_the_users_own_inside(observations: Observations) -> None:
    kernel = AutoregressiveKernel([RQKernel().double() for _ in range(2)], {1: [0]})
    before = kernel.input_kernels[0].alpha.item()
    report = fit(kernel, new_noise(observations), observations)
    assert np.isfinite(report.log_evidence)
    assert kernel.input_kernels[0].alpha.item() != before


class OwnKernel(TaskKernel):
    """Tasks that are equal."""

    def __init__(self) -> None:
        super().__init__(num_tasks=2)
        self.input_kernels = torch.nn.ModuleList([input_kernel("rbf", 2)])

    def processes(self) -> list[Process]:
        return [Process(self.input_kernels[0], torch.ones(2, 2, dtype=torch.float64))]


def test_a_task_kernel_of_the_users_own_starts_where_it_is(observations: Observations) -> None:
    report = fit(OwnKernel(), new_noise(observations), observations)
    assert [start.name for start in report.starts] == ["current"]


def test_starts_are_points_apart(kernel: TaskKernel, observations: Observations) -> None:
    noise = new_noise(observations)
    objective = Objective(kernel, noise, observations)
    points = [objective.get() for _ in starting_points(kernel, noise, observations)]
    assert len({tuple(point.round(6)) for point in points}) == len(points) >= 3
    lower, upper = np.array(objective.bounds()).T
    assert all(((lower <= point) & (point <= upper)).all() for point in points)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_start_takes_tasks_to_be_alike(sign: float) -> None:
    x = np.linspace(-1.5, 1.5, 20)[:, None]
    y = np.column_stack([np.sin(3 * x[:, 0]), np.where(np.arange(20) % 6 == 0, sign * np.sin(3 * x[:, 0]), np.nan)])
    data = Observations.gather(x, y, None)
    kernel = CoregionalizationKernel([input_kernel("rbf", 1)], 2, 2)
    correlations = {}
    for name in starting_points(kernel, new_noise(data), data):
        covariance = kernel.task_covariance() - torch.as_tensor(kernel.row_effect())
        correlations[name] = (covariance[0, 1] / covariance.diagonal().prod().sqrt()).item()
    assert correlations["tasks alike, as the one with the most values is"] == pytest.approx(0.98 * sign, abs=0.01)
    assert abs(correlations["tasks unrelated"]) < 0.2


def test_a_start_that_cannot_be_factorised_says_so(observations: Observations) -> None:
    class Indefinite(OwnKernel):
        def processes(self) -> list[Process]:
            amplitude = torch.tensor([[1.0, 3.0], [3.0, 1.0]], dtype=torch.float64)
            return [Process(self.input_kernels[0], amplitude)]

    exact = replace(observations, noise=torch.zeros_like(observations.noise))
    report = climb(Objective(Indefinite(), new_noise(exact), exact), evaluations=5)
    assert report.status == "impossible: the covariance is not positive definite"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("STOP: TOTAL NO. OF F,G EVALUATIONS EXCEEDS LIMIT", "stopped at the limit of evaluations"),
        ("ABNORMAL: ", "stopped where rounding hides further progress"),
        ("SOMETHING NEW: ", "stopped: something new"),
    ],
)
def test_what_the_optimiser_says_is_put_in_words(
    observations: Observations, kernel: TaskKernel, monkeypatch: pytest.MonkeyPatch, message: str, status: str
) -> None:
    objective = Objective(kernel, new_noise(observations), observations)

    def stopped(loss: Callable[[np.ndarray], object], start: np.ndarray, **_: object) -> OptimizeResult:
        loss(start)
        return OptimizeResult(success=False, message=message)

    monkeypatch.setattr("mfgp.inference.optimizer.minimize", stopped)
    assert climb(objective, evaluations=5).status == status


@pytest.mark.parametrize("spacing", [2.1e-6, 1e-7])
def test_rows_close_together_are_no_trouble_to_the_row_effect(spacing: float) -> None:
    x = np.arange(40) // 2 * spacing
    y = np.random.default_rng(0).standard_normal((40, 2))
    data = Observations.gather(np.column_stack([x, np.ones(40)]), y, None)
    report = fit(CoregionalizationKernel([input_kernel("matern52", 2)], 2, 2), new_noise(data), data)
    assert not any(start.status.startswith("impossible") for start in report.starts)
    assert report.jitter == 0.0
