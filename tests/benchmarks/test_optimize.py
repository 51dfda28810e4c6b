"""Searches have the best that they say, races buy what they may, and savings are what a hand would count."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from botorch.acquisition import qMultiFidelityKnowledgeGradient
from botorch.models import SingleTaskMultiFidelityGP
from botorch.sampling import SobolQMCNormalSampler
from botorch.test_functions import AugmentedBranin

from benchmarks import race as racing
from benchmarks.context import Context, Settings
from benchmarks.optimization_problems import START, Search, branin, in_table, searches
from benchmarks.optimizers import HIGH, LOW, OPTIMIZERS, SINGLE, Choice, Seen
from benchmarks.optimizers.botorch_multi import FANTASIES, KnowledgeGradient, MaxValueEntropy, as_predicted, fantasies
from benchmarks.optimizers.ours import OneHighOrSomeLow
from benchmarks.race import race
from benchmarks.regret import Curve, mean_over, saving, value_at
from benchmarks.regret_figure import regret_figure
from benchmarks.suites.optimize import summarise, tell_what_is_missing, tell_where_else
from mfgp import DifferenceGP
from mfgp.optimization import Box, Costs, Decision, Pool

BOXES = ["Branin", "Hartmann-6", "Park", "Borehole"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with forty candidates in place of the COFs."""
    folder, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)
    inputs = pd.DataFrame(rng.random((40, 14))).add_prefix("x")
    high = np.sin(3 * inputs["x0"]) + inputs["x1"]
    inputs.assign(HF=high, LF=high + 0.1 * inputs["x2"]).to_csv(folder / "cofs.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def pool() -> Search:
    """Thirty candidates with two inputs."""
    x = np.random.default_rng(0).random((30, 2))
    high = np.sin(6 * x[:, 0]) + x[:, 1]
    return in_table("thirty", x, np.column_stack([high + 0.1 * x[:, 1], high]), cost=0.25)


@pytest.mark.parametrize("name", BOXES)
def test_no_point_is_above_the_best_and_one_is_close(name: str) -> None:
    search = searches(None)[name](0)
    values = search.values(np.random.default_rng(0).random((20_000, search.inputs)))[:, HIGH]
    assert values.max() <= search.best
    assert values.max() > search.best - 0.25 * (search.best - np.median(values))


def test_branin_is_that_of_botorch() -> None:
    x = np.random.default_rng(0).random((50, 2)) * 15 - [5, 0]
    truth = branin.truth(pd.DataFrame(x, columns=branin.inputs))
    for task, fidelity in (("low", 0.8), ("high", 1.0)):
        points = torch.tensor(np.column_stack([x, np.full(50, fidelity)]))
        np.testing.assert_allclose(truth[task], AugmentedBranin().evaluate_true(points))
    assert searches(None)["Branin"](0).best == pytest.approx(-0.397887, abs=1e-6)


@pytest.mark.parametrize("name", ["COFs", *BOXES])
def test_initial_designs_cost_the_same_but_for_one_low_value_and_share_high_ones(name: str, tables: Path) -> None:
    search = searches(tables)[name](3)
    both, alone, compared = (search.start(3, design) for design in ("both", "high", "compared"))
    assert search.costs[alone.task].sum() == START
    assert search.costs[both.task].sum() == pytest.approx(START, abs=search.cost / 2)
    np.testing.assert_array_equal(both.of(HIGH).x, alone.x[: START - 1])
    np.testing.assert_array_equal(compared.of(HIGH).x, alone.x)
    np.testing.assert_array_equal(compared.of(LOW).x, alone.x[:1])
    np.testing.assert_array_equal(both.x, search.start(3, "both").x)
    assert not np.array_equal(both.x, search.start(4, "both").x)


def test_a_useless_low_fidelity_is_the_other_one_in_another_order(tables: Path) -> None:
    usual, found = searches(tables)["COFs"](0), searches(tables)["COFs, useless low fidelity"]
    assert usual.pool is not None
    useful, useless, other = usual.values(usual.pool), found(0).values(usual.pool), found(1).values(usual.pool)
    np.testing.assert_array_equal(useful[:, HIGH], useless[:, HIGH])
    assert not np.array_equal(useful[:, LOW], useless[:, LOW])
    assert not np.array_equal(other[:, LOW], useless[:, LOW])
    np.testing.assert_array_equal(np.sort(useful[:, LOW]), np.sort(useless[:, LOW]))


@pytest.mark.parametrize("task", [LOW, HIGH])
def test_the_knowledge_gradient_on_a_pool_is_that_of_botorch(task: int, pool: Search) -> None:
    """The inner maximum is at the fantasies' best candidates, which BoTorch takes as its own solutions."""
    assert pool.pool is not None
    optimizer, seen = KnowledgeGradient(pool, 5, 1), pool.start(0, "both")
    x = optimizer.points(seen.x, seen.task)
    model = SingleTaskMultiFidelityGP(x, torch.from_numpy(seen.y).unsqueeze(-1), data_fidelities=[pool.inputs]).eval()
    model = as_predicted(model, optimizer.points(pool.pool[:1], np.array([LOW])))
    count = len(pool.pool)
    low_and_high = [optimizer.points(pool.pool, np.full(count, fidelity)) for fidelity in (LOW, HIGH)]
    value = optimizer.at_pairs(model, torch.cat(low_and_high))
    place = 17
    point = low_and_high[task][[place]]
    sampler = SobolQMCNormalSampler(torch.Size([FANTASIES]), seed=5)
    with torch.no_grad():
        means = model.fantasize(point, sampler).posterior(low_and_high[HIGH]).mean
        solutions = low_and_high[HIGH][means[..., 0].argmax(-1)]
        theirs = qMultiFidelityKnowledgeGradient(
            model,
            num_fantasies=FANTASIES,
            sampler=sampler,
            current_value=model.posterior(low_and_high[HIGH]).mean.max(),
            cost_aware_utility=optimizer.cost,
            project=optimizer.project,
        )(torch.cat([point, solutions]).unsqueeze(0))
        assert len(fantasies(model, point, 5)) == FANTASIES
    torch.testing.assert_close(value[task * count + place], theirs[0])


@pytest.mark.parametrize("fidelity", [0.0, 0.8])
def test_the_cost_model_gives_the_costs(fidelity: float, pool: Search) -> None:
    search = dataclasses.replace(pool, fidelity=fidelity)
    cost = MaxValueEntropy(search, 0, 1).cost
    points = torch.tensor([[[0.5] * search.inputs + [level]] for level in (fidelity, 1.0)], dtype=torch.float64)
    ones = torch.ones(1, 2, dtype=torch.float64)
    np.testing.assert_allclose(cost(points, ones)[0], 1 / search.costs, rtol=1e-5)  # BoTorch keeps single precision


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_a_race_on_a_pool(name: str, pool: Search) -> None:
    found = race(dataclasses.replace(pool, budget=4.5), name, 1, batch=2)
    assert found.regret[0][0] == START + (pool.cost if OPTIMIZERS[name][-1] == "compared" else 0.0)
    *falling, last = [value for _, value in found.regret]
    assert np.all(np.diff(falling) < 0)
    assert last == falling[-1]
    assert 3.75 <= found.low * pool.cost + found.high <= 4.5
    assert found.regret[-1][0] == found.low * pool.cost + found.high
    assert found.rounds >= 1
    assert (found.low == 0) == name.endswith("alone")


@pytest.mark.parametrize("name", SINGLE)
def test_the_same_seed_gives_the_same_race(name: str, pool: Search) -> None:
    first, again = (race(dataclasses.replace(pool, budget=5.0), name, 1, batch=1) for _ in range(2))
    assert (first.regret, first.inference) == (again.regret, again.inference)


class Buys:
    """Buys the same again and again."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice

    def choose(self, seen: Seen, left: float) -> Choice:
        return self._choice


@pytest.mark.parametrize(
    "tasks, batch, said",
    [
        ([HIGH], 1, "a candidate was measured twice at one fidelity"),
        ([LOW, LOW], 2, "a candidate was measured twice at one fidelity"),
        ([LOW, LOW], 1, "2 values were bought at once, at most 1 may be"),
        ([LOW, HIGH], 2, "2 values were bought at once, at most 1 may be"),
        ([], 2, "0 values were bought at once, at most 2 may be"),
    ],
)
def test_what_may_not_be_bought(
    tasks: list[int], batch: int, said: str, pool: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pool.pool is not None
    choice = Choice(pool.pool[[5] * len(tasks)], np.array(tasks, dtype=int), pool.pool[5])
    monkeypatch.setattr(racing, "optimizer", lambda *_: Buys(choice))
    with pytest.raises(ValueError, match=said):
        race(pool, "mfgp", 0, batch)


class Chooses:
    """Chooses candidates in their order, each for a task said before, and remembers what it was asked."""

    def __init__(self, tasks: list[str]) -> None:
        self._tasks, self.asked = tasks, list[Decision]()

    def choose(self, decision: Decision, count: int) -> pd.DataFrame:
        self.asked.append(decision)
        number = len(decision.pending)
        space = decision.space
        rows = space.frame.iloc[[number]] if isinstance(space, Pool) else pd.DataFrame({"x": [0.1 * number]})
        return rows.assign(task=self._tasks[number], gain=1.0, cost=1.0, chance=1.0, why="")


@pytest.mark.parametrize("space", [Pool(pd.DataFrame({"x": [0.0, 1.0, 2.0]}, index=[7, 3, 5])), Box({"x": (0.0, 1.0)})])
@pytest.mark.parametrize(
    "tasks, kept, asked", [(["high", "low"], 1, 1), (["low", "low", "high"], 2, 3), (["low", "low", "low"], 3, 3)]
)
def test_a_campaign_buys_one_high_value_or_low_ones(tasks: list[str], kept: int, asked: int, space: Pool | Box) -> None:
    acquisition = Chooses(tasks)
    chooser = OneHighOrSomeLow(acquisition)
    nothing = pd.DataFrame({"x": [], "task": []})
    closed = np.zeros((3, 2), dtype=bool) if isinstance(space, Pool) else None
    costs = Costs.read({"low": 1, "high": 2})
    decision = Decision(DifferenceGP(), space, (), (), costs, ("low", "high"), nothing, closed, 0)
    found = chooser.choose(decision, 3)
    assert found["task"].tolist() == tasks[:kept]
    assert found.index.tolist() == ([7, 3, 5] if isinstance(space, Pool) else [0, 1, 2])[:kept]
    assert len(acquisition.asked) == asked
    last = acquisition.asked[-1]
    assert last.pending["task"].tolist() == ["low"] * (asked - 1)
    if isinstance(space, Pool):
        assert last.closed is not None
        assert last.closed[:, 0].tolist() == [place < asked - 1 for place in range(3)]
    else:
        np.testing.assert_array_equal(last.closed_at(pd.DataFrame({"x": [0.0, 0.5]}))[:, 0], [asked > 1, False])


def test_what_is_left_of_a_choice_is_not_bought() -> None:
    pool = Pool(pd.DataFrame({"x": [0.0, 1.0]}))
    pending, costs = pool.frame.assign(task="low"), Costs.read({"low": 1, "high": 2})
    closed = np.array([[True, False], [True, False]])
    decision = Decision(DifferenceGP(), pool, (), (), costs, ("low", "high"), pending, closed, 0)
    assert OneHighOrSomeLow(Chooses(["low"])).choose(decision, 3).empty


STEPS = [[3.0, 8.0], [5.0, 4.0], [9.0, 0.0]]


def test_steps_are_read_as_steps() -> None:
    np.testing.assert_array_equal(value_at(STEPS, np.array([2.0, 3.0, 4.9, 5.0, 10.0])), [8, 8, 8, 4, 0])
    assert mean_over(STEPS, 3.0, 11.0) == pytest.approx((2 * 8 + 4 * 4) / 8)
    assert mean_over(STEPS, 4.0, 6.0) == pytest.approx(6.0)


def test_the_mean_over_seeds_falls_when_any_seed_does() -> None:
    curve = Curve.of([STEPS, [[3.0, 6.0], [7.0, 2.0]]])
    np.testing.assert_array_equal(curve.cost, [3, 5, 7, 9])
    np.testing.assert_array_equal(curve.mean, [7, 5, 3, 1])
    np.testing.assert_array_equal(curve.error, [1, 1, 1, 1])
    assert curve.target == pytest.approx(7 - 0.9 * 6)
    assert (curve.cost_of(3.0), curve.cost_of(2.9)) == (7.0, 9.0)
    assert np.isnan(curve.cost_of(0.5))


def test_the_saving() -> None:
    single = Curve.of([[[3.0, 10.0], [20.0, 1.0], [25.0, 0.0]]])
    assert saving(single, single) == 0.0
    assert saving(single, Curve.of([[[2.9, 11.0], [8.0, 1.0]]])) == pytest.approx(0.6)
    assert saving(single, Curve.of([[[2.9, 11.0], [30.0, 0.0]]])) == pytest.approx(-0.5)
    assert np.isnan(saving(single, Curve.of([[[2.9, 11.0], [30.0, 1.1]]])))


def line(contestant: str, seed: int, regret: float, **more: object) -> dict[str, object]:
    steps = {"regret": [[3.0, 4.0], [10.0, regret]], "inference": [[3.0, regret]]}
    numbers = {
        "software": "torch 2",
        "budget": 17.0,
        "seconds": 2.0,
        "cpu_seconds": 1.0 + seed,
        "rounds": 3,
        "low": 10,
        "high": 5,
    }
    return {"problem": "P", "contestant": contestant, "seed": seed, "status": "ok"} | steps | numbers | more


def test_the_best_peer_is_the_one_that_is_hardest_to_beat_on_common_seeds() -> None:
    lines = [line("mfgp", seed, 1.0) for seed in range(4)]
    lines += [line("BoTorch qMFKG", seed, 0.5, cpu_seconds=3.0 + 3.0 * seed) for seed in range(2)]
    lines += [line("BoTorch qMFMES", seed, 2.0) for seed in range(4)]
    lines += [line("BoTorch qMFMES", 4, 0.0, status="ValueError: no")]
    table = summarise(pd.DataFrame(lines)).set_index("contestant")
    assert table.loc["mfgp", "against the best peer"] == "FALLS SHORT: 0.25 ± 0 behind BoTorch qMFKG, 2 seeds"
    assert table.loc["BoTorch qMFMES", "against the best peer"] == "FAILED on 1 seeds; "
    assert table.loc["BoTorch qMFKG", "CPU s, in those of mfgp"] == pytest.approx(3.0)
    assert table["seeds"].tolist() == [4, 2, 4]
    better = summarise(pd.DataFrame([each for each in lines if each["contestant"] != "BoTorch qMFKG"]))
    assert better["against the best peer"][0] == "better: 0.5 ± 0 ahead of BoTorch qMFMES, 4 seeds"


def test_who_always_fails_has_a_line() -> None:
    table = summarise(pd.DataFrame([line("mfgp", 0, 1.0), line("BoTorch qMFKG", 0, 1.0, status="ValueError: no")]))
    assert table["against the best peer"].tolist() == ["", "FAILED on 1 seeds"]


def test_who_was_not_run_is_told() -> None:
    context = Context("optimize", Settings())
    lines = pd.DataFrame([line(name, 0, 1.0) for name in OPTIMIZERS if name != "BoTorch qMFKG"])
    tell_what_is_missing(context, lines, ["P", "Q"])
    assert context.notes == ["Not run on P: BoTorch qMFKG", "Not run on Q: anyone"]


def test_runs_of_another_machine_are_told_and_their_times_are_not_compared() -> None:
    lines = [line("mfgp", seed, 1.0) for seed in range(3)]
    lines += [line("BoTorch qMFMES", seed, 1.0, cpu_seconds=9.0, software="torch 1") for seed in (1, 2)]
    context = Context("optimize", Settings())
    tell_where_else(context, pd.DataFrame(lines))
    assert context.notes == [
        "Of another machine, with torch 1, are: BoTorch qMFMES on P, seeds 1, 2. Their times are compared with none"
    ]
    peer = line("BoTorch qMFMES", 0, 1.0, cpu_seconds=5.0)
    table = summarise(pd.DataFrame([*lines, peer])).set_index("contestant")
    assert table.loc["BoTorch qMFMES", "CPU s, in those of mfgp"] == pytest.approx(5.0)
    tell_where_else(alone := Context("optimize", Settings()), pd.DataFrame(lines[:3]))
    assert alone.notes == []


def test_a_run_that_is_resumed_keeps_its_lines(tmp_path: Path) -> None:
    Context("optimize", Settings(), tmp_path).record(problem="P", contestant="mfgp", seed=0, regret=STEPS)
    resumed = Context("optimize", Settings(resume=True), tmp_path)
    assert resumed.has(problem="P", seed=0)
    assert not resumed.has(problem="P", seed=1)
    resumed.record(problem="P", contestant="mfgp", seed=1, regret=STEPS)
    assert len(json.loads((tmp_path / "optimize.json").read_text())["lines"]) == 2
    assert Context("optimize", Settings(), tmp_path).lines == []


def test_regrets_are_compared_with_those_of_the_high_fidelity_alone() -> None:
    regrets = {"mfgp": 1.0, "mfgp, high fidelity alone": 0.0}
    table = summarise(pd.DataFrame([line(name, 0, regret) for name, regret in regrets.items()]))
    ratio = table.set_index("contestant").loc["mfgp", "regret over the budget, in that of mfgp alone"]
    assert ratio == pytest.approx(2.5 / 2)


def test_everyone_has_a_line_of_their_own() -> None:
    lines = pd.DataFrame([line(name, 0, 1.0) for name in OPTIMIZERS])
    drawn = [(step.get_color(), step.get_linestyle()) for step in regret_figure(lines, frozenset()).axes[0].lines]
    assert len(set(drawn)) == len(OPTIMIZERS)


def test_a_panel_a_problem() -> None:
    lines = pd.DataFrame([line("mfgp", 0, 1.0), line("mfgp", 1, 0.5), line("mfgp", 0, 1.0, problem="Q")])
    figure = regret_figure(lines, frozenset({"Q"}))
    assert [(axis.get_title(), axis.get_yscale()) for axis in figure.axes] == [("P", "log"), ("Q", "linear")]
    (step,) = figure.axes[0].lines
    np.testing.assert_array_equal(step.get_xydata(), [[3.0, 4.0], [10.0, 0.75]])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["mfgp (1–2 seeds)"]
