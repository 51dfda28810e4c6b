from __future__ import annotations

import numpy as np
import pandas as pd

import mfgp
from mfgp.optimization import Box, Costs, Decision, Pool
from mfgp.optimization.acquisition import Uniform
from mfgp.optimization.spread import far_apart

BOX = Box({"radius": (0.5, 2.0), "layers": range(1, 6), "metal": ["Cu", "Ni"]})


def test_a_sample_of_a_box_is_the_beginning_of_a_larger_one_and_lies_within() -> None:
    large = BOX.sample(500, 3)
    pd.testing.assert_frame_equal(BOX.sample(7, 3), large.iloc[:7])
    assert not BOX.sample(7, 4).equals(large.iloc[:7])
    assert large["radius"].between(0.5, 2.0).all()
    assert large["layers"].value_counts(normalize=True).reindex(range(1, 6)).sub(0.2).abs().max() < 0.01
    assert large["metal"].value_counts(normalize=True).sub(0.5).abs().max() < 0.01


def test_a_box_contains_its_bounds_though_they_are_rounded_and_nothing_beyond() -> None:
    lower, upper = np.sort(np.random.default_rng(0).normal(size=(200, 2)) * 10.0 ** np.arange(-100, 100)[:, None]).T
    corners = np.array([[0.0], [1.0]])
    for bounds in zip(lower.tolist(), upper.tolist(), strict=True):
        box, slack = Box({"x": bounds}), 1e-15 * max(-bounds[0], bounds[1])
        assert box.contains(box.from_unit(corners)).all()
        assert box.contains(pd.DataFrame({"x": [float(f"{bound:.7g}") for bound in bounds]})).all()
        beyond = [bounds[0] - 2e-6 * abs(bounds[0]) - slack, bounds[1] + 2e-6 * abs(bounds[1]) + slack]
        assert not box.contains(pd.DataFrame({"x": beyond})).any()


def test_what_a_box_contains() -> None:
    box = Box({"n": range(7, 1001, 2), "metal": ["Cu", "Ni"]}, [mfgp.parse("n < 100")])
    rows = {
        (7, "Cu"): True,
        (8, "Cu"): False,
        (5, "Cu"): False,
        (9, "Fe"): False,
        (101, "Ni"): False,
        (9.0, "Ni"): True,
    }
    assert box.contains(pd.DataFrame(list(rows), columns=["n", "metal"])).tolist() == list(rows.values())


def test_a_pool_contains_its_candidates_as_they_were_rounded_and_no_others() -> None:
    """Also where numbers are spread over decades, or are the same for all, or the neighbour breaks a condition."""
    frame = pd.DataFrame({"c": 10.0 ** np.arange(-6, 1), "kelvin": 300.0, "metal": list("ABABABA")})
    pool = Pool(frame)
    assert pool.contains(frame.astype({"c": "float32"})).all()
    assert pool.contains(frame[::-1][["metal", "kelvin", "c"]]).all()
    for changed in ({"c": 1.1 * frame["c"]}, {"c": 0.0}, {"kelvin": 300.01}, {"metal": "C"}):
        assert not pool.contains(frame.assign(**changed)).any()
    line = Pool(pd.DataFrame({"x": np.linspace(0.0, 1.0, 3001)})).where([mfgp.parse("x < 0.5")])
    assert not line.contains(pd.DataFrame({"x": [0.5, 0.5 + 1 / 3000]})).any()
    assert line.contains(line.frame[:0]).tolist() == []


def test_points_stand_for_the_candidate_that_they_were_rounded_from() -> None:
    """Also where candidates are closer together than the digits of the numbers, or one number is the same for all."""
    columns = np.random.default_rng(0).normal(size=(50, 3)) * [1e-13, 1.0, 1e6]
    frame = pd.DataFrame(columns, columns=["a", "b", "c"])
    frame = frame.assign(near=1e3 + np.arange(50) * 1e-3, kelvin=300.0, metal=["Cu", "Ni"] * 25)
    single = frame.astype(dict.fromkeys(["a", "b", "c", "near"], "float32"))
    pool = Pool(frame)
    expected = [[label] for label in range(50)]
    for told in (frame, single):
        assert pool.labels_of([tuple(row) for row in told.itertuples(index=False)]) == expected
    for changed in ({"a": frame["a"] * (1 + 1e-5)}, {"near": 999.0}, {"kelvin": 300.01}, {"metal": "Fe"}):
        assert pool.labels_of([tuple(row) for row in frame.assign(**changed).itertuples(index=False)]) == [[]] * 50
    assert pool.labels_of([]) == []


