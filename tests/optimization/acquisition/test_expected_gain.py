import numpy as np
import pandas as pd
import pytest
import torch
from botorch.acquisition import ExpectedImprovement
from scipy.stats import norm

import mfgp
from mfgp.errors import ParameterError
from mfgp.optimization import Box, Costs, Decision, Pool, maximize, minimize, target
from mfgp.optimization.acquisition import ExpectedGain
from mfgp.optimization.acquisition.climbing import climb
from mfgp.optimization.acquisition.foresight import Foresight
from mfgp.optimization.acquisition.gain import Fineness, expected_worth
from mfgp.optimization.acquisition.worth import Worth

TASKS = ("low", "high")
COSTS = {"low": 0.1, "high": 1.0}


def high(rows: pd.DataFrame) -> pd.Series:
    return np.sin(7 * rows["x"]) + 0.5 * rows["y"]


def low(rows: pd.DataFrame) -> pd.Series:
    return 0.8 * high(rows) + 0.3 * rows["x"] - 1.0


@pytest.fixture(scope="module")
def pool() -> Pool:
    rng = np.random.default_rng(0)
    return Pool(pd.DataFrame(rng.random((40, 2)), columns=["x", "y"]))


@pytest.fixture(scope="module")
def model(pool: Pool) -> mfgp.DifferenceGP:
    rows = pool.frame.iloc[:14]
    return mfgp.DifferenceGP().fit(rows, pd.DataFrame({"low": low(rows), "high": high(rows).where(rows.index < 5)}))


def decide(
    model, space, objective, closed=None, constraints=(), pending=None, tasks=TASKS, costs=COSTS, seed=0, gone=None
):
    objectives = objective if isinstance(objective, tuple) else (objective,)
    if pending is None:
        pending = pd.DataFrame(columns=[*space.columns, "task"])
    if closed is None and isinstance(space, Pool):
        closed = np.zeros((len(space), len(tasks)), dtype=bool)
        closed[:14, 0], closed[:5, -1] = True, True
    return Decision(model, space, objectives, constraints, Costs.read(costs), tasks, pending, closed, seed, gone)


CLOSED_FORM = Fineness(1, 1)
HIGH_COMPLETES = torch.tensor([[False, True]])


def gains_of(model, worth, rows, inputs, fineness=CLOSED_FORM):
    return (
        Foresight(model.model_, worth, inputs[rows], inputs[:5], fineness)
        .at(inputs, HIGH_COMPLETES.expand(len(inputs), 2))
        .gain
    )


@pytest.mark.parametrize("known", [0, 5])
def test_gain_is_the_mean_of_what_conditioning_gives(pool: Pool, model: mfgp.DifferenceGP, known: int) -> None:
    """By drawing its outcome and learning from it: of all candidates, or of those measured and this one."""
    worth = Worth(mfgp.task("high"), (), TASKS)
    inputs = torch.tensor(pool.frame.to_numpy())
    foresight = Foresight(model.model_, worth, inputs, inputs[:known], CLOSED_FORM)
    found = foresight.at(inputs[[33]], HIGH_COMPLETES).gain[0]
    predicted = model.predict(pool.frame)["high"]
    noise = model.noise_
    for place, task in enumerate(TASKS):
        only = [*range(known), 33] if known and task == "high" else range(40)
        before = predicted.iloc[:known].max() if known and task == "high" else predicted.max()
        seen = model.predict_distribution(pool.frame.iloc[[33]])
        deviation = np.hypot(seen.std[task].iloc[0], noise[task])
        total = 0.0
        for share in (np.arange(40) + 0.5) / 40:
            value = seen.mean[task].iloc[0] + deviation * norm.ppf(share)
            learned = model.condition_on(pool.frame.iloc[[33]], pd.DataFrame({task: [value]}, index=[33]))
            total += learned.predict(pool.frame)["high"].iloc[only].max() / 40
        assert found[place].item() == pytest.approx(total - before, rel=0.03)  # 40 outcomes leave out the tails


