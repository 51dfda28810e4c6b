"""Bounds of positive parameters, in double precision whatever the default type of torch is."""

from __future__ import annotations

import math

import torch
from botorch.utils.constraints import LogTransformedInterval


class Bounds(LogTransformedInterval):
    """BoTorch's interval of a positive parameter that is optimised on a logarithmic scale.

    BoTorch keeps the bounds and the first value in torch's default type, in which they would be rounded, and results
    would depend on what that is.

    Parameters
    ----------
    lower, upper
        The bounds, positive.
    initial_value
        The parameter's first value.

    Examples
    --------
    >>> Bounds(1e-4, 1e2, initial_value=0.3).lower_bound.item()
    0.0001
    """

    def __init__(self, lower: float, upper: float, initial_value: float) -> None:
        super().__init__(lower, upper, initial_value)
        self.lower_bound = torch.tensor(lower, dtype=torch.float64)
        self.upper_bound = torch.tensor(upper, dtype=torch.float64)
        self.initial_value_untransformed = torch.tensor(initial_value, dtype=torch.float64)
        self._initial_value = torch.tensor(math.log(initial_value), dtype=torch.float64)
