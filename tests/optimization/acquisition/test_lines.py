import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from mfgp.optimization.acquisition.lines import expected_maximum

NORMALS = torch.from_numpy(norm.ppf((np.arange(20000) + 0.5) / 20000))
ALL = torch.ones(6, dtype=torch.bool)
lines = arrays(float, (2, 6), elements=st.floats(-3, 3).map(lambda value: round(value, 2)))


@given(lines, st.sampled_from([0.0, 0.3]), st.integers(1, 6))
def test_closed_form_is_the_integral(drawn: np.ndarray, margin: float, count: int) -> None:
    levels, slopes = torch.from_numpy(drawn)
    found = expected_maximum(levels, slopes, torch.arange(6) < count, margin)
    outcomes = levels[:, None] + slopes[:, None] * NORMALS
    best = levels[:count].argmax()
    assert found.gain == pytest.approx((outcomes.max(0).values.mean() - levels[best]).item(), abs=2e-3)
    other = (outcomes.max(0).values > outcomes[best] + margin + 1e-9).double().mean().item()
    assert found.chance == pytest.approx(other, abs=2e-3)


@given(lines)
def test_repeating_a_line_changes_nothing(drawn: np.ndarray) -> None:
    levels, slopes = torch.from_numpy(drawn)
    twice = expected_maximum(torch.cat([levels, levels]), torch.cat([slopes, slopes]), torch.cat([ALL, ALL]))
    torch.testing.assert_close(twice.gain, expected_maximum(levels, slopes, ALL).gain, atol=1e-12, rtol=0)


def test_two_lines_are_the_expected_improvement() -> None:
    best, mean, deviation = 1.0, 0.3, 0.7
    u = (mean - best) / deviation
    expected = deviation * (norm.pdf(u) + u * norm.cdf(u))
    levels, slopes = torch.tensor([[best, mean], [0.0, deviation]], dtype=torch.float64)
    found = expected_maximum(levels, slopes, ALL[:2])
    assert found.gain == pytest.approx(expected, rel=1e-12)
    assert found.chance == pytest.approx(norm.cdf(u), rel=1e-12)


def test_what_is_not_held_gains_by_its_level_alone() -> None:
    """As does a candidate that is believed better than all that are measured, however surely."""
    found = expected_maximum(torch.tensor([1.0, 3.0]), torch.zeros(2), torch.tensor([True, False]))
    assert (found.gain.item(), found.chance.item()) == (2.0, 1.0)


def test_parallel_lines_gain_nothing() -> None:
    found = expected_maximum(torch.tensor([0.0, 1.0, 1.0]), torch.tensor([0.5, 0.5, 0.5]), ALL[:3])
    assert (found.gain.item(), found.chance.item()) == (0.0, 0.0)


def test_gain_scales_with_the_lines() -> None:
    torch.manual_seed(0)
    levels, slopes = torch.randn(2, 4, 9, dtype=torch.float64)
    held = torch.arange(9) < 4
    scaled = expected_maximum(5.0 - 1.0 + 3.0 * levels, -3.0 * slopes, held)
    torch.testing.assert_close(scaled.gain, 3.0 * expected_maximum(levels, slopes, held).gain)


def test_gradient() -> None:
    torch.manual_seed(1)
    levels, slopes = torch.randn(2, 3, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: expected_maximum(a, b, torch.arange(7) < 5).gain, (levels, slopes))


def test_blocks_give_the_same_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(2)
    levels, slopes = torch.randn(2, 11, 5, dtype=torch.float64)
    monkeypatch.setattr("mfgp.optimization.acquisition.lines.ENTRIES", 60)
    blocks = expected_maximum(levels, slopes, ALL[:5])
    for place in range(11):
        alone = expected_maximum(levels[place], slopes[place], ALL[:5])
        assert math.isclose(alone.gain.item(), blocks.gain[place].item(), rel_tol=1e-12)
