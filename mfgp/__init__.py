"""Gaussian processes for quantities that are related but not equal.

Frames go in (X, and Y with one column a task, NaN where not measured), joint distributions over the tasks come out.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mfgp.architectures import AutoGP, CascadeGP, DifferenceGP, IndependentGP, LatentVariableGP, MultiTaskGP, load
from mfgp.data import from_long
from mfgp.expressions import abs, exp, log, maximum, minimum, parse, sqrt, task
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.prediction import Prediction

if TYPE_CHECKING:
    from mfgp.optimization import Campaign, maximize, minimize, target
    from mfgp.screening.screen import screen
    from mfgp.validation import compare, cross_validate, learning_curve, recalibrate

__version__ = "0.1.0"

__all__ = [
    "AutoGP",
    "Campaign",
    "CascadeGP",
    "DifferenceGP",
    "IndependentGP",
    "LatentVariableGP",
    "MultiTaskGP",
    "Prediction",
    "TaskGP",
    "TaskGPEnsemble",
    "abs",
    "compare",
    "cross_validate",
    "exp",
    "from_long",
    "learning_curve",
    "load",
    "log",
    "maximize",
    "maximum",
    "minimize",
    "minimum",
    "parse",
    "recalibrate",
    "screen",
    "sqrt",
    "target",
    "task",
]

_ON_DEMAND = ["datasets", "materials", "optimization", "plotting", "screening", "validation"]
_HOMES = {
    **dict.fromkeys(["compare", "cross_validate", "learning_curve", "recalibrate"], "validation"),
    **dict.fromkeys(["Campaign", "maximize", "minimize", "target"], "optimization"),
    "screen": "screening",
}


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ON_DEMAND, *_HOMES])