def test_of_one_task_without_noise_it_is_the_expected_improvement(pool: Pool) -> None:
    rows = pool.frame.iloc[:6]
    table = pd.DataFrame({"high": high(rows)})
    model = mfgp.IndependentGP().fit(rows, table, noise=table * 0.0)
    inputs = torch.tensor(pool.frame.to_numpy())
    worth = Worth(mfgp.task("high"), (), ("high",))
    found = (
        Foresight(model.model_, worth, inputs, inputs[:6], CLOSED_FORM).at(inputs[6:], torch.ones(34, 1) > 0).gain[:, 0]
    )
    improvement = ExpectedImprovement(model.model_, best_f=table["high"].max())(inputs[6:].unsqueeze(1)).detach()
    torch.testing.assert_close(found, improvement, rtol=1e-5, atol=1e-9)


def test_a_value_that_is_known_exactly_gains_nothing(pool: Pool) -> None:
    """Its variance is rounding, and so are its covariances, which are not to be divided by each other."""
    rows = pool.frame.iloc[:20]
    table = pd.DataFrame({"low": low(rows), "high": high(rows).where(rows.index < 12)})
    model = mfgp.DifferenceGP().fit(rows, table, noise=table * 0.0)
    inputs = torch.tensor(pool.frame.to_numpy())
    worth = Worth(mfgp.task("high"), (), TASKS)
    foresight = Foresight(model.model_, worth, inputs, inputs[:12], CLOSED_FORM)
    found = foresight.at(inputs[:12], HIGH_COMPLETES.expand(12, 2)).gain
    assert found.max() < 1e-3 * foresight.at(inputs[20:], HIGH_COMPLETES.expand(20, 2)).gain.max()


def test_quadrature_agrees_with_the_closed_form(pool: Pool, model: mfgp.DifferenceGP) -> None:
    inputs = torch.tensor(pool.frame.to_numpy())
    exact = gains_of(model, Worth(mfgp.task("high"), (), TASKS), np.arange(10), inputs)
    bent = mfgp.maximum(mfgp.task("high"), -1e6)
    integrated = gains_of(model, Worth(bent, (), TASKS), np.arange(10), inputs, Fineness(101, 256))
    torch.testing.assert_close(integrated, exact, atol=2e-2 * exact.max().item(), rtol=0)


def test_gradient_of_the_gain(pool: Pool, model: mfgp.DifferenceGP) -> None:
    inputs = torch.tensor(pool.frame.to_numpy())
    foresight = Foresight(model.model_, Worth(mfgp.task("high"), (), TASKS), inputs[:8], inputs[:5], CLOSED_FORM)
    x = inputs[25:28].clone().requires_grad_()
    completes = torch.tensor([[False, True], [True, False], [True, True]])
    torch.testing.assert_close(foresight.along(x, completes), foresight.at(inputs[25:28], completes).gain)
    step = 1e-6 * torch.eye(2, dtype=torch.float64)
    ends = [[foresight.at(x.detach() + sign * s, completes).gain.sum() for sign in (1, -1)] for s in step]
    by_hand = [(up - down) / 2e-6 for up, down in ends]
    (gradient,) = torch.autograd.grad(foresight.along(x, completes).sum(), x)
    torch.testing.assert_close(gradient.sum(0), torch.stack(by_hand), rtol=1e-4, atol=1e-6)


def test_minimising_the_negative_chooses_the_same(pool: Pool, model: mfgp.DifferenceGP) -> None:
    one = ExpectedGain().choose(decide(model, pool, maximize("high")), 3)
    other = ExpectedGain().choose(decide(model, pool, minimize("-high")), 3)
    assert one.index.tolist() == other.index.tolist()
    assert one["task"].tolist() == other["task"].tolist()
    np.testing.assert_allclose(one["gain"], other["gain"])


def test_units_do_not_matter(pool: Pool, model: mfgp.DifferenceGP) -> None:
    rows = pool.frame.iloc[:14]
    scaled = mfgp.DifferenceGP().fit(
        rows, pd.DataFrame({"low": 5 - 10 * low(rows), "high": 100 + 1000 * high(rows).where(rows.index < 5)})
    )
    one = ExpectedGain().choose(decide(model, pool, maximize("high")), 1)
    other = ExpectedGain().choose(decide(scaled, pool, maximize("high")), 1)
    assert (one.index == other.index).all()
    np.testing.assert_allclose(1000 * one["gain"], other["gain"], rtol=1e-2)


