"""Values against independent codes: mf2 2022.6 (itself checked against Surjanovic and Bingham's Matlab), by hand.

Those of the sinusoids are worked out from the printed formulas.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from mfgp.datasets import Synthetic, borehole, currin, forrester, park, shifted_sinusoid, sinusoid

REFERENCE = [
    (forrester, [0.1], -9.328288387152787, -0.6565767743055739),
    (forrester, [0.757249], -5.437880027867886, -6.020740055735769),
    (currin, [0.25, 0.5], 8.600302835723294, 8.665411098552225),
    (currin, [0.8, 0.02], 10.472333256145033, 10.46450304245102),
    (currin, [0.5, 0.0], 11.739431611953194, 11.714733542319749),
    (park, [0.2, 0.4, 0.6, 0.8], 13.60596773611457, 12.733002036749259),
    (park, [0.9, 0.1, 0.3, 0.5], 8.281355801258908, 8.792607217345733),
    (borehole, [0.1, 25000, 90000, 1050, 90, 760, 1400, 11000], 56.65643787746249, 71.1967716993199),
    (sinusoid, [0.0625], 1.0, 0.0625 - math.sqrt(2.0)),
    (sinusoid, [0.96875], -math.sqrt(0.5), 0.5 * (0.96875 - math.sqrt(2.0))),
    (shifted_sinusoid, [0.0], 0.0, math.sin(math.pi / 10) ** 2),
    (shifted_sinusoid, [0.05], math.sin(0.4 * math.pi), 1.0025),
    (borehole, [0.05, 100, 115600, 990, 63.1, 820, 1680, 9855], 6.227196097929609, 7.825327290236191),
]


@pytest.mark.parametrize("problem, point, low, high", REFERENCE)
def test_values_agree_with_an_independent_code(problem: Synthetic, point: list[float], low: float, high: float) -> None:
    truth = problem.truth(pd.DataFrame([point], columns=problem.inputs))
    np.testing.assert_allclose(truth.to_numpy(), [[low, high]], rtol=1e-12, atol=1e-15)


def test_forrester_has_its_published_minimum() -> None:
    best = minimize_scalar(
        lambda x: forrester.functions["high"](np.array([[x]]))[0], bounds=(0.6, 0.9), method="bounded"
    )
    assert best.x == pytest.approx(0.757249, abs=1e-5)
    assert best.fun == pytest.approx(-6.020740, abs=1e-6)


def test_park_agrees_with_the_printed_formula_and_stays_finite_at_its_edge() -> None:
    x1, x2, x3, x4 = 1e-3, 0.9, 0.8, 0.7
    printed = x1 / 2 * (math.sqrt(1 + (x2 + x3**2) * x4 / x1**2) - 1) + (x1 + 3 * x4) * math.exp(1 + math.sin(x3))
    assert park.functions["high"](np.array([[x1, x2, x3, x4]]))[0] == pytest.approx(printed, rel=1e-12)
    assert np.isfinite(park.functions["high"](np.zeros((1, 4)))).all()


def test_currin_is_quiet_and_finite_at_its_edges() -> None:
    corners = pd.DataFrame({"x1": [0.0, 0.0, 1.0, 1.0], "x2": [0.0, 1.0, 0.0, 1.0]})
    assert np.isfinite(currin.truth(corners)).all(axis=None)


@pytest.mark.parametrize("problem", [forrester, currin, park, borehole], ids=lambda problem: problem.name)
def test_fidelities_are_related_but_not_equal(problem: Synthetic) -> None:
    X, _ = problem.sample({"low": 500}, random_state=0)
    truth = problem.truth(X)
    assert truth.corr().loc["low", "high"] > 0.3
    assert (truth["low"] - truth["high"]).abs().mean() > 0.01 * truth["high"].std()
