"""Problems draw what they say, and Hartmann's function has its published minimum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.problems import PUBLISHED, TEST_POINTS, Problem, hartmann, six_inputs


def test_hartmann_has_its_published_minimum() -> None:
    """-3.32237 of the plain function, at the point given with it, is -(2.58 + 3.32237) / 1.94 here."""
    best = np.array([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573])
    values = hartmann.truth(pd.DataFrame([best], columns=hartmann.inputs))
    assert values["high"].item() == pytest.approx(-(2.58 + 3.32237) / 1.94, abs=1e-5)


def test_the_low_fidelity_touches_the_exponential_at_minus_four_ninths_of_nine() -> None:
    """((1 + (u + 4) / 9) e^(-4/9))^9 equals e^u at u = -4, and lies below it elsewhere near there."""
    u = np.array([-5.0, -4.0, -3.0])
    nearly = (np.exp(-4 / 9) * (1 + (u + 4) / 9)) ** 9
    assert nearly[1] == pytest.approx(np.exp(-4.0))
    assert (nearly[[0, 2]] < np.exp(u[[0, 2]])).all()


def test_sizes_and_noise() -> None:
    problem = Problem(PUBLISHED[2], 30, 7, noise=0.1)
    train = problem.draw(seed=3)
    assert [len(y) for y in train.y] == [30, 7]
    exact = Problem(PUBLISHED[2], 30, 7).draw(seed=3)
    np.testing.assert_array_equal(train.x[0], exact.x[0])
    spread = problem.function.truth(pd.DataFrame(problem.test()[0], columns=problem.function.inputs)).std()
    assert np.std(train.y[0] - exact.y[0]) == pytest.approx(0.1 * spread["low"], rel=0.4)
    assert (train.noisy, exact.noisy) == (True, False)


def test_a_fifth_of_the_values_is_of_the_high_fidelity() -> None:
    problem = six_inputs(100)
    assert (problem.low, problem.high) == (80, 20)
    x, truth = problem.test()
    assert x.shape == (TEST_POINTS, 6)
    assert truth.shape == (TEST_POINTS,)


def test_a_unit_cube_and_standardised_values() -> None:
    train = Problem(PUBLISHED[3], 40, 8).draw(seed=0)
    unit = train.unit(train.x[0])
    assert 0.0 <= unit.min() < 0.1
    assert 0.9 < unit.max() <= 1.0
    values, mean, scale = train.standardized()
    assert [y.std(ddof=1) for y in values] == pytest.approx([1.0, 1.0])
    np.testing.assert_allclose(values[-1] * scale + mean, train.y[-1])
