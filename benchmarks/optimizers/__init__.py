"""Who searches: each a class in a module of this folder, ``Name(search, seed, batch)`` with ``choose(seen, left)``.

It is told all that was measured, and says what to buy next and what it would recommend now. Modules import their
library at the top and are imported when their turn comes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from benchmarks.contestants import Array

if TYPE_CHECKING:
    from benchmarks.optimization_problems import Search

LOW, HIGH = 0, 1

#: Name of each, and the module and class it is.
OPTIMIZERS = {
    "mfgp": ("ours", "BothFidelities"),
    "mfgp, max-value entropy": ("ours", "MaxValueEntropy"),
    "mfgp, knowledge gradient": ("ours", "KnowledgeGradient"),
    "mfgp, high fidelity alone": ("ours", "HighFidelity"),
    "mfgp, high fidelity alone after the start of both": ("ours", "HighFidelityLater"),
    "BoTorch log EI, high fidelity alone": ("botorch_single", "LogEI"),
    "BoTorch qMFKG": ("botorch_multi", "KnowledgeGradient"),
    "BoTorch qMFMES": ("botorch_multi", "MaxValueEntropy"),
    "random, high fidelity alone": ("uniform", "Uniform"),
}
OURS = [name for name, (module, _) in OPTIMIZERS.items() if module == "ours"]
PEERS = [name for name, (module, _) in OPTIMIZERS.items() if module.startswith("botorch")]
SINGLE = [name for name in OPTIMIZERS if name.endswith("alone")]


class Seen(NamedTuple):
    """Measurements: points (n, d) of the unit cube, the fidelity (n,) and the value (n,) of each."""

    x: Array
    task: np.ndarray
    y: Array

    def and_then(self, more: Seen) -> Seen:
        """These and others."""
        return Seen(np.vstack([self.x, more.x]), np.append(self.task, more.task), np.append(self.y, more.y))

    def of(self, task: int) -> Seen:
        """Those of one fidelity."""
        here = self.task == task
        return Seen(self.x[here], self.task[here], self.y[here])


class Choice(NamedTuple):
    """What to buy: points (k, d) and the fidelity (k,) of each; and the point (d,) that is believed the best."""

    x: Array
    task: np.ndarray
    recommended: Array


class Optimizer(Protocol):
    """Whoever searches."""

    def choose(self, seen: Seen, left: float) -> Choice:
        """What to buy next, given all measurements and the money left: one high value, or up to a batch of low ones."""


def optimizer(name: str, search: Search, seed: int, batch: int) -> Optimizer:
    """A new one by its name; ModuleNotFoundError if its library is not installed."""
    module, found = OPTIMIZERS[name]
    return getattr(import_module(f"benchmarks.optimizers.{module}"), found)(search, seed, batch)
