"""Who searches: each a class in a module of this folder, ``Name(search, seed, batch)`` with ``choose(seen, left)``.

It is told all that was measured, and says what to buy next and what it would recommend now. Modules import their
library at the top and are imported when their turn comes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from benchmarks.contestants import Array

if TYPE_CHECKING:
    from benchmarks.optimization_problems import Search

LOW, HIGH = 0, 1

Design: TypeAlias = Literal["high", "compared", "both"]  # see `Search.start`

#: Name of each, the module and class it is, and its initial design.
OPTIMIZERS: dict[str, tuple[str, str, Design]] = {
    "mfgp": ("ours", "BothFidelities", "compared"),
    "mfgp, design of the peers": ("ours", "BothFidelities", "both"),
    "mfgp, design of the peers, max-value entropy": ("ours", "MaxValueEntropy", "both"),
    "mfgp, design of the peers, knowledge gradient": ("ours", "KnowledgeGradient", "both"),
    "mfgp, high fidelity alone": ("ours", "HighFidelity", "high"),
    "BoTorch log EI, high fidelity alone": ("botorch_single", "LogEI", "high"),
    "BoTorch qMFKG": ("botorch_multi", "KnowledgeGradient", "both"),
    "BoTorch qMFMES": ("botorch_multi", "MaxValueEntropy", "both"),
    "BoTorch qMFMES, design of mfgp": ("botorch_multi", "MaxValueEntropy", "compared"),
    "random, high fidelity alone": ("uniform", "Uniform", "high"),
}
OURS = [name for name, (module, _, _) in OPTIMIZERS.items() if module == "ours"]
PEERS = [name for name, (module, _, _) in OPTIMIZERS.items() if module.startswith("botorch")]
SINGLE = [name for name, (_, _, design) in OPTIMIZERS.items() if design == "high"]


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
    module, found, _ = OPTIMIZERS[name]
    return getattr(import_module(f"benchmarks.optimizers.{module}"), found)(search, seed, batch)
