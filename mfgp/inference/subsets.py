"""Subsets of observations that stand for all of them: most of the climbing is done on these."""

from __future__ import annotations

import torch
from torch import Tensor

from mfgp.data.observations import Observations

_GOLDEN = (5.0**0.5 - 1.0) / 2.0


def stratified_subset(observations: Observations, size: int) -> Observations:
    """At most about `size` observations, the scarce tasks kept whole before the plentiful are thinned.

    Each task gets an equal share; what a scarce task does not use goes to the others. Up to half of a task's share are
    rows at which a scarcer task was chosen too: how tasks go together at one row is learned from these. Within a task,
    observations are taken in the order of the sum of their inputs, which does not depend on the order of the columns;
    one from each of as many equal parts, at places that keep no step with a design that repeats itself.

    Examples
    --------
    >>> import numpy as np
    >>> data = Observations.gather(np.arange(10.0)[:, None], np.c_[np.ones(10), [1.0, 1.0] + [np.nan] * 8], None)
    >>> chosen = stratified_subset(data, 6)
    >>> chosen.counts(2).tolist(), chosen.x[:4, 0].tolist()
    ([4, 2], [0.0, 1.0, 2.0, 8.0])
    """
    if len(observations) <= size:
        return observations
    rows = torch.unique(observations.x, dim=0, return_inverse=True)[1]
    counts = torch.bincount(observations.task)
    ends = counts.cumsum(0).tolist()
    shares = _shares(counts.tolist(), size)
    taken = torch.zeros(int(rows.max()) + 1, dtype=torch.bool, device=rows.device)
    chosen = []
    for task in sorted(range(len(shares)), key=counts.tolist().__getitem__):
        here = torch.arange(ends[task] - int(counts[task]), ends[task], device=rows.device)
        here = here[torch.argsort(observations.x[here].sum(-1), stable=True)]
        together = here[taken[rows[here]]]
        kept = _evenly(together, min(len(together), shares[task] // 2))
        others = here[~torch.isin(here, kept)]
        chosen += [kept, _evenly(others, shares[task] - len(kept))]
        taken[rows[torch.cat(chosen[-2:])]] = True
    return observations.take(torch.cat(chosen).sort().values)


def _evenly(index: Tensor, count: int) -> Tensor:
    """One entry from each of `count` equal parts, at multiples of the golden ratio within the parts."""
    part = torch.arange(count + 1, dtype=torch.float64, device=index.device)
    first = (part * (len(index) / max(count, 1))).round().long()
    within = (part[:-1] * _GOLDEN).frac() * first.diff()
    return index[first[:-1] + within.long()]


def _shares(counts: list[int], size: int) -> list[int]:
    shares = [0] * len(counts)
    left = size
    for place, task in enumerate(sorted(range(len(counts)), key=counts.__getitem__)):
        shares[task] = min(counts[task], max(left // (len(counts) - place), 1))
        left -= shares[task]
    return shares
