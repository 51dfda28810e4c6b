"""A histogram of any number of values in fixed memory, the same in whatever order they come."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

BINS = 1024
FINEST = -60  # binary exponent of the narrowest bins
DIGITS = 52  # binary digits of the largest place of a bin


@dataclass(frozen=True)
class Histogram:
    """Counts of values in bins whose width is a power of two and whose edges are multiples of it.

    The width is the smallest with which all values lie in at most 1,024 bins. It follows from the least and the
    greatest value alone, and two neighbours make one bin of twice the width exactly; so histograms of parts add up to
    that of the whole, to the last count.

    Parameters
    ----------
    exponent
        The width is 2 to this power.
    first
        The first bin begins at this multiple of the width.
    counts
        Values in each bin, from the first to the last that has one.

    Examples
    --------
    >>> one, other = Histogram.of(np.array([0.1, 0.2])), Histogram.of(np.array([0.7]))
    >>> one.merged(other) == Histogram.of(np.array([0.7, 0.1, 0.2]))
    True
    >>> one.merged(other).to_frame(bins=4)
       lower  upper  count
    0   0.00   0.25      2
    1   0.25   0.50      0
    2   0.50   0.75      1
    """

    exponent: int = FINEST
    first: int = 0
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, values: np.ndarray) -> Histogram:
        """The histogram of finite values."""
        if not len(values):
            return cls()
        ends = np.array([values.min(), values.max()])
        largest = float(np.abs(ends).max())
        exponent = FINEST if largest == 0.0 else max(FINEST, math.frexp(largest)[1] - DIGITS)
        while np.ptp(_places(ends, exponent)) >= BINS:
            exponent += 1
        places = _places(values, exponent)
        first = int(places.min())
        return cls(exponent, first, np.bincount(places - first))

    def merged(self, other: Histogram) -> Histogram:
        """The histogram of the values of both."""
        if not len(self.counts) or not len(other.counts):
            return self if len(self.counts) else other
        exponent = max(self.exponent, other.exponent)
        one, more = self._coarser(exponent), other._coarser(exponent)
        while max(one.last, more.last) - min(one.first, more.first) >= BINS:
            exponent += 1
            one, more = one._coarser(exponent), more._coarser(exponent)
        first = min(one.first, more.first)
        counts = np.zeros(max(one.last, more.last) - first + 1, dtype=np.int64)
        for part in (one, more):
            counts[part.first - first : part.last - first + 1] += part.counts
        return Histogram(exponent, first, counts)

    @property
    def last(self) -> int:
        """The multiple of the width at which the last bin begins."""
        return self.first + len(self.counts) - 1

    @property
    def total(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())

    def to_frame(self, bins: int = 64) -> pd.DataFrame:
        """Columns "lower", "upper" and "count" of at most so many bins."""
        shown = self
        while len(shown.counts) > bins:
            shown = shown._coarser(shown.exponent + 1)
        edges = np.ldexp(np.arange(shown.first, shown.first + len(shown.counts) + 1, dtype=float), shown.exponent)
        return pd.DataFrame({"lower": edges[:-1], "upper": edges[1:], "count": shown.counts})

    def as_dict(self) -> dict[str, Any]:
        """What it is made of, as JSON has it."""
        return {"exponent": self.exponent, "first": self.first, "counts": self.counts.tolist()}

    @classmethod
    def from_dict(cls, parts: dict[str, Any]) -> Histogram:
        """The histogram that :meth:`as_dict` took apart."""
        return cls(parts["exponent"], parts["first"], np.array(parts["counts"], dtype=np.int64))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]

    def _coarser(self, exponent: int) -> Histogram:
        """The same with bins of width two to `exponent`, which is no smaller than now."""
        step = 1 << (exponent - self.exponent)
        if step == 1:
            return self
        places = (self.first + np.arange(len(self.counts), dtype=object)) // step
        places = places.astype(np.int64)
        counts = np.bincount(places - places[0], weights=self.counts).astype(np.int64)
        return Histogram(exponent, int(places[0]), counts)


def _places(values: np.ndarray, exponent: int) -> np.ndarray:
    """The bin of width two to `exponent` that each value is in; a negative one that vanishes is still below zero."""
    scaled = np.ldexp(values, -exponent)
    found: np.ndarray = np.where((scaled == 0.0) & (values < 0.0), -1.0, np.floor(scaled)).astype(np.int64)
    return found