def test_nothing_closed_and_nothing_twice(pool: Pool, model: mfgp.DifferenceGP) -> None:
    decision = decide(model, pool, maximize("high"))
    decision.closed[20:] = True
    found = ExpectedGain().choose(decision, 100)
    pairs = list(zip(found.index, found["task"], strict=True))
    assert len(set(pairs)) == len(pairs) == (~decision.closed).sum()
    assert not any(decision.closed[pool.labels.get_loc(label), TASKS.index(task)] for label, task in pairs)


def test_pending_measurements_are_not_gained_again(pool: Pool, model: mfgp.DifferenceGP) -> None:
    first = ExpectedGain().choose(decide(model, pool, maximize("high")), 2)
    closed = decide(model, pool, maximize("high")).closed.copy()
    closed[pool.labels.get_loc(first.index[0]), TASKS.index(first["task"].iloc[0])] = True
    pending = first.iloc[:1][["x", "y", "task"]]
    after = ExpectedGain().choose(decide(model, pool, maximize("high"), closed, pending=pending), 1)
    assert after.index[0] == first.index[1]
    assert after["gain"].iloc[0] == pytest.approx(first["gain"].iloc[1], rel=1e-6)


def test_a_task_that_tells_nothing_is_not_bought(pool: Pool) -> None:
    rows = pool.frame.iloc[:20]
    noise = np.random.default_rng(3).standard_normal(20)
    model = mfgp.IndependentGP().fit(rows, pd.DataFrame({"low": noise, "high": high(rows).where(rows.index < 6)}))
    found = ExpectedGain().choose(decide(model, pool, maximize("high")), 1)
    assert found["task"].tolist() == ["high"]


@pytest.mark.parametrize("constrained", [True, False])
def test_a_task_that_merely_occurs_is_not_bought_for_what_another_promises(pool: Pool, constrained: bool) -> None:
    """It is all but no part of the objective, or of a constraint that always holds, at a twentieth of the cost."""
    rows = pool.frame.iloc[:8]
    loss = np.random.default_rng(0).random(40)
    model = mfgp.IndependentGP().fit(rows, pd.DataFrame({"loss": loss[:8], "high": high(rows)}))
    closed = np.arange(40)[:, None] < [8, 8]
    objective = maximize("high") if constrained else maximize("high + 0.0001 * loss")
    constraints = (mfgp.parse("loss < 9"),) if constrained else ()
    tasks, costs = ("loss", "high"), {"loss": 0.05, "high": 1.0}
    decision = decide(model, pool, objective, closed, constraints, tasks=tasks, costs=costs)
    assert ExpectedGain().choose(decision, 1)["task"].tolist() == ["high"]


def test_what_completes_a_promising_candidate_is_bought(pool: Pool) -> None:
    """Where the other task of a sum is known, the one that is left shows the sum."""
    rows = pool.frame.iloc[:10]
    a, b = high(rows), 0.1 * high(rows)
    a.iloc[9] = a.max() + 3.0
    table = pd.DataFrame({"a": a, "b": b.where(rows.index < 9)})
    model = mfgp.IndependentGP().fit(rows, table, noise=table * 0.0)
    closed = np.arange(40)[:, None] < [10, 9]
    tasks, costs = ("a", "b"), {"a": 1.0, "b": 1.0}
    found = ExpectedGain().choose(decide(model, pool, maximize("a + b"), closed, tasks=tasks, costs=costs), 1)
    assert (found.index[0], found["task"].iloc[0]) == (9, "b")
    best = (a + b).iloc[:9].max()
    assert found["gain"].iloc[0] == pytest.approx(model.predict(rows).sum(axis=1).iloc[9] - best, rel=1e-3)
    assert found["chance"].iloc[0] > 0.99