def test_conditions_reject_points_of_a_box_and_keep_the_order_of_the_others() -> None:
    conditions = [mfgp.parse("radius * layers < 4"), mfgp.parse("metal == 'Cu' or radius > 1")]
    points = BOX.sample(400, 0)
    kept = points[(points.radius * points.layers < 4) & ((points.metal == "Cu") | (points.radius > 1))]
    found = BOX.where(conditions).sample(len(kept), 0)
    pd.testing.assert_frame_equal(found, kept.reset_index(drop=True))


def test_points_that_are_taken_do_not_come_again_and_a_finite_box_ends() -> None:
    finite = Box({"n": range(3), "metal": ["Cu", "Ni"]})
    nothing = finite.from_unit(np.empty((0, 2)))
    whole = finite.space_filling(100, nothing, 0)
    assert len(whole) == 6
    assert not whole.duplicated().any()
    rest = finite.space_filling(100, whole.iloc[:2], 0)
    pd.testing.assert_frame_equal(rest, whole.iloc[2:].reset_index(drop=True))


def test_rows_far_apart_are_within_twice_of_the_best_spread() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((40, 2))
    chosen = far_apart(points, 4, np.empty((0, 2)), np.random.default_rng(1))
    assert len(set(chosen.tolist())) == 4

    def spread(places: np.ndarray) -> float:
        distances = np.linalg.norm(points[places, None] - points[None, places], axis=-1)
        return float(distances[np.triu_indices(len(places), 1)].min())

    tried = max(spread(rng.choice(40, 4, replace=False)) for _ in range(2000))
    assert spread(chosen) >= tried / 2


def test_candidates_far_from_what_is_taken_count_units_and_levels_alike() -> None:
    frame = pd.DataFrame({"kelvin": [300.0, 310.0, 600.0], "metal": ["Cu", "Ni", "Cu"]}, index=["a", "b", "c"])
    pool = Pool(frame)
    near = pool.space_filling(1, frame.loc[["a"]], 0)
    assert near.index.tolist() == ["b"]  # another level is farther than the whole range of the numbers
    scaled = Pool(frame.assign(kelvin=frame.kelvin * 1000 - 7))
    assert (
        scaled.space_filling(3, frame.iloc[:0], 5).index.tolist()
        == pool.space_filling(3, frame.iloc[:0], 5).index.tolist()
    )
    assert pool.space_filling(9, frame.iloc[:0], 5, np.array([0, 2])).index.isin(["a", "c"]).all()


def test_random_measurements_spend_alike_on_each_task_and_leave_closed_pairs_alone() -> None:
    pool = Pool(pd.DataFrame({"x": np.linspace(0, 1, 3000)}))
    closed = np.zeros((3000, 2), dtype=bool)
    closed[:1500] = True
    rest = (None, pool, (), (), Costs.read({"low": 1, "high": 9}), ("low", "high"), pool.frame.iloc[:0])
    chosen = Uniform().choose(Decision(*rest, closed, 0), 500)  # type: ignore[arg-type]
    assert not chosen.index.isin(range(1500)).any()
    assert 0.82 < (chosen["task"] == "low").mean() < 0.98
    box = Decision(None, Box({"x": (0, 1)}), *rest[2:], None, 0)  # type: ignore[arg-type]
    assert 0.85 < (Uniform().choose(box, 1000)["task"] == "low").mean() < 0.95
    pd.testing.assert_frame_equal(Uniform().choose(box, 9), Uniform().choose(box, 9))
