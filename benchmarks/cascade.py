"""Tasks that are nonlinear in one another: the cascade against the linear architectures, and against Emukit's model.

    python -m benchmarks.cascade [--seeds 10] [--first 0] [--jobs 2] [--out FILE.csv]

Perdikaris' sinusoid and the phase-shifted one, 50 low and 14 high noise-free points, the high points among the low
ones as in the paper. Each seed draws a Latin hypercube design. On 1001 points, of the high fidelity: the root mean
square error as a share of the function's deviation, the log density (of the mixture that a cascade predicts, and of a
normal otherwise), the share of the points in the 90% interval, and the seconds of the fit and the prediction. Where
Emukit is installed, its nonlinear model is run as in its tutorial, with the noise fixed at zero and 5 starts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.utils.parallel import Parallel, delayed

from mfgp import CascadeGP, DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP
from mfgp.datasets import Synthetic, shifted_sinusoid, sinusoid
from mfgp.prediction import CascadePrediction

SIZES = {"low": 50, "high": 14}
SMALLEST = 1e-6  # deviation, as a share of the function's, below which none is believed
PROBLEMS = {problem.name: problem for problem in (sinusoid, shifted_sinusoid)}


@dataclass(frozen=True)
class Answer:
    """Means, log densities of the truth, and whether it is in the 90% interval, at each point."""

    mean: np.ndarray
    log_density: np.ndarray
    inside: np.ndarray


def normal(mean: np.ndarray, std: np.ndarray, truth: pd.Series) -> Answer:
    """The answer of a normal prediction."""
    std = np.maximum(std, SMALLEST * truth.std())
    return Answer(mean, norm.logpdf(truth, mean, std), np.abs(truth - mean) <= norm.ppf(0.95) * std)


def ours(new: Callable[[], DifferenceGP]) -> Callable[..., Answer]:
    """An architecture of this package."""

    def answer(X: pd.DataFrame, Y: pd.DataFrame, grid: pd.DataFrame, truth: pd.Series) -> Answer:
        prediction = new().fit(X, Y).predict_distribution(grid)
        place = prediction.tasks.index("high")
        if not isinstance(prediction, CascadePrediction):
            return normal(prediction.means[:, place], prediction.deviations[:, place], truth)
        values = prediction.means.copy()
        values[:, place] = truth
        interval = prediction.interval(0.9)["high"]
        inside = (interval["lower"] <= truth) & (truth <= interval["upper"])
        return Answer(prediction.means[:, place], prediction.log_density(values)["high"].to_numpy(), inside.to_numpy())

    return answer


def emukit(X: pd.DataFrame, Y: pd.DataFrame, grid: pd.DataFrame, truth: pd.Series) -> Answer:
    """Emukit's nonlinear autoregressive model over GPy (Perdikaris et al. 2017)."""
    import GPy
    from emukit.multi_fidelity.convert_lists_to_array import convert_xy_lists_to_arrays
    from emukit.multi_fidelity.models.non_linear_multi_fidelity_model import (
        NonLinearMultiFidelityModel,
        make_non_linear_kernels,
    )

    seen = [(X.to_numpy()[Y[task].notna()], Y[[task]].dropna().to_numpy()) for task in Y]
    kernels = make_non_linear_kernels(GPy.kern.RBF, 2, X.shape[1])
    np.random.seed(0)  # noqa: NPY002  (GPy draws its starts from numpy's global state)
    model = NonLinearMultiFidelityModel(
        *convert_xy_lists_to_arrays(*zip(*seen, strict=True)),
        n_fidelities=2,
        kernels=kernels,
        verbose=False,
        optimization_restarts=5,
    )
    for each in model.models:
        each.Gaussian_noise.variance.fix(0)
    model.optimize()
    mean, variance = model.predict(np.column_stack([grid.to_numpy(), np.ones(len(grid))]))
    return normal(mean[:, 0], np.sqrt(variance[:, 0].clip(min=0.0)), truth)


MODELS: dict[str, Callable[..., Answer]] = {
    "CascadeGP": ours(CascadeGP),
    "CascadeGP, rbf": ours(lambda: CascadeGP(kernel="rbf")),
    "DifferenceGP": ours(DifferenceGP),
    "MultiTaskGP": ours(MultiTaskGP),
    "LatentVariableGP": ours(LatentVariableGP),
    "IndependentGP": ours(IndependentGP),
}
if find_spec("emukit") is not None:
    MODELS["Emukit, nonlinear"] = emukit


def run(problem: Synthetic, name: str, seed: int) -> dict[str, object]:
    """One line of the table in full."""
    X, Y = problem.sample(SIZES, nested=True, random_state=seed)
    grid = pd.DataFrame({"x": np.linspace(0.0, 1.0, 1001)})
    truth = problem.truth(grid)["high"]
    began = time.perf_counter()
    answer = MODELS[name](X, Y, grid, truth)
    return {
        "problem": problem.name,
        "model": name,
        "seed": seed,
        "error": np.sqrt(np.mean(np.square(answer.mean - truth))) / truth.std(),
        "log density": np.mean(answer.log_density),
        "coverage": np.mean(answer.inside),
        "seconds": time.perf_counter() - began,
    }


def main() -> None:
    """Parse the arguments, print means and standard errors over the seeds, and write every line where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, help="CSV file to write every line to")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    jobs = [delayed(run)(problem, name, seed) for problem in PROBLEMS.values() for seed in seeds for name in MODELS]
    lines = pd.DataFrame(Parallel(n_jobs=arguments.jobs)(jobs))
    groups = lines.drop(columns="seed").groupby(["problem", "model"], sort=False)
    for name, table in {"mean": groups.mean(), "median": groups.median(), "standard error": groups.sem()}.items():
        print(f"{name} over {len(seeds)} seeds\n{table.round(3).to_string()}\n")
    if arguments.out:
        lines.to_csv(arguments.out, index=False)


if __name__ == "__main__":
    main()
