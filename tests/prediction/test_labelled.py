from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

import mfgp
from mfgp.data.labels import Labels
from mfgp.errors import ColumnError, ParameterError
from mfgp.prediction import LabelledPrediction, NormalPrediction

COLORS, STEPS, FLAG = (
    Labels(("blue", "red", "white"), False),
    Labels(("s", "m", "l"), True),
    Labels((False, True), False),
)
TASKS, SPANS = ("gap", "color", "size", "flag"), (range(1), range(1, 4), range(4, 6), range(6, 7))


def prediction(n: int = 4, seed: int = 0) -> LabelledPrediction:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n, 7, 7)) / 2.0
    names = ("gap", "color = blue", "color = red", "color = white", "size > s", "size > m", "flag = True")
    latent = NormalPrediction(names, pd.Index(list("pqrstuvw")[:n]), rng.standard_normal((n, 7)), root @ root.mT)
    return LabelledPrediction.of_latent(TASKS, latent, SPANS, {1: COLORS, 2: STEPS, 3: FLAG})


def test_numbers_have_moments_and_labels_have_none() -> None:
    p = prediction()
    np.testing.assert_array_equal(p.mean["gap"], p.latent.means[:, 0])
    assert p.mean[["color", "size", "flag"]].isna().all(axis=None)
    assert p.std["gap"].notna().all()
    np.testing.assert_allclose(p.interval()["gap"].mean(axis=1), p.mean["gap"])


def test_two_classes_against_quadrature() -> None:
    p = prediction()
    for row, found in enumerate(p.probabilities("flag")[True]):
        mean, deviation = p.latent.means[row, 6], p.latent.deviations[row, 6]
        expected, _ = quad(
            lambda z, m=mean, s=deviation: expit(z) * norm.pdf(z, m, s), mean - 10 * deviation, mean + 10 * deviation
        )
        assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("task", ["color", "size", "flag"])
def test_probabilities_against_draws(task: str) -> None:
    p = prediction()
    found = p.probabilities(task)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    codes = p.sample(20_000, seed=1)[:, :, TASKS.index(task)]
    shares = np.stack([(codes == code).mean(axis=0) for code in range(found.shape[1])], axis=-1)
    np.testing.assert_allclose(found, shares, atol=0.015)


def test_draws_are_joint() -> None:
    """A label drawn goes with the number drawn as their scores are correlated."""
    covariance = np.array([[[1.0, 2.7], [2.7, 9.0]]])
    latent = NormalPrediction(("gap", "flag = True"), pd.RangeIndex(1), np.zeros((1, 2)), covariance)
    p = LabelledPrediction.of_latent(("gap", "flag"), latent, (range(1), range(1, 2)), {1: FLAG})
    gap, flag = p.sample(4000, seed=0)[:, 0].T
    assert gap[flag == 1].mean() - gap[flag == 0].mean() > 0.8
    same = p.draw(np.random.default_rng(0).standard_normal((10, 1, p.dimension)))
    assert same.shape == (10, 1, 2)


def test_labels_are_the_most_probable_classes() -> None:
    p = prediction()
    assert list(p.labels.columns) == ["color", "size", "flag"]
    assert p.labels["color"].tolist() == p.probabilities("color").idxmax(axis=1).tolist()
    assert p.labels["size"].cat.ordered
    assert p.labels["size"].cat.categories.tolist() == ["s", "m", "l"]


def test_one_task_some_rows_and_blocks_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    p = prediction()
    assert isinstance(p["gap"], NormalPrediction)
    for task in ("color", "size", "flag"):
        pd.testing.assert_frame_equal(p[task].probabilities(task), p.probabilities(task))
        pd.testing.assert_frame_equal(p.take(slice(1, 3)).probabilities(task), p.probabilities(task).iloc[1:3])
    monkeypatch.setattr("mfgp.prediction.labelled.BLOCK_ENTRIES", 1)
    pd.testing.assert_frame_equal(prediction().probabilities("color"), p.probabilities("color"))


def test_the_table_has_numbers_classes_and_probabilities() -> None:
    frame = prediction().to_frame()
    expected = [
        "gap_mean",
        "gap_std",
        "gap_lower",
        "gap_upper",
        "color_class",
        "color_blue",
        "color_red",
        "color_white",
    ]
    assert frame.columns.tolist() == [
        *expected,
        "size_class",
        "size_s",
        "size_m",
        "size_l",
        "flag_class",
        "flag_False",
        "flag_True",
    ]
    assert "Prediction of 4 rows" in repr(prediction())


