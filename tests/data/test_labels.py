from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import digamma, polygamma

from mfgp.data.labels import CONCENTRATION, Labels, holds_labels
from mfgp.data.tasks import Tasks
from mfgp.errors import ColumnError, DataError

WHERE = "column 'c' of Y"
THREE = Labels(("a", "b", "c"), ordered=False)
STEPS = Labels(("a", "b", "c"), ordered=True)
TWO = Labels(("no", "yes"), ordered=False)


@pytest.mark.parametrize(
    ("column", "classes", "ordered"),
    [
        (pd.Series(["b", None, "a", "b"]), ("a", "b"), False),
        (pd.Series([True, None, False], dtype=object), (False, True), False),
        (pd.Series([True, None, False], dtype="boolean"), (False, True), False),
        (pd.Series(pd.Categorical(["lo", "hi"], ["lo", "hi", "unused"], ordered=True)), ("lo", "hi"), True),
        (pd.Series(pd.Categorical([3, 1, 2], [3, 2, 1])), (1, 2, 3), False),
    ],
)
def test_text_categories_and_booleans_are_labels(column: pd.Series, classes: tuple[object, ...], ordered: bool) -> None:
    assert holds_labels(column)
    assert Labels.learn(column, WHERE) == Labels(classes, ordered)


@pytest.mark.parametrize("values", [[0, 1], [0.0, np.nan], [None, None]])
def test_numbers_are_no_labels(values: list[object]) -> None:
    assert not holds_labels(pd.Series(values))


def test_one_class_is_refused() -> None:
    with pytest.raises(ColumnError, match="column 'c' of Y has 1 class, expected two or more that differ"):
        Labels.learn(pd.Series([True, True]), WHERE)


def test_a_class_that_the_fit_did_not_have_is_refused() -> None:
    with pytest.raises(DataError, match="holds the labels 'd', expected classes of the fit: 'a', 'b', 'c'"):
        THREE.codes(pd.Series(["a", "d"]), WHERE)


def test_scores_have_the_moments_of_a_lognormal_with_those_of_a_gamma() -> None:
    """Milios et al. (2018), equation 7: the lognormal has the mean and the variance of the Gamma variable."""
    values, noise = THREE.scores(np.array([1.0]))
    for value, deviation, concentration in zip(values[0], noise[0], CONCENTRATION + np.array([0, 1, 0]), strict=True):
        mean = np.exp(value + deviation**2 / 2)
        assert mean == pytest.approx(concentration)
        assert mean**2 * np.expm1(deviation**2) == pytest.approx(concentration)
    assert abs(values[0, 1] - digamma(1 + CONCENTRATION)) < 0.6  # and, roughly, those of its logarithm
    assert abs(noise[0, 1] ** 2 - polygamma(1, 1 + CONCENTRATION)) < 1.0


def test_two_classes_are_the_difference_of_two_scores() -> None:
    """The softmax of two independent scores is the logistic function of their difference."""
    pair = Labels(("no", "yes", "never"), ordered=False).scores(np.array([1.0]))
    value, noise = TWO.scores(np.array([1.0, 0.0]))
    assert value[0, 0] == pytest.approx(pair[0][0, 1] - pair[0][0, 0])
    assert noise[0, 0] ** 2 == pytest.approx(pair[1][0, 1] ** 2 + pair[1][0, 0] ** 2)
    np.testing.assert_allclose(value[1], -value[0])


def test_steps_are_observed_as_far_as_a_label_comes() -> None:
    values, noise = STEPS.scores(np.array([0.0, 1.0, 2.0, np.nan]))
    expected = np.array([[-1, np.nan], [1, -1], [1, 1], [np.nan, np.nan]])
    np.testing.assert_array_equal(np.sign(values), expected)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(noise))
    assert THREE.scores(np.array([np.nan]))[0].shape == (1, 3)
    assert np.isnan(THREE.scores(np.array([np.nan]))[0]).all()


@pytest.mark.parametrize("labels", [TWO, THREE, STEPS])
def test_probabilities_sum_to_one_and_follow_what_is_observed(labels: Labels) -> None:
    scores = 30.0 * np.random.default_rng(0).standard_normal((50, labels.count))
    probabilities = labels.probabilities(scores)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert (probabilities >= 0.0).all()
    codes = np.arange(len(labels.classes), dtype=float)
    observed = np.nan_to_num(labels.scores(codes)[0])
    np.testing.assert_array_equal(labels.probabilities(observed).argmax(axis=1), codes)


def test_names_of_scores() -> None:
    assert TWO.score_names("t") == ["t = yes"]
    assert THREE.score_names("t") == ["t = a", "t = b", "t = c"]
    assert STEPS.score_names("t") == ["t > a", "t > b"]


Y = pd.DataFrame({"gap": [1.0, 2.0, np.nan], "color": ["red", None, "blue"], "metal": [True, False, True]})
MORE = pd.concat([Y, Y])  # text that every row has to itself is no label


def test_tasks_with_labels_have_latents() -> None:
    tasks = Tasks.learn(MORE)
    assert tasks.latents == ("gap", "color = red", "metal = True")
    assert tasks.spans == [range(1), range(1, 2), range(2, 3)]
    values = tasks.read(Y, 3)
    np.testing.assert_array_equal(values, [[1.0, 1.0, 1.0], [2.0, np.nan, 0.0], [np.nan, 0.0, 1.0]])
    latents, noise = tasks.observe(values, None)
    assert np.isnan(noise[:, 0]).all()
    np.testing.assert_array_equal(np.isnan(latents), np.isnan(values))
    assert tasks.observe(values, np.array([[0.1] + [np.nan] * 2] * 3))[1][0, 0] == 0.1


def test_labels_come_back_in_the_form_that_they_had() -> None:
    codes = np.array([[0.5, 1.0, 0.0]])
    frame = Tasks.learn(MORE).present(codes, pd.Index(["new"]))
    assert frame.loc["new"].tolist() == [0.5, "red", False]
    series = Tasks.learn(MORE["color"]).present(codes[:, [1]], pd.Index(["new"]))
    assert (series.name, series.tolist()) == ("color", ["red"])
    vector = Tasks.learn(np.array(["red", "blue", "red"])).present(codes[:, [1]], pd.RangeIndex(1))
    assert vector.tolist() == ["red"]
    matrix = Tasks.learn(MORE.to_numpy()).present(codes, pd.RangeIndex(1))
    assert matrix.tolist() == [[0.5, "red", False]]


def test_noise_of_a_label_is_refused() -> None:
    with pytest.raises(DataError, match="noise is given for 'metal', whose values are labels: leave it out there"):
        Tasks.learn(MORE).read_noise(pd.DataFrame({"metal": [0.1, 0.1, 0.1]}), 3)
