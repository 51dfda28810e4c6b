"""A search from its initial design to the end of its money, and the regrets on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks.optimization_problems import Search
from benchmarks.optimizers import HIGH, LOW, OPTIMIZERS, Seen, optimizer

Steps = list[list[float]]  # [cost, value] wherever the value changes, and at the end


@dataclass
class Race:
    """What happened.

    Parameters
    ----------
    regret
        The true best less the best high value measured, from each cost on.
    inference
        The true best less the truth at the recommended point, from each cost on.
    seconds, cpu_seconds
        Spent on choosing: fits and acquisition.
    rounds
        How often it was chosen.
    low, high
        Values of each fidelity, with those of the initial design.
    """

    regret: Steps = field(default_factory=list)
    inference: Steps = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    rounds: int = 0
    low: int = 0
    high: int = 0

    def to_record(self) -> dict[str, Any]:
        """As plain numbers."""
        return dict(vars(self))


def race(search: Search, name: str, seed: int, batch: int) -> Race:
    """Let one search as long as it can pay for another high value.

    Parameters
    ----------
    search
        What.
    name
        One of OPTIMIZERS.
    seed
        Of the initial design, and of whatever is random in the optimizer.
    batch
        How many low values may be bought at once.

    Raises
    ------
    ValueError
        A pair of a candidate and a fidelity was bought twice, or more was bought than a batch.
    """
    found, seen = Race(), search.start(seed, OPTIMIZERS[name][-1])
    chooser = optimizer(name, search, seed, batch)
    while True:
        cost = float(search.costs[seen.task].sum())
        _add(found.regret, cost, search.best - float(seen.of(HIGH).y.max()))
        left = search.budget - cost
        if left < 1.0 - 1e-9:
            found.regret.append([float(f"{cost:.6g}"), found.regret[-1][1]])
            break
        clock, cpu = time.perf_counter(), time.process_time()
        choice = chooser.choose(seen, left)
        found.seconds += time.perf_counter() - clock
        found.cpu_seconds += time.process_time() - cpu
        found.rounds += 1
        _add(found.inference, cost, search.best - float(search.values(choice.recommended[None])[0, HIGH]))
        new = search.measure(choice.x, choice.task)
        _require_fair(search, seen, new, batch)
        seen = seen.and_then(new)
    found.low, found.high = (int((seen.task == task).sum()) for task in (LOW, HIGH))
    return found


def _add(steps: Steps, cost: float, value: float) -> None:
    step = [float(f"{cost:.6g}"), float(f"{value:.6g}")]
    if not steps or steps[-1][1] != step[1]:
        steps.append(step)


def _require_fair(search: Search, seen: Seen, new: Seen, batch: int) -> None:
    most = 1 if (new.task == HIGH).any() else batch
    if not 1 <= len(new.x) <= most:
        raise ValueError(f"{len(new.x)} values were bought at once, at most {most} may be")
    if search.pool is not None:
        known = {(point.tobytes(), task) for point, task in zip(seen.x, seen.task, strict=True)}
        pairs = [(point.tobytes(), task) for point, task in zip(new.x, new.task, strict=True)]
        if known & set(pairs) or len(set(pairs)) < len(pairs):
            raise ValueError("a candidate was measured twice at one fidelity")
