"""Subsets of observations that stand for all of them: most of the climbing is done on these."""

from __future__ import annotations

import torch
from torch import Tensor

from mfgp.data.observations import Observations


def stratified_subset(observations: Observations, size: int) -> Observations:
    """At most about `size` observations, the scarce tasks kept whole before the plentiful are thinned.

    Each task gets an equal share; what a scarce task does not use goes to the others. Up to half of a task's share are
    rows at which a scarcer task was chosen too: how tasks go together at one row is learned from these. Observations
    are sorted by their inputs within a task, so taking them at even steps spreads the subset over the inputs and
    depends on nothing but the data.

    Examples
    --------
    >>> import numpy as np
    >>> data = Observations.gather(np.arange(10.0)[:, None], np.c_[np.ones(10), [1.0, 1.0] + [np.nan] * 8], None)
    >>> chosen = stratified_subset(data, 6)
    >>> chosen.counts(2).tolist(), chosen.x[:4, 0].tolist()
    ([4, 2], [0.0, 1.0, 2.0, 6.0])
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
        together = here[taken[rows[here]]]
        kept = _evenly(together, min(len(together), shares[task] // 2))
        others = here[~torch.isin(here, kept)]
        chosen += [kept, _evenly(others, shares[task] - len(kept))]
        taken[rows[torch.cat(chosen[-2:])]] = True
    return observations.take(torch.cat(chosen).sort().values)


def _evenly(index: Tensor, count: int) -> Tensor:
    steps = torch.arange(count, dtype=torch.float64, device=index.device) * (len(index) / max(count, 1))
    return index[steps.long()]


def _shares(counts: list[int], size: int) -> list[int]:
    shares = [0] * len(counts)
    left = size
    for place, task in enumerate(sorted(range(len(counts)), key=counts.__getitem__)):
        shares[task] = min(counts[task], max(left // (len(counts) - place), 1))
        left -= shares[task]
    return shares
