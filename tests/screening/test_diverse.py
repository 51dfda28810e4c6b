"""The rows that are best together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mfgp

INPUTS = ["a", "b"]
WINDOW = "1.38 < high < 1.42"


@pytest.mark.parametrize(
    "rank_by", ["probability", "high", "upper(high, 2)", "improvement(high, 1.8)", "value(1, cost)"]
)
def test_the_first_choice_is_the_best(model: mfgp.DifferenceGP, pool: pd.DataFrame, rank_by: str) -> None:
    found = mfgp.screen(model, pool, where=WINDOW, rank_by=rank_by, least_probability=0.0, diverse=1)
    assert found.diverse is not None
    assert found.diverse["rank"].tolist() == [1]
    assert found.diverse["gain"].tolist() == found.best["score"].head(1).tolist()


@pytest.mark.parametrize("rank_by", ["probability", "upper(high, 2)", "quantile(high, 0.9)", "improvement(high, 1.8)"])
def test_copies_of_one_row_are_chosen_last(model: mfgp.DifferenceGP, pool: pd.DataFrame, rank_by: str) -> None:
    """Ten copies of the best row are the ten best by themselves, and one idea together."""
    options = {"where": WINDOW, "rank_by": rank_by, "least_probability": 0.0}
    first = mfgp.screen(model, pool, top=1, **options).best["row"].iloc[0]
    rows = pd.concat([pool.iloc[[first]]] * 10 + [pool.head(100)], ignore_index=True)
    found = mfgp.screen(model, rows, top=20, diverse=5, **options)
    assert found.best["row"].head(10).tolist() == list(range(10))
    assert found.diverse is not None
    assert (found.diverse["row"] < 10).sum() == 1
    assert found.diverse["gain"].is_monotonic_decreasing


def test_what_a_batch_is_worth_is_the_probability_of_a_hit(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    """Against draws from BoTorch's joint posterior of the rows that were chosen."""
    import torch

    found = mfgp.screen(model, pool, where=WINDOW, diverse=4).diverse
    assert found is not None
    rows = torch.from_numpy(pool[INPUTS].to_numpy()[found["row"]])
    draws = model.model_.posterior(rows, output_indices=[1]).rsample(torch.Size([20_000])).squeeze(-1)
    hit = ((draws > 1.38) & (draws < 1.42)).any(dim=-1).double().mean().item()
    assert found["together"].iloc[-1] == pytest.approx(hit, abs=0.03)
    assert found["together"].is_monotonic_increasing


@pytest.mark.parametrize("observed", [False, True])
def test_each_row_has_by_itself_the_distribution_that_is_predicted(pool: pd.DataFrame, observed: bool) -> None:
    """Though each knows a value, from which the others could learn."""
    X = pool.loc[:9, INPUTS]
    Y = pd.DataFrame({"low": np.sin(9 * X["a"]), "high": np.sin(9 * X["a"]) + X["b"] ** 2})
    model = mfgp.MultiTaskGP().fit(X, Y)
    rows = pool.iloc[200:260].assign(low=np.sin(9 * pool["a"].iloc[200:260]))
    found = mfgp.screen(model, rows, where="high > 0.8", given="low", observed=observed, top=60)
    assert found.together is not None
    np.testing.assert_allclose(found.together.mean(axis=0), found.best["probability"], atol=0.04)


def test_choices_do_not_depend_on_chunks(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    one, other = (
        mfgp.screen(model, pool, where=WINDOW, diverse=4, precision="double", chunk_rows=size) for size in (700, 1500)
    )
    assert one.diverse is not None
    assert other.diverse is not None
    pd.testing.assert_frame_equal(one.diverse, other.diverse, check_exact=True)