def test_sums_are_of_numbers_alone() -> None:
    p = prediction()
    doubled = p.combine(np.array([[2.0], [0.0], [0.0], [0.0]]), np.ones(1), ("double",))
    np.testing.assert_allclose(doubled.means[:, 0], 2 * p.latent.means[:, 0] + 1)
    with pytest.raises(ColumnError, match="'color' is a label, with which there is no arithmetic; use its probab"):
        p.combine(np.array([[1.0], [1.0], [0.0], [0.0]]), np.zeros(1), ("sum",))
    with pytest.raises(ColumnError, match=r"'gap' is no label; the labels are \['color', 'size', 'flag'\]"):
        p.probabilities("gap")


@pytest.mark.parametrize("task", ["color", "size", "flag"])
def test_a_condition_on_a_label_has_the_probability_of_its_classes(task: str) -> None:
    p = prediction()
    every = {value: p.of(mfgp.task(task).isin([value])) for value in p.probabilities(task)}
    np.testing.assert_allclose(sum(each.probability for each in every.values()), 1.0, atol=1e-12)  # at equal draws
    for value, found in every.items():
        assert found.settled.all()
        assert (found.error < 0.005).all()
        np.testing.assert_allclose(found.probability, p.probabilities(task)[value], atol=0.01)
        exact = p.of(mfgp.task(task).isin([value]), tolerance=0.0005)
        assert ((found.probability - exact.probability).abs() < 5 * found.error + 1e-3).all()


def test_conditions_on_labels_and_numbers_are_joint() -> None:
    p = prediction()
    red, wide, flag = mfgp.task("color") == "red", mfgp.task("gap") > 0.5, mfgp.task("flag") == True  # noqa: E712
    for condition in (red & wide, red | ~flag, (red | wide) & ~flag, mfgp.task("size").isin(["s", "l"]) & wide):
        found = p.of(condition, tolerance=0.004)
        np.testing.assert_allclose(found.probability, found.sample(40_000, seed=3).mean(axis=0), atol=0.012)
    parts = p.of(red & wide).probability + p.of(red & ~wide).probability
    np.testing.assert_allclose(parts, p.of(red).probability, atol=0.015)
    pd.testing.assert_series_equal(
        p.of("color == 'red' and gap > 0.5").probability, p.of(red & wide).probability, check_names=False
    )


def test_a_label_that_follows_a_number_goes_with_it() -> None:
    """A score that is ten times the number is positive where the number is: the flag adds a logistic error only."""
    covariance = np.array([[[1.0, 100.0], [100.0, 10_000.0]]])
    latent = NormalPrediction(("gap", "flag = True"), pd.RangeIndex(1), np.zeros((1, 2)), covariance)
    p = LabelledPrediction.of_latent(("gap", "flag"), latent, (range(1), range(1, 2)), {1: FLAG})
    flag = mfgp.task("flag") == True  # noqa: E712
    assert p.of(flag & (mfgp.task("gap") > 0)).probability.item() == pytest.approx(0.5, abs=0.01)
    assert p.of(flag & (mfgp.task("gap") < 0)).probability.item() == pytest.approx(0.0, abs=0.01)


def test_a_condition_outside_its_domain_for_some_classes_only() -> None:
    """Where the gap is negative the logarithm decides nothing, unless the color does."""
    p = prediction()
    condition = (mfgp.task("color") == "red") & (mfgp.log(mfgp.task("gap")) > -1.0)
    found = p.of(condition, tolerance=0.002)
    drawn = found.sample(40_000, seed=5)
    np.testing.assert_allclose(found.invalid, np.isnan(drawn).mean(axis=0), atol=0.01)
    np.testing.assert_allclose(found.probability, np.nanmean(drawn, axis=0), atol=0.015)


def test_what_labels_cannot_be_asked() -> None:
    p = prediction()
    color, gap = mfgp.task("color"), mfgp.task("gap")
    for expression in (color, color + 1, color > 1, (color > 1) & (gap > 1), abs(color - gap) < 1):
        with pytest.raises(ColumnError, match=r"takes 'color' for a number, but it is a label.* == 'blue', or .*isin"):
            p.of(expression)
    with pytest.raises(ColumnError, match=r"gap == 'red' asks 'gap' for its class, but it is a number; compare it"):
        p.of(gap == "red")
    with pytest.raises(
        ParameterError, match=r"'color' has no class 'rad' \(did you mean 'red'\?\); its classes are 'bl"
    ):
        p.of("color in ['blue', 'rad']")
    with pytest.raises(ColumnError, match="asks 'gap' for its class, but it is a number"):
        p["gap"].of(gap == "red")
