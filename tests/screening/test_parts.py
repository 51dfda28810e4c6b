"""Rankings and histograms of parts are those of the whole; greedy choices; what progress says."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from mfgp.screening.diverse import choose_together
from mfgp.screening.histogram import BINS, Histogram
from mfgp.screening.progress import Progress
from mfgp.screening.ranking import Ranking, rounded
from mfgp.screening.source import MappedPool, hash_of, open_pool

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
parts_of_numbers = st.lists(st.lists(numbers, max_size=20), min_size=1, max_size=6)


@given(parts_of_numbers)
def test_a_histogram_of_parts_is_that_of_the_whole(parts: list[list[float]]) -> None:
    found = Histogram()
    for part in parts:
        found = found.merged(Histogram.of(np.array(part)))
    together = np.array(list(itertools.chain(*parts)))
    assert found == Histogram.of(together)
    assert found.total == len(together)
    assert len(found.counts) <= BINS
    assert Histogram.from_dict(found.as_dict()) == found


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_bins_hold_the_values_between_their_edges(values: list[float]) -> None:
    array = np.array(values)
    for line in Histogram.of(array).to_frame(bins=8).itertuples():
        assert line.count == ((array >= line.lower) & (array < line.upper)).sum()


def test_a_histogram_is_no_number() -> None:
    assert Histogram() != 3


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.5, 0.25, 1.0]), max_size=12), min_size=1, max_size=6), st.integers(1, 9)
)
def test_a_ranking_of_parts_is_that_of_sorting_everything(parts: list[list[float]], size: int) -> None:
    empty = pd.DataFrame({"row": pd.Series(dtype=int), "score": pd.Series(dtype=float)})
    found, before = Ranking.of(size, empty, empty), 0
    for part in parts:
        figures = pd.DataFrame({"row": np.arange(len(part)), "score": np.array(part, dtype=float)})
        found = found.followed_by(Ranking.of(size, figures, figures), before)
        before += len(part)
    scores = np.array(list(itertools.chain(*parts)))
    expected = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:size]
    assert found.figures["row"].tolist() == expected


@given(numbers)
@example(np.finfo(float).max)
def test_rounded_scores_are_near_and_absorb_rounding(value: float) -> None:
    score = rounded(np.array([value]))[0]
    assert abs(score - value) <= 1e-12 * abs(value)
    assert rounded(np.array([score]))[0] == score


def test_the_greedy_choice_is_nearly_the_best_of_all() -> None:
    """At least 1 - 1/e of it, for every criterion whose utility is not negative."""
    generator = np.random.default_rng(0)
    for _ in range(20):
        factor = generator.standard_normal((3, 9))
        holds = (generator.standard_normal((400, 3)) @ factor + 0.3 * generator.standard_normal((400, 9)) > 0.8) * 1.0
        order = np.argsort(-holds.mean(axis=0), kind="stable")
        holds = holds[:, order]
        chosen, gains = choose_together(3, holds.mean(axis=0), holds)
        worth = holds[:, chosen].max(axis=1).mean()
        best = max(holds[:, list(some)].max(axis=1).mean() for some in itertools.combinations(range(9), 3))
        assert np.isclose(sum(gains), worth)
        assert worth >= (1.0 - np.exp(-1.0)) * best
        assert sorted(gains, reverse=True) == gains
        assert len(set(chosen)) == 3


def test_no_more_rows_are_chosen_than_there_are() -> None:
    assert choose_together(5, np.array([0.5, 0.4]), np.eye(2))[0] == [0, 1]


def test_progress_of_a_pool_of_unknown_length() -> None:
    assert str(Progress(500, None, 500, 10.0)) == "500 rows, 50 a second"
    assert Progress(500, None, 500, 10.0).left is None
    assert str(Progress(10_000, 1_000_000, 1000, 10.0)).endswith("2 h 45 min left")
    assert str(Progress(10, 20, 0, 0.0)) == "10 of 20 rows, nan a second"


def test_a_hash_of_parts_is_that_of_the_whole_and_tells_cells_of_any_kind() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": pd.Series([7, "x"], dtype=object), "c": pd.Categorical(["x", "y"])})
    frame["d"] = pd.Series([[1], {"a": (1, 2)}], dtype=object)
    assert hash_of([frame]) == hash_of([frame.iloc[:1], frame.iloc[1:]])
    for name, value in {"a": 3.0, "b": "y", "c": "x", "d": None}.items():
        changed = frame.copy()
        changed.loc[1, name] = value
        assert hash_of([changed]) != hash_of([frame])


def doubled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(twice=2 * rows["x"])


def test_a_changed_pool_is_the_other_with_changed_rows() -> None:
    frame = pd.DataFrame({"x": np.arange(10), "z": 0})
    other = open_pool(frame, ["x"], 4)
    pool = open_pool(MappedPool(other, doubled, {"change": "doubled"}), ["twice"], 3)
    chunks = [pickle.loads(pickle.dumps(chunk.load))() for chunk in pool.chunks()]
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    pd.testing.assert_frame_equal(pd.concat(chunks), doubled(frame)[["twice"]])
    assert pool.head(5)["twice"].tolist() == [0, 2, 4, 6, 8]
    assert pool.total == 10
    assert pool.describe() == other.describe() | {"change": "doubled"}
