from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from mfgp.errors import ParameterError
from mfgp.validation import Comparison, HighestValues, Validation, compare
from mfgp.validation.verdict import HARMS, HELPS, LEVEL, OPEN, judge
from tests.validation.estimators import Means

RNG = np.random.default_rng(0)


def test_one_estimator_is_a_t_test_with_the_variance_of_dependent_folds() -> None:
    d = pd.DataFrame({"a": RNG.normal(-0.3, 1.0, 10)})
    found = judge(d, share=0.25).loc["a"]
    statistic = d["a"].mean() / (d["a"].std() * np.sqrt(0.1 + 0.25))
    assert found["t"] == pytest.approx(statistic)
    assert found["p_helps"] == pytest.approx(t.cdf(statistic, 9))
    assert found["p_harms"] == pytest.approx(t.sf(statistic, 9))


def test_alike_estimators_count_as_one_and_others_as_several() -> None:
    d = RNG.normal(-0.8, 1.0, 12)
    alone = judge(pd.DataFrame({"a": d}), 0.2).loc["a", "p_helps"]
    alike = judge(pd.DataFrame({"a": d, "b": d + 1e-4 * RNG.normal(size=12)}), 0.2).loc["a", "p_helps"]
    three = judge(pd.DataFrame({"a": d, "b": RNG.normal(size=12), "c": RNG.normal(size=12)}), 0.2).loc["a", "p_helps"]
    assert alone == pytest.approx(alike, rel=0.15)
    assert 1.3 * alone < three < 3.0 * alone + 1e-3


def test_helping_and_harming_are_mirror_images() -> None:
    d = pd.DataFrame({"a": RNG.normal(-1.0, 0.3, 8), "b": RNG.normal(0.0, 0.3, 8), "c": RNG.normal(2.0, 0.3, 8)})
    there, back = judge(d, 0.2), judge(-d, 0.2)
    assert there["verdict"].tolist() == [HELPS, OPEN, HARMS]
    assert back["verdict"].tolist() == [HARMS, OPEN, HELPS]
    np.testing.assert_allclose(there["p_helps"], back["p_harms"], atol=1e-3)


def test_without_a_difference_it_rarely_says_helps() -> None:
    """Folds with the correlation that the variance assumes: at most the level of 150, and what chance allows."""
    rng, share, folds = np.random.default_rng(1), 0.25, 10
    correlation = share / (1.0 + share)
    wrong = 0
    for _ in range(150):
        common = np.sqrt(correlation) * rng.standard_normal(3)
        d = common + np.sqrt(1.0 - correlation) * rng.standard_normal((folds, 3))
        wrong += (judge(pd.DataFrame(d, columns=list("abc")), share)["verdict"] == HELPS).any()
    assert wrong <= 150 * LEVEL + 3 * np.sqrt(150 * LEVEL * (1.0 - LEVEL))


def test_a_single_fold_tells_nothing() -> None:
    found = judge(pd.DataFrame({"a": [-5.0], "b": [5.0]}), 0.2)
    assert found["verdict"].tolist() == [OPEN, OPEN]
    assert found["p_helps"].isna().all()


def validation(errors: np.ndarray) -> Validation:
    truth = np.zeros(len(errors))
    fold = np.arange(len(errors)) // 4
    columns = {"row": range(len(errors)), "fold": fold, "repeat": 0, "truth": truth, "mean": errors, "std": 1.0}
    folds = pd.DataFrame({"repeat": 0, "available": 16, "learned": 16, "cheap": 0, "predicted": 4, "seconds": 0.1},
                         index=pd.RangeIndex(len(errors) // 4, name="fold"))  # fmt: skip
    return Validation("gap", pd.DataFrame(columns), folds)


def comparison(**factors: float) -> Comparison:
    errors = 2.0 + RNG.random(40)
    validations = {
        ("cold", name): validation(factor * errors * (1.0 + 0.01 * RNG.random(40))) for name, factor in factors.items()
    }
    return Comparison("gap", validations, "alone")


def test_the_best_of_those_that_help_is_recommended_with_its_reason() -> None:
    result = comparison(good=0.8, better=0.5, bad=1.5, alone=1.0)
    found = result.verdicts("mae").loc["cold"]
    assert found["verdict"].to_dict() == {"good": HELPS, "better": HELPS, "bad": HARMS}
    assert found.loc["better", "change"] == pytest.approx(-0.5, abs=0.01)
    assert (found["lower"] < found["change"]).all()
    assert (found["change"] < found["upper"]).all()
    line = result.recommendation("mae").loc["cold"]
    assert line["verdict"] == HELPS
    assert line["recommended"] == "better"
    assert line["reason"].startswith("mae of better, the best that shares, against alone: -50% (95% interval -5")
    assert "cold: sharing helps" in repr(result)


def test_sharing_harms_if_even_the_best_does() -> None:
    line = comparison(bad=1.2, worse=1.5, alone=1.0).recommendation("rmse").loc["cold"]
    assert (line["verdict"], line["recommended"]) == (HARMS, "alone")
    assert "rmse of bad" in line["reason"]
    line = comparison(same=1.0, worse=1.5, alone=1.0).recommendation("rmse").loc["cold"]
    assert (line["verdict"], line["recommended"]) == (OPEN, "alone")
    assert line["reason"].endswith("so it may as well be chance")


def test_log_densities_are_compared_by_their_difference() -> None:
    result = comparison(better=0.5, alone=1.0)
    scores = [result["cold", name].scores()["nlpd"].mean() for name in ("better", "alone")]
    assert result.verdicts("nlpd").loc[("cold", "better"), "change"] == pytest.approx(scores[0] - scores[1])


@pytest.mark.parametrize("score", ["mae", "crps", "nlpd", "interval_score"])
def test_a_unit_changes_no_verdict(score: str) -> None:
    small = comparison(a=0.9, b=1.1, alone=1.0)
    scaled = {
        key: replace(v, predictions=v.predictions.assign(mean=1000 * v.predictions["mean"], std=1000.0))
        for key, v in small.validations.items()
    }
    large = Comparison("gap", scaled, "alone")
    pd.testing.assert_frame_equal(small.verdicts(score), large.verdicts(score), rtol=1e-6)


def test_what_cannot_be_told_is_no_reason_to_share(X: pd.DataFrame, Y: pd.DataFrame) -> None:
    result = compare({"shifted": Means(0.01), "plain": Means()}, X, Y, task="high", cv=HighestValues())
    found = result.recommendation()
    assert set(found["verdict"]) == {OPEN}
    assert set(found["recommended"]) == {"plain"}


def test_scores_of_which_more_is_better_are_refused() -> None:
    with pytest.raises(ParameterError, match="score='r2', expected one of 'mae', 'rmse', 'nlpd', 'crps', 'interval_"):
        comparison(a=1.0, alone=1.0).verdicts("r2")


def test_a_baseline_alone_has_no_verdict() -> None:
    with pytest.raises(ParameterError, match="there is no estimator but the baseline 'alone'; compare it with others"):
        comparison(alone=1.0).verdicts()
    assert repr(comparison(alone=1.0)) == "Comparison for 'gap' of alone; baseline alone"