def test_a_row_of_a_box_is_completed() -> None:
    box = Box({"x": (0.0, 1.0)})
    rows = box.sample(8, 0)
    a = np.sin(5 * rows["x"])
    a.iloc[7] += 4.0
    model = mfgp.IndependentGP().fit(rows, pd.DataFrame({"a": a, "b": (0.1 * a).where(rows.index < 7)}))
    gone = pd.concat([rows.assign(task="a"), rows[:7].assign(task="b")], ignore_index=True)
    decision = decide(model, box, maximize("a + b"), tasks=("a", "b"), costs={"a": 1.0, "b": 1.0}, gone=gone)
    found = ExpectedGain().choose(decision, 1)
    assert (found["x"].iloc[0], found["task"].iloc[0]) == (rows["x"].iloc[7], "b")


def test_dearer_low_values_are_bought_less(pool: Pool, model: mfgp.DifferenceGP) -> None:
    cheap = ExpectedGain().choose(decide(model, pool, maximize("high"), costs={"low": 0.01, "high": 1.0}), 1)
    dear = ExpectedGain().choose(decide(model, pool, maximize("high"), costs={"low": 5.0, "high": 1.0}), 1)
    assert cheap["task"].tolist() == ["low"]
    assert dear["task"].tolist() == ["high"]


def test_target_constraint_and_several_objectives(pool: Pool, model: mfgp.DifferenceGP) -> None:
    near = ExpectedGain().choose(decide(model, pool, target("high", 0.25)), 1)
    assert near["gain"].iloc[0] > 0.0
    bounded = decide(model, pool, maximize("high"), constraints=(mfgp.parse("low < -0.8"),))
    assert ExpectedGain().choose(bounded, 2)["gain"].notna().all()
    front = decide(model, pool, (maximize("high"), minimize("low")))
    assert len(ExpectedGain().choose(front, 3)) == 3


def test_a_constraint_that_cannot_hold_leaves_nothing_to_gain(pool: Pool, model: mfgp.DifferenceGP) -> None:
    free = ExpectedGain().choose(decide(model, pool, maximize("high")), 1)
    shut = ExpectedGain().choose(decide(model, pool, maximize("high"), constraints=(mfgp.parse("low > 1000"),)), 1)
    assert shut["gain"].iloc[0] < 1e-6 < free["gain"].iloc[0]


