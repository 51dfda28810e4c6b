"""The acquisitions by the names that a campaign knows them by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mfgp.errors import DataTypeError, ParameterError
from mfgp.optimization.acquisition import (
    Entropy,
    ExpectedGain,
    Hypervolume,
    Improvement,
    KnowledgeGradient,
    Uniform,
)
from mfgp.optimization.decision import Acquisition

ACQUISITIONS: dict[str, Callable[[], Acquisition]] = {
    "gain": ExpectedGain,
    "log_ei": Improvement,
    "log_nei": partial(Improvement, noisy=True),
    "log_nehvi": Hypervolume,
    "mf_kg": KnowledgeGradient,
    "mf_mes": Entropy,
    "random": Uniform,
}


def acquisition(wanted: Any) -> Acquisition:
    """An acquisition by its name, or what has a method `choose` as it is.

    Raises
    ------
    ParameterError
        There is none of this name.
    DataTypeError
        It has no method `choose`.

    Examples
    --------
    >>> type(acquisition("gain")).__name__
    'ExpectedGain'
    """
    if isinstance(wanted, str):
        if wanted not in ACQUISITIONS:
            raise ParameterError(
                f"there is no acquisition {wanted!r}; there are {', '.join(map(repr, sorted(ACQUISITIONS)))}"
            )
        return ACQUISITIONS[wanted]()
    if not callable(getattr(wanted, "choose", None)):
        raise DataTypeError(
            f"acquisition is a {type(wanted).__name__}, expected a name, such as 'gain', or an object with a method "
            "choose(decision, count)"
        )
    return wanted
