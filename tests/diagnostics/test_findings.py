"""For each finding a case in which it says something, and one in which it does not."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import mfgp
from mfgp.architectures.checking import fitted_of
from mfgp.diagnostics import Fitted, Part
from mfgp.diagnostics.optimisation import convergence, explanations, numerics
from mfgp.diagnostics.parameters import bounds, parameters, priors
from mfgp.diagnostics.relations import relations, shared_rows, values
from mfgp.diagnostics.residuals import calibration, outliers, skill
from mfgp.diagnostics.rows import constant_inputs, duplicates, new_rows
from mfgp.inference import ExactPosterior
from mfgp.inference.objective import Objective
from tests.diagnostics.fits import fit, table


@pytest.fixture
def fitted() -> Fitted:
    return fitted_of(fit("DifferenceGP"))


def with_status(fitted: Fitted, **changes: Any) -> Fitted:
    return replace(fitted, report=replace(fitted.report, **changes))


def changed(fitted: Fitted, parameter: str, value: float) -> Fitted:
    """The fit with one of its raw parameters, or that of its noise, set."""
    (part,) = fitted.parts
    kernel, noise = deepcopy(part.kernel), deepcopy(part.noise)
    named = {**dict(kernel.named_parameters()), **{f"noise.{k}": v for k, v in noise.named_parameters()}}
    with torch.no_grad():
        named[parameter].fill_(value)
    posterior = ExactPosterior(kernel, noise, part.posterior.observations)
    return replace(fitted, parts=[replace(part, kernel=kernel, noise=noise, posterior=posterior)])


@pytest.mark.parametrize(
    "status, expected",
    [
        ("converged", "passed"),
        ("stopped at the limit of evaluations", "tip"),
        ("high: stopped where rounding hides further progress", "tip"),
        ("impossible: the covariance is not positive definite", "issue"),
    ],
)
def test_convergence(fitted: Fitted, status: str, expected: str) -> None:
    assert convergence(with_status(fitted, status=status)).status == expected


@pytest.mark.parametrize("jitter, expected", [(0.0, "passed"), (1e-10, "tip"), (1e-6, "issue")])
def test_numerics(fitted: Fitted, jitter: float, expected: str) -> None:
    finding = numerics(with_status(fitted, jitter=jitter))
    assert (finding.status, finding.figure) == (expected, jitter)


def rival(fitted: Fitted, behind: float, shift: float) -> Fitted:
    """The fit with a second start, so far behind, whose logarithms of the noise levels are shifted."""
    (part,) = fitted.parts
    objective = Objective(part.kernel, part.noise, part.posterior.observations)
    best = next(start for start in part.report.starts if start.name == part.report.best)
    other = replace(
        best,
        name="another",
        log_posterior=part.report.log_posterior - behind,
        parameters=(*objective.get()[:-2].tolist(), *(objective.get()[-2:] + shift).tolist()),
    )
    return replace(fitted, parts=[replace(part, report=replace(part.report, starts=(best, other)))])


def test_explanations(fitted: Fitted) -> None:
    same = explanations(rival(fitted, 0.5, 0.0))
    assert (same.status, same.figure) == ("passed", 0.0)
    assert "1 of 1 other starts ended within 2 nats of the best, and predicts the same." in same.found
    other = explanations(rival(fitted, 0.5, -3.0))
    assert (other.status, other.where) == ("issue", ("another",))
    assert other.figure > 1.0
    assert explanations(rival(fitted, 3.0, -3.0)).status == "passed"  # far less likely
    (part,) = rival(fitted, 0.5, -3.0).parts
    alone = replace(part, report=replace(part.report, starts=part.report.starts[:1]))
    assert explanations(replace(fitted, parts=[alone])).status == "not applicable"


def test_every_start_says_where_it_ended() -> None:
    model = fit("DifferenceGP")
    (part,) = fitted_of(model).parts
    objective = Objective(deepcopy(part.kernel), deepcopy(part.noise), part.posterior.observations)
    for start in model.fit_report_.starts:
        if start.observations == len(part.posterior.observations):
            value, _ = objective.value_and_gradient(np.array(start.parameters))
            assert -value == pytest.approx(start.log_posterior, abs=1e-6)


def test_bounds(fitted: Fitted) -> None:
    assert bounds(fitted).status == "passed"
    exact = bounds(changed(fitted, "noise.raw_scale", np.log(1.2e-5)))
    assert (exact.status, exact.where) == ("tip", ("noise of 'low'", "noise of 'high'"))
    rough = bounds(changed(fitted, "input_kernels.0.raw_lengthscale", np.log(0.015)))
    assert rough.status == "issue"
    assert rough.where == ("lengthscale of 'a' (low)", "lengthscale of 'b' (low)")
    without = bounds(changed(fitted, "input_kernels.0.raw_lengthscale", np.log(9e3)))
    assert (without.status, without.figure) == ("tip", 2)


def test_priors(fitted: Fitted) -> None:
    assert priors(fitted).status == "passed"
    long = priors(changed(fitted, "input_kernels.1.raw_lengthscale", np.log(2e3)))
    assert (long.status, long.where) == ("tip", ("lengthscale of 'a' (high)", "lengthscale of 'b' (high)"))
    assert long.figure < long.threshold
    steep = priors(changed(fitted, "weights", 60.0))
    assert steep.where == ("weight of 'low' in 'high'",)


def test_parameters_have_names() -> None:
    names = {name: [each.name for each in parameters(fitted_of(fit(name)))] for name in ("MultiTaskGP", "CascadeGP")}
    assert "loading 1 of 'high'" in names["MultiTaskGP"]
    assert "own part of 'low'" in names["MultiTaskGP"]
    assert "row effect of 'low'" in names["MultiTaskGP"]
    assert "lengthscale of 'b' (process 0)" in names["MultiTaskGP"]
    for expected in ("curve", "slope 1", "lengthscale over source 0", "noise", "scale"):
        assert f"{expected} of 'high'" in names["CascadeGP"]
    assert "lengthscale of 'a' (high given its sources)" in names["CascadeGP"]
    for several in names.values():
        assert len(set(several)) == len(several)


def few(count: int) -> Fitted:
    X, Y = table()
    Y.loc[X.index[2 * count :], "high"] = np.nan
    return fitted_of(mfgp.IndependentGP().fit(X, Y))


@pytest.mark.parametrize("count, expected", [(10, "passed"), (9, "tip"), (5, "issue")])
def test_values(count: int, expected: str) -> None:
    finding = values(few(count))
    assert (finding.status, finding.figure) == (expected, count)
    assert finding.where == (() if expected == "passed" else ("high",))


def test_relations(fitted: Fitted) -> None:
    assert relations(fitted).status == "passed"
    assert relations(fitted_of(fit("IndependentGP"))).status == "not applicable"
    X, Y = table()
    copies = relations(fitted_of(mfgp.DifferenceGP().fit(X, Y.assign(high=-3.0 * Y.low + 1.0))))
    assert (copies.status, copies.where) == ("tip", ("low", "high"))
    assert copies.figure > 0.99
    rng = np.random.default_rng(4)
    other = np.cos(5.0 * X.b) + 0.1 * rng.standard_normal(len(X))
    for name in (mfgp.DifferenceGP, mfgp.MultiTaskGP):
        unrelated = relations(fitted_of(name().fit(X, Y.assign(high=other))))
        assert unrelated.figure < 0.5, name
    alone = relations(changed(fitted, "weights", 0.0))
    assert (alone.status, alone.where) == ("tip", ("low", "high"))


def test_relations_of_a_cascade() -> None:
    fitted = fitted_of(fit("CascadeGP"))
    assert relations(fitted).figure > 0.5
    (low, high) = fitted.parts
    kernel = deepcopy(high.kernel)
    kernel.set_scales(1.0, 1e-3, torch.tensor([1e-3]))
    assert relations(replace(fitted, parts=[low, replace(high, kernel=kernel)])).status == "tip"


def test_shared_rows(fitted: Fitted) -> None:
    finding = shared_rows(fitted)
    assert (finding.status, finding.figure) == ("passed", 15)
    X, Y = table()
    Y.loc[X.index[::2], "low"] = np.nan
    for architecture in (mfgp.MultiTaskGP, mfgp.CascadeGP):
        finding = shared_rows(fitted_of(architecture().fit(X, Y)))
        assert (finding.status, finding.where) == ("tip", ("low", "high"))
    assert shared_rows(fitted_of(fit("IndependentGP"))).status == "not applicable"


def test_outliers() -> None:
    X, Y = table()
    Y.loc["row 7", "low"] += 3.0
    finding = outliers(fitted_of(mfgp.DifferenceGP().fit(X, Y)))
    assert (finding.status, finding.where[0]) == ("issue", ("row 7", "low"))
    assert finding.figure > finding.threshold > 3.0
    assert outliers(fitted_of(fit("DifferenceGP"))).status == "passed"


@pytest.mark.parametrize("factor, expected", [(0.2, "issue"), (1.0, "passed"), (5.0, "tip")])
def test_calibration(fitted: Fitted, factor: float, expected: str) -> None:
    (part,) = fitted.parts
    scale = (part.noise.scale * factor).log().detach()
    noise = deepcopy(part.noise)
    with torch.no_grad():
        noise.raw_scale.copy_(scale)
    posterior = ExactPosterior(part.kernel, noise, part.posterior.observations)
    finding = calibration(replace(fitted, parts=[replace(part, noise=noise, posterior=posterior)]))
    assert finding.status == expected
    if expected != "passed":
        assert ("small" if factor < 1.0 else "large") in finding.found
        assert set(finding.where) <= {"low", "high"}


def test_skill() -> None:
    assert skill(fitted_of(fit("DifferenceGP"))).status == "passed"
    X, Y = table()
    noise = np.random.default_rng(0).standard_normal(len(X))
    finding = skill(fitted_of(mfgp.IndependentGP().fit(X, Y.assign(low=noise))))
    assert (finding.status, finding.where) == ("issue", ("low",))
    assert finding.figure <= 0.0
    few = skill(fitted_of(mfgp.IndependentGP().fit(X.iloc[:2], Y.low.iloc[:2])))
    assert few.status == "not applicable"


def test_constant_inputs(fitted: Fitted) -> None:
    assert constant_inputs(fitted).status == "passed"
    X, Y = table()
    finding = constant_inputs(fitted_of(mfgp.IndependentGP().fit(X.assign(b=2.0, kind="only"), Y.low)))
    assert (finding.status, finding.where) == ("tip", ("b", "kind"))


@pytest.mark.parametrize("spread, expected", [(0.1, "passed"), (1.0, "issue")])
@pytest.mark.parametrize("architecture", [mfgp.DifferenceGP, mfgp.CascadeGP])
def test_duplicates(spread: float, expected: str, architecture: Any) -> None:
    X, Y = table()
    shifts = spread * np.random.default_rng(1).standard_normal(len(X))
    X, Y = pd.concat([X, X]), pd.concat([Y, Y.add(shifts, axis="index")])
    noise = pd.DataFrame({"low": 0.1}, Y.index)
    finding = duplicates(fitted_of(architecture().fit(X, Y, noise=noise)))
    assert finding.status == expected
    if expected == "issue":
        assert finding.where[0] == "low"
        assert finding.figure < 1e-6


def test_where_nothing_comes_twice_there_are_no_duplicates(fitted: Fitted) -> None:
    assert duplicates(fitted).status == "not applicable"


def test_new_rows() -> None:
    model, (X, Y) = fit("DifferenceGP"), table()
    near = new_rows(fitted_of(model, X + 0.01))
    assert near.status == "passed"
    assert near.figure < 1.0
    some = new_rows(fitted_of(model, X.assign(a=X.a.where(X.index != "row 3", 30.0))))
    assert (some.status, some.where) == ("tip", ("row 3",))
    most = new_rows(fitted_of(model, X + 50.0))
    assert (most.status, len(most.where)) == ("issue", len(X))
    assert new_rows(fitted_of(model)).status == "not applicable"
    one_place = mfgp.IndependentGP().fit(X * 0.0, Y.low)
    assert new_rows(fitted_of(one_place, X)).status == "not applicable"


def test_distances_of_new_rows_are_in_lengthscales() -> None:
    """An input without effect does not make a row strange."""
    X, _ = table(60, noise=0.01)
    model = mfgp.IndependentGP().fit(X, np.sin(3.0 * X.a))
    along_a, along_b = (new_rows(fitted_of(model, X.iloc[[0]].assign(**{name: 3.0}))) for name in ("a", "b"))
    assert along_a.figure > 3.0 * along_b.figure


def test_parts_of_a_fit_know_their_observations() -> None:
    _, Y = table()
    for name in ("DifferenceGP", "CascadeGP"):
        fitted = fitted_of(fit(name))
        part: Part
        for part in fitted.parts:
            truth = part.posterior.observations.y.numpy() * fitted.stdvs[part.latent] + fitted.means[part.latent]
            np.testing.assert_allclose(truth, Y.to_numpy()[part.rows, part.latent])
        assert fitted.counts == {"low": 30, "high": 15}