def test_climbing_in_a_box_finds_more_than_its_sample_has(model: mfgp.DifferenceGP, monkeypatch) -> None:
    box = Box({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    climbed = ExpectedGain().choose(decide(model, box, maximize("high")), 1)
    monkeypatch.setattr("mfgp.optimization.acquisition.in_box.climb", lambda box, encode, value, rows, *_: rows)
    sampled = ExpectedGain().choose(decide(model, box, maximize("high")), 1)
    assert climbed["gain"].iloc[0] > 0.0
    assert climbed[["x", "y"]].to_numpy().tolist() != sampled[["x", "y"]].to_numpy().tolist()


def test_box_with_categories_integers_and_conditions() -> None:
    box = Box({"x": (0.0, 1.0), "n": range(1, 4), "metal": ["Cu", "Ni"]}, [mfgp.parse("x + n < 3.2")])
    rows = box.sample(16, 0)
    y = np.sin(5 * rows["x"]) + rows["n"] + (rows["metal"] == "Ni")
    model = mfgp.MultiTaskGP().fit(rows, pd.DataFrame({"low": y, "high": (2 * y).where(rows.index < 8)}))
    pending = pd.DataFrame(columns=["x", "n", "metal", "task"])
    found = ExpectedGain().choose(decide(model, box, maximize("high"), pending=pending), 2)
    assert box.allows(found).all()
    assert set(found["n"]) <= {1.0, 2.0, 3.0}
    assert set(found["metal"]) <= {"Cu", "Ni"}


def test_climbing_ends_at_the_best_point_that_is_allowed() -> None:
    box = Box({"x": (0.0, 1.0), "n": range(1, 4), "y": (-5.0, 5.0)}, [mfgp.parse("x + y < 2.25")])
    rows = box.sample(4, 0)

    def value(z: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
        return -((z[:, 0] - 0.3) ** 2) - (z[:, 2] - 2.0) ** 2 - z[:, 1]

    found = climb(box, lambda frame: torch.tensor(frame.to_numpy(dtype=float)), value, rows, [0] * 4)
    assert box.allows(found).all()
    np.testing.assert_array_equal(found["n"], rows["n"])
    np.testing.assert_allclose(found[["x", "y"]], [[0.275, 1.975]] * 4, atol=0.02)


def test_a_climb_is_the_same_whether_or_not_another_ends_outside() -> None:
    """One would find a spike if it were looked for half of the way back, as it is where an end is not allowed."""
    box = Box({"x": (0.0, 1.0), "n": range(2), "y": (-5.0, 5.0)}, [mfgp.parse("y < 2")])
    rows = pd.DataFrame({"x": [0.1, 0.3], "n": [0.0, 1.0], "y": [0.0, 0.0]})

    def value(z: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
        spike = 5.0 * torch.exp(-(((z[:, 0] - 0.2) / 1e-3) ** 2) - z[:, 2] ** 2)
        return torch.where(which == 0, spike - z[:, 2] ** 2, z[:, 2]) - (z[:, 0] - 0.3) ** 2

    def climbed(rows: pd.DataFrame, which: list[int]) -> pd.DataFrame:
        return climb(box, lambda frame: torch.tensor(frame.to_numpy(dtype=float)), value, rows, which)

    alone, beside = climbed(rows[:1], [0]), climbed(rows, [0, 1])
    np.testing.assert_allclose(alone["x"], 0.3, atol=1e-3)
    pd.testing.assert_frame_equal(beside[:1], alone)
    assert 1.0 < beside["y"].iloc[1] < 2.0


def test_climbs_of_several_quantities_are_as_each_by_itself() -> None:
    """Though one is a hundredth of the other, and the climbs do not end together."""
    box = Box({"x": (0.0, 1.0), "y": (-5.0, 5.0)})
    rows = box.sample(6, 0)

    def value(z: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
        first = torch.exp(-((z[:, 0] - 0.3) ** 2) - (z[:, 1] - 2.0) ** 2 / 20.0)
        second = 1e-2 / (1.0 + (z[:, 0] - 0.7) ** 4 + (z[:, 1] + 1.0) ** 2)
        return torch.where(which == 0, first, second)

    which = [0, 1, 1, 0, 1, 0]
    found = climb(box, lambda frame: torch.tensor(frame.to_numpy(dtype=float)), value, rows, which)
    ends = np.array([[0.3, 2.0], [0.7, -1.0]])[which]
    np.testing.assert_allclose(found["y"], ends[:, 1], atol=0.01)
    np.testing.assert_allclose(found["x"], ends[:, 0], atol=0.1)


def test_without_a_slope_a_climb_stays_where_it_is() -> None:
    box = Box({"x": (0.0, 1.0)})
    rows = box.sample(3, 0)
    found = climb(box, lambda frame: torch.tensor(frame.to_numpy()), lambda z, _: (z[:, 0] * 0).sqrt(), rows, [0] * 3)
    pd.testing.assert_frame_equal(found, rows)


def test_what_is_all_but_nothing_at_the_starts_does_not_upset_a_climb() -> None:
    """The square of a slope that is 1e180 times as large on the way has no number."""
    box = Box({"x": (0.0, 1.0), "y": (0.0, 1.0), "n": range(3)})
    rows = box.sample(8, 0).assign(x=lambda z: 0.7 * z["x"])

    def value(z: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
        steep = torch.exp(-500.0 * (1.0 - torch.exp(-8.0 * ((z[:, 0] - 1.0) ** 2 + (z[:, 1] - 0.5) ** 2))))
        return torch.where(which == 0, 1.0 - (z[:, 0] - 0.7) ** 2, steep)

    found = climb(box, lambda frame: torch.tensor(frame.to_numpy(dtype=float)), value, rows, [0, 1] * 4)
    assert box.allows(found).all()
    np.testing.assert_allclose(found["x"][::2], 0.7, atol=1e-3)


def test_a_climb_without_a_slope_does_not_stop_the_others() -> None:
    box = Box({"x": (0.0, 1.0)})
    rows = pd.DataFrame({"x": [0.2, 0.4]})

    def value(z: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
        pairs = zip(z[:, 0], which, strict=True)
        return torch.stack([(x * 0.0).sqrt() if number == 1 else 1.0 - (x - 0.7) ** 2 for x, number in pairs])

    found = climb(box, lambda frame: torch.tensor(frame.to_numpy()), value, rows, [1, 0])
    np.testing.assert_allclose(found["x"], [0.2, 0.7], atol=1e-3)


def test_climbing_from_a_measured_row_has_a_slope(pool: Pool, model: mfgp.DifferenceGP) -> None:
    """Its deviation is nearly zero, and the root of zero has no derivative."""
    mean = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    worth = Worth(maximize("high").utility, [], TASKS)
    level, deviation = expected_worth(worth, mean[:, 1:], (mean * 0.0)[:, 1:, None], 8)
    (level + 2.0 * deviation).sum().backward()
    assert mean.grad is not None
    assert mean.grad.isfinite().all()


def test_a_model_that_takes_the_low_task_for_the_high_one_is_put_to_the_test(pool: Pool) -> None:
    """What it believes the best of all is better than what is measured, which is a gain."""
    rows = pool.frame
    model = mfgp.DifferenceGP().fit(rows, pd.DataFrame({"low": low(rows), "high": high(rows).where(rows.index < 5)}))
    closed = np.zeros((40, 2), dtype=bool)
    closed[:, 0], closed[:5, 1] = True, True
    found = ExpectedGain().choose(decide(model, pool, maximize("high"), closed), 1)
    predicted = model.predict(rows)["high"]
    assert found.index[0] == predicted.idxmax()
    assert found["gain"].iloc[0] >= predicted.max() - predicted[:5].max()


def test_where_little_is_gained_the_best_is_measured_itself() -> None:
    """It is all but as good as one that is measured."""
    near = Pool(pd.DataFrame({"x": [*np.linspace(0.0, 1.0, 20), 1.0001]}))
    rows = near.frame.iloc[:20]
    table = pd.DataFrame({"high": rows["x"] ** 2})
    model = mfgp.IndependentGP().fit(rows, table, noise=table * 0.0)
    closed = np.arange(21)[:, None] < 20
    found = ExpectedGain().choose(decide(model, near, maximize("high"), closed, tasks=("high",)), 1)
    assert found.index[0] == 20
    assert found["why"].iloc[0].startswith("little is expected to be gained")


def test_the_same_random_state_chooses_the_same(model: mfgp.DifferenceGP) -> None:
    box = Box({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    one, other = (ExpectedGain().choose(decide(model, box, maximize("high"), seed=4), 2) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_a_cascade_is_refused(pool: Pool) -> None:
    rows = pool.frame.iloc[:14]
    model = mfgp.CascadeGP().fit(rows, pd.DataFrame({"low": low(rows), "high": high(rows)}))
    with pytest.raises(ParameterError, match=r"covariances between rows, which a CascadeGP does not have"):
        ExpectedGain().choose(decide(model, pool, maximize("high")), 1)


def test_a_label_is_refused(pool: Pool, model: mfgp.DifferenceGP) -> None:
    asked = decide(model, pool, maximize("high"), constraints=(mfgp.task("color") == "red",))
    with pytest.raises(ParameterError, match=r"the label 'color' is asked for its class"):
        ExpectedGain().choose(asked, 1)


def test_draws_of_the_hyperparameters_count_alike(pool: Pool) -> None:
    rows = pool.frame.iloc[:8]
    model = mfgp.IndependentGP(hyperparameters="posterior").fit(rows, pd.DataFrame({"high": high(rows)}))
    closed = np.arange(40)[:, None] < 8
    found = ExpectedGain().choose(decide(model, pool, maximize("high"), closed, tasks=("high",)), 1)
    inputs = torch.tensor(pool.frame.to_numpy())
    worth, place = Worth(mfgp.task("high"), (), ("high",)), pool.labels.get_loc(found.index[0])
    by_member = [
        Foresight(member, worth, inputs, inputs[:8], CLOSED_FORM)
        .at(inputs[[place]], torch.tensor([[True]]))
        .gain.item()
        for member in model.predictive_model_.members
    ]
    assert found["gain"].iloc[0] == pytest.approx(np.mean(by_member), rel=1e-6)
